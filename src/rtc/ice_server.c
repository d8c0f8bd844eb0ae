// SPDX-License-Identifier: Apache-2.0
#include "rtc/ice_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <gio/gio.h>

#include "base/log.h"

TC_LOG_TOPIC("rtc.ice");

#define DEFAULT_PORT 3478 /* RFC 8489 section 17.5.4 */

struct tc_ice_server {
	char host[256];
	char *address; /* owned by GLib; NULL until known */
	int port;
	GCancellable *cancel; /* owned; set while looking */
	bool dead;            /* destroyed while looking: the callback frees */
};

/* "host", "host:port" or "[v6]:port", as RFC 7064 and 7065 have it; a "?transport=" is not ours. */
static int split(struct tc_ice_server *server, const char *text)
{
	const char *stop = text + strcspn(text, "?");
	const char *from = text, *to = stop, *rest = stop;
	if (*from == '[') {
		from++;
		to = memchr(from, ']', (size_t)(stop - from));
		rest = to ? to + 1 : NULL;
	} else {
		to = memchr(from, ':', (size_t)(stop - from));
		rest = to = to ? to : stop;
	}
	if (!to || (rest < stop && *rest != ':')) {
		return -EINVAL;
	}
	char *end = (char *)stop;
	long port = rest < stop ? strtol(rest + 1, &end, 10) : DEFAULT_PORT;
	size_t len = (size_t)(to - from);
	if (end != stop || (rest < stop && rest + 1 == stop) || port < 1 || port > 65535 || !len ||
	    len >= sizeof(server->host)) {
		return -EINVAL;
	}
	memcpy(server->host, from, len);
	server->port = (int)port;
	return 0;
}

static void free_server(struct tc_ice_server *server)
{
	g_clear_object(&server->cancel);
	g_free(server->address);
	free(server);
}

/* IPv4 where there is one: a v6 address is of no use to those who have only v4, and more have. */
static gchar *best_address(GList *found)
{
	GList *best = found;
	for (GList *at = found; at; at = at->next) {
		if (g_inet_address_get_family(at->data) == G_SOCKET_FAMILY_IPV4) {
			best = at;
			break;
		}
	}
	return g_inet_address_to_string(best->data);
}

static void on_found(GObject *resolver, GAsyncResult *result, gpointer user)
{
	struct tc_ice_server *server = user;
	GError *error = NULL;
	GList *found = g_resolver_lookup_by_name_finish(G_RESOLVER(resolver), result, &error);
	g_clear_object(&server->cancel);
	if (server->dead) {
		free_server(server);
	} else if (found) {
		server->address = best_address(found);
	} else {
		TC_WARN(NULL, "%s: %s; going without", server->host, error->message);
	}
	g_clear_error(&error);
	if (found) {
		g_resolver_free_addresses(found);
	}
}

static void look_up(struct tc_ice_server *server, struct tc_loop *loop)
{
	GMainContext *context = tc_loop_native(loop);
	GResolver *resolver = g_resolver_get_default();
	server->cancel = g_cancellable_new();
	g_main_context_push_thread_default(context);
	g_resolver_lookup_by_name_async(resolver, server->host, server->cancel, on_found, server);
	g_main_context_pop_thread_default(context);
	g_object_unref(resolver);
}

int tc_ice_server_create(struct tc_ice_server **out, struct tc_loop *loop, const char *host_port)
{
	struct tc_ice_server *server = calloc(1, sizeof(*server));
	if (!server) {
		return -ENOMEM;
	}
	int err = split(server, host_port);
	if (err) {
		free(server);
		return err;
	}
	if (g_hostname_is_ip_address(server->host)) {
		server->address = g_strdup(server->host);
	} else {
		look_up(server, loop);
	}
	*out = server;
	return 0;
}

void tc_ice_server_destroy(struct tc_ice_server *server)
{
	if (!server) {
		return;
	}
	if (server->cancel) {
		server->dead = true;
		g_cancellable_cancel(server->cancel);
		return;
	}
	free_server(server);
}

bool tc_ice_server_address(const struct tc_ice_server *server, const char **address, int *port)
{
	if (!server || !server->address) {
		return false;
	}
	*address = server->address;
	*port = server->port;
	return true;
}
