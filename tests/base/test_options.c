// SPDX-License-Identifier: Apache-2.0
#include "base/options.h"

#include <errno.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "base/json.h"
#include "mock/oom.h"

struct settings {
	char *host;
	int64_t port;
	bool enable_orbs;
	char *log_format;
	char *turn_secret;
};

static const struct tc_option table[] = {
	{.name = "T_HOST",
	 .type = TC_OPTION_STR,
	 .offset = offsetof(struct settings, host),
	 .initial = "127.0.0.1",
	 .doc = "address to listen on"},
	{.name = "T_PORT",
	 .type = TC_OPTION_INT,
	 .offset = offsetof(struct settings, port),
	 .initial = "3000",
	 .min = 0,
	 .max = 65535,
	 .doc = "port"},
	{.name = "T_ENABLE_ORBS",
	 .type = TC_OPTION_BOOL,
	 .offset = offsetof(struct settings, enable_orbs),
	 .initial = "true",
	 .doc = "orbs"},
	{.name = "T_LOG_FORMAT",
	 .type = TC_OPTION_ENUM,
	 .offset = offsetof(struct settings, log_format),
	 .initial = "text",
	 .choices = "text|json",
	 .doc = "format"},
	{.name = "T_TURN_SECRET",
	 .type = TC_OPTION_STR,
	 .offset = offsetof(struct settings, turn_secret),
	 .secret = true,
	 .doc = "secret"},
};

#define ROWS (sizeof(table) / sizeof(table[0]))

struct fixture {
	struct tc_options o;
	struct settings s;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	*state = f;
	return f ? tc_options_init(&f->o, table, ROWS, &f->s) : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < ROWS; i++) {
		unsetenv(table[i].name);
	}
	tc_options_finish(&f->o);
	free(f);
	return 0;
}

static void defaults_fill_the_config(void **state)
{
	struct fixture *f = *state;
	assert_string_equal(f->s.host, "127.0.0.1");
	assert_int_equal(f->s.port, 3000);
	assert_true(f->s.enable_orbs);
	assert_string_equal(f->s.log_format, "text");
	assert_null(f->s.turn_secret);
	assert_int_equal(f->o.source[1], TC_FROM_DEFAULT);
}

static int load_text(struct fixture *f, const char *text)
{
	char path[] = "/tmp/tc-options-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	int err = tc_options_load_file(&f->o, path);
	unlink(path);
	return err;
}

static void a_stronger_source_wins(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = {"prog", "--t-port=5", NULL};
	int argc = 2;
	assert_int_equal(load_text(f, "T_PORT=3\nT_HOST=file\nT_ENABLE_ORBS=off\n"), 0);
	setenv("T_PORT", "4", 1);
	setenv("T_HOST", "environment", 1);
	assert_int_equal(tc_options_load_env(&f->o), 0);
	assert_int_equal(tc_options_load_flags(&f->o, &argc, (char **)argv), 0);
	assert_int_equal(f->s.port, 5);
	assert_int_equal(f->o.source[1], TC_FROM_FLAG);
	assert_string_equal(f->s.host, "environment");
	assert_int_equal(f->o.source[0], TC_FROM_ENVIRONMENT);
	assert_false(f->s.enable_orbs);
	assert_int_equal(f->o.source[2], TC_FROM_FILE);
}

static void a_file_may_have_comments_quotes_and_foreign_keys(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(load_text(f, "# comment\n\n  export T_HOST = \"a b\" \r\nOTHER=1\n"
				      "T_TURN_SECRET='x=y'\nT_LOG_FORMAT=json"),
			 0);
	assert_string_equal(f->s.host, "a b");
	assert_string_equal(f->s.turn_secret, "x=y");
	assert_string_equal(f->s.log_format, "json");
	assert_int_equal(tc_options_load_file(&f->o, "/nowhere/at/all"), 0);
}

static void a_bad_line_is_named_with_its_number(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(load_text(f, "T_HOST=x\nT_PORT=many\n"), -EINVAL);
	assert_non_null(strstr(f->o.error, ":2: T_PORT=many: expected a whole number from 0 to "
					   "65535"));
	assert_int_equal(f->s.port, 3000);
	assert_int_equal(load_text(f, "nonsense\n"), -EINVAL);
	assert_non_null(strstr(f->o.error, ":1: expected NAME=value"));
}

static void a_value_that_does_not_parse_says_what_was_expected(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *name, *value, *error;
	} bad[] = {
		{"T_PORT", "65536", "T_PORT=65536: expected a whole number from 0 to 65535"},
		{"T_PORT", "-1", "T_PORT=-1: expected a whole number from 0 to 65535"},
		{"T_PORT", "", "T_PORT=: expected a whole number from 0 to 65535"},
		{"T_PORT", "3x", "T_PORT=3x: expected a whole number from 0 to 65535"},
		{"T_PORT", "99999999999999999999",
		 "T_PORT=99999999999999999999: expected a whole number from 0 to 65535"},
		{"T_ENABLE_ORBS", "maybe", "T_ENABLE_ORBS=maybe: expected true or false"},
		{"T_LOG_FORMAT", "xml", "T_LOG_FORMAT=xml: expected text|json"},
		{"T_LOG_FORMAT", "tex", "T_LOG_FORMAT=tex: expected text|json"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(
			tc_options_set(&f->o, bad[i].name, bad[i].value, TC_FROM_ENVIRONMENT),
			-EINVAL);
		assert_string_equal(f->o.error, bad[i].error);
	}
	assert_int_equal(tc_options_set(&f->o, "T_NONE", "1", TC_FROM_FLAG), -ENOENT);
	assert_int_equal(f->s.port, 3000);
	assert_int_equal(f->o.source[1], TC_FROM_DEFAULT);
}

static void an_error_names_the_flag_that_was_typed(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = {"prog", "--t-log-format", "xml", NULL};
	int argc = 3;
	assert_int_equal(tc_options_set(&f->o, "T_LOG_FORMAT", "text", TC_FROM_ENVIRONMENT), 0);
	assert_int_equal(tc_options_load_flags(&f->o, &argc, (char **)argv), -EINVAL);
	assert_string_equal(f->o.error, "--t-log-format=xml: expected text|json");
	char spelling[TC_OPTION_NAME_SIZE];
	assert_string_equal(tc_options_spelling(&f->o, "T_LOG_FORMAT", spelling), "T_LOG_FORMAT");
	assert_int_equal(tc_options_set(&f->o, "T_LOG_FORMAT", "json", TC_FROM_FLAG), 0);
	assert_string_equal(tc_options_spelling(&f->o, "T_LOG_FORMAT", spelling), "--t-log-format");
}

static void flags_are_taken_and_the_rest_stays_in_order(void **state)
{
	struct fixture *f = *state;
	const char *argv[] = {"prog",
			      "serve",
			      "--t-host",
			      "h",
			      "--unknown=1",
			      "--no-t-enable-orbs",
			      "--t-log-format=json",
			      "x",
			      "--",
			      "--t-port=9",
			      NULL};
	int argc = 10;
	assert_int_equal(tc_options_load_flags(&f->o, &argc, (char **)argv), 0);
	static const char *const left[] = {"prog", "serve", "--unknown=1", "x", "--", "--t-port=9"};
	assert_int_equal(argc, 6);
	for (int i = 0; i < argc; i++) {
		assert_string_equal(argv[i], left[i]);
	}
	assert_null(argv[argc]);
	assert_string_equal(f->s.host, "h");
	assert_false(f->s.enable_orbs);
	assert_int_equal(f->s.port, 3000); /* behind the -- */
}

static void a_bare_boolean_flag_means_true_and_others_need_a_value(void **state)
{
	struct fixture *f = *state;
	const char *on[] = {"prog", "--no-t-enable-orbs", "--t-enable-orbs", "falsely", NULL};
	int argc = 4;
	assert_int_equal(tc_options_load_flags(&f->o, &argc, (char **)on), 0);
	assert_true(f->s.enable_orbs);
	assert_int_equal(argc, 2);
	assert_string_equal(on[1], "falsely"); /* no word of a bool's: not taken */
	const char *last[] = {"prog", "--no-t-enable-orbs", "--t-enable-orbs", NULL};
	argc = 3;
	assert_int_equal(tc_options_load_flags(&f->o, &argc, (char **)last), 0);
	assert_true(f->s.enable_orbs);
	assert_int_equal(argc, 1);
	const char *missing[] = {"prog", "--t-port", NULL};
	argc = 2;
	assert_int_equal(tc_options_load_flags(&f->o, &argc, (char **)missing), -EINVAL);
	assert_string_equal(f->o.error, "--t-port: expected a value");
	const char *negated[] = {"prog", "--no-t-port", NULL}; /* not boolean: not ours */
	argc = 2;
	assert_int_equal(tc_options_load_flags(&f->o, &argc, (char **)negated), 0);
	assert_int_equal(argc, 2);
}

static void a_boolean_flag_takes_the_value_behind_it(void **state)
{
	struct fixture *f = *state;
	const char *off[] = {"prog", "--t-enable-orbs", "false", "rest", NULL};
	int argc = 4;
	assert_int_equal(tc_options_load_flags(&f->o, &argc, (char **)off), 0);
	assert_false(f->s.enable_orbs);
	assert_int_equal(argc, 2);
	assert_string_equal(off[1], "rest");
	const char *on[] = {"prog", "--t-enable-orbs", "On", "--t-port", "81", NULL};
	argc = 5;
	assert_int_equal(tc_options_load_flags(&f->o, &argc, (char **)on), 0);
	assert_true(f->s.enable_orbs);
	assert_int_equal(f->s.port, 81);
	assert_int_equal(argc, 1);
	/* --no-name says all there is to say. */
	const char *no[] = {"prog", "--no-t-enable-orbs", "true", NULL};
	argc = 3;
	assert_int_equal(tc_options_load_flags(&f->o, &argc, (char **)no), 0);
	assert_false(f->s.enable_orbs);
	assert_int_equal(argc, 2);
}

static void secrets_are_never_shown(void **state)
{
	struct fixture *f = *state;
	struct tc_buf out;
	tc_buf_init(&out);
	assert_int_equal(tc_options_set(&f->o, "T_TURN_SECRET", "hush", TC_FROM_FLAG), 0);
	tc_options_print(&f->o, &out, false);
	assert_non_null(strstr(tc_buf_str(&out), "T_TURN_SECRET=***  # flag\n"));
	assert_non_null(strstr(tc_buf_str(&out), "T_PORT=3000  # default\n"));
	tc_options_print(&f->o, &out, true);
	tc_options_help(&f->o, &out);
	tc_options_markdown(&f->o, &out);
	assert_null(strstr(tc_buf_str(&out), "hush"));
	assert_non_null(strstr(tc_buf_str(&out), "--t-turn-secret"));
	tc_buf_finish(&out);
}

static void json_output_is_json(void **state)
{
	struct fixture *f = *state;
	struct tc_buf out;
	struct tc_json object, row;
	char text[32];
	tc_buf_init(&out);
	assert_int_equal(tc_options_set(&f->o, "T_HOST", "quo\"te", TC_FROM_FILE), 0);
	tc_options_print(&f->o, &out, true);
	assert_int_equal(tc_json_parse(&object, out.data, out.len, NULL), 0);
	assert_true(tc_json_get(object, "T_HOST", &row));
	assert_true(tc_json_get_str(row, "value", text, sizeof(text)) > 0);
	assert_string_equal(text, "quo\"te");
	assert_true(tc_json_get_str(row, "source", text, sizeof(text)) > 0);
	assert_string_equal(text, "file");
	tc_buf_finish(&out);
}

static void a_table_that_contradicts_itself_is_refused(void **state)
{
	struct settings s;
	struct tc_options o;
	struct tc_option wrong = table[1];
	wrong.initial = "70000";
	assert_int_equal(tc_options_init(&o, &wrong, 1, &s), -EINVAL);
	assert_non_null(strstr(o.error, "T_PORT=70000"));
}

static void without_memory_nothing_is_left_behind(void **state)
{
	int err = -1;
	TC_OOM_LOOP(n)
	{
		struct settings s;
		struct tc_options o;
		err = tc_options_init(&o, table, ROWS, &s);
		if (!err) {
			tc_options_finish(&o);
		} else {
			assert_int_equal(err, -ENOMEM);
			assert_non_null(strstr(o.error, "out of memory"));
		}
	}
	assert_int_equal(err, 0);
}

#define WITH_OPTIONS(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OPTIONS(defaults_fill_the_config),
		WITH_OPTIONS(a_stronger_source_wins),
		WITH_OPTIONS(a_file_may_have_comments_quotes_and_foreign_keys),
		WITH_OPTIONS(a_bad_line_is_named_with_its_number),
		WITH_OPTIONS(a_value_that_does_not_parse_says_what_was_expected),
		WITH_OPTIONS(an_error_names_the_flag_that_was_typed),
		WITH_OPTIONS(flags_are_taken_and_the_rest_stays_in_order),
		WITH_OPTIONS(a_bare_boolean_flag_means_true_and_others_need_a_value),
		WITH_OPTIONS(a_boolean_flag_takes_the_value_behind_it),
		WITH_OPTIONS(secrets_are_never_shown),
		WITH_OPTIONS(json_output_is_json),
		cmocka_unit_test(a_table_that_contradicts_itself_is_refused),
		cmocka_unit_test(without_memory_nothing_is_left_behind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
