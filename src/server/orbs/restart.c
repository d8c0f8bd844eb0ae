// SPDX-License-Identifier: Apache-2.0
/* A new process for a session whose orb died: at once, then after a while, and not for ever. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "server/orbs/priv.h"

TC_LOG_TOPIC("server.orbs");

/* Before the first, second... restart within the window: most deaths are one of a kind, and people
 * wait; what dies again and again has a cause that needs time to go away, or a person. */
static const int64_t back_off_ms[] = {0, 250, 1000, 2000, 4000, 8000};

static int recent_restarts(const struct tc_orb *orb)
{
	int64_t since = tc_orb_now(orb) - orb->all->config.restart_window_ms;
	int count = 0;
	for (int i = 0; i < TC_ORB_RESTARTS_MAX; i++) {
		count += orb->restarts[i] && orb->restarts[i] > since;
	}
	return count;
}

bool tc_orb_take_restart(struct tc_orb *orb)
{
	int recent = recent_restarts(orb);
	if (orb->human_count == 0 || orb->all->closing ||
	    recent >= orb->all->config.restart_limit) {
		return false;
	}
	int last = (int)TC_COUNT(back_off_ms) - 1;
	orb->back_off_ms = back_off_ms[recent < last ? recent : last];
	orb->restarts[orb->next_restart] = tc_orb_now(orb) > 0 ? tc_orb_now(orb) : 1;
	orb->next_restart = (orb->next_restart + 1) % TC_ORB_RESTARTS_MAX;
	return true;
}

void tc_orb_forgive(struct tc_orb *orb)
{
	memset(orb->restarts, 0, sizeof(orb->restarts));
}

void tc_orb_died(struct tc_orb *orb, const char *why)
{
	int recent = recent_restarts(orb);
	if (tc_orb_take_restart(orb)) {
		snprintf(orb->end_why, sizeof(orb->end_why), "%s", why);
		tc_orb_set_state(orb, TC_ORB_RESTARTING, why);
		return;
	}
	char text[256];
	if (orb->human_count > 0 && recent > 0) {
		snprintf(text, sizeof(text), "%s; restarted %d times in %" PRId64 " s", why, recent,
			 orb->all->config.restart_window_ms / 1000);
	} else {
		snprintf(text, sizeof(text), "%s", why);
	}
	tc_orb_set_state(orb, TC_ORB_FAILED, text);
}

/* The session is running and its people saw the orb a moment ago: it keeps the place it had, even
 * if another room has waited for one longer. Given away, a crash would cost them their orb for
 * as long as somebody else's call takes. */
void tc_orb_restart_soon(struct tc_orb *orb)
{
	tc_orb_hold_place(orb);
	tc_orb_due_in(orb, TC_ORB_DUE_RESTART, orb->back_off_ms);
	TC_INFO(orb->tag, "a new orb process in %" PRId64 " ms", orb->back_off_ms);
}

void tc_orb_hold_place(struct tc_orb *orb)
{
	if (!orb->holds_place) {
		orb->holds_place = true;
		orb->all->held++;
	}
}

void tc_orb_release_place(struct tc_orb *orb)
{
	if (orb->holds_place) {
		orb->holds_place = false;
		orb->all->held--;
	}
}

void tc_orb_restart_now(struct tc_orb *orb)
{
	char why[sizeof(orb->end_why) + 16];
	snprintf(why, sizeof(why), "again, as %s", orb->end_why);
	tc_orb_not_due(orb, TC_ORB_DUE_RESTART);
	tc_orb_release_place(orb);
	tc_orb_start(orb, why);
	tc_orbs_serve_waiting(orb->all); /* if it could not be started */
}

void tc_orb_no_restart(struct tc_orb *orb, const char *why)
{
	snprintf(orb->end_why, sizeof(orb->end_why), "%s", why);
	if (orb->child) { /* on its way out already; the ladder goes on */
		tc_orb_set_state(orb, TC_ORB_DRAINING, why);
		return;
	}
	tc_orb_not_due(orb, TC_ORB_DUE_RESTART);
	tc_orb_release_place(orb);
	tc_orb_set_state(orb, TC_ORB_GONE, why);
	tc_orbs_serve_waiting(orb->all);
}
