// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "base/json.h"

static struct tc_log_topic ice = {.name = "rtc.ice"};
static struct tc_log_topic web = {.name = "server.ws"};
static char last[4096];
static int count;

static void on_line(void *user, enum tc_log_level level, const char *topic, const char *tag,
		    const char *text)
{
	snprintf(last, sizeof(last), "%s %s %s %s", tc_log_level_str(level), topic, tag ? tag : "-",
		 text);
	count++;
}

static int setup(void **state)
{
	count = 0;
	last[0] = '\0';
	tc_log_set_sink(on_line, NULL);
	return tc_log_init("info", TC_LOG_TEXT);
}

static int teardown(void **state)
{
	tc_log_set_sink(NULL, NULL);
	return tc_log_init("info", TC_LOG_TEXT);
}

static void levels_go_by_topic_and_the_last_match_wins(void **state)
{
	assert_true(tc_log_on(&ice, TC_LOG_INFO));
	assert_false(tc_log_on(&ice, TC_LOG_DEBUG));
	assert_int_equal(tc_log_init("warn,rtc.*=debug,rtc.i*=error", TC_LOG_TEXT), 0);
	assert_true(tc_log_on(&ice, TC_LOG_ERROR)); /* the cached level is renewed */
	assert_false(tc_log_on(&ice, TC_LOG_WARN));
	assert_true(tc_log_on(&web, TC_LOG_WARN));
	assert_false(tc_log_on(&web, TC_LOG_INFO));
}

static void a_wrong_spec_changes_nothing(void **state)
{
	static const char *const bad[] = {"loud", "info,rtc.*=", "rtc.*=loud",
					  "a=info,b=info,c=info,d=info,e=info,f=info,g=info,h=info,"
					  "i=info,j=info,k=info,l=info,m=info,n=info,o=info,p=info,"
					  "q=info"};
	assert_int_equal(tc_log_init("debug", TC_LOG_TEXT), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(tc_log_init(bad[i], TC_LOG_TEXT), -EINVAL);
		assert_true(tc_log_on(&ice, TC_LOG_DEBUG));
	}
	assert_int_equal(tc_log_level_parse("trace"), TC_LOG_TRACE);
	assert_int_equal(tc_log_level_parse("TRACE"), -1);
}

static void a_line_stays_one_line_and_errno_stays(void **state)
{
	errno = EBUSY;
	tc_log_write(&ice, TC_LOG_WARN, "peer 7f", "name is %s", "a\nb\x1b[31mc");
	assert_int_equal(errno, EBUSY);
	assert_string_equal(last, "warn rtc.ice peer 7f name is a b [31mc");
	tc_log_write(&ice, TC_LOG_INFO, NULL, "x");
	assert_string_equal(last, "info rtc.ice - x");
}

TC_LOG_TOPIC("test.topic");

static int touched;

static int touch(void)
{
	return ++touched;
}

static void what_is_off_costs_nothing(void **state)
{
	TC_DEBUG(NULL, "%d", touch());
	assert_int_equal(touched, 0);
	TC_INFO("tag", "%d", touch());
	assert_int_equal(touched, 1);
	assert_string_equal(last, "info test.topic tag 1");
	assert_int_equal(count, 1);
}

/* What tc_log_write() puts on stderr. */
static size_t written(const char *text, char *out, size_t size)
{
	int pipe_fds[2];
	int saved = dup(STDERR_FILENO);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_true(saved >= 0 && dup2(pipe_fds[1], STDERR_FILENO) >= 0);
	tc_log_set_sink(NULL, NULL);
	tc_log_write(&ice, TC_LOG_INFO, "tag \"q\"\x01", "%s", text);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipe_fds[1]);
	ssize_t n = read(pipe_fds[0], out, size - 1);
	close(pipe_fds[0]);
	assert_true(n > 0);
	out[n] = '\0';
	return (size_t)n;
}

static void a_text_line_has_time_level_topic_and_tag(void **state)
{
	char line[8192];
	size_t n = written("hello", line, sizeof(line));
	assert_int_equal(line[n - 1], '\n');
	assert_int_equal(line[4], '-');
	assert_non_null(strstr(line, "Z info  rtc.ice: tag \"q\""));
	assert_non_null(strstr(line, ": hello\n"));
}

static void a_json_line_is_json_whatever_is_in_it(void **state)
{
	char text[3000];
	static const char fills[] = {'x', '"', '\\', '\xff', '\n'};
	assert_int_equal(tc_log_init("info", TC_LOG_JSON), 0);
	for (size_t i = 0; i < sizeof(fills); i++) {
		char line[16384], topic[32];
		struct tc_json object;
		memset(text, fills[i], sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		size_t n = written(text, line, sizeof(line));
		assert_int_equal(line[n - 1], '\n');
		assert_int_equal(tc_json_parse(&object, line, n - 1, NULL), 0);
		assert_true(tc_json_get_str(object, "topic", topic, sizeof(topic)) > 0);
		assert_string_equal(topic, "rtc.ice");
		assert_true(tc_json_get(object, "msg", &object));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(levels_go_by_topic_and_the_last_match_wins, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_wrong_spec_changes_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_line_stays_one_line_and_errno_stays, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_off_costs_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(a_text_line_has_time_level_topic_and_tag, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_json_line_is_json_whatever_is_in_it, setup,
						teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
