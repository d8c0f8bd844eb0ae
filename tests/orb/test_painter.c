// SPDX-License-Identifier: Apache-2.0
/* The video thread over a peer on a network in memory: for whom it draws, and how often. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orb/painter.h"
#include "rtc/rig.h"

#define DEADLINE_MS 60000
#define SIDE        160 /* as the rig takes them */

struct fixture {
	struct rig rig;
	struct tc_roster *roster;
	struct tc_speaker *speaker;
	struct tc_painter *painter;
};

static void ignore_started(void *user, uint32_t answer, int64_t time_us)
{
}

static void ignore_clause(void *user, uint32_t answer, size_t offset, size_t len)
{
}

static void ignore_ended(void *user, uint32_t answer, size_t heard, bool cut)
{
}

static struct tc_painter_config config_of(struct tc_roster *roster)
{
	return (struct tc_painter_config){
		.roster = roster, .clock = tc_clock_system(), .width = SIDE, .height = SIDE};
}

static int setup(void **state)
{
	static const struct tc_mock_net_config net = {0};
	static const struct tc_speaker_events events = {ignore_started, ignore_clause,
							ignore_ended};
	struct fixture *f = calloc(1, sizeof(*f));
	rig_init(&f->rig, &(struct rig_options){.net = &net});
	f->rig.silent = true; /* the painter sends the pictures here */
	assert_int_equal(tc_roster_create(&f->roster), 0);
	struct tc_speaker_config speaker = {.roster = f->roster, .clock = tc_clock_system()};
	struct tc_painter_config painter = config_of(f->roster);
	assert_int_equal(tc_painter_create(&f->painter, &painter), 0);
	assert_int_equal(tc_speaker_create(&f->speaker, &speaker, &events, f), 0);
	assert_int_equal(tc_painter_start(f->painter, f->speaker), 0);
	rig_negotiate(&f->rig, false);
	assert_true(rig_wait(&f->rig, rig_connected, DEADLINE_MS));
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	tc_painter_destroy(f->painter);
	tc_speaker_destroy(f->speaker);
	tc_roster_remove(f->roster, f->rig.b.peer);
	rig_finish(&f->rig);
	tc_roster_destroy(f->roster);
	free(f);
	return 0;
}

static struct tc_painter_stats stats(struct fixture *f)
{
	struct tc_painter_stats s;
	tc_painter_stats(f->painter, &s);
	return s;
}

/* Turns the loop until so many pictures more are out. */
static void see(struct fixture *f, uint64_t more)
{
	int64_t end = tc_clock_ms(tc_clock_system()) + DEADLINE_MS;
	uint64_t wanted = stats(f).frames + more;
	while (stats(f).frames < wanted) {
		assert_true(tc_clock_ms(tc_clock_system()) < end);
		tc_loop_turn(f->rig.loop, true);
	}
}

static void look_at_it(struct fixture *f)
{
	assert_int_equal(tc_roster_add(f->roster, f->rig.b.peer), 0);
	tc_painter_wake(f->painter);
}

static void turn(struct fixture *f, int64_t ms)
{
	int64_t end = tc_clock_ms(tc_clock_system()) + ms;
	while (tc_clock_ms(tc_clock_system()) < end) {
		tc_loop_turn(f->rig.loop, true);
	}
}

static void nothing_is_drawn_while_nobody_watches(void **state)
{
	struct fixture *f = *state;
	tc_painter_set_state(f->painter, TC_FACE_SPEAKING);
	tc_painter_keyframe(f->painter);
	turn(f, 200); /* six pictures' time */
	assert_int_equal(stats(f).frames, 0);
	look_at_it(f);
	see(f, 3);
	assert_int_equal(stats(f).keyframes, 1); /* the one that was asked for is not forgotten */
}

static void who_goes_takes_the_drawing_along(void **state)
{
	struct fixture *f = *state;
	look_at_it(f);
	see(f, 2);
	tc_roster_remove(f->roster, f->rig.b.peer);
	turn(f, 150); /* one may have been on its way */
	uint64_t before = stats(f).frames;
	turn(f, 350); /* three and more at rest */
	assert_int_equal(stats(f).frames, before);
	look_at_it(f);
	see(f, 2);
}

static bool key_came(struct rig *rig)
{
	return rig->a.keys >= 2;
}

static void a_key_frame_comes_when_it_is_asked_for_and_once(void **state)
{
	struct fixture *f = *state;
	look_at_it(f);
	see(f, 5);
	assert_int_equal(stats(f).keyframes, 1);
	tc_painter_keyframe(f->painter);
	see(f, 5);
	assert_int_equal(stats(f).keyframes, 2);
	assert_true(rig_wait(&f->rig, key_came, DEADLINE_MS));
	assert_int_equal(f->rig.a.broken, 0);
}

static void it_moves_fast_and_rests_slowly(void **state)
{
	struct fixture *f = *state;
	look_at_it(f);
	tc_painter_set_state(f->painter, TC_FACE_SPEAKING);
	see(f, 3);
	int moving = stats(f).fps; /* a slow machine allows itself less than 30 */
	tc_painter_set_state(f->painter, TC_FACE_READY);
	int64_t end = tc_clock_ms(tc_clock_system()) + DEADLINE_MS;
	while (stats(f).fps != 10 && tc_clock_ms(tc_clock_system()) < end) {
		tc_loop_turn(f->rig.loop, true);
	}
	assert_int_equal(stats(f).fps, 10);
	tc_painter_set_state(f->painter, TC_FACE_LISTENING);
	see(f, 2);
	assert_true(moving == 30 || moving == 24 || moving == 15 || moving == 8);
	assert_int_not_equal(stats(f).fps, 10);
}

static void one_that_was_never_started_goes_quietly(void **state)
{
	struct tc_roster *roster;
	struct tc_painter *painter;
	assert_int_equal(tc_roster_create(&roster), 0);
	struct tc_painter_config config = config_of(roster);
	assert_int_equal(tc_painter_create(&painter, &config), 0);
	tc_painter_destroy(painter);
	tc_painter_destroy(NULL);
	tc_roster_destroy(roster);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_drawn_while_nobody_watches),
		TEST(who_goes_takes_the_drawing_along),
		TEST(a_key_frame_comes_when_it_is_asked_for_and_once),
		TEST(it_moves_fast_and_rests_slowly),
		cmocka_unit_test(one_that_was_never_started_goes_quietly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
