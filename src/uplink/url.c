// SPDX-License-Identifier: Apache-2.0
#include "uplink/uplink_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* The colon before the port; one inside of an IPv6 literal's brackets is none. */
static const char *port_colon(const char *from, const char *end)
{
	const char *colon = NULL;
	for (const char *p = from; p < end; p++) {
		colon = *p == ':' ? p : *p == ']' ? NULL : colon;
	}
	return colon;
}

static int parse_port(const char *from, const char *end)
{
	int port = 0;
	for (const char *p = from; p < end; p++) {
		if (*p < '0' || *p > '9' || port > 65535) {
			return 0;
		}
		port = port * 10 + *p - '0';
	}
	return port <= 65535 ? port : 0;
}

static char *make_path(const char *prefix, const char *room)
{
	size_t len = strlen(prefix);
	while (len > 0 && prefix[len - 1] == '/') {
		len--;
	}
	struct tc_buf path;
	tc_buf_init(&path);
	tc_buf_putf(&path, "%.*s/ws-simple/%s", (int)len, prefix, room);
	return tc_buf_take_str(&path);
}

int tc_uplink_url_parse(struct uplink_url *out, const char *url, const char *room)
{
	*out = (struct uplink_url){.tls = strncmp(url, "wss://", 6) == 0};
	if (!out->tls && strncmp(url, "ws://", 5) != 0) {
		return -EINVAL;
	}
	const char *host = url + (out->tls ? 6 : 5);
	const char *end = host + strcspn(host, "/");
	const char *colon = port_colon(host, end);
	const char *host_end = colon ? colon : end;
	out->port = colon ? parse_port(colon + 1, end) : out->tls ? 443 : 80;
	if (*host == '[' && host_end[-1] == ']') {
		host++;
		host_end--;
	}
	if (host >= host_end || out->port == 0) {
		return -EINVAL;
	}
	out->host = strndup(host, (size_t)(host_end - host));
	out->path = make_path(end, room);
	if (!out->host || !out->path) {
		tc_uplink_url_finish(out);
		return -ENOMEM;
	}
	return 0;
}

bool tc_uplink_url_ok(const char *url)
{
	struct uplink_url parsed;
	int err = tc_uplink_url_parse(&parsed, url, "room");
	if (!err) {
		tc_uplink_url_finish(&parsed);
	}
	return err != -EINVAL;
}

void tc_uplink_url_finish(struct uplink_url *url)
{
	free(url->host);
	free(url->path);
	*url = (struct uplink_url){0};
}
