// SPDX-License-Identifier: Apache-2.0
#include "speech/dictionary.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static bool starts_with_a(void *user, const char *word)
{
	assert_null(strpbrk(word, " (\t\n"));
	return *word == 'a';
}

static bool nothing(void *user, const char *word)
{
	return false;
}

static void write_file(char *path)
{
	static const char text[] = "and AE N D\nand(2) AH N D\nbe B IY\nable EY B AH L\n\nb(2) B\n";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	close(fd);
}

static void known_words_stay_with_all_ways_to_say_them(void **state)
{
	char path[] = "/tmp/tricall-dict-XXXXXX", got[200] = "";
	write_file(path);
	int fd = tc_dictionary_cut(path, starts_with_a, NULL);
	assert_true(fd >= 0);
	assert_true(pread(fd, got, sizeof(got) - 1, 0) > 0);
	assert_string_equal(got, "and AE N D\nand(2) AH N D\nable EY B AH L\n");
	close(fd);
	assert_int_equal(tc_dictionary_cut(path, nothing, NULL), -ENOENT);
	unlink(path);
	assert_int_equal(tc_dictionary_cut(path, starts_with_a, NULL), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_words_stay_with_all_ways_to_say_them),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
