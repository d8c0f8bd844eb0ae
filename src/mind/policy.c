// SPDX-License-Identifier: Apache-2.0
#include "mind/policy.h"

#include <string.h>

enum rule {
	NEVER,
	IF_CALLED,          /* by name */
	IF_CALLED_OR_ALONE, /* or with nobody else to talk to */
	ALWAYS,
};

static const enum rule rules[][2] = {
	/*                    coach               client */
	[TC_MIND_ACTIVE] = {IF_CALLED_OR_ALONE, ALWAYS},
	[TC_MIND_ON_CALL] = {IF_CALLED, IF_CALLED},
	[TC_MIND_SILENT] = {NEVER, NEVER},
};

#define GREETING "hey|hello|hi|okay|ok|thanks|please|dear|so|and|well|yes|no|listen"
#define ASKING                                                                                  \
	"can|could|what|please|help|how|do|does|tell|stop|would|will|are|you|repeat|say|let's|" \
	"give|guide|i|we|start|continue|who|why|thank|when|is|be"

bool tc_policy_answers(enum tc_mind_mode mode, enum tc_mind_role role, bool alone, bool addressed)
{
	switch (rules[mode][role]) {
	case NEVER:
		return false;
	case IF_CALLED:
		return addressed;
	case IF_CALLED_OR_ALONE:
		return addressed || alone;
	case ALWAYS:
		return true;
	}
	return false;
}

bool tc_policy_addressed(const struct tc_words *words, const char *orb_name, int *from, int *to)
{
	for (int i = 0; i < words->count; i++) {
		if (strcmp(words->at[i], orb_name) != 0) {
			continue;
		}
		bool greeted = i > 0 && tc_word_in(words->at[i - 1], GREETING);
		bool first = i == 0 && (words->count == 1 || tc_word_in(words->at[1], ASKING));
		bool last = i > 0 && i == words->count - 1 &&
			    !tc_word_in(words->at[i - 1], "the|an|a|this|that|our|my|your");
		if (!greeted && !first && !last) {
			continue;
		}
		if (from) {
			*from = i - greeted;
			*to = i + 1;
		}
		return true;
	}
	return false;
}
