// SPDX-License-Identifier: Apache-2.0
/* The page writes each state beside a dot of its colour: both must be of one hue. */
#include "face/scene.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIDE          240
#define SEEDS         4
#define MOST_APART    12.0 /* degrees: less than one sees as another colour */
#define US_TO_BE_SURE 3000000

static const char *const moods[] = {"ready", "listening", "processing", "speaking"};

/* As an angle in the plane of Cb and Cr: where the picture has its colours anyway. */
static double angle(double cb, double cr)
{
	return atan2(cr, cb) * 180 / M_PI;
}

static double apart(double a, double b)
{
	double d = fmod(fabs(a - b), 360);
	return d > 180 ? 360 - d : d;
}

static double angle_of_state(enum tc_face_state state, unsigned seed)
{
	struct tc_scene_config config = {.width = SIDE, .height = SIDE, .seed = seed};
	struct tc_scene *scene;
	struct tc_picture p;
	double cb = 0, cr = 0;
	assert_int_equal(tc_scene_create(&scene, &config), 0);
	assert_int_equal(tc_picture_init(&p, SIDE, SIDE), 0);
	for (int64_t us = 0; us <= US_TO_BE_SURE; us += 33333) {
		struct tc_scene_input input = {
			.state = state, .time_us = us, .in_level = 0.4f, .out_level = 0.4f};
		tc_scene_draw(scene, &input, &p);
	}
	for (int y = 0; y < SIDE / 2; y++) {
		for (int x = 0; x < SIDE / 2; x++) {
			cb += p.u[y * p.uv_stride + x] - 128;
			cr += p.v[y * p.uv_stride + x] - 128;
		}
	}
	tc_scene_destroy(scene);
	tc_picture_finish(&p);
	return angle(cb, cr);
}

/* CSS Color 4, section 7.1. */
static double hsl_channel(int n, double hue, double saturation, double light)
{
	double k = fmod(n + hue / 30, 12);
	double a = saturation * fmin(light, 1 - light);
	return light - a * fmax(-1, fmin(fmin(k - 3, 9 - k), 1));
}

static double angle_of_hsl(double hue, double saturation, double light)
{
	double r = hsl_channel(0, hue, saturation, light);
	double g = hsl_channel(8, hue, saturation, light);
	double b = hsl_channel(4, hue, saturation, light);
	return angle(-0.148 * r - 0.291 * g + 0.439 * b, 0.439 * r - 0.368 * g - 0.071 * b);
}

static char *stylesheet(void)
{
	FILE *file = fopen(ORB_CSS, "rb");
	char *text = calloc(1, 65536);
	assert_non_null(file);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, file) > 0);
	fclose(file);
	return text;
}

/* ready is what an orb is unless something else is said. */
static double angle_of_page(const char *css, const char *mood)
{
	char rule[64] = "tc-orb {";
	double hue, saturation, light;
	if (strcmp(mood, "ready") != 0) {
		snprintf(rule, sizeof(rule), "tc-orb[data-mood='%s'] {", mood);
	}
	const char *at = strstr(css, rule);
	assert_non_null(at);
	assert_int_equal(sscanf(at + strlen(rule), " --hue: %lf; --tint: var(--hue) %lf%% %lf%%",
				&hue, &saturation, &light),
			 3);
	return angle_of_hsl(hue, saturation / 100, light / 100);
}

static void the_page_and_the_picture_have_one_colour_for_each_state(void **state)
{
	char *css = stylesheet();
	for (int s = 0; s < 4; s++) {
		double page = angle_of_page(css, moods[s]);
		for (unsigned seed = 1; seed <= SEEDS; seed++) {
			double picture = angle_of_state((enum tc_face_state)s, seed);
			print_message("%s: page %.0f, picture %.0f degrees\n", moods[s], page,
				      picture);
			assert_true(apart(page, picture) <= MOST_APART);
		}
	}
	free(css);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_page_and_the_picture_have_one_colour_for_each_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
