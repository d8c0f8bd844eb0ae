// SPDX-License-Identifier: Apache-2.0
#include "mind/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void forget(struct tc_utterance *utterance)
{
	free(utterance->user_id);
	free(utterance->text);
}

void tc_memory_finish(struct tc_memory *memory)
{
	for (size_t i = 0; i < memory->count; i++) {
		forget(&memory->at[i]);
	}
	free(memory->at);
	*memory = (struct tc_memory){0};
}

static int make_room(struct tc_memory *memory)
{
	if (memory->count == TC_MEMORY_MAX) {
		forget(&memory->at[0]);
		memory->count--;
		memmove(memory->at, memory->at + 1, memory->count * sizeof(memory->at[0]));
		return 0;
	}
	if (memory->count < memory->room) {
		return 0;
	}
	size_t room = memory->room ? memory->room * 2 : 64;
	struct tc_utterance *at = realloc(memory->at, room * sizeof(*at));
	if (!at) {
		return -ENOMEM;
	}
	memory->at = at;
	memory->room = room;
	return 0;
}

int tc_memory_add(struct tc_memory *memory, const struct tc_utterance *utterance)
{
	int err = make_room(memory);
	if (err) {
		return err;
	}
	struct tc_utterance copy = *utterance;
	copy.user_id = strdup(utterance->user_id);
	copy.text = strdup(utterance->text);
	if (!copy.user_id || !copy.text) {
		forget(&copy);
		return -ENOMEM;
	}
	/* Finals of two people may come in another order than they spoke. */
	size_t at = memory->count;
	while (at > 0 && memory->at[at - 1].start_ms > copy.start_ms) {
		at--;
	}
	memmove(memory->at + at + 1, memory->at + at, (memory->count - at) * sizeof(copy));
	memory->at[at] = copy;
	memory->count++;
	return 0;
}

int tc_memory_add_said(struct tc_memory *memory, const struct tc_mind_said *said, int64_t began_ms)
{
	struct tc_utterance utterance = {
		.user_id = (char *)said->user_id, /* copied */
		.text = (char *)said->text,
		.start_ms = began_ms + said->start_ms,
		.end_ms = began_ms + said->end_ms,
		.confidence = 1, /* what it was nobody wrote down */
		.orb = said->orb,
		.client = !said->orb && said->role == TC_MIND_CLIENT,
	};
	return tc_memory_add(memory, &utterance);
}
