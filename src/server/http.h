/* server/http.h -- HTTP requests of the listener. Thread: the server's loop. Owner: main. */
#ifndef TC_SERVER_HTTP_H
#define TC_SERVER_HTTP_H

#include <libwebsockets.h>
#include <stddef.h>

/* Bytes libwebsockets keeps for each HTTP connection, zeroed; the callback's `session`. */
extern const size_t tc_http_session_size;

int tc_http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *session, void *in,
		     size_t len);

#endif
