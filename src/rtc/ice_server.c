// SPDX-License-Identifier: Apache-2.0
#include "rtc/ice_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "rtc/resolve.h"

TC_LOG_TOPIC("rtc.ice");

#define DEFAULT_PORT 3478 /* RFC 8489 section 17.5.4 */

struct tc_ice_server {
	char host[256];
	char *address; /* owned; NULL until known */
	int port;
	struct tc_resolve *resolve; /* owned; while looking */
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

static void on_found(void *user, const char *const *addresses, size_t count, const char *error)
{
	struct tc_ice_server *server = user;
	server->resolve = NULL;
	if (count) {
		server->address = strdup(addresses[0]);
	} else {
		TC_WARN(NULL, "%s: %s; going without", server->host, error);
	}
}

int tc_ice_server_create(struct tc_ice_server **out, struct tc_loop *loop, const char *host_port)
{
	struct tc_ice_server *server = calloc(1, sizeof(*server));
	if (!server) {
		return -ENOMEM;
	}
	int err = split(server, host_port);
	if (!err && tc_resolve_is_address(server->host)) {
		server->address = strdup(server->host);
		err = server->address ? 0 : -ENOMEM;
	} else if (!err) {
		err = tc_resolve_start(&server->resolve, loop, server->host, on_found, server);
	}
	if (err) {
		free(server);
		return err;
	}
	*out = server;
	return 0;
}

void tc_ice_server_destroy(struct tc_ice_server *server)
{
	if (server) {
		tc_resolve_cancel(server->resolve);
		free(server->address);
		free(server);
	}
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
