// SPDX-License-Identifier: Apache-2.0
#include "base/pristine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZE ((size_t)1024 * 1024)

static char *map_block(void)
{
	char *block = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(block, MAP_FAILED);
	memset(block, 'p', SIZE);
	return block;
}

/* Exit codes tell where it went wrong: cmocka's asserts are the parent's. */
static int in_fork(struct tc_pristine *p, char *block, char *before)
{
	memset(block, 'x', SIZE);
	if (tc_pristine_return(p) != 0) {
		return 1; /* nothing reads as it did */
	}
	memset(block, 'p', SIZE);
	block[SIZE / 2] = 'y';
	memset(before, 'q', SIZE);
	ssize_t page = sysconf(_SC_PAGESIZE);
	if (tc_pristine_return(p) != (ssize_t)SIZE - page) {
		return 2; /* all but the page that differs */
	}
	for (size_t i = 0; i < SIZE; i++) {
		if (block[i] != (i == SIZE / 2 ? 'y' : 'p') || before[i] != 'q') {
			return 3;
		}
	}
	if (tc_pristine_return(p) != 0) {
		return 4; /* what went back is not private any more */
	}
	/* A block that took the place of one that is gone: it reads the same, and must stay. */
	if (mmap(block, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED) {
		return 5;
	}
	memset(block, 'p', SIZE);
	return tc_pristine_return(p) == 0 && block[0] == 'p' && block[SIZE - 1] == 'p' ? 0 : 6;
}

static void a_fork_goes_back_to_pages_that_read_as_before(void **state)
{
	struct tc_pristine *p;
	char *before = map_block();
	assert_int_equal(tc_pristine_begin(&p), 0);
	char *block = map_block();
	int err = tc_pristine_keep(p);
	if (err == -ENOTSUP) { /* a sanitizer */
		tc_pristine_destroy(p);
		skip();
	}
	assert_int_equal(err, 0);
	for (size_t i = 0; i < SIZE; i++) {
		assert_int_equal(block[i], 'p');
	}
	pid_t pid = fork();
	if (pid == 0) {
		_exit(in_fork(p, block, before));
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	tc_pristine_destroy(p);
	assert_int_equal(block[SIZE - 1], 'p'); /* it is still mapped */
	munmap(block, SIZE);
	munmap(before, SIZE);
}

static void nothing_kept_is_nothing_to_return(void **state)
{
	struct tc_pristine *p;
	assert_int_equal(tc_pristine_begin(&p), 0);
	assert_int_equal(tc_pristine_return(p), 0);
	tc_pristine_destroy(p);
	tc_pristine_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fork_goes_back_to_pages_that_read_as_before),
		cmocka_unit_test(nothing_kept_is_nothing_to_return),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
