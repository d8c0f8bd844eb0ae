// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cmocka.h>

struct seen {
	char name[16];
	int nice;
};

static void *picture(void *arg)
{
	struct seen *seen = arg;
	tc_thread_begin("painter", TC_THREAD_PICTURE);
	prctl(PR_GET_NAME, seen->name);
	seen->nice = getpriority(PRIO_PROCESS, 0);
	return NULL;
}

static void a_thread_stands_back_alone(void **state)
{
	struct seen seen;
	pthread_t thread;
	int before = getpriority(PRIO_PROCESS, 0);
	assert_int_equal(pthread_create(&thread, NULL, picture, &seen), 0);
	pthread_join(thread, NULL);
	assert_string_equal(seen.name, "painter");
	assert_int_equal(seen.nice,
			 before + TC_THREAD_PICTURE > 19 ? 19 : before + TC_THREAD_PICTURE);
	assert_int_equal(getpriority(PRIO_PROCESS, 0), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_stands_back_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
