// SPDX-License-Identifier: Apache-2.0
/* What is said: a recording to packets, and files that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "media/opus.h"
#include "media/wav.h"
#include "mock/oom.h"
#include "probe/clip.h"

#define RATE  16000
#define FRAME (RATE / 50)

static void tone(int16_t *pcm, size_t samples, int rate)
{
	for (size_t i = 0; i < samples; i++) {
		pcm[i] = (int16_t)(8000 * sin((double)i * 2 * 3.14159 * 300 / rate));
	}
}

static void speech_is_coded_and_ends_with_its_last_sound(void **state)
{
	int16_t pcm[FRAME * 20 + 100] = {0};
	struct tc_clip clip;
	tone(pcm + FRAME * 2, FRAME * 10, RATE);
	assert_int_equal(tc_clip_encode(&clip, pcm, sizeof(pcm) / sizeof(*pcm)), 0);
	assert_int_equal(clip.count, 21); /* the last one filled up with silence */
	assert_int_equal(clip.spoken, 12);
	assert_false(tc_clip_at(&clip, 0)->voice);
	assert_true(tc_clip_at(&clip, 5)->voice);
	assert_in_range(tc_clip_at(&clip, 5)->level, 10, 20);
	assert_int_equal(tc_clip_at(&clip, 0)->level, 127);
	struct tc_opus_decoder *decoder;
	int16_t out[FRAME * 6];
	assert_int_equal(tc_opus_decoder_create(&decoder, RATE), 0);
	for (int64_t at = -60; at < 200; at++) { /* silence too is a packet of 20 ms */
		const struct tc_clip_packet *p = tc_clip_at(&clip, at);
		assert_true(p->len > 2);
		assert_int_equal(tc_opus_decode(decoder, p->data, p->len, out, FRAME * 6), FRAME);
	}
	tc_opus_decoder_destroy(decoder);
	tc_clip_finish(&clip);
}

static void without_a_recording_there_is_silence(void **state)
{
	struct tc_clip clip;
	assert_int_equal(tc_clip_encode(&clip, NULL, 0), 0);
	assert_int_equal(clip.count, 0);
	assert_true(tc_clip_at(&clip, 0)->len > 2);
	assert_ptr_equal(tc_clip_at(&clip, 0), tc_clip_at(&clip, TC_CLIP_SILENCE));
	assert_ptr_not_equal(tc_clip_at(&clip, 0), tc_clip_at(&clip, 1));
	tc_clip_finish(&clip);
}

static void silence_and_too_much_are_refused(void **state)
{
	struct tc_clip clip;
	size_t samples = (size_t)(TC_CLIP_MAX_S + 1) * RATE;
	int16_t *pcm = calloc(samples, sizeof(*pcm));
	assert_int_equal(tc_clip_encode(&clip, pcm, FRAME * 10), -EINVAL);
	tone(pcm, samples, RATE);
	assert_int_equal(tc_clip_encode(&clip, pcm, samples), -EINVAL);
	free(pcm);
}

static void a_failed_allocation_leaves_nothing(void **state)
{
	int16_t pcm[FRAME * 4];
	tone(pcm, FRAME * 4, RATE);
	TC_OOM_LOOP(n)
	{
		struct tc_clip clip;
		int err = tc_clip_encode(&clip, pcm, FRAME * 4);
		if (err) {
			assert_int_equal(err, -ENOMEM);
		} else {
			tc_clip_finish(&clip);
		}
	}
}

/* --- files --- */

static char path[64];

static void write_file(const void *data, size_t len)
{
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	fclose(file);
}

static int make_path(void **state)
{
	snprintf(path, sizeof(path), "/tmp/tricall-clip-XXXXXX");
	int fd = mkstemp(path);
	return fd < 0 ? -1 : close(fd);
}

static int drop_path(void **state)
{
	return unlink(path);
}

static void a_recording_of_any_rate_is_taken(void **state)
{
	const int rates[] = {8000, 16000, 44100, 48000};
	for (size_t i = 0; i < 4; i++) {
		char why[200] = "";
		size_t samples = (size_t)rates[i] / 2;
		int16_t *pcm = calloc(samples, sizeof(*pcm));
		struct tc_clip clip;
		tone(pcm, samples, rates[i]);
		assert_int_equal(tc_wav_save(path, rates[i], pcm, samples), 0);
		assert_int_equal(tc_clip_load(&clip, path, why, sizeof(why)), 0);
		assert_in_range(clip.count, 24, 26);
		assert_in_range(clip.spoken, 24, 26);
		tc_clip_finish(&clip);
		free(pcm);
	}
}

static void what_is_no_recording_is_named(void **state)
{
	static int16_t zeros[RATE];
	struct tc_clip clip;
	char why[200] = "";
	write_file("no sound at all", 15);
	assert_int_not_equal(tc_clip_load(&clip, path, why, sizeof(why)), 0);
	assert_non_null(strstr(why, path));
	assert_non_null(strstr(why, "no 16-bit PCM WAV"));
	write_file("", 0);
	assert_int_not_equal(tc_clip_load(&clip, path, why, sizeof(why)), 0);
	assert_int_equal(tc_wav_save(path, RATE, zeros, RATE), 0);
	assert_int_equal(tc_clip_load(&clip, path, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "silent"));
	assert_int_equal(tc_wav_save(path, RATE, zeros, 0), 0);
	assert_int_not_equal(tc_clip_load(&clip, path, why, sizeof(why)), 0);
	assert_int_equal(tc_clip_load(&clip, "/none/such.wav", why, sizeof(why)), -ENOENT);
	assert_non_null(strstr(why, "/none/such.wav"));
	int16_t *pcm = calloc(RATE * 61, sizeof(*pcm));
	tone(pcm, RATE * 61, RATE);
	assert_int_equal(tc_wav_save(path, RATE, pcm, RATE * 61), 0);
	free(pcm);
	assert_int_equal(tc_clip_load(&clip, path, why, sizeof(why)), -EINVAL);
	assert_non_null(strstr(why, "longer than 60 s"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(speech_is_coded_and_ends_with_its_last_sound),
		cmocka_unit_test(without_a_recording_there_is_silence),
		cmocka_unit_test(silence_and_too_much_are_refused),
		cmocka_unit_test(a_failed_allocation_leaves_nothing),
		cmocka_unit_test_setup_teardown(a_recording_of_any_rate_is_taken, make_path,
						drop_path),
		cmocka_unit_test_setup_teardown(what_is_no_recording_is_named, make_path,
						drop_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
