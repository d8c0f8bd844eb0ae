// SPDX-License-Identifier: Apache-2.0
// The end of a turn: its words are final; are they answered, now or later?
#include "mind/mind_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "mind/endpointing.h"

TC_LOG_TOPIC("mind.turns");

#define OWED_MS     6000
#define CALLED_MS   20000 /* who called it by name gets an answer, even late */
#define NOISE_BELOW 0.5f
#define CALL_ABOVE  0.3f /* "orb" alone is seldom sure: 0.4 and more, of three voices in four */
#define SHORT_VOICE 900  /* a "yeah" longer than this is meant as an answer */

/* What was prepared for words that turned out otherwise. */
static void drop_prepared(struct tc_mind *mind, const struct tc_mind_person *p)
{
	if (mind->reply.state == TC_REPLY_PREPARED && strcmp(mind->reply.to, p->user_id) == 0) {
		tc_answers_cancel(mind);
	}
}

static void record(struct tc_mind *mind, const struct tc_mind_person *p,
		   const struct tc_mind_words *words)
{
	struct tc_utterance utterance = {
		.user_id = (char *)p->user_id,
		.text = (char *)words->text,
		.start_ms = words->start_ms,
		.end_ms = words->end_ms,
		.confidence = words->confidence,
		.client = p->role == TC_MIND_CLIENT,
	};
	if (tc_memory_add(&mind->memory, &utterance)) {
		TC_WARN(p->user_id, "an utterance is not in memory: no memory");
	}
}

static bool called(const struct tc_mind *mind, const char *text)
{
	struct tc_words words;
	tc_words_split(&words, text);
	return tc_dialogue_addressed(mind, &words);
}

static bool debt_stands(const struct tc_mind *mind)
{
	return mind->owed[0] &&
	       mind->now - mind->owed_at <= (mind->owed_addressed ? CALLED_MS : OWED_MS);
}

static void owe(struct tc_mind *mind, const struct tc_mind_person *p, const char *text,
		float confidence)
{
	bool addressed = called(mind, text);
	bool other = strcmp(mind->owed_to, p->user_id) != 0;
	if (debt_stands(mind) && mind->owed_addressed && !addressed && other) {
		return; /* a call by name is not forgotten for what was said meanwhile */
	}
	mind->owed_addressed = addressed;
	snprintf(mind->owed_to, sizeof(mind->owed_to), "%s", p->user_id);
	snprintf(mind->owed, sizeof(mind->owed), "%s", text);
	mind->owed_confidence = confidence;
	mind->owed_any = true;
	mind->owed_planned = false;
	mind->owed_at = mind->now;
}

void tc_turns_owe_reply(struct tc_mind *mind, const struct tc_reply *reply)
{
	bool addressed = reply->plan.addressed || !reply->to[0];
	if (debt_stands(mind) && mind->owed_addressed && !addressed) {
		return;
	}
	snprintf(mind->owed_to, sizeof(mind->owed_to), "%s", reply->to);
	snprintf(mind->owed, sizeof(mind->owed), "%s",
		 reply->to[0] ? reply->because : reply->plan.text);
	mind->owed_addressed = addressed;
	mind->owed_any = mind->owed_planned = true;
	mind->owed_plan = reply->plan;
	mind->owed_at = mind->now;
}

/* Somebody said words, or it only sounded like that: a cough may be taken for a word. */
static bool is_noise(const struct tc_mind *mind, const struct tc_words *words, float confidence)
{
	float least = tc_dialogue_addressed(mind, words) ? CALL_ABOVE : NOISE_BELOW;
	return words->count <= 1 && confidence < least;
}

/* Words of another's over what is owed: giving it back now would be odd, unless it was asked of the
 * orb. And who says stop means that, too. */
static void weigh_debt(struct tc_mind *mind, const struct tc_mind_person *p,
		       const struct tc_words *words, float confidence)
{
	if (is_noise(mind, words, confidence) || tc_endpoint_is_backchannel(words)) {
		return;
	}
	if (tc_intent_of(words) == TC_INTENT_STOP) {
		mind->owed[0] = '\0';
		mind->breath_paused |= mind->breath_next_at != INT64_MAX;
		mind->breath_next_at = INT64_MAX;
		tc_breathing_let_be(mind);
	} else if (strcmp(mind->owed_to, p->user_id) != 0) {
		mind->owed_any = false;
	}
}

static void answer(struct tc_mind *mind, struct tc_mind_person *p, const char *text,
		   float confidence)
{
	struct tc_plan plan;
	tc_dialogue_plan(mind, p, text, confidence, &plan);
	if (plan.intent == TC_INTENT_STOP) {
		if (tc_turns_orb_talks(mind)) {
			tc_answers_cancel(mind);
		}
		mind->breath_next_at = INT64_MAX;
	}
	p->carry[0] = '\0';
	p->greeted = true; /* to say hello to somebody in mid-conversation would be odd */
	if (!mind->owed_addressed || strcmp(mind->owed_to, p->user_id) == 0 ||
	    plan.intent == TC_INTENT_STOP) {
		mind->owed[0] = '\0'; /* else it comes after this answer */
	}
	if (!plan.text[0]) {
		tc_answers_cancel(mind);
		tc_turns_pay_debt(mind);
		return;
	}
	tc_answers_speak(mind, &plan, p->user_id, text);
}

/* Somebody spoke over a question to the orb: it is answered when the floor is free. If words were
 * in the way, only what was asked of it; giving back words that others have spoken over would be
 * odd. */
void tc_turns_pay_debt(struct tc_mind *mind)
{
	struct tc_mind_person *p = mind->owed[0] ? tc_mind_find(mind, mind->owed_to) : NULL;
	bool to_nobody = mind->owed[0] && !mind->owed_to[0];
	if (!(to_nobody || (p && p->present)) || mind->muted || mind->mode == TC_MIND_SILENT ||
	    !debt_stands(mind) || tc_turns_orb_talks(mind) ||
	    !tc_turns_floor_free_but_for(mind, NULL)) {
		return;
	}
	char text[TC_WORDS_TEXT];
	struct tc_plan plan = mind->owed_plan;
	snprintf(text, sizeof(text), "%s", mind->owed);
	if (mind->owed_planned) {
		tc_dialogue_refresh(mind, &plan);
	} else {
		tc_dialogue_plan(mind, p, text, mind->owed_confidence, &plan);
	}
	mind->owed[0] = '\0';
	bool wanted = to_nobody || mind->owed_any || mind->owed_addressed ||
		      plan.intent != TC_INTENT_NONE || plan.addressed;
	if (wanted && plan.text[0]) {
		if (p) {
			p->carry[0] = '\0';
		}
		tc_answers_speak(mind, &plan, to_nobody ? "" : p->user_id, to_nobody ? "" : text);
		tc_mind_update_status(mind);
	}
}

static void take_final(struct tc_mind *mind, struct tc_mind_person *p,
		       const struct tc_mind_words *final, bool resumed)
{
	char text[TC_WORDS_TEXT];
	struct tc_words words, now_said;
	tc_turns_with_carry(mind, p, final->text, text, sizeof(text));
	tc_words_split(&now_said, final->text);
	tc_words_split(&words, text);
	weigh_debt(mind, p, &now_said, final->confidence);
	if (!tc_turns_is_answered(mind, p, &words)) {
		p->carry[0] = '\0';
		tc_turns_pay_debt(mind);
		return;
	}
	bool nod = tc_endpoint_is_backchannel(&words) &&
		   final->end_ms - final->start_ms < SHORT_VOICE && !mind->asked;
	if (nod || is_noise(mind, &words, final->confidence)) {
		tc_turns_pay_debt(mind);
		return;
	}
	if (tc_turns_orb_talks(mind)) {
		if (tc_endpoint_is_backchannel(&now_said) && !mind->asked) {
			return;
		}
		tc_answers_yield(mind, p); /* one word, but a word: they want something else */
	}
	if (resumed) {
		snprintf(p->carry, sizeof(p->carry), "%s", text);
		p->carry_at = mind->now;
	} else if (!tc_turns_floor_free_but_for(mind, p)) {
		tc_answers_yield(mind, p);
		owe(mind, p, text, final->confidence);
	} else {
		answer(mind, p, text, final->confidence);
	}
}

void tc_mind_final(struct tc_mind *mind, const char *user_id, const struct tc_mind_words *words,
		   int64_t now)
{
	tc_mind_at(mind, now);
	struct tc_mind_person *p = tc_mind_find(mind, user_id);
	if (!p) {
		return;
	}
	record(mind, p, words);
	bool resumed = p->turn == TC_TURN_TALKING;
	tc_turns_finish(mind, p);
	take_final(mind, p, words, resumed);
	drop_prepared(mind, p);
	if (mind->reply.state == TC_REPLY_PLAYING && tc_turns_floor_free_but_for(mind, NULL)) {
		tc_answers_duck(mind, false);
	}
	tc_breathing_heard(mind);
	tc_mind_update_status(mind);
}

void tc_mind_discarded(struct tc_mind *mind, const char *user_id, uint32_t utterance, int64_t now)
{
	tc_mind_at(mind, now);
	struct tc_mind_person *p = tc_mind_find(mind, user_id);
	if (!p) {
		return;
	}
	tc_turns_finish(mind, p);
	if (tc_turns_floor_free_but_for(mind, NULL)) {
		tc_answers_duck(mind, false);
	}
	/* A cough right after they were cut off by themselves: the words before it still stand. */
	if (p->carry[0] && p->present && !tc_turns_orb_talks(mind) &&
	    tc_turns_floor_free_but_for(mind, NULL)) {
		char text[TC_WORDS_TEXT];
		tc_turns_with_carry(mind, p, "", text, sizeof(text));
		if (text[0]) {
			answer(mind, p, text, 1.0f);
		}
	} else {
		tc_turns_pay_debt(mind);
	}
	drop_prepared(mind, p);
	tc_breathing_heard(mind);
	tc_mind_update_status(mind);
}
