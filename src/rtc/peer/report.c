// SPDX-License-Identifier: Apache-2.0
#include "rtc/peer/peer_priv.h"

#include "base/id.h"
#include "media/opus.h"

#define VIDEO_RATE 90000
#define REPORT_MAX 512

/* The lock is held. The timestamp is carried on from the last packet, so that a silent track stays
 * on the shared clock; both tracks are told the same instant, which is what lip sync needs. */
static void write_sender(struct tc_buf *buf, const struct peer_out_track *track, int rate,
			 uint64_t ntp, int64_t now, const struct tc_rtcp_report *reports,
			 size_t count)
{
	int64_t since = (now - track->last_us) * rate / 1000000;
	const struct tc_rtcp_sender sender = {
		.ssrc = track->ssrc,
		.ntp = ntp,
		.rtp_ts = track->last_ts + (uint32_t)since,
		.packets = track->packets,
		.octets = track->octets,
	};
	tc_rtcp_write_sr(buf, &sender, reports, count);
}

static size_t collect(struct tc_peer *peer, int64_t now, struct tc_rtcp_report reports[2])
{
	size_t count = 0;
	if (peer->audio_receiver.started) {
		count += tc_rtcp_receiver_report(&peer->audio_receiver, now, &reports[count]);
	}
	if (peer->video_in && peer->video_in->receiver.started) {
		count += tc_rtcp_receiver_report(&peer->video_in->receiver, now, &reports[count]);
	}
	return count;
}

/* The lock is held. RFC 3550 section 6.1: a report first, a CNAME in each compound. */
static void write_compound(struct tc_peer *peer, struct tc_buf *buf,
			   const struct tc_rtcp_report *reports, size_t count)
{
	struct peer_out *out = &peer->out;
	int64_t now = peer_now_us(peer);
	uint64_t ntp = tc_rtcp_ntp(now + peer->rtc->wall_minus_mono_us);
	if (out->audio.packets) {
		write_sender(buf, &out->audio, TC_OPUS_RTP_RATE, ntp, now, reports, count);
	} else {
		tc_rtcp_write_rr(buf, out->audio.ssrc, reports, count);
	}
	if (out->video.packets) {
		write_sender(buf, &out->video, VIDEO_RATE, ntp, now, NULL, 0);
	}
	tc_rtcp_write_cname(buf, out->audio.ssrc, peer->stream_id);
	if (out->video.packets) {
		tc_rtcp_write_cname(buf, out->video.ssrc, peer->stream_id);
	}
}

static void report(struct tc_peer *peer)
{
	struct tc_rtcp_report reports[2];
	size_t count = collect(peer, peer_now_us(peer), reports);
	uint8_t memory[REPORT_MAX + 2 * TC_RTCP_MAX_CNAME + TC_SRTP_OVERHEAD];
	struct tc_buf buf;
	tc_buf_init_fixed(&buf, memory, sizeof(memory) - TC_SRTP_OVERHEAD);
	pthread_mutex_lock(&peer->out.lock);
	if (peer->out.open) {
		write_compound(peer, &buf, reports, count);
		if (!buf.err) {
			tc_peer_transmit_rtcp(peer, memory, buf.len);
		}
	}
	pthread_mutex_unlock(&peer->out.lock);
}

static void plan_report(struct tc_peer *peer, bool first);

static void on_report_timer(void *user)
{
	struct tc_peer *peer = user;
	tc_timer_cancel(peer->report_timer);
	peer->report_timer = NULL;
	report(peer);
	plan_report(peer, false);
}

static void plan_report(struct tc_peer *peer, bool first)
{
	uint32_t random;
	tc_random_bytes(&random, sizeof(random));
	peer->report_timer = tc_loop_timer(peer->rtc->loop, tc_rtcp_interval_ms(first, random),
					   false, on_report_timer, peer);
}

void tc_peer_start_reports(struct tc_peer *peer)
{
	if (!peer->report_timer) {
		plan_report(peer, true);
	}
}

void tc_peer_say_bye(struct tc_peer *peer)
{
	uint8_t memory[REPORT_MAX + 2 * TC_RTCP_MAX_CNAME + TC_SRTP_OVERHEAD];
	struct tc_buf buf;
	tc_buf_init_fixed(&buf, memory, sizeof(memory) - TC_SRTP_OVERHEAD);
	pthread_mutex_lock(&peer->out.lock);
	if (peer->out.open) {
		const uint32_t ssrcs[] = {peer->out.audio.ssrc, peer->out.video.ssrc};
		write_compound(peer, &buf, NULL, 0);
		tc_rtcp_write_bye(&buf, ssrcs, peer->out.video.on ? 2 : 1);
		if (!buf.err) {
			tc_peer_transmit_rtcp(peer, memory, buf.len);
		}
	}
	pthread_mutex_unlock(&peer->out.lock);
}
