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
#include "server/ws_priv.h"
#include "server/ws_upgrade.h"

#define TICK_MS 250

const size_t tc_ws_session_size = sizeof(struct tc_ws_session);

static void message(struct tc_ws_session *session, const char *text, size_t len)
{
	if (session->binary) {
		tc_rooms_binary(session->conn);
	} else {
		tc_rooms_message(session->conn, text, len);
	}
}

static bool rx_reserve(struct tc_ws_session *session, size_t need)
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

static void rx_drop(struct tc_ws_session *session)
{
	free(session->rx);
	session->rx = NULL;
	session->rx_len = session->rx_cap = 0;
}

/* A frame that is not masked must end the connection (RFC 6455 section 5.1), and here does not:
 * libwebsockets unmasks what is masked, passes on what is not, and tells neither from the other. */
static int on_receive(struct tc_ws_session *session, const char *data, size_t len)
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
	struct tc_ws_session *session = TAILQ_FIRST(&ws->closing);
	while (session && session->close_by_ms <= uv_now(timer->loop)) {
		tc_ws_kill_now(session); /* it is gone from the list, and maybe altogether */
		session = TAILQ_FIRST(&ws->closing);
	}
	struct tc_rooms_counts counts = tc_rooms_counts(ws->config.rooms);
	if (counts.connections == 0 && counts.participants == 0) {
		uv_timer_stop(timer); /* an empty server sleeps */
	}
}

static int on_established(struct tc_ws *ws, struct lws *wsi, struct tc_ws_session *session)
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

static void on_closed(struct tc_ws_session *session)
{
	if (session->dirty) {
		TAILQ_REMOVE(&session->ws->dirty, session, dirty_link);
	}
	tc_ws_stop_waiting(session);
	tc_rooms_detach(session->conn);
	free(session->tx);
	free(session->rx);
	*session = (struct tc_ws_session){0};
}

int tc_ws_may_upgrade(struct lws *wsi, char *word)
{
	return tc_ws_confirm(wsi, word, &tc_listener_ws(wsi)->config);
}

int tc_ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		   size_t len)
{
	struct tc_ws_session *session = user;
	switch (reason) {
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return tc_ws_may_upgrade(wsi, in);
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
		return tc_ws_write_frames(session);
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
	tc_ws_flush_dirty(prepare->data);
}

static void on_check(uv_check_t *check)
{
	tc_ws_flush_dirty(check->data);
}

void tc_ws_count_refusal(struct tc_ws *ws, int status)
{
	struct tc_ws_refusals *refusals = &ws->refusals;
	uint64_t *count = status == 401   ? &refusals->not_signed_in
			  : status == 403 ? &refusals->forbidden
			  : status == 404 ? &refusals->not_found
			  : status < 500  ? &refusals->bad_request
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
