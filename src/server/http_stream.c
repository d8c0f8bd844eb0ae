// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "server/http_outbox.h"
#include "server/http_priv.h"

TC_LOG_TOPIC("server.http");

struct tc_http_stream {
	struct tc_http_request *request; /* borrowed: it owns us */
	struct tc_outbox outbox;
	void (*closed)(void *user);
	void *user;
	bool ending;  /* after what waits */
	bool dropped; /* nothing is written any more */
};

struct tc_http_stream *tc_http_stream_open(struct tc_http_request *r, const char *type,
					   size_t max_waiting, void (*closed)(void *user),
					   void *user)
{
	TC_ASSERT_HOME(r->http);
	struct tc_http_stream *stream = r->wsi ? calloc(1, sizeof(*stream)) : NULL;
	if (!stream) {
		return NULL;
	}
	stream->request = r;
	stream->closed = closed;
	stream->user = user;
	tc_outbox_init(&stream->outbox, max_waiting);
	r->stream = stream;
	r->status = 200;
	r->close_after = true; /* it has no length: its end is the connection's */
	r->http->counts.by_class[2]++;
	tc_http_put_header(r, "content-type", type);
	lws_callback_on_writable(r->wsi);
	return stream;
}

static void drop(struct tc_http_stream *stream)
{
	stream->dropped = true;
	lws_set_timeout(stream->request->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
}

int tc_http_stream_write(struct tc_http_stream *stream, const void *data, size_t len)
{
	TC_ASSERT_HOME(stream->request->http);
	if (stream->dropped || stream->ending) {
		return -EPIPE;
	}
	int err = tc_outbox_push(&stream->outbox, data, len);
	if (err) {
		TC_INFO(stream->request->address, "a reader of %s is too slow: dropped",
			stream->request->path);
		drop(stream);
		return err;
	}
	lws_callback_on_writable(stream->request->wsi);
	return 0;
}

void tc_http_stream_end(struct tc_http_stream *stream)
{
	stream->ending = true;
	if (!stream->dropped) {
		lws_callback_on_writable(stream->request->wsi);
	}
}

static int send_some(struct tc_http_stream *stream)
{
	unsigned char space[LWS_PRE + TC_HTTP_CHUNK];
	struct tc_http_request *r = stream->request;
	size_t n = tc_outbox_peek(&stream->outbox, space + LWS_PRE, TC_HTTP_CHUNK);
	if (n > 0 && lws_write(r->wsi, space + LWS_PRE, n, LWS_WRITE_HTTP) < (int)n) {
		return -1;
	}
	tc_outbox_take(&stream->outbox, n);
	r->http->counts.bytes += n;
	return 0;
}

int tc_http_stream_writable(struct tc_http_request *r)
{
	struct tc_http_stream *stream = r->stream;
	if (stream->dropped) {
		return -1;
	}
	if (!r->head_sent) {
		if (tc_http_send_head(r) != 0) {
			return -1;
		}
		/* Silence is fine: whether somebody is there, the writes tell. */
		lws_set_timeout(r->wsi, NO_PENDING_TIMEOUT, 0);
		lws_callback_on_writable(r->wsi);
		return 0;
	}
	if (send_some(stream) != 0) {
		return -1;
	}
	if (tc_outbox_waiting(&stream->outbox) > 0) {
		lws_callback_on_writable(r->wsi);
		return 0;
	}
	return stream->ending ? -1 : 0;
}

void tc_http_stream_closed(struct tc_http_stream *stream)
{
	stream->closed(stream->user);
	tc_outbox_finish(&stream->outbox);
	free(stream);
}
