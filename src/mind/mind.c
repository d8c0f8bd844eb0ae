// SPDX-License-Identifier: Apache-2.0
#include "mind/mind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "mind/mind_priv.h"

TC_LOG_TOPIC("mind");

#define GREET_AFTER_MS 600   /* sound settles, and two who come together are greeted together */
#define GREET_LATEST   15000 /* by then the conversation goes on without a greeting */

void tc_mind_at(struct tc_mind *mind, int64_t now)
{
	if (now > mind->now) {
		mind->now = now;
	}
}

struct tc_mind_person *tc_mind_find(struct tc_mind *mind, const char *user_id)
{
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		if (user_id[0] && strcmp(mind->people[i].user_id, user_id) == 0) {
			return &mind->people[i];
		}
	}
	return NULL;
}

bool tc_mind_alone(const struct tc_mind *mind, const struct tc_mind_person *person)
{
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		if (&mind->people[i] != person && mind->people[i].present) {
			return false;
		}
	}
	return true;
}

bool tc_mind_anybody_speaks(const struct tc_mind *mind)
{
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		if (mind->people[i].present && mind->people[i].turn != TC_TURN_NONE) {
			return true;
		}
	}
	return false;
}

void tc_mind_update_status(struct tc_mind *mind)
{
	enum tc_mind_status status = TC_MIND_READY;
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		const struct tc_mind_person *p = &mind->people[i];
		if (!p->present) {
			continue;
		}
		if (p->turn == TC_TURN_TALKING || p->turn == TC_TURN_PAUSING) {
			status = TC_MIND_LISTENING;
		} else if (p->turn == TC_TURN_ENDING && status == TC_MIND_READY) {
			status = TC_MIND_PROCESSING;
		}
	}
	if (status == TC_MIND_READY && mind->reply.state == TC_REPLY_SPOKEN) {
		status = TC_MIND_PROCESSING; /* until people hear it */
	}
	if (status != mind->status) {
		mind->status = status;
		mind->events.status(mind->user, status);
	}
}

/* Every event has a listener, so that callers need not ask. */
static void no_end_turn(void *user, const char *user_id, uint32_t utterance)
{
}
static void no_text(void *user, uint32_t answer, const char *text)
{
}
static void no_cancel(void *user, uint32_t answer)
{
}
static void no_duck(void *user, bool down)
{
}
static void no_status(void *user, enum tc_mind_status status)
{
}

static struct tc_mind_events fill_events(const struct tc_mind_events *events)
{
	struct tc_mind_events e = *events;
	e.end_turn = e.end_turn ? e.end_turn : no_end_turn;
	e.prepare = e.prepare ? e.prepare : no_text;
	e.speak = e.speak ? e.speak : no_text;
	e.cancel = e.cancel ? e.cancel : no_cancel;
	e.duck = e.duck ? e.duck : no_duck;
	e.status = e.status ? e.status : no_status;
	return e;
}

int tc_mind_create(struct tc_mind **out, const struct tc_mind_config *config,
		   const struct tc_mind_events *events, void *user)
{
	struct tc_mind *mind = calloc(1, sizeof(*mind));
	if (!mind) {
		return -ENOMEM;
	}
	mind->events = fill_events(events);
	mind->user = user;
	snprintf(mind->orb_name, sizeof(mind->orb_name), "%s",
		 config->orb_name ? config->orb_name : "orb");
	snprintf(mind->orb_user_id, sizeof(mind->orb_user_id), "%s",
		 config->orb_user_id ? config->orb_user_id : "orb");
	mind->session_end_ms = config->session_end_ms;
	mind->now = config->now_ms;
	mind->began_ms = config->began_ms ? config->began_ms : config->now_ms;
	mind->held = config->hold;
	mind->seed = config->seed;
	mind->greet_at = INT64_MAX;
	mind->breath_step = -1;
	mind->breath_next_at = INT64_MAX;
	mind->breath_offer_at = INT64_MAX;
	mind->phrasing = (struct tc_phrasing){-1, -1, -1};
	*out = mind;
	return 0;
}

void tc_mind_destroy(struct tc_mind *mind)
{
	if (mind) {
		tc_memory_finish(&mind->memory);
		free(mind);
	}
}

/* --- people --- */

static struct tc_mind_person *place_for(struct tc_mind *mind, const char *user_id)
{
	struct tc_mind_person *p = tc_mind_find(mind, user_id);
	for (int i = 0; !p && i < TC_MIND_PEOPLE; i++) {
		if (!mind->people[i].user_id[0]) {
			p = &mind->people[i];
		}
	}
	for (int i = 0; !p && i < TC_MIND_PEOPLE; i++) {
		if (!mind->people[i].present) {
			p = &mind->people[i];
			memset(p, 0, sizeof(*p));
		}
	}
	return p;
}

void tc_mind_joined(struct tc_mind *mind, const char *user_id, enum tc_mind_role role,
		    const char *name, int64_t now)
{
	tc_mind_at(mind, now);
	struct tc_mind_person *p = place_for(mind, user_id);
	if (!p) {
		TC_WARN(user_id, "no place for another person");
		return;
	}
	snprintf(p->user_id, sizeof(p->user_id), "%s", user_id);
	snprintf(p->name, sizeof(p->name), "%s", name ? name : "");
	p->role = role;
	p->present = true;
	p->connected = false;
}

void tc_mind_left(struct tc_mind *mind, const char *user_id, int64_t now)
{
	tc_mind_at(mind, now);
	struct tc_mind_person *p = tc_mind_find(mind, user_id);
	if (!p || !p->present) {
		return;
	}
	p->present = false;
	p->connected = false;
	p->being_greeted = false;
	p->carry[0] = '\0';
	tc_turns_forget(p);
	bool theirs = mind->reply.state != TC_REPLY_NONE && strcmp(mind->reply.to, user_id) == 0;
	bool empty = true;
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		empty = empty && !mind->people[i].present;
	}
	if (theirs || empty) {
		tc_answers_cancel(mind);
	}
	if (empty) {
		tc_breathing_end(mind);
	}
	if (!tc_mind_anybody_speaks(mind)) {
		tc_answers_duck(mind, false);
		tc_turns_pay_debt(mind);
	}
	tc_mind_update_status(mind);
}

void tc_mind_connected(struct tc_mind *mind, const char *user_id, int64_t now)
{
	tc_mind_at(mind, now);
	struct tc_mind_person *p = tc_mind_find(mind, user_id);
	if (!p || !p->present || p->connected) {
		return;
	}
	p->connected = true;
	if (!p->greeted && mind->greet_at == INT64_MAX) {
		mind->greet_at = now + GREET_AFTER_MS;
		mind->greet_since = now;
	}
}

/* --- controls --- */

int tc_mind_mode_parse(const char *word, enum tc_mind_mode *out)
{
	static const char *const words[] = {"active", "on-call", "silent"};
	for (size_t i = 0; i < TC_COUNT(words); i++) {
		if (strcmp(word, words[i]) == 0) {
			*out = (enum tc_mind_mode)i;
			return 0;
		}
	}
	return -EINVAL;
}

void tc_mind_set_mode(struct tc_mind *mind, enum tc_mind_mode mode, int64_t now)
{
	tc_mind_at(mind, now);
	mind->mode = mode;
	if (mode == TC_MIND_SILENT) {
		tc_mind_stop(mind, now);
	}
}

void tc_mind_set_muted(struct tc_mind *mind, bool muted, int64_t now)
{
	tc_mind_at(mind, now);
	mind->muted = muted;
	if (muted) {
		tc_mind_stop(mind, now);
	}
}

bool tc_mind_muted(const struct tc_mind *mind)
{
	return mind->muted;
}

void tc_mind_say(struct tc_mind *mind, const char *text, int64_t now)
{
	tc_mind_at(mind, now);
	if (mind->muted || !text[0]) {
		return;
	}
	struct tc_plan plan = {.phrasing = mind->phrasing};
	snprintf(plan.text, sizeof(plan.text), "%s", text);
	tc_answers_speak(mind, &plan, "", "");
	tc_mind_update_status(mind);
}

bool tc_mind_remark(struct tc_mind *mind, const char *text, int64_t now)
{
	tc_mind_at(mind, now);
	if (mind->muted || mind->mode == TC_MIND_SILENT || mind->reply.state != TC_REPLY_NONE ||
	    !tc_turns_floor_free_but_for(mind, NULL)) {
		return false;
	}
	tc_mind_say(mind, text, now);
	return true;
}

void tc_mind_stop(struct tc_mind *mind, int64_t now)
{
	tc_mind_at(mind, now);
	tc_mind_greeted(mind, mind->reply.state == TC_REPLY_SPOKEN); /* not begun anew */
	tc_answers_cancel(mind);
	tc_breathing_end(mind);
	mind->owed[0] = '\0';
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		mind->people[i].carry[0] = '\0';
	}
	tc_mind_update_status(mind);
}

/* --- time --- */

bool tc_mind_may_begin(const struct tc_mind *mind)
{
	return !mind->muted && mind->mode != TC_MIND_SILENT && !tc_mind_anybody_speaks(mind) &&
	       mind->reply.state == TC_REPLY_NONE;
}

void tc_mind_greeted(struct tc_mind *mind, bool heard)
{
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		struct tc_mind_person *p = &mind->people[i];
		if (p->being_greeted && heard) {
			p->greeted = mind->introduced = true;
		} else if (p->being_greeted && !p->greeted) {
			mind->greet_at = mind->now + TC_RETRY_MS;
		}
		p->being_greeted = false;
	}
}

/* Greets all who wait for it, or lets it be; false if nobody does any more. */
static bool mark_greeted(struct tc_mind *mind, bool aloud)
{
	bool anybody = false;
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		struct tc_mind_person *p = &mind->people[i];
		if (p->present && p->connected && !p->greeted) {
			p->greeted = !aloud;
			p->being_greeted = aloud; /* until the first packet is out */
			anybody = true;
		}
	}
	return anybody;
}

static void greet(struct tc_mind *mind)
{
	struct tc_plan plan;
	bool silent = mind->muted || mind->mode == TC_MIND_SILENT;
	bool late = mind->now - mind->greet_since > GREET_LATEST;
	if (!silent && !late && !tc_mind_may_begin(mind)) {
		mind->greet_at = mind->now + TC_RETRY_MS;
		return;
	}
	mind->greet_at = INT64_MAX;
	tc_dialogue_plan_greeting(mind, &plan);
	if (mark_greeted(mind, !silent && !late) && !silent && !late) {
		tc_answers_speak(mind, &plan, "", "");
		tc_mind_update_status(mind);
	}
}

void tc_mind_tick(struct tc_mind *mind, int64_t now)
{
	tc_mind_at(mind, now);
	tc_turns_tick(mind);
	if (!mind->held && mind->now >= mind->greet_at) {
		greet(mind);
	}
	tc_breathing_tick(mind);
}

int64_t tc_mind_next(const struct tc_mind *mind)
{
	int64_t next = tc_turns_next(mind);
	if (!mind->held && mind->greet_at < next) {
		next = mind->greet_at;
	}
	int64_t breath = tc_breathing_next(mind);
	return breath < next ? breath : next;
}
