// SPDX-License-Identifier: Apache-2.0
// Who has the floor: voices, pauses, ends of turns, interruptions.
#include "mind/mind_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "mind/endpointing.h"

TC_LOG_TOPIC("mind.turns");

#define STABLE_MS   100  /* words this old are worth planning on */
#define FINAL_WAIT  3000 /* a final that never comes must not leave us listening for ever */
#define CARRY_MS    6000
#define BARGE_VOICE 200 /* ms of voice before words may take the floor from the orb */
#define BARGE_WORDS 2

static bool set_turn(struct tc_mind_person *p, enum tc_turn_state next)
{
	static const bool legal[4][4] = {
		/*                    NONE   TALKING PAUSING ENDING */
		[TC_TURN_NONE] = {true, true, false, false},
		[TC_TURN_TALKING] = {true, true, true, false},
		[TC_TURN_PAUSING] = {true, true, true, true},
		[TC_TURN_ENDING] = {true, true, false, true},
	};
	if (!legal[p->turn][next]) {
		TC_DEBUG(p->user_id, "turn %d -> %d refused", (int)p->turn, (int)next);
		return false;
	}
	p->turn = next;
	return true;
}

void tc_turns_forget(struct tc_mind_person *p)
{
	set_turn(p, TC_TURN_NONE);
	p->utterance = 0;
	p->text[0] = '\0';
	p->speculated = false;
}

void tc_turns_finish(struct tc_mind *mind, struct tc_mind_person *p)
{
	bool talking = p->turn == TC_TURN_TALKING;
	tc_turns_forget(p);
	if (talking && p->present) {
		set_turn(p, TC_TURN_TALKING);
		p->voice_since = p->stable_since = mind->now;
	}
}

bool tc_turns_orb_talks(const struct tc_mind *mind)
{
	return mind->reply.state == TC_REPLY_PLAYING || mind->reply.state == TC_REPLY_SPOKEN;
}

bool tc_turns_floor_free_but_for(const struct tc_mind *mind, const struct tc_mind_person *p)
{
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		const struct tc_mind_person *other = &mind->people[i];
		if (other != p && other->present && other->turn != TC_TURN_NONE) {
			return false;
		}
	}
	return true;
}

bool tc_turns_is_answered(const struct tc_mind *mind, const struct tc_mind_person *p,
			  const struct tc_words *words)
{
	bool to_orb = tc_dialogue_addressed(mind, words) || tc_called_follows_up(mind, p, words);
	return !mind->muted && p->present && words->count &&
	       tc_policy_answers(mind->mode, p->role, tc_mind_alone(mind, p), to_orb);
}

void tc_turns_with_carry(const struct tc_mind *mind, const struct tc_mind_person *p,
			 const char *text, char *out, size_t size)
{
	size_t len = 0;
	if (p->carry[0] && mind->now - p->carry_at < CARRY_MS) {
		len = (size_t)snprintf(out, size - 1, "%s", p->carry);
		len = len < size - 2 ? len : size - 2;
		if (text[0]) {
			out[len++] = ' ';
		}
	}
	size_t more = strnlen(text, size - 1 - len);
	memcpy(out + len, text, more);
	out[len + more] = '\0';
}

void tc_mind_speech_start(struct tc_mind *mind, const char *user_id, int64_t now)
{
	tc_mind_at(mind, now);
	struct tc_mind_person *p = tc_mind_find(mind, user_id);
	if (!p || !p->present) {
		return;
	}
	if (p->turn == TC_TURN_NONE) {
		p->voice_since = now;
		p->utterance = 0;
		p->text[0] = '\0';
		p->stable_since = now;
	}
	set_turn(p, TC_TURN_TALKING);
	p->speculated = false;
	tc_breathing_heard(mind);
	switch (mind->reply.state) {
	case TC_REPLY_NONE:
		break;
	case TC_REPLY_PREPARED:
	case TC_REPLY_SPOKEN: /* no packet went out: they go on, or somebody else was faster */
		tc_answers_yield(mind, p);
		break;
	case TC_REPLY_PLAYING:
		tc_answers_duck(mind, true);
		break;
	}
	tc_mind_update_status(mind);
}

void tc_mind_speech_end(struct tc_mind *mind, const char *user_id, int64_t now)
{
	struct tc_mind_person *p = tc_mind_find(mind, user_id);
	if (p && p->present && p->turn == TC_TURN_TALKING) {
		p->silence_since = now;
		set_turn(p, TC_TURN_PAUSING);
	}
}

/* Words take the floor from the orb; a "mhm" or a cough does not. */
static void check_barge_in(struct tc_mind *mind, struct tc_mind_person *p,
			   const struct tc_words *words)
{
	if (!tc_turns_orb_talks(mind) || p->turn == TC_TURN_NONE ||
	    mind->now - p->voice_since < BARGE_VOICE) {
		return;
	}
	if (tc_intent_interrupts(words)) {
		tc_answers_cancel(mind);
	} else if (words->count >= BARGE_WORDS && !tc_endpoint_is_backchannel(words)) {
		tc_answers_yield(mind, p);
	}
}

void tc_mind_partial(struct tc_mind *mind, const char *user_id, const struct tc_mind_words *words,
		     int64_t now)
{
	tc_mind_at(mind, now);
	struct tc_mind_person *p = tc_mind_find(mind, user_id);
	if (!p || !p->present || p->turn == TC_TURN_NONE) {
		return;
	}
	p->utterance = words->utterance;
	p->end_score = words->end_score;
	if (strcmp(p->text, words->text) != 0) {
		snprintf(p->text, sizeof(p->text), "%s", words->text);
		p->stable_since = now;
		p->speculated = false;
	}
	if (now - p->stable_since < words->stable_ms) {
		p->stable_since = now - words->stable_ms;
	}
	struct tc_words split;
	tc_words_split(&split, p->text);
	check_barge_in(mind, p, &split);
}

/* --- time --- */

static int64_t end_deadline(const struct tc_mind *mind, const struct tc_mind_person *p)
{
	struct tc_words words;
	tc_words_split(&words, p->text);
	struct tc_endpoint_input input = {
		.words = &words,
		.end_score = p->end_score,
		.stable_ms = (int)(mind->now - p->stable_since),
		.to_orb = tc_mind_alone(mind, p) || tc_dialogue_addressed(mind, &words),
	};
	return p->silence_since + tc_endpoint_required_ms(&input);
}

/* When the words may be planned on; INT64_MAX: never, or done. */
static int64_t speculate_deadline(const struct tc_mind_person *p)
{
	if (p->speculated || !p->text[0]) {
		return INT64_MAX;
	}
	int64_t silent = p->silence_since + TC_ENDPOINT_SPECULATE_MS;
	int64_t stable = p->stable_since + STABLE_MS;
	return silent > stable ? silent : stable;
}

static void speculate(struct tc_mind *mind, struct tc_mind_person *p)
{
	char text[TC_WORDS_TEXT];
	struct tc_words words;
	struct tc_plan plan;
	p->speculated = true;
	tc_turns_with_carry(mind, p, p->text, text, sizeof(text));
	tc_words_split(&words, text);
	if (!tc_turns_is_answered(mind, p, &words) || tc_turns_orb_talks(mind) ||
	    !tc_turns_floor_free_but_for(mind, p) ||
	    (tc_endpoint_is_backchannel(&words) && !mind->asked)) {
		return;
	}
	tc_dialogue_plan(mind, p, text, 1.0f, &plan); /* partials have no confidence yet */
	if (plan.text[0]) {
		tc_answers_prepare(mind, &plan, p->user_id, text);
	}
}

static void end_turn(struct tc_mind *mind, struct tc_mind_person *p)
{
	set_turn(p, TC_TURN_ENDING);
	p->ended_at = mind->now;
	tc_mind_update_status(mind);
	mind->events.end_turn(mind->user, p->user_id, p->utterance);
}

static void tick_person(struct tc_mind *mind, struct tc_mind_person *p)
{
	switch (p->turn) {
	case TC_TURN_NONE:
	case TC_TURN_TALKING:
		break;
	case TC_TURN_PAUSING:
		if (mind->now >= speculate_deadline(p)) {
			speculate(mind, p);
		}
		if (mind->now >= end_deadline(mind, p)) {
			end_turn(mind, p);
		}
		break;
	case TC_TURN_ENDING:
		if (mind->now - p->ended_at >= FINAL_WAIT) {
			TC_WARN(p->user_id, "no final came for turn %u", p->utterance);
			tc_turns_forget(p);
			tc_answers_duck(mind, false);
			tc_turns_pay_debt(mind);
			tc_mind_update_status(mind);
		}
		break;
	}
}

void tc_turns_tick(struct tc_mind *mind)
{
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		if (mind->people[i].present) {
			tick_person(mind, &mind->people[i]);
		}
	}
}

static int64_t next_of(const struct tc_mind *mind, const struct tc_mind_person *p)
{
	if (p->turn == TC_TURN_ENDING) {
		return p->ended_at + FINAL_WAIT;
	}
	if (p->turn != TC_TURN_PAUSING) {
		return INT64_MAX;
	}
	int64_t end = end_deadline(mind, p), plan = speculate_deadline(p);
	return end < plan ? end : plan;
}

int64_t tc_turns_next(const struct tc_mind *mind)
{
	int64_t next = INT64_MAX;
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		if (mind->people[i].present) {
			int64_t at = next_of(mind, &mind->people[i]);
			next = at < next ? at : next;
		}
	}
	return next;
}
