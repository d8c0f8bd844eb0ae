/* server/admin/feed.h -- server-sent events (HTML, section 9.2): who listens, and what they missed.
 *
 * Knows no socket: `write` reaches a reader. What is published has an id and is kept for readers
 * that come back with it (Last-Event-ID); the rest is for who is here. Thread: the loop's.
 */
#ifndef TC_SERVER_ADMIN_FEED_H
#define TC_SERVER_ADMIN_FEED_H

#include <stdbool.h>
#include <stddef.h>

struct tc_feed;
struct tc_feed_reader;

#define TC_FEED_KEPT        256
#define TC_FEED_READERS_MAX 32
#define TC_FEED_RETRY_MS    2000 /* what browsers wait before they come back */

/* Must not call back into the feed. Negative: the reader is lost, nothing more is written to it;
 * its owner detaches it later. */
typedef int (*tc_feed_write_fn)(void *reader, const char *data, size_t len);

int tc_feed_create(struct tc_feed **out, tc_feed_write_fn write);
void tc_feed_destroy(struct tc_feed *feed); /* after all readers. NULL-safe */

/* last_id: of its Last-Event-ID header; NULL: none. *missed: what it missed was written to it; else
 * it needs to be told everything. -ENOBUFS: too many readers; -ENOMEM. */
int tc_feed_attach(struct tc_feed *feed, struct tc_feed_reader **out, void *reader,
		   const char *last_id, bool *missed);
void tc_feed_detach(struct tc_feed_reader *reader); /* NULL-safe */
size_t tc_feed_readers(const struct tc_feed *feed);

/* json: one line. To one, to all, to all and kept. */
void tc_feed_tell(struct tc_feed_reader *reader, const char *event, const char *json, size_t len);
void tc_feed_send(struct tc_feed *feed, const char *event, const char *json, size_t len);
void tc_feed_publish(struct tc_feed *feed, const char *event, const char *json, size_t len);
/* A comment: keeps the connection open in proxies, and finds out who is gone. */
void tc_feed_beat(struct tc_feed *feed);
/* The json of what is kept, the newest first (index 0); NULL: no more. */
const char *tc_feed_kept(const struct tc_feed *feed, size_t index, size_t *len);

#endif
