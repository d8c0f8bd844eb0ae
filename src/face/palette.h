/* face/palette.h -- what the orb looks like in each state: colours, amounts and speeds.
 *
 * Colours are gamma-coded RGB, 0..1, and are added as light; where the sum passes 1 it bends softly
 * towards white. A mood is only numbers, so between two states all of it can be mixed. Pure.
 */
#ifndef TC_FACE_PALETTE_H
#define TC_FACE_PALETTE_H

#include "face/scene.h"

#define TC_FACE_STATES 4

struct tc_rgb {
	float r, g, b;
};

/* Only floats (and structs of floats): moods are mixed field by field as an array. */
struct tc_mood {
	struct tc_rgb lit, deep;  /* body: side towards the light, side away from it */
	struct tc_rgb mist, veil; /* the two layers of nebula */
	struct tc_rgb spark;      /* where both are dense */
	struct tc_rgb core;       /* light in the middle */
	struct tc_rgb rim;        /* fresnel edge */
	struct tc_rgb glow, halo; /* around the sphere: near, far */
	struct tc_rgb wave;       /* rings that sound sends through the halo */
	float radius;             /* of the sphere, in half sides */
	float breath;             /* how much of the radius it breathes */
	float breath_hz;
	float drift;           /* texels a second the nebula wanders */
	float spin;            /* turns a second */
	float swirl;           /* radians the middle is turned further than the rim */
	float orbit;           /* brightness of the circling light */
	float inward, outward; /* how strongly heard / own sound makes waves */
	float ring;            /* brightness of the thin ring around the sphere */
	float lean;            /* how much of the radius sound adds */
	float lift;            /* how much light sound adds */
};

/* Valid for the four states; anything else gets TC_FACE_READY's. Never NULL. */
const struct tc_mood *tc_palette_mood(enum tc_face_state state);
/* The night behind the orb. */
struct tc_rgb tc_palette_background(void);

#endif
