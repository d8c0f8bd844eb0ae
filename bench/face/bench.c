// SPDX-License-Identifier: Apache-2.0
/* What a frame of the orb costs: CPU time of this thread, medians, each state with sound.
 *
 *	bench_face [frames]
 *
 * The ratio is to bench/face/naive.c in the same run, so that it means something on any machine.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "face/scene.h"
#include "media/vp8.h"
#include "naive.h"

#define MAX_FRAMES 3000
#define FPS        30
#define NAIVE_STEP 10 /* every tenth frame is drawn naively, too */

struct costs {
	double draw[MAX_FRAMES], encode[MAX_FRAMES], naive[MAX_FRAMES];
	int frames, naives;
	size_t bytes;
};

static double cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), by_value);
	return values[count / 2];
}

static void draw_naively(struct tc_motion *motion, struct tc_picture *picture, struct costs *costs)
{
	struct tc_look look;
	tc_motion_look(motion, &look);
	double start = cpu_us();
	naive_draw(&look, picture);
	costs->naive[costs->naives++] = cpu_us() - start;
}

static int measure(enum tc_face_state state, int frames, struct costs *costs)
{
	struct tc_scene *scene = NULL;
	struct tc_vp8_encoder *enc = NULL;
	struct tc_picture picture, plain;
	struct tc_motion motion;
	tc_motion_init(&motion);
	if (tc_scene_create(&scene, NULL) || tc_vp8_encoder_create(&enc, NULL) ||
	    tc_picture_init(&picture, 480, 480) || tc_picture_init(&plain, 480, 480)) {
		return 1; /* the process ends */
	}
	costs->frames = frames;
	costs->naives = 0;
	costs->bytes = 0;
	for (int i = 0; i < frames; i++) {
		double t = (double)i / FPS;
		float level = (float)(0.35 + 0.4 * fabs(sin(t * 13)));
		struct tc_scene_input input = {.state = state,
					       .time_us = (int64_t)(t * 1e6),
					       .out_level = state == TC_FACE_SPEAKING ? level : 0,
					       .in_level = state == TC_FACE_LISTENING ? level : 0};
		struct tc_vp8_frame frame;
		double a = cpu_us();
		tc_scene_draw(scene, &input, &picture);
		double b = cpu_us();
		int got = tc_vp8_encode(enc, &picture, i * 3000, false, &frame);
		costs->encode[i] = cpu_us() - b;
		costs->draw[i] = b - a;
		costs->bytes += got == 1 && i ? frame.len : 0;
		tc_motion_advance(&motion, &input);
		if (i % NAIVE_STEP == 0) {
			draw_naively(&motion, &plain, costs);
		}
	}
	tc_scene_destroy(scene);
	tc_vp8_encoder_destroy(enc);
	tc_picture_finish(&picture);
	tc_picture_finish(&plain);
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const names[] = {"ready", "listening", "processing", "speaking"};
	static struct costs costs;
	int frames = argc > 1 ? atoi(argv[1]) : 150;
	frames = frames < 1 ? 1 : frames > MAX_FRAMES ? MAX_FRAMES : frames;
	printf("480x480@%d, CPU us a frame, medians of %d\n", FPS, frames);
	for (int s = 0; s < 4; s++) {
		if (measure((enum tc_face_state)s, frames, &costs)) {
			return 1;
		}
		double draw = median(costs.draw, frames), encode = median(costs.encode, frames);
		double naive = median(costs.naive, costs.naives);
		printf("%-10s draw %4.0f  naive %6.0f  ratio %.4f (1/%.0f)  encode %4.0f  %.0f "
		       "kbit/s\n",
		       names[s], draw, naive, draw / naive, naive / draw, encode,
		       (double)costs.bytes * 8 * FPS / frames / 1000);
	}
	return 0;
}
