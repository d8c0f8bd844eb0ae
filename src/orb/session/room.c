// SPDX-License-Identifier: Apache-2.0
/* What the server says: each message to whom it concerns. */
#include "orb/session/session_priv.h"

#include <string.h>

#include "base/log.h"
#include "proto/signal.h"

TC_LOG_TOPIC("orb.people");

/* NULL: a message of nobody in the room. Our server names the sender of each; one who was not
 * announced is no reason to open a connection. */
static struct tc_person *sender_of(struct tc_session *s, const struct tc_signal *message)
{
	char id[TC_ID_SIZE];
	if (tc_signal_read_from(message, id)) {
		return NULL;
	}
	struct tc_person *p = tc_people_find(s, id);
	if (!p) {
		TC_WARN(s->tag, "a message of %s, who is not in the room", id);
	}
	return p;
}

static void set_mode(struct tc_session *s, const char *value, int64_t now)
{
	enum tc_mind_mode mode;
	if (tc_mind_mode_parse(value, &mode) == 0) {
		tc_mind_set_mode(s->mind, mode, now);
	}
}

static void handle_control(struct tc_session *s, const struct tc_signal *message)
{
	struct tc_signal_control control;
	if (tc_signal_read_control(message, &control)) {
		TC_WARN(s->tag, "an orb-control that is none");
		return;
	}
	int64_t now = tc_session_now(s);
	const char *action = control.action;
	TC_INFO(s->tag, "orb-control %s", action);
	if (strcmp(action, "mute") == 0 || strcmp(action, "unmute") == 0) {
		tc_mind_set_muted(s->mind, action[0] == 'm', now);
		tc_report_status(s); /* everybody sees why it is silent, not only who muted it */
	} else if (strcmp(action, "stop") == 0) {
		tc_mind_stop(s->mind, now);
	} else if (strcmp(action, "say") == 0) {
		tc_mind_say(s->mind, control.value, now);
	} else if (strcmp(action, "leave") == 0) {
		tc_session_end(s, "session_complete", TC_EXIT_OK);
	} else if (strcmp(action, "mode") == 0) {
		set_mode(s, control.value, now);
	}
	tc_session_plan(s);
}

static void on_joined(void *user, struct tc_json message, bool again)
{
	struct tc_session *s = user;
	struct tc_signal signal;
	if (s->state < TC_SESSION_ENDING &&
	    tc_signal_parse(&signal, message.at, message.len) == 0) {
		tc_people_listed(s, &signal);
	}
}

static void handle(struct tc_session *s, const struct tc_signal *message)
{
	struct tc_person *from;
	struct tc_signal_peer peer;
	switch (message->type) {
	case TC_SIGNAL_OFFER:
		if ((from = sender_of(s, message))) {
			tc_connection_offer(from, message);
		}
		break;
	case TC_SIGNAL_ICE_CANDIDATE:
		if ((from = sender_of(s, message))) {
			tc_connection_candidate(from, message);
		}
		break;
	case TC_SIGNAL_USER_JOINED:
		tc_people_joined(s, message->object);
		break;
	case TC_SIGNAL_USER_LEFT:
		if (tc_signal_read_peer(message->object, &peer) == 0) {
			tc_people_left(s, peer.user_id);
		}
		break;
	case TC_SIGNAL_ORB_CONTROL:
		handle_control(s, message);
		break;
	case TC_SIGNAL_SESSION_ENDED:
		tc_session_end(s, "session_complete", TC_EXIT_OK);
		break;
	default: /* not for an orb, or newer than we are */
		break;
	}
}

static void on_message(void *user, const char *type, struct tc_json message)
{
	struct tc_session *s = user;
	struct tc_signal signal;
	if (s->state < TC_SESSION_ENDING &&
	    tc_signal_parse(&signal, message.at, message.len) == 0) {
		handle(s, &signal);
	}
}

/* For people, who read it as the reason of the orb's state. */
static const char *plain(const char *why)
{
	return strstr(why, "4403") && strstr(why, "full") ? "three people are in already" : why;
}

static void on_failed(void *user, const char *why, bool unreachable)
{
	struct tc_session *s = user;
	if (s->state == TC_SESSION_LIVE &&
	    strstr(why, " 4000")) { /* session-ended, and then this */
		tc_session_end(s, "session_complete", TC_EXIT_OK);
		return;
	}
	TC_ERROR(s->tag, "no way into the room: %s", why);
	tc_report_error(s, plain(why), true);
	bool was_live = s->state == TC_SESSION_LIVE;
	tc_session_end(s, was_live ? "replaced" : "error",
		       was_live ? TC_EXIT_OK : TC_EXIT_UNREACHABLE);
}

const struct tc_uplink_events tc_session_uplink_events = {
	.joined = on_joined,
	.message = on_message,
	.failed = on_failed,
};
