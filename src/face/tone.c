// SPDX-License-Identifier: Apache-2.0
#include "face/tone.h"

/* The night's tones. Without a hue: 128 is what VP8 predicts, so it costs nothing and is there from
 * the first frame on. A tint of 3 was rounded away at first and faded in a second later; dithered
 * between two values it became reddish and bluish blotches. */
#define NIGHT_Y 22
#define NIGHT_U 128
#define NIGHT_V 128

/* x - x*x/4 up to 2, where it arrives at 1 with slope 0. Q12 to Q15. */
static int16_t soften(int16_t x)
{
	x = (int16_t)(x < 0 ? 0 : x > 8190 ? 8190 : x);
	int16_t square = tc_mulhi((int16_t)(x << 2), (int16_t)(x << 2));
	int16_t f = (int16_t)(x - (square >> 2));
	return (int16_t)((f > 4095 ? 4095 : f) << 3);
}

void tc_tone_map(const struct tc_tone_map *map, const int16_t *restrict r,
		 const int16_t *restrict g, const int16_t *restrict b, int count,
		 int16_t *restrict y, int16_t *restrict u, int16_t *restrict v)
{
	int16_t y0 = map->y, u0 = map->u, v0 = map->v;
	for (int i = 0; i < count; i++) {
		int16_t fr = soften(r[i]), fg = soften(g[i]), fb = soften(b[i]);
		/* ITU-R BT.601: 65.481, 128.553, 24.966 and so on, times 128. */
		y[i] = (int16_t)(y0 + tc_mulhi(fr, 8382) + tc_mulhi(fg, 16455) +
				 tc_mulhi(fb, 3196));
		u[i] = (int16_t)(u0 - tc_mulhi(fr, 4838) - tc_mulhi(fg, 9498) +
				 tc_mulhi(fb, 14336));
		v[i] = (int16_t)(v0 + tc_mulhi(fr, 14336) - tc_mulhi(fg, 12005) -
				 tc_mulhi(fb, 2331));
	}
}

void tc_tone_map_init(struct tc_tone_map *map, struct tc_rgb night)
{
	int16_t r = (int16_t)(night.r * 4096), g = (int16_t)(night.g * 4096);
	int16_t b = (int16_t)(night.b * 4096), y, u, v;
	*map = (struct tc_tone_map){0};
	tc_tone_map(map, &r, &g, &b, 1, &y, &u, &v);
	map->y = (int16_t)(NIGHT_Y * 64 - y);
	map->u = (int16_t)(NIGHT_U * 64 - u);
	map->v = (int16_t)(NIGHT_V * 64 - v);
}
