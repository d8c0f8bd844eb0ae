// SPDX-License-Identifier: Apache-2.0
#include "rtc/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
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

/* The descriptor GLib wakes itself with: the first that making a loop opens. */
static struct tc_loop *make_loop_and_find_wake_fd(int *wake_fd)
{
	char path[64], name[64] = "";
	*wake_fd = dup(STDIN_FILENO);
	assert_true(*wake_fd >= 0);
	close(*wake_fd);
	struct tc_loop *loop = make_loop();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", *wake_fd);
	assert_true(readlink(path, name, sizeof(name) - 1) > 0);
	assert_string_equal(name, "anon_inode:[eventfd]");
	return loop;
}

static void read_one(void *user)
{
	struct seen *seen = user;
	char byte;
	assert_int_equal(read(seen->fd, &byte, 1), 1);
	seen->count++;
}

static void a_watch_called_does_not_wake_the_loop_for_one_more_turn(void **state)
{
	int wake_fd, ends[2];
	struct seen seen = {.loop = make_loop_and_find_wake_fd(&wake_fd)};
	assert_int_equal(pipe(ends), 0);
	seen.fd = ends[0];
	seen.watch = tc_loop_watch(seen.loop, ends[0], read_one, &seen);
	while (tc_loop_turn(seen.loop, false)) { /* attaching it woke the loop */
	}
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_true(tc_loop_turn(seen.loop, true));
	assert_int_equal(seen.count, 1);
	struct pollfd wake = {.fd = wake_fd, .events = POLLIN};
	assert_int_equal(poll(&wake, 1, 0), 0);
	tc_watch_cancel(seen.watch);
	tc_loop_destroy(seen.loop);
	close(ends[0]);
	close(ends[1]);
}

static void marks_go_up_and_sparing_nothing_is_harmless(void **state)
{
	struct seen seen = {.loop = make_loop()};
	unsigned mark = tc_loop_mark(seen.loop);
	assert_true(tc_loop_mark(seen.loop) > mark);
	seen.timer = tc_loop_timer(seen.loop, 0, false, quit_it, &seen);
	tc_loop_spare_wakeups(seen.loop, mark);
	tc_loop_run(seen.loop);
	assert_int_equal(seen.count, 1);
	tc_timer_cancel(seen.timer);
	tc_loop_destroy(seen.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_repeating_timer_runs_until_cancelled_from_its_own_callback),
		cmocka_unit_test(a_one_shot_timer_runs_once_and_is_still_ours_to_cancel),
		cmocka_unit_test(work_posted_from_another_thread_runs_in_order),
		cmocka_unit_test(a_watch_tells_when_its_descriptor_is_readable),
		cmocka_unit_test(what_was_posted_before_destroy_still_runs),
		cmocka_unit_test(a_watch_called_does_not_wake_the_loop_for_one_more_turn),
		cmocka_unit_test(marks_go_up_and_sparing_nothing_is_harmless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
