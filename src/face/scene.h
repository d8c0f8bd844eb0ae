/* face/scene.h -- the orb's picture: a glowing, breathing sphere that shows what the orb is doing.
 *
 * Table-driven: everything that does not move is computed at create; a frame is table look-ups. All
 * changes (state, level) are eased inside, so a caller may set them as abruptly as they happen.
 * Thread: one at a time (the video thread). draw is RT-safe.
 */
#ifndef TC_FACE_SCENE_H
#define TC_FACE_SCENE_H

#include <stdint.h>

#include "media/picture.h"

enum tc_face_state {
	TC_FACE_READY,      /* at rest: slow breath */
	TC_FACE_LISTENING,  /* someone speaks: it leans in, moved by what it hears */
	TC_FACE_PROCESSING, /* it thinks: inner motion gathers */
	TC_FACE_SPEAKING,   /* its own voice moves it */
};

struct tc_scene;

struct tc_scene_config {   /* zero: default */
	int width, height; /* 480, 480; multiples of 16 */
	uint32_t seed;     /* of the noise; the same seed draws the same pictures */
};

struct tc_scene_input {
	enum tc_face_state state;
	int64_t time_us; /* monotonic; steps of any size */
	float out_level; /* 0..1, the sound the orb is sending (perceptual: 0 = -60 dBFS, 1 = 0
			    dBFS) */
	float in_level;  /* 0..1, the loudest person it hears */
};

int tc_scene_create(struct tc_scene **out,
		    const struct tc_scene_config *config); /* -EINVAL, -ENOMEM */
void tc_scene_destroy(struct tc_scene *scene);
/* Fills all of *picture (same size as the scene). */
void tc_scene_draw(struct tc_scene *scene, const struct tc_scene_input *input,
		   struct tc_picture *picture);
/* True when the picture moves so slowly that 10 frames a second suffice. */
int tc_scene_calm(const struct tc_scene *scene);

#endif
