// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define MEDIA_MS 10
#define SIDE     160

static void on_state(void *user, enum tc_peer_state now, enum tc_peer_state was, const char *why)
{
	struct rig_end *end = user;
	if (end->state_count < RIG_MAX_STATES) {
		end->states[end->state_count++] = now;
	}
	strncpy(end->why, why, sizeof(end->why) - 1);
	if (now == TC_PEER_CONNECTED && end->close_when_connected) {
		rig_close(end);
	}
}

static void on_sound(void *user, const struct tc_peer_sound *sound)
{
	struct rig_end *end = user;
	double energy = 0;
	for (size_t i = 0; i < sound->samples; i++) {
		energy += (double)sound->pcm[i] * sound->pcm[i];
	}
	end->sounds++;
	end->concealed += sound->concealed;
	end->loud_sounds += energy / (double)sound->samples > 1e6;
}

static void on_picture(void *user, const struct tc_peer_picture *picture)
{
	struct rig_end *end = user;
	struct tc_picture shown;
	end->pictures++;
	end->keys += picture->key;
	if (tc_vp8_decode(end->decoder, picture->data, picture->len, &shown) ||
	    shown.width != SIDE) {
		end->broken++;
	}
}

static void on_keyframe(void *user)
{
	struct rig_end *end = user;
	end->key_requests++;
	end->want_key = true;
}

static void on_estimate(void *user, int bps)
{
	((struct rig_end *)user)->last_estimate = bps;
}

static void on_loss(void *user, int percent)
{
	((struct rig_end *)user)->last_loss = percent;
}

const struct tc_peer_events rig_events = {
	.state = on_state,
	.sound = on_sound,
	.picture = on_picture,
	.keyframe = on_keyframe,
	.estimate = on_estimate,
	.loss = on_loss,
};

static void speak(struct rig_end *end)
{
	struct tc_audio_out out;
	if (tc_test_source_audio(&end->source, true, &out) && end->peer) {
		tc_peer_send_audio(end->peer, &out);
	}
}

static void on_media(void *user)
{
	struct rig *rig = user;
	if (rig->silent) {
		return;
	}
	if (rig->step % 2 == 0) {
		speak(&rig->a);
		speak(&rig->b);
	}
	struct tc_video_out out;
	if (rig->step++ % 3 == 0 && tc_test_source_video(&rig->b.source, rig->b.want_key, &out)) {
		rig->b.want_key = false;
		if (rig->b.peer) {
			tc_peer_send_video(rig->b.peer, &out);
		}
	}
}

static void make_end(struct rig *rig, struct rig_end *end, bool offerer)
{
	end->rig = rig;
	const struct tc_peer_config config = {
		.rtc = rig->rtc,
		.tag = offerer ? "a" : "b",
		.offerer = offerer,
		.no_video = offerer,
		.receive_video = offerer,
		.link = rig->net ? &tc_mock_link : NULL,
		.link_factory = rig->net,
	};
	tc_test_source_init(&end->source, offerer ? 500 : 700, SIDE);
	TC_ASSERT(tc_vp8_decoder_create(&end->decoder) == 0);
	TC_ASSERT(tc_peer_create(&end->peer, &config, &rig_events, end) == 0);
}

void rig_init(struct rig *rig, const struct rig_options *options)
{
	*rig = (struct rig){.loop = options->loop};
	if (options->beside) {
		rig->loop = options->beside->loop;
		rig->rtc = options->beside->rtc;
	}
	if (!rig->loop) {
		rig->own_loop = true;
		TC_ASSERT(tc_loop_create(&rig->loop) == 0);
	}
	if (!rig->rtc) {
		const struct tc_rtc_config config = {
			.loop = rig->loop,
			.clock = options->clock,
			.bind_address = "127.0.0.1",
		};
		rig->own_rtc = true;
		TC_ASSERT(tc_rtc_create(&rig->rtc, &config) == 0);
	}
	if (options->net) {
		rig->net = tc_mock_net_create(rig->loop, options->net);
	}
	make_end(rig, &rig->a, true);
	make_end(rig, &rig->b, false);
	rig->media = tc_loop_timer(rig->loop, MEDIA_MS, true, on_media, rig);
}

static void on_closed(void *user)
{
	((struct rig_end *)user)->closed = true;
}

void rig_close(struct rig_end *end)
{
	struct tc_peer *peer = end->peer;
	end->peer = NULL;
	tc_peer_close(peer, on_closed, end);
}

static bool both_closed(struct rig *rig)
{
	return rig->a.closed && rig->b.closed;
}

static void finish_end(struct rig_end *end)
{
	tc_test_source_finish(&end->source);
	tc_vp8_decoder_destroy(end->decoder);
}

void rig_finish(struct rig *rig)
{
	rig_close(&rig->a);
	rig_close(&rig->b);
	TC_ASSERT(rig_wait(rig, both_closed, 60000));
	while (tc_loop_turn(rig->loop, false)) {
	}
	tc_timer_cancel(rig->media);
	if (rig->net) {
		tc_mock_net_destroy(rig->net);
	}
	finish_end(&rig->a);
	finish_end(&rig->b);
	if (rig->own_rtc) {
		tc_rtc_destroy(rig->rtc);
	}
	if (rig->own_loop) {
		tc_loop_destroy(rig->loop);
	}
}

void rig_negotiate(struct rig *rig, bool ice_restart)
{
	char *offer = NULL, *answer = NULL;
	TC_ASSERT(tc_peer_offer(rig->a.peer, ice_restart, &offer) == 0);
	TC_ASSERT(tc_peer_answer(rig->b.peer, offer, &answer) == 0);
	TC_ASSERT(tc_peer_accept(rig->a.peer, answer) == 0);
	free(offer);
	free(answer);
}

static void on_timeout(void *user)
{
	*(bool *)user = true;
}

bool rig_wait(struct rig *rig, bool (*done)(struct rig *rig), int timeout_ms)
{
	bool late = false;
	struct tc_timer *timer = tc_loop_timer(rig->loop, timeout_ms, false, on_timeout, &late);
	while (!done(rig) && !late) {
		tc_loop_turn(rig->loop, true);
	}
	tc_timer_cancel(timer);
	return done(rig);
}

bool rig_connected(struct rig *rig)
{
	return rig->a.peer && rig->b.peer && tc_peer_state(rig->a.peer) == TC_PEER_CONNECTED &&
	       tc_peer_state(rig->b.peer) == TC_PEER_CONNECTED;
}
