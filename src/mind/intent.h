/* mind/intent.h -- what a person wants of the orb, by patterns over their words. Pure. */
#ifndef TC_MIND_INTENT_H
#define TC_MIND_INTENT_H

#include "mind/words.h"

enum tc_intent {
	TC_INTENT_NONE, /* they are telling something: reflect it */
	TC_INTENT_DANGER,
	TC_INTENT_STOP,
	TC_INTENT_BREATHE,
	TC_INTENT_CONTINUE,
	TC_INTENT_TIME,
	TC_INTENT_REPEAT,
	TC_INTENT_HELP,
	TC_INTENT_WHO,
	TC_INTENT_HOW_ARE_YOU,
	TC_INTENT_HEAR_ME,
	TC_INTENT_GOODBYE,
	TC_INTENT_THANKS,
	TC_INTENT_HELLO,
	TC_INTENT_YES,
	TC_INTENT_NO,
};

/* `words` without the orb's name. */
enum tc_intent tc_intent_of(const struct tc_words *words);
/* A single word that takes the floor at once: stop, wait, quiet. */
bool tc_intent_interrupts(const struct tc_words *words);
const char *tc_intent_str(enum tc_intent intent);

#endif
