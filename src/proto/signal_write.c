// SPDX-License-Identifier: Apache-2.0
#include "proto/signal.h"

#include <string.h>

static struct tc_json_writer begin(struct tc_buf *buf, enum tc_signal_type type)
{
	struct tc_json_writer w;
	tc_json_writer_init(&w, buf);
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "type", tc_signal_type_str(type));
	return w;
}

void tc_signal_write_bare(struct tc_buf *buf, enum tc_signal_type type)
{
	struct tc_json_writer w = begin(buf, type);
	tc_json_end_object(&w);
}

static void field_if(struct tc_json_writer *w, const char *key, const char *text)
{
	if (text && *text) {
		tc_json_field_str(w, key, text);
	}
}

void tc_signal_write_join(struct tc_buf *buf, const struct tc_signal_join *join)
{
	struct tc_json_writer w = begin(buf, TC_SIGNAL_JOIN);
	field_if(&w, "roomId", join->room);
	field_if(&w, "userId", join->user_id);
	if (join->role) {
		tc_json_field_str(&w, "userRole", tc_role_str(join->role));
	}
	field_if(&w, "userName", join->user_name);
	tc_json_field_str(&w, "participantType", join->ai ? "ai" : "human");
	if (join->resume) {
		tc_json_field_bool(&w, "resume", true);
	}
	tc_json_end_object(&w);
}

static void write_description(struct tc_buf *buf, enum tc_signal_type type, const char *to,
			      const char *sdp)
{
	struct tc_json_writer w = begin(buf, type);
	tc_json_field_str(&w, "toId", to);
	tc_json_key(&w, tc_signal_type_str(type));
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "type", tc_signal_type_str(type));
	tc_json_field_str(&w, "sdp", sdp);
	tc_json_end_object(&w);
	tc_json_end_object(&w);
}

void tc_signal_write_offer(struct tc_buf *buf, const char *to, const char *sdp)
{
	write_description(buf, TC_SIGNAL_OFFER, to, sdp);
}

void tc_signal_write_answer(struct tc_buf *buf, const char *to, const char *sdp)
{
	write_description(buf, TC_SIGNAL_ANSWER, to, sdp);
}

void tc_signal_write_candidate(struct tc_buf *buf, const char *to, const char *candidate,
			       const char *mid, int mline)
{
	struct tc_json_writer w = begin(buf, TC_SIGNAL_ICE_CANDIDATE);
	tc_json_field_str(&w, "toId", to);
	tc_json_key(&w, "candidate");
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "candidate", candidate ? candidate : "");
	field_if(&w, "sdpMid", mid);
	if (mline >= 0) {
		tc_json_field_int(&w, "sdpMLineIndex", mline);
	}
	tc_json_end_object(&w);
	tc_json_end_object(&w);
}

void tc_signal_write_ai_status(struct tc_buf *buf, const char *status, bool muted,
			       const char *session)
{
	struct tc_json_writer w = begin(buf, TC_SIGNAL_AI_STATUS);
	tc_json_field_str(&w, "status", status);
	tc_json_field_bool(&w, "muted", muted);
	tc_json_field_str(&w, "sessionId", session);
	tc_json_end_object(&w);
}

void tc_signal_write_transcript(struct tc_buf *buf, const struct tc_signal_transcript *transcript)
{
	struct tc_json_writer w = begin(buf, TC_SIGNAL_TRANSCRIPT);
	tc_json_field_str(&w, "utteranceId", transcript->utterance_id);
	tc_json_field_str(&w, "userId", transcript->user_id);
	tc_json_field_str(&w, "text", transcript->text);
	tc_json_field_bool(&w, "final", transcript->final);
	tc_json_field_int(&w, "startMs", transcript->start_ms);
	tc_json_field_int(&w, "endMs", transcript->end_ms);
	tc_json_end_object(&w);
}

/* --- the server's own --- */

static void peer_fields(struct tc_json_writer *w, const struct tc_signal_peer *peer)
{
	tc_json_field_str(w, "userId", peer->user_id);
	tc_json_field_str(w, "userRole", tc_role_str(peer->role));
	tc_json_field_str(w, "participantType", peer->ai ? "ai" : "human");
	tc_json_field_bool(w, "shouldCreateOffer", peer->should_create_offer);
	tc_json_field_str(w, "userName", peer->user_name);
}

void tc_signal_write_discovery(struct tc_buf *buf, const struct tc_signal_peer *peers, size_t count)
{
	struct tc_json_writer w = begin(buf, TC_SIGNAL_PEER_DISCOVERY);
	tc_json_key(&w, "peers");
	tc_json_begin_array(&w);
	for (size_t i = 0; i < count; i++) {
		tc_json_begin_object(&w);
		peer_fields(&w, &peers[i]);
		tc_json_end_object(&w);
	}
	tc_json_end_array(&w);
	tc_json_end_object(&w);
}

void tc_signal_write_user_joined(struct tc_buf *buf, const struct tc_signal_peer *peer)
{
	struct tc_json_writer w = begin(buf, TC_SIGNAL_USER_JOINED);
	peer_fields(&w, peer);
	tc_json_end_object(&w);
}

void tc_signal_write_user_left(struct tc_buf *buf, const char *user_id, enum tc_role role,
			       const char *reason)
{
	struct tc_json_writer w = begin(buf, TC_SIGNAL_USER_LEFT);
	tc_json_field_str(&w, "userId", user_id);
	tc_json_field_str(&w, "userRole", tc_role_str(role));
	tc_json_field_str(&w, "reason", reason);
	tc_json_end_object(&w);
}

void tc_signal_write_orb_state(struct tc_buf *buf, const char *state, const char *reason)
{
	struct tc_json_writer w = begin(buf, TC_SIGNAL_ORB_STATE);
	tc_json_field_str(&w, "state", state);
	tc_json_field_str(&w, "reason", reason ? reason : "");
	tc_json_end_object(&w);
}

void tc_signal_write_session_ended(struct tc_buf *buf, const char *reason)
{
	struct tc_json_writer w = begin(buf, TC_SIGNAL_SESSION_ENDED);
	tc_json_field_str(&w, "reason", reason);
	tc_json_end_object(&w);
}

static void write_error(struct tc_buf *buf, const char *to, const char *code, const char *message,
			struct tc_json in_reply_to)
{
	struct tc_json_writer w = begin(buf, TC_SIGNAL_ERROR);
	field_if(&w, "toId", to);
	tc_json_field_str(&w, "code", code);
	tc_json_field_str(&w, "message", message);
	tc_json_key(&w, "inReplyTo");
	if (in_reply_to.at) {
		tc_json_put_raw(&w, in_reply_to);
	} else {
		tc_json_put_str(&w, NULL);
	}
	tc_json_end_object(&w);
}

void tc_signal_write_error(struct tc_buf *buf, const char *code, const char *message,
			   struct tc_json in_reply_to)
{
	write_error(buf, NULL, code, message, in_reply_to);
}

void tc_signal_write_error_to(struct tc_buf *buf, const char *to, const char *code,
			      const char *message, struct tc_json in_reply_to)
{
	write_error(buf, to, code, message, in_reply_to);
}
