/* server/listener.h -- the port: HTTP and WebSocket, plain or TLS, on the server's libuv loop.
 *
 * Beside a TLS port there may be one on loopback for our orbs: no certificate is good for
 * 127.0.0.1, and the guide's orb knows ws:// only. It takes upgrades with an orb's token and
 * nothing else.
 *
 * Owns the libwebsockets context. What a request means is decided in http.c, what a WebSocket says
 * in ws.c; both find their object through the two getters below. Thread: the loop's. Owner: main.
 */
#ifndef TC_SERVER_LISTENER_H
#define TC_SERVER_LISTENER_H

#include <stdbool.h>
#include <stddef.h>

struct lws;
struct tc_http;
struct tc_listener;
struct tc_ws;
struct uv_loop_s;

struct tc_listener_config {     /* copied where kept */
	struct uv_loop_s *loop; /* borrowed; outlives us */
	const char *host;       /* a local address; NULL: 127.0.0.1 */
	int port;               /* 0: the system picks one, see tc_listener_port() */
	const char *tls_cert;   /* PEM files; both or none */
	const char *tls_key;
	bool orb_port;        /* open one for orbs, too: tc_listener_orb_port() */
	struct tc_http *http; /* borrowed; outlives us */
	struct tc_ws *ws;     /* borrowed; outlives us */
};

/* Accepts connections on success. -EINVAL, -EADDRINUSE, -EADDRNOTAVAIL, -EACCES, -ENOENT (a TLS
 * file), -ENOSYS (libwebsockets has no libuv plugin), -ENOMEM; `why` then holds one line for the
 * user. *out is written on success only.
 */
int tc_listener_create(struct tc_listener **out, const struct tc_listener_config *config, char *why,
		       size_t size);
int tc_listener_port(const struct tc_listener *listener);
/* Says in the log where it listens: once all else is there, too. */
void tc_listener_announce(const struct tc_listener *listener);
int tc_listener_orb_port(const struct tc_listener *listener); /* 0: there is none */
/* Closes every connection; the loop runs on until libwebsockets has closed its handles, then main
 * may close the loop. Not from inside a callback of a connection. NULL-safe. Frees at once.
 */
void tc_listener_close(struct tc_listener *listener);

/* Whose connection is this? For the callbacks of http.c and ws.c. */
struct tc_http *tc_listener_http(struct lws *wsi);
struct tc_ws *tc_listener_ws(struct lws *wsi);
bool tc_listener_for_orbs(struct lws *wsi); /* it came in by the orbs' port */

#endif
