// SPDX-License-Identifier: Apache-2.0
#include "server/ws.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <uv.h>

#include "server/listener.h"
#include "server/rooms.h"
#include "server/ws_upgrade.h"

#define TICK_MS 250
/* A closed connection that does not take its close frame is ended after this. */
#define CLOSE_MS 5000

struct tc_ws {
	struct tc_ws_config config;
	struct tc_ws_refusals refusals;
	TAILQ_HEAD(, session) dirty;   /* have something to send in this turn */
	TAILQ_HEAD(, session) closing; /* in the order of their deadlines */
	uv_timer_t tick;
	uv_prepare_t prepare;
	uv_check_t check;
	int open_handles;
};

/* One connection; zeroed memory of libwebsockets', gone after LWS_CALLBACK_CLOSED. */
struct session {
	struct tc_ws *ws;                /* borrowed; NULL before ESTABLISHED */
	struct lws *wsi;                 /* borrowed */
	struct tc_room_conn *conn;       /* owned */
	struct tc_ws_admitted *admitted; /* owned; between upgrade and ESTABLISHED */
	char *tx;                        /* owned: frames waiting; NULL while there are none */
	char *rx;                        /* owned: the message that has come in part; NULL: none */
	uint32_t tx_at, tx_len, tx_cap;
	uint32_t rx_len, rx_cap;
	uint64_t close_by_ms; /* not 0: our close frame is on its way, the end comes by then */
	bool dirty;
	bool binary;
	TAILQ_ENTRY(session) dirty_link;
	TAILQ_ENTRY(session) closing_link;
	bool waits; /* in `closing`: for its last frames to go out, then for the peer */
	bool dead;  /* killed: nothing is sent any more */
};

const size_t tc_ws_session_size = sizeof(struct session);

/* --- frames out --- */

/* The waiting frames stand in tx as they go over the wire (RFC 6455 section 5.2), behind LWS_PRE
 * bytes that lws_write() may use. Our own framing, because libwebsockets makes one send(2) a frame:
 * LWS_WRITE_HTTP hands it bytes as they are, in order with its own control frames, and it keeps
 * what the kernel does not take. */
#define FRAME_HEAD_MAX 10
#define FRAME_TEXT     0x81 /* all with FIN */
#define FRAME_CLOSE    0x88
#define FRAME_PING     0x89
#define CHUNK_MAX      (64u * 1024)

static bool has_frames(const struct session *session)
{
	return session->tx_at < session->tx_len;
}

static void mark_dirty(struct session *session)
{
	if (!session->dirty) {
		session->dirty = true;
		TAILQ_INSERT_TAIL(&session->ws->dirty, session, dirty_link);
	}
}

static bool reserve(struct session *session, size_t extra)
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
static bool put_frame(struct session *session, int kind, const struct tc_signal_piece *pieces,
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
	struct session *session = conn;
	return put_frame(session, FRAME_TEXT, pieces, count) ? session->tx_len - session->tx_at
							     : SIZE_MAX;
}

static void sink_ping(void *conn)
{
	/* With a payload: libwebsockets 4.1 tells nobody of an empty pong. */
	static const struct tc_signal_piece payload = {"tc", 2};
	put_frame(conn, FRAME_PING, &payload, 1);
}

static void drop_frames(struct session *session)
{
	free(session->tx);
	session->tx = NULL; /* an idle connection keeps no buffer */
	session->tx_at = session->tx_len = session->tx_cap = 0;
}

/* libwebsockets sends a close frame of its own only from some callbacks' return; ours takes its
 * turn behind what was sent before. The connection ends with the peer's answer, or without it. */
static void sink_close(void *conn, int code, const char *reason, bool flush)
{
	struct session *session = conn;
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
static size_t next_chunk(const struct session *session)
{
	const char *start = session->tx + session->tx_at, *end = session->tx + session->tx_len;
	const char *at = start + frame_size(start);
	while (at < end && (size_t)(at - start) + frame_size(at) <= CHUNK_MAX) {
		at += frame_size(at);
	}
	return (size_t)(at - start);
}

/* -1: the socket is dead. */
static int write_frames(struct session *session)
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

static void stop_waiting(struct session *session)
{
	if (session->waits) {
		TAILQ_REMOVE(&session->ws->closing, session, closing_link);
		session->waits = false;
	}
}

/* Outside of callbacks only; the session may be gone afterwards. A timeout set with lws would not
 * do: set from outside, it is not looked at before lws has something else to do. And where lws
 * holds output of its own it does not close either, but waits for a reader that does not read: it
 * gives up once the socket, shut down, takes nothing any more. */
static void kill_now(struct session *session)
{
	struct lws *wsi = session->wsi;
	stop_waiting(session);
	drop_frames(session);
	session->dead = true;
	shutdown(lws_get_socket_fd(wsi), SHUT_RDWR);
	lws_set_timeout(wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_SYNC);
}

static void flush_dirty(struct tc_ws *ws)
{
	struct session *session;
	while ((session = TAILQ_FIRST(&ws->dirty))) {
		TAILQ_REMOVE(&ws->dirty, session, dirty_link);
		session->dirty = false;
		if (write_frames(session)) {
			kill_now(session);
		}
	}
	tc_rooms_dispatch(ws->config.rooms);
}

/* --- frames in --- */

static void message(struct session *session, const char *text, size_t len)
{
	if (session->binary) {
		tc_rooms_binary(session->conn);
	} else {
		tc_rooms_message(session->conn, text, len);
	}
}

static bool rx_reserve(struct session *session, size_t need)
{
	if (need <= session->rx_cap) {
		return true;
	}
	char *rx = realloc(session->rx, need);
	if (rx) {
		session->rx = rx;
		session->rx_cap = (uint32_t)need;
	}
	return rx != NULL;
}

static void rx_drop(struct session *session)
{
	free(session->rx);
	session->rx = NULL;
	session->rx_len = session->rx_cap = 0;
}

static int on_receive(struct session *session, const char *data, size_t len)
{
	struct lws *wsi = session->wsi;
	if (session->close_by_ms) {
		return 0;
	}
	if (lws_is_first_fragment(wsi)) {
		session->binary = lws_frame_is_binary(wsi);
	}
	bool whole = lws_is_final_fragment(wsi);
	if (whole && session->rx_len == 0) {
		message(session, data, len);
		return 0;
	}
	size_t need = session->rx_len + len + lws_remaining_packet_payload(wsi);
	if (need > TC_SIGNAL_MAX_LEN) {
		rx_drop(session);
		tc_rooms_too_big(session->conn);
		return 0;
	}
	if (!rx_reserve(session, need)) {
		return -1;
	}
	memcpy(session->rx + session->rx_len, data, len);
	session->rx_len += (uint32_t)len;
	if (whole) {
		message(session, session->rx, session->rx_len);
		rx_drop(session);
	}
	return 0;
}

static void on_tick(uv_timer_t *timer)
{
	struct tc_ws *ws = timer->data;
	tc_rooms_tick(ws->config.rooms);
	struct session *session = TAILQ_FIRST(&ws->closing);
	while (session && session->close_by_ms <= uv_now(timer->loop)) {
		kill_now(session); /* it is gone from the list, and maybe altogether */
		session = TAILQ_FIRST(&ws->closing);
	}
	struct tc_rooms_counts counts = tc_rooms_counts(ws->config.rooms);
	if (counts.connections == 0 && counts.participants == 0) {
		uv_timer_stop(timer); /* an empty server sleeps */
	}
}

static int on_established(struct tc_ws *ws, struct lws *wsi, struct session *session)
{
	struct tc_ws_admitted *admitted = session->admitted;
	session->admitted = NULL;
	session->wsi = wsi;
	int err = tc_rooms_attach(ws->config.rooms, &session->conn, admitted->room,
				  &admitted->access, session);
	free(admitted);
	if (err) {
		return -1;
	}
	session->ws = ws;
	if (!uv_is_active((uv_handle_t *)&ws->tick)) {
		uv_timer_start(&ws->tick, on_tick, TICK_MS, TICK_MS);
	}
	return 0;
}

static void on_closed(struct session *session)
{
	if (session->dirty) {
		TAILQ_REMOVE(&session->ws->dirty, session, dirty_link);
	}
	stop_waiting(session);
	tc_rooms_detach(session->conn);
	free(session->tx);
	free(session->rx);
	*session = (struct session){0};
}

int tc_ws_may_upgrade(struct lws *wsi)
{
	return tc_ws_confirm(wsi, &tc_listener_ws(wsi)->config);
}

int tc_ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		   size_t len)
{
	struct session *session = user;
	switch (reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return tc_ws_may_upgrade(wsi);
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		/* Once the lws protocol is chosen: the session is its own. */
		return tc_ws_upgrade(wsi, &tc_listener_ws(wsi)->config, &session->admitted);
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(tc_listener_ws(wsi), wsi, session);
	case LWS_CALLBACK_RECEIVE:
		return on_receive(session, in, len);
	case LWS_CALLBACK_RECEIVE_PONG:
		tc_rooms_pong(session->conn);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return write_frames(session);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		/* The answer to our close frame gets none; the peer's own is echoed by lws. */
		return session->close_by_ms ? -1 : 0;
	case LWS_CALLBACK_CLOSED:
		on_closed(session);
		return 0;
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
	case LWS_CALLBACK_WS_SERVER_DROP_PROTOCOL:
		if (session) { /* the upgrade came to nothing */
			free(session->admitted);
			session->admitted = NULL;
		}
		return 0;
	default:
		return 0;
	}
}

static void on_prepare(uv_prepare_t *prepare)
{
	flush_dirty(prepare->data);
}

static void on_check(uv_check_t *check)
{
	flush_dirty(check->data);
}

void tc_ws_count_refusal(struct tc_ws *ws, int status)
{
	struct tc_ws_refusals *refusals = &ws->refusals;
	uint64_t *count = status == 400   ? &refusals->bad_request
			  : status == 401 ? &refusals->not_signed_in
			  : status == 403 ? &refusals->forbidden
			  : status == 404 ? &refusals->not_found
					  : &refusals->unavailable;
	(*count)++;
}

const struct tc_ws_refusals *tc_ws_refusals(const struct tc_ws *ws)
{
	return &ws->refusals;
}

int tc_ws_create(struct tc_ws **out, const struct tc_ws_config *config)
{
	struct tc_ws *ws = calloc(1, sizeof(*ws));
	if (!ws) {
		return -ENOMEM;
	}
	ws->config = *config;
	TAILQ_INIT(&ws->dirty);
	TAILQ_INIT(&ws->closing);
	uv_timer_init(config->loop, &ws->tick);
	uv_prepare_init(config->loop, &ws->prepare);
	uv_check_init(config->loop, &ws->check);
	ws->tick.data = ws->prepare.data = ws->check.data = ws;
	/* Frames that came of sockets go out right after the poll, those of timers before it. */
	uv_prepare_start(&ws->prepare, on_prepare);
	uv_check_start(&ws->check, on_check);
	ws->open_handles = 3;
	*out = ws;
	return 0;
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct tc_ws *ws = handle->data;
	if (--ws->open_handles == 0) {
		free(ws);
	}
}

void tc_ws_close(struct tc_ws *ws)
{
	if (!ws) {
		return;
	}
	uv_close((uv_handle_t *)&ws->tick, on_handle_closed);
	uv_close((uv_handle_t *)&ws->prepare, on_handle_closed);
	uv_close((uv_handle_t *)&ws->check, on_handle_closed);
}
