/* mock/ws_server.h -- a WebSocket server of one test: takes connections on 127.0.0.1, on the test's
 * own loop, says yes or a status, tells the text that comes and sends what it is told to.
 */
#ifndef TC_TEST_MOCK_WS_SERVER_H
#define TC_TEST_MOCK_WS_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "rtc/loop.h"

struct tc_ws_server;

struct tc_ws_server_events {
	void (*opened)(void *user, const char *request); /* the whole upgrade request */
	void (*text)(void *user, const char *text, size_t len);
	void (*gone)(void *user);
};

struct tc_ws_server *tc_ws_server_create(struct tc_loop *loop,
					 const struct tc_ws_server_events *events, void *user);
void tc_ws_server_destroy(struct tc_ws_server *server);
int tc_ws_server_port(const struct tc_ws_server *server);
/* Answers upgrades with this status from now on; 101: takes them. */
void tc_ws_server_refuse(struct tc_ws_server *server, int status);
/* To the newest connection; `pieces`: frames the message is cut into. */
void tc_ws_server_send(struct tc_ws_server *server, const char *text, size_t len, size_t pieces);
void tc_ws_server_close(struct tc_ws_server *server, int code); /* a close frame, then the end */
void tc_ws_server_drop(struct tc_ws_server *server);            /* the end, without a word */

#endif
