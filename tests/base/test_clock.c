// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_systems_clock_runs_forward_in_microseconds(void **state)
{
	const struct tc_clock *clock = tc_clock_system();
	int64_t before = tc_clock_us(clock);
	int64_t after = before;
	while (after == before) {
		after = tc_clock_us(clock);
	}
	assert_true(after > before && after - before < 10000000);
	assert_true(tc_clock_ms(clock) >= after / 1000);
	assert_true(tc_clock_wall_ms(clock) > 1700000000000); /* after 2023: since 1970 */
	assert_true(tc_clock_wall_ms(clock) < 10000000000000);
}

static void a_fake_clock_moves_by_hand_only(void **state)
{
	struct tc_fake_clock fake;
	tc_fake_clock_init(&fake, 5000000);
	assert_int_equal(tc_clock_ms(&fake.clock), 5000);
	tc_fake_clock_advance_ms(&fake, 3600000);
	assert_int_equal(tc_clock_ms(&fake.clock), 3605000);
	assert_true(tc_clock_us(&fake.clock) == 3605000000);
	assert_int_equal(tc_clock_wall_ms(&fake.clock), 3605000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_systems_clock_runs_forward_in_microseconds),
		cmocka_unit_test(a_fake_clock_moves_by_hand_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
