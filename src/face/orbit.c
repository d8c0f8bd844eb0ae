// SPDX-License-Identifier: Apache-2.0
#include "face/orbit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define TAU    6.2831853f
#define LEAN   (-0.42f) /* radians the ring's long axis is turned */
#define TILT   0.40f    /* short axis / long axis */
#define RADIUS 0.345f   /* in half sides */
#define WIDTH  0.048f
#define HEAD   0.045f /* turns from dark to the comet's brightest */
#define TAIL   4.2f
#define FAINT  0.20f /* of the rest of the ring */
#define BEHIND 0.60f /* brightness of the far side */

static void place(struct tc_orbit *orbit, int i, float dx, float dy)
{
	float px = dx * cosf(LEAN) + dy * sinf(LEAN);
	float py = (dy * cosf(LEAN) - dx * sinf(LEAN)) / TILT;
	float off = (sqrtf(px * px + py * py) - RADIUS) / WIDTH;
	float front = 0.5f + 0.5f * py / RADIUS;
	front = front < 0 ? 0 : front > 1 ? 1 : front;
	float weight = expf(-0.5f * off * off) + 0.35f * expf(-0.08f * off * off);
	orbit->weight[i] = (uint8_t)(188 * weight * (BEHIND + (1 - BEHIND) * front));
	orbit->phase[i] = (uint8_t)(int)floorf(atan2f(py, px) * (256 / TAU) + 256);
}

int tc_orbit_init(struct tc_orbit *orbit, int width, int height)
{
	size_t pixels = (size_t)width * (size_t)height;
	orbit->width = width;
	orbit->phase = calloc(pixels, 1);
	orbit->weight = calloc(pixels, 1);
	if (!orbit->phase || !orbit->weight) {
		return -ENOMEM;
	}
	float half = (float)(width < height ? width : height) / 2;
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			float dx = ((float)x + 0.5f - (float)width / 2) / half;
			float dy = ((float)y + 0.5f - (float)height / 2) / half;
			place(orbit, y * width + x, dx, dy);
		}
	}
	return 0;
}

void tc_orbit_finish(struct tc_orbit *orbit)
{
	free(orbit->phase);
	free(orbit->weight);
}

void tc_orbit_turn(struct tc_orbit *orbit, float turns)
{
	for (int i = 0; i < 256; i++) {
		float behind = turns - (float)i / 256; /* the tail follows the head */
		behind -= floorf(behind);
		float ahead = 1 - behind < HEAD ? (1 - behind) / HEAD : 0;
		float light = ahead > 0 ? (1 - ahead) * (1 - ahead) : expf(-TAIL * behind);
		light = FAINT + (1 - FAINT) * light;
		orbit->arc[i] = (int16_t)(16384 * light);
	}
}

void tc_orbit_row(const struct tc_orbit *orbit, int y, int from, int to, int16_t *out)
{
	const uint8_t *phase = orbit->phase + y * orbit->width;
	const uint8_t *weight = orbit->weight + y * orbit->width;
	for (int x = from; x < to; x++) {
		out[x] = (int16_t)((orbit->arc[phase[x]] * weight[x]) >> 7);
	}
}
