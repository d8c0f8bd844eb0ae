// SPDX-License-Identifier: Apache-2.0
#include "rtc/sdp.h"

#include <string.h>
#include <strings.h>

#include "base/assert.h"
#include "base/err.h"
#include "rtc/sdp_uri.h"

/* Second bytes of RTP with the marker set would look like RTCP (RFC 5761 4). */
static bool pt_usable(int pt)
{
	return pt < 64 || pt > 95;
}

static const struct tc_sdp_format *find_codec(const struct tc_sdp_section *section,
					      const char *name, int rate, int channels)
{
	for (size_t i = 0; i < section->format_count; i++) {
		const struct tc_sdp_format *f = &section->formats[i];
		if (strcasecmp(f->name, name) == 0 && f->rate == rate && f->channels == channels &&
		    pt_usable(f->pt)) {
			return f;
		}
	}
	return NULL;
}

static const struct tc_sdp_format *find_main(const struct tc_sdp_section *section)
{
	return section->kind == TC_SDP_AUDIO ? find_codec(section, "opus", 48000, 2)
					     : find_codec(section, "VP8", 90000, 1);
}

static int find_rtx(const struct tc_sdp_section *section, int pt)
{
	for (size_t i = 0; i < section->format_count; i++) {
		const struct tc_sdp_format *f = &section->formats[i];
		if (strcasecmp(f->name, "rtx") == 0 && f->apt == pt && pt_usable(f->pt)) {
			return f->pt;
		}
	}
	return -1;
}

/* Why a section cannot be used, NULL if it can. */
static const char *unusable(const struct tc_sdp_section *section)
{
	if (section->port == 0 && !section->bundle_only) {
		return "the section is refused";
	}
	if (!strstr(section->proto, "RTP/SAVP")) {
		return "the section is not secure RTP";
	}
	if (!section->rtcp_mux) {
		return "the section has no rtcp-mux";
	}
	if (section->mid && strlen(section->mid) >= TC_SDP_MID_SIZE) {
		return "its mid is too long";
	}
	return find_main(section) ? NULL : "it offers no codec of ours";
}

static void take_extensions(struct tc_sdp_track *track, const struct tc_sdp_section *section)
{
	bool audio = section->kind == TC_SDP_AUDIO;
	const struct {
		const char *uri;
		uint8_t *id;
		bool wanted;
	} known[] = {
		{URI_MID, &track->ext.mid, section->mid != NULL},
		{URI_LEVEL, &track->ext.level, audio},
		/* REMB is made of the picture's packets; sound is too sparse to say much. */
		{URI_ABS_SEND_TIME, &track->ext.abs_send_time, !audio},
		{URI_PLAYOUT_DELAY, &track->ext.playout_delay, !audio},
	};
	for (size_t i = 0; i < section->extmap_count; i++) {
		const struct tc_sdp_extmap *map = &section->extmaps[i];
		for (size_t k = 0; k < TC_COUNT(known); k++) {
			if (known[k].wanted && !*known[k].id && map->direction & TC_SDP_RECVONLY &&
			    strcmp(map->uri, known[k].uri) == 0) {
				*known[k].id = (uint8_t)map->id;
			}
		}
	}
}

static void take_track(struct tc_sdp_track *track, const struct tc_sdp *sdp, size_t index)
{
	const struct tc_sdp_section *section = &sdp->sections[index];
	const struct tc_sdp_format *codec = find_main(section);
	track->section = (int)index;
	strcpy(track->mid, section->mid ? section->mid : "");
	track->pt = codec->pt;
	track->rtx_pt = section->kind == TC_SDP_VIDEO ? find_rtx(section, codec->pt) : -1;
	take_extensions(track, section);
	/* transport-cc is not agreed to: a browser waits for its feedback, and never raises its
	 * estimate without. Its own (REMB) does. */
	/* Sound is not resent: it would come too late, Opus repairs it. */
	track->feedback = section->kind == TC_SDP_AUDIO ? 0 : codec->feedback;
	if (section->pair_count) {
		track->remote_ssrc = section->pairs[0].primary;
		track->remote_rtx_ssrc = section->pairs[0].rtx;
	} else if (section->source_count) {
		track->remote_ssrc = section->sources[0].ssrc;
	}
}

/* Their side of the transport: of the section that carries it, or, since sections that are
 * bundle-only may say nothing (RFC 8843 7.1.2), of the first in the group that has it. */
static int take_transport(struct tc_sdp_agreement *out, const struct tc_sdp *sdp, const char **why)
{
	const struct tc_sdp_section *carrier = &sdp->sections[out->transport_section];
	const struct tc_sdp_transport *tr = &carrier->transport;
	for (size_t i = 0; (!tr->ufrag || !tr->pwd) && i < sdp->section_count; i++) {
		if (carrier->bundled && sdp->sections[i].bundled) {
			tr = &sdp->sections[i].transport;
		}
	}
	if (!tr->ufrag || !tr->pwd) {
		*why = "it has no ICE credentials";
		return -EINVAL;
	}
	if (!tr->has_fingerprint) {
		*why = "it has no SHA-256 fingerprint";
		return -EINVAL;
	}
	strcpy(out->transport_mid, carrier->mid ? carrier->mid : "");
	strcpy(out->ufrag, tr->ufrag);
	strcpy(out->pwd, tr->pwd);
	memcpy(out->fingerprint, tr->fingerprint, sizeof(out->fingerprint));
	out->peer_trickles = tr->trickle;
	out->peer_ice_lite = sdp->ice_lite;
	out->rtcp_rsize = carrier->rtcp_rsize;
	return tr->setup;
}

static void start_agreement(struct tc_sdp_agreement *out)
{
	*out = (struct tc_sdp_agreement){
		.audio = {.section = -1, .pt = -1, .rtx_pt = -1},
		.video = {.section = -1, .pt = -1, .rtx_pt = -1},
		.transport_section = -1,
	};
}

/* The section of a kind that we can use and that shares the transport already chosen: the one with
 * the most of what we want of it, the first where they are equal. (A page may offer its camera in
 * one section and ask for our picture in another.) */
static int choose(const struct tc_sdp *offer, enum tc_sdp_kind kind, unsigned want, int with,
		  const char **why)
{
	int best = -1, best_score = -1;
	for (size_t i = 0; i < offer->section_count; i++) {
		const struct tc_sdp_section *s = &offer->sections[i];
		if (s->kind != kind) {
			continue;
		}
		const char *reason = unusable(s);
		if (!reason && with >= 0 && !(s->bundled && offer->sections[with].bundled)) {
			reason = "its sections are not bundled";
		}
		if (reason) {
			*why = reason;
			continue;
		}
		int score = __builtin_popcount(s->direction & want);
		if (score > best_score) {
			best = (int)i;
			best_score = score;
		}
	}
	return best;
}

int tc_sdp_negotiate(const struct tc_sdp *offer, const struct tc_sdp_policy *policy,
		     struct tc_sdp_agreement *out, const char **why)
{
	start_agreement(out);
	*why = offer->section_count ? "it has no sound or picture section"
				    : "it has no media section at all";
	unsigned picture = (policy->no_video_send ? 0u : TC_SDP_RECVONLY) |
			   (policy->receive_video ? TC_SDP_SENDONLY : 0u);
	int audio = choose(offer, TC_SDP_AUDIO, TC_SDP_SENDRECV, -1, why);
	int video = policy->no_video ? -1 : choose(offer, TC_SDP_VIDEO, picture, audio, why);
	if (audio >= 0) {
		enum tc_sdp_direction theirs = offer->sections[audio].direction;
		take_track(&out->audio, offer, (size_t)audio);
		out->audio.send = theirs & TC_SDP_RECVONLY;
		out->audio.receive = theirs & TC_SDP_SENDONLY;
	}
	if (video >= 0) {
		enum tc_sdp_direction theirs = offer->sections[video].direction;
		take_track(&out->video, offer, (size_t)video);
		out->video.send = theirs & TC_SDP_RECVONLY && !policy->no_video_send;
		out->video.receive = theirs & TC_SDP_SENDONLY && policy->receive_video;
	}
	if (audio < 0 && video < 0) {
		return -EINVAL;
	}
	/* RFC 8843 7.3.1: the first section not refused carries the transport. */
	out->transport_section = audio < 0 || (video >= 0 && video < audio) ? video : audio;
	int setup = take_transport(out, offer, why);
	if (setup < 0) {
		return setup;
	}
	/* RFC 8842 5.3: what the offer leaves open is ours to say. Active saves the wait for the
	 * browser to believe in its pair: passive, our first flight may go out before ICE has a way
	 * for it, and the next try is a second later (measured: 1021 ms against 38). */
	out->dtls_client = setup == TC_SDP_PASSIVE || (setup != TC_SDP_ACTIVE && !policy->passive);
	return 0;
}

int tc_sdp_accept(const struct tc_sdp *answer, const struct tc_sdp_offer_plan *plan,
		  struct tc_sdp_agreement *out, const char **why)
{
	bool video = plan->send_video || plan->receive_video;
	start_agreement(out);
	if (answer->section_count != (video ? 2u : 1u) ||
	    answer->sections[0].kind != TC_SDP_AUDIO ||
	    (video && answer->sections[1].kind != TC_SDP_VIDEO)) {
		*why = "its sections are not those of the offer";
		return -EINVAL;
	}
	*why = unusable(&answer->sections[0]);
	if (*why) {
		return -EINVAL;
	}
	enum tc_sdp_direction theirs = answer->sections[0].direction;
	take_track(&out->audio, answer, 0);
	out->audio.send = theirs & TC_SDP_RECVONLY;
	out->audio.receive = theirs & TC_SDP_SENDONLY;
	if (video && !unusable(&answer->sections[1])) {
		theirs = answer->sections[1].direction;
		take_track(&out->video, answer, 1);
		out->video.send = theirs & TC_SDP_RECVONLY && plan->send_video;
		out->video.receive = theirs & TC_SDP_SENDONLY && plan->receive_video;
	}
	out->transport_section = 0;
	int setup = take_transport(out, answer, why);
	if (setup < 0) {
		return setup;
	}
	if (setup != TC_SDP_ACTIVE && setup != TC_SDP_PASSIVE) {
		*why = "it does not say who begins DTLS";
		return -EINVAL;
	}
	out->dtls_client = setup == TC_SDP_PASSIVE;
	return 0;
}
