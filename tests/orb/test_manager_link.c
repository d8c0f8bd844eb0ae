// SPDX-License-Identifier: Apache-2.0
/* The channel to a parent that reads slowly, or goes. */
#include <setjmp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "orb/manager_link.h"

#define TURNS 100000

struct fixture {
	struct tc_loop *loop;
	struct tc_manager_link *link;
	int parent;
	int messages, closed, drained;
	enum tc_channel_type last;
};

static void on_message(void *user, const struct tc_channel_message *message)
{
	struct fixture *f = user;
	f->messages++;
	f->last = message->type;
}

static void on_closed(void *user)
{
	((struct fixture *)user)->closed++;
}

static void on_drained(void *user)
{
	((struct fixture *)user)->drained++;
}

static int setup(void **state)
{
	static const struct tc_manager_link_events events = {on_message, on_closed, on_drained};
	struct fixture *f = calloc(1, sizeof(*f));
	int ends[2];
	char number[16];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	f->parent = ends[0];
	fcntl(f->parent, F_SETFL, O_NONBLOCK);
	snprintf(number, sizeof(number), "%d", ends[1]);
	setenv("NODE_CHANNEL_FD", number, true);
	assert_int_equal(tc_loop_create(&f->loop), 0);
	assert_int_equal(tc_manager_link_create(&f->link, f->loop, &events, f), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	tc_manager_link_destroy(f->link);
	tc_loop_destroy(f->loop);
	if (f->parent >= 0) {
		close(f->parent);
	}
	free(f);
	return 0;
}

/* Sends lines until the parent's socket is full. Returns the bytes of them. */
static size_t fill(struct fixture *f)
{
	size_t sent = 0;
	while (!tc_manager_link_busy(f->link)) {
		struct tc_buf line;
		tc_buf_init(&line);
		for (int i = 0; i < 1000; i++) {
			tc_buf_puts(&line, "0123456789");
		}
		sent += line.len;
		tc_manager_link_send(f->link, &line);
		tc_buf_finish(&line);
		assert_true(sent < 100u * 1000 * 1000);
	}
	return sent;
}

static void a_slow_parent_gets_all_of_it_and_then_we_are_told(void **state)
{
	struct fixture *f = *state;
	size_t sent = fill(f), got = 0;
	assert_int_equal(f->drained, 0);
	for (int turn = 0; turn < TURNS && (got < sent || !f->drained); turn++) {
		char chunk[4096];
		ssize_t n = read(f->parent, chunk, sizeof(chunk));
		got += n > 0 ? (size_t)n : 0;
		tc_loop_turn(f->loop, n < 0);
	}
	assert_int_equal(got, sent);
	assert_int_equal(f->drained, 1);
	assert_false(tc_manager_link_busy(f->link));
	assert_int_equal(f->closed, 0);
}

static void a_parent_that_goes_is_told_once_and_nothing_waits_for_it(void **state)
{
	struct fixture *f = *state;
	fill(f);
	close(f->parent);
	f->parent = -1;
	for (int turn = 0; turn < TURNS && !f->closed; turn++) {
		tc_loop_turn(f->loop, true);
	}
	assert_int_equal(f->closed, 1);
	assert_int_equal(f->drained, 0);
	assert_false(tc_manager_link_busy(f->link));
	struct tc_buf line;
	tc_buf_init(&line);
	tc_buf_puts(&line, "{}\n");
	tc_manager_link_send(f->link, &line); /* goes nowhere */
	assert_int_equal(line.len, 0);
	tc_buf_finish(&line);
	assert_false(tc_manager_link_busy(f->link));
}

static void messages_come_whole_and_nonsense_is_dropped(void **state)
{
	struct fixture *f = *state;
	const char *pieces[] = {"{\"type\":\"shutdown_",
				"graceful\",\"reason\":\"idle_timeout\"}\n", "nonsense\n",
				"{\"cmd\":\"NODE_HANDLE\"}\n"};
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		size_t len = strlen(pieces[i]);
		assert_int_equal(write(f->parent, pieces[i], len), len);
		tc_loop_turn(f->loop, true);
		assert_int_equal(f->messages, i >= 1);
	}
	assert_int_equal(f->last, TC_CHANNEL_SHUTDOWN_GRACEFUL);
}

static void without_a_channel_there_is_no_link(void **state)
{
	static const struct tc_manager_link_events events = {on_message, on_closed, NULL};
	struct fixture *f = *state;
	struct tc_manager_link *link = NULL;
	unsetenv("NODE_CHANNEL_FD");
	assert_int_equal(tc_manager_link_create(&link, f->loop, &events, f), -ENOENT);
	setenv("NODE_CHANNEL_FD", "909090", true);
	assert_int_equal(tc_manager_link_create(&link, f->loop, &events, f), -EBADF);
	setenv("NODE_CHANNEL_FD", "x", true);
	assert_int_equal(tc_manager_link_create(&link, f->loop, &events, f), -EBADF);
	assert_false(tc_manager_link_busy(NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_slow_parent_gets_all_of_it_and_then_we_are_told),
		TEST(a_parent_that_goes_is_told_once_and_nothing_waits_for_it),
		TEST(messages_come_whole_and_nonsense_is_dropped),
		TEST(without_a_channel_there_is_no_link),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
