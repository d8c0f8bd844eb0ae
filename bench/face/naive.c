// SPDX-License-Identifier: Apache-2.0
#include "naive.h"

#include <math.h>

#define TAU  6.2831853f
#define TILE 128

static float clamp01(float x)
{
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

static float smooth(float x)
{
	x = clamp01(x);
	return x * x * (3 - 2 * x);
}

static void add(struct tc_rgb *sum, struct tc_rgb light, float amount)
{
	sum->r += light.r * amount;
	sum->g += light.g * amount;
	sum->b += light.b * amount;
}

static float lattice(int x, int y, uint32_t seed)
{
	uint32_t h = ((uint32_t)x * 0x9e3779b9u + (uint32_t)y) ^ seed;
	h ^= h >> 16;
	h *= 0x7feb352du;
	h ^= h >> 15;
	return (float)(h >> 16 & 0xffff) / 65535;
}

static float octave(float x, float y, int period, uint32_t seed)
{
	int cx = (int)floorf(x), cy = (int)floorf(y), mask = period - 1;
	float fx = smooth(x - (float)cx), fy = smooth(y - (float)cy);
	float a = lattice(cx & mask, cy & mask, seed),
	      b = lattice((cx + 1) & mask, cy & mask, seed);
	float c = lattice(cx & mask, (cy + 1) & mask, seed);
	float d = lattice((cx + 1) & mask, (cy + 1) & mask, seed);
	float top = a + (b - a) * fx, bottom = c + (d - c) * fx;
	return top + (bottom - top) * fy;
}

static float noise(float u, float v, uint32_t seed)
{
	float sum = 0, amplitude = 0.53f;
	for (int period = 4; period <= 32; period *= 2, amplitude /= 2) {
		sum += amplitude *
		       octave(u * (float)period / TILE, v * (float)period / TILE, period, seed);
	}
	return smooth(sum);
}

static float trail(const float *level, float age_s)
{
	int i = (int)(age_s / TC_MOTION_STEP_S);
	return level[i < 0 ? 0 : i > TC_MOTION_HISTORY - 1 ? TC_MOTION_HISTORY - 1 : i];
}

static float waves(const struct tc_look *look, float beyond)
{
	const struct tc_mood *mood = &look->mood;
	float off = (beyond - 0.15f) / 0.014f;
	float ring = expf(-0.5f * off * off) * mood->ring * (0.7f + 0.8f * look->sound);
	if (beyond < 0 || beyond > 0.85f) {
		return ring;
	}
	float in = 0.5f + 0.5f * cosf(TAU * (beyond * 3.2f + look->ripple));
	in *= in * in * expf(-1.3f * beyond) * mood->inward *
	      trail(look->heard, (0.85f - beyond) / 0.95f);
	float out = 0.55f + 0.45f * cosf(TAU * (beyond * 1.5f - look->ripple));
	out *= expf(-2.4f * beyond) * mood->outward * trail(look->spoken, beyond / 0.95f);
	return ring + smooth(beyond * 10) * smooth((0.85f - beyond) / 0.4f) * (in + out);
}

static void add_orbit(struct tc_rgb *light, const struct tc_look *look, float dx, float dy)
{
	float px = dx * cosf(-0.42f) + dy * sinf(-0.42f);
	float py = (dy * cosf(-0.42f) - dx * sinf(-0.42f)) / 0.40f;
	float off = (sqrtf(px * px + py * py) - 0.345f) / 0.048f;
	float behind = look->orbit - atan2f(py, px) / TAU;
	behind -= floorf(behind);
	float front = 0.6f + 0.4f * clamp01(0.5f + 0.5f * py / 0.345f);
	float weight = expf(-0.5f * off * off) + 0.35f * expf(-0.08f * off * off);
	struct tc_rgb colour = {0.85f, 0.75f, 1};
	add(light, colour,
	    look->mood.orbit * 1.47f * weight * front * (0.2f + 0.8f * expf(-4.2f * behind)));
}

static void add_sphere(struct tc_rgb *sum, const struct tc_look *look, float dx, float dy, float k,
		       float edge)
{
	const struct tc_mood *mood = &look->mood;
	float c = k < 1 ? k : 1, z = sqrtf(1 - c * c), rim = 1 - z;
	float nx = dx / look->radius, ny = dy / look->radius;
	float arc = c > 0.01f ? asinf(c) / c : 1;
	float turn = TAU * look->spin + mood->swirl * (1 - c) * (1 - c);
	float u = 38 * arc * (nx * cosf(turn) - ny * sinf(turn)) + look->drift +
		  6 * sinf(4.3f * dy - 11 * look->drift * TAU / 1024 + 2);
	float v = 38 * arc * (nx * sinf(turn) + ny * cosf(turn)) + look->drift / 8 +
		  6 * sinf(5.1f * dx + 14 * look->drift * TAU / 1024);
	float near = noise(u, v, 11);
	float far = noise(30 * nx - look->drift * 0.625f + 16 * near,
			  30 * ny + look->drift * 0.375f - 8 * near, 97);
	float lambert = 0.5f + 0.5f * (-0.451f * nx - 0.551f * ny + 0.702f * z);
	float body = edge * (0.35f + 0.65f * z);
	float mist = 0.85f * edge * z * (0.4f + 0.6f * z) * (1 + mood->lift * look->sound) *
		     (0.5f + 0.5f * lambert);
	float facing = -0.244f * nx - 0.299f * ny + 0.923f * z,
	      t = clamp01((facing - 0.76f) / 0.24f);
	float gleam = 0.37f * powf(t, 4) + 1.8f * powf(t, 16);
	float said = mood->outward * trail(look->spoken, k * 0.35f), x = k / 0.5f;
	struct tc_rgb shine = {0.55f + 0.3f * mood->rim.r, 0.55f + 0.3f * mood->rim.g,
			       0.55f + 0.3f * mood->rim.b};
	add(sum, mood->core, edge * expf(-x * x) * (0.8f + mood->lift * 1.2f * said));
	add(sum, mood->lit, body * lambert);
	add(sum, mood->deep, body * (1 - lambert));
	add(sum, mood->mist, near * mist);
	add(sum, mood->veil, far * mist);
	add(sum, mood->spark, near * far * mist);
	add(sum, mood->rim,
	    edge * rim * rim * (0.3f + 0.7f * rim * rim * rim) *
		    (0.55f + 0.45f * (-0.5f * nx - 0.86f * ny)));
	add(sum, shine, gleam);
	if (mood->orbit > 0.01f) {
		add_orbit(sum, look, dx, dy);
	}
}

static struct tc_rgb light_at(const struct tc_look *look, float dx, float dy)
{
	const struct tc_mood *mood = &look->mood;
	struct tc_rgb light = tc_palette_background();
	float d = sqrtf(dx * dx + dy * dy), k = d / look->radius, beyond = k > 1 ? k - 1 : 0;
	float edge = smooth((1 + 0.022f - k) / 0.044f);
	float amount = smooth((1 - d) / 0.26f) * (1 - 0.75f * edge);
	float swell = 1 + 0.1f * look->breath + mood->lift * look->sound;
	add(&light, mood->glow, amount * swell * expf(-6.5f * beyond));
	add(&light, mood->halo, amount * swell * expf(-2.4f * beyond));
	add(&light, mood->wave, amount * waves(look, k - 1));
	if (edge > 0) {
		add_sphere(&light, look, dx, dy, k, edge);
	}
	return light;
}

static float soften(float x)
{
	x = x > 2 ? 2 : x;
	return x - x * x / 4;
}

void naive_draw(const struct tc_look *look, struct tc_picture *p)
{
	float half = (float)(p->width < p->height ? p->width : p->height) / 2;
	for (int y = 0; y < p->height; y++) {
		for (int x = 0; x < p->width; x++) {
			float dx = ((float)x + 0.5f - (float)p->width / 2) / half;
			float dy = ((float)y + 0.5f - (float)p->height / 2) / half;
			struct tc_rgb light = light_at(look, dx, dy);
			float r = soften(light.r), g = soften(light.g), b = soften(light.b);
			p->y[y * p->y_stride + x] =
				(uint8_t)(16.5f + 65.481f * r + 128.553f * g + 24.966f * b);
			if (x & 1 || y & 1) {
				continue;
			}
			int at = y / 2 * p->uv_stride + x / 2;
			p->u[at] = (uint8_t)(128.5f - 37.797f * r - 74.203f * g + 112 * b);
			p->v[at] = (uint8_t)(128.5f + 112 * r - 93.786f * g - 18.214f * b);
		}
	}
}
