// SPDX-License-Identifier: Apache-2.0
#include "rtc/sdp.h"

#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "rtc/sdp_uri.h"

/* 10 would bring each frame half a tick sooner, for twice the packets (23 kbit/s of headers). */
#define DEFAULT_PTIME_MS 20
#define RTP_PROTO        "UDP/TLS/RTP/SAVPF"

/* What our own offers say; whoever answers takes these numbers over. */
enum {
	OUR_OPUS = 111,
	OUR_VP8 = 96,
	OUR_RTX = 97,
};
static const struct tc_rtp_ext_ids our_audio_ext = {.mid = 4, .level = 1};
static const struct tc_rtp_ext_ids our_video_ext = {
	.mid = 4, .abs_send_time = 2, .playout_delay = 5};

const char *tc_sdp_direction_str(enum tc_sdp_direction direction)
{
	switch (direction) {
	case TC_SDP_INACTIVE:
		return "inactive";
	case TC_SDP_SENDONLY:
		return "sendonly";
	case TC_SDP_RECVONLY:
		return "recvonly";
	case TC_SDP_SENDRECV:
		return "sendrecv";
	}
	return "?";
}

void tc_sdp_fingerprint_str(const uint8_t fingerprint[TC_SDP_FINGERPRINT], char out[96])
{
	static const char digits[] = "0123456789ABCDEF";
	char *p = out;
	for (size_t i = 0; i < TC_SDP_FINGERPRINT; i++) {
		*p++ = digits[fingerprint[i] >> 4];
		*p++ = digits[fingerprint[i] & 15];
		*p++ = ':';
	}
	p[-1] = '\0';
}

static bool facts_missing(const struct tc_sdp_local *local)
{
	return !local->ufrag || !local->pwd || !local->fingerprint || !local->stream_id ||
	       !*local->stream_id;
}

static void put_session(struct tc_buf *buf, const struct tc_sdp_local *local)
{
	tc_buf_putf(buf, "v=0\r\no=- %" PRIu64 " %" PRIu64 " IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
		    local->session_id, local->session_version);
}

static void put_transport(struct tc_buf *buf, const struct tc_sdp_local *local, const char *setup)
{
	char fingerprint[96];
	tc_sdp_fingerprint_str(local->fingerprint, fingerprint);
	tc_buf_putf(buf,
		    "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n"
		    "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=ice-options:trickle\r\n"
		    "a=fingerprint:sha-256 %s\r\na=setup:%s\r\n",
		    local->ufrag, local->pwd, fingerprint, setup);
}

/* RFC 8285 7: what they only receive is answered with what we only send (Firefox marks some so). */
static const char *extmap_direction(const struct tc_sdp_section *offered, int id)
{
	for (size_t i = 0; offered && i < offered->extmap_count; i++) {
		if (offered->extmaps[i].id == id) {
			return offered->extmaps[i].direction == TC_SDP_RECVONLY ? "/sendonly" : "";
		}
	}
	return "";
}

static void put_extmaps(struct tc_buf *buf, const struct tc_rtp_ext_ids *ext,
			const struct tc_sdp_section *offered)
{
	const struct {
		uint8_t id;
		const char *uri;
	} all[] = {
		{ext->level, URI_LEVEL},
		{ext->abs_send_time, URI_ABS_SEND_TIME},
		{ext->mid, URI_MID},
		{ext->playout_delay, URI_PLAYOUT_DELAY},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i].id) {
			tc_buf_putf(buf, "a=extmap:%d%s %s\r\n", all[i].id,
				    extmap_direction(offered, all[i].id), all[i].uri);
		}
	}
}

static void put_feedback(struct tc_buf *buf, int pt, unsigned feedback)
{
	static const struct {
		unsigned bit;
		const char *text;
	} all[] = {
		{TC_SDP_FB_REMB, "goog-remb"},
		{TC_SDP_FB_FIR, "ccm fir"},
		{TC_SDP_FB_NACK, "nack"},
		{TC_SDP_FB_PLI, "nack pli"},
	};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (feedback & all[i].bit) {
			tc_buf_putf(buf, "a=rtcp-fb:%d %s\r\n", pt, all[i].text);
		}
	}
}

static void put_opus(struct tc_buf *buf, const struct tc_sdp_track *track,
		     const struct tc_sdp_local *local)
{
	int ptime = local->ptime_ms ? local->ptime_ms : DEFAULT_PTIME_MS;
	tc_buf_putf(buf, "a=rtpmap:%d opus/48000/2\r\n", track->pt);
	put_feedback(buf, track->pt, track->feedback);
	/* RFC 7587 6.1: we want their in-band FEC. */
	tc_buf_putf(buf, "a=fmtp:%d minptime=10;useinbandfec=1\r\na=ptime:%d\r\na=maxptime:%d\r\n",
		    track->pt, ptime, ptime > DEFAULT_PTIME_MS ? ptime : DEFAULT_PTIME_MS);
}

static void put_vp8(struct tc_buf *buf, const struct tc_sdp_track *track)
{
	tc_buf_putf(buf, "a=rtpmap:%d VP8/90000\r\n", track->pt);
	put_feedback(buf, track->pt, track->feedback);
	if (track->rtx_pt >= 0) {
		tc_buf_putf(buf, "a=rtpmap:%d rtx/90000\r\na=fmtp:%d apt=%d\r\n", track->rtx_pt,
			    track->rtx_pt, track->pt);
	}
}

/* Streams of one cname and one msid stream are played in step. */
static void put_sources(struct tc_buf *buf, uint32_t ssrc, uint32_t rtx_ssrc, const char *cname)
{
	if (rtx_ssrc) {
		tc_buf_putf(buf, "a=ssrc-group:FID %" PRIu32 " %" PRIu32 "\r\n", ssrc, rtx_ssrc);
	}
	tc_buf_putf(buf, "a=ssrc:%" PRIu32 " cname:%s\r\n", ssrc, cname);
	if (rtx_ssrc) {
		tc_buf_putf(buf, "a=ssrc:%" PRIu32 " cname:%s\r\n", rtx_ssrc, cname);
	}
}

struct media {
	const char *kind, *proto, *setup;
	const struct tc_sdp_track *track;
	const struct tc_sdp_section *offered; /* NULL in an offer of ours */
	bool video, rsize, carrier;
};

static void put_media(struct tc_buf *buf, const struct media *m, const struct tc_sdp_local *local)
{
	const struct tc_sdp_track *track = m->track;
	tc_buf_putf(buf, "m=%s 9 %s %d", m->kind, m->proto, track->pt);
	if (track->rtx_pt >= 0) {
		tc_buf_putf(buf, " %d", track->rtx_pt);
	}
	tc_buf_puts(buf, "\r\n");
	put_transport(buf, local, m->setup);
	if (*track->mid) {
		tc_buf_putf(buf, "a=mid:%s\r\n", track->mid);
	}
	put_extmaps(buf, &track->ext, m->offered);
	unsigned direction =
		(track->send ? TC_SDP_SENDONLY : 0u) | (track->receive ? TC_SDP_RECVONLY : 0u);
	tc_buf_putf(buf, "a=%s\r\n", tc_sdp_direction_str((enum tc_sdp_direction)direction));
	if (track->send) {
		tc_buf_putf(buf, "a=msid:%s %s-%s\r\n", local->stream_id, local->stream_id,
			    m->kind);
	}
	tc_buf_puts(buf, m->rsize ? "a=rtcp-mux\r\na=rtcp-rsize\r\n" : "a=rtcp-mux\r\n");
	if (m->video) {
		put_vp8(buf, track);
	} else {
		put_opus(buf, track, local);
	}
	if (track->send) {
		put_sources(buf, m->video ? local->video_ssrc : local->audio_ssrc,
			    track->rtx_pt >= 0 ? local->rtx_ssrc : 0, local->stream_id);
	}
	if (m->carrier) {
		tc_buf_puts(buf, local->candidates ? local->candidates : "");
		tc_buf_puts(buf, local->end_of_candidates ? "a=end-of-candidates\r\n" : "");
	}
}

/* RFC 3264 6: a refused section repeats its own protocol and formats, else the browser takes it for
 * another section and refuses the whole answer. */
static void put_refused(struct tc_buf *buf, const struct tc_sdp_section *section)
{
	tc_buf_putf(buf, "m=%s 0 %s %s\r\nc=IN IP4 0.0.0.0\r\n", section->media, section->proto,
		    section->fmts);
	if (section->mid) {
		tc_buf_putf(buf, "a=mid:%s\r\n", section->mid);
	}
	if (section->kind == TC_SDP_AUDIO || section->kind == TC_SDP_VIDEO) {
		tc_buf_puts(buf, "a=inactive\r\n");
	}
}

static const struct tc_sdp_track *track_of(const struct tc_sdp_agreement *agreement, size_t index)
{
	if (agreement->audio.section == (int)index) {
		return &agreement->audio;
	}
	return agreement->video.section == (int)index ? &agreement->video : NULL;
}

static void put_bundle(struct tc_buf *buf, const struct tc_sdp *offer,
		       const struct tc_sdp_agreement *agreement)
{
	tc_buf_puts(buf, "a=group:BUNDLE");
	for (size_t i = 0; i < offer->section_count; i++) {
		if (offer->sections[i].bundled && track_of(agreement, i)) {
			tc_buf_putf(buf, " %s", offer->sections[i].mid);
		}
	}
	tc_buf_puts(buf, "\r\n");
}

int tc_sdp_write_answer(struct tc_buf *buf, const struct tc_sdp *offer,
			const struct tc_sdp_agreement *agreement, const struct tc_sdp_local *local)
{
	if (facts_missing(local) || offer->section_count == 0) {
		return -EINVAL;
	}
	put_session(buf, local);
	if (offer->has_bundle) {
		put_bundle(buf, offer, agreement);
	}
	if (offer->extmap_allow_mixed) {
		tc_buf_puts(buf, "a=extmap-allow-mixed\r\n");
	}
	tc_buf_putf(buf, "a=msid-semantic: WMS %s\r\n", local->stream_id);
	for (size_t i = 0; i < offer->section_count; i++) {
		const struct tc_sdp_section *section = &offer->sections[i];
		struct media m = {
			.kind = section->media,
			.proto = section->proto,
			.setup = agreement->dtls_client ? "active" : "passive",
			.track = track_of(agreement, i),
			.offered = section,
			.video = section->kind == TC_SDP_VIDEO,
			.rsize = section->rtcp_rsize,
			.carrier = agreement->transport_section == (int)i,
		};
		if (m.track) {
			put_media(buf, &m, local);
		} else {
			put_refused(buf, section);
		}
	}
	return buf->err;
}

int tc_sdp_write_offer(struct tc_buf *buf, const struct tc_sdp_offer_plan *plan,
		       const struct tc_sdp_local *local)
{
	if (facts_missing(local)) {
		return -EINVAL;
	}
	bool with_video = plan->send_video || plan->receive_video;
	const struct tc_sdp_track audio = {.mid = "0",
					   .pt = OUR_OPUS,
					   .rtx_pt = -1,
					   .send = true,
					   .receive = true,
					   .ext = our_audio_ext};
	const struct tc_sdp_track video = {.mid = "1",
					   .pt = OUR_VP8,
					   .rtx_pt = OUR_RTX,
					   .send = plan->send_video,
					   .receive = plan->receive_video,
					   .ext = our_video_ext,
					   .feedback = TC_SDP_FB_NACK | TC_SDP_FB_PLI |
						       TC_SDP_FB_FIR | TC_SDP_FB_REMB};
	put_session(buf, local);
	tc_buf_puts(buf, with_video ? "a=group:BUNDLE 0 1\r\n" : "a=group:BUNDLE 0\r\n");
	tc_buf_putf(buf, "a=extmap-allow-mixed\r\na=msid-semantic: WMS %s\r\n", local->stream_id);
	struct media m = {.kind = "audio",
			  .proto = RTP_PROTO,
			  .setup = "actpass",
			  .track = &audio,
			  .rsize = true,
			  .carrier = true};
	put_media(buf, &m, local);
	if (with_video) {
		m.kind = "video";
		m.track = &video;
		m.video = true;
		m.carrier = false;
		put_media(buf, &m, local);
	}
	return buf->err;
}
