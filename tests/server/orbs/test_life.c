// SPDX-License-Identifier: Apache-2.0
/* A life, from its start to its last words. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "server/orbs/world.h"

static void an_orb_is_ready_beats_and_ends_gracefully_with_its_summary(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	struct tc_orb_info info = info_of(w, "r1");
	assert_int_equal(info.state, TC_ORB_READY);
	assert_true(info.pid > 0 && info.started_ms > 1700000000000);
	assert_true(info.cpu_percent == 12.5 || info.cpu_percent == 0);
	assert_string_equal(info.session, "s1");
	tc_orbs_end(w->orbs, "r1", "session_complete");
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "session_complete");
	expect_end(w, TC_ORB_END_ASKED);
	assert_true(info_of(w, "r1").cpu_percent == 12.5); /* the heartbeat behind orb_ready */
	assert_int_equal(info_of(w, "r1").pid, 0);
	assert_int_equal(w->summaries, 1);
	expect_part(w->summary, "\"progress\":\"session_complete\"");
	static const enum tc_orb_state way[] = {TC_ORB_SPAWNING, TC_ORB_READY, TC_ORB_DRAINING,
						TC_ORB_GONE};
	assert_true(steps_are(w, "r1", way, 4));
	close_world(w);
}

static void the_program_gets_arguments_environment_and_nothing_else(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "tell,ready");
	static const char *const env[] = {"EXTRA=more", NULL};
	config.work_dir = "/";
	config.log_level = "debug";
	config.env = env;
	setenv("API_KEYS", "id:secret", 1);
	signal(SIGPIPE, SIG_IGN);
	start_manager(w, &config);
	tc_orbs_joined(w->orbs,
		       &(struct tc_orb_room){.room = "r1",
					     .session = "s1",
					     .coach = "co",
					     .client = "cl",
					     .test = true,
					     .ends_ms = 1790000000000},
		       "co");
	wait_state(w, "r1", TC_ORB_READY);
	static const char *const expected[] = {
		"fds:0 1 2 3 ",
		"cwd:/",
		"arg:--room=r1",
		"arg:--session=s1",
		"arg:--coach=co",
		"arg:--client=cl",
		"arg:--cpu-host=127.0.0.1:3000/orb/token-r1-s1",
		"arg:--max-lifetime=7200000",
		"arg:--idle-timeout=300000",
		"arg:--test-mode",
		"env:NODE_CHANNEL_FD=3",
		"env:NODE_CHANNEL_SERIALIZATION_MODE=json",
		"env:CPU_SERVER_HOST=127.0.0.1:3000",
		"env:CPU_WEBSOCKET_URL=ws://127.0.0.1:3000",
		"env:ORB_TOKEN=token-r1-s1",
		"env:ORB_LOG_LEVEL=debug",
		"env:API_KEYS=(none)",
		"env:EXTRA=more",
		"env:ORB_SESSION_ENDS=1790000000000",
		"signals:sigpipe=default group=own",
	};
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		if (!has_text(w, expected[i])) {
			fail_msg("not there: %s", expected[i]);
		}
	}
	unsetenv("API_KEYS");
	close_world(w);
}

static void it_is_told_who_is_there(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_for(w, has_text, "participants:[\"coach1\"]");
	join(w, "r1", "client1");
	join(w, "r1", "client1"); /* twice changes nothing */
	wait_for(w, has_text, "participants:[\"coach1\",\"client1\"]");
	leave(w, "r1", "coach1");
	leave(w, "r1", "nobody");
	wait_for(w, has_text, "participants:[\"client1\"]");
	assert_int_equal(w->text_count, 3);
	close_world(w);
}

static void its_output_is_in_the_log_with_the_rooms_id(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "print,ready");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_for(w, has_log, "info orb.output|room r1|out two\n");
	wait_for(w, has_log, "info orb.output|room r1|err one\n");
	assert_null(strstr(w->log, "an unfinished"));
	close_manager(w);
	expect_part(w->log, "info orb.output|room r1|out one\n");
	expect_part(w->log, "info orb.output|room r1|an unfinished\n");
	close_world(w);
}

static void the_last_words_before_an_exit_are_read(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready,last");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "it ended by itself");
	expect_end(w, TC_ORB_END_ITSELF);
	assert_true(has_text(w, "last:said right before the end"));
	close_world(w);
}

static void words_of_the_dead_are_read_even_if_we_spoke_to_them_first(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready,last");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	siginfo_t info;
	assert_int_equal(waitid(P_PID, (id_t)info_of(w, "r1").pid, &info, WEXITED | WNOWAIT), 0);
	join(w, "r1", "client1"); /* telling it fails: EPIPE */
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "it ended by itself");
	assert_true(has_text(w, "last:said right before the end"));
	close_world(w);
}

int main(int argc, char **argv)
{
	take_arguments(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_orb_is_ready_beats_and_ends_gracefully_with_its_summary),
		cmocka_unit_test(the_program_gets_arguments_environment_and_nothing_else),
		cmocka_unit_test(it_is_told_who_is_there),
		cmocka_unit_test(its_output_is_in_the_log_with_the_rooms_id),
		cmocka_unit_test(the_last_words_before_an_exit_are_read),
		cmocka_unit_test(words_of_the_dead_are_read_even_if_we_spoke_to_them_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
