/* mind/reflect.h -- reflective listening: what a person said, given back in their own words with an
 * open question. Pure.
 */
#ifndef TC_MIND_REFLECT_H
#define TC_MIND_REFLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mind/words.h"

/* Which phrasing was used last, so that the next is another. */
struct tc_phrasing {
	int opener;
	int question;
	int kind;
};

/* What the person said, as seen from the orb: "i feel my boss" -> "you feel your boss". */
size_t tc_reflect_swap(const struct tc_words *words, int from, int to, char *out, size_t size);
/* Writes the reply; false (and ""): nothing in these words can be given back, they are a fragment.
 * `unsure`: the words are doubtful, so ask whether they are right. `pick` chooses among phrasings,
 * never one of `last`. */
bool tc_reflect(const struct tc_words *words, bool unsure, uint32_t pick,
		const struct tc_phrasing *last, struct tc_phrasing *used, char *out, size_t size);

#endif
