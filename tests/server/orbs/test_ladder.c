// SPDX-License-Identifier: Apache-2.0
/* Asked, SIGTERM, SIGKILL. */
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/log.h"
#include "server/orbs/world.h"

static void who_does_not_listen_gets_sigterm(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "deaf,ready");
	config.kill_grace_ms = 100;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	tc_orbs_end(w->orbs, "r1", "session_complete");
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "session_complete, ended by SIGTERM");
	expect_end(w, TC_ORB_END_FORCED);
	close_world(w);
}

static void who_ignores_sigterm_gets_sigkill_in_its_time(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "stubborn,ready");
	config.kill_grace_ms = 100;
	config.term_grace_ms = 150;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	uv_update_time(&w->loop);
	uint64_t before = uv_now(&w->loop);
	tc_orbs_end(w->orbs, "r1", "session_complete");
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "session_complete, ended by SIGKILL");
	expect_end(w, TC_ORB_END_FORCED);
	assert_true(uv_now(&w->loop) - before >= 250);
	assert_true(strstr(w->log, "SIGTERM to") < strstr(w->log, "SIGKILL to"));
	close_world(w);
}

static void who_closed_its_channel_is_asked_by_signal_at_once(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready,hangup");
	start_manager(w, &config); /* kill grace 10 s: not waited for */
	assert_int_equal(tc_log_init("debug", TC_LOG_TEXT), 0);
	join(w, "r1", "coach1");
	wait_for(w, has_log, "channel closed");
	assert_int_equal(tc_log_init("info", TC_LOG_TEXT), 0);
	uv_update_time(&w->loop);
	uint64_t before = uv_now(&w->loop);
	tc_orbs_end(w->orbs, "r1", "session_complete");
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "session_complete, ended by SIGTERM");
	assert_true(uv_now(&w->loop) - before < 5000);
	close_world(w);
}

static void who_never_reads_costs_nothing_and_ends(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready,noread");
	config.kill_grace_ms = 100;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	for (int i = 0; i < 20000; i++) { /* far more than a socket holds */
		tc_orbs_joined(w->orbs, &(struct tc_orb_room){.room = "r1"}, "client1");
		tc_orbs_left(w->orbs, "r1", "client1");
	}
	tc_orbs_end(w->orbs, "r1", "session_complete");
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "session_complete, ended by SIGTERM");
	close_world(w);
}

static void whoever_it_started_goes_with_it(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "litter,ready");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	int group = info_of(w, "r1").pid;
	int status = 0;
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that the orphan comes to us */
	close_manager(w);                 /* it holds the pipes open: that must not hold us up */
	assert_true(waitpid(-group, &status, 0) > 0);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	prctl(PR_SET_CHILD_SUBREAPER, 0);
	close_world(w);
}

int main(int argc, char **argv)
{
	take_arguments(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_does_not_listen_gets_sigterm),
		cmocka_unit_test(who_ignores_sigterm_gets_sigkill_in_its_time),
		cmocka_unit_test(who_closed_its_channel_is_asked_by_signal_at_once),
		cmocka_unit_test(who_never_reads_costs_nothing_and_ends),
		cmocka_unit_test(whoever_it_started_goes_with_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
