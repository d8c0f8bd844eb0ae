// SPDX-License-Identifier: Apache-2.0
#include "rtc/peer/peer_priv.h"

#include <stdlib.h>

#include "base/log.h"

TC_LOG_TOPIC("rtc.peer");

/* What the owner is told about the path changes by at least this. */
#define TELL_FRACTION  20
#define LOSS_SMOOTHING 0.3
/* A second, where a browser's estimate does not hold us back; it corrects us within 200 ms. */
#define REMB_GROWTH       0.15
#define REMB_GROWTH_MAX_S 2.0

static void emit_keyframe(struct tc_peer *peer)
{
	peer->keyframe_us = peer_now_us(peer);
	if (!peer->closed && peer->events.keyframe) {
		peer->events.keyframe(peer->user);
	}
}

static void on_keyframe_timer(void *user)
{
	struct tc_peer *peer = user;
	tc_timer_cancel(peer->keyframe_timer);
	peer->keyframe_timer = NULL;
	emit_keyframe(peer);
}

/* A request within 300 ms of the last is answered when they are over, not forgotten: the frame it
 * was for may have been lost too. */
void tc_peer_want_keyframe(struct tc_peer *peer)
{
	if (peer->closed || peer->keyframe_timer || !peer->out.video.on) {
		return;
	}
	int64_t since_ms = (peer_now_us(peer) - peer->keyframe_us) / 1000;
	if (!peer->keyframe_us || since_ms >= TC_PEER_KEYFRAME_MS) {
		emit_keyframe(peer);
		return;
	}
	peer->keyframe_timer = tc_loop_timer(peer->rtc->loop, TC_PEER_KEYFRAME_MS - since_ms, false,
					     on_keyframe_timer, peer);
}

static void pause_video(struct tc_peer *peer, bool pause, int bps)
{
	TC_INFO(peer->tag, "picture %s at %d bit/s", pause ? "paused" : "resumed", bps);
	pthread_mutex_lock(&peer->out.lock);
	peer->out.video_paused = pause;
	peer->out.needs_key = true;
	pthread_mutex_unlock(&peer->out.lock);
	if (!pause) {
		tc_peer_want_keyframe(peer);
	}
}

static bool strained(const struct tc_peer *peer)
{
	int rtt_ms = atomic_load(&peer->count.rtt_ms);
	return peer->rtt_best_ms == 0 || rtt_ms - peer->rtt_best_ms > TC_PEER_STRAIN_RTT_MS ||
	       tc_estimator_loss_percent(&peer->estimator) >= TC_PEER_STRAIN_LOSS;
}

/* A dip is not thin: the encoder gets its chance to follow the estimate first. */
static void watch_while_sending(struct tc_peer *peer, int bps, int64_t now)
{
	if (bps >= TC_PEER_VIDEO_PAUSE_BPS || !strained(peer)) {
		peer->thin_us = 0;
	} else if (!peer->thin_us) {
		peer->thin_us = now;
	} else if (now - peer->thin_us > TC_PEER_VIDEO_PAUSE_MS * 1000) {
		bool soon = now - peer->resumed_us < TC_PEER_VIDEO_RETRY_MAX_MS * 1000LL;
		int twice = 2 * peer->video_retry_ms;
		peer->video_retry_ms = !peer->resumed_us || !soon ? TC_PEER_VIDEO_RETRY_MS
				       : twice < TC_PEER_VIDEO_RETRY_MAX_MS
					       ? twice
					       : TC_PEER_VIDEO_RETRY_MAX_MS;
		peer->thin_us = 0;
		peer->paused_us = now;
		pause_video(peer, true, bps);
	}
}

static void watch_while_paused(struct tc_peer *peer, int bps, int64_t now)
{
	bool rested = now - peer->paused_us >= peer->video_retry_ms * 1000LL;
	if (bps >= TC_PEER_VIDEO_RESUME_BPS || (rested && !strained(peer))) {
		peer->resumed_us = now;
		pause_video(peer, false, bps);
	}
}

static void watch_thin_path(struct tc_peer *peer, int bps, int64_t now)
{
	if (!peer->out.video.on) {
		peer->thin_us = 0;
	} else if (peer->out.video_paused) {
		watch_while_paused(peer, bps, now);
	} else {
		watch_while_sending(peer, bps, now);
	}
}

void tc_peer_update_estimate(struct tc_peer *peer)
{
	int64_t now = peer_now_us(peer);
	int bps = tc_estimator_bps(&peer->estimator, now);
	atomic_store(&peer->count.estimate_bps, bps);
	watch_thin_path(peer, bps, now);
	if (abs(bps - peer->told_bps) * TELL_FRACTION < peer->told_bps) {
		return;
	}
	peer->told_bps = bps;
	if (!peer->closed && peer->events.estimate) {
		peer->events.estimate(peer->user, bps);
	}
}

static void on_sender(void *user, const struct tc_rtcp_sender *sender)
{
	struct tc_peer *peer = user;
	int64_t now = peer_now_us(peer);
	if (peer->audio_receiver.started && sender->ssrc == peer->audio_receiver.ssrc) {
		tc_rtcp_receiver_sender(&peer->audio_receiver, sender, now);
	} else if (peer->video_in && peer->video_in->receiver.started &&
		   sender->ssrc == peer->video_in->receiver.ssrc) {
		tc_rtcp_receiver_sender(&peer->video_in->receiver, sender, now);
	}
}

static void tell_loss(struct tc_peer *peer, const struct tc_rtcp_report *report)
{
	double now = report->fraction_lost * 100.0 / 256;
	peer->audio_loss += (now - peer->audio_loss) * LOSS_SMOOTHING;
	int percent = (int)(peer->audio_loss + 0.5);
	atomic_store(&peer->count.remote_loss, percent);
	atomic_store(&peer->count.remote_jitter_us, (int)(report->jitter * 1000LL / 48));
	if (percent != peer->told_loss) {
		peer->told_loss = percent;
		if (!peer->closed && peer->events.loss) {
			peer->events.loss(peer->user, percent);
		}
	}
}

static void on_report(void *user, uint32_t from_ssrc, const struct tc_rtcp_report *report)
{
	struct tc_peer *peer = user;
	bool audio = report->ssrc == peer->out.audio.ssrc;
	if (!audio && report->ssrc != peer->out.video.ssrc) {
		return; /* the RTX stream, or one we never sent */
	}
	int64_t rtt = tc_rtcp_rtt_us(report, tc_rtcp_ntp(peer_wall_us(peer)));
	if (rtt >= 0) {
		int ms = (int)((rtt + 500) / 1000);
		atomic_store(&peer->count.rtt_ms, ms);
		if (peer->rtt_best_ms == 0 || ms < peer->rtt_best_ms) {
			peer->rtt_best_ms = ms > 1 ? ms : 1;
		}
	}
	uint32_t *before = audio ? &peer->audio_reported : &peer->video_reported;
	uint32_t packets = *before ? report->highest_seq - *before : 0;
	*before = report->highest_seq;
	if (packets < UINT16_MAX) { /* else their count started anew */
		tc_estimator_report(&peer->estimator, report->fraction_lost, packets, rtt,
				    peer_now_us(peer));
	}
	if (audio) {
		tell_loss(peer, report);
	}
}

static void on_bye(void *user, uint32_t ssrc)
{
	struct tc_peer *peer = user;
	if (peer->audio_receiver.started && peer->audio_receiver.ssrc == ssrc) {
		tc_audio_in_reset(peer->audio_in);
	}
}

static void on_nack(void *user, uint32_t media_ssrc, const uint16_t *seqs, size_t count)
{
	struct tc_peer *peer = user;
	atomic_fetch_add(&peer->count.nacks, count);
	if (media_ssrc == peer->out.video.ssrc) {
		tc_peer_retransmit(peer, seqs, count);
	}
}

static void on_pli(void *user, uint32_t media_ssrc)
{
	struct tc_peer *peer = user;
	atomic_fetch_add(&peer->count.plis, 1);
	tc_peer_want_keyframe(peer);
}

static void on_fir(void *user, uint32_t media_ssrc, uint8_t seq)
{
	struct tc_peer *peer = user;
	atomic_fetch_add(&peer->count.firs, 1);
	if (!peer->fir_seen || peer->fir_seq != seq) {
		peer->fir_seen = true;
		peer->fir_seq = seq;
		tc_peer_want_keyframe(peer);
	}
}

void tc_peer_measure_rate(struct tc_peer *peer)
{
	pthread_mutex_lock(&peer->out.lock);
	uint64_t bytes = peer->out.bytes;
	pthread_mutex_unlock(&peer->out.lock);
	peer->sent_bps_before = peer->sent_bps;
	peer->sent_bps = (int)((bytes - peer->sent_before) * 8);
	peer->sent_before = bytes;
}

/* A browser's estimate begins at what it received lately and never grows beyond 1.5 times that, so
 * a picture at rest (30 kbit/s) makes any path look thin. It only says "less" when it is below what
 * we steadily send (the lesser of two seconds: a key frame is no steady rate); else the path is not
 * full, and our opinion of it may grow. */
static void on_remb(void *user, uint64_t bps, const uint32_t *ssrcs, size_t count)
{
	struct tc_peer *peer = user;
	int64_t now = peer_now_us(peer);
	double seconds = (double)(now - peer->remb_us) / 1e6;
	double growth = REMB_GROWTH * (seconds < REMB_GROWTH_MAX_S ? seconds : REMB_GROWTH_MAX_S);
	uint64_t steady =
		(uint64_t)(peer->sent_bps < peer->sent_bps_before ? peer->sent_bps
								  : peer->sent_bps_before);
	uint64_t grown = (uint64_t)(tc_estimator_bps(&peer->estimator, now) * (1 + growth));
	if (bps >= steady && bps < grown) {
		bps = grown;
	}
	peer->remb_us = now;
	tc_estimator_remb(&peer->estimator, bps, now);
}

static const struct tc_rtcp_events rtcp_events = {
	.sender = on_sender,
	.report = on_report,
	.bye = on_bye,
	.nack = on_nack,
	.pli = on_pli,
	.fir = on_fir,
	.remb = on_remb,
};

void tc_peer_on_rtcp(struct tc_peer *peer, const uint8_t *packet, size_t len)
{
	if (tc_rtcp_parse(packet, len, &rtcp_events, peer) == 0 && !peer->closed) {
		tc_peer_update_estimate(peer);
	}
}
