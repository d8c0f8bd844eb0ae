// SPDX-License-Identifier: Apache-2.0
#include "media/vp8.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "mock/oom.h"

#define SIDE 160

/* A soft disc that wanders: easy for the codec, yet each frame differs. */
static void paint(struct tc_picture *p, int step)
{
	double cx = p->width / 2.0 + 20 * sin(step * 0.1), cy = p->height / 2.0;
	for (int y = 0; y < p->height; y++) {
		for (int x = 0; x < p->width; x++) {
			double d = hypot(x - cx, y - cy) / p->width;
			p->y[y * p->y_stride + x] = (uint8_t)(30 + 180 * exp(-8 * d * d));
		}
	}
	for (int y = 0; y < p->height / 2; y++) {
		memset(p->u + y * p->uv_stride, 140, (size_t)p->width / 2);
		memset(p->v + y * p->uv_stride, 110, (size_t)p->width / 2);
	}
}

static double psnr(const struct tc_picture *a, const struct tc_picture *b)
{
	double sum = 0;
	for (int y = 0; y < a->height; y++) {
		for (int x = 0; x < a->width; x++) {
			double d = (double)a->y[y * a->y_stride + x] - b->y[y * b->y_stride + x];
			sum += d * d;
		}
	}
	return 10 * log10(255.0 * 255 * a->width * a->height / (sum + 1e-9));
}

struct fixture {
	struct tc_picture picture;
	struct tc_vp8_encoder *enc;
	struct tc_vp8_decoder *dec;
};

static void begin(struct fixture *f, int bitrate)
{
	struct tc_vp8_config config = {.width = SIDE, .height = SIDE, .bitrate = bitrate};
	assert_int_equal(tc_picture_init(&f->picture, SIDE, SIDE), 0);
	assert_int_equal(tc_vp8_encoder_create(&f->enc, &config), 0);
	assert_int_equal(tc_vp8_decoder_create(&f->dec), 0);
}

static void end(struct fixture *f)
{
	tc_picture_finish(&f->picture);
	tc_vp8_encoder_destroy(f->enc);
	tc_vp8_decoder_destroy(f->dec);
}

static void pictures_survive_the_round_trip(void **state)
{
	struct fixture f;
	begin(&f, 300000);
	for (int i = 0; i < 60; i++) {
		struct tc_vp8_frame frame;
		struct tc_picture got;
		paint(&f.picture, i);
		assert_int_equal(tc_vp8_encode(f.enc, &f.picture, i * 3000, false, &frame), 1);
		assert_int_equal(frame.key, i == 0);
		assert_int_equal(tc_vp8_decode(f.dec, frame.data, frame.len, &got), 0);
		assert_int_equal(got.width, SIDE);
		assert_int_equal(got.height, SIDE);
		assert_true(psnr(&f.picture, &got) > 36);
		assert_in_range(got.u[10], 137, 143);
		assert_in_range(got.v[10], 107, 113);
	}
	end(&f);
}

static void key_frames_come_when_asked_and_only_then(void **state)
{
	struct fixture f;
	begin(&f, 300000);
	for (int i = 0; i < 400; i++) {
		struct tc_vp8_frame frame;
		paint(&f.picture, i % 50);
		bool ask = i == 7 || i == 8 || i == 300;
		assert_int_equal(tc_vp8_encode(f.enc, &f.picture, i * 3000, ask, &frame), 1);
		assert_int_equal(frame.key, i == 0 || ask);
	}
	end(&f);
}

static void a_new_viewer_starts_at_a_key_frame(void **state)
{
	struct fixture f;
	begin(&f, 300000);
	struct tc_vp8_frame frame;
	struct tc_picture got;
	for (int i = 0; i < 5; i++) {
		paint(&f.picture, i);
		assert_int_equal(tc_vp8_encode(f.enc, &f.picture, i * 3000, false, &frame), 1);
	}
	assert_int_equal(tc_vp8_decode(f.dec, frame.data, frame.len, &got), -TC_EENGINE);
	assert_int_equal(tc_vp8_encode(f.enc, &f.picture, 5 * 3000, true, &frame), 1);
	assert_int_equal(tc_vp8_decode(f.dec, frame.data, frame.len, &got), 0);
	end(&f);
}

static void time_that_stands_still_or_jumps_is_survived(void **state)
{
	static const int64_t pts[] = {0, 0, -90000, 3000, 90000ll * 3600, 5};
	struct fixture f;
	begin(&f, 300000);
	for (size_t i = 0; i < sizeof(pts) / sizeof(pts[0]); i++) {
		struct tc_vp8_frame frame;
		struct tc_picture got;
		paint(&f.picture, (int)i);
		assert_int_equal(tc_vp8_encode(f.enc, &f.picture, pts[i], false, &frame), 1);
		assert_int_equal(tc_vp8_decode(f.dec, frame.data, frame.len, &got), 0);
	}
	end(&f);
}

/* Noise in every pixel: as many bits as the rate allows. */
static size_t bytes_of_noise(struct fixture *f, int frames, int64_t *pts)
{
	static uint32_t x = 1;
	size_t bytes = 0;
	for (int i = 0; i < frames; i++) {
		for (int k = 0; k < SIDE * f->picture.y_stride; k++) {
			x = x * 1664525u + 1013904223u;
			f->picture.y[k] = (uint8_t)(100 + (x >> 27));
		}
		struct tc_vp8_frame frame;
		*pts += 3000;
		assert_int_equal(tc_vp8_encode(f->enc, &f->picture, *pts, false, &frame), 1);
		bytes += frame.len;
	}
	return bytes;
}

static void the_rate_can_be_lowered_without_a_key_frame(void **state)
{
	struct fixture f;
	begin(&f, 800000);
	int64_t pts = 0;
	bytes_of_noise(&f, 30, &pts);
	size_t before = bytes_of_noise(&f, 60, &pts);
	assert_int_equal(tc_vp8_encoder_set_rate(f.enc, 200000, 30), 0);
	bytes_of_noise(&f, 60, &pts);
	size_t after = bytes_of_noise(&f, 60, &pts);
	assert_true(after * 2 < before);
	end(&f);
}

static void what_is_no_vp8_is_refused(void **state)
{
	struct fixture f;
	begin(&f, 300000);
	struct tc_picture got;
	static const uint8_t junk[64] = {0x9d, 0x01, 0x2a, 0xff};
	assert_int_equal(tc_vp8_decode(f.dec, NULL, 0, &got), -TC_EENGINE);
	assert_int_equal(tc_vp8_decode(f.dec, junk, sizeof(junk), &got), -TC_EENGINE);
	assert_int_equal(tc_vp8_decode(f.dec, junk, 1, &got), -TC_EENGINE);
	struct tc_vp8_frame frame;
	paint(&f.picture, 0);
	assert_int_equal(tc_vp8_encode(f.enc, &f.picture, 0, true, &frame), 1);
	assert_int_equal(tc_vp8_decode(f.dec, frame.data, frame.len, &got), 0);
	end(&f);
}

static void a_picture_of_another_size_is_refused(void **state)
{
	struct fixture f;
	begin(&f, 300000);
	struct tc_picture other;
	struct tc_vp8_frame frame;
	assert_int_equal(tc_picture_init(&other, SIDE + 16, SIDE), 0);
	assert_int_equal(tc_vp8_encode(f.enc, &other, 0, false, &frame), -TC_EENGINE);
	tc_picture_finish(&other);
	struct tc_vp8_encoder *enc = NULL;
	assert_int_equal(tc_vp8_encoder_create(&enc, &(struct tc_vp8_config){.width = 100}),
			 -EINVAL);
	assert_null(enc);
	end(&f);
}

static void failed_allocation_is_reported(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct tc_vp8_encoder *enc = NULL;
		struct tc_vp8_decoder *dec = NULL;
		int err = tc_vp8_encoder_create(&enc, NULL);
		assert_true(err == 0 || err == -ENOMEM);
		err = tc_vp8_decoder_create(&dec);
		assert_true(err == 0 || err == -ENOMEM);
		tc_vp8_encoder_destroy(enc);
		tc_vp8_decoder_destroy(dec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pictures_survive_the_round_trip),
		cmocka_unit_test(key_frames_come_when_asked_and_only_then),
		cmocka_unit_test(a_new_viewer_starts_at_a_key_frame),
		cmocka_unit_test(time_that_stands_still_or_jumps_is_survived),
		cmocka_unit_test(the_rate_can_be_lowered_without_a_key_frame),
		cmocka_unit_test(what_is_no_vp8_is_refused),
		cmocka_unit_test(a_picture_of_another_size_is_refused),
		cmocka_unit_test(failed_allocation_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
