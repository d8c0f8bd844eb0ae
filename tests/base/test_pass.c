// SPDX-License-Identifier: Apache-2.0
#include "base/pass.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static void open_pair(int pair[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
}

static void close_pair(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

static void a_message_brings_its_descriptors(void **state)
{
	int pair[2], ends[2], fds[TC_PASS_MAX];
	char text[16];
	open_pair(pair);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(tc_pass_send(pair[0], "hello", 5, (const int[]){ends[1], ends[0]}, 2), 0);
	assert_int_equal(tc_pass_recv(pair[1], text, sizeof(text), fds), 5);
	assert_memory_equal(text, "hello", 5);
	assert_true(fds[0] >= 0 && fds[1] >= 0 && fds[2] == -1 && fds[3] == -1);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(fds[0], "x", 1), 1); /* the pipe's writing end */
	assert_int_equal(read(ends[0], text, 1), 1);
	close(fds[0]);
	close(fds[1]);
	close_pair(ends);
	close_pair(pair);
}

static void a_message_may_come_without(void **state)
{
	int pair[2], fds[TC_PASS_MAX] = {5, 5, 5, 5};
	char text[16];
	open_pair(pair);
	assert_int_equal(tc_pass_send(pair[0], "a", 1, NULL, 0), 0);
	assert_int_equal(tc_pass_recv(pair[1], text, sizeof(text), fds), 1);
	for (int i = 0; i < TC_PASS_MAX; i++) {
		assert_int_equal(fds[i], -1);
	}
	close_pair(pair);
}

static void what_does_not_fit_is_lost_with_its_descriptors(void **state)
{
	int pair[2], fds[TC_PASS_MAX];
	char small[2];
	open_pair(pair);
	int next = dup(0);
	close(next);
	assert_int_equal(tc_pass_send(pair[0], "hello", 5, pair, 1), 0);
	assert_int_equal(tc_pass_recv(pair[1], small, sizeof(small), fds), -EMSGSIZE);
	assert_int_equal(fds[0], -1);
	int after = dup(0);
	assert_int_equal(after, next); /* none stayed open */
	close(after);
	close_pair(pair);
}

static void the_end_and_nothing_are_told_apart(void **state)
{
	int pair[2], fds[TC_PASS_MAX];
	char text[16];
	open_pair(pair);
	assert_int_equal(tc_pass_recv(pair[1], text, sizeof(text), fds), -EAGAIN);
	assert_int_equal(fds[0], -1);
	close(pair[0]);
	assert_int_equal(tc_pass_recv(pair[1], text, sizeof(text), fds), 0);
	assert_int_equal(tc_pass_send(pair[1], "a", 1, NULL, 0), -EPIPE);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_brings_its_descriptors),
		cmocka_unit_test(a_message_may_come_without),
		cmocka_unit_test(what_does_not_fit_is_lost_with_its_descriptors),
		cmocka_unit_test(the_end_and_nothing_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
