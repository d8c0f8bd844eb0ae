// SPDX-License-Identifier: Apache-2.0
// What the orb says: small plays for what people ask of it, reflective listening for all else.
#include "mind/mind_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "mind/vocabulary.h"

#define UNCLEAR_EVERY 20000 /* saying it the same way more often would annoy */
#define SAY_AGAIN_MS  10000 /* who was asked to say it again need not call the orb anew */
#define ANSWER_WINDOW 12000 /* a "yes" this long after a question answers it */
#define MINUTE        60000

static const char *const unclear_texts[] = {
	"Sorry, I did not catch that. Could you say it again?",
	"I could not understand that. Could you say it once more?",
	"That was not clear to me. Would you say it in other words?",
};
static const char *const still_unclear_texts[] = {
	"I am still not sure what you said. Take your time, and try other words.",
	"That did not reach me either. Please go on; I will keep listening.",
	"I missed that as well. Perhaps say it a little more slowly?",
};
static const char *const open_texts[] = {
	"Please go on. What else is on your mind?",
	"Take your time. What matters most right now?",
	"I am listening. Where would you like to begin?",
};
static const char *const thanks_texts[] = {
	"You are welcome. Is there anything else on your mind?",
	"Gladly. I am here if you need me.",
	"You are welcome. Take your time.",
};
static const char *const hello_texts[] = {
	"Hello%s. What would you like to talk about?",
	"Hi%s, good to hear you. What is on your mind today?",
	"Hello%s. How are you feeling right now?",
};
static const char *const yes_texts[] = {
	"All right. Tell me more.",
	"Good. What comes to mind first?",
	"Okay. Where would you like to begin?",
};
static const char *const no_texts[] = {
	"All right. What would you rather talk about?",
	"That is fine. What would be more helpful?",
	"Okay. We leave it at that.",
};

/* To words of one person to the other, who are "you" to each other. */
static const char *const between_texts[] = {
	"How is it for you to say that?",
	"What would you like to come of that?",
	"What matters most to you about that?",
};

static const char *pick(const struct tc_mind *mind, const char *const *texts, size_t count)
{
	const char *text = texts[(mind->seed + mind->replies) % count];
	/* Not the same twice in a row: formats with a name compare by their beginning. */
	if (strncmp(text, mind->last_said, 8) == 0) {
		text = texts[(mind->seed + mind->replies + 1) % count];
	}
	return text;
}

static void plan_text(struct tc_plan *out, const char *text)
{
	snprintf(out->text, sizeof(out->text), "%s", text);
}

static void plan_time(const struct tc_mind *mind, struct tc_plan *out)
{
	long gone = (long)((mind->now - mind->began_ms) / MINUTE);
	if (!mind->session_end_ms && !gone) {
		plan_text(out, "This session has no fixed end, and we have only just begun.");
		return;
	}
	if (!mind->session_end_ms) {
		snprintf(out->text, sizeof(out->text),
			 "This session has no fixed end. We have been talking for %ld minute%s.",
			 gone, gone == 1 ? "" : "s");
		return;
	}
	int64_t left = mind->session_end_ms - mind->now;
	long minutes = (long)((left + MINUTE / 2) / MINUTE);
	if (left <= 0) {
		plan_text(out, "Our time is up. You may still finish your thought.");
	} else if (minutes <= 1) {
		plan_text(out, "We have about one minute left.");
	} else {
		snprintf(out->text, sizeof(out->text), "We have about %ld minutes left.", minutes);
	}
}

void tc_dialogue_refresh(const struct tc_mind *mind, struct tc_plan *plan)
{
	if (plan->intent == TC_INTENT_TIME) {
		plan_time(mind, plan);
	}
}

static void plan_repeat(const struct tc_mind *mind, struct tc_plan *out)
{
	if (!mind->last_said[0]) {
		plan_text(out, "I have not said anything yet.");
	} else if (strncmp(mind->last_said, "I said: ", 8) == 0) {
		plan_text(out, mind->last_said);
	} else {
		snprintf(out->text, sizeof(out->text), "I said: %.900s", mind->last_said);
	}
}

static void plan_stop(const struct tc_mind *mind, struct tc_plan *out)
{
	if (mind->breath_step >= 0 && !mind->breath_stopped) {
		plan_text(out, "Okay, we stop here. Say continue if you want to go on with it.");
	} /* else silence is the answer */
}

bool tc_dialogue_just_asked(const struct tc_mind *mind)
{
	return mind->asked && mind->now - mind->asked_at < ANSWER_WINDOW;
}

static void greet(const struct tc_mind *mind, const struct tc_mind_person *person,
		  struct tc_plan *out)
{
	char name[TC_MIND_NAME + 2] = "";
	if (person && person->name[0]) {
		snprintf(name, sizeof(name), " %.*s", (int)strcspn(person->name, " "),
			 person->name);
	}
	const char *text = pick(mind, hello_texts, TC_COUNT(hello_texts));
	const char *hole = strstr(text, "%s");
	snprintf(out->text, sizeof(out->text), "%.*s%s%s", (int)(hole - text), text, name,
		 hole + 2);
}

bool tc_dialogue_unclear_lately(const struct tc_mind *mind)
{
	return mind->unclear_at && mind->now - mind->unclear_at < UNCLEAR_EVERY;
}

static void plan_unclear(const struct tc_mind *mind, struct tc_plan *out)
{
	bool again = tc_dialogue_unclear_lately(mind);
	out->unclear = true;
	plan_text(out, again ? pick(mind, still_unclear_texts, TC_COUNT(still_unclear_texts))
			     : pick(mind, unclear_texts, TC_COUNT(unclear_texts)));
}

/* "We should talk about your plans" is about the other person's, not the orb's. */
static bool between_people(const struct tc_mind *mind, const struct tc_words *words)
{
	int present = 0;
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		present += mind->people[i].present;
	}
	return present > 1 && tc_words_have(words, "you|your|yours|yourself|you're|you've") &&
	       tc_words_find(words, "^" TC_ASKING "|tell|give|show|explain|sing|read|play|help",
			     NULL) != 0;
}

void tc_dialogue_reflect(const struct tc_mind *mind, const struct tc_words *words, bool unsure,
			 struct tc_plan *out)
{
	if (!out->addressed && !unsure && between_people(mind, words)) {
		plan_text(out, pick(mind, between_texts, TC_COUNT(between_texts)));
		return;
	}
	uint32_t choice = (mind->seed ^ mind->replies * 2654435761u) >> 3;
	if (tc_reflect(words, unsure, choice, &mind->phrasing, &out->phrasing, out->text,
		       sizeof(out->text))) {
		return;
	}
	out->phrasing = mind->phrasing;
	if (out->addressed) {
		return; /* the caller says what it did hear */
	}
	if (tc_dialogue_unclear_lately(mind)) { /* an open question keeps them talking */
		plan_text(out, pick(mind, open_texts, TC_COUNT(open_texts)));
	} else {
		plan_unclear(mind, out);
	}
}

/* A "yes" that answers no question goes unsaid, unless it is more than that or said to the orb. */
static void plan_yes_no(const struct tc_mind *mind, const struct tc_words *words, bool yes,
			struct tc_plan *out)
{
	if (!yes && tc_breathing_offered(mind)) {
		out->ends_breath = true;
		plan_text(out, "All right, we leave it there.");
	} else if (tc_dialogue_just_asked(mind) || words->count > 1 || out->addressed) {
		plan_text(out, yes ? pick(mind, yes_texts, TC_COUNT(yes_texts))
				   : pick(mind, no_texts, TC_COUNT(no_texts)));
	}
}

void tc_dialogue_plan_intent(const struct tc_mind *mind, const struct tc_mind_person *person,
			     const struct tc_words *words, bool unsure, struct tc_plan *out)
{
	switch (out->intent) {
	case TC_INTENT_DANGER:
		plan_text(out, "What you say sounds very serious, and you should not be alone with "
			       "it. Please tell your coach now, or call your local emergency "
			       "number.");
		break;
	case TC_INTENT_STOP:
		plan_stop(mind, out);
		break;
	case TC_INTENT_BREATHE:
		tc_breathing_plan(mind, out);
		break;
	case TC_INTENT_CONTINUE:
		if (mind->breath_paused) {
			tc_breathing_plan(mind, out);
		} else {
			plan_text(out, "Please, go on. I am listening.");
		}
		break;
	case TC_INTENT_TIME:
		plan_time(mind, out);
		break;
	case TC_INTENT_REPEAT:
		plan_repeat(mind, out);
		break;
	case TC_INTENT_HELP:
		plan_text(out, "I listen and give back what I hear. " TC_ABILITIES
			       " You can stop me at any time.");
		break;
	case TC_INTENT_WHO:
		plan_text(out, "I am the orb, a computer program in this call. I listen, and "
			       "sometimes I ask a question.");
		break;
	case TC_INTENT_HOW_ARE_YOU:
		plan_text(out, "I am here and listening. And how are you today?");
		break;
	case TC_INTENT_HEAR_ME:
		plan_text(out, "Yes, I can hear you. What is on your mind?");
		break;
	case TC_INTENT_GOODBYE:
		plan_text(out, "Goodbye, and take good care of yourself.");
		break;
	case TC_INTENT_THANKS:
		plan_text(out, pick(mind, thanks_texts, TC_COUNT(thanks_texts)));
		break;
	case TC_INTENT_HELLO:
		greet(mind, person, out);
		break;
	case TC_INTENT_YES:
		plan_yes_no(mind, words, true, out);
		break;
	case TC_INTENT_NO:
		plan_yes_no(mind, words, false, out);
		break;
	case TC_INTENT_NONE:
		tc_dialogue_reflect(mind, words, unsure, out);
		break;
	}
}

bool tc_dialogue_addressed(const struct tc_mind *mind, const struct tc_words *words)
{
	return tc_policy_addressed(words, mind->orb_name, NULL, NULL);
}

/* Without the words of the calling. false: nothing else was said. */
static bool cut_call(const struct tc_mind *mind, struct tc_words *words, struct tc_plan *out)
{
	int from, to;
	out->addressed = tc_policy_addressed(words, mind->orb_name, &from, &to);
	if (!out->addressed) {
		return true;
	}
	bool says_more = tc_word_in(words->at[from], "hello|hi|thanks|yes|no");
	if (to - from == words->count && !says_more) {
		return false;
	}
	tc_words_cut(words, to - from == words->count ? to - 1 : from, to);
	return words->count > 0;
}

void tc_dialogue_plan(const struct tc_mind *mind, const struct tc_mind_person *person,
		      const char *text, float confidence, struct tc_plan *out)
{
	struct tc_words words;
	memset(out, 0, sizeof(*out));
	out->phrasing = mind->phrasing;
	tc_words_split(&words, text);
	if (!cut_call(mind, &words, out)) {
		out->listens = true;
		plan_text(out, "Yes, I am listening.");
		return;
	}
	if (!words.count) {
		return;
	}
	bool follows_up = tc_called_follows_up(mind, person, &words);
	out->addressed |= follows_up;
	out->intent = tc_intent_of(&words);
	bool answers = follows_up || (out->addressed && tc_breathing_offered(mind));
	if (answers && out->intent == TC_INTENT_YES) {
		out->intent = mind->offered; /* "did you ask for the time left?" */
	}
	/* To stop for nothing is harmless, to go on is not; and danger must never be missed. */
	bool sure_enough = out->intent == TC_INTENT_STOP || out->intent == TC_INTENT_DANGER;
	if (sure_enough || (out->intent != TC_INTENT_NONE && confidence >= TC_NOT_CAUGHT)) {
		tc_dialogue_plan_intent(mind, person, &words, confidence < TC_UNSURE, out);
	} else if (out->addressed) {
		tc_called_plan(mind, person, &words, confidence, out);
	} else if (confidence < TC_NOT_CAUGHT) {
		out->intent = TC_INTENT_NONE;
		plan_unclear(mind, out);
	} else {
		tc_dialogue_plan_intent(mind, person, &words, confidence < TC_UNSURE, out);
	}
}

void tc_dialogue_plan_greeting(const struct tc_mind *mind, struct tc_plan *out)
{
	char names[3 * TC_MIND_NAME] = "";
	size_t len = 0;
	memset(out, 0, sizeof(*out));
	out->phrasing = mind->phrasing;
	out->greets = true;
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		const struct tc_mind_person *p = &mind->people[i];
		if (p->present && p->connected && !p->greeted && p->name[0]) {
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%.*s",
						len ? " and " : " ", (int)strcspn(p->name, " "),
						p->name);
		}
	}
	if (mind->introduced) {
		snprintf(out->text, sizeof(out->text), "Hello%s. Good to have you here.", names);
	} else {
		snprintf(out->text, sizeof(out->text),
			 "Hello%s. I am the orb. I listen, and " TC_ABILITIES " Just talk to me.",
			 names);
		char *can = strstr(out->text, "and I can");
		memmove(can + 4, can + 6, strlen(can + 6) + 1); /* "I listen, and can guide" */
	}
}

void tc_dialogue_commit(struct tc_mind *mind, const struct tc_plan *plan)
{
	mind->replies++;
	mind->phrasing = plan->phrasing;
	mind->asked = plan->offers_breath; /* answered before its end, too */
	mind->asked_at = mind->now;
	mind->offered = plan->offers;
	mind->awaited[0] = '\0';
	if (plan->unclear) {
		mind->unclear_at = mind->now;
	}
	if (!plan->breathes) {
		snprintf(mind->last_said, sizeof(mind->last_said), "%s", plan->text);
	}
	tc_breathing_commit(mind, plan);
}

void tc_dialogue_done(struct tc_mind *mind, const struct tc_plan *plan, const char *to)
{
	size_t len = strlen(plan->text);
	if (plan->unclear || plan->listens) {
		mind->awaited_all = plan->listens;
		snprintf(mind->awaited, sizeof(mind->awaited), "%s", to);
		mind->awaited_until = mind->now + SAY_AGAIN_MS;
	}
	mind->asked = (len && plan->text[len - 1] == '?') || plan->offers_breath;
	mind->asked_at = mind->now;
	tc_breathing_done(mind, plan);
}
