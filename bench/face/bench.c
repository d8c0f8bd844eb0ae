// SPDX-License-Identifier: Apache-2.0
/* What a frame of the orb costs: CPU time, medians, each state, speech playing.
 *
 *	bench_face [frames]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "face/scene.h"
#include "media/vp8.h"

#define MAX_FRAMES 3000

static double draws[MAX_FRAMES], encodes[MAX_FRAMES];

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

int main(int argc, char **argv)
{
	int frames = argc > 1 ? atoi(argv[1]) : 150;
	struct tc_scene *scene;
	struct tc_picture picture;
	struct tc_vp8_encoder *enc;
	if (tc_scene_create(&scene, NULL) || tc_picture_init(&picture, 480, 480) ||
	    tc_vp8_encoder_create(&enc, NULL))
		return 1;
	for (int s = 0; s < 4; s++) {
		size_t bytes = 0;
		for (int i = 0; i < frames; i++) {
			double t = (s * frames + i) / 30.0;
			float level = (float)(0.35 + 0.4 * fabs(sin(t * 13)));
			struct tc_scene_input in = {.state = (enum tc_face_state)s,
						    .time_us = (int64_t)(t * 1e6),
						    .out_level = s == 3 ? level : 0,
						    .in_level = s == 1 ? level : 0};
			double a = cpu_us();
			tc_scene_draw(scene, &in, &picture);
			double b = cpu_us();
			struct tc_vp8_frame f;
			if (tc_vp8_encode(enc, &picture, (int64_t)(t * 90000), i == 0, &f) == 1)
				bytes += i ? f.len : 0;
			draws[i] = b - a;
			encodes[i] = cpu_us() - b;
		}
		printf("%d draw %.0f us encode %.0f us %.0f kbit/s\n", s, median(draws, frames),
		       median(encodes, frames), (double)bytes * 8 * 30 / frames / 1000);
	}
	return 0;
}
