// SPDX-License-Identifier: Apache-2.0
/* What an orb says on its channel. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "proto/channel.h"
#include "server/orbs/priv.h"

TC_LOG_TOPIC("server.orbs");

/* Messages handed on: an orb that floods must not reach the disk with it. */
#define MESSAGE_BURST TC_ORB_MESSAGE_BURST
#define MESSAGE_RATE  200

static void on_ready(struct tc_orb *orb)
{
	orb->was_ready = true;
	tc_orb_not_due(orb, TC_ORB_DUE_READY);
	if (tc_orb_running(orb) && orb->state == TC_ORB_SPAWNING) {
		tc_orb_set_state(orb, TC_ORB_READY, "in the room");
	}
	tc_orb_seen_alive(orb);
}

static void on_heartbeat(struct tc_orb *orb, const struct tc_channel_metrics *metrics)
{
	if (!orb->load.known) { /* what we measure ourselves counts more than its own word */
		orb->cpu_percent = isnan(metrics->cpu_percent) ? 0 : metrics->cpu_percent;
		orb->memory_mb = isnan(metrics->memory_mb) ? 0 : metrics->memory_mb;
	}
	orb->latency_ms = isnan(metrics->latency_ms) ? 0 : metrics->latency_ms;
	if (orb->all->events.heartbeat) {
		orb->all->events.heartbeat(orb->all->user, orb->room, metrics);
	}
	tc_orb_seen_alive(orb);
}

static bool may_hand_on(struct tc_orb *orb)
{
	int64_t now = tc_orb_now(orb);
	double tokens =
		orb->message_tokens + (double)(now - orb->message_filled_ms) * MESSAGE_RATE / 1000;
	orb->message_tokens = tokens < MESSAGE_BURST ? tokens : MESSAGE_BURST;
	orb->message_filled_ms = now;
	if (orb->message_tokens < 1) {
		orb->messages_lost++;
		return false;
	}
	orb->message_tokens--;
	return true;
}

void tc_orb_active(struct tc_orb *orb)
{
	int64_t active_ms = orb->all->config.active_cleanup_ms;
	if (active_ms > 0 && orb->human_count > 0 && tc_orb_running(orb)) {
		tc_orb_due_in(orb, TC_ORB_DUE_CLEANUP, active_ms);
	}
}

static void hand_on(struct tc_orb *orb, const struct tc_channel_message *message)
{
	const struct tc_orbs *all = orb->all;
	if (message->type == TC_CHANNEL_UTTERANCE) {
		tc_orb_active(orb);
	} else {
		/* Our own says with its summary why it ends. */
		(void)tc_json_get_str(message->json, "reason", orb->own_reason,
				      sizeof(orb->own_reason));
	}
	if (all->events.message && may_hand_on(orb)) {
		all->events.message(all->user, orb->room, tc_channel_type_str(message->type),
				    message->json.at, message->json.len);
	}
}

void tc_orb_hear(void *user, struct tc_json object)
{
	struct tc_orb *orb = user;
	struct tc_channel_message message;
	const char *field = NULL;
	if (tc_channel_parse(&message, object, &field)) {
		TC_WARN(orb->tag, "a channel message was dropped: bad %s", field);
		return;
	}
	if (message.room[0] && strcmp(message.room, orb->room) != 0) {
		TC_WARN(orb->tag, "a channel message was dropped: it is about another room");
		return;
	}
	switch (message.type) {
	case TC_CHANNEL_ORB_READY:
		on_ready(orb);
		break;
	case TC_CHANNEL_ORB_HEARTBEAT:
		on_heartbeat(orb, &message.metrics);
		break;
	case TC_CHANNEL_ORB_ERROR:
		TC_WARN(orb->tag, "orb error%s: %s", message.fatal ? " (fatal)" : "",
			message.error);
		if (message.fatal) {
			snprintf(orb->own_error, sizeof(orb->own_error), "%.127s", message.error);
		}
		break;
	case TC_CHANNEL_SESSION_SUMMARY:
	case TC_CHANNEL_UTTERANCE:
		hand_on(orb, &message);
		break;
	case TC_CHANNEL_PONG:
		tc_orb_on_pong(orb, &message);
		break;
	case TC_CHANNEL_OTHER:
	case TC_CHANNEL_SHUTDOWN_GRACEFUL:
	case TC_CHANNEL_UPDATE_PARTICIPANTS:
	case TC_CHANNEL_RESTORE:
	case TC_CHANNEL_PING:
	case TC_CHANNEL_STORED:
	case TC_CHANNEL_SHED:
	case TC_CHANNEL_ADOPT:
	case TC_CHANNEL_ADOPTED:
		TC_DEBUG(orb->tag, "a channel message we have no use for");
		break;
	}
}
