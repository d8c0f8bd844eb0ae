// SPDX-License-Identifier: Apache-2.0
/* The peer connection to each person: offers and candidates in, answers out, what it tells us. */
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

/* --- what a peer tells us --- */

static void send_out(struct tc_session *s)
{
	if (!s->out.err) {
		tc_uplink_send(s->uplink, s->out.data, s->out.len);
	}
}

static void on_candidate(void *user, const char *line, const char *mid)
{
	struct tc_person *p = user;
	tc_buf_reset(&p->session->out);
	tc_signal_write_candidate(&p->session->out, p->id, line, mid ? mid : "0", 0);
	send_out(p->session);
}

/* The loudest of those whose voice is active moves the picture. */
void tc_connection_show_hearing(struct tc_session *s)
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
	tc_connection_show_hearing(p->session);
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

void tc_connection_drop(struct tc_person *p)
{
	if (p->peer) {
		tc_roster_remove(p->session->roster, p->peer);
		tc_peer_close(p->peer, NULL, NULL);
		p->peer = NULL;
	}
	p->offer_origin[0] = '\0';
}

static int make_peer(struct tc_person *p, struct tc_peer **out)
{
	struct tc_session *s = p->session;
	struct tc_peer_config config = {.rtc = s->rtc, .tag = p->id, .stream_id = "orb"};
	int err = tc_peer_create(out, &config, &peer_events, p);
	if (!err) {
		err = tc_roster_add(s->roster, *out);
		if (err) {
			tc_peer_close(*out, NULL, NULL);
			*out = NULL;
		}
	}
	return err;
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

/* What it was about stays as it is. Told to whoever runs the server, and to the page, which shows
 * it: it would wait for an answer. */
static void refuse(struct tc_person *p, int err)
{
	static const char reply[] = "\"offer\"";
	struct tc_session *s = p->session;
	char why[96];
	snprintf(why, sizeof(why), "the offer cannot be answered: %s", tc_err_str(err));
	TC_WARN(s->tag, "%s: %s", p->id, why);
	tc_report_error(s, why, false);
	tc_buf_reset(&s->out);
	tc_signal_write_error_to(&s->out, p->id, "offer-refused", why,
				 (struct tc_json){reply, sizeof(reply) - 1});
	send_out(s);
}

static int answer(struct tc_person *p, struct tc_peer *peer, const char *sdp)
{
	struct tc_session *s = p->session;
	char *text = NULL;
	int err = tc_peer_answer(peer, sdp, &text);
	if (!err) {
		tc_buf_reset(&s->out);
		tc_signal_write_answer(&s->out, p->id, text);
		send_out(s);
	}
	free(text);
	return err;
}

/* Of the connection we have, or the first. */
static int answer_on(struct tc_person *p, const char *sdp)
{
	int err = p->peer ? 0 : make_peer(p, &p->peer);
	return err ? err : answer(p, p->peer, sdp);
}

/* The page was loaded again: its old connection is gone without a word, since neither closing a tab
 * nor killing a browser sends close_notify. That is believed when the new offer can be answered. */
static int answer_anew(struct tc_person *p, const char *sdp)
{
	struct tc_peer *fresh = NULL;
	int err = make_peer(p, &fresh);
	err = err ? err : answer(p, fresh, sdp);
	if (err && fresh) {
		tc_roster_remove(p->session->roster, fresh);
		tc_peer_close(fresh, NULL, NULL);
	} else if (!err) {
		TC_INFO(p->session->tag, "%s starts a new connection", p->id);
		tc_connection_drop(p);
		p->peer = fresh;
	}
	return err;
}

void tc_connection_offer(struct tc_person *p, const struct tc_signal *offer)
{
	char *sdp = tc_signal_sdp_dup(offer);
	char origin[sizeof(p->offer_origin)];
	origin_of(sdp ? sdp : "", origin, sizeof(origin));
	bool other = p->offer_origin[0] && strcmp(origin, p->offer_origin) != 0;
	int err = !sdp ? -TC_EPARSE : other ? answer_anew(p, sdp) : answer_on(p, sdp);
	if (err) {
		refuse(p, err);
	} else {
		snprintf(p->offer_origin, sizeof(p->offer_origin), "%s", origin);
	}
	free(sdp);
}

void tc_connection_candidate(struct tc_person *p, const struct tc_signal *message)
{
	struct tc_signal_candidate candidate;
	if (tc_signal_read_candidate(message, &candidate)) {
		return;
	}
	int err = p->peer ? 0 : make_peer(p, &p->peer);
	if (err) {
		TC_WARN(p->session->tag, "no connection to %s: %s", p->id, tc_err_str(err));
	} else {
		tc_peer_add_candidate(p->peer, candidate.line);
	}
}
