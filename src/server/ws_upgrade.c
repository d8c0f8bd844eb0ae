// SPDX-License-Identifier: Apache-2.0
#include "server/ws_upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

TC_LOG_TOPIC("server.ws");

#define TOKEN_SIZE 4096
#define PATH_SIZE  (2 * TC_ID_SIZE + TOKEN_SIZE)

struct upgrade {
	char path[PATH_SIZE];
	char cookie[4096], token[TOKEN_SIZE], authorization[TOKEN_SIZE], origin[512], host[300];
	char *room, *orb_token; /* into path; NULL: absent */
};

/* The header as text; NULL: absent. A longer one than fits is taken as absent, too. */
static const char *header(struct lws *wsi, enum lws_token_indexes name, char *out, size_t size)
{
	int len = lws_hdr_copy(wsi, out, (int)size, name);
	return len > 0 ? out : NULL;
}

static const char *query_token(struct lws *wsi, char *out, size_t size)
{
	const char *value = lws_get_urlarg_by_name(wsi, "token=", out, (int)size);
	return value && *value ? value : NULL;
}

/* /ws-simple/ROOM, or /orb/TOKEN/ws-simple/ROOM for a program that knows nothing of tokens. */
static bool split_path(struct upgrade *up)
{
	static const char orb[] = "/orb/", ws[] = "/ws-simple/";
	char *at = up->path;
	if (strncmp(at, orb, sizeof(orb) - 1) == 0) {
		up->orb_token = at + sizeof(orb) - 1;
		at = strchr(up->orb_token, '/');
		if (!at || at == up->orb_token) {
			return false;
		}
	}
	if (strncmp(at, ws, sizeof(ws) - 1) != 0) {
		return false;
	}
	*at = '\0';
	up->room = at + sizeof(ws) - 1;
	return tc_id_valid(up->room);
}

static int refuse(struct lws *wsi, int status, const char *why)
{
	TC_INFO(NULL, "upgrade refused: %d %s", status, why);
	/* The answer is on its way before the non-zero return closes the connection. */
	(void)!lws_return_http_status(wsi, (unsigned)status, why);
	return 1;
}

static int decide(const struct tc_ws_config *config, struct lws *wsi, struct upgrade *up,
		  struct tc_access *access)
{
	if (lws_hdr_copy(wsi, up->path, sizeof(up->path), WSI_TOKEN_GET_URI) <= 0 ||
	    !split_path(up)) {
		return refuse(wsi, 404, "not found");
	}
	struct tc_access_request request = {
		.room = up->room,
		.cookie = header(wsi, WSI_TOKEN_HTTP_COOKIE, up->cookie, sizeof(up->cookie)),
		.token = query_token(wsi, up->token, sizeof(up->token)),
		.authorization = header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, up->authorization,
					sizeof(up->authorization)),
		.orb_token = up->orb_token,
		.origin = header(wsi, WSI_TOKEN_ORIGIN, up->origin, sizeof(up->origin)),
		.host = header(wsi, WSI_TOKEN_HOST, up->host, sizeof(up->host)),
		.tls = config->tls,
	};
	const char *why = "refused";
	int status = config->access(config->access_user, &request, access, &why);
	return status ? refuse(wsi, status, why) : 0;
}

int tc_ws_upgrade(struct lws *wsi, const struct tc_ws_config *config, struct tc_ws_admitted **out)
{
	struct upgrade *up = calloc(1, sizeof(*up));
	struct tc_ws_admitted *admitted = calloc(1, sizeof(*admitted));
	int err = up && admitted ? decide(config, wsi, up, &admitted->access)
				 : refuse(wsi, 503, "out of memory");
	if (err) {
		free(admitted);
	} else {
		snprintf(admitted->room, sizeof(admitted->room), "%s", up->room);
		free(*out); /* an earlier upgrade of this connection that came to nothing */
		*out = admitted;
	}
	free(up);
	return err;
}
