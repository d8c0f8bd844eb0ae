// SPDX-License-Identifier: Apache-2.0
#include "media/opus.h"

#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>

#include <opus/opus.h>

#include "base/err.h"

#define DEFAULT_RATE       48000
#define DEFAULT_BITRATE    32000
#define DEFAULT_COMPLEXITY 5
#define MIN_BITRATE        6000 /* RFC 6716 section 2.1.1 */
#define MAX_BITRATE        510000
#define FRAMES_PER_SECOND  50

/* libopus's state lies behind ours in one allocation: nothing is allocated after create. */
struct tc_opus_encoder {
	int frame_samples;
	alignas(max_align_t) unsigned char opus[];
};

struct tc_opus_decoder {
	int rate;
	alignas(max_align_t) unsigned char opus[];
};

static OpusEncoder *encoder_of(struct tc_opus_encoder *enc)
{
	return (OpusEncoder *)enc->opus;
}

static OpusDecoder *decoder_of(struct tc_opus_decoder *dec)
{
	return (OpusDecoder *)dec->opus;
}

static bool rate_ok(int rate)
{
	return rate == 8000 || rate == 12000 || rate == 16000 || rate == 24000 || rate == 48000;
}

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

static int or_default(int value, int fallback)
{
	return value ? value : fallback;
}

static bool encoder_setup(OpusEncoder *opus, const struct tc_opus_encoder_config *config)
{
	int bitrate = clamp(or_default(config->bitrate, DEFAULT_BITRATE), MIN_BITRATE, MAX_BITRATE);
	int complexity = clamp(or_default(config->complexity, DEFAULT_COMPLEXITY), 0, 10);
	int widest = config->wideband ? OPUS_BANDWIDTH_WIDEBAND : OPUS_BANDWIDTH_FULLBAND;
	return opus_encoder_ctl(opus, OPUS_SET_MAX_BANDWIDTH(widest)) == OPUS_OK &&
	       opus_encoder_ctl(opus, OPUS_SET_BITRATE(bitrate)) == OPUS_OK &&
	       opus_encoder_ctl(opus, OPUS_SET_COMPLEXITY(complexity)) == OPUS_OK &&
	       opus_encoder_ctl(opus, OPUS_SET_DTX(config->no_dtx ? 0 : 1)) == OPUS_OK &&
	       opus_encoder_ctl(opus, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE)) == OPUS_OK;
}

int tc_opus_encoder_create(struct tc_opus_encoder **out,
			   const struct tc_opus_encoder_config *config)
{
	static const struct tc_opus_encoder_config defaults;
	config = config ? config : &defaults;
	int rate = or_default(config->rate, DEFAULT_RATE);
	if (!rate_ok(rate)) {
		return -EINVAL;
	}
	struct tc_opus_encoder *enc = malloc(sizeof(*enc) + (size_t)opus_encoder_get_size(1));
	if (!enc) {
		return -ENOMEM;
	}
	enc->frame_samples = rate / FRAMES_PER_SECOND;
	if (opus_encoder_init(encoder_of(enc), rate, 1, OPUS_APPLICATION_VOIP) != OPUS_OK ||
	    !encoder_setup(encoder_of(enc), config)) {
		free(enc);
		return -TC_EENGINE;
	}
	*out = enc;
	return 0;
}

void tc_opus_encoder_destroy(struct tc_opus_encoder *enc)
{
	free(enc);
}

int tc_opus_encode(struct tc_opus_encoder *enc, const int16_t *pcm, uint8_t *out, size_t size)
{
	opus_int32 room = size > TC_OPUS_MAX_PACKET ? TC_OPUS_MAX_PACKET : (opus_int32)size;
	int len = opus_encode(encoder_of(enc), pcm, enc->frame_samples, out, room);
	return len < 0 ? -TC_EENGINE : len;
}

void tc_opus_encoder_set_loss(struct tc_opus_encoder *enc, int percent)
{
	percent = clamp(percent, 0, 100);
	opus_encoder_ctl(encoder_of(enc), OPUS_SET_INBAND_FEC(percent > 0));
	opus_encoder_ctl(encoder_of(enc), OPUS_SET_PACKET_LOSS_PERC(percent));
}

void tc_opus_encoder_reset(struct tc_opus_encoder *enc)
{
	opus_encoder_ctl(encoder_of(enc), OPUS_RESET_STATE);
}

int tc_opus_decoder_create(struct tc_opus_decoder **out, int rate)
{
	if (!rate_ok(rate)) {
		return -EINVAL;
	}
	struct tc_opus_decoder *dec = malloc(sizeof(*dec) + (size_t)opus_decoder_get_size(1));
	if (!dec) {
		return -ENOMEM;
	}
	dec->rate = rate;
	if (opus_decoder_init(decoder_of(dec), rate, 1) != OPUS_OK) {
		free(dec);
		return -TC_EENGINE;
	}
	*out = dec;
	return 0;
}

void tc_opus_decoder_destroy(struct tc_opus_decoder *dec)
{
	free(dec);
}

/* libopus takes an absent packet as "conceal"; here that must be asked for by name. */
static int decode(struct tc_opus_decoder *dec, const uint8_t *packet, size_t len, int16_t *pcm,
		  size_t samples, int fec)
{
	int room = samples > INT16_MAX ? INT16_MAX : (int)samples;
	int got = opus_decode(decoder_of(dec), packet, (opus_int32)len, pcm, room, fec);
	return got < 0 ? -TC_EENGINE : got;
}

static bool packet_ok(const uint8_t *packet, size_t len)
{
	return packet && len > 0 && len <= INT32_MAX;
}

int tc_opus_decode(struct tc_opus_decoder *dec, const uint8_t *packet, size_t len, int16_t *pcm,
		   size_t samples)
{
	return packet_ok(packet, len) ? decode(dec, packet, len, pcm, samples, 0) : -TC_EENGINE;
}

int tc_opus_decode_fec(struct tc_opus_decoder *dec, const uint8_t *next, size_t len, int16_t *pcm,
		       size_t samples)
{
	return packet_ok(next, len) ? decode(dec, next, len, pcm, samples, 1) : -TC_EENGINE;
}

int tc_opus_conceal(struct tc_opus_decoder *dec, int16_t *pcm, size_t samples)
{
	return decode(dec, NULL, 0, pcm, samples, 0);
}

int tc_opus_packet_ticks(const uint8_t *packet, size_t len)
{
	if (!packet_ok(packet, len)) {
		return -TC_EPARSE;
	}
	int ticks = opus_packet_get_nb_samples(packet, (opus_int32)len, TC_OPUS_RTP_RATE);
	return ticks < 0 ? -TC_EPARSE : ticks;
}

void tc_opus_decoder_reset(struct tc_opus_decoder *dec)
{
	opus_decoder_ctl(decoder_of(dec), OPUS_RESET_STATE);
}
