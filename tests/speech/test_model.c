// SPDX-License-Identifier: Apache-2.0
// Is the recognizer's model there, and is it one?
#include "speech/model.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The least that passes for each file. */
static const struct {
	const char *name, *text;
} good[] = {
	{"en-us/mdef", "BMDF"},
	{"en-us/means", "s3\nversion 1.0\n"},
	{"en-us/variances", "s3\nversion 1.0\n"},
	{"en-us/transition_matrices", "s3\nversion 1.0\n"},
	{TC_SPEECH_MODEL_LM, "Trie Language Model"},
	{TC_SPEECH_MODEL_DICT, ";;; a comment\n\nhello HH AH L OW\n"},
};

static void put(const char *dir, const char *name, const char *text, size_t len)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void make_model(char *dir)
{
	char path[256];
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/en-us", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	for (size_t i = 0; i < COUNT(good); i++) {
		put(dir, good[i].name, good[i].text, strlen(good[i].text));
	}
}

static void remove_model(const char *dir)
{
	char path[256];
	for (size_t i = 0; i < COUNT(good); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, good[i].name);
		assert_int_equal(unlink(path), 0);
	}
	snprintf(path, sizeof(path), "%s/en-us", dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void the_installed_model_passes(void **state)
{
	char why[256] = "";
	assert_int_equal(tc_speech_model_check(NULL, why, sizeof(why)), 0);
	assert_string_equal(why, "");
}

static void files_of_that_name_with_something_else_in_them_do_not(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {
		{"\x7f\x45\x4c\x46\0\1\2\3", 8},
		{"<!doctype html>\n<title>Not found</title>\n", 41},
		{"version https://git-lfs.github.com/spec/v1\x01\n", 44},
		{"\n\n\n", 3},
		{"garbage", 7},
	};
	char dir[] = "/tmp/tricall-model-XXXXXX";
	char why[512] = "";
	make_model(dir);
	assert_int_equal(tc_speech_model_check(dir, why, sizeof(why)), 0);
	for (size_t i = 0; i < COUNT(good); i++) {
		for (size_t k = 0; k < COUNT(bad); k++) {
			put(dir, good[i].name, bad[k].text, bad[k].len);
			assert_int_equal(tc_speech_model_check(dir, why, sizeof(why)), -EBADMSG);
			assert_non_null(strstr(why, good[i].name));
			assert_non_null(strstr(why, "it is not what its name says"));
		}
		put(dir, good[i].name, "", 0);
		assert_int_equal(tc_speech_model_check(dir, why, sizeof(why)), -ENODATA);
		assert_non_null(strstr(why, "it is empty"));
		put(dir, good[i].name, good[i].text, strlen(good[i].text));
	}
	remove_model(dir);
}

static void models_of_other_kinds_pass(void **state)
{
	static const struct {
		const char *name, *text;
		size_t len;
	} other[] = {
		{"en-us/mdef", "# made by bw\n0.3\n42 n_base\n", 26},
		{TC_SPEECH_MODEL_LM, "\x11\0\0\0Darpa Trigram LM\0", 21},
		{TC_SPEECH_MODEL_LM, "some words\n\n\\data\\\nngram 1=3\n", 29},
		{TC_SPEECH_MODEL_DICT, "bonjour bb on zz ou rr\r\n", 24},
	};
	char dir[] = "/tmp/tricall-model-XXXXXX";
	char why[512] = "";
	make_model(dir);
	for (size_t i = 0; i < COUNT(other); i++) {
		put(dir, other[i].name, other[i].text, other[i].len);
		assert_int_equal(tc_speech_model_check(dir, why, sizeof(why)), 0);
	}
	remove_model(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_installed_model_passes),
		cmocka_unit_test(files_of_that_name_with_something_else_in_them_do_not),
		cmocka_unit_test(models_of_other_kinds_pass),
	};
	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
