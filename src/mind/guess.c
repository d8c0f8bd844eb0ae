// SPDX-License-Identifier: Apache-2.0
#include "mind/guess.h"

#include "base/assert.h"

/* A part counts once, however many of its words are there. Without the first there is no guess. */
#define FIRST  0.50f
#define SECOND 0.35f
#define THIRD  0.15f

struct row {
	enum tc_intent intent;
	int max_words; /* longer ones tell something */
	float first;   /* what the first part is worth */
	const char *parts[3];
	const char *unless;
};

/* Told of, or not wanted. */
#define TOLD                                                                                       \
	"not|don't|didn't|never|did|was|were|had|yesterday|always|tried|helped|told|without|hate|" \
	"no"

/* `lived`, `lift`, `life` are what PocketSphinx made of "left", `times` and `of` of "time". */
static const struct row rows[] = {
	{TC_INTENT_TIME,
	 12,
	 FIRST,
	 {"time|times|minutes|minute", "left|remaining|remain|remains|lived|lift|life|longer",
	  "much|many|how|have|what|more|any|enough"},
	 "spend|spent|waste|wasted|lost|first|last|every|" TOLD},
	{TC_INTENT_BREATHE,
	 10,
	 FIRST,
	 {"breathing|breathe|breath", "exercise|exercises|together|guide|do|start|try|through|us",
	  "can|could|please|let's|let|with"},
	 TOLD "|can't|cannot|couldn't"},
	{TC_INTENT_REPEAT, 8, 0.65f, {"repeat", "please|that|it|again", "can|could|would"}, TOLD},
	{TC_INTENT_REPEAT,
	 8,
	 FIRST,
	 {"again", "say|said|saying|tell|hear", "please|can|could|that|it"},
	 TOLD},
	{TC_INTENT_REPEAT, 8, 0.4f, {"said", "you", "what|please|just"}, TOLD},
	{TC_INTENT_STOP, 5, 0.65f, {"stop|quiet|silent|shush", "please|now", "be|it"}, TOLD},
	{TC_INTENT_HELP, 5, 0.65f, {"help", "can|could|please|need", "me|us|you"}, TOLD},
	{TC_INTENT_HEAR_ME, 6, FIRST, {"hear|hearing", "me|us", "can|could|do|you"}, TOLD},
	{TC_INTENT_CONTINUE, 5, 0.65f, {"continue|resume", "please", "can|could"}, TOLD},
};

static float score(const struct row *row, const struct tc_words *words)
{
	if (words->count > row->max_words || tc_words_have(words, row->unless) ||
	    !tc_words_have(words, row->parts[0])) {
		return 0;
	}
	float sum = row->first + SECOND * (float)tc_words_have(words, row->parts[1]) +
		    THIRD * (float)tc_words_have(words, row->parts[2]);
	return sum < 1.0f ? sum : 1.0f;
}

struct tc_guess tc_guess_of(const struct tc_words *words)
{
	struct tc_guess best = {tc_intent_of(words), 1.0f};
	if (best.intent != TC_INTENT_NONE) {
		return best;
	}
	best.confidence = 0;
	for (size_t i = 0; i < TC_COUNT(rows); i++) {
		float confidence = score(&rows[i], words);
		if (confidence > best.confidence) {
			best = (struct tc_guess){rows[i].intent, confidence};
		}
	}
	return best;
}

bool tc_guess_is_service(enum tc_intent intent)
{
	switch (intent) {
	case TC_INTENT_STOP:
	case TC_INTENT_BREATHE:
	case TC_INTENT_CONTINUE:
	case TC_INTENT_TIME:
	case TC_INTENT_REPEAT:
	case TC_INTENT_HELP:
	case TC_INTENT_WHO:
	case TC_INTENT_HEAR_ME:
		return true;
	default:
		return false;
	}
}
