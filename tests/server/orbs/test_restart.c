// SPDX-License-Identifier: Apache-2.0
/* What follows the death of an orb. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "proto/channel.h"
#include "server/orbs/world.h"

static struct tc_orbs_config restarting(struct world *w, const char *script)
{
	struct tc_orbs_config config = good_config(w, script);
	config.restart_limit = 3;
	return config;
}

static void kill_orb(struct world *w, const char *room)
{
	int pid = info_of(w, room).pid;
	assert_true(pid > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
}

static void who_dies_in_a_call_is_back_at_once(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "ready");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	int old = info_of(w, "r1").pid;
	kill_orb(w, "r1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_RESTARTING), "ended by SIGKILL");
	assert_string_equal(wait_state_n(w, "r1", TC_ORB_SPAWNING, 2),
			    "again, as ended by SIGKILL");
	assert_non_null(strstr(w->log, "a new orb process in 0 ms"));
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	assert_int_not_equal(info_of(w, "r1").pid, old);
	assert_int_equal(info_of(w, "r1").life, 2);
	assert_string_equal(info_of(w, "r1").session, "s1");
	static const enum tc_orb_state way[] = {TC_ORB_SPAWNING, TC_ORB_READY, TC_ORB_RESTARTING,
						TC_ORB_SPAWNING, TC_ORB_READY};
	assert_true(steps_are(w, "r1", way, 5));
	close_world(w);
}

static void who_dies_again_and_again_fails_in_the_end(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "ready,crash");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	static const char *const waits[] = {"process in 0 ms", "process in 250 ms",
					    "process in 1000 ms"};
	static const uint64_t least_ms[] = {0, 250, 1000};
	for (int i = 0; i < 3; i++) {
		wait_state_n(w, "r1", TC_ORB_RESTARTING, i + 1);
		uint64_t died_ms = w->died_loop_ms;
		wait_state_n(w, "r1", TC_ORB_SPAWNING, i + 2);
		assert_true(w->spawn_loop_ms - died_ms >= least_ms[i]);
		assert_non_null(strstr(w->log, waits[i]));
	}
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED),
			    "ended by SIGKILL; restarted 3 times in 60 s");
	assert_int_equal(tc_orbs_counts(w->orbs).spawned, 4);
	close_world(w);
}

static void a_person_may_try_again(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "ready,crash");
	config.restart_limit = 1;
	start_manager(w, &config);
	assert_int_equal(tc_orbs_restart(w->orbs, "r1", "the coach asks for it"), -ENOENT);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_FAILED);
	assert_int_equal(tc_orbs_restart(w->orbs, "r1", "the coach asks for it"), 0);
	assert_string_equal(wait_state_n(w, "r1", TC_ORB_SPAWNING, 3), "the coach asks for it");
	wait_state_n(w, "r1", TC_ORB_RESTARTING, 2); /* what was before is forgiven */
	wait_state_n(w, "r1", TC_ORB_FAILED, 2);
	close_world(w);
}

static void nobody_there_means_no_restart(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "ready");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	leave(w, "r1", "coach1");
	kill_orb(w, "r1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED), "ended by SIGKILL");
	wait_state(w, "r1", TC_ORB_OFF);
	close_world(w);
}

static void a_hung_one_is_killed_and_replaced_once_it_is_reaped(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "stubborn,ready");
	config.unresponsive_after_ms = 4000; /* it has to be ready before: on any machine */
	config.kill_after_ms = 8000;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	int old = info_of(w, "r1").pid;
	const char *why = wait_state(w, "r1", TC_ORB_RESTARTING);
	expect_part(why, "it no longer answered: no heartbeat for");
	int pid = info_of(w, "r1").pid;
	assert_true(pid == old || pid == 0); /* no other before this one is reaped */
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	assert_int_not_equal(info_of(w, "r1").pid, old);
	assert_int_equal(kill(old, 0), -1);
	assert_int_equal(tc_orbs_counts(w->orbs).ended[TC_ORB_END_HUNG], 1);
	static const enum tc_orb_state way[] = {TC_ORB_SPAWNING,     TC_ORB_READY,
						TC_ORB_UNRESPONSIVE, TC_ORB_RESTARTING,
						TC_ORB_SPAWNING,     TC_ORB_READY};
	assert_true(steps_are(w, "r1", way, 6));
	close_world(w);
}

static void who_never_gets_ready_is_killed_and_replaced(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "beat,stubborn");
	config.ready_timeout_ms = 80;
	config.restart_limit = 1;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_RESTARTING),
			    "it was not in the room within 80 ms");
	wait_state_n(w, "r1", TC_ORB_SPAWNING, 2);
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED),
			    "it was not in the room within 80 ms");
	close_world(w);
}

static void an_exit_before_ready_is_tried_again(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "exit69");
	config.restart_limit = 2;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state_n(w, "r1", TC_ORB_RESTARTING, 2);
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED),
			    "exited with 69: the server could not be reached; restarted 2 times in "
			    "60 s");
	assert_int_equal(tc_orbs_counts(w->orbs).spawned, 3);
	close_world(w);
}

static void what_another_try_would_not_change_fails_at_once(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "exit64");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED), "exited with 64: bad usage");
	assert_int_equal(tc_orbs_counts(w->orbs).spawned, 1);
	close_world(w);

	w = open_world();
	config = restarting(w, "ready");
	config.orb_command = "/nowhere/orb";
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_FAILED);
	assert_int_equal(tc_orbs_counts(w->orbs).not_spawned, 1);
	close_world(w);
}

static void a_restart_keeps_its_place_before_those_who_wait(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "ready");
	config.max_orbs = 1;
	start_manager(w, &config);
	join(w, "r1", "a");
	wait_state(w, "r1", TC_ORB_READY);
	join(w, "r2", "b");
	wait_state(w, "r2", TC_ORB_FULL);
	for (int i = 0; i < 2; i++) { /* the second one after a while: its place stays empty */
		kill_orb(w, "r1");
		wait_state_n(w, "r1", TC_ORB_READY, i + 2);
	}
	assert_int_equal(info_of(w, "r2").state, TC_ORB_FULL);
	tc_orbs_end(w->orbs, "r1", "session_complete");
	wait_state(w, "r2", TC_ORB_READY);
	close_world(w);
}

static void who_fails_or_is_left_alone_gives_its_place_up(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "ready,crash");
	config.max_orbs = 1;
	config.restart_limit = 1;
	start_manager(w, &config);
	join(w, "r1", "a");
	join(w, "r2", "b");
	wait_state(w, "r1", TC_ORB_FAILED);
	wait_state(w, "r2", TC_ORB_SPAWNING);
	close_world(w);

	w = open_world();
	config = restarting(w, "ready");
	config.max_orbs = 1;
	start_manager(w, &config);
	join(w, "r1", "a");
	wait_state(w, "r1", TC_ORB_READY);
	kill_orb(w, "r1");
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	join(w, "r2", "b");
	kill_orb(w, "r1"); /* 250 ms until the next one */
	wait_state_n(w, "r1", TC_ORB_RESTARTING, 2);
	leave(w, "r1", "a");
	wait_state(w, "r1", TC_ORB_OFF);
	wait_state(w, "r2", TC_ORB_READY);
	assert_null(find_step(w, &(struct expected){"r1", TC_ORB_SPAWNING, 3}));
	close_world(w);
}

static void an_end_while_it_is_restarting_is_an_end(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "ready");
	start_manager(w, &config);
	join(w, "r1", "a");
	for (int i = 1; i <= 2; i++) {
		wait_state_n(w, "r1", TC_ORB_READY, i);
		kill_orb(w, "r1");
		wait_state_n(w, "r1", TC_ORB_RESTARTING, i);
	}
	tc_orbs_end(w->orbs, "r1", "session_complete");
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "session_complete");
	join(w, "r1", "b"); /* who comes later gets a new one */
	wait_state_n(w, "r1", TC_ORB_READY, 3);
	close_world(w);
}

static void one_that_runs_may_be_asked_to_give_way(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "ready");
	start_manager(w, &config);
	join(w, "r1", "a");
	wait_state(w, "r1", TC_ORB_READY);
	assert_int_equal(tc_orbs_restart(w->orbs, "r1", "the coach asks for it"), 0);
	assert_int_equal(info_of(w, "r1").state, TC_ORB_RESTARTING);
	assert_int_equal(tc_orbs_restart(w->orbs, "r1", "the coach asks for it"), 0); /* once */
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	expect_part(w->summary, "\"progress\":\"replaced\"");
	assert_int_equal(tc_orbs_counts(w->orbs).spawned, 2);
	assert_int_equal(tc_orbs_counts(w->orbs).ended[TC_ORB_END_ASKED], 1);
	close_world(w);
}

static void closing_stops_what_would_come(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "ready,crash");
	start_manager(w, &config);
	join(w, "r1", "a");
	wait_state_n(w, "r1", TC_ORB_RESTARTING, 3);
	int spawned = (int)tc_orbs_counts(w->orbs).spawned;
	assert_int_equal(spawned, 3);
	close_manager(w);
	assert_null(find_step(w, &(struct expected){"r1", TC_ORB_SPAWNING, 4}));
	close_world(w);
}

static void restarts_do_not_make_a_life_longer(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "ready");
	config.max_lifetime_ms = 10000;
	start_manager(w, &config);
	uv_update_time(&w->loop);
	uint64_t began = uv_now(&w->loop);
	join(w, "r1", "a");
	for (int i = 1; i <= 3; i++) { /* back-off included: longer than a life from the last one */
		wait_state_n(w, "r1", TC_ORB_READY, i);
		if (i < 3) {
			kill_orb(w, "r1");
		}
	}
	assert_string_equal(wait_state(w, "r1", TC_ORB_GONE), "max_lifetime");
	assert_true(uv_now(&w->loop) - began >= 10000);
	static const enum tc_orb_state way[] = {TC_ORB_SPAWNING, TC_ORB_READY, TC_ORB_RESTARTING,
						TC_ORB_SPAWNING, TC_ORB_READY, TC_ORB_RESTARTING,
						TC_ORB_SPAWNING, TC_ORB_READY, TC_ORB_DRAINING,
						TC_ORB_GONE};
	assert_true(steps_are(w, "r1", way, 10));
	close_world(w);
}

/* --- memory --- */

static const struct tc_channel_utterance said[] = {{"u1", "client1", "so when i breathe", 10, 20}};

static void a_later_life_is_told_what_was_said(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "tell,ready");
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	wait_for(w, has_text, "env:ORB_RESTORE=0");
	assert_int_equal(w->recalls, 0); /* the first one begins with the session */
	tc_orbs_controlled(w->orbs, "r1", "mode", "on-call");
	tc_orbs_controlled(w->orbs, "r1", "mute", "");
	kill_orb(w, "r1");
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	assert_int_equal(w->recalls, 1);
	wait_for(w, has_text, "env:ORB_RESTORE=1");
	tc_orbs_recalled(w->orbs, "r1", 1, NULL, 0); /* of a life that is over */
	tc_orbs_recalled(w->orbs, "r1", 2, said, 1);
	wait_for(w, has_text,
		 "restore:on-call muted [{\"utteranceId\":\"u1\",\"userId\":\"client1\","
		 "\"text\":\"so when i breathe\",\"startMs\":10,\"endMs\":20}]");
	close_world(w);
}

static void an_orb_of_an_older_session_is_told_how_old(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "tell,ready");
	w->forgetful = true;
	start_manager(w, &config);
	struct tc_orb_room room = {.room = "r1", .session = "s1"};
	room.began_ms = tc_clock_wall_ms(tc_clock_system()) - 60000;
	tc_orbs_joined(w->orbs, &room, "a");
	wait_for(w, has_text, "env:ORB_RESTORE=1");
	wait_for(w, has_text, "restore-old: []"); /* it waits: it is told that there is nothing */
	char began[64];
	snprintf(began, sizeof(began), "env:ORB_SESSION_BEGAN=%lld", (long long)room.began_ms);
	wait_for(w, has_text, began);
	close_world(w);
}

static void a_memory_too_large_for_a_line_is_cut_at_its_old_end(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "ready");
	static struct tc_channel_utterance many[200];
	char *text = malloc(30001);
	memset(text, 'x', 30000);
	text[30000] = '\0';
	for (int i = 0; i < 200; i++) {
		many[i] = (struct tc_channel_utterance){"u", "client1", text, i, i};
	}
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	kill_orb(w, "r1");
	wait_state_n(w, "r1", TC_ORB_READY, 2);
	tc_orbs_recalled(w->orbs, "r1", 2, many, 200);
	expect_part(w->log, "is told 23 utterances of 200");
	many[199].text = "the newest";
	tc_orbs_recalled(w->orbs, "r1", 2, many + 199, 1); /* the line before it was no harm */
	wait_for(w, has_text,
		 "restore: [{\"utteranceId\":\"u\",\"userId\":\"client1\",\"text\":\"the newest\","
		 "\"startMs\":199,\"endMs\":199}]");
	free(text);
	close_world(w);
}

static void our_own_is_told_what_is_stored(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = restarting(w, "ready");
	config.aiorb_path = fake_orb_path();
	config.orb_command = NULL;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_for(w, has_text, "participants:[\"coach1\"]");
	assert_true(tc_orbs_serve(w->orbs, "s1"));
	assert_false(tc_orbs_serve(w->orbs, "s2"));
	tc_orbs_stored(w->orbs, "s1", "u7");
	tc_orbs_stored(w->orbs, "s2", "nobody's");
	tc_orbs_stored(w->orbs, "s1", NULL);
	wait_for(w, has_text, "stored:u7");
	wait_for(w, has_text, "stored:summary");
	close_world(w);

	w = open_world();
	config = good_config(w, "ready"); /* another's program knows nothing of it */
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_READY);
	tc_orbs_stored(w->orbs, "s1", "u7");
	join(w, "r1", "client1");
	wait_for(w, has_text, "participants:[\"coach1\",\"client1\"]");
	assert_false(has_text(w, "stored:u7"));
	close_world(w);
}

int main(int argc, char **argv)
{
	take_arguments(argc, argv);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_dies_in_a_call_is_back_at_once),
		cmocka_unit_test(who_dies_again_and_again_fails_in_the_end),
		cmocka_unit_test(a_person_may_try_again),
		cmocka_unit_test(nobody_there_means_no_restart),
		cmocka_unit_test(a_hung_one_is_killed_and_replaced_once_it_is_reaped),
		cmocka_unit_test(who_never_gets_ready_is_killed_and_replaced),
		cmocka_unit_test(an_exit_before_ready_is_tried_again),
		cmocka_unit_test(what_another_try_would_not_change_fails_at_once),
		cmocka_unit_test(a_restart_keeps_its_place_before_those_who_wait),
		cmocka_unit_test(who_fails_or_is_left_alone_gives_its_place_up),
		cmocka_unit_test(an_end_while_it_is_restarting_is_an_end),
		cmocka_unit_test(one_that_runs_may_be_asked_to_give_way),
		cmocka_unit_test(closing_stops_what_would_come),
		cmocka_unit_test(restarts_do_not_make_a_life_longer),
		cmocka_unit_test(a_later_life_is_told_what_was_said),
		cmocka_unit_test(an_orb_of_an_older_session_is_told_how_old),
		cmocka_unit_test(a_memory_too_large_for_a_line_is_cut_at_its_old_end),
		cmocka_unit_test(our_own_is_told_what_is_stored),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
