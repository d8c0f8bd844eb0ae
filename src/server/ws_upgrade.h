/* server/ws_upgrade.h -- who asks for a WebSocket, and may they? A part of ws.c. */
#ifndef TC_SERVER_WS_UPGRADE_H
#define TC_SERVER_WS_UPGRADE_H

#include "server/ws.h"

struct tc_ws_admitted {
	struct tc_access access;
	char room[TC_ID_SIZE];
};

/* For LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION, whose return value it gives. 0: *out, which the
 * caller frees, says who it is. Else the refusal has been answered. */
int tc_ws_upgrade(struct lws *wsi, const struct tc_ws_config *config, struct tc_ws_admitted **out);
/* For LWS_CALLBACK_HTTP_CONFIRM_UPGRADE. libwebsockets gives an upgrade to the lws protocol that
 * its subprotocol names, so one that does not name ours is refused before that. `word` is the
 * callback's `in`. 0: go on, with an upgrade or, for any word but websocket, without; else the
 * connection ends, the refusal being answered. */
int tc_ws_confirm(struct lws *wsi, char *word, const struct tc_ws_config *config);

#endif
