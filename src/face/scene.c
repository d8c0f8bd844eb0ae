// SPDX-License-Identifier: Apache-2.0
#include "face/scene.h"

#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "face/motion.h"
#include "face/shade.h"

#define DEFAULT_SIDE 480
#define MAX_SIDE     1920

struct tc_scene {
	int width, height;
	struct tc_shader *shader; /* owned */
	struct tc_motion motion;
};

static bool side_ok(int side)
{
	return side > 0 && side <= MAX_SIDE && side % 16 == 0;
}

int tc_scene_create(struct tc_scene **out, const struct tc_scene_config *config)
{
	static const struct tc_scene_config defaults;
	config = config ? config : &defaults;
	int width = config->width ? config->width : DEFAULT_SIDE;
	int height = config->height ? config->height : DEFAULT_SIDE;
	if (!side_ok(width) || !side_ok(height)) {
		return -EINVAL;
	}
	struct tc_scene *scene = calloc(1, sizeof(*scene));
	if (!scene) {
		return -ENOMEM;
	}
	scene->width = width;
	scene->height = height;
	tc_motion_init(&scene->motion);
	int err = tc_shader_create(&scene->shader, width, height, config->seed);
	if (err) {
		tc_scene_destroy(scene);
		return err;
	}
	*out = scene;
	return 0;
}

void tc_scene_destroy(struct tc_scene *scene)
{
	if (scene) {
		tc_shader_destroy(scene->shader);
		free(scene);
	}
}

void tc_scene_draw(struct tc_scene *scene, const struct tc_scene_input *input,
		   struct tc_picture *picture)
{
	TC_ASSERT(picture->width == scene->width && picture->height == scene->height);
	struct tc_look look;
	tc_motion_advance(&scene->motion, input);
	tc_motion_look(&scene->motion, &look);
	tc_shader_draw(scene->shader, &look, picture);
}

int tc_scene_calm(const struct tc_scene *scene)
{
	return tc_motion_calm(&scene->motion);
}
