// SPDX-License-Identifier: Apache-2.0
#include "mind/intent.h"

#include "base/assert.h"

struct rule {
	enum tc_intent intent;
	int max_words; /* longer ones tell a story that only contains the phrase; 0: any length */
	const char *pattern;
};

/* The first match counts, so what is dangerous to miss stands first. */
static const struct rule rules[] = {
	{TC_INTENT_DANGER, 0, "kill|killing|hurt|hurting|harm|harming myself"},
	{TC_INTENT_DANGER, 0, "suicide|suicidal"},
	{TC_INTENT_DANGER, 0, "end my|it life|all"},
	{TC_INTENT_DANGER, 0, "want|wish to die"},
	{TC_INTENT_DANGER, 0, "not|don't want to live"},
	{TC_INTENT_STOP, 4, "^stop|quiet|enough|shush"},
	{TC_INTENT_STOP, 5, "^please|okay|ok|no stop|wait"},
	{TC_INTENT_STOP, 5, "stop|quiet|enough please|now|it|talking|that $"},
	{TC_INTENT_STOP, 5, "stop talking|it|that|the|this"},
	{TC_INTENT_STOP, 5, "be quiet|silent"},
	{TC_INTENT_STOP, 2, "^wait"},
	{TC_INTENT_BREATHE, 0, "breathing exercise"},
	{TC_INTENT_BREATHE, 12, "do|start|guide|try|let's|lets|another|some|want|like * breathing"},
	{TC_INTENT_BREATHE, 12, "breathe|breath with|together|exercise"},
	{TC_INTENT_BREATHE, 8, "help me * breathe|calm|relax"},
	{TC_INTENT_BREATHE, 5, "^can|could|let * breathe $"},
	{TC_INTENT_CONTINUE, 4, "continue|resume"},
	{TC_INTENT_CONTINUE, 4, "go|carry on"},
	{TC_INTENT_CONTINUE, 4, "keep going"},
	{TC_INTENT_TIME, 0, "time * left|remaining"},
	{TC_INTENT_TIME, 12, "minutes * left|remaining"},
	{TC_INTENT_TIME, 8, "how much|long longer|more * $"},
	{TC_INTENT_TIME, 9, "how long do|have|is|are|will * left|got|have"},
	{TC_INTENT_TIME, 6, "what time is it"},
	{TC_INTENT_REPEAT, 7, "repeat that|it|yourself|please|this"},
	{TC_INTENT_REPEAT, 2, "repeat"},
	{TC_INTENT_REPEAT, 7, "repeat the|your last|question|sentence|words"},
	{TC_INTENT_REPEAT, 7, "say that|it|this * again|more"},
	{TC_INTENT_REPEAT, 7, "what did you say|just"},
	{TC_INTENT_REPEAT, 7, "what was that"},
	{TC_INTENT_REPEAT, 4, "pardon"},
	{TC_INTENT_HELP, 8, "what can|do you do"},
	{TC_INTENT_HELP, 8, "what can i|we ask|say|do with|you"},
	{TC_INTENT_HELP, 8, "how can|do|could you help|work"},
	{TC_INTENT_HELP, 5, "^can|could|will|would you help|assist me|us $"},
	{TC_INTENT_HELP, 5, "i|we need help $"},
	{TC_INTENT_HELP, 3, "help"},
	{TC_INTENT_WHO, 6, "who|what are you $"},
	{TC_INTENT_WHO, 6, "what|what's * your name"},
	{TC_INTENT_HOW_ARE_YOU, 6, "how are you"},
	{TC_INTENT_GOODBYE, 6, "goodbye|bye"},
	{TC_INTENT_GOODBYE, 6, "good|have a|bye|night * night|bye|evening $"},
	{TC_INTENT_GOODBYE, 6, "see you"},
	{TC_INTENT_THANKS, 6, "thank you"},
	{TC_INTENT_THANKS, 6, "thanks"},
	{TC_INTENT_HELLO, 3, "^hello|hi|hey"},
	{TC_INTENT_HELLO, 4, "^good morning|afternoon|evening"},
	{TC_INTENT_YES, 4, "^yes|yeah|yep|sure|okay|ok|please|right|exactly $"},
	{TC_INTENT_YES, 4, "^yes|yeah|yep|sure|okay|ok please|right|sure|exactly|i"},
	{TC_INTENT_NO, 4, "^no|nope $"},
	{TC_INTENT_NO, 4, "^no thanks|thank|not|i|please"},
	{TC_INTENT_NO, 3, "^not really|now|today"},
};

enum tc_intent tc_intent_of(const struct tc_words *words)
{
	for (size_t i = 0; i < TC_COUNT(rules); i++) {
		const struct rule *rule = &rules[i];
		if ((!rule->max_words || words->count <= rule->max_words) &&
		    tc_words_find(words, rule->pattern, NULL) >= 0) {
			/* "I cannot breathe" asks for no exercise. */
			if (rule->intent == TC_INTENT_BREATHE &&
			    tc_words_find(words, "can't|cannot|couldn't|not breathe", NULL) >= 0) {
				continue;
			}
			return rule->intent;
		}
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
		[TC_INTENT_NONE] = "none",
		[TC_INTENT_DANGER] = "danger",
		[TC_INTENT_STOP] = "stop",
		[TC_INTENT_BREATHE] = "breathe",
		[TC_INTENT_CONTINUE] = "continue",
		[TC_INTENT_TIME] = "time",
		[TC_INTENT_REPEAT] = "repeat",
		[TC_INTENT_HELP] = "help",
		[TC_INTENT_WHO] = "who",
		[TC_INTENT_HOW_ARE_YOU] = "how-are-you",
		[TC_INTENT_GOODBYE] = "goodbye",
		[TC_INTENT_THANKS] = "thanks",
		[TC_INTENT_HELLO] = "hello",
		[TC_INTENT_YES] = "yes",
		[TC_INTENT_NO] = "no",
	};
	return names[intent];
}
