// SPDX-License-Identifier: Apache-2.0
// The breathing exercise, and when it goes on: by itself, or after it was asked whether it shall.
#include "mind/mind_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"

#define OFFER_AFTER_MS 6000 /* of silence */
#define STEP_GAP_MS    700

/* A guided exercise: a step an answer, so that it can be left, and taken up, between any two. */
static const char *const breath_steps[] = {
	"Let's breathe together. Sit comfortably, let your shoulders drop, and say stop whenever "
	"you like. [pause 1500]",
	"Breathe in slowly, two, three, four. [pause 500] Hold, two, three. [pause 500] And "
	"breathe out, two, three, four, five, six. [pause 1500]",
	"Again, breathe in, two, three, four. [pause 500] Hold, two, three. [pause 500] And let it "
	"go, two, three, four, five, six. [pause 1500]",
	"In, as wide as is comfortable. [pause 3000] Hold it gently. [pause 2000] And out, slowly. "
	"[pause 5000]",
	"One more. In. [pause 4000] Hold. [pause 2500] And out, all the way. [pause 5500]",
	"Good. Let your breath find its own way again. [pause 2000] How do you feel now?",
};
#define BREATH_STEPS ((int)TC_COUNT(breath_steps))

static bool waits(const struct tc_mind *mind)
{
	return mind->breath_step >= 0 && mind->breath_paused && !mind->breath_let_be;
}

void tc_breathing_heard(struct tc_mind *mind)
{
	mind->breath_offer_at = waits(mind) ? mind->now + OFFER_AFTER_MS : INT64_MAX;
}

void tc_breathing_let_be(struct tc_mind *mind)
{
	mind->breath_let_be = true;
	mind->breath_offer_at = INT64_MAX;
}

void tc_breathing_unheard(struct tc_mind *mind, const struct tc_plan *plan)
{
	if (plan->breathes) {
		mind->breath_paused = false;
		mind->breath_next_at = mind->now + TC_RETRY_MS;
	} else {
		mind->breath_let_be = mind->asked = false;
	}
	tc_breathing_heard(mind);
}

void tc_breathing_end(struct tc_mind *mind)
{
	mind->breath_step = -1;
	mind->breath_paused = false;
	mind->breath_next_at = INT64_MAX;
	mind->breath_offer_at = INT64_MAX;
}

void tc_breathing_plan(const struct tc_mind *mind, struct tc_plan *out)
{
	memset(out, 0, sizeof(*out));
	out->intent = TC_INTENT_BREATHE;
	out->breathes = true;
	out->step = mind->breath_step < 0 ? 0 : mind->breath_step;
	snprintf(out->text, sizeof(out->text), "%s", breath_steps[out->step]);
}

/* Behind these an offer to go on with the exercise would be odd. */
static bool lets_be(enum tc_intent intent)
{
	return intent == TC_INTENT_STOP || intent == TC_INTENT_DANGER ||
	       intent == TC_INTENT_GOODBYE;
}

void tc_breathing_commit(struct tc_mind *mind, const struct tc_plan *plan)
{
	mind->breath_next_at = INT64_MAX;
	if (plan->breathes) {
		mind->breath_step = plan->step;
		mind->breath_paused = false;
		mind->breath_stopped = false;
		mind->breath_let_be = false;
	} else {
		mind->breath_paused = mind->breath_step >= 0;
		mind->breath_stopped |= plan->intent == TC_INTENT_STOP;
	}
	if (plan->ends_breath) {
		tc_breathing_end(mind);
	}
	if (plan->offers_breath || lets_be(plan->intent)) {
		tc_breathing_let_be(mind);
	}
	tc_breathing_heard(mind);
}

void tc_breathing_done(struct tc_mind *mind, const struct tc_plan *plan)
{
	tc_breathing_heard(mind);
	if (!plan->breathes) {
		return;
	}
	if (plan->step + 1 < BREATH_STEPS) {
		mind->breath_step = plan->step + 1;
		mind->breath_next_at = mind->now + STEP_GAP_MS;
	} else {
		mind->breath_step = -1;
		snprintf(mind->last_said, sizeof(mind->last_said), "How do you feel now?");
	}
}

void tc_breathing_interrupted(struct tc_mind *mind, const struct tc_plan *plan)
{
	if (plan->breathes) {
		mind->breath_paused = true;
		mind->breath_next_at = INT64_MAX;
		mind->breath_let_be |= plan->step + 1 == BREATH_STEPS; /* that was nearly all */
	}
	tc_breathing_heard(mind);
}

bool tc_breathing_offered(const struct tc_mind *mind)
{
	return mind->breath_paused && mind->breath_step >= 0 &&
	       mind->offered == TC_INTENT_CONTINUE && tc_dialogue_just_asked(mind);
}

bool tc_breathing_answers(const struct tc_mind *mind, const struct tc_mind_person *person,
			  const struct tc_words *words)
{
	enum tc_intent intent = tc_intent_of(words);
	if (person->role != TC_MIND_CLIENT && !tc_mind_alone(mind, person)) {
		return intent == TC_INTENT_CONTINUE && tc_words_have(words, "continue");
	}
	return intent == TC_INTENT_YES || intent == TC_INTENT_NO || intent == TC_INTENT_CONTINUE;
}

static void go_on(struct tc_mind *mind)
{
	struct tc_plan plan;
	if (!tc_mind_may_begin(mind)) {
		mind->breath_next_at = mind->now + TC_RETRY_MS;
		return;
	}
	tc_breathing_plan(mind, &plan);
	tc_answers_speak(mind, &plan, "", "");
	tc_mind_update_status(mind);
}

static void offer(struct tc_mind *mind)
{
	struct tc_plan plan = {.phrasing = mind->phrasing, .offers = TC_INTENT_CONTINUE};
	tc_breathing_heard(mind); /* again, if somebody speaks or a sound is in the way */
	if (!waits(mind) || !tc_mind_may_begin(mind)) {
		return;
	}
	plan.offers_breath = true;
	snprintf(plan.text, sizeof(plan.text),
		 "Shall we go on with the breathing? Say continue, or no.");
	tc_answers_speak(mind, &plan, "", "");
	tc_mind_update_status(mind);
}

void tc_breathing_tick(struct tc_mind *mind)
{
	if (mind->now >= mind->breath_next_at) {
		go_on(mind);
	}
	if (mind->now >= mind->breath_offer_at) {
		offer(mind);
	}
}

int64_t tc_breathing_next(const struct tc_mind *mind)
{
	return mind->breath_next_at < mind->breath_offer_at ? mind->breath_next_at
							    : mind->breath_offer_at;
}
