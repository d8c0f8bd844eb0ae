/* mind/endpointing.h -- how long a silence must last before a turn is over. Pure.
 *
 * From the language model's probability that a sentence ends here: where it sounds finished 300 ms
 * are enough, in the middle of a thought 700 are waited (docs/adr: measured cut-off rates).
 */
#ifndef TC_MIND_ENDPOINTING_H
#define TC_MIND_ENDPOINTING_H

#include <stdbool.h>

#include "mind/words.h"

#define TC_ENDPOINT_SPECULATE_MS                                        \
	200 /* the words are final by now (p97 160 ms): plan the answer \
	     */
#define TC_ENDPOINT_FLOOR_MS 200
#define TC_ENDPOINT_CAP_MS   900

struct tc_endpoint_input {
	const struct tc_words *words; /* of the newest partial */
	float end_score;              /* log10 P(sentence end | last two words) */
	int stable_ms;                /* how long the words have not changed */
	bool to_orb;                  /* addressed by name, or alone with it */
};

/* Milliseconds of silence after which this turn is over. */
int tc_endpoint_required_ms(const struct tc_endpoint_input *input);
/* "mhm", "yeah": heard, but nobody wants the floor with it. */
bool tc_endpoint_is_backchannel(const struct tc_words *words);

#endif
