// SPDX-License-Identifier: Apache-2.0
/* Why orbs are made to leave. */
#include <string.h>

#include "server/orbs/world.h"

static void an_empty_room_is_cleaned_up_after_its_grace(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	config.cleanup_grace_ms = 100;
	start_manager(w, &config);
	join(w, "r1", "a");
	wait_state(w, "r1", TC_ORB_READY);
	uv_update_time(&w->loop);
	uint64_t before = uv_now(&w->loop);
	leave(w, "r1", "a");
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "room_cleanup");
	assert_true(uv_now(&w->loop) - before >= 100);
	expect_part(w->summary, "room_cleanup");
	struct tc_orb_info none[1];
	assert_int_equal(tc_orbs_list(w->orbs, none, 1), 0);
	close_world(w);
}

static void who_comes_back_in_time_keeps_the_orb(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	config.cleanup_grace_ms = 200;
	config.active_cleanup_ms = 50; /* comes due while somebody is in: must not end it */
	start_manager(w, &config);
	join(w, "r1", "a");
	wait_state(w, "r1", TC_ORB_READY);
	int pid = info_of(w, "r1").pid;
	leave(w, "r1", "a");
	join(w, "r1", "b");
	uint64_t until = uv_now(&w->loop) + 500;
	while (uv_now(&w->loop) < until) {
		uv_run(&w->loop, UV_RUN_ONCE); /* the 50 ms timer turns it */
	}
	assert_int_equal(info_of(w, "r1").state, TC_ORB_READY);
	assert_int_equal(info_of(w, "r1").pid, pid);
	close_world(w);
}

static void a_test_ends_after_its_time_and_a_life_after_its_maximum(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	config.test_timeout_ms = 150;
	start_manager(w, &config);
	tc_orbs_joined(w->orbs, &(struct tc_orb_room){.room = "t1", .test = true}, "a");
	join(w, "r1", "a");
	assert_string_equal(wait_state(w, "t1", TC_ORB_GONE), "max_lifetime of a test");
	assert_int_not_equal(info_of(w, "r1").state, TC_ORB_GONE);
	close_world(w);

	w = open_world();
	config = good_config(w, "ready");
	config.max_lifetime_ms = 150;
	start_manager(w, &config);
	join(w, "r1", "a");
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "max_lifetime");
	close_world(w);
}

static void an_idle_time_below_the_grace_has_its_own_reason(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	config.idle_timeout_ms = 100;
	start_manager(w, &config);
	join(w, "r1", "a");
	wait_state(w, "r1", TC_ORB_READY);
	leave(w, "r1", "a");
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "idle_timeout");
	expect_part(w->summary, "\"progress\":\"idle_timeout\"");
	close_world(w);
}

static void who_ends_by_itself_says_why(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready,leave");
	config.restart_limit = 3; /* it did not die: nobody calls it back */
	start_manager(w, &config);
	join(w, "r1", "a");
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "idle_timeout");
	assert_int_equal(tc_orbs_counts(w->orbs).ended[TC_ORB_END_ITSELF], 1);
	assert_int_equal(tc_orbs_counts(w->orbs).spawned, 1);
	close_world(w);
}

static void an_orb_of_another_session_is_replaced(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	start_manager(w, &config);
	join(w, "r1", "a");
	wait_state(w, "r1", TC_ORB_READY);
	tc_orbs_joined(w->orbs, &(struct tc_orb_room){.room = "r1", .session = "s2"}, "b");
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "replaced");
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	assert_string_equal(info_of(w, "r1").session, "s2");
	assert_int_equal(info_of(w, "r1").life, 1);
	close_world(w);
}

int main(int argc, char **argv)
{
	take_arguments(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_room_is_cleaned_up_after_its_grace),
		cmocka_unit_test(who_comes_back_in_time_keeps_the_orb),
		cmocka_unit_test(a_test_ends_after_its_time_and_a_life_after_its_maximum),
		cmocka_unit_test(an_idle_time_below_the_grace_has_its_own_reason),
		cmocka_unit_test(who_ends_by_itself_says_why),
		cmocka_unit_test(an_orb_of_another_session_is_replaced),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
