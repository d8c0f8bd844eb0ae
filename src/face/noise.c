// SPDX-License-Identifier: Apache-2.0
#include "face/noise.h"

#include <math.h>

#define SIDE    TC_NOISE_SIDE
#define OCTAVES 4
#define PERIOD  4 /* lattice cells across the tile in the coarsest octave */
#define TAU     6.2831853f
#define FIXED   1e6f /* samples in the first pass: (value + 4) * FIXED */

static uint32_t hash(uint32_t x)
{
	x ^= x >> 16;
	x *= 0x7feb352du;
	x ^= x >> 15;
	x *= 0x846ca68bu;
	return x ^ x >> 16;
}

/* Gradient noise: the dot product with a random direction at each lattice point. */
static float corner(int cx, int cy, int period, uint32_t seed, float dx, float dy)
{
	uint32_t x = (uint32_t)cx % (uint32_t)period, y = (uint32_t)cy % (uint32_t)period;
	float angle = (float)(hash(seed ^ hash(x * 0x9e3779b9u + y)) >> 8) * (TAU / 16777216.0f);
	return cosf(angle) * dx + sinf(angle) * dy;
}

static float fade(float t)
{
	return t * t * t * (t * (t * 6 - 15) + 10);
}

static float gradient(float x, float y, int period, uint32_t seed)
{
	int cx = (int)x, cy = (int)y;
	float dx = x - (float)cx, dy = y - (float)cy, fx = fade(dx), fy = fade(dy);
	float a = corner(cx, cy, period, seed, dx, dy);
	float b = corner(cx + 1, cy, period, seed, dx - 1, dy);
	float c = corner(cx, cy + 1, period, seed, dx, dy - 1);
	float d = corner(cx + 1, cy + 1, period, seed, dx - 1, dy - 1);
	float top = a + (b - a) * fx, bottom = c + (d - c) * fx;
	return top + (bottom - top) * fy;
}

static float sample(int x, int y, enum tc_noise_kind kind, uint32_t seed)
{
	float sum = 0, amplitude = 1;
	int period = PERIOD;
	for (int octave = 0; octave < OCTAVES; octave++, period *= 2, amplitude *= 0.5f) {
		float scale = (float)period / SIDE;
		float n = gradient((float)x * scale, (float)y * scale, period,
				   seed + (uint32_t)octave * 101);
		sum += amplitude * (kind == TC_NOISE_THREADS ? 0.45f - fabsf(n) : n);
	}
	return sum;
}

/* Clouds with more dark than light between them; threads thin and bright. */
static float contrast(float t, enum tc_noise_kind kind)
{
	float s = t * t * (3 - 2 * t);
	return kind == TC_NOISE_THREADS ? t * t * s : s * (0.35f + 0.65f * t);
}

void tc_noise_fill(struct tc_noise *noise, enum tc_noise_kind kind, uint32_t seed)
{
	uint32_t low = UINT32_MAX, high = 0;
	for (int i = 0; i < SIDE * SIDE; i++) {
		float value = sample(i % SIDE, i / SIDE, kind, hash(seed + 1));
		uint32_t fixed = (uint32_t)lrintf((value + 4) * FIXED);
		noise->quad[i] = fixed;
		low = fixed < low ? fixed : low;
		high = fixed > high ? fixed : high;
	}
	for (int i = 0; i < SIDE * SIDE; i++) {
		float t = (float)(noise->quad[i] - low) / (float)(high - low);
		noise->quad[i] = (uint32_t)lrintf(contrast(t, kind) * 255);
	}
	for (int i = 0; i < SIDE * SIDE; i++) {
		int right = (i & ~(SIDE - 1)) | ((i + 1) & (SIDE - 1));
		int below = (i + SIDE) % (SIDE * SIDE), across = (right + SIDE) % (SIDE * SIDE);
		noise->quad[i] |= (noise->quad[right] & 255) << 8 |
				  (noise->quad[below] & 255) << 16 |
				  (noise->quad[across] & 255) << 24;
	}
}
