// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

static void ids_are_1_to_128_of_the_allowed_characters(void **state)
{
	char text[130];
	memset(text, 'a', sizeof(text));
	text[128] = '\0';
	assert_true(tc_id_valid(text));
	text[128] = 'a';
	text[129] = '\0';
	assert_false(tc_id_valid(text));
	assert_false(tc_id_valid(""));
	assert_true(tc_id_valid("aZ09_.:@-"));
	for (int c = 1; c < 256; c++) {
		char one[2] = {(char)c, '\0'};
		bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			       (c >= '0' && c <= '9') || strchr("_.:@-", c) != NULL;
		assert_int_equal(tc_id_valid(one), allowed);
	}
	assert_false(tc_id_valid_n("a\0b", 3));
	assert_true(tc_id_valid_n("a b", 1));
}

static void random_ids_are_valid_and_differ(void **state)
{
	static char ids[1000][27];
	for (int i = 0; i < 1000; i++) {
		tc_id_random(ids[i], 26);
		assert_int_equal(strlen(ids[i]), 26);
		assert_true(tc_id_valid(ids[i]));
		assert_int_equal(strspn(ids[i], "abcdefghijklmnopqrstuvwxyz234567"), 26);
	}
	qsort(ids, 1000, 27, (int (*)(const void *, const void *))strcmp);
	for (int i = 1; i < 1000; i++) {
		assert_string_not_equal(ids[i - 1], ids[i]);
	}
}

static void random_bytes_reach_the_last(void **state)
{
	unsigned char bytes[1000] = {0};
	int zeros = 0;
	tc_random_bytes(bytes, 999);
	for (int i = 0; i < 999; i++) {
		zeros += bytes[i] == 0;
	}
	assert_true(zeros < 60); /* 4 are expected; 60 would be a piece left out */
	assert_int_equal(bytes[999], 0);
}

static void every_error_has_a_text(void **state)
{
	assert_string_equal(tc_err_str(-TC_EPARSE), "malformed input");
	assert_string_equal(tc_err_str(TC_ELIMIT), "a limit was exceeded");
	assert_string_equal(tc_err_str(-ENOENT), "No such file or directory");
	assert_string_equal(tc_err_str(0), "no error");
	assert_string_equal(tc_err_str(-99999), "unknown error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_1_to_128_of_the_allowed_characters),
		cmocka_unit_test(random_ids_are_valid_and_differ),
		cmocka_unit_test(random_bytes_reach_the_last),
		cmocka_unit_test(every_error_has_a_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
