// SPDX-License-Identifier: Apache-2.0
#include "mind/intent.h"

#include "base/assert.h"

struct rule {
	enum tc_intent intent;
	int max_words; /* longer ones tell a story that only contains the phrase; 0: any length */
	const char *pattern;
	const char *unless; /* none of these words; NULL: whatever there is */
};

/* Told of, or not wanted. */
#define TOLD                                                                                  \
	"not|don't|didn't|never|did|was|were|had|yesterday|last|tried|helped|said|says|told|" \
	"without|"                                                                            \
	"always|hate"
/* Asked like this, it is meant, however much is said around it. */
#define GUIDE "guide|lead|take|do|start|begin|try * breathing"
/* Before a request. */
#define PLEASE "please|okay|ok|yes|yeah|well|sorry|so|and|can|could|would|will|orb|now"

/* The first match counts, so what is dangerous to miss stands first. A recognizer drops and
 * mistakes words: an intent needs enough of its own, mostly at the beginning or the end. */
static const struct rule rules[] = {
	{TC_INTENT_DANGER, 0, "kill|killing|hurt|hurting|harm|harming myself", NULL},
	{TC_INTENT_DANGER, 0, "suicide|suicidal", NULL},
	{TC_INTENT_DANGER, 0, "end my|it life|all", NULL},
	{TC_INTENT_DANGER, 0, "want|wish to die", NULL},
	{TC_INTENT_DANGER, 0, "not|don't want to live", NULL},
	{TC_INTENT_STOP, 3, "^stop|shush", NULL},
	{TC_INTENT_STOP, 4, "^stop it|that|talking|please|now|the", NULL},
	{TC_INTENT_STOP, 2, "^quiet|enough", NULL},
	{TC_INTENT_STOP, 5, "^please|okay|ok|no stop|wait", NULL},
	{TC_INTENT_STOP, 5, "stop|quiet|enough please|now|it|talking|that $", TOLD},
	{TC_INTENT_STOP, 5, "stop talking", TOLD},
	{TC_INTENT_STOP, 5, "be quiet|silent", TOLD},
	{TC_INTENT_STOP, 2, "^wait", NULL},
	{TC_INTENT_BREATHE, 12, "breathing exercise", TOLD},
	{TC_INTENT_BREATHE, 0, "^i|we want|need to " GUIDE, NULL},
	{TC_INTENT_BREATHE, 0, "^i|we want|need you to " GUIDE, NULL},
	{TC_INTENT_BREATHE, 0, "^i|we would like you to " GUIDE, NULL},
	{TC_INTENT_BREATHE, 0, "^i|we would like to " GUIDE, NULL},
	{TC_INTENT_BREATHE, 0, "^i'd|we'd like you to " GUIDE, NULL},
	{TC_INTENT_BREATHE, 0, "^i'd|we'd like to " GUIDE, NULL},
	{TC_INTENT_BREATHE, 0, "^can|could|would|will|please you|we|please " GUIDE, NULL},
	{TC_INTENT_BREATHE, 0, "^" PLEASE " can|could|would|will you|we|please " GUIDE, NULL},
	{TC_INTENT_BREATHE, 0, "^please|let's|lets " GUIDE, NULL},
	{TC_INTENT_BREATHE, 0, "^can|could|would|will you please " GUIDE, NULL},
	{TC_INTENT_BREATHE, 0, "^guide|lead|start|begin * breathing", NULL},
	{TC_INTENT_BREATHE, 12, "do|start|guide|try|let's|lets|another|some|want|like * breathing",
	 TOLD},
	{TC_INTENT_BREATHE, 12, "breathe|breath with|together|exercise", TOLD},
	{TC_INTENT_BREATHE, 8, "help me * breathe|calm|relax", TOLD},
	{TC_INTENT_BREATHE, 5, "^can|could|let * breathe $", TOLD},
	{TC_INTENT_CONTINUE, 4, "^continue|resume", NULL},
	{TC_INTENT_CONTINUE, 5, "^" PLEASE "|let|let's|lets|we * continue|resume", TOLD},
	{TC_INTENT_CONTINUE, 4, "^go|carry on", NULL},
	{TC_INTENT_CONTINUE, 5, "^" PLEASE "|let|let's|lets * go|carry on $", TOLD},
	{TC_INTENT_CONTINUE, 4, "^keep going", NULL},
	{TC_INTENT_CONTINUE, 5, "^" PLEASE "|let|let's|lets * keep going $", TOLD},
	{TC_INTENT_TIME, 10, "how much time is|left|remaining", "spend|spent|waste|wasted|lost"},
	{TC_INTENT_TIME, 7, "how much|many time|minutes * do|have we|i|left", "spend|spent|need"},
	{TC_INTENT_TIME, 4, "much time is|left $", NULL}, /* the first or last word was lost */
	{TC_INTENT_TIME, 3, "^much|how time $", NULL},
	{TC_INTENT_TIME, 5, "much time is left|that|it $", NULL},
	{TC_INTENT_TIME, 9, "what|much|any|more|enough time * left|remaining $", "was|had"},
	{TC_INTENT_TIME, 6, "time left|remaining $", "was|had|first|last"},
	{TC_INTENT_TIME, 10, "many minutes * left|remaining|have", "was|had"},
	{TC_INTENT_TIME, 4, "minutes left|remaining $", "was|had|first|last"},
	{TC_INTENT_TIME, 8, "how much|long longer|more * $", NULL},
	{TC_INTENT_TIME, 8, "how long do|have|is|are|will we|i|the|this * left|got|have|go", NULL},
	{TC_INTENT_TIME, 6, "what time is it", NULL},
	{TC_INTENT_TIME, 5, "^is the|our|this time|session|hour up|over $", NULL},
	{TC_INTENT_TIME, 3, "^is time up|over $", NULL},
	{TC_INTENT_REPEAT, 5, "^repeat that|it|yourself|please|this|the|your", NULL},
	{TC_INTENT_REPEAT, 2, "^repeat", NULL},
	{TC_INTENT_REPEAT, 7, "^" PLEASE "|you * repeat", TOLD},
	{TC_INTENT_REPEAT, 7, "^say that|it|this * again|more", NULL},
	{TC_INTENT_REPEAT, 8, "^" PLEASE "|you * say that|it|this * again|more", TOLD},
	{TC_INTENT_REPEAT, 7, "what did you say|just", NULL},
	{TC_INTENT_REPEAT, 4, "what was that $", NULL},
	{TC_INTENT_REPEAT, 3, "pardon", NULL},
	{TC_INTENT_HELP, 6, "what can|do you do", "when"},
	{TC_INTENT_HELP, 8, "what can i|we ask|say|do with|you", NULL},
	{TC_INTENT_HELP, 8, "^which|what exercise|exercises * do|can|have|could you|we|i", NULL},
	{TC_INTENT_HELP, 7, "how can|do|could you help|work", NULL},
	{TC_INTENT_HELP, 5, "^can|could|will|would you help|assist me|us|was|as $", NULL},
	{TC_INTENT_HELP, 4, "^" PLEASE "|i|we need help $", NULL},
	{TC_INTENT_HELP, 4, "i|we need help $", TOLD},
	{TC_INTENT_HELP, 2, "^" PLEASE " help $", NULL},
	{TC_INTENT_HELP, 1, "help", NULL},
	{TC_INTENT_HELP, 3, "^help me|us $", NULL},
	{TC_INTENT_HELP, 3, "^help me|us please|now $", NULL},
	{TC_INTENT_WHO, 6, "who|what are you $", NULL},
	{TC_INTENT_WHO, 6, "what|what's * your name", NULL},
	{TC_INTENT_HOW_ARE_YOU, 6, "how are you", TOLD},
	{TC_INTENT_HEAR_ME, 6, "can|do|could you hear|understand me|us|this", NULL},
	{TC_INTENT_HEAR_ME, 4, "^are you there|listening|awake $", NULL},
	{TC_INTENT_GOODBYE, 6, "^goodbye|bye", NULL},
	{TC_INTENT_GOODBYE, 4, "goodbye|bye $", TOLD},
	{TC_INTENT_GOODBYE, 3, "^good night|bye", NULL},
	{TC_INTENT_GOODBYE, 6, "good|have a|bye|night * night|bye|evening $", TOLD},
	{TC_INTENT_GOODBYE, 5, "^see you", NULL},
	{TC_INTENT_GOODBYE, 5, "^okay|ok|well|bye see you", NULL},
	{TC_INTENT_THANKS, 6, "^thank you", NULL},
	{TC_INTENT_THANKS, 6, "^thanks", "to"},
	{TC_INTENT_THANKS, 6, "thank you * $", TOLD},
	{TC_INTENT_THANKS, 6, "thanks $", TOLD},
	{TC_INTENT_HELLO, 2, "^hello|hi|hey", NULL},
	{TC_INTENT_HELLO, 3, "^hello|hi|hey there|again|everybody|everyone|good|to", NULL},
	{TC_INTENT_HELLO, 4, "^good morning|afternoon|evening", NULL},
	{TC_INTENT_YES, 4, "^yes|yeah|yep|sure|okay|ok|please|right|exactly $", NULL},
	{TC_INTENT_YES, 4, "^yes|yeah|yep|sure|okay|ok please|right|sure|exactly", NULL},
	{TC_INTENT_YES, 4, "^yes|yeah|yep|sure i do|am|would|can|did|have|think * $", "not|feel"},
	{TC_INTENT_NO, 4, "^no|nope $", NULL},
	{TC_INTENT_NO, 4, "^no thanks|thank|not|please", NULL},
	{TC_INTENT_NO, 4, "^no i don't|can't|didn't|wouldn't|won't|haven't * $", NULL},
	{TC_INTENT_NO, 3, "^not really|now|today", NULL},
};

enum tc_intent tc_intent_of(const struct tc_words *words)
{
	for (size_t i = 0; i < TC_COUNT(rules); i++) {
		const struct rule *rule = &rules[i];
		if ((rule->max_words && words->count > rule->max_words) ||
		    (rule->unless && tc_words_have(words, rule->unless)) ||
		    tc_words_find(words, rule->pattern, NULL) < 0) {
			continue;
		}
		/* "I cannot breathe" asks for no exercise. */
		if (rule->intent == TC_INTENT_BREATHE &&
		    tc_words_find(words, "can't|cannot|couldn't|not breathe", NULL) >= 0) {
			continue;
		}
		return rule->intent;
	}
	return TC_INTENT_NONE;
}

bool tc_intent_interrupts(const struct tc_words *words)
{
	return tc_words_have(words, "stop|wait|quiet|enough|shush");
}

const char *tc_intent_str(enum tc_intent intent)
{
	static const char *const names[] = {
		[TC_INTENT_NONE] = "none",         [TC_INTENT_DANGER] = "danger",
		[TC_INTENT_STOP] = "stop",         [TC_INTENT_BREATHE] = "breathe",
		[TC_INTENT_CONTINUE] = "continue", [TC_INTENT_TIME] = "time",
		[TC_INTENT_REPEAT] = "repeat",     [TC_INTENT_HELP] = "help",
		[TC_INTENT_WHO] = "who",           [TC_INTENT_HOW_ARE_YOU] = "how-are-you",
		[TC_INTENT_HEAR_ME] = "hear-me",   [TC_INTENT_GOODBYE] = "goodbye",
		[TC_INTENT_THANKS] = "thanks",     [TC_INTENT_HELLO] = "hello",
		[TC_INTENT_YES] = "yes",           [TC_INTENT_NO] = "no",
	};
	return names[intent];
}
