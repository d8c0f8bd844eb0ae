// SPDX-License-Identifier: Apache-2.0
/* The orb as people see it: after VP8. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "face/scene.h"
#include "media/vp8.h"

#define SIDE    480
#define SECONDS 6

struct result {
	double kbits;   /* per second, without the key frame */
	double psnr;    /* luma, the worst frame */
	size_t largest; /* bytes, without the key frame */
	int blotches;   /* corner pixels that left the night's tone by more than a step */
};

/* Syllables at about 4 Hz. */
static float speech(double t)
{
	return (float)(0.35 + 0.45 * fabs(sin(t * 13)) * (0.6 + 0.4 * sin(t * 9.7)));
}

static double psnr(const struct tc_picture *a, const struct tc_picture *b)
{
	double sum = 1e-9;
	for (int y = 0; y < SIDE; y++) {
		for (int x = 0; x < SIDE; x++) {
			double d = (double)a->y[y * a->y_stride + x] - b->y[y * b->y_stride + x];
			sum += d * d;
		}
	}
	return 10 * log10(255.0 * 255 * SIDE * SIDE / sum);
}

static int blotches(const struct tc_picture *drawn, const struct tc_picture *seen)
{
	int count = 0;
	for (int y = 0; y < 16; y++) {
		for (int x = 0; x < 16; x++) {
			int at = y * seen->uv_stride + x;
			count += abs(seen->y[y * seen->y_stride + x] - drawn->y[0]) > 1 ||
				 abs(seen->u[at] - drawn->u[0]) > 1 ||
				 abs(seen->v[at] - drawn->v[0]) > 1;
		}
	}
	return count;
}

static struct result film(enum tc_face_state state, int fps)
{
	struct tc_scene *scene;
	struct tc_picture drawn, seen;
	struct tc_vp8_encoder *enc;
	struct tc_vp8_decoder *dec;
	struct result result = {.psnr = 99};
	assert_int_equal(tc_scene_create(&scene, NULL), 0);
	assert_int_equal(tc_picture_init(&drawn, SIDE, SIDE), 0);
	assert_int_equal(tc_vp8_encoder_create(&enc, NULL), 0);
	assert_int_equal(tc_vp8_encoder_set_rate(enc, 400000, fps), 0);
	assert_int_equal(tc_vp8_decoder_create(&dec), 0);
	size_t bytes = 0;
	for (int i = 0; i < SECONDS * fps; i++) {
		double t = (double)i / fps;
		struct tc_scene_input input = {
			.state = state,
			.time_us = (int64_t)(t * 1e6),
			.out_level = state == TC_FACE_SPEAKING ? speech(t) : 0,
			.in_level = state == TC_FACE_LISTENING ? speech(t) : 0,
		};
		struct tc_vp8_frame frame;
		tc_scene_draw(scene, &input, &drawn);
		assert_int_equal(tc_vp8_encode(enc, &drawn, i * 90000LL / fps, false, &frame), 1);
		assert_int_equal(tc_vp8_decode(dec, frame.data, frame.len, &seen), 0);
		if (i == 0) {
			continue;
		}
		bytes += frame.len;
		result.largest = frame.len > result.largest ? frame.len : result.largest;
		result.psnr = fmin(result.psnr, psnr(&drawn, &seen));
		result.blotches += blotches(&drawn, &seen);
	}
	result.kbits = (double)bytes * 8 / SECONDS / 1000;
	tc_scene_destroy(scene);
	tc_picture_finish(&drawn);
	tc_vp8_encoder_destroy(enc);
	tc_vp8_decoder_destroy(dec);
	print_message("state %d at %d fps: %.0f kbit/s, largest %zu bytes, worst %.1f dB\n", state,
		      fps, result.kbits, result.largest, result.psnr);
	return result;
}

static void at_rest_ten_frames_a_second_cost_next_to_nothing(void **state)
{
	struct result r = film(TC_FACE_READY, 10);
	assert_true(r.kbits < 60);
	assert_true(r.psnr > 40);
	assert_int_equal(r.blotches, 0);
}

static void every_state_fits_the_rate_and_stays_clean(void **state)
{
	for (int s = 0; s < 4; s++) {
		struct result r = film((enum tc_face_state)s, 30);
		assert_true(r.kbits < 400);
		assert_true(r.psnr > 37);
		assert_true(r.largest < 8000);
		assert_int_equal(r.blotches, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_rest_ten_frames_a_second_cost_next_to_nothing),
		cmocka_unit_test(every_state_fits_the_rate_and_stays_clean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
