// SPDX-License-Identifier: Apache-2.0
#include "face/motion.h"

#include <math.h>
#include <string.h>

#include "base/assert.h"

/* Two one-pole easings of 110 ms in a row: an S-curve that is 95 % there after 520 ms. */
#define STATE_TAU_S 0.11f
/* A syllable lasts about 200 ms: quick enough to follow it, slow enough not to flicker. */
#define ATTACK_TAU_S  0.06f
#define RELEASE_TAU_S 0.26f
/* Levels are 60 dB wide; speech lives in the upper part, room noise below. */
#define LEVEL_FLOOR 0.25f
#define LEVEL_FULL  0.85f
#define CALM_WEIGHT 0.995f
#define CALM_LEVEL  0.02f
#define MAX_STEP_S  10.0f /* longer pauses move nothing further */
#define ORBIT_HZ    0.42
#define RIPPLE_HZ   0.70
#define TILE        128.0
#define TAU         6.2831853f

static float ease(float from, float to, float dt, float tau)
{
	return to + (from - to) * expf(-dt / tau);
}

/* NaN fails every comparison and ends as 0. */
static float sane_level(float level)
{
	float x = level > LEVEL_FLOOR ? (level - LEVEL_FLOOR) / (LEVEL_FULL - LEVEL_FLOOR) : 0;
	x = x < 1 ? x : 1;
	return x * x * (3 - 2 * x);
}

static float ease_level(float now, float level, float dt)
{
	float target = sane_level(level);
	return ease(now, target, dt, target > now ? ATTACK_TAU_S : RELEASE_TAU_S);
}

static enum tc_face_state sane_state(enum tc_face_state state)
{
	return (unsigned)state < TC_FACE_STATES ? state : TC_FACE_READY;
}

void tc_motion_init(struct tc_motion *motion)
{
	memset(motion, 0, sizeof(*motion));
}

static float step_seconds(struct tc_motion *motion, int64_t now_us)
{
	int64_t last = motion->last_us;
	motion->last_us = now_us;
	if (now_us <= last) {
		return 0;
	}
	uint64_t us = (uint64_t)now_us - (uint64_t)last;
	return us < (uint64_t)(MAX_STEP_S * 1e6f) ? (float)us * 1e-6f : MAX_STEP_S;
}

static void ease_states(struct tc_motion *motion, enum tc_face_state state, float dt)
{
	for (int i = 0; i < TC_FACE_STATES; i++) {
		float target = i == (int)state;
		motion->near[i] = ease(motion->near[i], target, dt, STATE_TAU_S);
		motion->weight[i] = ease(motion->weight[i], motion->near[i], dt, STATE_TAU_S);
	}
}

static void push(struct tc_motion_trail *trail, float level)
{
	trail->newest = (trail->newest + 1) % TC_MOTION_HISTORY;
	trail->level[trail->newest] = level;
}

static void extend_trails(struct tc_motion *motion, float dt)
{
	motion->step += dt;
	for (int i = 0; i < TC_MOTION_HISTORY && motion->step >= TC_MOTION_STEP_S; i++) {
		push(&motion->heard, motion->in);
		push(&motion->spoken, motion->out);
		motion->step -= TC_MOTION_STEP_S;
	}
	motion->step = fmodf(motion->step, TC_MOTION_STEP_S);
}

static void mix_moods(const struct tc_motion *motion, struct tc_mood *out)
{
	_Static_assert(sizeof(struct tc_mood) % sizeof(float) == 0, "a mood is only floats");
	float *sum = (float *)out;
	memset(out, 0, sizeof(*out));
	for (int s = 0; s < TC_FACE_STATES; s++) {
		const float *mood = (const float *)tc_palette_mood((enum tc_face_state)s);
		for (size_t i = 0; i < sizeof(*out) / sizeof(float); i++) {
			sum[i] += motion->weight[s] * mood[i];
		}
	}
}

void tc_motion_advance(struct tc_motion *motion, const struct tc_scene_input *input)
{
	enum tc_face_state state = sane_state(input->state);
	if (!motion->started) { /* the first picture is of this state, not on its way to it */
		motion->started = true;
		motion->last_us = input->time_us;
		motion->near[state] = motion->weight[state] = 1;
	}
	float dt = step_seconds(motion, input->time_us);
	ease_states(motion, state, dt);
	motion->out = ease_level(motion->out, input->out_level, dt);
	motion->in = ease_level(motion->in, input->in_level, dt);
	extend_trails(motion, dt);

	struct tc_mood mood;
	mix_moods(motion, &mood);
	motion->breath = fmod(motion->breath + (double)(mood.breath_hz * dt), 1);
	motion->drift = fmod(motion->drift + (double)(mood.drift * dt), TILE * 8);
	motion->spin = fmod(motion->spin + (double)(mood.spin * dt), 1);
	motion->orbit = fmod(motion->orbit + ORBIT_HZ * (double)dt, 1);
	motion->ripple = fmod(motion->ripple + RIPPLE_HZ * (double)dt, 1);
}

/* By age, so that a wave glides on between two steps. */
static void unroll(const struct tc_motion_trail *trail, float now, float step, float *out)
{
	float part = step / TC_MOTION_STEP_S;
	float younger = now;
	for (int age = 0; age < TC_MOTION_HISTORY; age++) {
		int at = (trail->newest - age + TC_MOTION_HISTORY) % TC_MOTION_HISTORY;
		float older = trail->level[at];
		out[age] = older + (younger - older) * part;
		younger = older;
	}
}

void tc_motion_look(const struct tc_motion *motion, struct tc_look *look)
{
	struct tc_mood *mood = &look->mood;
	mix_moods(motion, mood);
	look->sound = mood->outward * motion->out + mood->inward * motion->in;
	look->breath = sinf((float)motion->breath * TAU);
	look->radius = mood->radius * (1 + mood->breath * look->breath) + mood->lean * look->sound;
	look->drift = (float)motion->drift;
	look->spin = (float)motion->spin;
	look->orbit = (float)motion->orbit;
	look->ripple = (float)motion->ripple;
	unroll(&motion->heard, motion->in, motion->step, look->heard);
	unroll(&motion->spoken, motion->out, motion->step, look->spoken);
}

bool tc_motion_calm(const struct tc_motion *motion)
{
	return motion->weight[TC_FACE_READY] >= CALM_WEIGHT && motion->out < CALM_LEVEL &&
	       motion->in < CALM_LEVEL;
}
