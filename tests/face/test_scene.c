// SPDX-License-Identifier: Apache-2.0
#include "face/scene.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock/oom.h"

#define SIDE  240
#define FPS   30
#define FRAME 33333

struct stage {
	struct tc_scene *scene;
	struct tc_picture now, was;
	struct tc_scene_input input;
};

static void open_stage(struct stage *stage, enum tc_face_state state)
{
	struct tc_scene_config config = {.width = SIDE, .height = SIDE};
	memset(stage, 0, sizeof(*stage));
	assert_int_equal(tc_scene_create(&stage->scene, &config), 0);
	assert_int_equal(tc_picture_init(&stage->now, SIDE, SIDE), 0);
	assert_int_equal(tc_picture_init(&stage->was, SIDE, SIDE), 0);
	stage->input.state = state;
}

static void close_stage(struct stage *stage)
{
	tc_scene_destroy(stage->scene);
	tc_picture_finish(&stage->now);
	tc_picture_finish(&stage->was);
}

/* The next frame, `us` later; the one before is kept. */
static void step(struct stage *stage, int64_t us)
{
	struct tc_picture swap = stage->was;
	stage->was = stage->now;
	stage->now = swap;
	stage->input.time_us += us;
	tc_scene_draw(stage->scene, &stage->input, &stage->now);
}

static void play(struct stage *stage, int frames)
{
	for (int i = 0; i < frames; i++) {
		step(stage, FRAME);
	}
}

static double mean(const struct tc_picture *p)
{
	double sum = 0;
	for (int y = 0; y < p->height; y++) {
		for (int x = 0; x < p->width; x++) {
			sum += p->y[y * p->y_stride + x];
		}
	}
	return sum / (p->width * p->height);
}

static double plane_difference(const uint8_t *a, const uint8_t *b, int side, int stride)
{
	double sum = 0;
	for (int y = 0; y < side; y++) {
		for (int x = 0; x < side; x++) {
			sum += abs(a[y * stride + x] - b[y * stride + x]);
		}
	}
	return sum / (side * side);
}

static double luma_difference(const struct tc_picture *a, const struct tc_picture *b)
{
	return plane_difference(a->y, b->y, SIDE, a->y_stride);
}

static double chroma_difference(const struct tc_picture *a, const struct tc_picture *b)
{
	return plane_difference(a->u, b->u, SIDE / 2, a->uv_stride) +
	       plane_difference(a->v, b->v, SIDE / 2, a->uv_stride);
}

static int largest_change(const struct tc_picture *a, const struct tc_picture *b)
{
	int most = 0;
	for (int y = 0; y < SIDE; y++) {
		for (int x = 0; x < SIDE; x++) {
			int d = abs(a->y[y * a->y_stride + x] - b->y[y * b->y_stride + x]);
			most = d > most ? d : most;
		}
	}
	return most;
}

static void assert_plane_within(const uint8_t *plane, int width, int height, int stride, int high)
{
	for (int y = 0; y < height; y++) {
		for (int x = 0; x < width; x++) {
			assert_in_range(plane[y * stride + x], 16, high);
		}
	}
}

static void assert_legal(const struct tc_picture *p)
{
	assert_plane_within(p->y, p->width, p->height, p->y_stride, 235);
	assert_plane_within(p->u, p->width / 2, p->height / 2, p->uv_stride, 240);
	assert_plane_within(p->v, p->width / 2, p->height / 2, p->uv_stride, 240);
}

static void poison(struct tc_picture *p)
{
	memset(p->y, 1, (size_t)p->y_stride * (size_t)p->height);
	memset(p->u, 1, (size_t)p->uv_stride * (size_t)p->height / 2);
	memset(p->v, 1, (size_t)p->uv_stride * (size_t)p->height / 2);
}

static void all_of_the_picture_is_filled_with_legal_tones(void **state)
{
	static const int sizes[][2] = {{16, 16}, {240, 240}, {320, 320}, {640, 480}, {160, 480}};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct tc_scene_config config = {.width = sizes[i][0], .height = sizes[i][1]};
		struct tc_scene *scene;
		struct tc_picture p;
		assert_int_equal(tc_scene_create(&scene, &config), 0);
		assert_int_equal(tc_picture_init(&p, sizes[i][0], sizes[i][1]), 0);
		for (int s = 0; s < 4; s++) {
			struct tc_scene_input input = {.state = (enum tc_face_state)s,
						       .time_us = s * 2000000,
						       .out_level = 1,
						       .in_level = 1};
			poison(&p);
			tc_scene_draw(scene, &input, &p);
			assert_legal(&p);
		}
		tc_scene_destroy(scene);
		tc_picture_finish(&p);
	}
}

static void senseless_sizes_are_refused(void **state)
{
	static const int bad[][2] = {{100, 100}, {-16, 16}, {16, 8}, {16384, 16}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tc_scene_config config = {.width = bad[i][0], .height = bad[i][1]};
		struct tc_scene *scene = NULL;
		assert_int_equal(tc_scene_create(&scene, &config), -EINVAL);
		assert_null(scene);
	}
	tc_scene_destroy(NULL);
}

static void a_seed_draws_the_same_pictures_again(void **state)
{
	struct stage a, b;
	open_stage(&a, TC_FACE_SPEAKING);
	open_stage(&b, TC_FACE_SPEAKING);
	for (int i = 0; i < 20; i++) {
		a.input.out_level = b.input.out_level = (float)(i % 7) / 7;
		step(&a, FRAME);
		step(&b, FRAME);
		assert_true(luma_difference(&a.now, &b.now) == 0);
		assert_true(chroma_difference(&a.now, &b.now) == 0);
	}
	struct tc_scene *other;
	struct tc_scene_config config = {.width = SIDE, .height = SIDE, .seed = 1};
	assert_int_equal(tc_scene_create(&other, &config), 0);
	tc_scene_draw(other, &b.input, &b.was);
	assert_true(luma_difference(&b.now, &b.was) > 1);
	tc_scene_destroy(other);
	close_stage(&a);
	close_stage(&b);
}

/* In brightness alone too: for those who see no colours. */
static void each_pair_of_states_differs_in_hue_and_in_form(void **state)
{
	struct stage stage[4];
	for (int s = 0; s < 4; s++) {
		open_stage(&stage[s], (enum tc_face_state)s);
		play(&stage[s], 2 * FPS);
	}
	for (int a = 0; a < 4; a++) {
		for (int b = 0; b < a; b++) {
			double luma = luma_difference(&stage[a].now, &stage[b].now);
			double chroma = chroma_difference(&stage[a].now, &stage[b].now);
			print_message("states %d and %d: luma %.1f, chroma %.1f\n", b, a, luma,
				      chroma);
			assert_true(luma > 3);
			assert_true(chroma > 4);
		}
	}
	for (int s = 0; s < 4; s++) {
		close_stage(&stage[s]);
	}
}

static void nothing_flickers_while_the_input_is_steady(void **state)
{
	for (int s = 0; s < 4; s++) {
		struct stage stage;
		open_stage(&stage, (enum tc_face_state)s);
		stage.input.in_level = stage.input.out_level = 0.6f;
		play(&stage, 2 * FPS);
		double most_mean = 0, most_moved = 0;
		int most = 0;
		for (int i = 0; i < 6 * FPS; i++) {
			step(&stage, FRAME);
			double d = fabs(mean(&stage.now) - mean(&stage.was));
			double moved = luma_difference(&stage.now, &stage.was);
			int change = largest_change(&stage.now, &stage.was);
			most_mean = d > most_mean ? d : most_mean;
			most_moved = moved > most_moved ? moved : most_moved;
			most = change > most ? change : most;
		}
		print_message("state %d: mean moves by %.3f a frame, pixels by %.2f, one by %d\n",
			      s, most_mean, most_moved, most);
		assert_true(most_mean < 0.25);
		assert_true(most_moved < 1.6);
		assert_in_range(most, 0, s == TC_FACE_PROCESSING ? 60 : 30);
		close_stage(&stage);
	}
}

static void the_picture_lives_even_at_rest(void **state)
{
	struct stage stage;
	open_stage(&stage, TC_FACE_READY);
	play(&stage, 1);
	for (int i = 0; i < 5; i++) {
		step(&stage, 1000000);
		assert_true(luma_difference(&stage.now, &stage.was) > 0.5);
	}
	close_stage(&stage);
}

/* Mean brightness after half a second of this input. */
static double brightness(enum tc_face_state s, float in_level, float out_level)
{
	struct stage stage;
	open_stage(&stage, s);
	stage.input.in_level = in_level;
	stage.input.out_level = out_level;
	play(&stage, FPS / 2);
	double result = mean(&stage.now);
	close_stage(&stage);
	return result;
}

static void listening_is_moved_by_what_it_hears_and_speaking_by_its_own_voice(void **state)
{
	double quiet = brightness(TC_FACE_LISTENING, 0, 0);
	assert_true(brightness(TC_FACE_LISTENING, 0.7f, 0) > quiet + 3);
	assert_true(fabs(brightness(TC_FACE_LISTENING, 0, 0.7f) - quiet) < 0.1);
	quiet = brightness(TC_FACE_SPEAKING, 0, 0);
	assert_true(brightness(TC_FACE_SPEAKING, 0, 0.7f) > quiet + 3);
	assert_true(fabs(brightness(TC_FACE_SPEAKING, 0.7f, 0) - quiet) < 0.1);
}

static void louder_is_brighter(void **state)
{
	double before = 0;
	for (int i = 3; i <= 8; i++) {
		double now = brightness(TC_FACE_SPEAKING, 0, (float)i / 10);
		assert_true(now > before + 0.2);
		before = now;
	}
}

static void a_burst_of_sound_rises_at_once_and_fades_slowly(void **state)
{
	struct stage loud, quiet; /* the same but for the sound */
	open_stage(&loud, TC_FACE_SPEAKING);
	open_stage(&quiet, TC_FACE_SPEAKING);
	play(&loud, FPS);
	play(&quiet, FPS);
	double most = 0, last = 0;
	loud.input.out_level = 1;
	for (int i = 0; i < FPS; i++) {
		step(&loud, FRAME);
		step(&quiet, FRAME);
		double more = mean(&loud.now) - mean(&quiet.now);
		most = fmax(most, more - last);
		last = more;
		if (i == 2) { /* a tenth of a second */
			assert_true(more > 4);
		}
	}
	assert_true(most < 8); /* of 219: a swell, not a flash */
	loud.input.out_level = 0;
	play(&loud, 3);
	play(&quiet, 3);
	assert_true(mean(&loud.now) - mean(&quiet.now) > 0.5 * last);
	play(&loud, 2 * FPS);
	play(&quiet, 2 * FPS);
	assert_true(fabs(mean(&loud.now) - mean(&quiet.now)) < 0.1);
	close_stage(&loud);
	close_stage(&quiet);
}

/* How much of the way from a to b the chroma has gone `ms` after the change. */
static double progress(int ms)
{
	struct stage a, b, change;
	open_stage(&a, TC_FACE_READY);
	open_stage(&b, TC_FACE_SPEAKING);
	open_stage(&change, TC_FACE_READY);
	play(&change, 1);
	change.input.state = TC_FACE_SPEAKING;
	step(&change, ms * 1000);
	a.input.time_us = b.input.time_us = change.input.time_us;
	step(&a, 0);
	step(&b, 0);
	double whole = chroma_difference(&a.now, &b.now);
	double left = chroma_difference(&change.now, &b.now);
	close_stage(&a);
	close_stage(&b);
	close_stage(&change);
	return 1 - left / whole;
}

static void states_melt_into_each_other_in_half_a_second(void **state)
{
	assert_true(progress(33) < 0.12);
	assert_true(progress(150) > 0.2 && progress(150) < 0.7);
	assert_true(progress(600) > 0.9);
}

static void one_long_step_ends_where_many_short_ones_do(void **state)
{
	struct stage a, b;
	open_stage(&a, TC_FACE_READY);
	open_stage(&b, TC_FACE_READY);
	play(&a, 1);
	play(&b, 1);
	a.input.state = b.input.state = TC_FACE_PROCESSING;
	for (int i = 0; i < 200; i++) {
		step(&a, 10000);
	}
	step(&b, 2000000);
	assert_true(chroma_difference(&a.now, &b.now) < 3);
	close_stage(&a);
	close_stage(&b);
}

static void absurd_input_is_survived(void **state)
{
	static const float levels[] = {NAN, INFINITY, -INFINITY, -1, 1e30f, 0.5f};
	static const int64_t times[] = {0, INT64_MAX, INT64_MIN, -1, 5, INT64_MAX};
	struct stage stage;
	open_stage(&stage, TC_FACE_READY);
	for (size_t i = 0; i < 6; i++) {
		for (int s = -1; s < 6; s++) {
			stage.input.state = (enum tc_face_state)s;
			stage.input.time_us = times[i];
			stage.input.in_level = levels[i];
			stage.input.out_level = levels[5 - i];
			tc_scene_draw(stage.scene, &stage.input, &stage.now);
			assert_legal(&stage.now);
		}
	}
	/* and is forgotten as soon as the input makes sense again */
	stage.input = (struct tc_scene_input){.state = TC_FACE_READY, .time_us = INT64_MIN + 1};
	for (int i = 0; i < 5 * FPS; i++) {
		step(&stage, FRAME);
	}
	assert_true(tc_scene_calm(stage.scene));
	close_stage(&stage);
}

static void time_that_goes_back_moves_nothing(void **state)
{
	struct stage stage;
	open_stage(&stage, TC_FACE_PROCESSING);
	play(&stage, FPS);
	step(&stage, 0);
	assert_true(luma_difference(&stage.now, &stage.was) == 0);
	step(&stage, -3600000000LL);
	assert_true(luma_difference(&stage.now, &stage.was) == 0);
	step(&stage, FRAME);
	assert_true(luma_difference(&stage.now, &stage.was) > 0);
	close_stage(&stage);
}

static void it_is_calm_only_at_rest(void **state)
{
	struct stage stage;
	open_stage(&stage, TC_FACE_READY);
	play(&stage, 2);
	assert_true(tc_scene_calm(stage.scene));
	stage.input.in_level = 0.7f;
	play(&stage, 3);
	assert_false(tc_scene_calm(stage.scene));
	stage.input.in_level = 0;
	play(&stage, 3 * FPS);
	assert_true(tc_scene_calm(stage.scene));
	stage.input.state = TC_FACE_PROCESSING;
	play(&stage, 2);
	assert_false(tc_scene_calm(stage.scene));
	play(&stage, 2 * FPS);
	assert_false(tc_scene_calm(stage.scene));
	stage.input.state = TC_FACE_READY;
	play(&stage, 3);
	assert_false(tc_scene_calm(stage.scene)); /* still on its way */
	play(&stage, 2 * FPS);
	assert_true(tc_scene_calm(stage.scene));
	close_stage(&stage);
}

/* What never changes costs the encoder nothing. */
static void the_night_around_the_orb_stands_still(void **state)
{
	struct stage stage;
	open_stage(&stage, TC_FACE_READY);
	play(&stage, 1);
	int y = stage.now.y[0], u = stage.now.u[0], v = stage.now.v[0];
	for (int s = 0; s < 4; s++) {
		stage.input.state = (enum tc_face_state)s;
		stage.input.in_level = stage.input.out_level = 1;
		play(&stage, FPS);
		for (int i = 0; i < 24; i++) { /* a corner, outside of the halo's circle */
			for (int k = 0; k < 24; k++) {
				assert_int_equal(stage.now.y[i * stage.now.y_stride + k], y);
				int at = i / 2 * stage.now.uv_stride + k / 2;
				assert_int_equal(stage.now.u[at], u);
				assert_int_equal(stage.now.v[at], v);
			}
		}
	}
	close_stage(&stage);
}

static void failed_allocation_is_reported(void **state)
{
	struct tc_scene_config config = {.width = 32, .height = 32};
	TC_OOM_LOOP(n)
	{
		struct tc_scene *scene = NULL;
		int err = tc_scene_create(&scene, &config);
		assert_true(err == 0 || err == -ENOMEM);
		assert_true((err == 0) == (scene != NULL));
		tc_scene_destroy(scene);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_the_picture_is_filled_with_legal_tones),
		cmocka_unit_test(senseless_sizes_are_refused),
		cmocka_unit_test(a_seed_draws_the_same_pictures_again),
		cmocka_unit_test(each_pair_of_states_differs_in_hue_and_in_form),
		cmocka_unit_test(nothing_flickers_while_the_input_is_steady),
		cmocka_unit_test(the_picture_lives_even_at_rest),
		cmocka_unit_test(listening_is_moved_by_what_it_hears_and_speaking_by_its_own_voice),
		cmocka_unit_test(louder_is_brighter),
		cmocka_unit_test(a_burst_of_sound_rises_at_once_and_fades_slowly),
		cmocka_unit_test(states_melt_into_each_other_in_half_a_second),
		cmocka_unit_test(one_long_step_ends_where_many_short_ones_do),
		cmocka_unit_test(absurd_input_is_survived),
		cmocka_unit_test(time_that_goes_back_moves_nothing),
		cmocka_unit_test(it_is_calm_only_at_rest),
		cmocka_unit_test(the_night_around_the_orb_stands_still),
		cmocka_unit_test(failed_allocation_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
