/* mind/memory.h -- the session's timeline: who said what, when. Bounded. Thread: home. */
#ifndef TC_MIND_MEMORY_H
#define TC_MIND_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mind/mind.h"

#define TC_MEMORY_MAX 8192 /* utterances; a full two hours have about 3000. Then the oldest go */

struct tc_utterance {
	char *user_id; /* owned */
	char *text;    /* owned */
	int64_t start_ms, end_ms;
	float confidence;
	bool orb;
	bool client;
	bool cut; /* it was interrupted: text is what was heard of it */
};

struct tc_memory {
	struct tc_utterance *at; /* owned; by start of what was added */
	size_t count, room;
};

void tc_memory_finish(struct tc_memory *memory);
/* Copies the strings. -ENOMEM: nothing was added. */
int tc_memory_add(struct tc_memory *memory, const struct tc_utterance *utterance);
/* began_ms: what its times count from, as the memory's times do. -ENOMEM */
int tc_memory_add_said(struct tc_memory *memory, const struct tc_mind_said *said, int64_t began_ms);

#endif
