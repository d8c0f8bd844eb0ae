// SPDX-License-Identifier: Apache-2.0
#include "rtc/jitter.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock/oom.h"

#define MS 1000

static struct tc_jitter *make(void)
{
	struct tc_jitter *j = NULL;
	assert_int_equal(tc_jitter_create(&j, &(struct tc_jitter_config){0}), 0);
	return j;
}

/* Packet number n of 20 ms: its content is its number. */
static int push_at(struct tc_jitter *j, uint16_t seq, uint32_t ts, int64_t at_us)
{
	return tc_jitter_push(j, &(struct tc_jitter_packet){.seq = seq,
							    .ts = ts,
							    .level = 40,
							    .data = (const uint8_t *)&seq,
							    .len = sizeof(seq),
							    .ticks = 960,
							    .arrival_us = at_us});
}

static int push(struct tc_jitter *j, int n, int64_t at_us)
{
	return push_at(j, (uint16_t)n, (uint32_t)n * 960u, at_us);
}

static enum tc_jitter_what pop(struct tc_jitter *j, int64_t now, struct tc_jitter_out *out)
{
	return tc_jitter_pop(j, now, out);
}

static void packets_in_order_leave_at_once(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	for (int n = 65500; n < 65600; n++) { /* over the wrap */
		int64_t at = n * 20LL * MS;
		assert_int_equal(push(j, n, at), 0);
		assert_int_equal(pop(j, at, &out), TC_JITTER_PACKET);
		assert_int_equal(out.seq, (uint16_t)n);
		assert_int_equal(out.ticks, 960);
		assert_int_equal(out.gap, 0);
		assert_int_equal(out.level, 40);
		assert_int_equal(out.arrival_us, at);
		assert_int_equal(out.reset, n == 65500);
		assert_memory_equal(out.data, &out.seq, 2);
		assert_int_equal(pop(j, at, &out), TC_JITTER_NOTHING);
		assert_int_equal(tc_jitter_next_us(j), -1);
	}
	tc_jitter_destroy(j);
}

static void two_that_changed_places_come_out_in_order(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	push(j, 0, 0);
	assert_int_equal(pop(j, 0, &out), TC_JITTER_PACKET);
	push(j, 2, 40 * MS);
	assert_int_equal(pop(j, 40 * MS, &out), TC_JITTER_NOTHING);
	assert_int_equal(tc_jitter_next_us(j), 60 * MS); /* one frame: a quiet path */
	push(j, 1, 45 * MS);
	assert_int_equal(pop(j, 45 * MS, &out), TC_JITTER_PACKET);
	assert_int_equal(out.seq, 1);
	assert_int_equal(pop(j, 45 * MS, &out), TC_JITTER_PACKET);
	assert_int_equal(out.seq, 2);
	tc_jitter_destroy(j);
}

static void one_lost_is_rebuilt_from_the_next(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	push(j, 0, 0);
	pop(j, 0, &out);
	push(j, 2, 40 * MS);
	assert_int_equal(pop(j, 59 * MS, &out), TC_JITTER_NOTHING);
	assert_int_equal(pop(j, tc_jitter_next_us(j), &out), TC_JITTER_FEC);
	assert_int_equal(out.ticks, 960);
	assert_int_equal(out.ts, 960);
	assert_int_equal(out.arrival_us, 20 * MS);
	assert_int_equal(out.level, -1);
	uint16_t next = 2;
	assert_memory_equal(out.data, &next, 2);
	assert_int_equal(pop(j, 60 * MS, &out), TC_JITTER_PACKET);
	assert_int_equal(out.seq, 2);
	assert_int_equal(out.gap, 0);
	assert_int_equal(push(j, 1, 61 * MS), -ETIME);
	struct tc_jitter_stats stats;
	tc_jitter_stats(j, &stats);
	assert_int_equal(stats.lost, 1);
	assert_int_equal(stats.fec, 1);
	assert_int_equal(stats.late, 1);
	tc_jitter_destroy(j);
}

static void of_three_lost_two_are_concealed_and_one_rebuilt(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	push(j, 0, 0);
	pop(j, 0, &out);
	push(j, 4, 80 * MS);
	assert_int_equal(pop(j, 100 * MS, &out), TC_JITTER_CONCEAL);
	assert_int_equal(out.arrival_us, 20 * MS);
	assert_null(out.data);
	assert_int_equal(pop(j, 100 * MS, &out), TC_JITTER_CONCEAL);
	assert_int_equal(pop(j, 100 * MS, &out), TC_JITTER_FEC);
	assert_int_equal(pop(j, 100 * MS, &out), TC_JITTER_PACKET);
	assert_int_equal(out.gap, 0);
	assert_int_equal(out.seq, 4);
	tc_jitter_destroy(j);
}

static void a_long_loss_is_a_gap_not_an_invention(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	push(j, 0, 0);
	pop(j, 0, &out);
	push(j, 21, 420 * MS);
	assert_int_equal(pop(j, 440 * MS, &out), TC_JITTER_PACKET);
	assert_int_equal(out.gap, 20 * 960);
	assert_false(out.reset);
	struct tc_jitter_stats stats;
	tc_jitter_stats(j, &stats);
	assert_int_equal(stats.lost, 20);
	assert_int_equal(stats.concealed_ticks, 0);
	tc_jitter_destroy(j);
}

static void silence_left_out_by_the_sender_is_a_gap(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	push_at(j, 1, 1000, 0);
	pop(j, 0, &out);
	push_at(j, 2, 1000 + 960 + 48000, 1020 * MS);
	assert_int_equal(pop(j, 1020 * MS, &out), TC_JITTER_PACKET);
	assert_int_equal(out.gap, 48000);
	assert_false(out.reset);
	tc_jitter_destroy(j);
}

static void a_jump_far_ahead_starts_anew(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	push(j, 0, 0);
	pop(j, 0, &out);
	push_at(j, 5000, 77, 20 * MS);
	assert_int_equal(pop(j, 20 * MS, &out), TC_JITTER_PACKET);
	assert_true(out.reset);
	assert_int_equal(out.gap, 0);
	/* Time that runs back under running numbers is another clock. */
	push_at(j, 5001, 0x80000000u, 40 * MS);
	assert_int_equal(pop(j, 40 * MS, &out), TC_JITTER_PACKET);
	assert_true(out.reset);
	tc_jitter_destroy(j);
}

static void a_sender_that_went_back_is_followed_after_four(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	push(j, 1000, 0);
	pop(j, 0, &out);
	assert_int_equal(push(j, 10, 20 * MS), -ETIME);
	assert_int_equal(push(j, 11, 40 * MS), -ETIME);
	assert_int_equal(push(j, 12, 60 * MS), -ETIME);
	assert_int_equal(push(j, 13, 80 * MS), 0);
	assert_int_equal(pop(j, 80 * MS, &out), TC_JITTER_PACKET);
	assert_true(out.reset);
	assert_int_equal(push(j, 14, 100 * MS), 0);
	assert_int_equal(pop(j, 100 * MS, &out), TC_JITTER_PACKET);
	assert_false(out.reset);
	tc_jitter_destroy(j);
}

static void a_burst_of_late_packets_is_no_restart(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	push(j, 0, 0);
	pop(j, 0, &out);
	push(j, 6, 120 * MS);
	while (pop(j, 400 * MS, &out) != TC_JITTER_NOTHING) {
	}
	for (int n = 1; n <= 5; n++) {
		assert_int_equal(push(j, n, 410 * MS), -ETIME);
	}
	assert_int_equal(push(j, 7, 420 * MS), 0);
	assert_int_equal(pop(j, 420 * MS, &out), TC_JITTER_PACKET);
	assert_false(out.reset);
	tc_jitter_destroy(j);
}

static void duplicates_are_dropped(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	push(j, 0, 0);
	assert_int_equal(push(j, 0, 0), -EALREADY);
	pop(j, 0, &out);
	assert_int_equal(push(j, 0, 1), -ETIME);
	assert_int_equal(push(j, 2, 40 * MS), 0);
	assert_int_equal(push(j, 2, 40 * MS), -EALREADY);
	uint8_t big[TC_JITTER_MAX_PACKET + 1] = {0};
	assert_int_equal(
		tc_jitter_push(
			j, &(struct tc_jitter_packet){.seq = 3, .data = big, .len = sizeof(big)}),
		-EMSGSIZE);
	tc_jitter_destroy(j);
}

/* A path with jitter: the target must grow with it, and shrink again when it has passed. */
static void the_wait_follows_the_path(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	struct tc_jitter_stats stats;
	srand(7);
	int n = 0;
	int64_t last = 0;
	for (; n < 1000; n++) {
		int64_t at = n * 20LL * MS + rand() % 80 * MS;
		last = at > last ? at : last; /* in order: a queue, not a shuffle */
		push(j, n, last);
		while (pop(j, last, &out) == TC_JITTER_PACKET) {
		}
	}
	tc_jitter_stats(j, &stats);
	assert_in_range(stats.target_ms, 60, 90);
	for (; n < 3000; n++) {
		push(j, n, n * 20LL * MS + 100 * MS);
		while (pop(j, n * 20LL * MS + 100 * MS, &out) == TC_JITTER_PACKET) {
		}
	}
	tc_jitter_stats(j, &stats);
	assert_in_range(stats.target_ms, 20, 25);
	assert_int_equal(stats.received, 3000);
	assert_int_equal(stats.lost, 0);
	tc_jitter_destroy(j);
}

static void an_hour_of_clock_drift_does_not_raise_the_wait(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	struct tc_jitter_stats stats;
	for (int n = 0; n < 180000; n++) { /* their clock 200 ppm slow, then fast */
		int64_t drift = n < 90000 ? n * 4LL : (180000 - n) * 4LL;
		int64_t at = n * 20LL * MS + drift;
		assert_int_equal(push(j, n, at), 0);
		assert_int_equal(pop(j, at, &out), TC_JITTER_PACKET);
	}
	tc_jitter_stats(j, &stats);
	assert_in_range(stats.target_ms, 20, 25);
	assert_int_equal(stats.resyncs, 0);
	tc_jitter_destroy(j);
}

/* 5 % lost, 5 % late by up to two packets: all sound accounted for, in order, to the tick. */
static void with_loss_and_reordering_no_tick_is_missing(void **state)
{
	enum { COUNT = 5000 };
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	int64_t ticks = 0, due[COUNT];
	int lost = 0;
	srand(42);
	for (int n = 0; n < COUNT; n++) {
		int dice = n == 0 || n == COUNT - 1 ? 99 : rand() % 100;
		due[n] = dice < 5 ? -1 : n * 20LL + (dice < 10 ? 50 : 5);
		lost += dice < 5;
	}
	for (int64_t now = 0; now < COUNT * 20LL + 500; now++) {
		for (int n = (int)(now / 20 > 3 ? now / 20 - 3 : 0); n < COUNT && n * 20 <= now;
		     n++) {
			if (due[n] == now) {
				push(j, n, now * MS);
			}
		}
		enum tc_jitter_what what;
		while ((what = pop(j, now * MS, &out)) != TC_JITTER_NOTHING) {
			assert_int_equal(out.ts, (uint32_t)(ticks += out.gap));
			ticks += out.ticks;
		}
	}
	struct tc_jitter_stats stats;
	tc_jitter_stats(j, &stats);
	assert_int_equal(ticks, COUNT * 960LL);
	assert_true((int)stats.lost >= lost && (int)stats.lost <= lost + (int)stats.late);
	/* It learns of the late ones: few of the 250 miss. */
	assert_true(stats.late < 25);
	assert_int_equal(stats.received + stats.late, COUNT - lost);
	tc_jitter_destroy(j);
}

static void ten_ms_packets_are_handled_too(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	uint8_t byte = 1;
	for (int n = 0; n < 50; n++) {
		if (n == 25) {
			continue;
		}
		tc_jitter_push(j, &(struct tc_jitter_packet){.seq = (uint16_t)n,
							     .ts = (uint32_t)n * 480,
							     .data = &byte,
							     .len = 1,
							     .ticks = 480,
							     .arrival_us = n * 10 * MS});
		enum tc_jitter_what what = pop(j, n * 10 * MS, &out);
		if (n == 27) { /* one frame (10 ms) of waiting is over */
			assert_int_equal(what, TC_JITTER_FEC);
			assert_int_equal(out.ticks, 480);
			assert_int_equal(pop(j, n * 10 * MS, &out), TC_JITTER_PACKET);
			assert_int_equal(pop(j, n * 10 * MS, &out), TC_JITTER_PACKET);
		} else {
			assert_int_equal(what, n == 26 ? TC_JITTER_NOTHING : TC_JITTER_PACKET);
		}
	}
	tc_jitter_destroy(j);
}

static void reset_forgets_the_stream(void **state)
{
	struct tc_jitter *j = make();
	struct tc_jitter_out out;
	push(j, 100, 0);
	pop(j, 0, &out);
	push(j, 102, 0);
	tc_jitter_reset(j);
	assert_int_equal(pop(j, 1000 * MS, &out), TC_JITTER_NOTHING);
	push(j, 50, 1000 * MS);
	assert_int_equal(pop(j, 1000 * MS, &out), TC_JITTER_PACKET);
	assert_true(out.reset);
	tc_jitter_destroy(j);
}

static void without_memory_there_is_no_buffer(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct tc_jitter *j = NULL;
		int err = tc_jitter_create(&j, &(struct tc_jitter_config){0});
		assert_true(err == 0 || (err == -ENOMEM && !j));
		tc_jitter_destroy(j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_in_order_leave_at_once),
		cmocka_unit_test(two_that_changed_places_come_out_in_order),
		cmocka_unit_test(one_lost_is_rebuilt_from_the_next),
		cmocka_unit_test(of_three_lost_two_are_concealed_and_one_rebuilt),
		cmocka_unit_test(a_long_loss_is_a_gap_not_an_invention),
		cmocka_unit_test(silence_left_out_by_the_sender_is_a_gap),
		cmocka_unit_test(a_jump_far_ahead_starts_anew),
		cmocka_unit_test(a_sender_that_went_back_is_followed_after_four),
		cmocka_unit_test(a_burst_of_late_packets_is_no_restart),
		cmocka_unit_test(duplicates_are_dropped),
		cmocka_unit_test(the_wait_follows_the_path),
		cmocka_unit_test(an_hour_of_clock_drift_does_not_raise_the_wait),
		cmocka_unit_test(with_loss_and_reordering_no_tick_is_missing),
		cmocka_unit_test(ten_ms_packets_are_handled_too),
		cmocka_unit_test(reset_forgets_the_stream),
		cmocka_unit_test(without_memory_there_is_no_buffer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
