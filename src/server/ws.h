/* server/ws.h -- WebSocket connections: the upgrade, frames in and out, pings. What the frames mean
 * is decided in rooms.c. Thread: the server's loop. Owner: main.
 */
#ifndef TC_SERVER_WS_H
#define TC_SERVER_WS_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/access.h"

struct tc_rooms;
struct tc_rooms_sink;
struct tc_ws;

#define TC_WS_PROTOCOL "tricall"
/* A connection keeps this much for incoming pieces; longer messages are put together from them. */
#define TC_WS_RX_BUFFER 3072

struct tc_ws_config {
	struct uv_loop_s *loop; /* borrowed; outlives us */
	struct tc_rooms *rooms; /* borrowed; outlives us */
	tc_access_fn access;    /* asked once an upgrade */
	void *access_user;
	bool tls; /* what access is told */
};

int tc_ws_create(struct tc_ws **out, const struct tc_ws_config *config);
/* After tc_listener_close() and before the loop's last turns; frees once its handles are closed.
 * NULL-safe. */
void tc_ws_close(struct tc_ws *ws);

/* Upgrades refused since the start, by the answer's status. */
struct tc_ws_refusals {
	uint64_t bad_request, not_signed_in, forbidden, not_found, unavailable;
};
const struct tc_ws_refusals *tc_ws_refusals(const struct tc_ws *ws);

/* What rooms are created with. */
extern const struct tc_rooms_sink tc_ws_sink;

/* For listener.c. */
extern const size_t tc_ws_session_size;
int tc_ws_callback(struct lws *wsi, enum lws_callback_reasons reason, void *session, void *in,
		   size_t len);
void tc_ws_count_refusal(struct tc_ws *ws, int status); /* for ws_upgrade.c */
/* Asked before libwebsockets looks at the subprotocol; `word` is the
 * callback's `in`; not 0: refused and answered. */
int tc_ws_may_upgrade(struct lws *wsi, char *word);

#endif
