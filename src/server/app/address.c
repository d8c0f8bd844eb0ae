// SPDX-License-Identifier: Apache-2.0
#include "server/app/app.h"

#include <stdio.h>
#include <string.h>

/* Where the operator does not say how orbs reach us, and TLS is in their way. */
bool tc_app_needs_orb_port(const struct tc_config *c)
{
	return c->enable_ai_orbs && c->tls_cert && !c->cpu_host && !c->cpu_websocket_url;
}

static void name_orb_address(struct tc_app *app, const char *local, int port)
{
	const struct tc_config *c = app->config;
	int orb_port = tc_listener_orb_port(app->listener);
	bool v6 = strchr(local, ':') != NULL;
	if (orb_port) {
		snprintf(app->orb_host, sizeof(app->orb_host), "127.0.0.1:%d", orb_port);
	} else if (c->cpu_host) {
		snprintf(app->orb_host, sizeof(app->orb_host), "%s", c->cpu_host);
	} else if (c->cpu_websocket_url) { /* both say the same to the orb, whatever it reads */
		const char *host = strstr(c->cpu_websocket_url, "://") + 3;
		snprintf(app->orb_host, sizeof(app->orb_host), "%.*s", (int)strcspn(host, "/"),
			 host);
	} else {
		snprintf(app->orb_host, sizeof(app->orb_host), v6 ? "[%s]:%d" : "%s:%d", local,
			 port);
	}
	const char *scheme = c->tls_cert && !orb_port ? "wss" : "ws";
	if (c->cpu_websocket_url) {
		snprintf(app->orb_url, sizeof(app->orb_url), "%s", c->cpu_websocket_url);
	} else {
		snprintf(app->orb_url, sizeof(app->orb_url), "%s://%s", scheme, app->orb_host);
	}
}

void tc_app_name_addresses(struct tc_app *app)
{
	const struct tc_config *c = app->config;
	const char *scheme = c->tls_cert ? "s" : "";
	int port = tc_listener_port(app->listener);
	bool v6 = strchr(c->host, ':') != NULL;
	const char *local = strcmp(c->host, "0.0.0.0") == 0 ? "127.0.0.1"
			    : strcmp(c->host, "::") == 0    ? "::1"
							    : c->host;
	snprintf(app->url, sizeof(app->url), v6 ? "http%s://[%s]:%d" : "http%s://%s:%d", scheme,
		 c->host, port);
	name_orb_address(app, local, port);
}
