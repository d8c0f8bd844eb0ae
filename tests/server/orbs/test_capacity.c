// SPDX-License-Identifier: Apache-2.0
/* Places, waiting for one, succession. */
#include <string.h>

#include "server/orbs/world.h"

static void who_finds_no_place_waits_and_is_served_first(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	config.max_orbs = 2;
	start_manager(w, &config);
	join(w, "r1", "a");
	join(w, "r2", "b");
	join(w, "r3", "c");
	join(w, "r4", "d");
	assert_string_equal(wait_state(w, "r3", TC_ORB_FULL), "all 2 places are taken");
	wait_state(w, "r4", TC_ORB_FULL);
	wait_state(w, "r1", TC_ORB_READY);
	wait_state(w, "r2", TC_ORB_READY);
	tc_orbs_end(w->orbs, "r1", "session_complete");
	assert_int_equal(info_of(w, "r3").state, TC_ORB_FULL); /* until r1 is reaped */
	join(w, "r1", "z"); /* a new life of r1 comes after those who wait */
	wait_state(w, "r3", TC_ORB_READY);
	wait_state(w, "r1", TC_ORB_FULL);
	leave(w, "r4", "d"); /* who left no longer waits */
	wait_state(w, "r4", TC_ORB_OFF);
	tc_orbs_end(w->orbs, "r2", "session_complete");
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	assert_null(find_step(w, &(struct expected){"r4", TC_ORB_SPAWNING, 1}));
	close_world(w);
}

static void whose_people_are_not_connected_are_passed_over(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	config.max_orbs = 1;
	start_manager(w, &config);
	join(w, "r1", "a");
	join(w, "r2", "b");
	join(w, "r3", "c");
	wait_state(w, "r1", TC_ORB_READY);
	w->deserted = "r2";
	tc_orbs_end(w->orbs, "r1", "session_complete");
	wait_state(w, "r3", TC_ORB_READY);
	join(w, "r4", "d");
	w->deserted = NULL;
	tc_orbs_back(w->orbs);
	assert_int_equal(info_of(w, "r2").state, TC_ORB_FULL); /* the place is r3's */
	tc_orbs_end(w->orbs, "r3", "session_complete");
	wait_state(w, "r2", TC_ORB_READY); /* its turn was before r4's */
	assert_int_equal(info_of(w, "r4").state, TC_ORB_FULL);
	w->deserted = "r4";
	tc_orbs_end(w->orbs, "r2", "session_complete");
	wait_state(w, "r2", TC_ORB_GONE);
	assert_int_equal(info_of(w, "r4").state, TC_ORB_FULL);
	w->deserted = NULL;
	tc_orbs_back(w->orbs); /* the place is free: at once */
	wait_state(w, "r4", TC_ORB_READY);
	close_world(w);
}

static void a_new_life_waits_until_the_old_one_is_reaped(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "deaf,ready");
	config.kill_grace_ms = 100;
	start_manager(w, &config);
	join(w, "r1", "a");
	wait_state(w, "r1", TC_ORB_READY);
	int old = info_of(w, "r1").pid;
	tc_orbs_end(w->orbs, "r1", "room_cleanup");
	join(w, "r1", "b");
	assert_int_equal(info_of(w, "r1").pid, old);
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	assert_true(info_of(w, "r1").pid != old);
	static const enum tc_orb_state way[] = {TC_ORB_SPAWNING, TC_ORB_READY,    TC_ORB_DRAINING,
						TC_ORB_GONE,     TC_ORB_SPAWNING, TC_ORB_READY};
	assert_true(steps_are(w, "r1", way, 6));
	assert_int_equal(w->tokens, 2);
	assert_int_equal(w->events, w->step_count);
	assert_int_equal(w->event_state, TC_ORB_READY);
	assert_int_equal(w->life, 2); /* the same session's second process */
	close_world(w);
}

static void turned_off_means_off_and_says_so(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	config.enabled = false;
	start_manager(w, &config);
	join(w, "r1", "a");
	assert_string_equal(wait_state(w, "r1", TC_ORB_OFF), "AI orbs are turned off here");
	leave(w, "r1", "a");
	assert_int_equal(w->tokens, 0);
	close_world(w);
}

int main(int argc, char **argv)
{
	take_arguments(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_finds_no_place_waits_and_is_served_first),
		cmocka_unit_test(whose_people_are_not_connected_are_passed_over),
		cmocka_unit_test(a_new_life_waits_until_the_old_one_is_reaped),
		cmocka_unit_test(turned_off_means_off_and_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
