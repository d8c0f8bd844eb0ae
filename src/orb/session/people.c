// SPDX-License-Identifier: Apache-2.0
/* Who is in the room, and the peer connection to each. */
#include "orb/session/session_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("orb.people");

#define AUDIO_BPS   40000  /* what our sound takes, headers included */
#define VIDEO_BPS   400000 /* 480x480 at 30 a second needs 313 kbit/s on average */
#define VIDEO_FLOOR 100000 /* below it a peer's picture slows; the shared rate does not follow */

struct tc_person *tc_people_find(struct tc_session *s, const char *id)
{
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		if (s->people[i].present && strcmp(s->people[i].id, id) == 0) {
			return &s->people[i];
		}
	}
	return NULL;
}

int tc_people_present(const struct tc_session *s)
{
	int count = 0;
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		count += s->people[i].present;
	}
	return count;
}

/* --- what a peer tells us --- */

static void send_candidate(struct tc_person *p, const char *line, const char *mid)
{
	struct tc_session *s = p->session;
	struct tc_json_writer w;
	tc_buf_reset(&s->out);
	tc_json_writer_init(&w, &s->out);
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "type", "ice-candidate");
	tc_json_field_str(&w, "toId", p->id);
	tc_json_key(&w, "candidate");
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "candidate", line ? line : "");
	tc_json_field_str(&w, "sdpMid", mid ? mid : "0");
	tc_json_field_int(&w, "sdpMLineIndex", 0);
	tc_json_end_object(&w);
	tc_json_end_object(&w);
	if (!s->out.err) {
		tc_uplink_send(s->uplink, s->out.data, s->out.len);
	}
}

static void on_candidate(void *user, const char *line, const char *mid)
{
	send_candidate(user, line, mid);
}

/* The loudest of those whose voice is active moves the picture. */
static void show_hearing(struct tc_session *s)
{
	float level = 0;
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		const struct tc_person *p = &s->people[i];
		if (p->present && p->voice && p->level > level) {
			level = p->level;
		}
	}
	if (s->painter) {
		tc_painter_set_hearing(s->painter, level);
	}
}

static void on_sound(void *user, const struct tc_peer_sound *sound)
{
	struct tc_person *p = user;
	tc_ear_sound(p, sound);
	show_hearing(p->session);
}

static void on_keyframe(void *user)
{
	struct tc_person *p = user;
	if (p->session->painter) {
		tc_painter_keyframe(p->session->painter);
	}
}

/* One encoder serves both: it follows the poorer path, down to a floor; below it that peer's own
 * sender drops pictures and the other's quality does not suffer. */
static void on_estimate(void *user, int bps)
{
	struct tc_session *s = ((struct tc_person *)user)->session;
	int rate = VIDEO_BPS;
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		struct tc_peer_stats stats;
		if (s->people[i].peer) {
			tc_peer_stats(s->people[i].peer, &stats);
			int room = stats.estimate_bps - AUDIO_BPS;
			if (stats.estimate_bps > 0 && room < rate) {
				rate = room;
			}
		}
	}
	TC_DEBUG(s->tag, "path estimate %d bit/s, picture at %d", bps, rate);
	if (s->painter) {
		tc_painter_set_bitrate(s->painter, rate > VIDEO_FLOOR ? rate : VIDEO_FLOOR);
	}
}

static void on_loss(void *user, int percent)
{
	struct tc_session *s = ((struct tc_person *)user)->session;
	int worst = percent;
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		struct tc_peer_stats stats;
		if (s->people[i].peer) {
			tc_peer_stats(s->people[i].peer, &stats);
			worst = stats.remote_loss_percent > worst ? stats.remote_loss_percent
								  : worst;
		}
	}
	if (s->speaker) {
		tc_speaker_set_loss(s->speaker, worst);
	}
}

static void on_peer_state(void *user, enum tc_peer_state now, enum tc_peer_state was,
			  const char *why)
{
	struct tc_person *p = user;
	struct tc_session *s = p->session;
	TC_INFO(s->tag, "peer %s: %s -> %s (%s)", p->id, tc_peer_state_str(was),
		tc_peer_state_str(now), why ? why : "");
	if (now == TC_PEER_CONNECTED && !p->met) {
		p->met = true;
		tc_mind_connected(s->mind, p->id, tc_session_now(s));
		tc_session_plan(s);
	}
	if (s->painter) {
		tc_painter_wake(s->painter);
	}
	tc_report_soon(s);
	tc_session_check_idle(s);
}

/* --- peers --- */

static const struct tc_peer_events peer_events = {
	.state = on_peer_state,
	.candidate = on_candidate,
	.sound = on_sound,
	.keyframe = on_keyframe,
	.estimate = on_estimate,
	.loss = on_loss,
};

static void drop_peer(struct tc_person *p)
{
	if (p->peer) {
		tc_roster_remove(p->session->roster, p->peer);
		tc_peer_close(p->peer, NULL, NULL);
		p->peer = NULL;
	}
	p->offer_origin[0] = '\0';
}

static int need_peer(struct tc_person *p)
{
	if (p->peer) {
		return 0;
	}
	struct tc_session *s = p->session;
	struct tc_peer_config config = {.rtc = s->rtc, .tag = p->id, .stream_id = "orb"};
	int err = tc_peer_create(&p->peer, &config, &peer_events, p);
	if (!err) {
		err = tc_roster_add(s->roster, p->peer);
	}
	if (err) {
		TC_ERROR(s->tag, "no connection to %s: %s", p->id, tc_err_str(err));
		tc_report_error(s, tc_err_str(err), false);
		drop_peer(p);
	}
	return err;
}

/* --- coming and going --- */

static enum tc_mind_role role_of(const struct tc_session *s, const char *id, const char *word)
{
	/* Who is client and who is coach was said at our start; an admin counts as the coach. */
	if (strcmp(id, s->args->client) == 0) {
		return TC_MIND_CLIENT;
	}
	return strcmp(word, "client") == 0 ? TC_MIND_CLIENT : TC_MIND_COACH;
}

static void person_left(struct tc_session *s, const char *id)
{
	struct tc_person *p = tc_people_find(s, id);
	if (!p) {
		return;
	}
	TC_INFO(s->tag, "%s left", id);
	tc_ear_close(p); /* their last words are made final, not thrown away */
	drop_peer(p);
	p->present = false;
	p->voice = false;
	p->met = false;
	tc_mind_left(s->mind, id, tc_session_now(s));
	tc_session_plan(s);
	tc_report_soon(s);
	tc_session_check_idle(s);
	show_hearing(s);
}

static struct tc_person *person_joined(struct tc_session *s, struct tc_json who)
{
	char id[TC_ID_SIZE], role[32] = "", type[32] = "", name[128] = "";
	if (tc_json_get_str(who, "userId", id, sizeof(id)) < 0) {
		return NULL;
	}
	tc_json_get_str(who, "userRole", role, sizeof(role));
	tc_json_get_str(who, "participantType", type, sizeof(type));
	tc_json_get_str(who, "userName", name, sizeof(name));
	if (strcmp(type, "ai") == 0 || strcmp(role, "ai") == 0 ||
	    strcmp(id, s->args->user_id) == 0) {
		return NULL;
	}
	struct tc_person *p = tc_people_find(s, id);
	if (p) {
		return p; /* still here: a resumed connection of ours lists them again */
	}
	for (size_t i = 0; i < TC_PEOPLE_MAX && !p; i++) {
		p = s->people[i].present ? NULL : &s->people[i];
	}
	if (!p) {
		TC_WARN(s->tag, "no room for %s", id);
		return NULL;
	}
	p->present = true;
	p->met = false;
	snprintf(p->id, sizeof(p->id), "%s", id);
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->role = role_of(s, id, role);
	TC_INFO(s->tag, "%s %s is here", p->role == TC_MIND_COACH ? "coach" : "client", id);
	tc_mind_joined(s->mind, id, p->role, name, tc_session_now(s));
	tc_session_plan(s);
	tc_ear_open(p);
	tc_session_check_idle(s);
	tc_report_soon(s);
	return p;
}

static bool listed(struct tc_json peers, const char *id)
{
	struct tc_json_iter it = tc_json_iter(peers);
	while (tc_json_next(&it)) {
		struct tc_json user_id;
		if (tc_json_get(it.value, "userId", &user_id) && tc_json_str_eq(user_id, id)) {
			return true;
		}
	}
	return false;
}

static void on_joined(void *user, struct tc_json message, bool again)
{
	struct tc_session *s = user;
	struct tc_json peers;
	if (s->state >= TC_SESSION_ENDING) {
		return;
	}
	tc_json_get(message, "peers", &peers);
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		if (s->people[i].present && !listed(peers, s->people[i].id)) {
			char id[TC_ID_SIZE];
			snprintf(id, sizeof(id), "%s", s->people[i].id);
			person_left(s, id); /* went while our socket was down */
		}
	}
	struct tc_json_iter it = tc_json_iter(peers);
	while (tc_json_next(&it)) {
		person_joined(s, it.value);
	}
	if (s->state == TC_SESSION_JOINING) {
		tc_session_set_state(s, TC_SESSION_LIVE, "joined");
		TC_INFO(s->tag, "in the room as %s after %lld ms", s->args->user_id,
			(long long)tc_session_ms(s, tc_session_now(s)));
	}
	s->told_status = ""; /* the server may be a new one: say it again */
	tc_report_ready(s);
	tc_report_status(s);
	tc_session_check_idle(s);
}

/* --- offers and candidates --- */

/* The o= line's user, session id and so on identify one RTCPeerConnection: its version (the third
 * word) counts renegotiations and is left out. RFC 8866 section 5.2. */
static void origin_of(const char *sdp, char *out, size_t size)
{
	const char *line = strstr(sdp, "o=");
	char name[32] = "", id[32] = "";
	if (line) {
		sscanf(line, "o=%31s %31s", name, id);
	}
	snprintf(out, size, "%s %s", name, id);
}

static void send_answer(struct tc_person *p, const char *answer)
{
	struct tc_session *s = p->session;
	struct tc_json_writer w;
	tc_buf_reset(&s->out);
	tc_json_writer_init(&w, &s->out);
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "type", "answer");
	tc_json_field_str(&w, "toId", p->id);
	tc_json_key(&w, "answer");
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "type", "answer");
	tc_json_field_str(&w, "sdp", answer);
	tc_json_end_object(&w);
	tc_json_end_object(&w);
	if (!s->out.err) {
		tc_uplink_send(s->uplink, s->out.data, s->out.len);
	}
}

static void handle_offer(struct tc_person *p, struct tc_json message)
{
	struct tc_session *s = p->session;
	struct tc_json offer, sdp_value;
	char *sdp = NULL;
	if (tc_json_get(message, "offer", &offer) && tc_json_get(offer, "sdp", &sdp_value)) {
		sdp = tc_json_strdup(sdp_value);
	}
	if (!sdp) {
		TC_WARN(s->tag, "an offer of %s without an SDP was ignored", p->id);
		return;
	}
	char origin[sizeof(p->offer_origin)];
	origin_of(sdp, origin, sizeof(origin));
	if (p->offer_origin[0] && strcmp(origin, p->offer_origin) != 0) {
		/* The page was loaded again: its old connection is gone without a word:
		 * neither closing a tab nor killing a browser sends close_notify.
		 */
		TC_INFO(s->tag, "%s starts a new connection", p->id);
		drop_peer(p);
	}
	char *answer = NULL;
	int err = need_peer(p);
	if (!err) {
		err = tc_peer_answer(p->peer, sdp, &answer);
	}
	if (err) {
		TC_WARN(s->tag, "the offer of %s cannot be answered: %s", p->id, tc_err_str(err));
	} else {
		snprintf(p->offer_origin, sizeof(p->offer_origin), "%s", origin);
		send_answer(p, answer);
	}
	free(answer);
	free(sdp);
}

static void handle_candidate(struct tc_person *p, struct tc_json message)
{
	struct tc_json candidate, line;
	char text[1024] = "";
	if (!tc_json_get(message, "candidate", &candidate)) {
		return;
	}
	if (tc_json_type(candidate) == TC_JSON_STRING) {
		line = candidate; /* some send the bare line */
	} else if (!tc_json_get(candidate, "candidate", &line)) {
		line = (struct tc_json){0};
	}
	if (tc_json_type(line) == TC_JSON_STRING && tc_json_str(line, text, sizeof(text)) < 0) {
		return;
	}
	if (need_peer(p) == 0) {
		tc_peer_add_candidate(p->peer, text);
	}
}

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
	char action[32] = "", value[2048] = "";
	tc_json_get_str(message, "action", action, sizeof(action));
	tc_json_get_str(message, "value", value, sizeof(value));
	int64_t now = tc_session_now(s);
	TC_INFO(s->tag, "orb-control %s", action);
	if (strcmp(action, "mute") == 0 || strcmp(action, "unmute") == 0) {
		tc_mind_set_muted(s->mind, action[0] == 'm', now);
	} else if (strcmp(action, "stop") == 0) {
		tc_mind_stop(s->mind, now);
	} else if (strcmp(action, "say") == 0) {
		tc_mind_say(s->mind, value, now);
	} else if (strcmp(action, "leave") == 0) {
		tc_session_end(s, "session_complete", TC_EXIT_OK);
	} else if (strcmp(action, "mode") == 0) {
		static const char *const modes[] = {"active", "on-call", "silent"};
		for (int i = 0; i < 3; i++) {
			if (strcmp(value, modes[i]) == 0) {
				tc_mind_set_mode(s->mind, (enum tc_mind_mode)i, now);
			}
		}
	}
	tc_session_plan(s);
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
			handle_offer(p, message);
		}
	} else if (strcmp(type, "ice-candidate") == 0) {
		if ((p = sender_of(s, message))) {
			handle_candidate(p, message);
		}
	} else if (strcmp(type, "user-joined") == 0) {
		person_joined(s, message);
	} else if (strcmp(type, "user-left") == 0) {
		char id[TC_ID_SIZE];
		if (tc_json_get_str(message, "userId", id, sizeof(id)) > 0) {
			person_left(s, id);
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

void tc_people_close(struct tc_session *s)
{
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		if (s->people[i].session) {
			drop_peer(&s->people[i]);
		}
	}
}
