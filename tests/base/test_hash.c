// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void it_is_fnv_1a_as_published(void **state)
{
	assert_true(tc_hash("", 0) == 0xcbf29ce484222325u);
	assert_true(tc_hash("a", 1) == 0xaf63dc4c8601ec8cu);
	assert_true(tc_hash("foobar", 6) == 0x85944171f73967e8u);
	assert_true(tc_hash_text(TC_HASH_START, "foobar") == 0x85944171f73967e8u);
	assert_true(tc_hash("\0\xff", 2) != tc_hash("\0\x7f", 2));
	assert_true(tc_hash_text(tc_hash_text(TC_HASH_START, "foo"), "bar") ==
		    tc_hash("foobar", 6));
}

static void mixed_and_seeded_the_low_bits_are_spread(void **state)
{
	bool taken[64] = {false};
	int buckets = 0;
	for (int i = 0; i < 512; i++) {
		char name[16];
		snprintf(name, sizeof(name), "room-%d", i);
		bool *bucket = &taken[tc_hash_mix(tc_hash_text(TC_HASH_START ^ 17, name)) & 63];
		buckets += !*bucket;
		*bucket = true;
	}
	assert_in_range(buckets, 60, 64);
	assert_true(tc_hash_mix(tc_hash_text(1, "a")) != tc_hash_mix(tc_hash_text(2, "a")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_fnv_1a_as_published),
		cmocka_unit_test(mixed_and_seeded_the_low_bits_are_spread),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
