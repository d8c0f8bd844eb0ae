// SPDX-License-Identifier: Apache-2.0
#include "rtc/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <unistd.h>

struct seen {
	struct tc_loop *loop;
	struct tc_timer *timer;
	struct tc_watch *watch;
	int count, stop_at, fd;
	char order[8];
};

static struct tc_loop *make_loop(void)
{
	struct tc_loop *loop = NULL;
	assert_int_equal(tc_loop_create(&loop), 0);
	return loop;
}

static void count_up(void *user)
{
	struct seen *seen = user;
	if (++seen->count >= seen->stop_at) {
		tc_timer_cancel(seen->timer);
		seen->timer = NULL;
		tc_loop_quit(seen->loop);
	}
}

static void a_repeating_timer_runs_until_cancelled_from_its_own_callback(void **state)
{
	struct seen seen = {.loop = make_loop(), .stop_at = 3};
	seen.timer = tc_loop_timer(seen.loop, 1, true, count_up, &seen);
	tc_loop_run(seen.loop);
	assert_int_equal(seen.count, 3);
	assert_null(seen.timer);
	while (tc_loop_turn(seen.loop, false)) {
	}
	assert_int_equal(seen.count, 3);
	tc_loop_destroy(seen.loop);
}

static void quit_it(void *user)
{
	struct seen *seen = user;
	seen->count++;
	tc_loop_quit(seen->loop);
}

static void a_one_shot_timer_runs_once_and_is_still_ours_to_cancel(void **state)
{
	struct seen seen = {.loop = make_loop()};
	seen.timer = tc_loop_timer(seen.loop, 0, false, quit_it, &seen);
	tc_loop_run(seen.loop);
	while (tc_loop_turn(seen.loop, false)) {
	}
	assert_int_equal(seen.count, 1);
	tc_timer_cancel(seen.timer);
	tc_timer_cancel(NULL);
	tc_loop_destroy(seen.loop);
}

static void first(void *user)
{
	struct seen *seen = user;
	seen->order[seen->count++] = 'a';
}

static void second(void *user)
{
	struct seen *seen = user;
	seen->order[seen->count++] = 'b';
	tc_loop_quit(seen->loop);
}

static void *post_both(void *user)
{
	struct seen *seen = user;
	tc_loop_post(seen->loop, first, seen);
	tc_loop_post(seen->loop, second, seen);
	return NULL;
}

static void work_posted_from_another_thread_runs_in_order(void **state)
{
	struct seen seen = {.loop = make_loop()};
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, post_both, &seen), 0);
	tc_loop_run(seen.loop);
	pthread_join(thread, NULL);
	assert_string_equal(seen.order, "ab");
	tc_loop_destroy(seen.loop);
}

static void read_byte(void *user)
{
	struct seen *seen = user;
	char byte;
	assert_int_equal(read(seen->fd, &byte, 1), 1);
	seen->count++;
	tc_watch_cancel(seen->watch);
	seen->watch = NULL;
	tc_loop_quit(seen->loop);
}

static void a_watch_tells_when_its_descriptor_is_readable(void **state)
{
	struct seen seen = {.loop = make_loop()};
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	seen.fd = fds[0];
	seen.watch = tc_loop_watch(seen.loop, fds[0], read_byte, &seen);
	assert_false(tc_loop_turn(seen.loop, false));
	assert_int_equal(write(fds[1], "xy", 2), 2);
	tc_loop_run(seen.loop);
	while (tc_loop_turn(seen.loop, false)) {
	}
	assert_int_equal(seen.count, 1);
	close(fds[0]);
	close(fds[1]);
	tc_loop_destroy(seen.loop);
}

static void what_was_posted_before_destroy_still_runs(void **state)
{
	struct seen seen = {.loop = make_loop()};
	assert_int_equal(tc_loop_post(seen.loop, first, &seen), 0);
	tc_loop_destroy(seen.loop);
	assert_int_equal(seen.count, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_repeating_timer_runs_until_cancelled_from_its_own_callback),
		cmocka_unit_test(a_one_shot_timer_runs_once_and_is_still_ours_to_cancel),
		cmocka_unit_test(work_posted_from_another_thread_runs_in_order),
		cmocka_unit_test(a_watch_tells_when_its_descriptor_is_readable),
		cmocka_unit_test(what_was_posted_before_destroy_still_runs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
