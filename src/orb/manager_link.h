/* orb/manager_link.h -- the orb's end of the channel to whoever started it (protocol.md section 3).
 *
 * A tricall manager or a Node parent: newline-delimited JSON on the inherited socket
 * NODE_CHANNEL_FD names. Writes never block the loop: what the parent does not take waits, up to 16
 * MiB. Thread: the loop's.
 */
#ifndef TC_ORB_MANAGER_LINK_H
#define TC_ORB_MANAGER_LINK_H

#include "base/buf.h"
#include "proto/channel.h"
#include "rtc/loop.h"

struct tc_manager_link;

struct tc_manager_link_events {
	void (*message)(void *user, const struct tc_channel_message *message); /* borrowed */
	void (*closed)(void *user);  /* the parent is gone; once for each that there was */
	void (*drained)(void *user); /* what waited for a slow parent is written; may be NULL */
	/* tc_manager_link_offer(): one took the connection, and this is what it is told first. */
	void (*introduce)(void *user, struct tc_buf *out);
	void (*given_up)(void *user); /* tc_manager_link_offer(): nobody took us */
};

/* -ENOENT: nobody gave us a channel (NODE_CHANNEL_FD is not set); -EBADF, -ENOMEM. Takes the
 * descriptor. */
/* 0, or -EBADF with one line that says what was expected. */
int tc_manager_link_check(char *why, size_t size);
int tc_manager_link_create(struct tc_manager_link **out, struct tc_loop *loop,
			   const struct tc_manager_link_events *events, void *user);
/* After `closed`: looks for another manager at a Unix socket, for window_ms. Each that lets us in
 * is introduced to; the first message of it ends the search, and the channel is whole again. 0;
 * -ENAMETOOLONG, -ENOMEM. */
int tc_manager_link_offer(struct tc_manager_link *link, const char *path, int64_t window_ms);
/* False from `closed` until a manager is found. NULL-safe. */
bool tc_manager_link_up(const struct tc_manager_link *link);
/* Sends what tc_channel_put_*() wrote; empties `line`. NULL link: does nothing. */
void tc_manager_link_send(struct tc_manager_link *link, struct tc_buf *line);
/* Something waits to be written: `drained` or `closed` follows. NULL-safe. */
bool tc_manager_link_busy(const struct tc_manager_link *link);
void tc_manager_link_destroy(struct tc_manager_link *link);

#endif
