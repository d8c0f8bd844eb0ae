// SPDX-License-Identifier: Apache-2.0
#include "face/widen.h"

#include <stddef.h>
#include <string.h>

#include "base/assert.h"

#define MAX_WIDTH 960

_Static_assert(TC_WIDEN_Q == 6, "doubling adds two bits, and then takes the upper byte");

/* Ordered dither (Bayer, 8x8), 0..63: exactly the fraction that Q6 drops. */
static const uint8_t bayer[8][8] = {
	{0, 32, 8, 40, 2, 34, 10, 42},  {48, 16, 56, 24, 50, 18, 58, 26},
	{12, 44, 4, 36, 14, 46, 6, 38}, {60, 28, 52, 20, 62, 30, 54, 22},
	{3, 35, 11, 43, 1, 33, 9, 41},  {51, 19, 59, 27, 49, 17, 57, 25},
	{15, 47, 7, 39, 13, 45, 5, 37}, {63, 31, 55, 23, 61, 29, 53, 21},
};

/* Eight values at a time, which every compiler turns into vector instructions. Rows are multiples
 * of eight: a picture's sides are multiples of 16. */
typedef int16_t v8 __attribute__((vector_size(16)));
typedef uint16_t v8u __attribute__((vector_size(16)));
typedef uint8_t v8b __attribute__((vector_size(8)));

static v8u load(const uint16_t *from)
{
	v8u v;
	memcpy(&v, from, sizeof(v));
	return v;
}

void tc_widen_narrow(const int16_t *in, int count, int y, uint8_t *out)
{
	v8b bytes;
	memcpy(&bytes, bayer[y & 7], sizeof(bytes));
	v8 dither = __builtin_convertvector(bytes, v8);
	for (int x = 0; x < count; x += 8) {
		v8 v;
		memcpy(&v, in + x, sizeof(v));
		bytes = __builtin_convertvector((v + dither) >> TC_WIDEN_Q, v8b);
		memcpy(out + x, &bytes, sizeof(bytes));
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

/* in[-1] and in[width] must be readable. A left and a right byte leave as one 16-bit word. */
static void across(const uint16_t *in, int width, const uint8_t *dither, uint8_t *out)
{
	_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the left byte comes first");
	v8u even = {0}, odd = {0};
	for (int i = 0; i < 8; i++) {
		even[i] = (uint16_t)(4 * dither[2 * i & 7]);
		odd[i] = (uint16_t)(4 * dither[(2 * i + 1) & 7]);
	}
	for (int x = 0; x < width; x += 8) {
		v8u own = 3 * load(in + x);
		v8u left = own + load(in + x - 1) + even, right = own + load(in + x + 1) + odd;
		v8u pair = left >> 8 | (right & 0xff00);
		memcpy(out + 2 * x, &pair, sizeof(pair));
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
