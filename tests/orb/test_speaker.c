// SPDX-License-Identifier: Apache-2.0
/* The audio thread against the real clock, with nobody in the roster: its decisions show in the
 * events. */
#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/queue.h"
#include "orb/speaker.h"

#define DEADLINE_MS 60000

enum kind {
	STARTED,
	CLAUSE,
	ENDED,
};

struct told {
	enum kind kind;
	uint32_t answer;
	size_t heard;
	bool cut;
};

struct fixture {
	struct tc_roster *roster;
	struct tc_speaker *speaker;
	struct tc_queue *told;
};

static void on_started(void *user, uint32_t answer, int64_t time_us)
{
	struct told told = {.kind = STARTED, .answer = answer};
	tc_queue_push(((struct fixture *)user)->told, &told);
}

static void on_clause(void *user, uint32_t answer, size_t offset, size_t len)
{
	struct told told = {.kind = CLAUSE, .answer = answer, .heard = offset + len};
	tc_queue_push(((struct fixture *)user)->told, &told);
}

static void on_ended(void *user, uint32_t answer, size_t heard, bool cut)
{
	struct told told = {.kind = ENDED, .answer = answer, .heard = heard, .cut = cut};
	tc_queue_push(((struct fixture *)user)->told, &told);
}

static int setup(void **state)
{
	static const struct tc_speaker_events events = {on_started, on_clause, on_ended};
	struct fixture *f = calloc(1, sizeof(*f));
	assert_int_equal(tc_queue_create(&f->told, sizeof(struct told), 64, true), 0);
	assert_int_equal(tc_roster_create(&f->roster), 0);
	struct tc_speaker_config config = {.roster = f->roster, .clock = tc_clock_system()};
	assert_int_equal(tc_speaker_create(&f->speaker, &config, &events, f), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	tc_speaker_destroy(f->speaker);
	tc_roster_destroy(f->roster);
	tc_queue_destroy(f->told);
	free(f);
	return 0;
}

static struct told next(struct fixture *f)
{
	struct told told;
	int64_t until = tc_clock_ms(tc_clock_system()) + DEADLINE_MS;
	while (!tc_queue_pop(f->told, &told)) {
		if (tc_clock_ms(tc_clock_system()) > until) {
			fail_msg("the speaker says nothing");
		}
		tc_queue_wait(f->told, 100);
	}
	return told;
}

static void feed(struct fixture *f, uint32_t answer, size_t ms)
{
	int16_t pcm[48];
	for (size_t i = 0; i < 48; i++) {
		pcm[i] = (int16_t)(i % 24 < 12 ? 8000 : -8000);
	}
	for (size_t i = 0; i < ms; i++) {
		assert_true(tc_speaker_feed(f->speaker, answer, pcm, 48));
	}
}

static void an_answer_is_started_and_heard_to_its_end(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(tc_speaker_open(f->speaker, 1), 0);
	tc_speaker_mark(f->speaker, 1, 0, 6);
	feed(f, 1, 60);
	tc_speaker_mark(f->speaker, 1, 7, 5);
	feed(f, 1, 60);
	tc_speaker_finish(f->speaker, 1);
	assert_int_equal(tc_speaker_play(f->speaker, 1), 0);
	assert_int_equal(next(f).kind, STARTED);
	assert_int_equal(next(f).heard, 6);
	assert_int_equal(next(f).heard, 12);
	struct told end = next(f);
	assert_int_equal(end.kind, ENDED);
	assert_int_equal(end.heard, 12);
	assert_false(end.cut);
	struct tc_speaker_stats stats;
	tc_speaker_stats(f->speaker, &stats);
	assert_true(stats.packets >= 6);
}

static void play_before_the_voice_is_ready_starts_with_its_first_sound(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(tc_speaker_open(f->speaker, 1), 0);
	assert_int_equal(tc_speaker_play(f->speaker, 1), 0);
	feed(f, 1, 40);
	assert_int_equal(next(f).kind, STARTED);
	tc_speaker_finish(f->speaker, 1);
	assert_int_equal(next(f).kind, ENDED);
}

static void a_cut_ends_an_answer_long_before_its_end(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(tc_speaker_open(f->speaker, 1), 0);
	tc_speaker_mark(f->speaker, 1, 0, 4);
	feed(f, 1, 1000);
	tc_speaker_mark(f->speaker, 1, 5, 4);
	feed(f, 1, 1000);
	assert_int_equal(tc_speaker_play(f->speaker, 1), 0);
	assert_int_equal(next(f).kind, STARTED);
	assert_int_equal(next(f).kind, CLAUSE);
	tc_speaker_cut(f->speaker, 1);
	struct told end = next(f);
	assert_int_equal(end.kind, ENDED);
	assert_true(end.cut);
	assert_int_equal(end.heard, 4);
	tc_speaker_close(f->speaker, 1);
	int16_t pcm[48] = {0};
	assert_false(tc_speaker_feed(f->speaker, 1, pcm, 48)); /* the voice is told to stop */
}

static void a_newer_answer_takes_the_place_of_the_older(void **state)
{
	struct fixture *f = *state;
	for (uint32_t answer = 1; answer <= 2; answer++) {
		assert_int_equal(tc_speaker_open(f->speaker, answer), 0);
		feed(f, answer, 100);
		tc_speaker_finish(f->speaker, answer);
	}
	tc_speaker_play(f->speaker, 1);
	assert_int_equal(next(f).answer, 1);
	tc_speaker_play(f->speaker, 2);
	struct told told = next(f);
	assert_int_equal(told.kind, ENDED);
	assert_int_equal(told.answer, 1);
	assert_true(told.cut);
	assert_int_equal(next(f).answer, 2);
	told = next(f);
	assert_int_equal(told.answer, 2);
	assert_false(told.cut);
}

static void there_is_room_for_so_many_answers_only(void **state)
{
	struct fixture *f = *state;
	uint32_t answer = 1;
	while (tc_speaker_open(f->speaker, answer) == 0) {
		assert_true(answer < 16);
		answer++;
	}
	assert_true(answer > 2);
	tc_speaker_close(f->speaker, 1);
	assert_int_equal(tc_speaker_open(f->speaker, answer), 0);
	assert_int_equal(tc_speaker_play(f->speaker, 1), -ENOENT);
}

static void destroyed_in_mid_word_it_tells_what_was_heard(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(tc_speaker_open(f->speaker, 1), 0);
	tc_speaker_mark(f->speaker, 1, 0, 4);
	feed(f, 1, 2000);
	assert_int_equal(tc_speaker_play(f->speaker, 1), 0);
	assert_int_equal(next(f).kind, STARTED);
	assert_int_equal(next(f).kind, CLAUSE);
	tc_speaker_cut(f->speaker, 1);
	tc_speaker_destroy(f->speaker); /* with the cut still in its queue */
	f->speaker = NULL;
	struct told end;
	assert_true(tc_queue_pop(f->told, &end));
	assert_int_equal(end.kind, ENDED);
	assert_int_equal(end.heard, 4);
	assert_true(end.cut);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_is_started_and_heard_to_its_end),
		TEST(play_before_the_voice_is_ready_starts_with_its_first_sound),
		TEST(a_cut_ends_an_answer_long_before_its_end),
		TEST(a_newer_answer_takes_the_place_of_the_older),
		TEST(there_is_room_for_so_many_answers_only),
		TEST(destroyed_in_mid_word_it_tells_what_was_heard),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
