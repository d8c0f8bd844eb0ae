// SPDX-License-Identifier: Apache-2.0
#include "probe/caller.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("probe.caller");

static struct tc_leg *find(struct tc_caller *caller, const char *id)
{
	for (int i = 0; i < TC_CALLER_OTHERS; i++) {
		struct tc_leg *c = &caller->others[i];
		if (c->id[0] && (!id || strcmp(c->id, id) == 0)) {
			return c;
		}
	}
	return NULL;
}

static struct tc_leg *find_kind(struct tc_caller *caller, bool ai)
{
	for (int i = 0; i < TC_CALLER_OTHERS; i++) {
		if (caller->others[i].id[0] && caller->others[i].ai == ai) {
			return &caller->others[i];
		}
	}
	return NULL;
}

struct tc_leg *tc_caller_orb(struct tc_caller *caller)
{
	return find_kind(caller, true);
}

struct tc_leg *tc_caller_human(struct tc_caller *caller)
{
	return find_kind(caller, false);
}

/* --- what the connections tell --- */

static void on_send(void *user, const char *json, size_t len)
{
	tc_uplink_send(((struct tc_caller *)user)->uplink, json, len);
}

static void on_connected(void *user, struct tc_leg *leg)
{
	struct tc_caller *caller = user;
	caller->events.connected(caller->user, caller, leg);
}

static void on_pictured(void *user, struct tc_leg *leg)
{
	struct tc_caller *caller = user;
	caller->events.pictured(caller->user, caller);
}

static void on_voice(void *user, struct tc_leg *leg)
{
	struct tc_caller *caller = user;
	if (leg->ai) {
		caller->events.voice(caller->user, caller, leg->hear.onset_us);
	}
}

static void on_leg_failed(void *user, struct tc_leg *leg, const char *why)
{
	struct tc_caller *caller = user;
	char text[192];
	snprintf(text, sizeof(text), "%s to %s: %s", caller->role,
		 leg->ai ? "the orb" : "the other person", why);
	caller->events.failed(caller->user, caller, "no-connection", text);
}

static const struct tc_leg_events leg_events = {
	.send = on_send,
	.connected = on_connected,
	.pictured = on_pictured,
	.voice = on_voice,
	.failed = on_leg_failed,
};

/* --- who is there --- */

static void add(struct tc_caller_totals *to, struct tc_leg *c)
{
	struct tc_leg_media m;
	tc_leg_media(c, &m);
	to->sent += m.peer.audio_packets_sent;
	to->received += m.peer.audio_packets_received;
	to->lost += m.peer.audio_packets_lost;
	to->video_received += m.peer.video_packets_received;
	to->video_lost += m.peer.video_packets_lost;
	to->concealed_ms += m.peer.audio_concealed_ms;
	to->srtp_rejected += m.peer.srtp_rejected;
	to->pictures += m.pictures;
	to->pieces += m.hear.pieces;
	to->late += m.hear.late;
	to->still_us = m.still_us > to->still_us ? m.still_us : to->still_us;
	to->late_worst_us =
		m.hear.worst_us > to->late_worst_us ? m.hear.worst_us : to->late_worst_us;
	to->fps = m.fps;
	to->rtt_ms = m.peer.rtt_ms;
	to->jitter_us = m.peer.audio_jitter_us;
	to->remote_jitter_us = m.peer.remote_jitter_us;
	to->remote_loss_percent = m.peer.remote_loss_percent;
}

void tc_caller_totals(struct tc_caller *caller, bool orb, struct tc_caller_totals *out)
{
	*out = orb ? caller->orb_before : caller->human_before;
	struct tc_leg *c = find_kind(caller, orb);
	if (c) {
		add(out, c);
	}
}

static void drop(struct tc_caller *caller, struct tc_leg *c)
{
	bool ai = c->ai;
	add(ai ? &caller->orb_before : &caller->human_before, c);
	tc_leg_close(c);
}

static void meet(struct tc_caller *caller, const struct tc_signal_peer *peer)
{
	struct tc_leg *c = find(caller, peer->user_id);
	if (c) {
		drop(caller, c); /* a fresh start with somebody known (protocol.md section 1) */
	}
	for (int i = 0; i < TC_CALLER_OTHERS && !c; i++) {
		c = caller->others[i].id[0] ? NULL : &caller->others[i];
	}
	if (!c) {
		TC_WARN(caller->role, "no room for %s", peer->user_id);
		return;
	}
	const struct tc_leg_config config = {
		.rtc = caller->config.rtc, .clock = caller->config.clock, .to = peer};
	int err = tc_leg_open(c, &config, &leg_events, caller);
	if (err) {
		caller->events.failed(caller->user, caller, "no-connection", tc_err_str(err));
	} else if (peer->ai) {
		caller->events.orb_here(caller->user, caller);
	}
}

static void part(struct tc_caller *caller, const char *id)
{
	struct tc_leg *c = find(caller, id);
	if (c) {
		bool ai = c->ai;
		drop(caller, c);
		if (ai) {
			caller->events.orb_gone(caller->user, caller);
		}
	}
}

static bool listed(const struct tc_signal *signal, const char *id)
{
	struct tc_json_iter it = tc_signal_peers(signal);
	while (tc_json_next(&it)) {
		struct tc_signal_peer peer;
		if (tc_signal_read_peer(it.value, &peer) == 0 && strcmp(peer.user_id, id) == 0) {
			return true;
		}
	}
	return false;
}

/* After a lost socket: who went, who came. Whoever stayed keeps the connection there is. */
static void compare(struct tc_caller *caller, const struct tc_signal *signal)
{
	for (int i = 0; i < TC_CALLER_OTHERS; i++) {
		char id[TC_ID_SIZE];
		snprintf(id, sizeof(id), "%s", caller->others[i].id);
		if (id[0] && !listed(signal, id)) {
			part(caller, id);
		}
	}
	struct tc_json_iter it = tc_signal_peers(signal);
	while (tc_json_next(&it)) {
		struct tc_signal_peer peer;
		if (tc_signal_read_peer(it.value, &peer) == 0 && !find(caller, peer.user_id)) {
			meet(caller, &peer);
		}
	}
}

/* --- what the server says --- */

static void on_joined(void *user, struct tc_json message, bool again)
{
	struct tc_caller *caller = user;
	struct tc_signal signal;
	caller->joins++;
	if (caller->leaving || tc_signal_parse(&signal, message.at, message.len) != 0) {
		return;
	}
	if (!again) {
		caller->joined_us = tc_clock_us(caller->config.clock);
		caller->events.joined(caller->user, caller);
	}
	compare(caller, &signal);
}

static void on_orb_state(struct tc_caller *caller, const struct tc_signal *signal)
{
	char state[32] = "", reason[160] = "";
	tc_json_get_str(signal->object, "state", state, sizeof(state));
	tc_json_get_str(signal->object, "reason", reason, sizeof(reason));
	caller->events.orb_state(caller->user, state, reason);
}

static void on_ended(struct tc_caller *caller, const struct tc_signal *signal)
{
	char reason[64] = "";
	tc_json_get_str(signal->object, "reason", reason, sizeof(reason));
	caller->events.failed(caller->user, caller, "ended", reason);
}

static void from_somebody(struct tc_caller *caller, const struct tc_signal *signal)
{
	char id[TC_ID_SIZE];
	struct tc_leg *c = tc_signal_read_from(signal, id) == 0 ? find(caller, id) : NULL;
	if (c) {
		tc_leg_signal(c, signal);
	}
}

static void on_message(void *user, const char *type, struct tc_json message)
{
	struct tc_caller *caller = user;
	struct tc_signal signal;
	struct tc_signal_peer peer;
	if (caller->leaving || tc_signal_parse(&signal, message.at, message.len) != 0) {
		return;
	}
	switch (signal.type) {
	case TC_SIGNAL_USER_JOINED:
		if (tc_signal_read_peer(signal.object, &peer) == 0) {
			meet(caller, &peer);
		}
		break;
	case TC_SIGNAL_USER_LEFT:
		if (tc_signal_read_peer(signal.object, &peer) == 0) {
			part(caller, peer.user_id);
		}
		break;
	case TC_SIGNAL_ORB_STATE:
		on_orb_state(caller, &signal);
		break;
	case TC_SIGNAL_SESSION_ENDED:
		on_ended(caller, &signal);
		break;
	default:
		from_somebody(caller, &signal);
	}
}

static void on_uplink_failed(void *user, const char *why, bool unreachable)
{
	struct tc_caller *caller = user;
	const char *code = unreachable                ? "unreachable"
			   : strstr(why, "room-full") ? "room-full"
			   : caller->joined_us >= 0   ? "ended"
						      : "refused";
	caller->events.failed(caller->user, caller, code, why);
}

/* --- life --- */

int tc_caller_start(struct tc_caller *caller, const struct tc_caller_config *config,
		    const struct tc_caller_events *events, void *user)
{
	static const struct tc_uplink_events uplink_events = {on_joined, on_message,
							      on_uplink_failed};
	const struct tc_identity *who = config->who;
	*caller = (struct tc_caller){
		.config = *config,
		.events = *events,
		.user = user,
		.joined_us = -1,
		.began_us = tc_clock_us(config->clock),
		.orb_before = {.rtt_ms = -1},
		.human_before = {.rtt_ms = -1},
	};
	snprintf(caller->role, sizeof(caller->role), "%s", who->role[0] ? who->role : "person");
	const struct tc_uplink_config uplink = {
		.loop = config->loop,
		.url = config->url,
		.ca = config->ca,
		.token = who->token[0] ? who->token : NULL,
		.cookie = config->cookie,
		.room = config->room,
		.user_id = who->user_id[0] ? who->user_id : NULL,
		.user_name = who->name[0] ? who->name : NULL,
		.role = who->role[0] ? who->role : NULL,
		/* It gives up, and says why, before the room's own patience ends. */
		.first_tries_ms = config->timeout_ms * 2 / 3,
	};
	return tc_uplink_create(&caller->uplink, &uplink, &uplink_events, caller);
}

static void on_left(void *user)
{
	struct tc_caller *caller = user;
	caller->gone = true;
	caller->events.left(caller->user, caller);
}

void tc_caller_leave(struct tc_caller *caller)
{
	if (caller->leaving) {
		return;
	}
	caller->leaving = true;
	for (int i = 0; i < TC_CALLER_OTHERS; i++) {
		if (caller->others[i].id[0]) {
			drop(caller, &caller->others[i]);
		}
	}
	tc_uplink_leave(caller->uplink, on_left, caller);
}

void tc_caller_finish(struct tc_caller *caller)
{
	for (int i = 0; i < TC_CALLER_OTHERS; i++) {
		if (caller->others[i].peer) {
			tc_leg_close(&caller->others[i]);
		}
	}
	tc_uplink_destroy(caller->uplink);
	caller->uplink = NULL;
}

void tc_caller_say(struct tc_caller *caller, const struct tc_clip_packet *packet, uint32_t ticks,
		   bool first)
{
	for (int i = 0; i < TC_CALLER_OTHERS; i++) {
		if (caller->others[i].id[0]) {
			tc_leg_say(&caller->others[i], packet, ticks, first);
		}
	}
}
