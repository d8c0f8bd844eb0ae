// SPDX-License-Identifier: Apache-2.0
/* What the server says: each message to whom it concerns. */
#include "orb/session/session_priv.h"

#include <string.h>

#include "base/log.h"
#include "proto/signal.h"

TC_LOG_TOPIC("orb.people");

/* Somebody who signals but was not announced: a server that speaks the guide's protocol only. */
static struct tc_person *sender_of(struct tc_session *s, struct tc_json message)
{
	char id[TC_ID_SIZE];
	if (tc_json_get_str(message, "fromId", id, sizeof(id)) < 0) {
		return NULL;
	}
	struct tc_person *p = tc_people_find(s, id);
	if (!p) {
		TC_WARN(s->tag, "a message of %s, who is not in the room", id);
	}
	return p;
}

static void handle_control(struct tc_session *s, struct tc_json message)
{
	char action[32] = "", value[TC_SIGNAL_SAY_SIZE] = "";
	tc_json_get_str(message, "action", action, sizeof(action));
	tc_json_get_str(message, "value", value, sizeof(value));
	int64_t now = tc_session_now(s);
	TC_INFO(s->tag, "orb-control %s", action);
	if (strcmp(action, "mute") == 0 || strcmp(action, "unmute") == 0) {
		tc_mind_set_muted(s->mind, action[0] == 'm', now);
		tc_report_status(s); /* everybody sees why it is silent, not only who muted it */
	} else if (strcmp(action, "stop") == 0) {
		tc_mind_stop(s->mind, now);
	} else if (strcmp(action, "say") == 0) {
		tc_mind_say(s->mind, value, now);
	} else if (strcmp(action, "leave") == 0) {
		tc_session_end(s, "session_complete", TC_EXIT_OK);
	} else if (strcmp(action, "mode") == 0) {
		enum tc_mind_mode mode;
		if (tc_mind_mode_parse(value, &mode) == 0) {
			tc_mind_set_mode(s->mind, mode, now);
		}
	}
	tc_session_plan(s);
}

static void on_joined(void *user, struct tc_json message, bool again)
{
	tc_people_listed(user, message);
}

static void on_message(void *user, const char *type, struct tc_json message)
{
	struct tc_session *s = user;
	struct tc_person *p;
	if (s->state >= TC_SESSION_ENDING) {
		return;
	}
	if (strcmp(type, "offer") == 0) {
		if ((p = sender_of(s, message))) {
			tc_connection_offer(p, message);
		}
	} else if (strcmp(type, "ice-candidate") == 0) {
		if ((p = sender_of(s, message))) {
			tc_connection_candidate(p, message);
		}
	} else if (strcmp(type, "user-joined") == 0) {
		tc_people_joined(s, message);
	} else if (strcmp(type, "user-left") == 0) {
		char id[TC_ID_SIZE];
		if (tc_json_get_str(message, "userId", id, sizeof(id)) > 0) {
			tc_people_left(s, id);
		}
	} else if (strcmp(type, "orb-control") == 0) {
		handle_control(s, message);
	} else if (strcmp(type, "session-ended") == 0) {
		tc_session_end(s, "session_complete", TC_EXIT_OK);
	}
}

static void on_failed(void *user, const char *why, bool unreachable)
{
	struct tc_session *s = user;
	TC_ERROR(s->tag, "no way into the room: %s", why);
	tc_report_error(s, why, true);
	bool was_live = s->state == TC_SESSION_LIVE;
	tc_session_end(s, was_live ? "replaced" : "error",
		       was_live      ? TC_EXIT_OK
		       : unreachable ? TC_EXIT_UNREACHABLE
				     : TC_EXIT_DEFECT);
}

const struct tc_uplink_events tc_session_uplink_events = {
	.joined = on_joined,
	.message = on_message,
	.failed = on_failed,
};
