// SPDX-License-Identifier: Apache-2.0
// When the breathing exercise goes on: by itself, or after it was asked whether it shall.
#include "mind/mind_priv.h"

#include <stdio.h>
#include <string.h>

#define OFFER_AFTER_MS 6000 /* of silence */

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

bool tc_breathing_offered(const struct tc_mind *mind)
{
	return mind->breath_paused && mind->breath_step >= 0 &&
	       mind->offered == TC_INTENT_CONTINUE && tc_dialogue_just_asked(mind);
}

bool tc_breathing_answers(const struct tc_words *words)
{
	enum tc_intent intent = tc_intent_of(words);
	return intent == TC_INTENT_YES || intent == TC_INTENT_NO || intent == TC_INTENT_CONTINUE;
}

static void go_on(struct tc_mind *mind)
{
	struct tc_plan plan;
	if (!tc_mind_may_begin(mind)) {
		mind->breath_next_at = mind->now + TC_RETRY_MS;
		return;
	}
	tc_dialogue_plan_breath(mind, &plan);
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
