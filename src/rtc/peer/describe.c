// SPDX-License-Identifier: Apache-2.0
#include "rtc/peer/peer_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("rtc.peer");

static int make_link(struct tc_peer *peer)
{
	if (peer->link) {
		return 0;
	}
	struct tc_link *link;
	int err = peer->link_ops->create(&link, peer->link_factory, peer->offerer,
					 &tc_peer_link_events, peer);
	if (err) {
		TC_WARN(peer->tag, "no link: %s", tc_err_str(err));
		return err;
	}
	peer->link = link;
	pthread_mutex_lock(&peer->out.lock);
	peer->out.link = link;
	pthread_mutex_unlock(&peer->out.lock);
	return 0;
}

static void take_track(struct peer_out_track *track, const struct tc_sdp_track *agreed)
{
	track->on = agreed->section >= 0 && agreed->send;
	track->pt = (uint8_t)agreed->pt;
	track->rtx_pt = agreed->rtx_pt;
	track->ext = agreed->ext;
	memcpy(track->mid, agreed->mid, sizeof(track->mid));
}

static void take_tracks(struct tc_peer *peer)
{
	struct peer_out *out = &peer->out;
	pthread_mutex_lock(&out->lock);
	bool had_video = out->video.on;
	take_track(&out->audio, &peer->agreement.audio);
	take_track(&out->video, &peer->agreement.video);
	out->video.on = out->video.on && out->nack;
	bool new_video = out->video.on && !had_video;
	out->needs_key = out->needs_key || new_video;
	pthread_mutex_unlock(&out->lock);
	if (new_video && tc_peer_state(peer) == TC_PEER_CONNECTED) {
		tc_peer_want_keyframe(peer);
	}
}

static void add_candidates(struct tc_peer *peer, const struct tc_sdp *sdp)
{
	for (size_t i = 0; i < sdp->section_count; i++) {
		const struct tc_sdp_section *section = &sdp->sections[i];
		for (size_t k = 0; k < section->candidate_count; k++) {
			peer->link_ops->add_candidate(peer->link, section->candidates[k]);
		}
	}
	for (int i = 0; i < peer->early_count; i++) {
		peer->link_ops->add_candidate(peer->link, peer->early[i]);
		free(peer->early[i]);
	}
	peer->early_count = 0;
}

/* A new offer revives: its sender lives, and media may come before the next packet does. */
static void begin_again(struct tc_peer *peer, bool new_keys)
{
	enum tc_peer_state state = tc_peer_state(peer);
	if (new_keys || state == TC_PEER_NEW || state == TC_PEER_FAILED) {
		tc_peer_set_state(peer, TC_PEER_CONNECTING, "descriptions known");
	} else if (state == TC_PEER_SILENT || state == TC_PEER_STALLED) {
		atomic_store(&peer->count.last_heard_us, peer_now_us(peer));
		tc_peer_set_state(peer, TC_PEER_CONNECTED, "described anew");
		tc_peer_want_keyframe(peer);
	}
}

/* The association stays over renegotiation and ICE restart (RFC 8842 section 4); another
 * certificate, or one that has ended, means another. */
static bool needs_new_dtls(const struct tc_peer *peer, const struct tc_sdp_agreement *next)
{
	return !peer->dtls || tc_peer_state(peer) == TC_PEER_FAILED ||
	       memcmp(peer->agreement.fingerprint, next->fingerprint, TC_SDP_FINGERPRINT) != 0;
}

static bool other_credentials(const struct tc_peer *peer, const struct tc_sdp_agreement *next)
{
	return peer->agreed && (strcmp(peer->agreement.ufrag, next->ufrag) != 0 ||
				strcmp(peer->agreement.pwd, next->pwd) != 0);
}

/* What both descriptions say becomes true here; what can fail comes first. */
static int apply(struct tc_peer *peer, const struct tc_sdp *theirs, struct tc_sdp_agreement *next)
{
	bool first = !peer->agreed;
	bool new_keys = needs_new_dtls(peer, next);
	if (!new_keys) {
		next->dtls_client = tc_dtls_is_client(peer->dtls);
	}
	bool remote_is_new = first || other_credentials(peer, next);
	if (remote_is_new) {
		int err = peer->link_ops->set_remote(peer->link, next->ufrag, next->pwd);
		if (err) {
			return err;
		}
	}
	peer->agreement = *next;
	peer->agreed = true;
	int err = new_keys ? tc_peer_start_dtls(peer) : 0;
	if (err) {
		return err;
	}
	take_tracks(peer);
	begin_again(peer, new_keys);
	return 0;
}

static void local_facts(struct tc_peer *peer, struct tc_sdp_local *local, struct tc_buf *candidates)
{
	*local = (struct tc_sdp_local){
		.session_id = peer->session_id,
		.session_version = ++peer->session_version,
		.fingerprint = tc_dtls_fingerprint(peer->rtc->identity),
		.stream_id = peer->stream_id,
		.audio_ssrc = peer->out.audio.ssrc,
		.video_ssrc = peer->out.video.ssrc,
		.rtx_ssrc = peer->out.video.rtx_ssrc,
	};
	peer->link_ops->local(peer->link, &local->ufrag, &local->pwd);
	peer->link_ops->write_candidates(peer->link, candidates);
	local->candidates = tc_buf_str(candidates);
}

static int write_answer(struct tc_peer *peer, const struct tc_sdp *offer, char **answer)
{
	struct tc_buf text, candidates;
	struct tc_sdp_local local;
	tc_buf_init(&text);
	tc_buf_init(&candidates);
	local_facts(peer, &local, &candidates);
	int err = tc_sdp_write_answer(&text, offer, &peer->agreement, &local);
	err = err ? err : candidates.err ? candidates.err : text.err;
	*answer = err ? NULL : tc_buf_take_str(&text);
	tc_buf_finish(&text);
	tc_buf_finish(&candidates);
	return err || *answer ? err : -ENOMEM;
}

static int negotiate(struct tc_peer *peer, const struct tc_sdp *offer,
		     struct tc_sdp_agreement *next)
{
	const struct tc_sdp_policy policy = {
		.no_video = peer->no_video && !peer->receive_video,
		.no_video_send = peer->no_video,
		.receive_video = peer->receive_video,
	};
	const char *why = "";
	int err = tc_sdp_negotiate(offer, &policy, next, &why);
	if (err) {
		TC_WARN(peer->tag, "offer refused: %s", why);
	}
	return err;
}

static int answer_parsed(struct tc_peer *peer, const struct tc_sdp *offer, char **answer)
{
	struct tc_sdp_agreement *next = malloc(sizeof(*next));
	if (!next) {
		return -ENOMEM;
	}
	int err = negotiate(peer, offer, next);
	err = err ? err : make_link(peer);
	if (!err && other_credentials(peer, next)) {
		TC_INFO(peer->tag, "ICE restart");
		err = peer->link_ops->restart(peer->link);
	}
	err = err ? err : apply(peer, offer, next);
	err = err ? err : peer->link_ops->gather(peer->link);
	if (!err) {
		add_candidates(peer, offer);
		err = peer->closed ? -TC_ESTATE : write_answer(peer, offer, answer);
	}
	free(next);
	return err;
}

int tc_peer_answer(struct tc_peer *peer, const char *offer, char **answer)
{
	TC_ASSERT_HOME(peer);
	if (peer->closed || peer->offerer) {
		return -TC_ESTATE;
	}
	int64_t began_us = peer_now_us(peer);
	struct tc_sdp *sdp;
	const char *why = "";
	int err = tc_sdp_parse(&sdp, offer, &why);
	if (err) {
		TC_WARN(peer->tag, "offer not understood: %s", why);
		return err;
	}
	peer->offer_us = began_us;
	err = answer_parsed(peer, sdp, answer);
	tc_sdp_destroy(sdp);
	return err;
}

static struct tc_sdp_offer_plan offer_plan(const struct tc_peer *peer)
{
	return (struct tc_sdp_offer_plan){
		.send_video = !peer->no_video,
		.receive_video = peer->receive_video,
	};
}

static int write_offer(struct tc_peer *peer, char **offer)
{
	struct tc_buf text, candidates;
	struct tc_sdp_local local;
	const struct tc_sdp_offer_plan plan = offer_plan(peer);
	tc_buf_init(&text);
	tc_buf_init(&candidates);
	local_facts(peer, &local, &candidates);
	int err = tc_sdp_write_offer(&text, &plan, &local);
	err = err ? err : candidates.err ? candidates.err : text.err;
	*offer = err ? NULL : tc_buf_take_str(&text);
	tc_buf_finish(&text);
	tc_buf_finish(&candidates);
	return err || *offer ? err : -ENOMEM;
}

int tc_peer_offer(struct tc_peer *peer, bool ice_restart, char **offer)
{
	TC_ASSERT_HOME(peer);
	if (peer->closed || !peer->offerer) {
		return -TC_ESTATE;
	}
	peer->offer_us = peer_now_us(peer);
	bool restart = ice_restart && peer->link;
	int err = make_link(peer);
	err = err || !restart ? err : peer->link_ops->restart(peer->link);
	err = err ? err : peer->link_ops->gather(peer->link);
	return err ? err : write_offer(peer, offer);
}

static int accept_parsed(struct tc_peer *peer, const struct tc_sdp *answer)
{
	struct tc_sdp_agreement *next = malloc(sizeof(*next));
	if (!next) {
		return -ENOMEM;
	}
	const struct tc_sdp_offer_plan plan = offer_plan(peer);
	const char *why = "";
	int err = tc_sdp_accept(answer, &plan, next, &why);
	if (err) {
		TC_WARN(peer->tag, "answer refused: %s", why);
	}
	err = err ? err : apply(peer, answer, next);
	if (!err) {
		add_candidates(peer, answer);
	}
	free(next);
	return err;
}

int tc_peer_accept(struct tc_peer *peer, const char *answer)
{
	TC_ASSERT_HOME(peer);
	if (peer->closed || !peer->offerer || !peer->link) {
		return -TC_ESTATE;
	}
	struct tc_sdp *sdp;
	const char *why = "";
	int err = tc_sdp_parse(&sdp, answer, &why);
	if (err) {
		TC_WARN(peer->tag, "answer not understood: %s", why);
		return err;
	}
	err = accept_parsed(peer, sdp);
	tc_sdp_destroy(sdp);
	return err;
}

int tc_peer_add_candidate(struct tc_peer *peer, const char *line)
{
	TC_ASSERT_HOME(peer);
	if (peer->closed) {
		return -TC_ESTATE;
	}
	if (!line || !*line) {
		return 0; /* "no more": see rtc/ice/ice.c */
	}
	if (peer->agreed) {
		return peer->link_ops->add_candidate(peer->link, line);
	}
	if (peer->early_count == TC_PEER_MAX_EARLY) {
		return 0; /* more than a browser has; the path is found without */
	}
	char *copy = strdup(line);
	if (!copy) {
		return -ENOMEM;
	}
	peer->early[peer->early_count++] = copy;
	return 0;
}
