// SPDX-License-Identifier: Apache-2.0
#include "server/ws_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A closed connection that does not take its close frame is ended after this. */
#define CLOSE_MS 5000

/* The waiting frames stand in tx as they go over the wire (RFC 6455 section 5.2), behind LWS_PRE
 * bytes that lws_write() may use. Our own framing, because libwebsockets makes one send(2) a frame:
 * LWS_WRITE_HTTP hands it bytes as they are, in order with its own control frames, and it keeps
 * what the kernel does not take. */
#define FRAME_HEAD_MAX 10
#define FRAME_TEXT     0x81 /* all with FIN */
#define FRAME_CLOSE    0x88
#define FRAME_PING     0x89
#define CHUNK_MAX      (64u * 1024)

static bool has_frames(const struct tc_ws_session *session)
{
	return session->tx_at < session->tx_len;
}

static void mark_dirty(struct tc_ws_session *session)
{
	if (!session->dirty) {
		session->dirty = true;
		TAILQ_INSERT_TAIL(&session->ws->dirty, session, dirty_link);
	}
}

static bool reserve(struct tc_ws_session *session, size_t extra)
{
	if (session->tx_at > LWS_PRE && session->tx_len + extra > session->tx_cap) {
		uint32_t left = session->tx_len - session->tx_at;
		memmove(session->tx + LWS_PRE, session->tx + session->tx_at, left);
		session->tx_at = LWS_PRE;
		session->tx_len = LWS_PRE + left;
	}
	if (session->tx_len + extra <= session->tx_cap) {
		return true;
	}
	size_t cap = session->tx_cap ? session->tx_cap * 2 : 1024;
	while (cap < session->tx_len + extra + LWS_PRE) {
		cap *= 2;
	}
	char *tx = realloc(session->tx, cap);
	if (!tx) {
		return false;
	}
	session->tx = tx;
	session->tx_cap = (uint32_t)cap;
	if (session->tx_len == 0) {
		session->tx_at = session->tx_len = LWS_PRE;
	}
	return true;
}

static size_t put_head(char *at, int kind, uint64_t len)
{
	at[0] = (char)kind;
	size_t bytes = len < 126 ? 0 : len <= UINT16_MAX ? 2 : 8;
	at[1] = (char)(bytes == 0 ? len : bytes == 2 ? 126 : 127);
	for (size_t i = 0; i < bytes; i++) {
		at[2 + i] = (char)(len >> (8 * (bytes - 1 - i)));
	}
	return 2 + bytes;
}

/* Of the frame at `at`, head included. */
static size_t frame_size(const char *at)
{
	const unsigned char *head = (const unsigned char *)at;
	size_t bytes = head[1] < 126 ? 0 : head[1] == 126 ? 2 : 8;
	size_t len = bytes == 0 ? head[1] : 0;
	for (size_t i = 0; i < bytes; i++) {
		len = len << 8 | head[2 + i];
	}
	return 2 + bytes + len;
}

/* false: no memory. */
static bool put_frame(struct tc_ws_session *session, int kind, const struct tc_signal_piece *pieces,
		      int count)
{
	size_t len = 0;
	for (int i = 0; i < count; i++) {
		len += pieces[i].len;
	}
	if (session->dead || !reserve(session, FRAME_HEAD_MAX + len)) {
		return false;
	}
	char *at = session->tx + session->tx_len;
	at += put_head(at, kind, len);
	for (int i = 0; i < count; i++) {
		memcpy(at, pieces[i].data, pieces[i].len);
		at += pieces[i].len;
	}
	session->tx_len = (uint32_t)(at - session->tx);
	mark_dirty(session);
	return true;
}

static size_t sink_send(void *conn, const struct tc_signal_piece *pieces, int count)
{
	struct tc_ws_session *session = conn;
	return put_frame(session, FRAME_TEXT, pieces, count) ? session->tx_len - session->tx_at
							     : SIZE_MAX;
}

static void sink_ping(void *conn)
{
	/* With a payload: libwebsockets 4.1 tells nobody of an empty pong. */
	static const struct tc_signal_piece payload = {"tc", 2};
	put_frame(conn, FRAME_PING, &payload, 1);
}

static void drop_frames(struct tc_ws_session *session)
{
	free(session->tx);
	session->tx = NULL; /* an idle connection keeps no buffer */
	session->tx_at = session->tx_len = session->tx_cap = 0;
}

/* libwebsockets sends a close frame of its own only from some callbacks' return; ours takes its
 * turn behind what was sent before. The connection ends with the peer's answer, or without it. */
static void sink_close(void *conn, int code, const char *reason, bool flush)
{
	struct tc_ws_session *session = conn;
	const char status[2] = {(char)(code >> 8), (char)code};
	struct tc_signal_piece pieces[2] = {{status, 2}, {reason, strlen(reason)}};
	if (!flush) {
		drop_frames(session);
	}
	uint64_t patience = put_frame(session, FRAME_CLOSE, pieces, 2) ? CLOSE_MS : 0;
	session->close_by_ms = uv_now(session->ws->config.loop) + patience;
	TAILQ_INSERT_TAIL(&session->ws->closing, session, closing_link);
	session->waits = true;
}

const struct tc_rooms_sink tc_ws_sink = {
	.send = sink_send,
	.ping = sink_ping,
	.close = sink_close,
};

/* Whole frames only: libwebsockets may put a pong behind them. */
static size_t next_chunk(const struct tc_ws_session *session)
{
	const char *start = session->tx + session->tx_at, *end = session->tx + session->tx_len;
	const char *at = start + frame_size(start);
	while (at < end && (size_t)(at - start) + frame_size(at) <= CHUNK_MAX) {
		at += frame_size(at);
	}
	return (size_t)(at - start);
}

int tc_ws_write_frames(struct tc_ws_session *session)
{
	/* What the kernel does not take libwebsockets keeps; one such remainder is enough. */
	while (has_frames(session) && !lws_partial_buffered(session->wsi)) {
		size_t len = next_chunk(session);
		unsigned char *at = (unsigned char *)session->tx + session->tx_at;
		if (lws_write(session->wsi, at, len, LWS_WRITE_HTTP) < (int)len) {
			return -1;
		}
		session->tx_at += (uint32_t)len;
	}
	if (has_frames(session)) {
		lws_callback_on_writable(session->wsi);
	} else {
		drop_frames(session);
	}
	return 0;
}

void tc_ws_stop_waiting(struct tc_ws_session *session)
{
	if (session->waits) {
		TAILQ_REMOVE(&session->ws->closing, session, closing_link);
		session->waits = false;
	}
}

void tc_ws_kill_now(struct tc_ws_session *session)
{
	struct lws *wsi = session->wsi;
	tc_ws_stop_waiting(session);
	drop_frames(session);
	session->dead = true;
	shutdown(lws_get_socket_fd(wsi), SHUT_RDWR);
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

void tc_ws_flush_dirty(struct tc_ws *ws)
{
	struct tc_ws_session *session;
	while ((session = TAILQ_FIRST(&ws->dirty))) {
		TAILQ_REMOVE(&ws->dirty, session, dirty_link);
		session->dirty = false;
		if (tc_ws_write_frames(session)) {
			tc_ws_kill_now(session);
		}
	}
	tc_rooms_dispatch(ws->config.rooms);
}
