// SPDX-License-Identifier: Apache-2.0
#include "face/widen.h"

#include <stddef.h>

#include "base/assert.h"

#define MAX_WIDTH 960

/* Ordered dither (Bayer, 8x8), 0..63: exactly the fraction that Q6 drops. */
static const uint8_t bayer[8][8] = {
	{0, 32, 8, 40, 2, 34, 10, 42},  {48, 16, 56, 24, 50, 18, 58, 26},
	{12, 44, 4, 36, 14, 46, 6, 38}, {60, 28, 52, 20, 62, 30, 54, 22},
	{3, 35, 11, 43, 1, 33, 9, 41},  {51, 19, 59, 27, 49, 17, 57, 25},
	{15, 47, 7, 39, 13, 45, 5, 37}, {63, 31, 55, 23, 61, 29, 53, 21},
};

void tc_widen_narrow(const int16_t *in, int count, int y, uint8_t *out)
{
	const uint8_t *dither = bayer[y & 7];
	for (int x = 0; x < count; x += 8) { /* sides are multiples of 16, halves of 8 */
		for (int i = 0; i < 8; i++) {
			out[x + i] = (uint8_t)((in[x + i] + dither[i]) >> TC_WIDEN_Q);
		}
	}
}

/* A quarter of the neighbour row, three quarters of its own. */
static void between(const uint16_t *restrict own, const uint16_t *restrict neighbour, int width,
		    uint16_t *restrict out)
{
	for (int x = 0; x < width; x++) {
		out[x] = (uint16_t)((uint16_t)(3 * own[x] + neighbour[x] + 2) >> 2);
	}
}

/* in[-1] and in[width] must be readable. */
static void across(const uint16_t *restrict in, int width, const uint8_t *restrict dither,
		   uint8_t *restrict out)
{
	uint16_t even[4], odd[4];
	for (int i = 0; i < 4; i++) {
		even[i] = (uint16_t)(4 * dither[2 * i]);
		odd[i] = (uint16_t)(4 * dither[2 * i + 1]);
	}
	for (int x = 0; x < width; x += 4) {
		for (int i = 0; i < 4; i++) {
			uint16_t own = (uint16_t)(3 * in[x + i]);
			uint16_t left = (uint16_t)(own + in[x + i - 1] + even[i]);
			uint16_t right = (uint16_t)(own + in[x + i + 1] + odd[i]);
			out[2 * (x + i)] = (uint8_t)(left >> (TC_WIDEN_Q + 2));
			out[2 * (x + i) + 1] = (uint8_t)(right >> (TC_WIDEN_Q + 2));
		}
	}
}

void tc_widen_double(const uint16_t *in, int width, int height, uint8_t *out, int stride)
{
	TC_ASSERT(width <= MAX_WIDTH);
	uint16_t row[1 + MAX_WIDTH + 1];
	for (int y = 0; y < 2 * height; y++) {
		int own = y / 2, other = y & 1 ? own + 1 : own - 1;
		other = other < 0 ? 0 : other >= height ? height - 1 : other;
		between(in + own * width, in + other * width, width, row + 1);
		row[0] = row[1];
		row[width + 1] = row[width];
		across(row + 1, width, bayer[y & 7], out + (ptrdiff_t)y * stride);
	}
}
