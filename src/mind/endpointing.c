// SPDX-License-Identifier: Apache-2.0
#include "mind/endpointing.h"

/* Who ends on one of these has not finished, whatever the model thinks of the grammar. */
#define TRAILING    "and|but|so|because|or|the|a|an|to|my|your|um|uh|of|then|very|really"
#define BACKCHANNEL "yes|yeah|yep|okay|ok|mm|mhm|hm|hmm|uh|huh|uhhuh|um|right|sure|ah|oh|aha"
#define ASKING                                                                              \
	"what|why|how|when|where|who|which|can|could|would|will|do|does|did|is|are|should|" \
	"may|tell"

#define NO_WORDS_MS 700 /* breath or noise: there may be words coming */
#define CHANGING_MS 60  /* the recognizer is still at work on the last word */

int tc_endpoint_required_ms(const struct tc_endpoint_input *input)
{
	const struct tc_words *words = input->words;
	if (!words->count) {
		return NO_WORDS_MS;
	}
	int ms = input->end_score > -0.8f ? 300 : input->end_score > -1.5f ? 500 : 700;
	if (tc_word_in(words->at[words->count - 1], TRAILING)) {
		ms += 300;
	} else if (input->to_orb && tc_words_find(words, "^" ASKING, NULL) >= 0) {
		ms -= 100;
	}
	if (input->stable_ms < CHANGING_MS && ms < 400) {
		ms = 400;
	}
	return ms < TC_ENDPOINT_FLOOR_MS ? TC_ENDPOINT_FLOOR_MS
	       : ms > TC_ENDPOINT_CAP_MS ? TC_ENDPOINT_CAP_MS
					 : ms;
}

bool tc_endpoint_is_backchannel(const struct tc_words *words)
{
	return words->count <= 3 && tc_words_all_in(words, BACKCHANNEL);
}
