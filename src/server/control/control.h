/* server/control/control.h -- the manager's own socket, DATA_DIR/manager.sock: orbs whose server
 * died offer themselves here, and the command line asks.
 *
 * A Unix stream socket, mode 0600, newline-delimited JSON. Only our own user and root are heard
 * (SO_PEERCRED). One request a connection: `adopt` hands the connection on, anything else gets one
 * line for an answer. A socket that a server before us left is replaced; one that answers is not.
 * Thread: the server's loop. Owner: the app.
 */
#ifndef TC_SERVER_CONTROL_H
#define TC_SERVER_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "proto/channel.h"

#define TC_CONTROL_SOCKET "manager.sock" /* in DATA_DIR */

struct tc_control;
struct uv_loop_s;

struct tc_control_events {
	/* fd is the callee's from here on; pid as the kernel says. */
	void (*adopt)(void *user, int fd, int pid, const struct tc_channel_message *adopt);
	/* {"type": request}: one JSON value into `reply`. False: there is no such request. */
	bool (*request)(void *user, const char *request, struct tc_buf *reply);
};

/* 0; -EADDRINUSE: another server is there; -ENAMETOOLONG: of a path over 107 bytes; others as
 * bind(2) has them. */
int tc_control_create(struct tc_control **out, struct uv_loop_s *loop, const char *path,
		      const struct tc_control_events *events, void *user);
/* "We live": the socket's times tell the next server until when. Once a second or so. NULL-safe. */
void tc_control_touch(const struct tc_control *control);
/* Until when a server lived that used this path, ms since 1970; 0: none is known. */
int64_t tc_control_last_life(const char *path);
/* Frees on a later turn of the loop. The socket stays, for orbs to find it when it is served again.
 * NULL-safe. */
void tc_control_close(struct tc_control *control);

#endif
