// SPDX-License-Identifier: Apache-2.0
#include "server/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "server/http_framing.h"
#include "server/http_headers.h"
#include "server/http_priv.h"
#include "server/http_read.h"
#include "server/listener.h"
#include "server/ws.h"

TC_LOG_TOPIC("server.http");

#define HEAD_SIZE 8192

struct session {
	struct tc_http_request *request; /* owned until answered; NULL between requests */
};

const size_t tc_http_session_size = sizeof(struct session);

/* ---- answering ---- */

void tc_http_put_header(struct tc_http_request *r, const char *name, const char *value)
{
	if (strpbrk(value, "\r\n")) {
		return;
	}
	tc_buf_puts(&r->extra, name);
	tc_buf_put(&r->extra, ":", 2); /* with its 0 */
	tc_buf_put(&r->extra, value, strlen(value) + 1);
}

static int add_header(struct lws *wsi, const char *name, const char *value, unsigned char **at,
		      unsigned char *end)
{
	return lws_add_http_header_by_name(wsi, (const unsigned char *)name,
					   (const unsigned char *)value, (int)strlen(value), at,
					   end);
}

int tc_http_send_head(struct tc_http_request *r)
{
	unsigned char space[LWS_PRE + HEAD_SIZE];
	unsigned char *start = space + LWS_PRE;
	unsigned char *at = start;
	unsigned char *end = space + sizeof(space);
	if (r->extra.err || lws_add_http_header_status(r->wsi, (unsigned)r->status, &at, end)) {
		return -1;
	}
	for (size_t i = 0; i < r->extra.len;) {
		const char *name = r->extra.data + i;
		const char *value = name + strlen(name) + 1;
		if (add_header(r->wsi, name, value, &at, end)) {
			return -1;
		}
		i += strlen(name) + strlen(value) + 2;
	}
	if (r->close_after && add_header(r->wsi, "connection:", "close", &at, end)) {
		return -1;
	}
	if (r->status != 304 && !r->stream &&
	    lws_add_http_header_content_length(r->wsi, r->len, &at, end)) {
		return -1;
	}
	r->head_sent = true;
	return lws_finalize_write_http_header(r->wsi, start, &at, end) ? -1 : 0;
}

/* libwebsockets writes its framing before the body: it wants LWS_PRE bytes of its own there. */
static int send_chunk(struct tc_http_request *r)
{
	unsigned char space[LWS_PRE + TC_HTTP_CHUNK];
	const char *body = r->borrowed ? r->borrowed : r->answer.data;
	size_t n = r->len - r->sent;
	n = n < TC_HTTP_CHUNK ? n : TC_HTTP_CHUNK;
	memcpy(space + LWS_PRE, body + r->sent, n);
	bool last = r->sent + n == r->len;
	if (lws_write(r->wsi, space + LWS_PRE, n, last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) <
	    (int)n) {
		return -1;
	}
	r->sent += n;
	r->http->counts.bytes += n;
	return 0;
}

/* The connection may be written to. Non-zero: libwebsockets closes it. */
static int on_writable(struct session *s, struct lws *wsi)
{
	struct tc_http_request *r = s->request;
	if (!r || !r->status) {
		return 0;
	}
	if (r->stream) {
		return tc_http_stream_writable(r);
	}
	if (!r->head_sent && tc_http_send_head(r) != 0) {
		return -1;
	}
	bool body = !r->head && r->status != 304 && r->status != 204;
	if (body && r->sent < r->len) {
		if (send_chunk(r) != 0) {
			return -1;
		}
		if (r->sent < r->len) {
			lws_callback_on_writable(wsi);
			return 0;
		}
	}
	bool close = r->close_after;
	s->request = NULL;
	tc_http_request_free(r);
	return close || lws_http_transaction_completed(wsi) ? -1 : 0;
}

static void answered(struct tc_http_request *r, int status, const char *type, size_t len)
{
	TC_ASSERT_HOME(r->http);
	TC_ASSERT(r->status == 0);
	r->http->counts.by_class[r->wsi ? status / 100 : 0]++;
	if (!r->wsi) {
		tc_http_request_free(r);
		return;
	}
	r->status = status;
	r->len = len;
	if (type) {
		tc_http_put_header(r, "content-type", type);
	}
	TC_DEBUG(NULL, "%d %s %s", status, r->method == TC_HTTP_POST ? "POST" : "GET", r->path);
	lws_callback_on_writable(r->wsi);
}

void tc_http_answer(struct tc_http_request *r, int status, const char *type, const void *body,
		    size_t len)
{
	tc_buf_put(&r->answer, body, len);
	if (r->answer.err) {
		len = 0;
		status = 500;
	}
	answered(r, status, type, len);
}

void tc_http_answer_static(struct tc_http_request *r, int status, const char *type,
			   const void *body, size_t len)
{
	r->borrowed = body;
	answered(r, status, type, len);
}

static void refuse(struct tc_http_request *r, int status, const char *why)
{
	r->handed = true;
	r->close_after = true;
	r->http->config.refuse(r->http->config.user, r, status, why);
}

static void hand_over(struct tc_http_request *r)
{
	r->handed = true;
	r->http->config.handle(r->http->config.user, r);
}

/* ---- libwebsockets ---- */

static int on_request(struct tc_http *http, struct session *s, struct lws *wsi, const char *path,
		      size_t len)
{
	if (s->request) { /* pipelined: one at a time is all that browsers do */
		return -1;
	}
	struct tc_http_request *r = tc_http_request_read(wsi, path, len);
	if (!r) {
		return -1;
	}
	r->http = http;
	r->tls = http->config.tls;
	s->request = r;
	struct tc_http_framing framing;
	const char *why;
	int status = tc_http_framing(wsi, &framing, &why);
	if (status) {
		refuse(r, status, why);
	} else if (r->method == TC_HTTP_GET) {
		hand_over(r);
	} else if (framing.length == 0) {
		/* libwebsockets would wait for a body of 100 MB when no length is named. */
		r->close_after = !framing.has_length;
		hand_over(r);
	}
	return 0;
}

static int on_body(struct session *s, const void *data, size_t len)
{
	struct tc_http_request *r = s->request;
	if (!r || r->status) {
		return 0;
	}
	if (r->body.len + len > TC_HTTP_MAX_BODY) {
		return -1;
	}
	tc_buf_put(&r->body, data, len);
	return r->body.err ? -1 : 0;
}

static void on_closed(struct session *s)
{
	struct tc_http_request *r = s->request;
	s->request = NULL;
	if (!r) {
		return;
	}
	r->wsi = NULL;
	if (r->stream) {
		tc_http_stream_closed(r->stream);
		r->stream = NULL;
	}
	/* One that the handler still works on is freed by its answer. */
	if (!r->handed || r->status) {
		tc_http_request_free(r);
	}
}

int tc_http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *session, void *in,
		     size_t len)
{
	struct session *s = session;
	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return on_request(tc_listener_http(wsi), s, wsi, in, len);
	case LWS_CALLBACK_HTTP_BODY:
		return on_body(s, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		if (s->request && !s->request->handed) {
			hand_over(s->request);
		}
		return 0;
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_writable(s, wsi);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return tc_ws_may_upgrade(wsi, in);
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		/* A WebSocket is ws.c's alone: whatever led here, it goes no further. */
		tc_http_say_no(wsi, 400, "no WebSocket here", "");
		return 1;
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (s) {
			on_closed(s);
		}
		return 0;
	default:
		return lws_callback_http_dummy(wsi, reason, session, in, len);
	}
}

int tc_http_create(struct tc_http **out, const struct tc_http_config *config)
{
	struct tc_http *http = calloc(1, sizeof(*http));
	if (!http) {
		return -ENOMEM;
	}
	http->config = *config;
	tc_home_init(&http->home);
	*out = http;
	return 0;
}

void tc_http_destroy(struct tc_http *http)
{
	free(http);
}

const struct tc_http_counts *tc_http_counts(const struct tc_http *http)
{
	return &http->counts;
}
