// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "orb/ice_urls.h"

static void the_first_that_we_can_speak_to_is_taken(void **state)
{
	const struct {
		const char *urls, *scheme, *host;
	} cases[] = {
		{"stun:a.example", "stun:", "a.example"},
		{"stun:a:3478,stun:b", "stun:", "a:3478"},
		{"turns:s:5349, turn:t:1?transport=tcp,turn:u:2?transport=udp", "turn:", "u:2"},
		{" turn:[::1]:3478 ", "turn:", "[::1]:3478"},
	};
	char host[TC_ICE_URL_HOST];
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(tc_ice_url_first(cases[i].urls, cases[i].scheme, host, sizeof(host)));
		assert_string_equal(host, cases[i].host);
	}
}

static void where_there_is_none_nothing_is_found(void **state)
{
	const char *const none[] = {
		NULL,  "", " , ", "stun:", "turn:?transport=udp", "turns:a", "turn:a?transport=tcp",
		"stun"};
	char host[TC_ICE_URL_HOST];
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_false(tc_ice_url_first(none[i], "turn:", host, sizeof(host)));
	}
	assert_false(tc_ice_url_first("stun:", "stun:", host, sizeof(host)));
	assert_false(tc_ice_url_first("turn:too-long", "turn:", host, 8));
	assert_true(tc_ice_url_first("turn:too-long,turn:fits", "turn:", host, 8));
	assert_string_equal(host, "fits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_that_we_can_speak_to_is_taken),
		cmocka_unit_test(where_there_is_none_nothing_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
