// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>

#include "server/orbs/priv.h"

static void on_timer(uv_timer_t *timer);

/* One timer an orb, set to whatever comes first. */
static void arm(struct tc_orb *orb)
{
	int64_t first = 0;
	for (int i = 0; i < TC_ORB_DUES; i++) {
		if (orb->due[i] && (!first || orb->due[i] < first)) {
			first = orb->due[i];
		}
	}
	if (first) {
		int64_t left = first - tc_orb_now(orb);
		uv_timer_start(&orb->timer, on_timer, left > 0 ? (uint64_t)left : 0, 0);
	} else {
		uv_timer_stop(&orb->timer);
	}
}

void tc_orb_due_in(struct tc_orb *orb, enum tc_orb_due which, int64_t ms)
{
	int64_t at = tc_orb_now(orb) + (ms > 0 ? ms : 0);
	orb->due[which] = at > 0 ? at : 1;
	arm(orb);
}

void tc_orb_not_due(struct tc_orb *orb, enum tc_orb_due which)
{
	orb->due[which] = 0;
	arm(orb);
}

void tc_orb_nothing_due(struct tc_orb *orb)
{
	for (int i = 0; i < TC_ORB_DUES; i++) {
		orb->due[i] = 0;
	}
	arm(orb);
}

static void on_cleanup(struct tc_orb *orb)
{
	if (orb->human_count == 0) {
		const struct tc_orbs_config *config = &orb->all->config;
		bool idle = config->idle_timeout_ms > 0 &&
			    config->idle_timeout_ms < config->cleanup_grace_ms;
		const char *reason = idle ? "idle_timeout" : "room_cleanup";
		tc_orb_ask_to_end(orb, reason, reason);
	} else if (orb->all->config.active_cleanup_ms > 0) {
		tc_orb_due_in(orb, TC_ORB_DUE_CLEANUP, orb->all->config.active_cleanup_ms);
	}
}

static void on_lifetime(struct tc_orb *orb)
{
	const struct tc_orbs_config *config = &orb->all->config;
	bool test =
		orb->now.test && config->test_timeout_ms > 0 &&
		(config->max_lifetime_ms <= 0 || config->test_timeout_ms < config->max_lifetime_ms);
	tc_orb_ask_to_end(orb, "max_lifetime", test ? "max_lifetime of a test" : "max_lifetime");
}

static void on_never_ready(struct tc_orb *orb)
{
	char why[96];
	snprintf(why, sizeof(why), "it was not in the room within %" PRId64 " ms",
		 orb->all->config.ready_timeout_ms);
	tc_orb_hangs(orb, why);
}

static void on_due(struct tc_orb *orb, enum tc_orb_due which)
{
	switch (which) {
	case TC_ORB_DUE_CLEANUP:
		on_cleanup(orb);
		break;
	case TC_ORB_DUE_LIFETIME:
		on_lifetime(orb);
		break;
	case TC_ORB_DUE_READY:
		on_never_ready(orb);
		break;
	case TC_ORB_DUE_HEALTH:
		tc_orb_check_health(orb);
		break;
	case TC_ORB_DUE_PING:
		tc_orb_send_ping(orb);
		break;
	case TC_ORB_DUE_DOOM:
		tc_orb_kill_doomed(orb);
		break;
	case TC_ORB_DUE_LADDER:
		tc_orb_next_rung(orb);
		break;
	case TC_ORB_DUE_RESTART:
		tc_orb_restart_now(orb);
		break;
	case TC_ORB_DUE_EXPECTED:
		tc_orb_expected_in_vain(orb);
		break;
	case TC_ORB_DUES:
		break;
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct tc_orb *orb = timer->data;
	for (int i = 0; i < TC_ORB_DUES; i++) {
		if (orb->due[i] && orb->due[i] <= tc_orb_now(orb)) {
			orb->due[i] = 0;
			on_due(orb, (enum tc_orb_due)i);
		}
	}
	arm(orb);
}
