/* server/http_read.h -- a request, copied from what libwebsockets has of it. A part of http.c. */
#ifndef TC_SERVER_HTTP_READ_H
#define TC_SERVER_HTTP_READ_H

#include "server/http.h"

/* Its method, path, headers, arguments and address; no body yet. NULL: no memory. */
struct tc_http_request *tc_http_request_read(struct lws *wsi, const char *path, size_t len);
void tc_http_request_free(struct tc_http_request *r);

#endif
