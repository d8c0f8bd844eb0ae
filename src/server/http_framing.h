/* server/http_framing.h -- is it clear where a request ends, and for whom it is? A part of http.c
 * and of ws_upgrade.c. Thread: the server's loop. */
#ifndef TC_SERVER_HTTP_FRAMING_H
#define TC_SERVER_HTTP_FRAMING_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>

struct tc_http_framing {
	bool has_length; /* a Content-Length was sent */
	size_t length;   /* of the body */
};

/* 0, or the status to refuse with, and *why for people (static). A proxy in front of us may read
 * what is refused in another way than libwebsockets does, and so see other requests in the same
 * bytes: after the answer the connection has to end. */
int tc_http_framing(struct lws *wsi, struct tc_http_framing *out, const char **why);

#endif
