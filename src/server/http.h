/* server/http.h -- HTTP requests of the listener: read whole, handed to one handler, answered once.
 *
 * Knows libwebsockets and nothing of what a path means (that is http_site.c). Thread: the server's
 * loop. Owner: main.
 */
#ifndef TC_SERVER_HTTP_H
#define TC_SERVER_HTTP_H

#include <libwebsockets.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct tc_http;
struct tc_http_stream;

#define TC_HTTP_MAX_BODY (64 * 1024)
#define TC_HTTP_MAX_HEAD 8192 /* of the fields that libwebsockets knows */
#define TC_HTTP_MAX_ARGS 8

enum tc_http_method {
	TC_HTTP_GET, /* HEAD too: the body is left out when it is sent */
	TC_HTTP_POST,
	TC_HTTP_OTHER,
};

enum tc_http_header {
	TC_HTTP_ACCEPT,
	TC_HTTP_ACCEPT_ENCODING,
	TC_HTTP_AUTHORIZATION,
	TC_HTTP_CONTENT_TYPE,
	TC_HTTP_COOKIE,
	TC_HTTP_CSRF_TOKEN,
	TC_HTTP_FETCH_SITE,
	TC_HTTP_FORWARDED_FOR,
	TC_HTTP_HOST,
	TC_HTTP_IF_NONE_MATCH,
	TC_HTTP_LAST_EVENT_ID,
	TC_HTTP_ORIGIN,
	TC_HTTP_HEADER_COUNT,
};

/* Lives from the handler's call until it is answered, at once or on a later turn of the loop, also
 * when the browser has gone meanwhile. */
struct tc_http_request {
	enum tc_http_method method;
	bool head;
	bool tls;
	char *path;                         /* owned; percent-decoded, begins with '/' */
	char *header[TC_HTTP_HEADER_COUNT]; /* owned; NULL: absent */
	char *arg[TC_HTTP_MAX_ARGS];        /* owned; "name=value" of the query, decoded */
	char address[64];                   /* the peer's */
	struct tc_buf body;
	/* private to http.c */
	struct tc_http *http; /* borrowed, outlives us */
	struct lws *wsi;      /* borrowed; NULL once the connection is gone */
	struct tc_buf extra;  /* headers of the answer, "name:\0value\0"... */
	int status;           /* of the answer; 0: not yet answered */
	const void *borrowed; /* the answer's body when it is not ours to free */
	struct tc_buf answer; /* else it is here */
	size_t len, sent;
	bool handed; /* to the handler, which answers it, whatever happens */
	bool head_sent, close_after;
	struct tc_http_stream *stream; /* owned; an answer without an end */
};

struct tc_http_counts {
	uint64_t by_class[6]; /* answers by status / 100; [0] counts connections cut off */
	uint64_t bytes;       /* of bodies */
};

struct tc_http_config {
	void (*handle)(void *user, struct tc_http_request *request);
	/* Answers in handle()'s place what handle() is not to see; `why` is static. */
	void (*refuse)(void *user, struct tc_http_request *request, int status, const char *why);
	void *user;
	bool tls;
};

int tc_http_create(struct tc_http **out, const struct tc_http_config *config);
/* After tc_listener_close(), when no request waits for its answer any more. NULL-safe. */
void tc_http_destroy(struct tc_http *http);
const struct tc_http_counts *tc_http_counts(const struct tc_http *http);

/* The query's value, or NULL. Borrowed from the request. */
const char *tc_http_arg(const struct tc_http_request *request, const char *name);
/* Adds a header to the answer; what has a line break or NUL in it is dropped. */
void tc_http_put_header(struct tc_http_request *request, const char *name, const char *value);
/* Answers; the request is not to be used afterwards. The body is copied. */
void tc_http_answer(struct tc_http_request *request, int status, const char *type, const void *body,
		    size_t len);
/* The same with a body that outlives every connection (a file in memory). */
void tc_http_answer_static(struct tc_http_request *request, int status, const char *type,
			   const void *body, size_t len);

/* ---- an answer without an end: server-sent events ---- */

/* Takes the request over and answers 200. What waits for a slow reader is bounded. `closed` is
 * called once when the connection is gone, whoever closed it, never from inside a call of the
 * stream's; then the stream is. NULL: no memory, or the browser has gone already. */
struct tc_http_stream *tc_http_stream_open(struct tc_http_request *request, const char *type,
					   size_t max_waiting, void (*closed)(void *user),
					   void *user);
/* -ENOBUFS: too slow a reader, which is dropped; -ENOMEM, likewise; -EPIPE: it was before. */
int tc_http_stream_write(struct tc_http_stream *stream, const void *data, size_t len);
/* When what waits has gone out. */
void tc_http_stream_end(struct tc_http_stream *stream);

/* For listener.c: what libwebsockets keeps for each HTTP connection, and its callback. */
extern const size_t tc_http_session_size;
int tc_http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *session, void *in,
		     size_t len);

#endif
