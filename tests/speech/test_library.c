// SPDX-License-Identifier: Apache-2.0
#include "speech/library.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct {
	double (*cos)(double x);
	int (*none_such)(void);
} lib;

static void a_library_is_opened_and_its_functions_are_called(void **state)
{
	const struct tc_symbol symbols[] = {TC_SYMBOL(lib, cos)};
	assert_int_equal(tc_library_open("libm.so.6", symbols, 1), 0);
	assert_true(lib.cos(0) == 1);
}

static void a_library_that_is_not_there_is_an_error(void **state)
{
	const struct tc_symbol symbols[] = {TC_SYMBOL(lib, none_such)};
	assert_int_equal(tc_library_open("libnone-such.so.9", symbols, 1), -ENOENT);
	assert_null(lib.none_such);
}

static void a_library_of_another_version_is_an_error(void **state)
{
	const struct tc_symbol symbols[] = {TC_SYMBOL(lib, cos), TC_SYMBOL(lib, none_such)};
	assert_int_equal(tc_library_open("libm.so.6", symbols, 2), -ENOENT);
	assert_null(lib.none_such);
}

/* An orb is in its room before these are read. */
static void nothing_of_speech_is_linked(void **state)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		assert_null(strstr(line, "libpocketsphinx"));
		assert_null(strstr(line, "libflite"));
	}
	fclose(maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_library_is_opened_and_its_functions_are_called),
		cmocka_unit_test(a_library_that_is_not_there_is_an_error),
		cmocka_unit_test(a_library_of_another_version_is_an_error),
		cmocka_unit_test(nothing_of_speech_is_linked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
