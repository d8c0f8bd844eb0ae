/* mind/guess.h -- what somebody who called the orb by its name most likely asked for, where a
 * recognizer mistook a word or two: "ago much time is left". Pure.
 *
 * Only for words that are known to be meant for the orb: in free talk "time" and "left" are no
 * request.
 */
#ifndef TC_MIND_GUESS_H
#define TC_MIND_GUESS_H

#include "mind/intent.h"

#define TC_GUESS_ACT 0.60f /* do it */
#define TC_GUESS_ASK 0.45f /* ask whether that was meant; below: it was not understood */

struct tc_guess {
	enum tc_intent intent; /* NONE: nothing to go by */
	float confidence;      /* 0..1 */
};

/* `words` without the orb's name. A sentence that tc_intent_of() knows is certain. */
struct tc_guess tc_guess_of(const struct tc_words *words);
/* Is it something that the orb does for whoever asks, and not small talk? */
bool tc_guess_is_service(enum tc_intent intent);

#endif
