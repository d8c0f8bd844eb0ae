/* face/motion.h -- how the orb moves: turns states and levels, however abrupt, into smooth figures.
 *
 * Everything here is a few dozen numbers a frame; no pixels. RT-safe.
 */
#ifndef TC_FACE_MOTION_H
#define TC_FACE_MOTION_H

#include <stdbool.h>
#include <stdint.h>

#include "face/palette.h"

#define TC_MOTION_HISTORY 64 /* steps of sound remembered */
#define TC_MOTION_STEP_S  0.02f

struct tc_motion_trail { /* the last 1.3 s of one level */
	float level[TC_MOTION_HISTORY];
	int newest;
};

struct tc_motion {
	bool started;
	int64_t last_us;
	float near[TC_FACE_STATES], weight[TC_FACE_STATES]; /* two easings in a row */
	float out, in;                                      /* eased levels, 0..1 */
	float step;                                         /* s since the trails' newest */
	double breath, drift, spin, orbit, ripple;          /* phases, in turns or texels */
	struct tc_motion_trail heard, spoken;
};

/* One frame, ready to be drawn. */
struct tc_look {
	struct tc_mood mood; /* mixed */
	float radius;
	float sound;                      /* own or heard, whichever moves it, 0..1 */
	float breath;                     /* -1..1 */
	float drift, spin, orbit, ripple; /* texels; turns 0..1 */
	float heard[TC_MOTION_HISTORY];   /* by age, TC_MOTION_STEP_S apart */
	float spoken[TC_MOTION_HISTORY];
};

void tc_motion_init(struct tc_motion *motion);
void tc_motion_advance(struct tc_motion *motion, const struct tc_scene_input *input);
void tc_motion_look(const struct tc_motion *motion, struct tc_look *look);
bool tc_motion_calm(const struct tc_motion *motion);

#endif
