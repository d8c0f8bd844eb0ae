// SPDX-License-Identifier: Apache-2.0
#include "rtc/peer/peer_priv.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "media/opus.h"

TC_LOG_TOPIC("rtc.peer");

#define VIDEO_RATE        90000
#define VIDEO_POLL_MS     20
#define VIDEO_PLI_MS      300
#define VIDEO_PATIENCE_MS 100
#define DEFAULT_RTT_US    50000
#define MAX_NACKS_AT_ONCE 64

static void on_sound(void *user, const struct tc_peer_sound *sound)
{
	struct tc_peer *peer = user;
	if (sound->concealed) {
		atomic_fetch_add(&peer->count.concealed_ms,
				 sound->samples * 1000 / TC_AUDIO_IN_RATE);
	}
	if (!peer->closed && peer->events.sound) {
		peer->events.sound(peer->user, sound);
	}
}

static void arm_audio_timer(struct tc_peer *peer);

static void publish_audio(struct tc_peer *peer)
{
	struct tc_jitter_stats stats;
	tc_audio_in_stats(peer->audio_in, &stats);
	atomic_store(&peer->count.audio_lost, stats.lost);
	atomic_store(&peer->count.jitter_buffer_ms, stats.target_ms);
	int64_t jitter_ticks = peer->audio_receiver.jitter_x16 >> 4;
	atomic_store(&peer->count.audio_jitter_us, (int)(jitter_ticks * 1000 / 48));
}

static void on_audio_timer(void *user)
{
	struct tc_peer *peer = user;
	tc_timer_cancel(peer->audio_timer);
	peer->audio_timer = NULL;
	tc_audio_in_poll(peer->audio_in, peer_now_us(peer));
	if (!peer->closed) {
		publish_audio(peer);
		arm_audio_timer(peer);
	}
}

/* Only a missing packet is waited for, so in good weather there is no timer at all. */
static void arm_audio_timer(struct tc_peer *peer)
{
	int64_t next = tc_audio_in_next_us(peer->audio_in);
	if (next < 0 || peer->audio_timer) {
		return;
	}
	int64_t ms = (next - peer_now_us(peer) + 999) / 1000;
	peer->audio_timer = tc_loop_timer(peer->rtc->loop, ms, false, on_audio_timer, peer);
}

static void on_audio(struct tc_peer *peer, const struct tc_rtp *rtp, int64_t now)
{
	struct tc_rtcp_receiver *receiver = &peer->audio_receiver;
	if (!receiver->started || receiver->ssrc != rtp->ssrc) {
		TC_DEBUG(peer->tag, "their sound is SSRC %08x", rtp->ssrc);
		tc_rtcp_receiver_init(receiver, rtp->ssrc, TC_OPUS_RTP_RATE);
		tc_audio_in_reset(peer->audio_in);
	}
	tc_rtcp_receiver_packet(receiver, rtp->seq, rtp->ts, now);
	atomic_fetch_add(&peer->count.audio_packets, 1);
	const struct tc_jitter_packet packet = {
		.seq = rtp->seq,
		.ts = rtp->ts,
		.marker = rtp->marker,
		.level = tc_rtp_level(rtp, peer->agreement.audio.ext.level, NULL),
		.data = rtp->payload,
		.len = rtp->payload_len,
		.arrival_us = now,
	};
	tc_audio_in_push(peer->audio_in, &packet); /* what it refuses, it counts */
	if (!peer->closed) {
		publish_audio(peer);
		arm_audio_timer(peer);
	}
}

static int64_t rtt_us(const struct tc_peer *peer)
{
	int ms = atomic_load(&peer->count.rtt_ms);
	return ms > 0 ? (int64_t)ms * 1000 : DEFAULT_RTT_US;
}

static void send_feedback(struct tc_peer *peer, struct tc_buf *buf)
{
	pthread_mutex_lock(&peer->out.lock);
	if (!buf->err && peer->out.open) {
		tc_peer_transmit_rtcp(peer, (uint8_t *)buf->data, buf->len);
	}
	pthread_mutex_unlock(&peer->out.lock);
}

static void ask_for_packets(struct tc_peer *peer, int64_t now)
{
	uint16_t seqs[MAX_NACKS_AT_ONCE];
	size_t count = tc_vp8_frames_missing(peer->video_in->frames, now, rtt_us(peer), seqs,
					     TC_COUNT(seqs));
	if (!count) {
		return;
	}
	uint8_t memory[512 + TC_SRTP_OVERHEAD];
	struct tc_buf buf;
	tc_buf_init_fixed(&buf, memory, sizeof(memory) - TC_SRTP_OVERHEAD);
	tc_rtcp_write_rr(&buf, peer->out.audio.ssrc, NULL, 0);
	tc_rtcp_write_nack(&buf, peer->out.audio.ssrc, peer->video_in->receiver.ssrc, seqs, count);
	send_feedback(peer, &buf);
}

static void ask_for_key(struct tc_peer *peer, int64_t now)
{
	struct peer_in_video *in = peer->video_in;
	if (!in->receiver.started || now - in->pli_us < VIDEO_PLI_MS * 1000) {
		return;
	}
	in->pli_us = now;
	uint8_t memory[128 + TC_SRTP_OVERHEAD];
	struct tc_buf buf;
	tc_buf_init_fixed(&buf, memory, sizeof(memory) - TC_SRTP_OVERHEAD);
	tc_rtcp_write_rr(&buf, peer->out.audio.ssrc, NULL, 0);
	tc_rtcp_write_pli(&buf, peer->out.audio.ssrc, in->receiver.ssrc);
	send_feedback(peer, &buf);
}

void tc_peer_request_keyframe(struct tc_peer *peer)
{
	TC_ASSERT_HOME(peer);
	if (!peer->closed && peer->video_in) {
		ask_for_key(peer, peer_now_us(peer));
	}
}

/* A key frame takes several packets: only when it has been missing for a while is it asked for. */
static void watch_for_key(struct tc_peer *peer, int64_t now)
{
	struct peer_in_video *in = peer->video_in;
	if (!tc_vp8_frames_wants_key(in->frames)) {
		in->wanted_us = 0;
	} else if (!in->wanted_us) {
		in->wanted_us = now;
	} else if (now - in->wanted_us > VIDEO_PATIENCE_MS * 1000) {
		ask_for_key(peer, now);
	}
}

static void take_frames(struct tc_peer *peer, int64_t now)
{
	struct tc_vp8_whole whole;
	while (!peer->closed && tc_vp8_frames_pop(peer->video_in->frames, now, &whole)) {
		const struct tc_peer_picture picture = {
			.data = whole.data, .len = whole.len, .rtp_ts = whole.ts, .key = whole.key};
		if (peer->events.picture) {
			peer->events.picture(peer->user, &picture);
		}
	}
	if (peer->closed) {
		return;
	}
	ask_for_packets(peer, now);
	watch_for_key(peer, now);
}

static void on_video_timer(void *user)
{
	struct tc_peer *peer = user;
	if (peer->video_in->receiver.started) {
		take_frames(peer, peer_now_us(peer));
	}
}

static void on_video(struct tc_peer *peer, const struct tc_rtp *rtp, int64_t now)
{
	struct peer_in_video *in = peer->video_in;
	if (!in->receiver.started || in->receiver.ssrc != rtp->ssrc) {
		tc_rtcp_receiver_init(&in->receiver, rtp->ssrc, VIDEO_RATE);
	}
	tc_rtcp_receiver_packet(&in->receiver, rtp->seq, rtp->ts, now);
	atomic_fetch_add(&peer->count.video_packets, 1);
	atomic_store(&peer->count.video_lost, tc_rtcp_receiver_lost(&in->receiver));
	tc_vp8_frames_push(in->frames, rtp->seq, rtp->ts, rtp->marker, rtp->payload,
			   rtp->payload_len, now);
	take_frames(peer, now);
}

static void on_resent_video(struct tc_peer *peer, const uint8_t *packet, size_t len, int64_t now)
{
	uint8_t original[TC_PEER_DATAGRAM_MAX];
	struct peer_in_video *in = peer->video_in;
	int n = in->receiver.started
			? tc_rtp_rtx_restore(original, sizeof(original), packet, len,
					     (uint8_t)peer->agreement.video.pt, in->receiver.ssrc)
			: -ENODATA;
	struct tc_rtp rtp;
	if (n > 0 && tc_rtp_parse(&rtp, original, (size_t)n) == 0) {
		tc_vp8_frames_push(in->frames, rtp.seq, rtp.ts, rtp.marker, rtp.payload,
				   rtp.payload_len, now);
		take_frames(peer, now);
	}
}

/* One BUNDLE, and payload types of one bundle are distinct (RFC 8843 section 9.2 lets us use them
 * where there is one section of a kind). */
void tc_peer_on_rtp(struct tc_peer *peer, const uint8_t *packet, size_t len)
{
	struct tc_rtp rtp;
	if (!peer->agreed || tc_rtp_parse(&rtp, packet, len)) {
		return;
	}
	int64_t now = peer_now_us(peer);
	const struct tc_sdp_track *audio = &peer->agreement.audio;
	const struct tc_sdp_track *video = &peer->agreement.video;
	if (audio->section >= 0 && rtp.pt == audio->pt) {
		on_audio(peer, &rtp, now);
	} else if (peer->video_in && video->section >= 0 && rtp.pt == video->pt) {
		on_video(peer, &rtp, now);
	} else if (peer->video_in && video->rtx_pt >= 0 && rtp.pt == video->rtx_pt) {
		on_resent_video(peer, packet, len, now);
	}
}

static int init_video(struct tc_peer *peer)
{
	peer->video_in = calloc(1, sizeof(*peer->video_in));
	if (!peer->video_in) {
		return -ENOMEM;
	}
	peer->video_in->timer =
		tc_loop_timer(peer->rtc->loop, VIDEO_POLL_MS, true, on_video_timer, peer);
	return peer->video_in->timer ? tc_vp8_frames_create(&peer->video_in->frames) : -ENOMEM;
}

int tc_peer_init_receiving(struct tc_peer *peer)
{
	int err = tc_audio_in_create(&peer->audio_in, on_sound, peer);
	return err || !peer->receive_video ? err : init_video(peer);
}

void tc_peer_finish_receiving(struct tc_peer *peer)
{
	tc_timer_cancel(peer->audio_timer);
	tc_audio_in_destroy(peer->audio_in);
	if (peer->video_in) {
		tc_timer_cancel(peer->video_in->timer);
		tc_vp8_frames_destroy(peer->video_in->frames);
		free(peer->video_in);
	}
}
