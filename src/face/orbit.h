/* face/orbit.h -- the light that circles in the orb while it thinks: a comet on a tilted ring.
 */
#ifndef TC_FACE_ORBIT_H
#define TC_FACE_ORBIT_H

#include <stdint.h>

struct tc_orbit {
	int width;
	uint8_t *phase;   /* owned; per pixel: where on the ring, 256 = a turn */
	uint8_t *weight;  /* owned; per pixel: how near the ring, and before or behind the middle */
	int16_t arc[256]; /* brightness along the ring now, Q14 */
};

int tc_orbit_init(struct tc_orbit *orbit, int width, int height); /* -ENOMEM */
void tc_orbit_finish(struct tc_orbit *orbit);
/* The comet's head, in turns. RT-safe. */
void tc_orbit_turn(struct tc_orbit *orbit, float turns);
/* Light of row y, [from, to), Q14. RT-safe. */
void tc_orbit_row(const struct tc_orbit *orbit, int y, int from, int to, int16_t *out);

#endif
