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
	void (*closed)(void *user);  /* the parent is gone; once */
	void (*drained)(void *user); /* what waited for a slow parent is written; may be NULL */
};

/* -ENOENT: nobody gave us a channel (NODE_CHANNEL_FD is not set); -EBADF, -ENOMEM. Takes the
 * descriptor. */
int tc_manager_link_create(struct tc_manager_link **out, struct tc_loop *loop,
			   const struct tc_manager_link_events *events, void *user);
/* Sends what tc_channel_put_*() wrote; empties `line`. NULL link: does nothing. */
void tc_manager_link_send(struct tc_manager_link *link, struct tc_buf *line);
/* Something waits to be written: `drained` or `closed` follows. NULL-safe. */
bool tc_manager_link_busy(const struct tc_manager_link *link);
void tc_manager_link_destroy(struct tc_manager_link *link);

#endif
