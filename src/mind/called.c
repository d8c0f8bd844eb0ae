// SPDX-License-Identifier: Apache-2.0
// Who calls the orb by its name is always answered, whatever the recognizer made of their words.
#include "mind/mind_priv.h"

#include <stdio.h>
#include <string.h>

#include "mind/clause.h"
#include "mind/vocabulary.h"

#define TO_ITS_ASKER "me|us|a|an|the|some|something|that|it|you"
#define HEARD_WORDS  8 /* of what was not understood, as many are given back */

static const char *did_you_ask(enum tc_intent intent)
{
	switch (intent) {
	case TC_INTENT_TIME:
		return "Did you ask for the time left?";
	case TC_INTENT_REPEAT:
		return "Shall I repeat what I said?";
	case TC_INTENT_BREATHE:
		return "Shall I guide a breathing exercise?";
	case TC_INTENT_HELP:
		return "Did you ask what I can do?";
	case TC_INTENT_HEAR_ME:
		return "Did you ask whether I hear you?";
	case TC_INTENT_CONTINUE:
		return "Shall I continue?";
	default:
		return NULL;
	}
}

/* They called the orb by name, and it was not understood what for: names what was heard, asks or
 * offers what there is. */
static void plan_not_caught(const struct tc_mind *mind, const struct tc_words *words,
			    const struct tc_guess *guess, struct tc_plan *out)
{
	const char *asks = did_you_ask(guess->intent);
	out->unclear = true;
	if (asks && guess->confidence >= TC_GUESS_ASK) {
		out->offers = guess->intent;
		snprintf(out->text, sizeof(out->text), "I did not quite catch that. %s", asks);
		return;
	}
	char heard[200];
	int count = words->count < HEARD_WORDS ? words->count : HEARD_WORDS;
	tc_words_join(words, 0, count, heard, sizeof(heard));
	if (tc_dialogue_unclear_lately(mind)) {
		snprintf(out->text, sizeof(out->text),
			 "I still did not catch that. This time I heard: %s. Could you say it in "
			 "other words?",
			 heard);
	} else {
		snprintf(out->text, sizeof(out->text),
			 "I did not quite catch that. I heard: %s. " TC_ABILITIES, heard);
	}
}

static bool asked_to_say_again(const struct tc_mind *mind, const struct tc_mind_person *person)
{
	return strcmp(mind->awaited, person->user_id) == 0 && mind->now < mind->awaited_until;
}

bool tc_called_follows_up(const struct tc_mind *mind, const struct tc_mind_person *person,
			  const struct tc_words *words)
{
	if (tc_breathing_offered(mind) && tc_breathing_answers(mind, person, words)) {
		return true;
	}
	if (!asked_to_say_again(mind, person)) {
		return false;
	}
	if (mind->awaited_all) {
		return true;
	}
	struct tc_guess guess = tc_guess_of(words);
	if (guess.intent == TC_INTENT_YES || guess.intent == TC_INTENT_NO) {
		return mind->offered != TC_INTENT_NONE;
	}
	/* They may have turned to the other person meanwhile. */
	return tc_guess_is_service(guess.intent) && guess.confidence >= TC_GUESS_ACT;
}

/* A coach who calls the orb wants something of it; half a sentence of theirs is no topic. */
static bool is_no_topic(const struct tc_mind_person *person, const struct tc_words *words)
{
	int from, to;
	tc_reflect_salient(words, &from, &to);
	return person->role == TC_MIND_COACH && tc_words_find(words, "^" TC_ASKING, NULL) < 0 &&
	       tc_clause_judge(words, from, to) != TC_CLAUSE_WHOLE;
}

/* "tell anna that she did well" is nothing of their own to give back. */
static bool is_message(const struct tc_words *words)
{
	int at;
	bool found =
		tc_words_find(words, "^tell|ask|remind", &at) == 0 ||
		tc_words_find(words, "^please|can|could|would|will tell|ask|remind", &at) == 0 ||
		tc_words_find(words, "^can|could|would|will you|please tell|ask|remind", &at) == 0;
	return found && at + 1 < words->count && !tc_word_in(words->at[at], TO_ITS_ASKER);
}

void tc_called_plan(const struct tc_mind *mind, const struct tc_mind_person *person,
		    const struct tc_words *words, float confidence, struct tc_plan *out)
{
	struct tc_guess guess = tc_guess_of(words);
	bool heard = confidence >= TC_NOT_CAUGHT;
	bool topic = guess.confidence < TC_GUESS_ASK && !is_no_topic(person, words);
	out->intent = TC_INTENT_NONE;
	if (heard && guess.confidence >= TC_GUESS_ACT) {
		out->intent = guess.intent;
		tc_dialogue_plan_intent(mind, person, words, confidence < TC_UNSURE, out);
	} else if (heard && is_message(words)) {
		snprintf(out->text, sizeof(out->text),
			 "I cannot pass that on; please say it yourself. " TC_ABILITIES);
	} else if (heard && topic) {
		tc_dialogue_reflect(mind, words, confidence < TC_UNSURE, out);
	}
	if (!out->text[0] && out->intent == TC_INTENT_NONE) {
		plan_not_caught(mind, words, &guess, out);
	}
}
