// SPDX-License-Identifier: Apache-2.0
/* The manager's pure parts: state table, command line, environment, output lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/log.h"
#include "mock/oom.h"
#include "server/orbs/argv.h"
#include "server/orbs/lines.h"
#include "server/orbs/priv.h"

static void the_state_table_allows_what_the_picture_shows(void **state)
{
	/* Rows: from; columns: off spawning ready unresponsive draining gone failed full. */
	static const char *const picture[] = {
		"-x-----x", /* off */
		"--xxx-x-", /* spawning */
		"---xxxx-", /* ready */
		"-xx-xxx-", /* unresponsive */
		"-----xx-", /* draining */
		"-x-----x", /* gone */
		"xx-----x", /* failed */
		"xx------", /* full */
	};
	for (int from = TC_ORB_OFF; from <= TC_ORB_FULL; from++) {
		for (int to = TC_ORB_OFF; to <= TC_ORB_FULL; to++) {
			assert_int_equal(
				tc_orb_may_step((enum tc_orb_state)from, (enum tc_orb_state)to),
				picture[from][to] == 'x');
		}
	}
}

static void people_hear_only_the_words_of_the_contract(void **state)
{
	static const char contract[] = "off spawning ready unresponsive restarting failed full";
	for (int i = TC_ORB_OFF; i <= TC_ORB_FULL; i++) {
		assert_non_null(strstr(contract, tc_orb_state_str((enum tc_orb_state)i)));
	}
	assert_string_equal(tc_orb_state_str(TC_ORB_DRAINING), "off");
	assert_string_equal(tc_orb_state_name(TC_ORB_DRAINING), "draining");
}

static void a_command_is_split_at_spaces_and_quotes(void **state)
{
	static const struct {
		const char *command;
		const char *words[5];
	} cases[] = {
		{"node aiorb.js", {"node", "aiorb.js"}},
		{"  node   'a b.js'  ", {"node", "a b.js"}},
		{"\"/opt/my node/node\" --x=\"y z\"", {"/opt/my node/node", "--x=y z"}},
		{"a\\ b \"c\\\"d\" 'e\\f'", {"a b", "c\"d", "e\\f"}},
		{"a '' b", {"a", "", "b"}},
		{"   ", {NULL}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tc_strings out = {0};
		assert_int_equal(tc_orb_split_command(&out, cases[i].command), 0);
		size_t n = 0;
		for (; cases[i].words[n]; n++) {
			assert_true(n < out.count);
			assert_string_equal(out.list[n], cases[i].words[n]);
		}
		assert_int_equal(out.count, n);
		tc_strings_finish(&out);
	}
	struct tc_strings out = {0};
	assert_int_equal(tc_orb_split_command(&out, "a \"b"), -EINVAL);
	tc_strings_finish(&out);
}

static void the_environment_hides_secrets_and_sets_anew(void **state)
{
	char *base[] = {(char[]){"PATH=/bin"},      (char[]){"API_KEYS=a:b"},
			(char[]){"ORB_TOKEN=old"},  (char[]){"TURN_SECRET=x"},
			(char[]){"API_KEYS_NOT=1"}, NULL};
	struct tc_strings extra = {0}, out = {0};
	tc_strings_addf(&extra, "ORB_TOKEN=%s", "new");
	tc_orb_environment(&out, base, &extra);
	assert_int_equal(out.err, 0);
	assert_int_equal(out.count, 3);
	assert_string_equal(out.list[0], "PATH=/bin");
	assert_string_equal(out.list[1], "API_KEYS_NOT=1");
	assert_string_equal(out.list[2], "ORB_TOKEN=new");
	assert_null(out.list[3]);
	tc_strings_finish(&out);
	tc_strings_finish(&extra);
}

static void lists_without_memory_say_so(void **state)
{
	int err = -1;
	TC_OOM_LOOP(n)
	{
		struct tc_strings out = {0};
		err = tc_orb_split_command(&out, "a 'b c' d");
		assert_true(err == 0 || err == -ENOMEM);
		tc_strings_finish(&out);
	}
	assert_int_equal(err, 0);
}

struct seen {
	char last[2048];
	int infos, warnings;
};

static void on_log(void *user, enum tc_log_level level, const char *topic, const char *tag,
		   const char *text)
{
	struct seen *seen = user;
	seen->infos += level == TC_LOG_INFO;
	seen->warnings += level == TC_LOG_WARN;
	snprintf(seen->last, sizeof(seen->last), "%s: %s", tag, text);
}

static void push(struct tc_lines *lines, const char *text, int64_t now_ms)
{
	tc_lines_push(lines, text, strlen(text), now_ms);
}

static void output_becomes_lines_of_bounded_length(void **state)
{
	struct seen seen = {0};
	struct tc_lines lines;
	char big[5000];
	tc_log_set_sink(on_log, &seen);
	tc_lines_init(&lines, "room r1", 0);
	push(&lines, "one\ntw", 0);
	assert_string_equal(seen.last, "room r1: one");
	push(&lines, "o\r\n\n\n", 0);
	assert_string_equal(seen.last, "room r1: two");
	assert_int_equal(seen.infos, 2); /* empty ones are not worth a line */
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	push(&lines, big, 0);
	push(&lines, big, 0);
	push(&lines, "\nafter\n", 0);
	assert_int_equal(seen.infos, 4);
	assert_string_equal(seen.last, "room r1: after");
	push(&lines, "rest", 0);
	tc_lines_flush(&lines, 0);
	assert_string_equal(seen.last, "room r1: rest");
	tc_log_set_sink(NULL, NULL);
}

static void a_flood_is_counted_and_forgiven_in_time(void **state)
{
	struct seen seen = {0};
	struct tc_lines lines;
	tc_log_set_sink(on_log, &seen);
	tc_lines_init(&lines, "room r1", 1000);
	for (int i = 0; i < 10000; i++) {
		push(&lines, "flood\n", 1000);
	}
	assert_int_equal(seen.infos, TC_LINES_BURST);
	assert_int_equal(seen.warnings, 0);
	push(&lines, "later\n", 2000); /* a second gives TC_LINES_RATE more */
	assert_int_equal(seen.warnings, 1);
	assert_string_equal(seen.last, "room r1: later");
	for (int i = 0; i < 10000; i++) {
		push(&lines, "flood\n", 2000);
	}
	assert_int_equal(seen.infos, TC_LINES_BURST + TC_LINES_RATE);
	tc_lines_flush(&lines, 2000); /* what was lost is said at the end */
	assert_int_equal(seen.warnings, 2);
	assert_string_equal(seen.last, "room r1: 9951 lines of output were dropped");
	tc_log_set_sink(NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_state_table_allows_what_the_picture_shows),
		cmocka_unit_test(people_hear_only_the_words_of_the_contract),
		cmocka_unit_test(a_command_is_split_at_spaces_and_quotes),
		cmocka_unit_test(the_environment_hides_secrets_and_sets_anew),
		cmocka_unit_test(lists_without_memory_say_so),
		cmocka_unit_test(output_becomes_lines_of_bounded_length),
		cmocka_unit_test(a_flood_is_counted_and_forgiven_in_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
