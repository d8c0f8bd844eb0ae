// SPDX-License-Identifier: Apache-2.0
#include "face/radial.h"

#include <math.h>

#define TAU         6.2831853f
#define EDGE        0.022f /* half the width of the sphere's soft edge, in radii */
#define TEXELS      38.0f  /* of the near layer per radian of the sphere */
#define DEEP_TEXELS 30.0f  /* of the far layer per radius */
#define FADE_FROM   0.74f  /* the halo ends softly before the picture does */
#define NEAR_FALL   6.5f
#define FAR_FALL    2.4f
#define WAVE_SPEED  0.95f /* radii a second */
#define WAVE_REACH  0.85f /* radii beyond the edge */
#define WAVES       4.2f  /* crests per radius */

static float clamp01(float x)
{
	return x < 0 ? 0 : x > 1 ? 1 : x;
}

static float smooth(float x)
{
	x = clamp01(x);
	return x * x * (3 - 2 * x);
}

static float heard_at(const float *trail, float age_s)
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

/* Crests that are narrower than the troughs, 0..1. */
static float crest(float turns)
{
	float c = 0.5f + 0.5f * cosf(TAU * turns);
	return c * c;
}

/* Rings in the halo: what was heard runs in, what was said runs out. */
static float waves(const struct tc_look *look, float beyond)
{
	const struct tc_mood *mood = &look->mood;
	if (beyond < 0 || beyond > WAVE_REACH || mood->inward + mood->outward < 0.01f) {
		return 0;
	}
	float in = mood->inward * heard_at(look->heard, (WAVE_REACH - beyond) / WAVE_SPEED) *
		   crest(beyond * WAVES + look->ripple);
	float out = mood->outward * heard_at(look->spoken, beyond / WAVE_SPEED) *
		    crest(beyond * WAVES - look->ripple);
	float near = smooth(beyond * 8) * smooth((WAVE_REACH - beyond) / WAVE_REACH);
	return near * (in * (0.35f + 0.65f * beyond / WAVE_REACH) + out * expf(-1.6f * beyond));
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
	add(&light, mood->wave, fade * waves(look, k - 1));
	return light;
}

static void fill_inside(struct tc_radial_step *step, const struct tc_look *look, float k,
			float edge)
{
	const struct tc_mood *mood = &look->mood;
	float c = k < 1 ? k : 1, z = sqrtf(1 - c * c), rim = 1 - z;
	step->z = fixed(z, 16383);
	step->body = fixed(edge * (0.55f + 0.45f * z), 16384);
	step->mist = fixed(edge * (0.30f + 0.70f * z) * (1 + mood->lift * look->sound), 14000);
	step->rim = fixed(edge * rim * rim * (0.25f + 0.75f * rim * rim), 16384);
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
	float said = mood->outward * heard_at(look->spoken, k * 0.35f);
	float width = 0.50f + 0.12f * mood->outward * look->sound;
	float x = k / width;
	return expf(-x * x) * (0.8f + 0.2f * look->breath + mood->lift * 1.2f * said);
}

void tc_radial_fill(struct tc_radial *radial, const struct tc_look *look)
{
	radial->inner = TC_RADIAL_STEPS;
	for (int i = 0; i < TC_RADIAL_STEPS; i++) {
		struct tc_radial_step *step = &radial->step[i];
		float d = (float)i / (TC_RADIAL_STEPS - 1), k = d / look->radius;
		float edge = smooth((1 + EDGE - k) / (2 * EDGE));
		struct tc_rgb light = outer_light(look, d, k);
		if (edge > 0) {
			light.r *= 1 - 0.75f * edge;
			light.g *= 1 - 0.75f * edge;
			light.b *= 1 - 0.75f * edge;
			add(&light, look->mood.core, edge * core_light(look, k));
			fill_inside(step, look, k, edge);
		} else if (radial->inner > i) {
			radial->inner = i;
		}
		put_light(step, light);
	}
}
