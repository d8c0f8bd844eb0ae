/* server/ws_priv.h -- a WebSocket connection as ws.c (its life, frames in) and ws_frames.c (frames
 * out) share it.
 */
#ifndef TC_SERVER_WS_PRIV_H
#define TC_SERVER_WS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "server/listener.h"
#include "server/rooms.h"
#include "server/ws.h"

struct tc_ws_admitted;

struct tc_ws {
	struct tc_ws_config config;
	struct tc_ws_refusals refusals;
	TAILQ_HEAD(, tc_ws_session) dirty;   /* have something to send in this turn */
	TAILQ_HEAD(, tc_ws_session) closing; /* in the order of their deadlines */
	uv_timer_t tick;
	uv_prepare_t prepare;
	uv_check_t check;
	int open_handles;
};

/* One connection; zeroed memory of libwebsockets', gone after LWS_CALLBACK_CLOSED. */
struct tc_ws_session {
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
	TAILQ_ENTRY(tc_ws_session) dirty_link;
	TAILQ_ENTRY(tc_ws_session) closing_link;
	bool waits; /* in `closing`: for its last frames to go out, then for the peer */
	bool dead;  /* killed: nothing is sent any more */
};

/* -1: the socket is dead. */
int tc_ws_write_frames(struct tc_ws_session *session);
void tc_ws_stop_waiting(struct tc_ws_session *session);
/* Outside of callbacks only; the session may be gone afterwards. A timeout set with lws would not
 * do: set from outside, it is not looked at before lws has something else to do. And where lws
 * holds output of its own it does not close either, but waits for a reader that does not read: it
 * gives up once the socket, shut down, takes nothing any more. */
void tc_ws_kill_now(struct tc_ws_session *session);
void tc_ws_flush_dirty(struct tc_ws *ws);

#endif
