/* face/tone.h -- from sums of light to the tones of a picture. RT-safe.
 */
#ifndef TC_FACE_TONE_H
#define TC_FACE_TONE_H

#include <stdint.h>

#include "face/palette.h"

struct tc_tone_map {
	int16_t y, u, v; /* of no light at all, Q6 */
};

/* night: the light where there is no orb; it becomes whole numbers. */
void tc_tone_map_init(struct tc_tone_map *map, struct tc_rgb night);
/* Rows of light (gamma-coded RGB, Q12; sums above 1 bend towards white) to limited-range BT.601
 * (Q6). */
void tc_tone_map(const struct tc_tone_map *map, const int16_t *restrict r,
		 const int16_t *restrict g, const int16_t *restrict b, int count,
		 int16_t *restrict y, int16_t *restrict u, int16_t *restrict v);

/* The upper half of the product: Qa * Qb >> 16. One instruction for eight values. */
static inline int16_t tc_mulhi(int16_t a, int16_t b)
{
	return (int16_t)(((int32_t)a * b) >> 16);
}

#endif
