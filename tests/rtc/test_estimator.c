// SPDX-License-Identifier: Apache-2.0
#include "rtc/estimator.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS     1000
#define SECOND 1000000LL

static struct tc_estimator est;

static void start(void)
{
	tc_estimator_init(&est, &(struct tc_estimator_config){0}, 0);
}

/* One report a second for `seconds`, of 100 packets with this share of 256 lost. */
static int64_t reports(int64_t now, int seconds, uint8_t fraction)
{
	for (int i = 0; i < seconds; i++) {
		now += SECOND;
		tc_estimator_report(&est, fraction, 100, 50 * MS, now);
	}
	return now;
}

static void without_news_it_stays_where_it_began(void **state)
{
	start();
	assert_int_equal(tc_estimator_bps(&est, 0), 400000);
	assert_int_equal(tc_estimator_bps(&est, 100 * SECOND), 400000);
	assert_int_equal(tc_estimator_loss_percent(&est), 0);
}

static void without_loss_it_grows_to_the_ceiling(void **state)
{
	start();
	int64_t now = reports(0, 1, 0);
	assert_int_equal(tc_estimator_bps(&est, now), 433000);
	now = reports(now, 20, 0);
	assert_int_equal(tc_estimator_bps(&est, now), 800000);
}

static void a_little_loss_holds_it(void **state)
{
	start();
	int64_t now = reports(0, 20, 13); /* 5 % */
	assert_int_equal(tc_estimator_bps(&est, now), 400000);
	assert_in_range(tc_estimator_loss_percent(&est), 4, 6);
}

static void heavy_loss_brings_it_down_to_the_floor_and_no_further(void **state)
{
	start();
	int64_t now = reports(0, 1, 128);
	assert_int_equal(tc_estimator_bps(&est, now), 300000);
	now = reports(now, 30, 255);
	assert_int_equal(tc_estimator_bps(&est, now), 24000);
	/* And up again once the path is clear: from the floor within a minute to 400 kbit/s. */
	now = reports(now, 60, 0);
	assert_true(tc_estimator_bps(&est, now) > 400000);
}

static void many_reports_of_one_loss_are_one_decrease(void **state)
{
	start();
	for (int i = 1; i <= 10; i++) {
		tc_estimator_report(&est, 64, 100, 50 * MS, SECOND + i * 10 * MS);
	}
	assert_int_equal(tc_estimator_bps(&est, SECOND + 100 * MS), 350000);
}

static void few_packets_are_gathered_before_they_count(void **state)
{
	start();
	tc_estimator_report(&est, 128, 2, -1, SECOND); /* one of two */
	assert_int_equal(tc_estimator_bps(&est, SECOND), 400000);
	tc_estimator_report(&est, 0, 98, -1, 2 * SECOND);
	assert_true(tc_estimator_bps(&est, 2 * SECOND) > 400000); /* 1 % in all */
}

static void the_peers_own_estimate_caps_it_until_it_ages(void **state)
{
	start();
	tc_estimator_remb(&est, 150000, SECOND);
	assert_int_equal(tc_estimator_bps(&est, SECOND), 150000);
	tc_estimator_remb(&est, 5000000, 2 * SECOND);
	assert_int_equal(tc_estimator_bps(&est, 2 * SECOND), 400000);
	tc_estimator_remb(&est, 1000, 3 * SECOND);
	assert_int_equal(tc_estimator_bps(&est, 3 * SECOND), 24000);
	assert_int_equal(tc_estimator_bps(&est, 14 * SECOND), 400000);
	tc_estimator_remb(&est, UINT64_MAX, 15 * SECOND);
	assert_int_equal(tc_estimator_bps(&est, 15 * SECOND), 400000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_news_it_stays_where_it_began),
		cmocka_unit_test(without_loss_it_grows_to_the_ceiling),
		cmocka_unit_test(a_little_loss_holds_it),
		cmocka_unit_test(heavy_loss_brings_it_down_to_the_floor_and_no_further),
		cmocka_unit_test(many_reports_of_one_loss_are_one_decrease),
		cmocka_unit_test(few_packets_are_gathered_before_they_count),
		cmocka_unit_test(the_peers_own_estimate_caps_it_until_it_ages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
