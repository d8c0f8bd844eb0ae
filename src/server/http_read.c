// SPDX-License-Identifier: Apache-2.0
#include "server/http_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "server/listener.h"

void tc_http_request_free(struct tc_http_request *r)
{
	for (size_t i = 0; i < TC_HTTP_HEADER_COUNT; i++) {
		free(r->header[i]);
	}
	for (size_t i = 0; i < TC_HTTP_MAX_ARGS; i++) {
		free(r->arg[i]);
	}
	free(r->path);
	tc_buf_finish(&r->body);
	tc_buf_finish(&r->extra);
	tc_buf_finish(&r->answer);
	free(r);
}

static char *copy_token(struct lws *wsi, enum lws_token_indexes token)
{
	int len = lws_hdr_total_length(wsi, token);
	char *text = len > 0 ? malloc((size_t)len + 1) : NULL;
	if (text && lws_hdr_copy(wsi, text, len + 1, token) < 0) {
		free(text);
		text = NULL;
	}
	return text;
}

static char *copy_custom(struct lws *wsi, const char *name)
{
	int len = lws_hdr_custom_length(wsi, name, (int)strlen(name));
	char *text = len > 0 ? malloc((size_t)len + 1) : NULL;
	if (text && lws_hdr_custom_copy(wsi, text, len + 1, name, (int)strlen(name)) < 0) {
		free(text);
		text = NULL;
	}
	return text;
}

static void copy_headers(struct tc_http_request *r, struct lws *wsi)
{
	static const struct {
		enum tc_http_header to;
		enum lws_token_indexes from;
	} known[] = {
		{TC_HTTP_ACCEPT, WSI_TOKEN_HTTP_ACCEPT},
		{TC_HTTP_ACCEPT_ENCODING, WSI_TOKEN_HTTP_ACCEPT_ENCODING},
		{TC_HTTP_AUTHORIZATION, WSI_TOKEN_HTTP_AUTHORIZATION},
		{TC_HTTP_CONTENT_TYPE, WSI_TOKEN_HTTP_CONTENT_TYPE},
		{TC_HTTP_COOKIE, WSI_TOKEN_HTTP_COOKIE},
		{TC_HTTP_FORWARDED_FOR, WSI_TOKEN_X_FORWARDED_FOR},
		{TC_HTTP_HOST, WSI_TOKEN_HOST},
		{TC_HTTP_IF_NONE_MATCH, WSI_TOKEN_HTTP_IF_NONE_MATCH},
		{TC_HTTP_ORIGIN, WSI_TOKEN_ORIGIN},
	};
	for (size_t i = 0; i < TC_COUNT(known); i++) {
		r->header[known[i].to] = copy_token(wsi, known[i].from);
	}
	r->header[TC_HTTP_CSRF_TOKEN] = copy_custom(wsi, "x-csrf-token:");
	r->header[TC_HTTP_LAST_EVENT_ID] = copy_custom(wsi, "last-event-id:");
	r->header[TC_HTTP_FETCH_SITE] = copy_custom(wsi, "sec-fetch-site:");
}

static void copy_args(struct tc_http_request *r, struct lws *wsi)
{
	for (int i = 0; i < TC_HTTP_MAX_ARGS; i++) {
		int len = lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i);
		if (len <= 0) {
			break;
		}
		r->arg[i] = malloc((size_t)len + 1);
		if (r->arg[i] && lws_hdr_copy_fragment(wsi, r->arg[i], len + 1,
						       WSI_TOKEN_HTTP_URI_ARGS, i) < 0) {
			free(r->arg[i]);
			r->arg[i] = NULL;
		}
	}
}

static void read_method(struct tc_http_request *r, struct lws *wsi)
{
	r->method = TC_HTTP_OTHER;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI)) {
		r->method = TC_HTTP_GET;
	} else if (lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI)) {
		r->method = TC_HTTP_GET;
		r->head = true;
	} else if (lws_hdr_total_length(wsi, WSI_TOKEN_POST_URI)) {
		r->method = TC_HTTP_POST;
	}
}

struct tc_http_request *tc_http_request_read(struct lws *wsi, const char *path, size_t len)
{
	struct tc_http_request *r = calloc(1, sizeof(*r));
	if (!r) {
		return NULL;
	}
	tc_buf_init(&r->body);
	tc_buf_init(&r->extra);
	tc_buf_init(&r->answer);
	r->wsi = wsi;
	r->path = strndup(path, len);
	if (!r->path) {
		tc_http_request_free(r);
		return NULL;
	}
	read_method(r, wsi);
	copy_headers(r, wsi);
	copy_args(r, wsi);
	lws_get_peer_simple(wsi, r->address, sizeof(r->address));
	return r;
}

const char *tc_http_arg(const struct tc_http_request *r, const char *name)
{
	size_t n = strlen(name);
	for (size_t i = 0; i < TC_HTTP_MAX_ARGS; i++) {
		if (r->arg[i] && strncmp(r->arg[i], name, n) == 0 && r->arg[i][n] == '=') {
			return r->arg[i] + n + 1;
		}
	}
	return NULL;
}
