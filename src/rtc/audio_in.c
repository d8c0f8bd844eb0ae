// SPDX-License-Identifier: Apache-2.0
#include "rtc/audio_in.h"

#include <errno.h>
#include <stdlib.h>

#include "base/err.h"
#include "media/opus.h"

#define TICKS_PER_SAMPLE (TC_OPUS_RTP_RATE / TC_AUDIO_IN_RATE)
#define MAX_SAMPLES      (TC_AUDIO_IN_RATE * 120 / 1000) /* RFC 6716: 120 ms a packet at most */

struct tc_audio_in {
	struct tc_jitter *jitter;        /* owned */
	struct tc_opus_decoder *decoder; /* owned */
	tc_audio_in_fn fn;
	void *user;
	int16_t pcm[MAX_SAMPLES];
};

int tc_audio_in_create(struct tc_audio_in **out, tc_audio_in_fn fn, void *user)
{
	struct tc_audio_in *in = calloc(1, sizeof(*in));
	if (!in) {
		return -ENOMEM;
	}
	in->fn = fn;
	in->user = user;
	int err = tc_jitter_create(&in->jitter, &(struct tc_jitter_config){0});
	err = err ? err : tc_opus_decoder_create(&in->decoder, TC_AUDIO_IN_RATE);
	if (err) {
		tc_audio_in_destroy(in);
		return err;
	}
	*out = in;
	return 0;
}

void tc_audio_in_destroy(struct tc_audio_in *in)
{
	if (!in) {
		return;
	}
	tc_jitter_destroy(in->jitter);
	tc_opus_decoder_destroy(in->decoder);
	free(in);
}

static size_t samples_of(int ticks)
{
	size_t samples = ticks > 0 ? (size_t)ticks / TICKS_PER_SAMPLE : 0;
	return samples < MAX_SAMPLES ? samples : MAX_SAMPLES;
}

static int decode(struct tc_audio_in *in, enum tc_jitter_what what, const struct tc_jitter_out *out)
{
	if (out->reset) {
		tc_opus_decoder_reset(in->decoder);
	}
	size_t samples = samples_of(out->ticks);
	switch (what) {
	case TC_JITTER_PACKET:
		return tc_opus_decode(in->decoder, out->data, out->len, in->pcm, MAX_SAMPLES);
	case TC_JITTER_FEC:
		return tc_opus_decode_fec(in->decoder, out->data, out->len, in->pcm, samples);
	case TC_JITTER_CONCEAL:
		return tc_opus_conceal(in->decoder, in->pcm, samples);
	case TC_JITTER_NOTHING:
		break;
	}
	return 0;
}

void tc_audio_in_poll(struct tc_audio_in *in, int64_t now_us)
{
	struct tc_jitter_out out;
	enum tc_jitter_what what;
	while ((what = tc_jitter_pop(in->jitter, now_us, &out)) != TC_JITTER_NOTHING) {
		int samples = decode(in, what, &out);
		if (samples <= 0) {
			continue; /* what the network sent and Opus cannot read is as if lost */
		}
		struct tc_peer_sound sound = {
			.pcm = in->pcm,
			.samples = (size_t)samples,
			.time_us = out.arrival_us,
			.skipped_us = out.reset ? -1 : out.gap * 1000 / 48,
			.level = out.level,
			.concealed = what != TC_JITTER_PACKET,
		};
		in->fn(in->user, &sound);
	}
}

int tc_audio_in_push(struct tc_audio_in *in, const struct tc_jitter_packet *packet)
{
	struct tc_jitter_packet timed = *packet;
	timed.ticks = tc_opus_packet_ticks(packet->data, packet->len);
	if (timed.ticks <= 0) {
		return -TC_EPARSE;
	}
	int err = tc_jitter_push(in->jitter, &timed);
	tc_audio_in_poll(in, packet->arrival_us);
	return err;
}

int64_t tc_audio_in_next_us(const struct tc_audio_in *in)
{
	return tc_jitter_next_us(in->jitter);
}

void tc_audio_in_reset(struct tc_audio_in *in)
{
	tc_jitter_reset(in->jitter);
}

void tc_audio_in_stats(const struct tc_audio_in *in, struct tc_jitter_stats *out)
{
	tc_jitter_stats(in->jitter, out);
}
