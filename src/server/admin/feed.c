// SPDX-License-Identifier: Apache-2.0
#include "server/admin/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/id.h"

#define BOOT_DIGITS 8

struct kept {
	uint64_t number; /* 0: empty */
	char event[32];
	char *json; /* owned */
	size_t len;
};

struct tc_feed_reader {
	struct tc_feed *feed; /* borrowed */
	void *reader;
	bool lost;
	LIST_ENTRY(tc_feed_reader) link;
};

struct tc_feed {
	tc_feed_write_fn write;
	LIST_HEAD(, tc_feed_reader) readers;
	size_t reader_count;
	char boot[BOOT_DIGITS + 1]; /* numbers begin anew with each process */
	uint64_t number;            /* of the newest */
	struct kept kept[TC_FEED_KEPT];
	struct tc_buf message; /* in the making */
};

int tc_feed_create(struct tc_feed **out, tc_feed_write_fn write)
{
	struct tc_feed *feed = calloc(1, sizeof(*feed));
	if (!feed) {
		return -ENOMEM;
	}
	feed->write = write;
	tc_id_random(feed->boot, BOOT_DIGITS);
	tc_buf_init(&feed->message);
	*out = feed;
	return 0;
}

void tc_feed_destroy(struct tc_feed *feed)
{
	if (!feed) {
		return;
	}
	for (size_t i = 0; i < TC_FEED_KEPT; i++) {
		free(feed->kept[i].json);
	}
	tc_buf_finish(&feed->message);
	free(feed);
}

/* number 0: it has none. */
static void compose(struct tc_feed *feed, uint64_t number, const char *event, const char *json,
		    size_t len)
{
	struct tc_buf *m = &feed->message;
	tc_buf_reset(m);
	if (number > 0) {
		tc_buf_putf(m, "id: %s-%" PRIu64 "\n", feed->boot, number);
	}
	tc_buf_putf(m, "event: %s\ndata: ", event);
	tc_buf_put(m, json, len);
	tc_buf_puts(m, "\n\n");
}

static void write_message(struct tc_feed_reader *reader)
{
	struct tc_buf *m = &reader->feed->message;
	if (!reader->lost && !m->err && reader->feed->write(reader->reader, m->data, m->len) < 0) {
		reader->lost = true;
	}
}

static void write_to_all(struct tc_feed *feed)
{
	struct tc_feed_reader *reader;
	LIST_FOREACH(reader, &feed->readers, link)
	{
		write_message(reader);
	}
}

static const struct kept *find_kept(const struct tc_feed *feed, uint64_t number)
{
	const struct kept *kept = &feed->kept[number % TC_FEED_KEPT];
	return number > 0 && kept->number == number ? kept : NULL;
}

/* False: an id of another process, or what came after it is no longer known. */
static bool replay(struct tc_feed_reader *reader, const char *last_id)
{
	struct tc_feed *feed = reader->feed;
	char *end = NULL;
	if (strncmp(last_id, feed->boot, BOOT_DIGITS) != 0 || last_id[BOOT_DIGITS] != '-') {
		return false;
	}
	errno = 0;
	uint64_t last = strtoull(last_id + BOOT_DIGITS + 1, &end, 10);
	if (*end || errno || last > feed->number ||
	    (last < feed->number && !find_kept(feed, last + 1))) {
		return false;
	}
	for (uint64_t n = last + 1; n <= feed->number; n++) {
		const struct kept *kept = find_kept(feed, n);
		compose(feed, n, kept->event, kept->json, kept->len);
		write_message(reader);
	}
	return true;
}

int tc_feed_attach(struct tc_feed *feed, struct tc_feed_reader **out, void *conn,
		   const char *last_id, bool *missed)
{
	struct tc_feed_reader *reader = NULL;
	if (feed->reader_count >= TC_FEED_READERS_MAX) {
		return -ENOBUFS;
	}
	reader = calloc(1, sizeof(*reader));
	if (!reader) {
		return -ENOMEM;
	}
	reader->feed = feed;
	reader->reader = conn;
	LIST_INSERT_HEAD(&feed->readers, reader, link);
	feed->reader_count++;
	tc_buf_reset(&feed->message);
	tc_buf_putf(&feed->message, "retry: %d\n\n", TC_FEED_RETRY_MS);
	write_message(reader);
	*missed = last_id && replay(reader, last_id);
	*out = reader;
	return 0;
}

void tc_feed_detach(struct tc_feed_reader *reader)
{
	if (reader) {
		LIST_REMOVE(reader, link);
		reader->feed->reader_count--;
		free(reader);
	}
}

size_t tc_feed_readers(const struct tc_feed *feed)
{
	return feed->reader_count;
}

void tc_feed_tell(struct tc_feed_reader *reader, const char *event, const char *json, size_t len)
{
	compose(reader->feed, 0, event, json, len);
	write_message(reader);
}

void tc_feed_send(struct tc_feed *feed, const char *event, const char *json, size_t len)
{
	compose(feed, 0, event, json, len);
	write_to_all(feed);
}

void tc_feed_publish(struct tc_feed *feed, const char *event, const char *json, size_t len)
{
	struct kept *kept = &feed->kept[(feed->number + 1) % TC_FEED_KEPT];
	char *copy = malloc(len);
	if (!copy) { /* who comes back later is told everything, as the number is not there */
		feed->number++;
		compose(feed, feed->number, event, json, len);
		write_to_all(feed);
		return;
	}
	memcpy(copy, json, len);
	free(kept->json);
	*kept = (struct kept){.number = ++feed->number, .json = copy, .len = len};
	snprintf(kept->event, sizeof(kept->event), "%s", event);
	compose(feed, kept->number, event, json, len);
	write_to_all(feed);
}

void tc_feed_beat(struct tc_feed *feed)
{
	tc_buf_reset(&feed->message);
	tc_buf_puts(&feed->message, ":\n\n");
	write_to_all(feed);
}

const char *tc_feed_kept(const struct tc_feed *feed, size_t index, size_t *len)
{
	const struct kept *kept =
		index < feed->number ? find_kept(feed, feed->number - index) : NULL;
	*len = kept ? kept->len : 0;
	return kept ? kept->json : NULL;
}
