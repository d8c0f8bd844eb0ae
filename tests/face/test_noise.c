// SPDX-License-Identifier: Apache-2.0
#include "face/noise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct tc_noise noise;

static void a_tile_uses_its_whole_range(void **state)
{
	for (int kind = 0; kind < 2; kind++) {
		tc_noise_fill(&noise, (enum tc_noise_kind)kind, 3);
		int low = 255, high = 0;
		for (int i = 0; i < TC_NOISE_SIDE * TC_NOISE_SIDE; i++) {
			int v = (int)(noise.quad[i] & 255);
			low = v < low ? v : low;
			high = v > high ? v : high;
		}
		assert_int_equal(low, 0);
		assert_int_equal(high, 255);
	}
}

/* No step between neighbouring look-ups, over the seams as well. */
static void look_ups_are_smooth_across_the_seams(void **state)
{
	tc_noise_fill(&noise, TC_NOISE_CLOUDS, 3);
	for (int row = 0; row < 256; row += 5) {
		uint16_t v = (uint16_t)(row * 256 + 77);
		for (int i = 0; i < 65536; i += 32) {
			int a = tc_noise_at(&noise, (uint16_t)i, v);
			int b = tc_noise_at(&noise, (uint16_t)(i + 32), v);
			assert_in_range(a, 0, 32640);
			assert_true(abs(a - b) < 1200);
			a = tc_noise_at(&noise, v, (uint16_t)i);
			b = tc_noise_at(&noise, v, (uint16_t)(i + 32));
			assert_true(abs(a - b) < 1200);
		}
	}
}

static void between_texels_the_value_is_between_theirs(void **state)
{
	tc_noise_fill(&noise, TC_NOISE_THREADS, 9);
	for (int i = 0; i < TC_NOISE_SIDE; i++) {
		uint16_t u = (uint16_t)(i * 256), v = (uint16_t)(i * 7 * 256);
		int here = tc_noise_at(&noise, u, v);
		int right = tc_noise_at(&noise, (uint16_t)(u + 256), v);
		int middle = tc_noise_at(&noise, (uint16_t)(u + 128), v);
		assert_true(abs(2 * middle - here - right) <= 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tile_uses_its_whole_range),
		cmocka_unit_test(look_ups_are_smooth_across_the_seams),
		cmocka_unit_test(between_texels_the_value_is_between_theirs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
