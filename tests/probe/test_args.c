// SPDX-License-Identifier: Apache-2.0
/* The probe's flags: what is taken, what is refused with which line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "mock/oom.h"
#include "probe/args.h"

static struct tc_probe_args args;
static char error[300];

static int parse(int count, const char *const *flags)
{
	char *argv[24] = {(char *)"probe"};
	memcpy(argv + 1, flags, (size_t)count * sizeof(*flags));
	return tc_probe_args_parse(&args, count + 1, argv, error, sizeof(error));
}
#define PARSE(...) parse(TC_COUNT(((const char *[]){__VA_ARGS__})), (const char *[]){__VA_ARGS__})

static int setup(void **state)
{
	unsetenv("API_KEYS");
	unsetenv("PROBE_TOKEN");
	unsetenv("PROBE_COOKIE");
	unsetenv("TURN_SECRET");
	error[0] = '\0';
	return chdir("/"); /* no .env */
}

static int teardown(void **state)
{
	tc_probe_args_finish(&args);
	return 0;
}

static void a_room_and_a_token_are_enough(void **state)
{
	assert_int_equal(PARSE("--url=ws://h:1", "--room", "r", "--token", "a.b.c"), 0);
	assert_string_equal(args.url, "ws://h:1");
	assert_int_equal(args.rooms, 0);
	assert_int_equal(args.timeout_s, 15);
	assert_string_equal(args.role, "client");
	assert_false(args.json || args.second || args.silent);
	assert_false(tc_probe_args_local(&args));
}

static void a_page_address_becomes_a_sockets(void **state)
{
	assert_int_equal(PARSE("--url=https://call.example/x", "--rooms=3", "--key=k"), 0);
	assert_string_equal(args.url, "wss://call.example/x");
	tc_probe_args_finish(&args);
	assert_int_equal(PARSE("--url=http://localhost:3000", "--room=r", "--key=k"), 0);
	assert_string_equal(args.url, "ws://localhost:3000");
	assert_true(tc_probe_args_local(&args));
}

static void a_token_or_a_cookie_may_be_in_the_environment(void **state)
{
	assert_int_equal(PARSE("--url=ws://h", "--room=r"), -EINVAL);
	tc_probe_args_finish(&args);
	setenv("PROBE_COOKIE", "a=b", 1);
	assert_int_equal(PARSE("--url=ws://h", "--room=r"), 0);
	assert_string_equal(args.probe_cookie, "a=b");
}

static void a_second_token_means_a_second_person(void **state)
{
	assert_int_equal(PARSE("--url=ws://h", "--room=r", "--token=a.b.c", "--second-token=d.e.f"),
			 0);
	assert_true(args.second);
}

static void refused(int err, const char *line)
{
	assert_int_equal(err, -EINVAL);
	assert_non_null(strstr(error, line));
	assert_null(strchr(error, '\n'));
	tc_probe_args_finish(&args);
}

static void what_does_not_fit_together_is_refused(void **state)
{
	char long_room[140] = "--room=";
	memset(long_room + 7, 'x', 124);
	refused(PARSE("--room=r", "--key=k"), "--url");
	refused(PARSE("--url=tcp://h", "--room=r", "--key=k"), "expected ws://");
	refused(PARSE("--url=ws://h:99999", "--room=r", "--key=k"), "expected ws://");
	refused(PARSE("--url=ws://h", "--room=r", "--key=k", "--token=t"), "not both");
	refused(PARSE("--url=ws://h", "--rooms=2", "--token=t"), "--rooms needs --key");
	refused(PARSE("--url=ws://h", "--key=k"), "--room=ID or --rooms=N");
	refused(PARSE("--url=ws://h", "--room=r", "--token=t", "--second"), "--second-token");
	refused(PARSE("--url=ws://h", "--room=r", "--key=k", "--second-token=t"), "not both");
	refused(PARSE("--url=ws://h", "--room=r r", "--key=k"), "--room=r r: expected");
	refused(PARSE("--url=ws://h", long_room, "--key=k"), "expected 1-123");
	refused(PARSE("--url=ws://h", "--room=r", "--key=k", "--silent", "--play=f"), "not both");
	refused(PARSE("--url=ws://h", "--room=r", "--key=k", "--role=admin"), "coach|client");
	refused(PARSE("--url=ws://h", "--room=r", "--key=k", "--rooms=1001"), "1000");
	refused(PARSE("--url=ws://h", "--room=r", "--key=k", "--relay"), "--turn");
	refused(PARSE("--url=ws://h", "--room=r", "--key=k", "what"), "unexpected what");
	assert_int_equal(PARSE("--help"), 0);
	assert_true(args.help);
}

static void a_failed_allocation_leaves_nothing(void **state)
{
	TC_OOM_LOOP(n)
	{
		int err = PARSE("--url=http://h", "--room=r", "--key=k");
		assert_true(!err || err == -ENOMEM);
		tc_probe_args_finish(&args);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_room_and_a_token_are_enough),
		TEST(a_page_address_becomes_a_sockets),
		TEST(a_token_or_a_cookie_may_be_in_the_environment),
		TEST(a_second_token_means_a_second_person),
		TEST(what_does_not_fit_together_is_refused),
		TEST(a_failed_allocation_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
