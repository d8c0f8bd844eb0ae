// SPDX-License-Identifier: Apache-2.0
/* The channel's lines: bytes in, objects out. */
#include "proto/channel.h"

#include <string.h>

/* A line buffer that grew beyond this is given back after its line. */
#define KEEP_BYTES (64u * 1024)

void tc_channel_framer_init(struct tc_channel_framer *framer,
			    const struct tc_channel_events *events, void *user)
{
	*framer = (struct tc_channel_framer){.events = events, .user = user};
	tc_buf_init(&framer->half);
}

void tc_channel_framer_finish(struct tc_channel_framer *framer)
{
	tc_buf_finish(&framer->half);
	framer->skipped = 0;
}

static void drop(struct tc_channel_framer *framer, const char *why, size_t len)
{
	if (framer->events->dropped) {
		framer->events->dropped(framer->user, why, len);
	}
}

/* Node's internal messages: passing of handles, the debugger. Node never writes the prefix with
 * escapes, so it is compared as it stands. */
static bool is_node_internal(struct tc_json object)
{
	static const char prefix[] = "\"NODE_";
	struct tc_json cmd;
	return tc_json_get(object, "cmd", &cmd) && cmd.len >= sizeof(prefix) &&
	       memcmp(cmd.at, prefix, sizeof(prefix) - 1) == 0;
}

static void take_line(struct tc_channel_framer *framer, const char *line, size_t len)
{
	struct tc_json value;
	if (tc_json_parse(&value, line, len, NULL) || tc_json_type(value) != TC_JSON_OBJECT) {
		drop(framer, "no JSON object", len);
	} else if (!is_node_internal(value) && framer->events->object) {
		framer->events->object(framer->user, value);
	}
}

/* More of a line whose end has not come. */
static void keep_half(struct tc_channel_framer *framer, const char *data, size_t len)
{
	if (framer->skipped) {
		framer->skipped += len;
		return;
	}
	size_t so_far = framer->half.len + len;
	if (so_far <= TC_CHANNEL_MAX_LINE) {
		tc_buf_put(&framer->half, data, len);
	}
	if (so_far > TC_CHANNEL_MAX_LINE || framer->half.err) {
		framer->skipped = so_far;
		tc_buf_finish(&framer->half);
	}
}

static void end_line(struct tc_channel_framer *framer, const char *data, size_t len)
{
	if (framer->half.len == 0 && !framer->skipped && len <= TC_CHANNEL_MAX_LINE) {
		take_line(framer, data, len); /* whole in one read: nothing is copied */
		return;
	}
	keep_half(framer, data, len);
	if (framer->skipped) {
		bool large = framer->skipped > TC_CHANNEL_MAX_LINE;
		drop(framer, large ? "longer than 8 MiB" : "out of memory", framer->skipped);
		framer->skipped = 0;
		return;
	}
	take_line(framer, framer->half.data, framer->half.len);
	if (framer->half.cap > KEEP_BYTES) {
		tc_buf_finish(&framer->half);
	} else {
		tc_buf_reset(&framer->half);
	}
}

void tc_channel_framer_push(struct tc_channel_framer *framer, const void *data, size_t len)
{
	const char *at = data;
	const char *end = at + len;
	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline) {
			keep_half(framer, at, (size_t)(end - at));
			return;
		}
		end_line(framer, at, (size_t)(newline - at));
		at = newline + 1;
	}
}
