// SPDX-License-Identifier: Apache-2.0
#include "probe/leg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static int64_t now_us(const struct tc_leg *c)
{
	return tc_clock_us(c->clock);
}

static void fail(struct tc_leg *c, const char *why)
{
	c->events.failed(c->user, c, why);
}

/* --- what we say to them by way of the server --- */

static void send(struct tc_leg *c, struct tc_buf *buf)
{
	if (!buf->err) {
		c->events.send(c->user, buf->data, buf->len);
	}
	tc_buf_finish(buf);
}

static void on_candidate(void *user, const char *line, const char *mid)
{
	struct tc_leg *c = user;
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_signal_write_candidate(&buf, c->id, line, mid ? mid : "0", 0);
	send(c, &buf);
}

static void offer(struct tc_leg *c, bool ice_restart)
{
	char *sdp = NULL;
	int err = tc_peer_offer(c->peer, ice_restart, &sdp);
	if (err) {
		fail(c, tc_err_str(err));
		return;
	}
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_signal_write_offer(&buf, c->id, sdp);
	send(c, &buf);
	free(sdp);
}

static int answer(struct tc_leg *c, const char *sdp)
{
	char *text = NULL;
	int err = tc_peer_answer(c->peer, sdp, &text);
	if (!err) {
		struct tc_buf buf;
		tc_buf_init(&buf);
		tc_signal_write_answer(&buf, c->id, text);
		send(c, &buf);
	}
	free(text);
	return err;
}

static void take_description(struct tc_leg *c, const struct tc_signal *signal)
{
	bool is_offer = signal->type == TC_SIGNAL_OFFER;
	char *sdp = tc_signal_sdp_dup(signal);
	/* Who offers was said by the server; the other way round is for nobody here. */
	int err = !sdp                    ? -TC_EPARSE
		  : is_offer == c->offers ? -TC_ESTATE
		  : is_offer              ? answer(c, sdp)
					  : tc_peer_accept(c->peer, sdp);
	free(sdp);
	if (err) {
		char why[128];
		snprintf(why, sizeof(why), "their %s: %s", is_offer ? "offer" : "answer",
			 tc_err_str(err));
		fail(c, why);
	}
}

void tc_leg_signal(struct tc_leg *c, const struct tc_signal *signal)
{
	struct tc_signal_candidate candidate;
	switch (signal->type) {
	case TC_SIGNAL_OFFER:
	case TC_SIGNAL_ANSWER:
		take_description(c, signal);
		break;
	case TC_SIGNAL_ICE_CANDIDATE:
		if (tc_signal_read_candidate(signal, &candidate) == 0) {
			tc_peer_add_candidate(c->peer, candidate.line);
		}
		break;
	case TC_SIGNAL_RENEGOTIATE:
		if (c->offers) {
			offer(c, true);
		}
		break;
	default:
		break;
	}
}

/* --- what the connection tells --- */

static void on_state(void *user, enum tc_peer_state now, enum tc_peer_state was, const char *why)
{
	struct tc_leg *c = user;
	if (now == TC_PEER_CONNECTED) {
		c->lost = false;
		if (c->times.connected_us < 0) {
			c->times.connected_us = now_us(c);
			c->events.connected(c->user, c);
		}
	} else if (now == TC_PEER_FAILED) {
		fail(c, why);
	} else if (now == TC_PEER_SILENT) {
		c->lost = true;
	}
}

static void on_sound(void *user, const struct tc_peer_sound *sound)
{
	struct tc_leg *c = user;
	const struct tc_hear_piece piece = {
		.pcm = sound->pcm,
		.samples = sound->samples,
		.time_us = sound->time_us,
		.skipped_us = sound->skipped_us,
		.concealed = sound->concealed,
	};
	if (tc_hear_sound(&c->hear, &piece)) {
		if (c->times.voiced_us < 0) {
			c->times.voiced_us = c->hear.onset_us;
		}
		c->events.voice(c->user, c);
	}
}

/* One that decodes is proof enough; decoding all of them would load the machine for nothing. */
static void look(struct tc_leg *c, const struct tc_peer_picture *picture, int64_t now)
{
	struct tc_picture shown;
	if (tc_vp8_decode(c->decoder, picture->data, picture->len, &shown) != 0) {
		c->broken++;
		tc_peer_request_keyframe(c->peer);
		return;
	}
	tc_vp8_decoder_destroy(c->decoder);
	c->decoder = NULL;
	c->times.pictured_us = now;
	c->events.pictured(c->user, c);
}

static void on_picture(void *user, const struct tc_peer_picture *picture)
{
	struct tc_leg *c = user;
	int64_t now = now_us(c);
	if (c->pictures++ == 0) {
		c->first_picture_us = now;
	} else if (now - c->last_picture_us > c->still_us) {
		c->still_us = now - c->last_picture_us;
	}
	c->last_picture_us = now;
	if (c->decoder) {
		look(c, picture, now);
	}
}

/* --- life --- */

static const struct tc_peer_events peer_events = {
	.state = on_state,
	.candidate = on_candidate,
	.sound = on_sound,
	.picture = on_picture,
};

int tc_leg_open(struct tc_leg *c, const struct tc_leg_config *config,
		const struct tc_leg_events *events, void *user)
{
	const struct tc_signal_peer *to = config->to;
	*c = (struct tc_leg){
		.clock = config->clock,
		.events = *events,
		.user = user,
		.ai = to->ai,
		.offers = to->should_create_offer,
		.times = {-1, -1, -1, -1},
	};
	snprintf(c->id, sizeof(c->id), "%s", to->user_id);
	c->times.met_us = now_us(c);
	const struct tc_peer_config peer = {
		.rtc = config->rtc,
		.tag = c->id,
		.offerer = c->offers,
		.no_video = true, /* the orb looks at nobody; two probes need not either */
		.receive_video = to->ai,
		.stream_id = "probe",
	};
	int err = tc_peer_create(&c->peer, &peer, &peer_events, c);
	if (!err && to->ai) {
		err = tc_vp8_decoder_create(&c->decoder);
	}
	if (err) {
		tc_leg_close(c);
		return err;
	}
	if (c->offers) {
		offer(c, false);
	}
	return 0;
}

void tc_leg_close(struct tc_leg *c)
{
	tc_peer_close(c->peer, NULL, NULL);
	tc_vp8_decoder_destroy(c->decoder);
	c->peer = NULL;
	c->decoder = NULL;
	c->id[0] = '\0';
}

/* --- media --- */

void tc_leg_say(struct tc_leg *c, const struct tc_clip_packet *packet, uint32_t ticks, bool first)
{
	const struct tc_audio_out out = {
		.data = packet->data,
		.len = packet->len,
		.ticks = ticks,
		.marker = first,
		.level = packet->level,
		.voice = packet->voice,
	};
	tc_peer_send_audio(c->peer, &out); /* -ENOTCONN before it is connected: fine */
}

void tc_leg_media(struct tc_leg *c, struct tc_leg_media *out)
{
	int64_t seen_us = c->last_picture_us - c->first_picture_us;
	*out = (struct tc_leg_media){
		.pictures = c->pictures,
		.pictures_broken = c->broken,
		.still_us = c->still_us,
		.fps = seen_us > 0 ? (double)(c->pictures - 1) * 1e6 / (double)seen_us : 0,
		.hear = c->hear,
	};
	if (c->peer) {
		tc_peer_stats(c->peer, &out->peer);
	}
}
