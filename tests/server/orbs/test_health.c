// SPDX-License-Identifier: Apache-2.0
/* Whether an orb still works: pings, and what hangs. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/orbs/inspect.h"
#include "server/orbs/world.h"

/* Long enough for a process to start and to answer on a busy machine. */
#define LIMIT_MS 4000

static struct tc_orbs_config impatient(struct world *w, const char *script)
{
	struct tc_orbs_config config = own_config(w, script);
	config.unresponsive_after_ms = LIMIT_MS;
	config.kill_after_ms = 60000;
	return config;
}

static void a_main_loop_that_answers_pings_needs_no_heartbeat(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = impatient(w, "FAKE_ORB=ready");
	config.max_lifetime_ms = 2 * LIMIT_MS + 1000;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_GONE);
	static const enum tc_orb_state way[] = {TC_ORB_SPAWNING, TC_ORB_READY, TC_ORB_DRAINING,
						TC_ORB_GONE};
	assert_true(steps_are(w, "r1", way, 4));
	close_world(w);
}

static void a_stopped_process_is_found_within_twice_the_limit(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = impatient(w, "FAKE_ORB=ready");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	int pid = info_of(w, "r1").pid;
	int64_t at_ms = w->event_ms;
	assert_int_equal(kill(pid, SIGSTOP), 0);
	const char *why = wait_state(w, "r1", TC_ORB_UNRESPONSIVE);
	expect_part(why, "its main loop hangs: no answer for");
	assert_true(w->event_ms - at_ms < 2 * LIMIT_MS);
	assert_int_equal(tc_orbs_counts(w->orbs).hangs[TC_ORB_HANG_MAIN], 1);
	assert_int_equal(kill(pid, SIGCONT), 0);
	assert_string_equal(wait_state_n(w, "r1", TC_ORB_READY, 2), "it works again");
	close_world(w);
}

static void a_stopped_process_is_looked_at_then_killed(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = impatient(w, "FAKE_ORB=ready");
	config.kill_after_ms = 2 * LIMIT_MS;
	config.restart_limit = 1;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	assert_int_equal(kill(info_of(w, "r1").pid, SIGSTOP), 0);
	const char *why = wait_state(w, "r1", TC_ORB_RESTARTING);
	expect_part(why, "it no longer answered: its main loop hangs");
	expect_part(w->log, "fake_orb: state T, waits in ");
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	assert_int_equal(tc_orbs_counts(w->orbs).ended[TC_ORB_END_HUNG], 1);
	close_world(w);
}

static void a_hung_recognizer_is_told_apart(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = impatient(w, "FAKE_ORB=ready,stuck");
	config.kill_after_ms = 2 * LIMIT_MS;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	const char *why = wait_state(w, "r1", TC_ORB_UNRESPONSIVE);
	expect_part(why, "its recognizer hangs: at one thing for");
	assert_int_equal(tc_orbs_counts(w->orbs).hangs[TC_ORB_HANG_RECOGNIZER], 1);
	assert_int_equal(tc_orbs_counts(w->orbs).hangs[TC_ORB_HANG_MAIN], 0);
	why = wait_state(w, "r1", TC_ORB_FAILED);
	expect_part(why, "it no longer answered: its recognizer hangs");
	close_world(w);
}

static void a_recognizer_that_comes_back_in_time_is_forgiven(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = impatient(w, "FAKE_ORB=ready,awhile");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_UNRESPONSIVE);
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	close_world(w);
}

static void a_foreign_program_is_not_pinged(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	config.unresponsive_after_ms = LIMIT_MS;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	const char *why = wait_state(w, "r1", TC_ORB_UNRESPONSIVE);
	expect_part(why, "no heartbeat for"); /* it answered no ping: there was none */
	close_world(w);
}

static void the_end_may_come_while_it_is_looked_at(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = own_config(w, "FAKE_ORB=deaf");
	config.ready_timeout_ms = 300;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_for(w, has_log, "its threads:");
	tc_orbs_kill_all(w->orbs);
	close_world(w);
}

static void a_thread_is_described_in_one_line(void **state)
{
	char line[400];
	assert_int_equal(tc_inspect_thread("/proc/self", line, sizeof(line)), 0);
	expect_part(line, ": state R, waits in ");
	expect_part(line, ", system call ");
	assert_int_equal(tc_inspect_thread("/proc/self/nobody", line, sizeof(line)), -ENOENT);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_main_loop_that_answers_pings_needs_no_heartbeat),
		cmocka_unit_test(a_stopped_process_is_found_within_twice_the_limit),
		cmocka_unit_test(a_stopped_process_is_looked_at_then_killed),
		cmocka_unit_test(a_hung_recognizer_is_told_apart),
		cmocka_unit_test(a_recognizer_that_comes_back_in_time_is_forgiven),
		cmocka_unit_test(a_foreign_program_is_not_pinged),
		cmocka_unit_test(the_end_may_come_while_it_is_looked_at),
		cmocka_unit_test(a_thread_is_described_in_one_line),
	};
	take_arguments(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
