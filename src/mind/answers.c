// SPDX-License-Identifier: Apache-2.0
// One answer at a time: prepared, spoken, heard, cut; and what was heard of it goes to memory.
#include "mind/mind_priv.h"

#include <stdio.h>
#include <string.h>

/* Less than this of an answer is a click to people: as if it had not been said. */
#define UNHEARD_MS 300

void tc_answers_duck(struct tc_mind *mind, bool down)
{
	if (mind->ducked != down) {
		mind->ducked = down;
		mind->events.duck(mind->user, down);
	}
}

static void set_plan(struct tc_mind *mind, const struct tc_plan *plan, const char *to,
		     const char *because)
{
	struct tc_reply *reply = &mind->reply;
	reply->id = ++mind->next_answer;
	reply->plan = *plan;
	reply->started = 0;
	snprintf(reply->to, sizeof(reply->to), "%s", to);
	snprintf(reply->because, sizeof(reply->because), "%s", because);
}

void tc_answers_prepare(struct tc_mind *mind, const struct tc_plan *plan, const char *to,
			const char *because)
{
	struct tc_reply *reply = &mind->reply;
	if (reply->state == TC_REPLY_PREPARED && strcmp(reply->plan.text, plan->text) == 0) {
		return;
	}
	tc_answers_cancel(mind);
	set_plan(mind, plan, to, because);
	reply->state = TC_REPLY_PREPARED;
	mind->events.prepare(mind->user, reply->id, reply->plan.text);
}

void tc_answers_speak(struct tc_mind *mind, const struct tc_plan *plan, const char *to,
		      const char *because)
{
	struct tc_reply *reply = &mind->reply;
	if (reply->state == TC_REPLY_PREPARED && strcmp(reply->plan.text, plan->text) == 0) {
		snprintf(reply->because, sizeof(reply->because), "%s", because);
	} else {
		tc_answers_cancel(mind);
		set_plan(mind, plan, to, because);
	}
	reply->state = TC_REPLY_SPOKEN;
	tc_dialogue_commit(mind, plan);
	tc_answers_duck(mind, false);
	mind->events.speak(mind->user, reply->id, reply->plan.text);
}

/* Nobody heard it: whoever it was for may still be in the middle of what they want to say. */
static void give_words_back(struct tc_mind *mind)
{
	struct tc_mind_person *person = tc_mind_find(mind, mind->reply.to);
	if (person && mind->reply.because[0]) {
		snprintf(person->carry, sizeof(person->carry), "%s", mind->reply.because);
		person->carry_at = mind->now;
	}
}

void tc_answers_cancel(struct tc_mind *mind)
{
	struct tc_reply *reply = &mind->reply;
	enum tc_answer_state was = reply->state;
	if (was == TC_REPLY_NONE) {
		return;
	}
	reply->state = TC_REPLY_NONE;
	if (was == TC_REPLY_SPOKEN || was == TC_REPLY_PLAYING) {
		struct tc_cut *cut = &mind->cuts[mind->next_cut++ % TC_MIND_CUTS];
		cut->id = reply->id;
		cut->started = reply->started;
		snprintf(cut->text, sizeof(cut->text), "%s", reply->plan.text);
		if (was == TC_REPLY_SPOKEN || mind->now - reply->started < UNHEARD_MS) {
			give_words_back(mind);
		}
		tc_mind_greeted(mind, false);
		tc_breathing_interrupted(mind, &reply->plan);
	}
	mind->events.cancel(mind->user, reply->id);
	tc_answers_duck(mind, false);
}

static bool unheard(const struct tc_mind *mind)
{
	const struct tc_reply *reply = &mind->reply;
	return reply->state == TC_REPLY_SPOKEN ||
	       (reply->state == TC_REPLY_PLAYING && mind->now - reply->started < UNHEARD_MS);
}

void tc_answers_yield(struct tc_mind *mind, const struct tc_mind_person *by)
{
	bool owed = unheard(mind) && strcmp(mind->reply.to, by->user_id) != 0;
	struct tc_reply reply = mind->reply;
	tc_answers_cancel(mind);
	if (!owed) {
		return;
	}
	if ((reply.plan.breathes && !reply.to[0]) || reply.plan.offers_breath) {
		tc_breathing_unheard(mind, &reply.plan);
	} else if (!reply.plan.greets) {
		tc_turns_owe_reply(mind, &reply);
	}
}

/* Without the marks for pauses. */
static void readable(const char *text, size_t len, char *out, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < len && text[i] && n + 1 < size; i++) {
		if (text[i] == '[') {
			size_t skip = strcspn(text + i, "]");
			i += text[i + skip] ? skip : 0;
		} else if (text[i] != ' ' || (n && out[n - 1] != ' ')) {
			out[n++] = text[i];
		}
	}
	while (n && out[n - 1] == ' ') {
		n--;
	}
	out[n] = '\0';
}

static void remember(struct tc_mind *mind, const char *text, size_t heard, bool cut,
		     int64_t started)
{
	char said[TC_MIND_TEXT];
	readable(text, heard, said, sizeof(said));
	if (!said[0]) {
		return;
	}
	struct tc_utterance utterance = {
		.user_id = mind->orb_user_id,
		.text = said,
		.start_ms = started,
		.end_ms = mind->now,
		.confidence = 1.0f,
		.orb = true,
		.cut = cut,
	};
	tc_memory_add(&mind->memory, &utterance); /* without memory: talk on, forget this */
}

void tc_mind_play_started(struct tc_mind *mind, uint32_t answer, int64_t now)
{
	tc_mind_at(mind, now);
	struct tc_reply *reply = &mind->reply;
	if (reply->state == TC_REPLY_SPOKEN && reply->id == answer) {
		reply->state = TC_REPLY_PLAYING;
		reply->started = now;
		tc_mind_greeted(mind, true);
	}
	for (int i = 0; i < TC_MIND_CUTS; i++) {
		if (mind->cuts[i].id == answer) {
			mind->cuts[i].started = now; /* the news of it crossed our cancel */
		}
	}
}

void tc_mind_play_ended(struct tc_mind *mind, uint32_t answer, size_t heard, bool cut, int64_t now)
{
	tc_mind_at(mind, now);
	struct tc_reply *reply = &mind->reply;
	if (reply->state != TC_REPLY_NONE && reply->id == answer) {
		bool played = reply->state == TC_REPLY_PLAYING;
		reply->state = TC_REPLY_NONE;
		tc_mind_greeted(mind, true); /* even if not played: it cannot be said */
		if (played) {
			remember(mind, reply->plan.text, heard, cut, reply->started);
		}
		if (!cut) {
			tc_dialogue_done(mind, &reply->plan, reply->to);
			tc_turns_pay_debt(mind);
		} else {
			tc_breathing_interrupted(mind, &reply->plan);
		}
		tc_answers_duck(mind, false);
		tc_mind_update_status(mind);
		return;
	}
	for (int i = 0; i < TC_MIND_CUTS; i++) {
		struct tc_cut *stopped = &mind->cuts[i];
		if (stopped->id == answer) {
			stopped->id = 0;
			if (stopped->started) {
				remember(mind, stopped->text, heard, cut, stopped->started);
			}
		}
	}
}
