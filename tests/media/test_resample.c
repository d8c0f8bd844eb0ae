// SPDX-License-Identifier: Apache-2.0
#include "media/resample.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock/oom.h"
#include "signals.h"

/* Feeds a second of a tone in frames of 20 ms and returns how much energy came out. */
static double through(int from, int to, double hz, size_t *total)
{
	static int16_t in[48000], out[48000 + 64];
	sine(in, (size_t)from, from, hz, 10000);
	struct tc_resampler *r = NULL;
	assert_int_equal(tc_resampler_create(&r, from, to), 0);
	size_t frame = (size_t)from / 50;
	*total = 0;
	for (size_t at = 0; at + frame <= (size_t)from; at += frame) {
		size_t room = frame * (size_t)to / (size_t)from + 16;
		*total += tc_resample(r, in + at, frame, out + *total, room);
	}
	tc_resampler_destroy(r);
	size_t skip = (size_t)to / 10;
	return energy(out + skip, *total - skip);
}

static void a_tone_keeps_its_length_and_loudness(void **state)
{
	static const int rates[] = {8000, 16000, 22050, 24000, 48000};
	for (size_t a = 0; a < 5; a++) {
		for (size_t b = 0; b < 5; b++) {
			size_t total = 0;
			double e = through(rates[a], rates[b], 1000, &total);
			assert_true(abs((int)total - rates[b]) <= 16);
			assert_true(e > 0.95 * 5e7 && e < 1.05 * 5e7); /* 10000^2 / 2 */
		}
	}
}

static void what_does_not_fit_below_the_new_rate_is_filtered_out(void **state)
{
	size_t total = 0;
	assert_true(through(48000, 16000, 12000, &total) < 5e7 / 1000); /* at least 30 dB down */
}

static void a_small_room_is_not_overrun(void **state)
{
	int16_t in[320], out[101];
	sine(in, 320, 16000, 440, 10000);
	out[100] = 4321;
	struct tc_resampler *r = NULL;
	assert_int_equal(tc_resampler_create(&r, 16000, 48000), 0);
	assert_int_equal(tc_resample(r, in, 320, out, 100), 100);
	assert_int_equal(out[100], 4321);
	assert_int_equal(tc_resample(r, in, 0, out, 100), 0);
	tc_resampler_destroy(r);
}

static void a_reset_resampler_is_like_new(void **state)
{
	int16_t in[320], first[976], again[976];
	sine(in, 320, 16000, 440, 10000);
	struct tc_resampler *r = NULL;
	assert_int_equal(tc_resampler_create(&r, 16000, 48000), 0);
	size_t n = tc_resample(r, in, 320, first, 976);
	tc_resample(r, in, 123, again, 976);
	tc_resampler_reset(r);
	assert_int_equal(tc_resample(r, in, 320, again, 976), n);
	assert_memory_equal(first, again, n * sizeof(*first));
	tc_resampler_destroy(r);
}

static void senseless_rates_are_refused(void **state)
{
	struct tc_resampler *r = NULL;
	assert_int_equal(tc_resampler_create(&r, 0, 16000), -EINVAL);
	assert_int_equal(tc_resampler_create(&r, 16000, -1), -EINVAL);
	assert_null(r);
	tc_resampler_destroy(r);
}

static void failed_allocation_is_reported(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct tc_resampler *r = NULL;
		int err = tc_resampler_create(&r, 16000, 48000);
		assert_true(err == 0 || err == -ENOMEM);
		tc_resampler_destroy(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tone_keeps_its_length_and_loudness),
		cmocka_unit_test(what_does_not_fit_below_the_new_rate_is_filtered_out),
		cmocka_unit_test(a_small_room_is_not_overrun),
		cmocka_unit_test(a_reset_resampler_is_like_new),
		cmocka_unit_test(senseless_rates_are_refused),
		cmocka_unit_test(failed_allocation_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
