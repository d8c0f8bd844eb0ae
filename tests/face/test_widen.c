// SPDX-License-Identifier: Apache-2.0
#include "face/widen.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIDE 64

static uint16_t plane[SIDE * SIDE];
static uint8_t out[4 * SIDE * SIDE];

static double block_mean(int left, int top)
{
	double sum = 0;
	for (int y = top; y < top + 8; y++) {
		for (int x = left; x < left + 8; x++) {
			sum += out[y * 2 * SIDE + x];
		}
	}
	return sum / 64;
}

/* A gradient of two steps over the whole width: without dither three flat bands. */
static void a_faint_gradient_shows_no_bands(void **state)
{
	for (int i = 0; i < SIDE * SIDE; i++) {
		plane[i] = (uint16_t)(20 * 64 + 2 * (i % SIDE));
	}
	tc_widen_double(plane, SIDE, SIDE, out, 2 * SIDE);
	for (int top = 0; top < 2 * SIDE; top += 8) {
		for (int left = 0; left < 2 * SIDE; left += 8) {
			/* A block's mean: the ramp in its middle, less half a dither step. */
			double want = 20 + (2 * (left / 2 + 1.5) - 0.5) / 64;
			assert_true(fabs(block_mean(left, top) - want) < 0.06);
		}
	}
}

static void whole_values_pass_without_dither(void **state)
{
	for (int i = 0; i < SIDE * SIDE; i++) {
		plane[i] = 22 * 64;
	}
	tc_widen_double(plane, SIDE, SIDE, out, 2 * SIDE);
	for (int i = 0; i < 4 * SIDE * SIDE; i++) {
		assert_int_equal(out[i], 22);
	}
	int16_t row[SIDE];
	for (int i = 0; i < SIDE; i++) {
		row[i] = 131 * 64;
	}
	for (int y = 0; y < 8; y++) {
		tc_widen_narrow(row, SIDE, y, out);
		for (int i = 0; i < SIDE; i++) {
			assert_int_equal(out[i], 131);
		}
	}
}

static void doubling_interpolates_and_keeps_the_extremes(void **state)
{
	for (int y = 0; y < SIDE; y++) {
		for (int x = 0; x < SIDE; x++) {
			plane[y * SIDE + x] = (uint16_t)((x & 8) ? 235 * 64 : 16 * 64);
		}
	}
	tc_widen_double(plane, SIDE, SIDE, out, 2 * SIDE);
	for (int y = 0; y < 2 * SIDE; y++) {
		const uint8_t *row = out + y * 2 * SIDE;
		assert_int_equal(row[4], 16);
		assert_int_equal(row[24], 235);
		assert_in_range(row[15], 70, 72); /* 3/4 of 16, 1/4 of 235 */
		assert_in_range(row[16], 180, 181);
	}
}

static void narrowing_dithers_a_half_to_a_half(void **state)
{
	int16_t row[SIDE];
	for (int i = 0; i < SIDE; i++) {
		row[i] = 100 * 64 + 32;
	}
	int high = 0;
	for (int y = 0; y < 8; y++) {
		tc_widen_narrow(row, SIDE, y, out);
		for (int i = 0; i < SIDE; i++) {
			assert_in_range(out[i], 100, 101);
			high += out[i] == 101;
		}
	}
	assert_int_equal(high, 8 * SIDE / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_faint_gradient_shows_no_bands),
		cmocka_unit_test(whole_values_pass_without_dither),
		cmocka_unit_test(doubling_interpolates_and_keeps_the_extremes),
		cmocka_unit_test(narrowing_dithers_a_half_to_a_half),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
