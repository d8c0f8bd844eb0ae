// SPDX-License-Identifier: Apache-2.0
/* What the probe counts with: figures, the pace of packets, who its people are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "auth/password.h"
#include "base/err.h"
#include "mock/oom.h"
#include "probe/identity.h"
#include "probe/pace.h"
#include "probe/stats.h"

/* --- figures --- */

static void percentiles_are_of_nearest_rank(void **state)
{
	struct tc_stats s = {0};
	assert_true(isnan(tc_stats_percentile(&s, 50)));
	for (int i = 100; i >= 1; i--) {
		tc_stats_add(&s, i);
	}
	assert_true(tc_stats_percentile(&s, 50) == 50);
	assert_true(tc_stats_percentile(&s, 95) == 95);
	assert_true(tc_stats_percentile(&s, 100) == 100);
	assert_true(tc_stats_percentile(&s, 0) == 1);
	tc_stats_finish(&s);
	tc_stats_add(&s, 7);
	assert_true(tc_stats_percentile(&s, 50) == 7);
	assert_true(tc_stats_percentile(&s, 95) == 7);
	tc_stats_add(&s, 9);
	assert_true(tc_stats_percentile(&s, 50) == 7);
	assert_true(tc_stats_percentile(&s, 95) == 9);
	tc_stats_finish(&s);
}

static void of_too_many_figures_the_newest_stay(void **state)
{
	struct tc_stats s = {0}, all = {0};
	for (int i = 0; i < TC_STATS_MAX + 10; i++) {
		tc_stats_add(&s, i);
	}
	assert_int_equal(s.count, TC_STATS_MAX + 10);
	assert_int_equal(tc_stats_kept(&s), TC_STATS_MAX);
	assert_true(tc_stats_percentile(&s, 0) == 10);
	assert_true(tc_stats_percentile(&s, 100) == TC_STATS_MAX + 9);
	tc_stats_add_all(&all, &s);
	assert_int_equal(all.count, TC_STATS_MAX);
	tc_stats_finish(&s);
	tc_stats_finish(&all);
}

static void without_memory_a_figure_is_missing_and_nothing_else(void **state)
{
	struct tc_stats s = {0};
	tc_oom_arm(0);
	tc_stats_add(&s, 1);
	tc_oom_disarm();
	assert_true(s.lost);
	assert_int_equal(s.count, 0);
	tc_stats_add(&s, 2);
	assert_true(tc_stats_percentile(&s, 50) == 2);
	tc_stats_finish(&s);
}

/* --- pace --- */

#define START 5000000

static void a_packet_is_due_each_20_ms_whenever_one_asks(void **state)
{
	struct tc_pace pace;
	int64_t first, sent = 0;
	tc_pace_start(&pace, START);
	for (int64_t now = START; now < START + 1000000; now += 7000) {
		int due = tc_pace_due(&pace, now, &first);
		assert_int_equal(first, sent);
		assert_in_range(due, 0, 1);
		sent += due;
		int64_t wait = tc_pace_wait_ms(&pace, now);
		assert_in_range(wait, 1, 20);
		assert_true(now + wait * 1000 >= START + sent * TC_PACE_US);
	}
	assert_int_equal(sent, 50);
	assert_int_equal(pace.late, 0);
	assert_true(pace.worst_us < 7000);
}

static void after_a_stall_it_catches_up_to_a_bound(void **state)
{
	struct tc_pace pace;
	int64_t first;
	tc_pace_start(&pace, START);
	assert_int_equal(tc_pace_due(&pace, START, &first), 1);
	assert_int_equal(tc_pace_due(&pace, START + 100000, &first), 5);
	assert_int_equal(first, 1);
	assert_int_equal(pace.late, 1);
	assert_int_equal(pace.worst_us, 80000);
	assert_int_equal(pace.left_out, 0);
	assert_int_equal(tc_pace_due(&pace, START + 2100000, &first), TC_PACE_CATCH_UP);
	assert_int_equal(first, 106 - TC_PACE_CATCH_UP);
	assert_int_equal(pace.left_out, 75);
	assert_int_equal(tc_pace_due(&pace, START + 2100000, &first), 0);
}

/* --- who --- */

static void a_token_of_our_own_says_who_we_are(void **state)
{
	struct tc_api_keys keys;
	char why[100];
	assert_int_equal(tc_auth_init(), 0);
	assert_int_equal(
		tc_api_keys_parse(&keys, "k:0123456789012345678901234567890123", why, sizeof(why)),
		0);
	struct tc_identity_wish wish = {
		.keys = &keys,
		.key = "k",
		.room = "probe-1",
		.run = "abc",
		.role = TC_ROLE_COACH,
		.now_s = 1000000,
		.lives_s = 60,
	};
	struct tc_identity who, read;
	struct tc_jwt_claims claims;
	assert_int_equal(tc_identity_sign(&who, &wish), 0);
	assert_int_equal(tc_jwt_verify(who.token, &keys, 1000000, &claims), 0);
	assert_string_equal(claims.room, "probe-1");
	assert_string_equal(claims.subject, "probe-coach-abc");
	assert_int_equal(claims.role, TC_ROLE_COACH);
	assert_int_equal(tc_jwt_verify(who.token, &keys, 1000061, &claims), -TC_EEXPIRED);
	assert_int_equal(tc_identity_of_token(&read, who.token), 0);
	assert_string_equal(read.user_id, "probe-coach-abc");
	assert_string_equal(read.role, "coach");
	assert_string_equal(read.name, who.name);
	wish.key = "another";
	assert_int_equal(tc_identity_sign(&who, &wish), -ENOENT);
	tc_api_keys_finish(&keys);
}

static void what_is_no_token_is_refused(void **state)
{
	/* no dots; no base64; {}; [] */
	static const char *const bad[] = {"",        "abc",     "a.b", "a.!!!.c",
					  "a.e30.c", "a.W10.c", "a..c"};
	struct tc_identity who;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(tc_identity_of_token(&who, bad[i]), -TC_EPARSE);
	}
	char huge[TC_JWT_MAX + 10];
	memset(huge, 'A', sizeof(huge) - 1);
	huge[1] = huge[sizeof(huge) - 3] = '.';
	huge[sizeof(huge) - 1] = '\0';
	assert_int_equal(tc_identity_of_token(&who, huge), -TC_EPARSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_of_nearest_rank),
		cmocka_unit_test(of_too_many_figures_the_newest_stay),
		cmocka_unit_test(without_memory_a_figure_is_missing_and_nothing_else),
		cmocka_unit_test(a_packet_is_due_each_20_ms_whenever_one_asks),
		cmocka_unit_test(after_a_stall_it_catches_up_to_a_bound),
		cmocka_unit_test(a_token_of_our_own_says_who_we_are),
		cmocka_unit_test(what_is_no_token_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
