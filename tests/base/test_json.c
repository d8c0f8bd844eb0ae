// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "mock/oom.h"

static struct tc_json parse(const char *text)
{
	struct tc_json value;
	assert_int_equal(tc_json_parse(&value, text, strlen(text), NULL), 0);
	return value;
}

static void well_formed_texts_are_accepted(void **state)
{
	static const char *const good[] = {"{}",
					   "[]",
					   "0",
					   "-0",
					   "-1.5e+3",
					   "1E5",
					   "true",
					   "false",
					   "null",
					   "\"\"",
					   " \t\r\n[ 1 , 2 ] ",
					   "{\"a\":{\"b\":[{}]}}",
					   "\"\\u00e9\\ud83d\\ude00\"",
					   "\"\xc3\xa9\xf0\x9f\x98\x80\"",
					   "\"\x7f\""};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct tc_json value;
		if (tc_json_parse(&value, good[i], strlen(good[i]), NULL)) {
			fail_msg("refused: %s", good[i]);
		}
	}
}

static void malformed_texts_are_refused_with_the_place(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} bad[] = {
		{"", 0},
		{" ", 1},
		{"{", 1},
		{"[1,]", 3},
		{"[1 2]", 3},
		{"{\"a\"}", 4},
		{"{\"a\":}", 5},
		{"{a:1}", 1},
		{"{\"a\":1,}", 7},
		{"[1}", 2},
		{"01", 1},
		{"1.", 2},
		{".5", 0},
		{"1e", 2},
		{"+1", 0},
		{"nul", 0},
		{"truex", 4},
		{"{} x", 3},
		{"\"", 1},
		{"\"\\x\"", 3},
		{"\"\\u12g4\"", 5},
		{"\"a\nb\"", 2},
		{"\"\xc0\xaf\"", 1},
		{"\"\xed\xa0\x80\"", 1},
		{"\"\xf4\x90\x80\x80\"", 1},
		{"\"\xc3\"", 1},
		{"'a'", 0},
		{"]", 0},
		{"NaN", 0},
		{"[1", 2},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tc_json value;
		size_t at = 999;
		int err = tc_json_parse(&value, bad[i].text, strlen(bad[i].text), &at);
		if (err != -TC_EPARSE || at != bad[i].at) {
			fail_msg("%s: error %d at %zu", bad[i].text, err, at);
		}
	}
	struct tc_json value;
	assert_int_equal(tc_json_parse(&value, "\"\0\"", 3, NULL), -TC_EPARSE);
}

static void depth_has_a_limit(void **state)
{
	char text[2 * TC_JSON_MAX_DEPTH + 2];
	struct tc_json value;
	for (int depth = TC_JSON_MAX_DEPTH; depth <= TC_JSON_MAX_DEPTH + 1; depth++) {
		memset(text, '[', (size_t)depth);
		memset(text + depth, ']', (size_t)depth);
		assert_int_equal(tc_json_parse(&value, text, 2 * (size_t)depth, NULL),
				 depth > TC_JSON_MAX_DEPTH ? -TC_ELIMIT : 0);
	}
}

static void of_two_members_the_last_counts(void **state)
{
	int64_t v;
	struct tc_json object = parse("{\"a\":1,\"b\":{\"a\":9},\"\\u0061\":2}");
	assert_int_equal(tc_json_get_int(object, "a", &v), 0);
	assert_int_equal(v, 2);
	assert_int_equal(tc_json_get_int(object, "c", &v), -ENOENT);
	assert_int_equal(tc_json_get_int(object, "b", &v), -EINVAL);
	struct tc_json out = object;
	assert_false(tc_json_get(parse("[1]"), "a", &out));
	assert_int_equal(tc_json_type(out), TC_JSON_NONE);
}

static void strings_are_unescaped(void **state)
{
	char out[64];
	struct tc_json v = parse("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\\ud800x\"");
	assert_int_equal(tc_json_str(v, out, sizeof(out)), 8 + 2 + 4 + 3 + 1);
	assert_string_equal(out, "\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbdx");
	assert_true(tc_json_str_eq(v, out));
	assert_false(tc_json_str_eq(v, "\"\\/"));
	char *copy = tc_json_strdup(v);
	assert_string_equal(copy, out);
	free(copy);
}

static void a_string_needs_room_for_its_end(void **state)
{
	char out[4];
	assert_int_equal(tc_json_str(parse("\"abc\""), out, 4), 3);
	assert_int_equal(tc_json_str(parse("\"abcd\""), out, 4), -ENOSPC);
	assert_int_equal(tc_json_str(parse("\"\""), out, 1), 0);
	assert_string_equal(out, "");
	assert_int_equal(tc_json_str(parse("12"), out, 4), -EINVAL);
	assert_int_equal(tc_json_str(parse("\"a\\u0000\""), out, 4), -EINVAL);
	assert_null(tc_json_strdup(parse("\"a\\u0000\"")));
	assert_null(tc_json_strdup(parse("[]")));
	assert_false(tc_json_str_eq(parse("1"), "1"));
	assert_true(tc_json_str_eq(parse("\"\""), ""));
}

static void numbers_are_whole_only_where_they_are(void **state)
{
	static const struct {
		const char *text;
		int err;
		int64_t v;
	} cases[] = {
		{"0", 0, 0},
		{"-7", 0, -7},
		{"1e3", 0, 1000},
		{"2.0", 0, 2},
		{"9007199254740991", 0, 9007199254740991},
		{"9007199254740993", -EINVAL, 0},
		{"1.5", -EINVAL, 0},
		{"1e400", -EINVAL, 0},
		{"\"1\"", -EINVAL, 0},
		{"true", -EINVAL, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t v = 0;
		assert_int_equal(tc_json_int(parse(cases[i].text), &v), cases[i].err);
		assert_true(v == cases[i].v);
	}
	double d;
	assert_int_equal(tc_json_double(parse("-2.5e-1"), &d), 0);
	assert_true(d == -0.25);
	bool b = false;
	assert_int_equal(tc_json_bool(parse("true"), &b), 0);
	assert_true(b);
	assert_int_equal(tc_json_bool(parse("1"), &b), -EINVAL);
}

static void walking_meets_every_value_once(void **state)
{
	struct tc_json_iter it =
		tc_json_iter(parse(" { \"a\" : [1,\"]\",{}] , \"b,:}\" : \"\\\"\" , \"c\":-1 } "));
	assert_true(tc_json_next(&it) && tc_json_str_eq(it.key, "a"));
	struct tc_json_iter inner = tc_json_iter(it.value);
	assert_true(tc_json_next(&inner) && tc_json_type(inner.value) == TC_JSON_NUMBER);
	assert_true(tc_json_next(&inner) && tc_json_str_eq(inner.value, "]"));
	assert_true(tc_json_next(&inner) && tc_json_type(inner.value) == TC_JSON_OBJECT);
	assert_false(tc_json_next(&inner));
	assert_true(tc_json_next(&it) && tc_json_str_eq(it.key, "b,:}"));
	assert_true(tc_json_str_eq(it.value, "\""));
	assert_true(tc_json_next(&it) && it.value.len == 2);
	assert_false(tc_json_next(&it));
	it = tc_json_iter(parse("5"));
	assert_false(tc_json_next(&it));
}

static void what_is_written_is_what_was_meant(void **state)
{
	struct tc_buf buf;
	struct tc_json_writer w;
	tc_buf_init(&buf);
	tc_json_writer_init(&w, &buf);
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "s", "a\"\\\n\x01\xc3\xa9");
	tc_json_field_str(&w, "none", NULL);
	tc_json_key(&w, "list");
	tc_json_begin_array(&w);
	tc_json_put_int(&w, INT64_MIN);
	tc_json_put_double(&w, 0.5);
	tc_json_put_double(&w, NAN);
	tc_json_put_bool(&w, true);
	tc_json_begin_array(&w);
	tc_json_end_array(&w);
	tc_json_put_raw(&w, parse("{\"x\":1}"));
	tc_json_end_array(&w);
	tc_json_field_bool(&w, "f", false);
	tc_json_field_int(&w, "i", -3);
	tc_json_field_double(&w, "d", 1e21);
	tc_json_end_object(&w);
	assert_string_equal(tc_buf_str(&buf),
			    "{\"s\":\"a\\\"\\\\\\n\\u0001\xc3\xa9\",\"none\":null,\"list\":["
			    "-9223372036854775808,0.5,null,true,[],{\"x\":1}],\"f\":false,\"i\":-3,"
			    "\"d\":1e+21}");
	parse(tc_buf_str(&buf));
	tc_buf_finish(&buf);
}

static void what_is_no_utf8_is_replaced(void **state)
{
	struct tc_buf buf;
	struct tc_json_writer w;
	tc_buf_init(&buf);
	tc_json_writer_init(&w, &buf);
	tc_json_put_strn(&w,
			 "a\xff"
			 "b\xc3\0",
			 5);
	const char *text = tc_buf_str(&buf);
	assert_string_equal(text, "\"a\xef\xbf\xbd"
				  "b\xef\xbf\xbd\\u0000\"");
	parse(text);
	tc_buf_finish(&buf);
}

static void a_copy_without_memory_is_null(void **state)
{
	struct tc_json v = parse("\"text\"");
	bool through = false;
	TC_OOM_LOOP(n)
	{
		char *copy = tc_json_strdup(v);
		through = copy != NULL;
		free(copy);
	}
	assert_true(through);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed_texts_are_accepted),
		cmocka_unit_test(malformed_texts_are_refused_with_the_place),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(of_two_members_the_last_counts),
		cmocka_unit_test(strings_are_unescaped),
		cmocka_unit_test(a_string_needs_room_for_its_end),
		cmocka_unit_test(numbers_are_whole_only_where_they_are),
		cmocka_unit_test(walking_meets_every_value_once),
		cmocka_unit_test(what_is_written_is_what_was_meant),
		cmocka_unit_test(what_is_no_utf8_is_replaced),
		cmocka_unit_test(a_copy_without_memory_is_null),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
