// SPDX-License-Identifier: Apache-2.0
#include "face/radial.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define TAU         6.2831853f
#define EDGE        0.022f /* half the width of the sphere's soft edge, in radii */
#define TEXELS      38.0f  /* of the near layer per radian of the sphere */
#define DEEP_TEXELS 30.0f  /* of the far layer per radius */
#define FADE_FROM   0.74f  /* the halo ends softly before the picture does */
#define NEAR_FALL   6.5f
#define FAR_FALL    2.4f
#define WAVE_SPEED  0.95f /* radii a second */
#define WAVE_REACH  0.85f /* radii beyond the edge */
#define IN_WAVES    3.2f  /* crests per radius */
#define OUT_WAVES   1.8f
#define SOFT_S      0.06f /* own waves are blurred by this much */
#define RING_AT     0.15f
#define RING_WIDTH  0.014f

static float clamp01(float x)
{
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

static float smooth(float x)
{
	x = clamp01(x);
	return x * x * (3 - 2 * x);
}

static float trail_at(const float *trail, float age_s)
{
	float at = age_s / TC_MOTION_STEP_S;
	if (at < 0) {
		at = 0;
	}
	if (at > TC_MOTION_HISTORY - 2) {
		at = TC_MOTION_HISTORY - 2;
	}
	int i = (int)at;
	return trail[i] + (trail[i + 1] - trail[i]) * (at - (float)i);
}

/* Rings in the halo: what was heard runs in, thin; what was said runs out, broad and soft. */
static float waves(const struct tc_look *look, float beyond)
{
	const struct tc_mood *mood = &look->mood;
	if (beyond < 0 || beyond > WAVE_REACH || mood->inward + mood->outward < 0.01f) {
		return 0;
	}
	float in = 0.5f + 0.5f * cosf(TAU * (beyond * IN_WAVES + look->ripple));
	in *= in * in * expf(-1.3f * beyond) * mood->inward *
	      trail_at(look->heard, (WAVE_REACH - beyond) / WAVE_SPEED);
	float out = 0.5f + 0.5f * cosf(TAU * (beyond * OUT_WAVES - look->ripple));
	float age = beyond / WAVE_SPEED;
	out *= expf(-2.4f * beyond) * mood->outward *
	       (trail_at(look->spoken, age - SOFT_S) + trail_at(look->spoken, age) +
		trail_at(look->spoken, age + SOFT_S)) /
	       3;
	return smooth(beyond * 10) * smooth((WAVE_REACH - beyond) / 0.4f) * (in + out);
}

/* A thin line of light that stays: it listens even while nothing is said. */
static float ring(const struct tc_look *look, float beyond)
{
	float off = (beyond - RING_AT) / RING_WIDTH;
	float line = off * off < 16 ? expf(-0.5f * off * off) : 0;
	return line * look->mood.ring * (0.7f + 0.3f * look->breath + 0.8f * look->sound);
}

static int16_t fixed(float value, float one)
{
	float x = value * one;
	return (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : x);
}

static void add(struct tc_rgb *sum, struct tc_rgb light, float amount)
{
	sum->r += light.r * amount;
	sum->g += light.g * amount;
	sum->b += light.b * amount;
}

static void put_light(struct tc_radial_step *step, struct tc_rgb light)
{
	step->r = fixed(light.r, 4096);
	step->g = fixed(light.g, 4096);
	step->b = fixed(light.b, 4096);
}

static struct tc_rgb outer_light(const struct tc_look *look, float d, float k)
{
	const struct tc_mood *mood = &look->mood;
	struct tc_rgb light = tc_palette_background();
	float beyond = k > 1 ? k - 1 : 0;
	float fade = smooth((1 - d) / (1 - FADE_FROM));
	float swell = 1 + 0.10f * look->breath * (mood->breath / 0.018f) + mood->lift * look->sound;
	add(&light, mood->glow, fade * swell * expf(-NEAR_FALL * beyond));
	add(&light, mood->halo, fade * swell * expf(-FAR_FALL * beyond));
	add(&light, mood->wave, fade * (waves(look, k - 1) + ring(look, k - 1)));
	return light;
}

static void fill_inside(struct tc_radial_step *step, const struct tc_look *look, float k,
			float edge)
{
	const struct tc_mood *mood = &look->mood;
	float c = k < 1 ? k : 1, z = sqrtf(1 - c * c), rim = 1 - z;
	step->z = fixed(z, 16383);
	step->body = fixed(edge * (0.35f + 0.65f * z), 16384);
	step->mist = fixed(edge * z * (0.40f + 0.60f * z) * (1 + mood->lift * look->sound), 14000);
	step->rim = fixed(edge * rim * rim * (0.30f + 0.70f * rim * rim * rim), 16384);
	/* A sphere's surface unrolled: equal arcs, not equal distances. */
	float arc = c > 0.01f ? asinf(c) / c : 1;
	float turn = TAU * look->spin + mood->swirl * (1 - c) * (1 - c);
	float scale = 4 * 32 * TEXELS * arc / look->radius;
	step->cos = fixed(scale * cosf(turn), 1);
	step->sin = fixed(scale * sinf(turn), 1);
	step->flat = fixed(4 * 32 * DEEP_TEXELS / look->radius, 1);
}

static float core_light(const struct tc_look *look, float k)
{
	const struct tc_mood *mood = &look->mood;
	float said = mood->outward * trail_at(look->spoken, k * 0.35f);
	float width = 0.50f + 0.12f * mood->outward * look->sound;
	float x = k / width;
	return expf(-x * x) * (0.8f + 0.2f * look->breath + mood->lift * 1.2f * said);
}

static bool fill_step(struct tc_radial_step *step, const struct tc_look *look, float d)
{
	float k = d / look->radius, edge = smooth((1 + EDGE - k) / (2 * EDGE));
	struct tc_rgb light = outer_light(look, d, k);
	if (edge > 0) {
		light.r *= 1 - 0.75f * edge;
		light.g *= 1 - 0.75f * edge;
		light.b *= 1 - 0.75f * edge;
		add(&light, look->mood.core, edge * core_light(look, k));
		fill_inside(step, look, k, edge);
	} else {
		memset(step, 0, sizeof(*step));
	}
	put_light(step, light);
	return edge > 0;
}

static void half_way(struct tc_radial_step *out, const struct tc_radial_step *a,
		     const struct tc_radial_step *b)
{
	const int16_t *x = (const int16_t *)a, *y = (const int16_t *)b;
	int16_t *to = (int16_t *)out;
	for (size_t i = 0; i < sizeof(*out) / sizeof(*to); i++) {
		to[i] = (int16_t)((x[i] + y[i]) >> 1);
	}
}

/* Every other step, and between two the mean: half the work, and nobody sees it. */
void tc_radial_fill(struct tc_radial *radial, const struct tc_look *look)
{
	struct tc_radial_step *step = radial->step;
	radial->inner = TC_RADIAL_STEPS;
	for (int i = 0; i < TC_RADIAL_STEPS; i += 2) {
		bool inside = fill_step(&step[i], look, (float)i / (TC_RADIAL_STEPS - 2));
		if (!inside && radial->inner > i) {
			radial->inner = i;
		}
		if (i > 0) {
			half_way(&step[i - 1], &step[i - 2], &step[i]);
		}
	}
	step[TC_RADIAL_STEPS - 1] = step[TC_RADIAL_STEPS - 2];
}
