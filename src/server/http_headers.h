/* server/http_headers.h -- what every answer has in common, whoever makes it. Thread: the server's
 * loop. */
#ifndef TC_SERVER_HTTP_HEADERS_H
#define TC_SERVER_HTTP_HEADERS_H

#include <libwebsockets.h>

/* The headers every answer carries: name (without colon) and value; ends with {NULL, NULL}. */
extern const char *const tc_http_security_headers[][2];
/* Besides them, where browsers reach us by https. */
#define TC_HTTP_HSTS_NAME  "strict-transport-security"
#define TC_HTTP_HSTS_VALUE "max-age=31536000"

/* A status in words, for people. */
const char *tc_http_status_title(int status);

/* Writes a whole answer, one line of text, where there is no request that the site could answer:
 * an upgrade, a port without pages. `more`: header lines, each with its CRLF, or "". The caller
 * then has libwebsockets close the connection. */
void tc_http_say_no(struct lws *wsi, int status, const char *why, const char *more);

#endif
