// SPDX-License-Identifier: Apache-2.0
#include "media/opus.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "mock/oom.h"
#include "signals.h"

#define FRAMES 50 /* a second */
#define FRAME  960
#define RATE   48000

struct stream {
	uint8_t packet[FRAMES][TC_OPUS_MAX_PACKET];
	int len[FRAMES];
	int16_t pcm[FRAMES * FRAME];
};

static struct stream stream;

static void encode_all(const struct tc_opus_encoder_config *config, int loss)
{
	struct tc_opus_encoder *enc = NULL;
	assert_int_equal(tc_opus_encoder_create(&enc, config), 0);
	tc_opus_encoder_set_loss(enc, loss);
	for (int i = 0; i < FRAMES; i++) {
		stream.len[i] = tc_opus_encode(enc, stream.pcm + i * FRAME, stream.packet[i],
					       sizeof(stream.packet[i]));
		assert_true(stream.len[i] >= 0);
	}
	tc_opus_encoder_destroy(enc);
}

/* Best match of `got` within 20 ms after `want` (the codec's delay is a few ms). */
static double best_snr(const int16_t *want, const int16_t *got, size_t count)
{
	double best = -100;
	for (size_t shift = 0; shift < FRAME; shift++) {
		double s = snr(want, got + shift, count - FRAME);
		best = s > best ? s : best;
	}
	return best;
}

static void speech_survives_the_round_trip(void **state)
{
	vowel(stream.pcm, FRAMES * FRAME, RATE, 12000);
	encode_all(NULL, 0);
	struct tc_opus_decoder *dec = NULL;
	assert_int_equal(tc_opus_decoder_create(&dec, RATE), 0);
	static int16_t got[FRAMES * FRAME];
	size_t bytes = 0;
	for (int i = 0; i < FRAMES; i++) {
		bytes += (size_t)stream.len[i];
		assert_int_equal(tc_opus_packet_ticks(stream.packet[i], (size_t)stream.len[i]),
				 960);
		assert_int_equal(tc_opus_decode(dec, stream.packet[i], (size_t)stream.len[i],
						got + i * FRAME, FRAME),
				 FRAME);
	}
	assert_true(best_snr(stream.pcm + 10 * FRAME, got + 10 * FRAME, 20 * FRAME) > 8);
	assert_in_range(bytes * 8, 16000, 40000); /* 32 kbit/s asked, variable rate */
	tc_opus_decoder_destroy(dec);
}

static void any_decoder_rate_hears_the_same_sound(void **state)
{
	static const int rates[] = {8000, 12000, 16000, 24000, 48000};
	vowel(stream.pcm, FRAMES * FRAME, RATE, 12000);
	encode_all(NULL, 0);
	for (size_t r = 0; r < sizeof(rates) / sizeof(rates[0]); r++) {
		struct tc_opus_decoder *dec = NULL;
		assert_int_equal(tc_opus_decoder_create(&dec, rates[r]), 0);
		double sum = 0;
		for (int i = 0; i < FRAMES; i++) {
			int16_t pcm[FRAME];
			assert_int_equal(tc_opus_decode(dec, stream.packet[i],
							(size_t)stream.len[i], pcm, FRAME),
					 rates[r] / 50);
			sum += energy(pcm, (size_t)rates[r] / 50) / FRAMES;
		}
		double ratio = sum / energy(stream.pcm, FRAMES * FRAME);
		assert_true(ratio > 0.7 && ratio < 1.3);
		tc_opus_decoder_destroy(dec);
	}
}

static void silence_becomes_dtx(void **state)
{
	memset(stream.pcm, 0, sizeof(stream.pcm));
	encode_all(NULL, 0);
	int dtx = 0;
	for (int i = 0; i < FRAMES; i++) {
		dtx += stream.len[i] <= 2;
	}
	assert_true(dtx > FRAMES / 2);
	encode_all(&(struct tc_opus_encoder_config){.no_dtx = true}, 0);
	for (int i = 0; i < FRAMES; i++) {
		assert_true(stream.len[i] > 2);
	}
}

/* Loses every fifth packet; returns the SNR, over the lost frames only, against the decoder that
 * lost nothing. */
static double with_losses(bool fec)
{
	struct tc_opus_decoder *all = NULL, *lossy = NULL;
	assert_int_equal(tc_opus_decoder_create(&all, RATE), 0);
	assert_int_equal(tc_opus_decoder_create(&lossy, RATE), 0);
	static int16_t want[FRAMES * FRAME], got[FRAMES * FRAME];
	size_t lost = 0;
	for (int i = 0; i + 1 < FRAMES; i++) {
		int16_t ref[FRAME], out[FRAME];
		tc_opus_decode(all, stream.packet[i], (size_t)stream.len[i], ref, FRAME);
		if (i % 5 != 4) {
			tc_opus_decode(lossy, stream.packet[i], (size_t)stream.len[i], out, FRAME);
			continue;
		}
		int n = fec ? tc_opus_decode_fec(lossy, stream.packet[i + 1],
						 (size_t)stream.len[i + 1], out, FRAME)
			    : tc_opus_conceal(lossy, out, FRAME);
		assert_int_equal(n, FRAME);
		memcpy(want + lost * FRAME, ref, sizeof(ref));
		memcpy(got + lost * FRAME, out, sizeof(out));
		lost++;
	}
	assert_true(energy(got, lost * FRAME) > 0.2 * energy(want, lost * FRAME));
	tc_opus_decoder_destroy(all);
	tc_opus_decoder_destroy(lossy);
	return snr(want, got, lost * FRAME);
}

static void loss_is_concealed_and_fec_does_it_better(void **state)
{
	vowel(stream.pcm, FRAMES * FRAME, RATE, 12000);
	encode_all(NULL, 20);
	double concealed = with_losses(false), repaired = with_losses(true);
	print_message("lost frames: concealed %.1f dB, from FEC %.1f dB\n", concealed, repaired);
	assert_true(repaired > concealed + 1);
}

static void the_bitrate_follows(void **state)
{
	vowel(stream.pcm, FRAMES * FRAME, RATE, 12000);
	size_t bytes[2] = {0};
	for (int k = 0; k < 2; k++) {
		struct tc_opus_encoder *enc = NULL;
		struct tc_opus_encoder_config config = {.bitrate = k ? 12000 : 48000};
		assert_int_equal(tc_opus_encoder_create(&enc, &config), 0);
		for (int i = 0; i < FRAMES; i++) {
			uint8_t packet[TC_OPUS_MAX_PACKET];
			bytes[k] += (size_t)tc_opus_encode(enc, stream.pcm + i * FRAME, packet,
							   sizeof(packet));
		}
		tc_opus_encoder_destroy(enc);
	}
	assert_true(bytes[1] * 2 < bytes[0]);
}

/* RFC 6716 section 3.1: the first five bits; 8-11 are SILK, 12-15 hybrid. */
static void wideband_speech_spends_nothing_above_8_khz(void **state)
{
	vowel(stream.pcm, FRAMES * FRAME, RATE, 12000);
	encode_all(NULL, 0);
	int config = stream.packet[FRAMES / 2][0] >> 3;
	assert_true(config >= 12);
	encode_all(&(struct tc_opus_encoder_config){.wideband = true}, 0);
	for (int i = 0; i < FRAMES; i++) {
		config = stream.packet[i][0] >> 3;
		assert_true(config >= 8 && config <= 11);
	}
}

static void a_reset_encoder_is_like_new(void **state)
{
	vowel(stream.pcm, FRAMES * FRAME, RATE, 12000);
	struct tc_opus_encoder *enc = NULL;
	assert_int_equal(tc_opus_encoder_create(&enc, NULL), 0);
	uint8_t first[TC_OPUS_MAX_PACKET], again[TC_OPUS_MAX_PACKET];
	int len = tc_opus_encode(enc, stream.pcm, first, sizeof(first));
	for (int i = 1; i < 10; i++) {
		tc_opus_encode(enc, stream.pcm + i * FRAME, again, sizeof(again));
	}
	tc_opus_encoder_reset(enc);
	assert_int_equal(tc_opus_encode(enc, stream.pcm, again, sizeof(again)), len);
	assert_memory_equal(first, again, (size_t)len);
	tc_opus_encoder_destroy(enc);
}

static void what_is_no_opus_is_refused(void **state)
{
	struct tc_opus_decoder *dec = NULL;
	assert_int_equal(tc_opus_decoder_create(&dec, RATE), 0);
	int16_t pcm[5760];
	/* code 3 with a frame count of 0; code 3 and nothing more; code 1 of odd length */
	static const uint8_t bad[][2] = {{0xFB, 0x00}, {0xFB}, {0xF9, 0x11}};
	static const size_t len[] = {2, 1, 2};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(tc_opus_decode(dec, bad[i], len[i], pcm, 5760), -TC_EENGINE);
	}
	assert_int_equal(tc_opus_decode(dec, bad[0], 0, pcm, 5760), -TC_EENGINE);
	assert_int_equal(tc_opus_decode_fec(dec, NULL, 0, pcm, FRAME), -TC_EENGINE);
	assert_int_equal(tc_opus_packet_ticks(bad[1], 0), -TC_EPARSE);
	assert_int_equal(tc_opus_packet_ticks(bad[1], 1), -TC_EPARSE);
	/* too small a room is an error, not an overflow */
	vowel(stream.pcm, FRAMES * FRAME, RATE, 12000);
	encode_all(NULL, 0);
	assert_int_equal(tc_opus_decode(dec, stream.packet[9], (size_t)stream.len[9], pcm, 480),
			 -TC_EENGINE);
	/* and the decoder still works */
	assert_int_equal(tc_opus_decode(dec, stream.packet[9], (size_t)stream.len[9], pcm, FRAME),
			 FRAME);
	tc_opus_decoder_reset(dec);
	tc_opus_decoder_destroy(dec);
}

static void noise_never_breaks_the_decoder(void **state)
{
	struct tc_opus_decoder *dec = NULL;
	assert_int_equal(tc_opus_decoder_create(&dec, 16000), 0);
	uint32_t x = 12345;
	for (int i = 0; i < 3000; i++) {
		uint8_t packet[80];
		for (size_t k = 0; k < sizeof(packet); k++) {
			x = x * 1664525u + 1013904223u;
			packet[k] = (uint8_t)(x >> 24);
		}
		int16_t pcm[1920];
		int n = tc_opus_decode(dec, packet, 1 + x % sizeof(packet), pcm, 1920);
		assert_true(n == -TC_EENGINE || (n > 0 && n <= 1920));
	}
	tc_opus_decoder_destroy(dec);
}

static void rates_opus_does_not_know_are_refused(void **state)
{
	struct tc_opus_encoder *enc = NULL;
	struct tc_opus_decoder *dec = NULL;
	assert_int_equal(
		tc_opus_encoder_create(&enc, &(struct tc_opus_encoder_config){.rate = 44100}),
		-EINVAL);
	assert_int_equal(tc_opus_decoder_create(&dec, 0), -EINVAL);
	assert_null(enc);
	assert_null(dec);
	tc_opus_encoder_destroy(enc);
	tc_opus_decoder_destroy(dec);
}

static void failed_allocation_is_reported(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct tc_opus_encoder *enc = NULL;
		struct tc_opus_decoder *dec = NULL;
		int err = tc_opus_encoder_create(&enc, NULL);
		assert_true(err == 0 || err == -ENOMEM);
		err = tc_opus_decoder_create(&dec, 16000);
		assert_true(err == 0 || err == -ENOMEM);
		tc_opus_encoder_destroy(enc);
		tc_opus_decoder_destroy(dec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(speech_survives_the_round_trip),
		cmocka_unit_test(any_decoder_rate_hears_the_same_sound),
		cmocka_unit_test(silence_becomes_dtx),
		cmocka_unit_test(loss_is_concealed_and_fec_does_it_better),
		cmocka_unit_test(the_bitrate_follows),
		cmocka_unit_test(wideband_speech_spends_nothing_above_8_khz),
		cmocka_unit_test(a_reset_encoder_is_like_new),
		cmocka_unit_test(what_is_no_opus_is_refused),
		cmocka_unit_test(noise_never_breaks_the_decoder),
		cmocka_unit_test(rates_opus_does_not_know_are_refused),
		cmocka_unit_test(failed_allocation_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
