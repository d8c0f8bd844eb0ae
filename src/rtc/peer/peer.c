// SPDX-License-Identifier: Apache-2.0
#include "rtc/peer/peer_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/id.h"
#include "base/lock.h"
#include "base/log.h"

TC_LOG_TOPIC("rtc.peer");

#define TICK_MS  1000 /* between two looks at rate and liveness */
#define RETRY_MS 5    /* a sender is inside while we are to be freed */

static void on_tick(void *user)
{
	struct tc_peer *peer = user;
	tc_peer_measure_rate(peer);
	tc_peer_check_liveness(peer);
	if (peer->closed) {
		return;
	}
	tc_peer_update_estimate(peer);
	pthread_mutex_lock(&peer->out.lock);
	bool starving = peer->out.open && peer->out.video.on && peer->out.needs_key &&
			!peer->out.video_paused;
	pthread_mutex_unlock(&peer->out.lock);
	if (starving) {
		tc_peer_want_keyframe(peer);
	}
}

static void init_track(struct peer_out_track *track)
{
	tc_random_bytes(&track->ssrc, sizeof(track->ssrc));
	tc_random_bytes(&track->rtx_ssrc, sizeof(track->rtx_ssrc));
	tc_random_bytes(&track->ts_offset, sizeof(track->ts_offset));
	tc_random_bytes(&track->seq, sizeof(track->seq));
	tc_random_bytes(&track->rtx_seq, sizeof(track->rtx_seq));
	/* Half the space before the first wrap: libsrtp cannot tell early reordering from one. */
	track->seq &= 0x7fff;
	track->rtx_seq &= 0x7fff;
	track->rtx_pt = -1;
}

static int init_out(struct tc_peer *peer)
{
	init_track(&peer->out.audio);
	init_track(&peer->out.video);
	tc_random_bytes(&peer->out.picture_id, sizeof(peer->out.picture_id));
	peer->out.needs_key = true;
	return peer->no_video ? 0 : tc_nack_create(&peer->out.nack, &(struct tc_nack_config){0});
}

static int copy_config(struct tc_peer *peer, const struct tc_peer_config *config)
{
	peer->offerer = config->offerer;
	peer->no_video = config->no_video;
	peer->receive_video = config->receive_video;
	peer->link_ops = config->link ? config->link : &tc_ice_link;
	peer->link_factory = config->link ? config->link_factory : config->rtc->ice;
	peer->tag = strdup(config->tag ? config->tag : "peer");
	peer->stream_id = strdup(config->stream_id ? config->stream_id : "orb");
	return peer->tag && peer->stream_id ? 0 : -ENOMEM;
}

static void init_plain(struct tc_peer *peer, const struct tc_peer_config *config,
		       const struct tc_peer_events *events, void *user)
{
	tc_home_init(&peer->home);
	peer->rtc = config->rtc;
	peer->rtc->refs++;
	if (events) {
		peer->events = *events;
	}
	peer->user = user;
	tc_lock_init(&peer->out.lock);
	tc_random_bytes(&peer->session_id, sizeof(peer->session_id));
	peer->session_id >>= 3; /* SDP wants less than 2^62 */
	tc_estimator_init(&peer->estimator, &(struct tc_estimator_config){0}, peer_now_us(peer));
	peer->agreement.audio.section = peer->agreement.video.section = -1;
	atomic_store(&peer->count.rtt_ms, -1);
	atomic_store(&peer->count.connect_ms, -1);
}

static void free_peer(struct tc_peer *peer)
{
	tc_peer_finish_receiving(peer);
	tc_timer_cancel(peer->tick);
	tc_timer_cancel(peer->report_timer);
	tc_timer_cancel(peer->connect_timer);
	tc_timer_cancel(peer->keyframe_timer);
	for (int i = 0; i < peer->early_count; i++) {
		free(peer->early[i]);
	}
	tc_srtp_destroy(peer->out.srtp);
	tc_nack_destroy(peer->out.nack);
	pthread_mutex_destroy(&peer->out.lock);
	free(peer->tag);
	free(peer->stream_id);
	tc_rtc_unref(peer->rtc);
	free(peer);
}

int tc_peer_create(struct tc_peer **out, const struct tc_peer_config *config,
		   const struct tc_peer_events *events, void *user)
{
	TC_ASSERT_HOME(config->rtc);
	struct tc_peer *peer = calloc(1, sizeof(*peer));
	if (!peer) {
		return -ENOMEM;
	}
	init_plain(peer, config, events, user);
	int err = copy_config(peer, config);
	err = err ? err : init_out(peer);
	err = err ? err : tc_peer_init_receiving(peer);
	if (!err) {
		peer->tick = tc_loop_timer(peer->rtc->loop, TICK_MS, true, on_tick, peer);
		err = peer->tick ? 0 : -ENOMEM;
	}
	if (err) {
		free_peer(peer);
		return err;
	}
	*out = peer;
	return 0;
}

/* Timers of ours may be what called tc_peer_close(), so they go here, on a turn of their own. A
 * sender that got in before the close may still be between two bursts: wait for it to leave. */
static void finish_close(void *user)
{
	struct tc_peer *peer = user;
	tc_timer_cancel(peer->connect_timer);
	peer->connect_timer = NULL;
	if (atomic_load(&peer->senders) > 0) {
		peer->connect_timer =
			tc_loop_timer(peer->rtc->loop, RETRY_MS, false, finish_close, peer);
		return;
	}
	tc_loop_fn done = peer->done;
	void *done_user = peer->done_user;
	free_peer(peer);
	if (done) {
		done(done_user);
	}
}

static void stop_timers(struct tc_peer *peer)
{
	tc_timer_cancel(peer->tick);
	tc_timer_cancel(peer->report_timer);
	tc_timer_cancel(peer->connect_timer);
	tc_timer_cancel(peer->keyframe_timer);
	tc_timer_cancel(peer->audio_timer);
	peer->tick = peer->report_timer = peer->connect_timer = peer->keyframe_timer =
		peer->audio_timer = NULL;
	if (peer->video_in) {
		tc_timer_cancel(peer->video_in->timer);
		peer->video_in->timer = NULL;
	}
}

void tc_peer_close(struct tc_peer *peer, tc_loop_fn done, void *user)
{
	if (!peer || peer->closed) {
		return;
	}
	TC_ASSERT_HOME(peer);
	peer->closed = true;
	peer->done = done;
	peer->done_user = user;
	tc_peer_say_bye(peer);
	tc_peer_set_state(peer, TC_PEER_CLOSED, "closed by us");
	stop_timers(peer);
	tc_dtls_destroy(peer->dtls);
	peer->dtls = NULL;
	pthread_mutex_lock(&peer->out.lock);
	peer->out.link = NULL;
	pthread_mutex_unlock(&peer->out.lock);
	if (peer->link) {
		peer->link_ops->close(peer->link);
		peer->link = NULL;
	}
	if (tc_loop_post(peer->rtc->loop, finish_close, peer)) {
		TC_ERROR(peer->tag, "no memory to free a peer");
	}
}

static void read_counters(struct tc_peer *peer, struct tc_peer_stats *out)
{
	struct peer_counters *count = &peer->count;
	out->state = tc_peer_state(peer);
	out->audio_packets_received = atomic_load(&count->audio_packets);
	out->audio_packets_lost = atomic_load(&count->audio_lost);
	out->audio_concealed_ms = atomic_load(&count->concealed_ms);
	out->video_packets_received = atomic_load(&count->video_packets);
	out->video_packets_lost = atomic_load(&count->video_lost);
	out->audio_jitter_us = atomic_load(&count->audio_jitter_us);
	out->bytes_received = atomic_load(&count->bytes);
	out->nacks = atomic_load(&count->nacks);
	out->plis = atomic_load(&count->plis);
	out->firs = atomic_load(&count->firs);
	out->srtp_rejected = atomic_load(&count->rejected);
	out->rtt_ms = atomic_load(&count->rtt_ms);
	out->remote_jitter_us = atomic_load(&count->remote_jitter_us);
	out->remote_loss_percent = atomic_load(&count->remote_loss);
	out->jitter_buffer_ms = atomic_load(&count->jitter_buffer_ms);
	out->estimate_bps = atomic_load(&count->estimate_bps);
	out->last_heard_us = atomic_load(&count->last_heard_us);
	out->connect_ms = atomic_load(&count->connect_ms);
}

void tc_peer_stats(struct tc_peer *peer, struct tc_peer_stats *out)
{
	*out = (struct tc_peer_stats){0};
	read_counters(peer, out);
	pthread_mutex_lock(&peer->out.lock);
	out->audio_packets_sent = peer->out.audio_packets;
	out->video_packets_sent = peer->out.video_packets;
	out->bytes_sent = peer->out.bytes;
	out->retransmitted = peer->out.retransmitted;
	out->send_refused = peer->out.refused;
	pthread_mutex_unlock(&peer->out.lock);
}
