// SPDX-License-Identifier: Apache-2.0
#include "orb/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void a_name_gives_its_words(void **state)
{
	struct tc_names names = {0};
	assert_int_equal(tc_names_add(&names, "Zbigniew O'Hara-Nowak"), 3);
	assert_string_equal(names.word[0], "zbigniew");
	assert_string_equal(names.word[1], "hara");
	assert_string_equal(names.word[2], "nowak");
}

static void accents_go_and_other_scripts_are_left_out(void **state)
{
	struct tc_names names = {0};
	assert_int_equal(tc_names_add(&names, "Zo\xc3\xab \xc3\x89lodie "
					      "\xd0\x90\xd0\xbd\xd0\xbd\xd0\xb0 Wo\xc5\x82oszyn"),
			 2);
	assert_string_equal(names.word[0], "zoe");
	assert_string_equal(names.word[1], "elodie");
}

static void initials_numbers_and_long_words_are_left_out(void **state)
{
	struct tc_names names = {0};
	char longest[TC_NAMES_SIZE], longer[TC_NAMES_SIZE + 1];
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memset(longer, 'b', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(tc_names_add(&names, "J. R. Al Ben2 42 (Sue)"), 1);
	assert_string_equal(names.word[0], "sue");
	assert_int_equal(tc_names_add(&names, longer), 0);
	assert_int_equal(tc_names_add(&names, longest), 1);
	assert_int_equal(tc_names_add(&names, ""), 0);
	assert_int_equal(tc_names_add(&names, "\xc3"), 0);
}

static void a_word_is_learnt_once_and_not_without_end(void **state)
{
	struct tc_names names = {0};
	char name[16];
	assert_int_equal(tc_names_add(&names, "Anna ANNA"), 1);
	assert_int_equal(tc_names_add(&names, "anna"), 0);
	for (int i = 0; i < 26; i++) {
		snprintf(name, sizeof(name), "name%c", 'a' + i);
		tc_names_add(&names, name);
	}
	assert_int_equal(names.count, TC_NAMES_WORDS);
	assert_int_equal(tc_names_add(&names, "another"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_gives_its_words),
		cmocka_unit_test(accents_go_and_other_scripts_are_left_out),
		cmocka_unit_test(initials_numbers_and_long_words_are_left_out),
		cmocka_unit_test(a_word_is_learnt_once_and_not_without_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
