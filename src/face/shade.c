// SPDX-License-Identifier: Apache-2.0
#include "face/shade.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "face/noise.h"
#include "face/orbit.h"
#include "face/radial.h"
#include "face/tone.h"
#include "face/widen.h"

#define MAX_HALF 960
#define TAU      6.2831853f
#define FAIR     7u /* seed 0 stands for this one: well composed from the first picture on */

/* Where the light comes from, and half-way between that and the viewer. */
static const float light[3] = {-0.451f, -0.551f, 0.702f};
static const float halfway[3] = {-0.244f, -0.299f, 0.923f};
static const float rim_light[2] = {-0.50f, -0.86f};

/* One row's worth of what depends on the distance alone, and of what is made from it. */
struct rows {
	int16_t r[MAX_HALF], g[MAX_HALF], b[MAX_HALF];
	int16_t body[MAX_HALF], mist[MAX_HALF], rim[MAX_HALF], z[MAX_HALF];
	int16_t cos[MAX_HALF], sin[MAX_HALF], flat[MAX_HALF];
};

struct lights {
	int16_t r[MAX_HALF], g[MAX_HALF], b[MAX_HALF];
	uint16_t near_u[MAX_HALF], near_v[MAX_HALF], far_u[MAX_HALF], far_v[MAX_HALF];
	int16_t mist[MAX_HALF], veil[MAX_HALF], orbit[MAX_HALF];
	int16_t u[MAX_HALF], v[MAX_HALF]; /* chroma, Q6 */
};

struct tone { /* of a radial step, Q6: what lies outside the sphere needs no more */
	int16_t y, u, v, unused;
};

/* Colours in Q14 and directions, as one frame's inner loops want them. */
struct paint {
	int16_t lit[3], deep[3], mist[3], veil[3], spark[3], rim[3], shine[3], orbit[3];
	int16_t light[3], halfway[3], rim_light[2];
	uint16_t near_u, near_v, far_u, far_v; /* drift, texels * 256 */
	bool orbits;
};

struct tc_shader {
	int width, height;  /* half resolution */
	uint16_t *distance; /* owned; upper left quarter: radial step of each pixel */
	uint16_t *luma;     /* owned; Q6 */
	int16_t *column;    /* owned; x in half sides, Q14 */
	int16_t *warp;      /* owned; per column, then per row: what bends the near layer */
	float half_side;
	struct tc_tone_map tone_map;
	struct tc_orbit orbit;
	struct tc_noise near, far;
	struct tc_radial radial;
	struct tone tone[TC_RADIAL_STEPS];
	struct paint paint;
	struct rows rows;
	struct lights lights;
};

static int16_t q14(float value)
{
	float x = value * 16384;
	return (int16_t)(x > 32767 ? 32767 : x < -32768 ? -32768 : x);
}

static void fill_distances(struct tc_shader *s)
{
	float scale = (TC_RADIAL_STEPS - 1) / s->half_side;
	for (int y = 0; y < s->height / 2; y++) {
		for (int x = 0; x < s->width / 2; x++) {
			float dx = (float)(s->width / 2 - x) - 0.5f;
			float dy = (float)(s->height / 2 - y) - 0.5f;
			float step = sqrtf(dx * dx + dy * dy) * scale + 0.5f;
			s->distance[y * (s->width / 2) + x] =
				(uint16_t)(step < TC_RADIAL_STEPS - 1 ? step : TC_RADIAL_STEPS - 1);
		}
	}
	for (int x = 0; x < s->width; x++) {
		s->column[x] = q14(((float)x + 0.5f - (float)s->width / 2) / s->half_side);
	}
}

int tc_shader_create(struct tc_shader **out, int width, int height, uint32_t seed)
{
	TC_ASSERT(width <= 2 * MAX_HALF && height <= 2 * MAX_HALF);
	struct tc_shader *s = calloc(1, sizeof(*s));
	if (!s) {
		return -ENOMEM;
	}
	s->width = width / 2;
	s->height = height / 2;
	s->half_side = (float)(s->width < s->height ? s->width : s->height) / 2;
	size_t pixels = (size_t)s->width * (size_t)s->height;
	s->distance = calloc(pixels / 4, sizeof(*s->distance));
	s->luma = calloc(pixels, sizeof(*s->luma));
	s->column = calloc((size_t)s->width, sizeof(*s->column));
	s->warp = calloc((size_t)(s->width + s->height), sizeof(*s->warp));
	int err = tc_orbit_init(&s->orbit, s->width, s->height);
	if (err || !s->distance || !s->luma || !s->column || !s->warp) {
		tc_shader_destroy(s);
		return -ENOMEM;
	}
	fill_distances(s);
	tc_tone_map_init(&s->tone_map, tc_palette_background());
	tc_noise_fill(&s->near, TC_NOISE_CLOUDS, 2 * (seed ^ FAIR));
	tc_noise_fill(&s->far, TC_NOISE_THREADS, 2 * (seed ^ FAIR) + 1);
	*out = s;
	return 0;
}

void tc_shader_destroy(struct tc_shader *s)
{
	if (s) {
		tc_orbit_finish(&s->orbit);
		free(s->distance);
		free(s->luma);
		free(s->column);
		free(s->warp);
		free(s);
	}
}

static void set_colour(int16_t *to, struct tc_rgb colour)
{
	to[0] = q14(colour.r);
	to[1] = q14(colour.g);
	to[2] = q14(colour.b);
}

static uint16_t texels(float value)
{
	return (uint16_t)(int32_t)(value * 256);
}

static void prepare_paint(struct paint *p, const struct tc_look *look)
{
	const struct tc_mood *mood = &look->mood;
	set_colour(p->lit, mood->lit);
	set_colour(p->deep, mood->deep);
	set_colour(p->mist, mood->mist);
	set_colour(p->veil, mood->veil);
	set_colour(p->spark, mood->spark);
	set_colour(p->rim, mood->rim);
	struct tc_rgb shine = {0.55f + 0.3f * mood->rim.r, 0.55f + 0.3f * mood->rim.g,
			       0.55f + 0.3f * mood->rim.b};
	set_colour(p->shine, shine);
	struct tc_rgb orbit = {mood->orbit * 0.85f, mood->orbit * 0.75f, mood->orbit * 1.0f};
	set_colour(p->orbit, orbit);
	p->orbits = mood->orbit > 0.01f;
	for (int i = 0; i < 2; i++) {
		p->light[i] = q14(light[i] / look->radius);
		p->halfway[i] = q14(halfway[i] / look->radius);
		p->rim_light[i] = q14(0.45f * rim_light[i] / look->radius);
	}
	p->light[2] = q14(light[2]);
	p->halfway[2] = q14(halfway[2]);
	/* Eighths, so that a whole period of the drift is a whole number of tiles for each. */
	p->near_u = texels(look->drift);
	p->near_v = texels(look->drift * 0.125f);
	p->far_u = texels(-look->drift * 0.625f);
	p->far_v = texels(look->drift * 0.375f);
}

/* A slow liquid bend of the near layer, so that it changes its form while it drifts. */
static void prepare_warp(struct tc_shader *s, const struct tc_look *look)
{
	float phase = look->drift * (TAU / 1024);
	for (int x = 0; x < s->width; x++) {
		float at = (float)s->column[x] / 16384;
		s->warp[x] = (int16_t)(6 * 256 * sinf(5.1f * at + 14 * phase));
	}
	for (int y = 0; y < s->height; y++) {
		float at = ((float)y + 0.5f - (float)s->height / 2) / s->half_side;
		s->warp[s->width + y] = (int16_t)(6 * 256 * sinf(4.3f * at - 11 * phase + 2));
	}
}

static void prepare_tones(struct tc_shader *s)
{
	struct {
		int16_t r[TC_RADIAL_STEPS], g[TC_RADIAL_STEPS], b[TC_RADIAL_STEPS];
		int16_t y[TC_RADIAL_STEPS], u[TC_RADIAL_STEPS], v[TC_RADIAL_STEPS];
	} t;
	for (int i = 0; i < TC_RADIAL_STEPS; i++) {
		t.r[i] = s->radial.step[i].r;
		t.g[i] = s->radial.step[i].g;
		t.b[i] = s->radial.step[i].b;
	}
	tc_tone_map(&s->tone_map, t.r, t.g, t.b, TC_RADIAL_STEPS, t.y, t.u, t.v);
	for (int i = 0; i < TC_RADIAL_STEPS; i++) {
		s->tone[i] = (struct tone){t.y[i], t.u[i], t.v[i], 0};
	}
}

/* Looks up the left half of a row and mirrors it. */
static void gather(struct tc_shader *s, const uint16_t *distance, int from, int to)
{
	struct rows *rows = &s->rows;
	for (int x = from; x < to; x++) {
		const struct tc_radial_step *step = &s->radial.step[distance[x]];
		int m = s->width - 1 - x;
		rows->r[x] = rows->r[m] = step->r;
		rows->g[x] = rows->g[m] = step->g;
		rows->b[x] = rows->b[m] = step->b;
		rows->body[x] = rows->body[m] = step->body;
		rows->mist[x] = rows->mist[m] = step->mist;
		rows->rim[x] = rows->rim[m] = step->rim;
		rows->z[x] = rows->z[m] = step->z;
		rows->cos[x] = rows->cos[m] = step->cos;
		rows->sin[x] = rows->sin[m] = step->sin;
		rows->flat[x] = rows->flat[m] = step->flat;
	}
}

static void map_noise(struct tc_shader *s, int y, int16_t row, int from, int to)
{
	const struct rows *in = &s->rows;
	const struct paint *p = &s->paint;
	struct lights *out = &s->lights;
	const int16_t *column = s->column, *warp = s->warp;
	int16_t bend = s->warp[s->width + y];
	for (int x = from; x < to; x++) {
		int16_t u = (int16_t)(tc_mulhi(column[x], in->cos[x]) - tc_mulhi(row, in->sin[x]));
		int16_t v = (int16_t)(tc_mulhi(column[x], in->sin[x]) + tc_mulhi(row, in->cos[x]));
		out->near_u[x] = (uint16_t)((uint16_t)(u * 8) + p->near_u + (uint16_t)bend);
		out->near_v[x] = (uint16_t)((uint16_t)(v * 8) + p->near_v + (uint16_t)warp[x]);
		u = tc_mulhi(column[x], in->flat[x]);
		v = tc_mulhi(row, in->flat[x]);
		out->far_u[x] = (uint16_t)((uint16_t)(u * 8) + p->far_u);
		out->far_v[x] = (uint16_t)((uint16_t)(v * 8) + p->far_v);
	}
}

/* The near layer bends the far one: this is what turns noise into drifting smoke. */
static void sample_noise(struct tc_shader *s, int from, int to)
{
	struct lights *l = &s->lights;
	for (int x = from; x < to; x++) {
		int16_t a = tc_noise_at(&s->near, l->near_u[x], l->near_v[x]);
		uint16_t u = (uint16_t)(l->far_u[x] + (a >> 3));
		uint16_t v = (uint16_t)(l->far_v[x] - (a >> 4));
		l->mist[x] = a;
		l->veil[x] = tc_noise_at(&s->far, u, v);
	}
}

/* A wide soft sheen with a smaller light in it. t: 0..1, Q15. */
static int16_t shine(int16_t t)
{
	int16_t t2 = (int16_t)(tc_mulhi(t, t) * 2), t4 = (int16_t)(tc_mulhi(t2, t2) * 2);
	int16_t t8 = (int16_t)(tc_mulhi(t4, t4) * 2), t16 = (int16_t)(tc_mulhi(t8, t8) * 2);
	return (int16_t)(tc_mulhi(t4, 6000) + tc_mulhi(t16, 30000));
}

static void add_light(struct tc_shader *s, int16_t row, int from, int to)
{
	const struct rows *in = &s->rows;
	const struct paint p = s->paint;
	struct lights *l = &s->lights;
	const int16_t *column = s->column;
	int16_t lit_y = tc_mulhi(row, p.light[1]), half_y = tc_mulhi(row, p.halfway[1]);
	int16_t rim_y = tc_mulhi(row, p.rim_light[1]);
	for (int x = from; x < to; x++) {
		/* half Lambert, 0..1, Q14 */
		int16_t lambert = (int16_t)((tc_mulhi(column[x], p.light[0]) + lit_y +
					     tc_mulhi(in->z[x], p.light[2]) + 4096) *
					    2);
		int16_t lit = (int16_t)(tc_mulhi(in->body[x], lambert) * 4);
		int16_t deep = (int16_t)(in->body[x] - lit);
		int16_t sun = (int16_t)(8192 + (lambert >> 1));
		int16_t amount = (int16_t)(tc_mulhi(in->mist[x], sun) * 4);
		int16_t mist = (int16_t)(tc_mulhi(l->mist[x], amount) * 2);
		int16_t veil = (int16_t)(tc_mulhi(l->veil[x], amount) * 2);
		int16_t spark = (int16_t)(tc_mulhi(tc_mulhi(l->mist[x], l->veil[x]), amount) * 4);
		int16_t side = (int16_t)(9000 + (tc_mulhi(column[x], p.rim_light[0]) + rim_y) * 4);
		int16_t rim = (int16_t)(tc_mulhi(in->rim[x], side) * 4);
		int16_t facing = (int16_t)(tc_mulhi(column[x], p.halfway[0]) + half_y +
					   tc_mulhi(in->z[x], p.halfway[2]) - 3113);
		int16_t gleam = shine((int16_t)((facing < 0 ? 0 : facing) * 33));
#define CHANNEL(c, i)                                                                        \
	l->c[x] = (int16_t)(in->c[x] + tc_mulhi(lit, p.lit[i]) + tc_mulhi(deep, p.deep[i]) + \
			    tc_mulhi(mist, p.mist[i]) + tc_mulhi(veil, p.veil[i]) +          \
			    tc_mulhi(spark, p.spark[i]) + tc_mulhi(rim, p.rim[i]) +          \
			    tc_mulhi(gleam, p.shine[i]))
		CHANNEL(r, 0);
		CHANNEL(g, 1);
		CHANNEL(b, 2);
#undef CHANNEL
	}
}

static void add_orbit(struct tc_shader *s, int y, int from, int to)
{
	const int16_t *colour = s->paint.orbit;
	struct lights *l = &s->lights;
	tc_orbit_row(&s->orbit, y, from, to, l->orbit);
	for (int x = from; x < to; x++) {
		l->r[x] = (int16_t)(l->r[x] + tc_mulhi(l->orbit[x], colour[0]));
		l->g[x] = (int16_t)(l->g[x] + tc_mulhi(l->orbit[x], colour[1]));
		l->b[x] = (int16_t)(l->b[x] + tc_mulhi(l->orbit[x], colour[2]));
	}
}

static void shade_inner(struct tc_shader *s, int y, int from, int to)
{
	float at = ((float)y + 0.5f - (float)s->height / 2) / s->half_side;
	int16_t row = q14(at);
	struct lights *l = &s->lights;
	map_noise(s, y, row, from, to);
	sample_noise(s, from, to);
	add_light(s, row, from, to);
	if (s->paint.orbits) {
		add_orbit(s, y, from, to);
	}
	tc_tone_map(&s->tone_map, l->r + from, l->g + from, l->b + from, to - from,
		    (int16_t *)s->luma + y * s->width + from, l->u + from, l->v + from);
}

/* Outside of the sphere the upper and the lower half are the same. */
static void shade_outer(struct tc_shader *s, const uint16_t *distance, int y, int to)
{
	struct lights *l = &s->lights;
	uint16_t *luma = s->luma + y * s->width, *mirror = s->luma + (s->height - 1 - y) * s->width;
	int right = s->width - to;
	for (int x = 0; x < to; x++) {
		struct tone tone = s->tone[distance[x]];
		int m = s->width - 1 - x;
		luma[x] = luma[m] = (uint16_t)tone.y;
		l->u[x] = l->u[m] = tone.u;
		l->v[x] = l->v[m] = tone.v;
	}
	memcpy(mirror, luma, (size_t)to * sizeof(*luma));
	memcpy(mirror + right, luma + right, (size_t)to * sizeof(*luma));
}

static void shade_row(struct tc_shader *s, int y, int inner, struct tc_picture *picture)
{
	if (inner < s->width / 2) {
		shade_inner(s, y, inner, s->width - inner);
	}
	ptrdiff_t at = (ptrdiff_t)y * picture->uv_stride;
	tc_widen_narrow(s->lights.u, s->width, y, picture->u + at);
	tc_widen_narrow(s->lights.v, s->width, y, picture->v + at);
}

static void shade_pair(struct tc_shader *s, int y, struct tc_picture *picture)
{
	const uint16_t *distance = s->distance + y * (s->width / 2);
	int inner = 0;
	while (inner < s->width / 2 && distance[inner] >= s->radial.inner) {
		inner++;
	}
	shade_outer(s, distance, y, inner);
	gather(s, distance, inner, s->width / 2);
	shade_row(s, y, inner, picture);
	shade_row(s, s->height - 1 - y, inner, picture);
}

void tc_shader_draw(struct tc_shader *s, const struct tc_look *look, struct tc_picture *picture)
{
	tc_radial_fill(&s->radial, look);
	prepare_tones(s);
	prepare_paint(&s->paint, look);
	prepare_warp(s, look);
	tc_orbit_turn(&s->orbit, look->orbit);
	for (int y = 0; y < s->height / 2; y++) {
		shade_pair(s, y, picture);
	}
	tc_widen_double(s->luma, s->width, s->height, picture->y, picture->y_stride);
}
