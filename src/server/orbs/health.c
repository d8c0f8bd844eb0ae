// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/health.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "server/orbs/inspect.h"
#include "server/orbs/priv.h"

TC_LOG_TOPIC("server.orbs.health");

#define PING_MS 2500
/* For the threads to be looked at from outside, and to write their stacks, before the kill. */
#define LOOK_MS  1000
#define STACK_MS 200
/* A loop of ours that comes this late to its own timer has not read what the orbs said. */
#define OURSELVES_LATE_MS 1000

static const char *part_of(enum tc_orb_hang hang)
{
	static const char *const parts[] = {"main loop", "audio sender", "video sender",
					    "recognizer", "voice"};
	return parts[hang];
}

static int64_t first_limit(const struct tc_orbs_config *config)
{
	int64_t first = config->unresponsive_after_ms, kill = config->kill_after_ms;
	return first > 0 && (kill <= 0 || first <= kill) ? first : kill;
}

static int64_t ping_interval(const struct tc_orb *orb)
{
	int64_t quarter = first_limit(&orb->all->config) / 4;
	return quarter <= 0 ? 0 : quarter < PING_MS ? quarter : PING_MS;
}

static void plan_check(struct tc_orb *orb)
{
	const struct tc_orbs_config *config = &orb->all->config;
	int64_t silent = tc_orb_now(orb) - orb->health.last_sign_ms;
	/* The two limits may be given in either order, or one of them be off. */
	int64_t next = config->unresponsive_after_ms;
	if (next <= silent) {
		next = 0;
	}
	if (config->kill_after_ms > 0 && (!next || config->kill_after_ms < next)) {
		next = config->kill_after_ms;
	}
	if (next > 0) {
		tc_orb_due_in(orb, TC_ORB_DUE_HEALTH, next - silent);
	}
}

/* What hangs longest; its ms. */
static int64_t worst(const struct tc_orb *orb, enum tc_orb_hang *hang)
{
	int64_t ms = tc_orb_now(orb) - orb->health.last_sign_ms;
	*hang = TC_ORB_HANG_MAIN;
	for (int i = 0; i < TC_WORKERS; i++) {
		if (orb->health.busy_ms[i] > ms) {
			ms = orb->health.busy_ms[i];
			*hang = (enum tc_orb_hang)(TC_ORB_HANG_AUDIO + i);
		}
	}
	return ms;
}

static void describe(const struct tc_orb *orb, enum tc_orb_hang hang, int64_t ms, char *out,
		     size_t size)
{
	if (orb->all->foreign) {
		snprintf(out, size, "no heartbeat for %" PRId64 " ms", ms);
	} else if (hang == TC_ORB_HANG_MAIN) {
		snprintf(out, size, "its main loop hangs: no answer for %" PRId64 " ms", ms);
	} else {
		snprintf(out, size, "its %s hangs: at one thing for %" PRId64 " ms", part_of(hang),
			 ms);
	}
}

static void judge(struct tc_orb *orb)
{
	const struct tc_orbs_config *config = &orb->all->config;
	enum tc_orb_hang hang;
	int64_t ms = worst(orb, &hang);
	char what[100], why[128];
	describe(orb, hang, ms, what, sizeof(what));
	if (config->kill_after_ms > 0 && ms >= config->kill_after_ms) {
		snprintf(why, sizeof(why), "it no longer answered: %s", what);
		tc_orb_hangs(orb, why);
		return;
	}
	bool late = config->unresponsive_after_ms > 0 && ms >= config->unresponsive_after_ms;
	if (late && orb->state != TC_ORB_UNRESPONSIVE) {
		orb->all->counts.hangs[hang]++;
		tc_orb_set_state(orb, TC_ORB_UNRESPONSIVE, what);
	} else if (!late && orb->state == TC_ORB_UNRESPONSIVE) {
		tc_orb_set_state(orb, orb->was_ready ? TC_ORB_READY : TC_ORB_SPAWNING,
				 orb->all->foreign ? "heartbeats are back" : "it works again");
	}
	plan_check(orb);
}

void tc_orb_check_health(struct tc_orb *orb)
{
	int64_t silent = tc_orb_now(orb) - orb->health.last_sign_ms;
	int64_t limit = orb->state == TC_ORB_UNRESPONSIVE ? orb->all->config.kill_after_ms
							  : first_limit(&orb->all->config);
	if (silent - limit > OURSELVES_LATE_MS) {
		TC_WARN(orb->tag, "we were away ourselves: its silence is not counted");
		orb->health.last_sign_ms = tc_orb_now(orb);
		plan_check(orb);
	} else {
		judge(orb);
	}
}

void tc_orb_seen_alive(struct tc_orb *orb)
{
	orb->health.last_sign_ms = tc_orb_now(orb);
	if (tc_orb_running(orb) && !orb->health.doomed) {
		judge(orb);
	}
}

void tc_orb_on_pong(struct tc_orb *orb, const struct tc_channel_message *pong)
{
	if (orb->all->foreign || pong->ping <= 0 || pong->ping > orb->health.ping) {
		return; /* nobody asked */
	}
	memcpy(orb->health.busy_ms, pong->busy_ms, sizeof(orb->health.busy_ms));
	tc_orb_seen_alive(orb);
}

void tc_orb_send_ping(struct tc_orb *orb)
{
	orb->health.ping++;
	orb->health.tell_ping = true;
	tc_child_poke(orb->child);
	tc_orb_due_in(orb, TC_ORB_DUE_PING, ping_interval(orb));
}

void tc_orb_health_begin(struct tc_orb *orb)
{
	tc_orb_health_end(orb);
	orb->health = (struct tc_orb_health){.last_sign_ms = tc_orb_now(orb)};
	orb->load = (struct tc_orb_load){0};
	tc_measure_started(orb->all->measure);
	plan_check(orb);
	if (!orb->all->foreign && ping_interval(orb) > 0) {
		tc_orb_due_in(orb, TC_ORB_DUE_PING, ping_interval(orb));
	}
}

void tc_orb_health_end(struct tc_orb *orb)
{
	tc_inspect_forget(orb->health.looked);
	orb->health.looked = NULL;
}

/* --- before the kill --- */

static void on_looked(void *user)
{
	struct tc_orb *orb = user;
	orb->health.looked = NULL;
	if (!tc_orb_running(orb)) {
		return;
	}
	if (!orb->all->foreign) {
		/* Ours writes its stacks (orb/stacks.h); another program would end. */
		tc_child_signal(orb->child, SIGQUIT);
		tc_orb_due_in(orb, TC_ORB_DUE_DOOM, STACK_MS);
	} else {
		tc_orb_due_in(orb, TC_ORB_DUE_DOOM, 0);
	}
}

static void on_look_over(void *orbs)
{
	tc_orbs_handle_closed(orbs);
}

void tc_orb_hangs(struct tc_orb *orb, const char *why)
{
	if (!tc_orb_running(orb) || orb->health.doomed) {
		return;
	}
	orb->health.doomed = true;
	snprintf(orb->health.why, sizeof(orb->health.why), "%s", why);
	TC_WARN(orb->tag, "%s; its threads:", why);
	tc_orb_not_due(orb, TC_ORB_DUE_PING);
	tc_orb_not_due(orb, TC_ORB_DUE_HEALTH);
	int err = tc_inspect_start(&orb->health.looked,
				   &(struct tc_inspect_config){.loop = orb->all->config.loop,
							       .pid = tc_child_pid(orb->child),
							       .tag = orb->tag,
							       .looked = on_looked,
							       .over = on_look_over,
							       .user = orb,
							       .over_user = orb->all});
	if (!err) {
		orb->all->open_handles++;
	}
	tc_orb_due_in(orb, TC_ORB_DUE_DOOM, err ? 0 : LOOK_MS);
}

void tc_orb_kill_doomed(struct tc_orb *orb)
{
	char why[sizeof(orb->health.why)];
	memcpy(why, orb->health.why, sizeof(why));
	tc_orb_kill_hung(orb, why);
}
