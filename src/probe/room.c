// SPDX-License-Identifier: Apache-2.0
#include "probe/room.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("probe.room");

#define QUIET_US    1500000 /* after its greeting, or an answer, before we speak again */
#define GREETING_US 5000000 /* one that was never heard may be about to greet */
#define OFF_US      1000000 /* "off" may be the word of a moment before it is started */
#define TICKS_EACH  960     /* of the 48 kHz clock, a packet */
#define BIT(state)  (1u << (state))

static const unsigned allowed[] = {
	[TC_PROBE_ROOM_WAITING] =
		BIT(TC_PROBE_ROOM_JOINING) | BIT(TC_PROBE_ROOM_LEAVING) | BIT(TC_PROBE_ROOM_DONE),
	[TC_PROBE_ROOM_JOINING] = BIT(TC_PROBE_ROOM_CONNECTING) | BIT(TC_PROBE_ROOM_LEAVING),
	[TC_PROBE_ROOM_CONNECTING] = BIT(TC_PROBE_ROOM_LISTENING) | BIT(TC_PROBE_ROOM_STAYING) |
				     BIT(TC_PROBE_ROOM_LEAVING),
	[TC_PROBE_ROOM_LISTENING] = BIT(TC_PROBE_ROOM_SPEAKING) | BIT(TC_PROBE_ROOM_CONNECTING) |
				    BIT(TC_PROBE_ROOM_LEAVING),
	[TC_PROBE_ROOM_SPEAKING] = BIT(TC_PROBE_ROOM_AWAITING) | BIT(TC_PROBE_ROOM_CONNECTING) |
				   BIT(TC_PROBE_ROOM_LEAVING),
	[TC_PROBE_ROOM_AWAITING] = BIT(TC_PROBE_ROOM_LISTENING) | BIT(TC_PROBE_ROOM_CONNECTING) |
				   BIT(TC_PROBE_ROOM_LEAVING),
	[TC_PROBE_ROOM_STAYING] = BIT(TC_PROBE_ROOM_CONNECTING) | BIT(TC_PROBE_ROOM_LEAVING),
	[TC_PROBE_ROOM_LEAVING] = BIT(TC_PROBE_ROOM_DONE),
	[TC_PROBE_ROOM_DONE] = 0,
};

const char *tc_probe_room_state_str(enum tc_probe_room_state state)
{
	static const char *const names[] = {"waiting",   "joining",  "connecting",
					    "listening", "speaking", "awaiting",
					    "staying",   "leaving",  "done"};
	return names[state];
}

static void set_state(struct tc_probe_room *room, enum tc_probe_room_state next, const char *why)
{
	if (room->state != next) {
		TC_ASSERT(allowed[room->state] & BIT(next));
		TC_DEBUG(room->name, "%s -> %s (%s)", tc_probe_room_state_str(room->state),
			 tc_probe_room_state_str(next), why);
		room->state = next;
		room->since_us = tc_clock_us(room->config.caller.clock);
	}
}

static bool over(const struct tc_probe_room *room)
{
	return room->state >= TC_PROBE_ROOM_LEAVING;
}

static bool speaks(const struct tc_probe_room *room)
{
	return room->config.clip->count > 0;
}

static double ms_between(int64_t from_us, int64_t to_us)
{
	return from_us < 0 || to_us < 0 ? -1 : (double)(to_us - from_us) / 1000;
}

/* --- where we are --- */

static struct tc_probe_room_steps *steps_of(struct tc_probe_room *room,
					    const struct tc_caller *caller)
{
	return &room->steps[caller - room->people];
}

static bool caller_settled(struct tc_probe_room *room, struct tc_caller *caller)
{
	struct tc_leg *orb = tc_caller_orb(caller), *human = tc_caller_human(caller);
	bool sees = orb && orb->times.pictured_us >= 0;
	bool meets = room->config.people < 2 || (human && human->times.connected_us >= 0);
	return sees && meets;
}

/* Each of ours sees the orb, and is connected to the other. */
static void check_settled(struct tc_probe_room *room)
{
	if (room->state != TC_PROBE_ROOM_CONNECTING) {
		return;
	}
	for (int i = 0; i < room->config.people; i++) {
		if (!caller_settled(room, &room->people[i])) {
			return;
		}
	}
	if (room->orb_gone_us >= 0) {
		int64_t now = tc_clock_us(room->config.caller.clock);
		tc_stats_add(&room->backs, ms_between(room->orb_gone_us, now));
		room->orb_gone_us = -1;
	}
	set_state(room, speaks(room) ? TC_PROBE_ROOM_LISTENING : TC_PROBE_ROOM_STAYING,
		  "all see the orb");
	if (!speaks(room) && !room->config.stays) {
		tc_probe_room_leave(room, NULL, "measured");
	}
}

static void on_joined(void *user, struct tc_caller *caller)
{
	struct tc_probe_room *room = user;
	steps_of(room, caller)->join_ms = ms_between(caller->began_us, caller->joined_us);
	for (int i = 0; i < room->config.people; i++) {
		if (room->people[i].joined_us < 0) {
			return;
		}
	}
	if (room->state == TC_PROBE_ROOM_JOINING) {
		set_state(room, TC_PROBE_ROOM_CONNECTING, "all are in");
	}
}

static void on_connected(void *user, struct tc_caller *caller, struct tc_leg *leg)
{
	struct tc_probe_room *room = user;
	struct tc_probe_room_steps *steps = steps_of(room, caller);
	double ms = ms_between(leg->times.met_us, leg->times.connected_us);
	double *field = leg->ai ? &steps->connect_ms : &steps->between_ms;
	*field = *field < 0 ? ms : *field; /* of its first life */
	check_settled(room);
}

static void on_pictured(void *user, struct tc_caller *caller)
{
	struct tc_probe_room *room = user;
	struct tc_probe_room_steps *steps = steps_of(room, caller);
	const struct tc_leg_times *times = &tc_caller_orb(caller)->times;
	if (steps->picture_ms < 0) {
		steps->picture_ms = ms_between(times->connected_us, times->pictured_us);
		steps->call_ms = ms_between(caller->began_us, times->pictured_us);
	}
	check_settled(room);
}

/* --- the orb --- */

static void on_orb_here(void *user, struct tc_caller *caller)
{
	struct tc_probe_room *room = user;
	struct tc_probe_room_steps *steps = steps_of(room, caller);
	room->orb_off_us = -1;
	room->orb_lives += caller == &room->people[0];
	if (steps->orb_ms < 0) {
		steps->orb_ms = ms_between(caller->joined_us, tc_caller_orb(caller)->times.met_us);
	}
}

static void on_orb_gone(void *user, struct tc_caller *caller)
{
	struct tc_probe_room *room = user;
	if (over(room)) {
		return;
	}
	if (room->orb_gone_us < 0) {
		room->orb_gone_us = tc_clock_us(room->config.caller.clock);
	}
	if (room->state > TC_PROBE_ROOM_CONNECTING) {
		set_state(room, TC_PROBE_ROOM_CONNECTING, "the orb is gone");
	}
}

static void on_orb_state(void *user, const char *state, const char *reason)
{
	struct tc_probe_room *room = user;
	snprintf(room->orb_state, sizeof(room->orb_state), "%s", state);
	snprintf(room->orb_reason, sizeof(room->orb_reason), "%s", reason);
	bool off = strcmp(state, "off") == 0;
	if (!off) {
		room->orb_off_us = -1;
	} else if (room->orb_off_us < 0) {
		room->orb_off_us = tc_clock_us(room->config.caller.clock);
	}
	if (strcmp(state, "full") == 0) {
		tc_probe_room_leave(room, "orb-full", reason);
	} else if (strcmp(state, "failed") == 0) {
		tc_probe_room_leave(room, "orb-failed", reason);
	}
}

static void on_voice(void *user, struct tc_caller *caller, int64_t onset_us)
{
	struct tc_probe_room *room = user;
	struct tc_probe_room_steps *steps = steps_of(room, caller);
	if (steps->voice_ms < 0) {
		steps->voice_ms = ms_between(caller->began_us, onset_us);
	}
	if (caller != &room->people[0]) {
		return;
	}
	if (room->state == TC_PROBE_ROOM_SPEAKING ||
	    (room->state == TC_PROBE_ROOM_AWAITING && onset_us <= room->said_us)) {
		room->early++;
	} else if (room->state == TC_PROBE_ROOM_AWAITING) {
		tc_stats_add(&room->answers, ms_between(room->said_us, onset_us));
		set_state(room, TC_PROBE_ROOM_LISTENING, "an answer");
		if (!room->config.stays) {
			tc_probe_room_leave(room, NULL, "measured");
		}
	}
}

/* --- deadlines --- */

static void say_what_is_missing(struct tc_probe_room *room)
{
	const char *code = "no-connection", *who = "", *what = "";
	for (int i = 0; i < room->config.people && !what[0]; i++) {
		struct tc_caller *caller = &room->people[i];
		struct tc_leg *orb = tc_caller_orb(caller), *human = tc_caller_human(caller);
		who = caller->role;
		if (!orb) {
			code = "no-orb";
			what = "no orb came";
		} else if (orb->times.connected_us < 0) {
			what = "no connection to the orb";
		} else if (orb->times.pictured_us < 0) {
			code = "no-picture";
			what = orb->broken ? "no picture of the orb that decodes"
					   : "no picture of the orb";
		} else if (room->config.people > 1 && (!human || human->times.connected_us < 0)) {
			what = "no connection to the other person";
		}
	}
	char why[300];
	snprintf(why, sizeof(why), "%s: %s within %lld s%s%s%s%s", who, what,
		 (long long)(room->config.timeout_us / 1000000),
		 room->orb_state[0] ? "; the server says " : "", room->orb_state,
		 room->orb_reason[0] ? ", " : "", room->orb_reason);
	tc_probe_room_leave(room, code, why);
}

static void answer_is_late(struct tc_probe_room *room)
{
	room->unanswered++;
	if (room->config.stays) {
		set_state(room, TC_PROBE_ROOM_LISTENING, "no answer");
		return;
	}
	char why[160];
	snprintf(why, sizeof(why), "none within %lld s%s",
		 (long long)(room->config.timeout_us / 1000000),
		 room->early ? "; it spoke while it was spoken to" : "");
	tc_probe_room_leave(room, "no-answer", why);
}

/* A greeting that begins after our words would be taken for an answer to them. */
static bool is_quiet(struct tc_probe_room *room, int64_t now_us)
{
	struct tc_leg *orb = tc_caller_orb(&room->people[0]);
	if (!orb) {
		return false;
	}
	int64_t wait_us = orb->hear.onsets ? QUIET_US : GREETING_US;
	return now_us - room->since_us >= wait_us && tc_hear_quiet(&orb->hear, now_us, QUIET_US);
}

void tc_probe_room_tick(struct tc_probe_room *room, int64_t now_us)
{
	bool late = now_us - room->since_us >= room->config.timeout_us;
	if (!over(room) && room->orb_off_us >= 0 && now_us - room->orb_off_us >= OFF_US) {
		tc_probe_room_leave(room, "orb-off", room->orb_reason);
		return;
	}
	switch (room->state) {
	case TC_PROBE_ROOM_JOINING:
		if (late) {
			tc_probe_room_leave(room, "unreachable", "not in the room in time");
		}
		break;
	case TC_PROBE_ROOM_CONNECTING:
		if (late) {
			say_what_is_missing(room);
		}
		break;
	case TC_PROBE_ROOM_LISTENING: /* one that never stops is spoken to, all the same */
		if (late || is_quiet(room, now_us)) {
			room->spoke_at = -1;
			room->asked++;
			set_state(room, TC_PROBE_ROOM_SPEAKING, late ? "it goes on" : "quiet");
		}
		break;
	case TC_PROBE_ROOM_AWAITING:
		if (late) {
			answer_is_late(room);
		}
		break;
	case TC_PROBE_ROOM_WAITING:
	case TC_PROBE_ROOM_SPEAKING:
	case TC_PROBE_ROOM_STAYING:
	case TC_PROBE_ROOM_LEAVING:
	case TC_PROBE_ROOM_DONE:
		break;
	}
}

/* --- our voice --- */

void tc_probe_room_say(struct tc_probe_room *room, int64_t number, int64_t now_us)
{
	const struct tc_clip *clip = room->config.clip;
	if (room->state < TC_PROBE_ROOM_JOINING || over(room)) {
		return;
	}
	if (room->state == TC_PROBE_ROOM_SPEAKING && room->spoke_at < 0) {
		room->spoke_at = number;
	}
	int64_t at = room->spoke_at < 0 ? -1 - number % TC_CLIP_SILENCE : number - room->spoke_at;
	uint32_t ticks = (uint32_t)number * TICKS_EACH;
	tc_caller_say(&room->people[0], tc_clip_at(clip, at), ticks, !room->said_something);
	for (int i = 1; i < room->config.people; i++) {
		tc_caller_say(&room->people[i], tc_clip_at(clip, -1 - number % TC_CLIP_SILENCE),
			      ticks, !room->said_something);
	}
	room->said_something = true;
	if (room->state == TC_PROBE_ROOM_SPEAKING && at + 1 >= (int64_t)clip->spoken) {
		room->said_us = now_us;
		set_state(room, TC_PROBE_ROOM_AWAITING, "said");
	}
}

/* --- life --- */

static void on_failed(void *user, struct tc_caller *caller, const char *code, const char *why)
{
	tc_probe_room_leave(user, code, why);
}

static void on_left(void *user, struct tc_caller *caller)
{
	struct tc_probe_room *room = user;
	if (++room->left == room->config.people) {
		set_state(room, TC_PROBE_ROOM_DONE, "all left");
	}
}

void tc_probe_room_init(struct tc_probe_room *room, const struct tc_probe_room_config *config)
{
	*room = (struct tc_probe_room){
		.config = *config,
		.spoke_at = -1,
		.orb_gone_us = -1,
		.orb_off_us = -1,
	};
	snprintf(room->name, sizeof(room->name), "%s", config->name);
	for (int i = 0; i < TC_PROBE_ROOM_PEOPLE; i++) {
		room->steps[i] = (struct tc_probe_room_steps){-1, -1, -1, -1, -1, -1, -1};
		if (i < config->people) {
			room->who[i] = config->who[i];
		}
	}
}

void tc_probe_room_start(struct tc_probe_room *room, int64_t now_us)
{
	static const struct tc_caller_events events = {
		.joined = on_joined,
		.orb_state = on_orb_state,
		.orb_here = on_orb_here,
		.orb_gone = on_orb_gone,
		.connected = on_connected,
		.pictured = on_pictured,
		.voice = on_voice,
		.failed = on_failed,
		.left = on_left,
	};
	set_state(room, TC_PROBE_ROOM_JOINING, "started");
	for (int i = 0; i < room->config.people; i++) {
		struct tc_caller_config caller = room->config.caller;
		caller.room = room->name;
		caller.who = &room->who[i];
		int err = tc_caller_start(&room->people[i], &caller, &events, room);
		if (err) {
			room->config.people = i; /* those there are leave */
			tc_probe_room_leave(room, "defect", tc_err_str(err));
			return;
		}
	}
}

void tc_probe_room_leave(struct tc_probe_room *room, const char *code, const char *why)
{
	if (over(room)) {
		return;
	}
	if (code) {
		snprintf(room->code, sizeof(room->code), "%s", code);
		snprintf(room->why, sizeof(room->why), "%s", why);
	}
	bool began = room->state != TC_PROBE_ROOM_WAITING && room->config.people > 0;
	set_state(room, TC_PROBE_ROOM_LEAVING, why);
	for (int i = 0; i < room->config.people && began; i++) {
		tc_caller_leave(&room->people[i]);
	}
	if (!began) {
		set_state(room, TC_PROBE_ROOM_DONE, "was not there");
	}
}

bool tc_probe_room_measured(const struct tc_probe_room *room)
{
	bool answered = !speaks(room) || room->answers.count > 0;
	return room->steps[0].call_ms >= 0 && answered;
}

void tc_probe_room_finish(struct tc_probe_room *room)
{
	for (int i = 0; i < TC_PROBE_ROOM_PEOPLE; i++) {
		tc_caller_finish(&room->people[i]);
	}
	tc_stats_finish(&room->answers);
	tc_stats_finish(&room->backs);
}
