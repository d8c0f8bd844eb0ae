// SPDX-License-Identifier: Apache-2.0
/* What the rest of the server asks of the manager: who came and went, what is wanted of an orb,
 * what it is to be told. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "server/orbs/priv.h"

TC_LOG_TOPIC("server.orbs");

/* --- people --- */

static int find_human(const struct tc_orb *orb, const char *user_id)
{
	for (int i = 0; i < orb->human_count; i++) {
		if (strcmp(orb->humans[i], user_id) == 0) {
			return i;
		}
	}
	return -1;
}

static bool add_human(struct tc_orb *orb, const char *user_id)
{
	if (find_human(orb, user_id) >= 0 || orb->human_count == TC_ORB_MAX_HUMANS) {
		return false;
	}
	snprintf(orb->humans[orb->human_count++], TC_ID_SIZE, "%s", user_id);
	return true;
}

static void set_facts(struct tc_orb *orb, const struct tc_orb_room *room)
{
	struct tc_orb_facts *facts = &orb->next;
	snprintf(facts->session, sizeof(facts->session), "%s", room->session ? room->session : "");
	snprintf(facts->coach, sizeof(facts->coach), "%s", room->coach ? room->coach : "");
	snprintf(facts->client, sizeof(facts->client), "%s", room->client ? room->client : "");
	facts->test = room->test;
	facts->ends_ms = room->ends_ms;
	facts->began_ms = room->began_ms;
}

static void on_joined(struct tc_orb *orb)
{
	int64_t active_ms = orb->all->config.active_cleanup_ms;
	switch (orb->state) {
	case TC_ORB_OFF:
		if (!orb->due[TC_ORB_DUE_EXPECTED]) {
			tc_orb_start_or_wait(orb, "the first participant is here");
		}
		break;
	case TC_ORB_GONE:
	case TC_ORB_FAILED:
		tc_orb_start_or_wait(orb, "a participant joined");
		break;
	case TC_ORB_SPAWNING:
	case TC_ORB_READY:
	case TC_ORB_UNRESPONSIVE:
		if (orb->next.session[0] && strcmp(orb->now.session, orb->next.session) != 0) {
			/* Another session than it works for: it must not write into this one. */
			tc_orb_ask_to_end(orb, "replaced", "replaced");
			orb->again = true;
			break;
		}
		tc_orb_not_due(orb, TC_ORB_DUE_CLEANUP); /* of an empty room */
		if (active_ms > 0) {
			tc_orb_due_in(orb, TC_ORB_DUE_CLEANUP, active_ms);
		}
		tc_orb_tell_participants(orb);
		break;
	case TC_ORB_DRAINING:
		orb->again = true;
		break;
	case TC_ORB_FULL: /* it may have been passed over while nobody was connected */
		tc_orbs_serve_waiting(orb->all);
		break;
	case TC_ORB_RESTARTING:
		break;
	}
}

static void tell_off(struct tc_orbs *orbs, const char *room, enum tc_orb_state state,
		     const char *why)
{
	if (orbs->events.state) {
		orbs->events.state(orbs->user, room, state, why);
	}
}

void tc_orbs_joined(struct tc_orbs *orbs, const struct tc_orb_room *room, const char *user_id)
{
	if (orbs->closing || !tc_id_valid(room->room) || !tc_id_valid(user_id)) {
		return;
	}
	if (!orbs->config.enabled) {
		tell_off(orbs, room->room, TC_ORB_OFF, "AI orbs are turned off here");
		return;
	}
	struct tc_orb *orb = tc_orbs_need(orbs, room->room);
	if (!orb) {
		TC_ERROR(NULL, "no memory for an orb of room %s", room->room);
		tell_off(orbs, room->room, TC_ORB_FAILED, tc_err_str(-ENOMEM));
		return;
	}
	set_facts(orb, room);
	if (add_human(orb, user_id)) {
		on_joined(orb);
	}
}

static void on_room_empty(struct tc_orb *orb)
{
	const struct tc_orbs_config *config = &orb->all->config;
	struct tc_orbs *orbs = orb->all;
	orb->again = false;
	if (tc_orb_running(orb)) {
		bool idle = config->idle_timeout_ms > 0 &&
			    config->idle_timeout_ms < config->cleanup_grace_ms;
		tc_orb_due_in(orb, TC_ORB_DUE_CLEANUP,
			      idle ? config->idle_timeout_ms : config->cleanup_grace_ms);
	} else if (!orb->child) {
		tc_orb_forget(orb);
		tc_orbs_serve_waiting(orbs);
	}
}

void tc_orbs_left(struct tc_orbs *orbs, const char *room, const char *user_id)
{
	struct tc_orb *orb = tc_orbs_find(orbs, room);
	int at = orb ? find_human(orb, user_id) : -1;
	if (at < 0) {
		return;
	}
	memmove(orb->humans[at], orb->humans[at + 1],
		sizeof(orb->humans[0]) * (size_t)(orb->human_count - at - 1));
	orb->human_count--;
	tc_orb_tell_participants(orb);
	if (orb->human_count == 0) {
		on_room_empty(orb);
	}
}

void tc_orbs_back(struct tc_orbs *orbs)
{
	tc_orbs_serve_waiting(orbs);
}

void tc_orbs_active(struct tc_orbs *orbs, const char *room)
{
	struct tc_orb *orb = tc_orbs_find(orbs, room);
	if (orb) {
		tc_orb_active(orb);
	}
}

void tc_orbs_end(struct tc_orbs *orbs, const char *room, const char *reason)
{
	struct tc_orb *orb = tc_orbs_find(orbs, room);
	if (!orb) {
		return;
	}
	if (orb->state == TC_ORB_FULL) {
		TAILQ_REMOVE(&orbs->waiting, orb, in_waiting);
		tc_orb_set_state(orb, TC_ORB_OFF, reason);
	} else {
		orb->again = false;
		tc_orb_ask_to_end(orb, reason, reason);
	}
}

void tc_orbs_controlled(struct tc_orbs *orbs, const char *room, const char *action,
			const char *value)
{
	struct tc_orb *orb = tc_orbs_find(orbs, room);
	if (!orb) {
		return;
	}
	if (strcmp(action, "mode") == 0) {
		snprintf(orb->mode, sizeof(orb->mode), "%s", value);
	} else if (strcmp(action, "mute") == 0 || strcmp(action, "unmute") == 0) {
		orb->muted = action[0] == 'm';
	}
}

void tc_orbs_recalled(struct tc_orbs *orbs, const char *room, int life,
		      const struct tc_channel_utterance *utterances, size_t count)
{
	struct tc_orb *orb = tc_orbs_find(orbs, room);
	if (orb && orb->life == life && tc_orb_running(orb)) {
		tc_orb_tell_memory(orb, utterances, count);
	}
}

static struct tc_orb *find_session(const struct tc_orbs *orbs, const char *session)
{
	struct tc_orb *orb;
	TAILQ_FOREACH(orb, &orbs->list, in_list)
	{
		if (orb->child && strcmp(orb->now.session, session) == 0) {
			return orb;
		}
	}
	return NULL;
}

void tc_orbs_stored(struct tc_orbs *orbs, const char *session, const char *utterance_id)
{
	struct tc_orb *orb = orbs->foreign ? NULL : find_session(orbs, session);
	if (orb) {
		tc_orb_tell_stored(orb, utterance_id);
	}
}

bool tc_orbs_serve(const struct tc_orbs *orbs, const char *session)
{
	return find_session(orbs, session) != NULL;
}

int tc_orbs_restart(struct tc_orbs *orbs, const char *room, const char *why)
{
	struct tc_orb *orb = tc_orbs_find(orbs, room);
	if (!orb || orb->human_count == 0 || orbs->closing) {
		return -ENOENT;
	}
	tc_orb_forgive(orb);
	switch (orb->state) {
	case TC_ORB_OFF:
	case TC_ORB_GONE:
	case TC_ORB_FAILED:
		tc_orb_start_or_wait(orb, why);
		break;
	case TC_ORB_RESTARTING:
		if (!orb->child) {
			tc_orb_restart_now(orb);
		}
		break;
	case TC_ORB_SPAWNING:
	case TC_ORB_READY:
	case TC_ORB_UNRESPONSIVE:
		tc_orb_restart(orb, why);
		break;
	case TC_ORB_DRAINING:
		orb->again = true;
		break;
	case TC_ORB_FULL:
		return -EBUSY;
	}
	return 0;
}
