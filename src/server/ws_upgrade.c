// SPDX-License-Identifier: Apache-2.0
#include "server/ws_upgrade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "server/http_framing.h"
#include "server/http_headers.h"
#include "server/http_parse.h"
#include "server/listener.h"

TC_LOG_TOPIC("server.ws");

/* What the request's head says; lws bounds the head, so nothing here is cut off. */
struct upgrade {
	char *path, *cookie, *token, *authorization, *origin, *host; /* owned; NULL: absent */
	char *room, *orb_token;                                      /* into path; NULL: absent */
	bool incomplete; /* a header is there, and could not be copied */
};

static void upgrade_finish(struct upgrade *up)
{
	free(up->path);
	free(up->cookie);
	free(up->token);
	free(up->authorization);
	free(up->origin);
	free(up->host);
}

static char *copy_header(struct lws *wsi, enum lws_token_indexes name, struct upgrade *up)
{
	int len = lws_hdr_total_length(wsi, name);
	if (len <= 0) {
		return NULL;
	}
	char *text = malloc((size_t)len + 1);
	if (!text || lws_hdr_copy(wsi, text, len + 1, name) <= 0) {
		free(text);
		text = NULL;
		up->incomplete = true;
	}
	return text;
}

/* The value of ?token=; NULL: absent. */
static char *copy_token(struct lws *wsi, struct upgrade *up)
{
	static const char name[] = "token=";
	int size = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS) + 1;
	char *text = size > 1 ? malloc((size_t)size) : NULL;
	up->incomplete = up->incomplete || (size > 1 && !text);
	for (int i = 0; text; i++) {
		int len = lws_hdr_copy_fragment(wsi, text, size, WSI_TOKEN_HTTP_URI_ARGS, i);
		if (len < 0) {
			break;
		}
		text[len] = '\0';
		if (strncmp(text, name, sizeof(name) - 1) == 0 && text[sizeof(name) - 1]) {
			memmove(text, text + sizeof(name) - 1, (size_t)len - sizeof(name) + 2);
			return text;
		}
	}
	free(text);
	return NULL;
}

static void read_head(struct upgrade *up, struct lws *wsi)
{
	up->path = copy_header(wsi, WSI_TOKEN_GET_URI, up);
	up->cookie = copy_header(wsi, WSI_TOKEN_HTTP_COOKIE, up);
	up->token = copy_token(wsi, up);
	up->authorization = copy_header(wsi, WSI_TOKEN_HTTP_AUTHORIZATION, up);
	up->origin = copy_header(wsi, WSI_TOKEN_ORIGIN, up);
	up->host = copy_header(wsi, WSI_TOKEN_HOST, up);
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
	tc_ws_count_refusal(tc_listener_ws(wsi), status);
	/* The answer is on its way before the return value closes the connection; a positive one
	 * might leave it open. */
	tc_http_say_no(wsi, status, why,
		       status == 426 ? "upgrade: websocket\r\nsec-websocket-version: 13\r\n" : "");
	return -1;
}

static int decide(const struct tc_ws_config *config, struct lws *wsi, struct upgrade *up,
		  struct tc_access *access)
{
	read_head(up, wsi);
	if (up->incomplete) {
		return refuse(wsi, 503, "out of memory");
	}
	if (!up->path || !split_path(up)) {
		return refuse(wsi, 404, "not found");
	}
	struct tc_access_request request = {
		.room = up->room,
		.cookie = up->cookie,
		.token = up->token,
		.authorization = up->authorization,
		.orb_token = up->orb_token,
		.origin = up->origin,
		.host = up->host,
		.tls = config->tls,
	};
	const char *why = "refused";
	int status = config->access(config->access_user, &request, access, &why);
	if (status) {
		return refuse(wsi, status, why);
	}
	return tc_listener_for_orbs(wsi) && access->role != TC_ROLE_AI
		       ? refuse(wsi, 403, "this port is for orbs")
		       : 0;
}

int tc_ws_upgrade(struct lws *wsi, const struct tc_ws_config *config, struct tc_ws_admitted **out)
{
	struct upgrade up = {0};
	struct tc_ws_admitted *admitted = calloc(1, sizeof(*admitted));
	int err = admitted ? decide(config, wsi, &up, &admitted->access)
			   : refuse(wsi, 503, "out of memory");
	if (err) {
		free(admitted);
	} else {
		snprintf(admitted->room, sizeof(admitted->room), "%s", up.room);
		free(*out); /* an earlier upgrade of this connection that came to nothing */
		*out = admitted;
	}
	upgrade_finish(&up);
	return err;
}

/* Sec-WebSocket-Protocol is a list of tokens (RFC 6455 section 11.3.4). */
static bool names_ours(const char *list)
{
	while (*list) {
		list += strspn(list, ", \t");
		size_t n = strcspn(list, ", \t");
		if (n == sizeof(TC_WS_PROTOCOL) - 1 && memcmp(list, TC_WS_PROTOCOL, n) == 0) {
			return true;
		}
		list += n;
	}
	return false;
}

/* A base64 of 16 bytes (RFC 6455 section 4.2.1). */
static bool is_key(const char *key)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	return key && strspn(key, digits) == 22 && strcmp(key + 22, "==") == 0;
}

/* What libwebsockets lets pass, or hangs up on without a word. 0: it is an upgrade as it must be.
 */
static int check_handshake(struct lws *wsi, struct upgrade *up, const char **why)
{
	struct tc_http_framing framing;
	int status = tc_http_framing(wsi, &framing, why);
	if (status) {
		return status;
	}
	if (framing.length > 0) { /* what follows is frames: there is no body */
		*why = "an upgrade has no body";
		return 400;
	}
	char *version = copy_header(wsi, WSI_TOKEN_VERSION, up);
	char *key = copy_header(wsi, WSI_TOKEN_KEY, up);
	if (up->incomplete) {
		*why = "out of memory";
		status = 503;
	} else if (!version || strcmp(version, "13") != 0) { /* RFC 6455 section 4.4 */
		*why = "this server speaks version 13 of WebSocket";
		status = 426;
	} else if (!is_key(key)) {
		*why = "Sec-WebSocket-Key is not 16 bytes in base64";
		status = 400;
	}
	free(version);
	free(key);
	return status;
}

static int confirm_websocket(struct lws *wsi, const struct tc_ws_config *config)
{
	struct upgrade up = {0};
	struct tc_access access;
	const char *why;
	int status = check_handshake(wsi, &up, &why);
	if (status) {
		return refuse(wsi, status, why);
	}
	char *offered = copy_header(wsi, WSI_TOKEN_PROTOCOL, &up);
	int err = 0;
	if (up.incomplete) {
		err = refuse(wsi, 503, "out of memory");
	} else if (offered && !names_ours(offered)) {
		/* Who may not come in learns that, as without a subprotocol. */
		err = decide(config, wsi, &up, &access);
		err = err ? err : refuse(wsi, 400, "name no subprotocol, or " TC_WS_PROTOCOL);
	}
	free(offered);
	upgrade_finish(&up);
	return err;
}

/* RFC 9110 section 7.8: an Upgrade that Connection does not name is not for us. */
static bool is_for_us(struct lws *wsi)
{
	struct upgrade up = {0};
	char *connection = copy_header(wsi, WSI_TOKEN_CONNECTION, &up);
	bool named = connection && tc_header_accepts(connection, "upgrade");
	free(connection);
	return named;
}

/* What libwebsockets offers to turn the connection into. It also knows h2c, HTTP/2 without TLS,
 * which would carry requests past all that is checked here. A server may leave an offered upgrade
 * unheeded and answer in HTTP/1.1 (RFC 9110 section 7.8), as clients that offer h2c by habit expect
 * (curl, Java): once the word is gone, libwebsockets goes on with an ordinary request. */
int tc_ws_confirm(struct lws *wsi, char *word, const struct tc_ws_config *config)
{
	/* Its refusal of a word it does not know ends in this callback, the head being gone. */
	if (lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) <= 0) {
		return -1;
	}
	if (strcasecmp(word, "websocket") == 0 && is_for_us(wsi)) {
		return confirm_websocket(wsi, config);
	}
	word[0] = '\0';
	return 0;
}
