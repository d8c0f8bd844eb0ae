/* server/http_priv.h -- what http.c and http_stream.c share. */
#ifndef TC_SERVER_HTTP_PRIV_H
#define TC_SERVER_HTTP_PRIV_H

#include "base/assert.h"
#include "server/http.h"

/* What one turn of the loop writes to one connection. */
#define TC_HTTP_CHUNK (32 * 1024)

struct tc_http {
	struct tc_http_config config;
	struct tc_http_counts counts;
	struct tc_home home;
};

/* http.c: the status line and the headers. Non-zero: the connection is to be closed. */
int tc_http_send_head(struct tc_http_request *request);

/* http_stream.c: the connection may be written to. Non-zero: it is to be closed. */
int tc_http_stream_writable(struct tc_http_request *request);
/* It is gone: tells the owner, frees. */
void tc_http_stream_closed(struct tc_http_stream *stream);

#endif
