// SPDX-License-Identifier: Apache-2.0
/* The kill ladder: ask, then SIGTERM, then SIGKILL; all of them by pidfd. */
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "server/orbs/priv.h"

TC_LOG_TOPIC("server.orbs");

/* A process that SIGKILL did not end (stuck in the kernel) is killed and reported again. */
#define KILL_AGAIN_MS 5000

static void term(struct tc_orb *orb)
{
	orb->rung = TC_ORB_RUNG_TERM;
	TC_WARN(orb->tag, "did not end when asked: SIGTERM to %d", tc_child_pid(orb->child));
	tc_child_signal(orb->child, SIGTERM);
	tc_orb_due_in(orb, TC_ORB_DUE_LADDER, orb->all->config.term_grace_ms);
}

static void kill_now(struct tc_orb *orb)
{
	orb->rung = TC_ORB_RUNG_KILL;
	TC_WARN(orb->tag, "SIGKILL to %d", tc_child_pid(orb->child));
	tc_child_kill(orb->child);
	tc_orb_due_in(orb, TC_ORB_DUE_LADDER, KILL_AGAIN_MS);
}

void tc_orb_next_rung(struct tc_orb *orb)
{
	switch (orb->rung) {
	case TC_ORB_RUNG_NONE:
		break;
	case TC_ORB_RUNG_ASKED:
		term(orb);
		break;
	case TC_ORB_RUNG_TERM:
	case TC_ORB_RUNG_KILL:
		kill_now(orb);
		break;
	}
}

/* For whatever comes after it, this life is over: nothing of it comes due any more. */
static void begin_end(struct tc_orb *orb, const char *reason, enum tc_orb_state next,
		      const char *why)
{
	snprintf(orb->end_reason, sizeof(orb->end_reason), "%s", reason);
	snprintf(orb->end_why, sizeof(orb->end_why), "%s", why);
	tc_orb_nothing_due(orb);
	orb->rung = TC_ORB_RUNG_ASKED;
	tc_orb_set_state(orb, next, why);
}

static void ask(struct tc_orb *orb)
{
	if (tc_child_pid(orb->child) == 0) { /* it waits for its process: there will be none */
		tc_child_kill(orb->child);
		return;
	}
	orb->tell_shutdown = true;
	tc_child_poke(orb->child);
	/* Whom the channel does not reach is asked by signal, at once. */
	tc_orb_due_in(orb, TC_ORB_DUE_LADDER,
		      tc_child_channel_open(orb->child) ? orb->all->config.kill_grace_ms : 0);
}

void tc_orb_ask_to_end(struct tc_orb *orb, const char *reason, const char *why)
{
	if (orb->state == TC_ORB_RESTARTING) {
		tc_orb_no_restart(orb, why);
	} else if (tc_orb_running(orb)) {
		begin_end(orb, reason, TC_ORB_DRAINING, why);
		ask(orb);
	}
}

void tc_orb_kill_hung(struct tc_orb *orb, const char *why)
{
	if (!tc_orb_running(orb)) {
		return;
	}
	/* A main loop that hangs does not hear a request either. */
	orb->killed_as_hung = true;
	begin_end(orb, "unresponsive",
		  tc_orb_take_restart(orb) ? TC_ORB_RESTARTING : TC_ORB_DRAINING, why);
	kill_now(orb);
}

void tc_orb_restart(struct tc_orb *orb, const char *why)
{
	if (!tc_orb_running(orb)) {
		return;
	}
	bool again = tc_orb_take_restart(orb);
	orb->fails = !again;
	begin_end(orb, "replaced", again ? TC_ORB_RESTARTING : TC_ORB_DRAINING, why);
	ask(orb);
}
