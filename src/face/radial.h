/* face/radial.h -- all of the picture that depends only on the distance from the middle.
 *
 * Filled once a frame; the pixels look it up. Light is in Q12 (4096 = 1), weights in Q14. RT-safe.
 */
#ifndef TC_FACE_RADIAL_H
#define TC_FACE_RADIAL_H

#include <stdint.h>

#include "face/motion.h"

#define TC_RADIAL_STEPS 1024 /* from the middle (0) to half the picture's shorter side */

struct tc_radial_step {
	int16_t r, g, b;         /* light that needs no more than the distance, Q12 */
	int16_t body, mist, rim; /* weights, Q14 */
	int16_t z;               /* the sphere's normal towards the viewer, Q14 */
	int16_t cos, sin; /* turned sphere map: texels * 32 per half side, / 4 (see shade.c) */
	int16_t flat;     /* plane map of the deeper layer, same unit */
};

struct tc_radial {
	struct tc_radial_step step[TC_RADIAL_STEPS];
	int inner; /* steps inside the sphere; beyond, only r, g, b mean anything */
};

void tc_radial_fill(struct tc_radial *radial, const struct tc_look *look);

#endif
