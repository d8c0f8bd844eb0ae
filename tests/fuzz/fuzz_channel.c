// SPDX-License-Identifier: Apache-2.0
/* The first byte says in what pieces the rest arrives: the same messages must come out of any. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/channel.h"

struct seen {
	size_t objects, dropped;
};

static void on_object(void *user, struct tc_json object)
{
	struct seen *seen = user;
	struct tc_channel_message message;
	const char *field = NULL;
	seen->objects++;
	if (tc_channel_parse(&message, object, &field)) {
		if (!field) {
			abort();
		}
		return;
	}
	struct tc_json_iter it = tc_json_iter(message.utterances);
	struct tc_channel_utterance utterance;
	while (tc_json_next(&it)) {
		if (!tc_channel_utterance_parse(&utterance, it.value)) {
			tc_channel_utterance_finish(&utterance);
		}
	}
	if (!tc_channel_utterance_parse(&utterance, object)) {
		tc_channel_utterance_finish(&utterance);
	}
}

static void on_dropped(void *user, const char *why, size_t len)
{
	((struct seen *)user)->dropped++;
}

static struct seen run(const uint8_t *data, size_t size, size_t piece)
{
	static const struct tc_channel_events events = {on_object, on_dropped};
	struct seen seen = {0};
	struct tc_channel_framer framer;
	tc_channel_framer_init(&framer, &events, &seen);
	while (size > 0) {
		size_t n = piece < size ? piece : size;
		tc_channel_framer_push(&framer, data, n);
		data += n;
		size -= n;
	}
	tc_channel_framer_finish(&framer);
	return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2) {
		return 0;
	}
	struct seen whole = run(data + 1, size - 1, size);
	struct seen pieces = run(data + 1, size - 1, (size_t)data[0] % 31 + 1);
	if (whole.objects != pieces.objects || whole.dropped != pieces.dropped) {
		abort();
	}
	return 0;
}
