// SPDX-License-Identifier: Apache-2.0
/* Orbs that fail, flood and write half a line. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "server/orbs/world.h"

static void an_exit_before_ready_is_a_failure_with_its_reason(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "exit69");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED),
			    "exited with 69: the server could not be reached");
	expect_end(w, TC_ORB_END_ERROR);
	assert_int_equal(info_of(w, "r1").state, TC_ORB_FAILED);
	join(w, "r1", "client1"); /* a new join may try again */
	wait_state_n(w, "r1", TC_ORB_FAILED, 2);
	leave(w, "r1", "coach1");
	leave(w, "r1", "client1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_OFF), "nobody is in the room");
	struct tc_orb_info none[1];
	assert_int_equal(tc_orbs_list(w->orbs, none, 1), 0);
	close_world(w);
}

static void its_own_words_say_why_it_cannot_go_on(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "refused");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED), "three people are in already");
	expect_end(w, TC_ORB_END_ERROR);
	close_world(w);
}

static void an_exit_with_0_before_ready_is_a_failure_too(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "exit0");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED),
			    "it ended before it was in the room");
	expect_end(w, TC_ORB_END_ERROR);
	close_world(w);
}

static void a_crash_is_told_to_the_humans(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready,crash");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED), "ended by SIGKILL");
	expect_end(w, TC_ORB_END_CRASH);
	static const enum tc_orb_state way[] = {TC_ORB_SPAWNING, TC_ORB_READY, TC_ORB_FAILED};
	assert_true(steps_are(w, "r1", way, 3));
	close_world(w);
}

static void a_missing_program_or_folder_is_named(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	config.orb_command = "/nowhere/orb --x";
	start_manager(w, &config);
	join(w, "r1", "coach1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED),
			    "cannot start /nowhere/orb: No such file or directory");
	assert_int_equal(tc_orbs_counts(w->orbs).not_spawned, 1);
	assert_int_equal(tc_orbs_counts(w->orbs).spawned, 0);
	close_world(w);

	w = open_world();
	config = good_config(w, "ready");
	config.work_dir = "/nowhere";
	start_manager(w, &config);
	join(w, "r1", "coach1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED),
			    "working directory /nowhere: No such file or directory");
	close_world(w);
}

static void what_it_lacks_is_told_and_nothing_is_tried_until_it_is_there(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	config.restart_limit = 3;
	w->lack = "its model is missing";
	start_manager(w, &config);
	join(w, "r1", "coach1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED), w->lack);
	assert_int_equal(tc_orbs_counts(w->orbs).not_spawned, 1);
	assert_int_equal(tc_orbs_counts(w->orbs).spawned, 0);
	assert_int_equal(w->tokens, 0);
	static const enum tc_orb_state way[] = {TC_ORB_SPAWNING, TC_ORB_FAILED};
	assert_true(steps_are(w, "r1", way, 2));
	w->lack = NULL;
	assert_int_equal(tc_orbs_restart(w->orbs, "r1", "the coach asked"), 0);
	wait_state(w, "r1", TC_ORB_READY);
	close_world(w);
}

static void silence_is_unresponsive_then_the_end(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "stubborn,ready");
	config.unresponsive_after_ms = 4000; /* it has to be ready before */
	config.kill_after_ms = 8000;         /* apart, or a busy machine sees both at once */
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_UNRESPONSIVE);
	expect_part(wait_state(w, "r1", TC_ORB_FAILED), "it no longer answered: no heartbeat for");
	expect_end(w, TC_ORB_END_HUNG);
	static const enum tc_orb_state way[] = {TC_ORB_SPAWNING, TC_ORB_READY, TC_ORB_UNRESPONSIVE,
						TC_ORB_DRAINING, TC_ORB_FAILED};
	assert_true(steps_are(w, "r1", way, 5));
	close_world(w);
}

static void never_ready_is_unresponsive_then_the_end(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "silent");
	config.unresponsive_after_ms = 50;
	config.kill_after_ms = 1500;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_FAILED);
	assert_int_equal(w->steps[1].state, TC_ORB_UNRESPONSIVE);
	close_world(w);
}

static void half_lines_and_garbage_do_no_harm(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "garbage,half,beat");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	expect_part(w->log, "was dropped: no JSON object");
	expect_part(w->log, "was dropped: bad type");
	expect_part(w->log, "it is about another room");
	close_world(w);
}

static bool many_messages(struct world *w, const void *arg)
{
	return w->messages >= 1000;
}

static void on_tick(uv_timer_t *timer)
{
	(*(int *)timer->data)++;
}

/* While the flood comes, 50 ticks of 10 ms pass; they would not if the loop were held up. */
static void tick_50(struct world *w)
{
	int ticks = 0;
	uv_timer_t timer;
	uv_timer_init(&w->loop, &timer);
	timer.data = &ticks;
	uv_timer_start(&timer, on_tick, 10, 10);
	uint64_t longest = 0;
	while (ticks < 50) {
		uv_update_time(&w->loop);
		uint64_t before = uv_hrtime();
		uv_run(&w->loop, UV_RUN_NOWAIT);
		uint64_t took = uv_hrtime() - before;
		longest = took > longest ? took : longest;
		usleep(500);
	}
	uv_close((uv_handle_t *)&timer, on_timer_closed);
	while (timer.data) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
	}
	print_message("longest turn of the loop under a flood: %.1f ms\n", (double)longest / 1e6);
	assert_true(longest < 1000000000);
}

static void a_flood_on_the_channel_is_bounded(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready,flood");
	config.kill_grace_ms = 100;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_for(w, many_messages, NULL);
	tick_50(w);
	close_manager(w); /* it never reads: SIGTERM ends it */
	assert_true(w->messages < 20000);
	expect_part(w->log, "messages beyond the limit were dropped");
	close_world(w);
}

static void a_flood_of_output_is_bounded(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready,spew");
	config.kill_grace_ms = 100;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_for(w, has_log, "ooo...\n"); /* a line too long is cut */
	tick_50(w);
	w->log[0] = '\0';
	close_manager(w);
	expect_part(w->log, "lines of output were dropped");
	close_world(w);
}

int main(int argc, char **argv)
{
	take_arguments(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exit_before_ready_is_a_failure_with_its_reason),
		cmocka_unit_test(its_own_words_say_why_it_cannot_go_on),
		cmocka_unit_test(an_exit_with_0_before_ready_is_a_failure_too),
		cmocka_unit_test(a_crash_is_told_to_the_humans),
		cmocka_unit_test(a_missing_program_or_folder_is_named),
		cmocka_unit_test(what_it_lacks_is_told_and_nothing_is_tried_until_it_is_there),
		cmocka_unit_test(silence_is_unresponsive_then_the_end),
		cmocka_unit_test(never_ready_is_unresponsive_then_the_end),
		cmocka_unit_test(half_lines_and_garbage_do_no_harm),
		cmocka_unit_test(a_flood_on_the_channel_is_bounded),
		cmocka_unit_test(a_flood_of_output_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
