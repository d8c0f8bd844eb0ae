// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "orb/args.h"

#define BASE \
	"aiorb", "--room=r1", "--session=s1", "--coach=c", "--client=k", "--cpu-host=127.0.0.1:3000"

static int parse(struct tc_orb_args *args, char *error, size_t size, int argc,
		 const char *const *argv)
{
	char *copy[16];
	assert_true(argc < 15);
	for (int i = 0; i < argc; i++) {
		copy[i] = (char *)argv[i];
	}
	copy[argc] = NULL;
	return tc_orb_args_parse(args, argc, copy, error, size);
}

static void the_guides_command_line_is_understood(void **state)
{
	const char *argv[] = {BASE, "--max-lifetime=7200000", "--idle-timeout=300000",
			      "--test-mode"};
	struct tc_orb_args args;
	char error[256] = "";
	assert_int_equal(parse(&args, error, sizeof(error), 9, argv), 0);
	assert_string_equal(args.room, "r1");
	assert_string_equal(args.client, "k");
	assert_int_equal(args.max_lifetime, 7200000);
	assert_true(args.test_mode);
	assert_string_equal(args.user_id, "ai-orb-s1");
	tc_orb_args_finish(&args);
}

static void the_tokens_subject_is_the_user_id(void **state)
{
	/* {"alg":"HS256"}.{"sub":"ai-orb-x7","role":"ai"}.sig */
	setenv("ORB_TOKEN", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhaS1vcmIteDciLCJyb2xlIjoiYWkifQ.c2ln",
	       1);
	const char *argv[] = {BASE};
	struct tc_orb_args args;
	char error[256] = "";
	assert_int_equal(parse(&args, error, sizeof(error), 6, argv), 0);
	assert_string_equal(args.user_id, "ai-orb-x7");
	tc_orb_args_finish(&args);
	unsetenv("ORB_TOKEN");
}

static void refused(int argc, const char *const *argv, const char *expected)
{
	struct tc_orb_args args;
	char error[256] = "";
	assert_int_not_equal(parse(&args, error, sizeof(error), argc, argv), 0);
	if (!strstr(error, expected)) {
		fail_msg("\"%s\" does not say \"%s\"", error, expected);
	}
	tc_orb_args_finish(&args);
}

static void what_is_wrong_is_named(void **state)
{
	refused(1, (const char *[]){"aiorb"}, "--room");
	refused(7, (const char *[]){BASE, "--colour=red"}, "--colour=red");
	refused(7, (const char *[]){BASE, "--max-lifetime=soon"}, "--max-lifetime=soon");
	refused(7, (const char *[]){BASE, "stray"}, "stray");
	refused(3, (const char *[]){"aiorb", "--room=a b", "--session=s"}, "a b");
	refused(3, (const char *[]){"aiorb", "--room=a", "--session=s"}, "--cpu-host");
	setenv("CPU_WEBSOCKET_URL", "http://x", 1);
	refused(3, (const char *[]){BASE}, "ws://");
	unsetenv("CPU_WEBSOCKET_URL");
	setenv("ORB_TLS_CA", "/nowhere/ca.pem", 1);
	refused(6, (const char *[]){BASE}, "ORB_TLS_CA=/nowhere/ca.pem: No such file");
	unsetenv("ORB_TLS_CA");
}

static void a_server_that_cannot_be_one_is_refused(void **state)
{
	static const char *const hosts[] = {
		"--cpu-host=h:99999", "--cpu-host=", "--cpu-host=h:80abc", "--cpu-host=:3000"};
	for (size_t i = 0; i < 4; i++) {
		const char *argv[] = {"aiorb", "--room=r1", "--session=s1", hosts[i]};
		refused(4, argv, hosts[i]);
	}
	setenv("ORB_BIND_ADDRESS", "9.9.9.999", 1);
	refused(6, (const char *[]){BASE}, "ORB_BIND_ADDRESS=9.9.9.999: expected an IP");
	unsetenv("ORB_BIND_ADDRESS");
}

static void expect_url(const char *flag, const char *env, const char *expected)
{
	const char *argv[] = {"aiorb", "--room=r1", "--session=s1", flag};
	struct tc_orb_args args;
	char error[256] = "";
	if (env) {
		setenv("CPU_WEBSOCKET_URL", env, 1);
	}
	assert_int_equal(parse(&args, error, sizeof(error), flag ? 4 : 3, argv), 0);
	assert_string_equal(args.server_url, expected);
	tc_orb_args_finish(&args);
	unsetenv("CPU_WEBSOCKET_URL");
}

static void the_flag_goes_before_the_environment(void **state)
{
	expect_url("--cpu-host=a:1", NULL, "ws://a:1");
	expect_url("--cpu-host=a:1", "wss://b:2", "ws://a:1");
	expect_url(NULL, "wss://b:2", "wss://b:2");
	expect_url("--cpu-host=a:1", "wss://a:1", "wss://a:1"); /* the same, and more of it */
	expect_url("--cpu-host=a:1/orb/T", "wss://a:1/x", "wss://a:1/x");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guides_command_line_is_understood),
		cmocka_unit_test(the_tokens_subject_is_the_user_id),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(a_server_that_cannot_be_one_is_refused),
		cmocka_unit_test(the_flag_goes_before_the_environment),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
