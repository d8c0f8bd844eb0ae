// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "server/orbs/priv.h"

TC_LOG_TOPIC("server.orbs");

#define TO(state) (1u << TC_ORB_##state)

/* From each state, where it may go. DRAINING and GONE are one word to people: `off`. */
static const unsigned steps[] = {
	[TC_ORB_OFF] = TO(SPAWNING) | TO(FULL),
	[TC_ORB_SPAWNING] =
		TO(READY) | TO(UNRESPONSIVE) | TO(DRAINING) | TO(FAILED) | TO(RESTARTING),
	[TC_ORB_READY] = TO(UNRESPONSIVE) | TO(DRAINING) | TO(GONE) | TO(FAILED) | TO(RESTARTING),
	[TC_ORB_UNRESPONSIVE] =
		TO(SPAWNING) | TO(READY) | TO(DRAINING) | TO(GONE) | TO(FAILED) | TO(RESTARTING),
	[TC_ORB_DRAINING] = TO(GONE) | TO(FAILED),
	[TC_ORB_GONE] = TO(SPAWNING) | TO(FULL),
	[TC_ORB_FAILED] = TO(SPAWNING) | TO(FULL) | TO(OFF),
	[TC_ORB_FULL] = TO(SPAWNING) | TO(OFF),
	[TC_ORB_RESTARTING] = TO(SPAWNING) | TO(DRAINING) | TO(GONE) | TO(OFF),
};

bool tc_orb_may_step(enum tc_orb_state from, enum tc_orb_state to)
{
	return (steps[from] >> to & 1) != 0;
}

const char *tc_orb_state_name(enum tc_orb_state state)
{
	static const char *const names[] = {"off",  "spawning", "ready", "unresponsive", "draining",
					    "gone", "failed",   "full",  "restarting"};
	return names[state];
}

const char *tc_orb_state_str(enum tc_orb_state state)
{
	bool off = state == TC_ORB_DRAINING || state == TC_ORB_GONE;
	return tc_orb_state_name(off ? TC_ORB_OFF : state);
}

static void tell_operators(const struct tc_orb *orb, enum tc_orb_state was, const char *why)
{
	const struct tc_orbs *all = orb->all;
	struct tc_orb_event event = {
		.room = orb->room,
		.session = orb->now.session,
		.life = orb->life,
		.pid = orb->child ? tc_child_pid(orb->child) : 0,
		.from = was,
		.to = orb->state,
		.reason = why,
		.wall_ms = tc_clock_wall_ms(tc_clock_system()),
	};
	if (all->events.event) {
		all->events.event(all->user, &event);
	}
}

void tc_orb_set_state(struct tc_orb *orb, enum tc_orb_state next, const char *why)
{
	enum tc_orb_state was = orb->state;
	TC_ASSERT(tc_orb_may_step(was, next));
	orb->state = next;
	TC_INFO(orb->tag, "%s -> %s (%s)", tc_orb_state_name(was), tc_orb_state_name(next), why);
	if (orb->all->events.state) {
		orb->all->events.state(orb->all->user, orb->room, next, why);
	}
	tell_operators(orb, was, why);
}
