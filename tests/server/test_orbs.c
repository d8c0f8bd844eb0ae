// SPDX-License-Identifier: Apache-2.0
/* The orb manager against real processes (tests/mock/fake_orb.c): each waits for what must happen,
 * with times scaled down and a deadline far beyond them. */
#include "server/orbs/manager.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/log.h"
#include "mock/oom.h"

#define DEADLINE_MS 20000
#define MAX_STEPS   4096
#define MAX_TEXTS   256

static const char *fake_orb; /* path, from the command line */

struct step {
	char room[32];
	enum tc_orb_state state;
	char reason[256];
};

struct world {
	uv_loop_t loop;
	struct tc_orbs *orbs;
	struct step steps[MAX_STEPS];
	int step_count;
	char texts[MAX_TEXTS][300]; /* "id:text" of utterances */
	int text_count;
	long messages;
	int summaries;
	char summary[512];
	int tokens, revoked;
	enum tc_orb_state event_state; /* of the newest one */
	int events, life;
	int64_t event_ms;
	char log[65536];
	bool closed;
	bool late;
};

static void on_state(void *user, const char *room, enum tc_orb_state state, const char *reason)
{
	struct world *w = user;
	assert_true(w->step_count < MAX_STEPS);
	struct step *step = &w->steps[w->step_count++];
	snprintf(step->room, sizeof(step->room), "%s", room);
	snprintf(step->reason, sizeof(step->reason), "%s", reason);
	step->state = state;
}

static void on_event(void *user, const struct tc_orb_event *event)
{
	struct world *w = user;
	assert_true(event->wall_ms >= w->event_ms);
	assert_true(event->from != event->to);
	w->event_ms = event->wall_ms;
	w->event_state = event->to;
	w->life = event->life;
	w->events++;
}

static int on_token(void *user, const char *room, const char *session, char *out, size_t size)
{
	struct world *w = user;
	snprintf(out, size, "token-%s-%s", room, session);
	w->tokens++;
	return 0;
}

static void on_token_revoked(void *user, const char *room, const char *session)
{
	((struct world *)user)->revoked++;
}

static void on_message(void *user, const char *room, const char *type, const char *json, size_t len)
{
	struct world *w = user;
	struct tc_json object;
	w->messages++;
	assert_int_equal(tc_json_parse(&object, json, len, NULL), 0);
	if (strcmp(type, "session_summary") == 0) {
		w->summaries++;
		snprintf(w->summary, sizeof(w->summary), "%.*s", (int)len, json);
	} else if (w->text_count < MAX_TEXTS) {
		char id[32] = "", text[256] = "";
		tc_json_get_str(object, "utteranceId", id, sizeof(id));
		tc_json_get_str(object, "text", text, sizeof(text));
		snprintf(w->texts[w->text_count++], sizeof(w->texts[0]), "%s:%s", id, text);
	}
}

static void on_log(void *user, enum tc_log_level level, const char *topic, const char *tag,
		   const char *text)
{
	struct world *w = user;
	size_t n = strlen(w->log);
	snprintf(w->log + n, sizeof(w->log) - n, "%s %s|%s|%s\n", tc_log_level_str(level), topic,
		 tag ? tag : "", text);
}

static struct tc_orbs_config good_config(struct world *w, const char *script)
{
	static char command[512];
	snprintf(command, sizeof(command), "'%s' %s", fake_orb, script);
	return (struct tc_orbs_config){
		.loop = &w->loop,
		.enabled = true,
		.max_orbs = 8,
		.orb_command = command,
		.host_port = "127.0.0.1:3000",
		.max_lifetime_ms = 7200000,
		.idle_timeout_ms = 300000,
		.cleanup_grace_ms = 60000,
		.active_cleanup_ms = 1800000,
		.test_timeout_ms = 30000,
		.unresponsive_after_ms = 60000,
		.kill_after_ms = 120000,
		.kill_grace_ms = 10000,
	};
}

static struct world *open_world(void)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	assert_int_equal(uv_loop_init(&w->loop), 0);
	tc_log_set_sink(on_log, w);
	return w;
}

static void start_manager(struct world *w, const struct tc_orbs_config *config)
{
	static const struct tc_orbs_events events = {.token = on_token,
						     .token_revoked = on_token_revoked,
						     .state = on_state,
						     .event = on_event,
						     .message = on_message};
	assert_int_equal(tc_orbs_create(&w->orbs, config, &events, w), 0);
}

static void on_closed(void *user)
{
	((struct world *)user)->closed = true;
}

static void on_late(uv_timer_t *timer)
{
	((struct world *)timer->data)->late = true;
}

static void on_timer_closed(uv_handle_t *handle)
{
	handle->data = NULL;
}

static void wait_for(struct world *w, bool (*there)(struct world *, const void *), const void *arg)
{
	uv_timer_t deadline;
	uv_timer_init(&w->loop, &deadline);
	deadline.data = w;
	uv_update_time(&w->loop);
	uv_timer_start(&deadline, on_late, DEADLINE_MS, 0);
	while (!there(w, arg) && !w->late) {
		uv_run(&w->loop, UV_RUN_ONCE);
	}
	uv_close((uv_handle_t *)&deadline, on_timer_closed);
	while (deadline.data) {
		uv_run(&w->loop, UV_RUN_NOWAIT);
	}
	if (w->late) {
		for (int i = 0; i < w->step_count; i++) {
			print_error("step %s %d (%s)\n", w->steps[i].room, w->steps[i].state,
				    w->steps[i].reason);
		}
		print_error("%s\n", w->log);
	}
	assert_false(w->late);
}

static bool is_closed(struct world *w, const void *arg)
{
	return w->closed;
}

static void close_manager(struct world *w)
{
	tc_orbs_close(w->orbs, on_closed, w);
	assert_false(w->closed); /* not from inside the call */
	wait_for(w, is_closed, NULL);
}

/* Nothing is left: no handle, no child, dead or alive. */
static void close_world(struct world *w)
{
	if (!w->closed) {
		close_manager(w);
	}
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	assert_int_equal(w->tokens, w->revoked);
	tc_log_set_sink(NULL, NULL);
	free(w);
}

static void join(struct world *w, const char *room, const char *user)
{
	uv_update_time(&w->loop);
	tc_orbs_joined(
		w->orbs,
		&(struct tc_orb_room){
			.room = room, .session = "s1", .coach = "coach1", .client = "client1"},
		user);
}

static void leave(struct world *w, const char *room, const char *user)
{
	uv_update_time(&w->loop);
	tc_orbs_left(w->orbs, room, user);
}

static struct tc_orb_info info_of(struct world *w, const char *room)
{
	struct tc_orb_info list[32];
	size_t count = tc_orbs_list(w->orbs, list, 32);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(list[i].room, room) == 0) {
			return list[i];
		}
	}
	return (struct tc_orb_info){.state = TC_ORB_OFF};
}

struct expected {
	const char *room;
	enum tc_orb_state state;
	int times;
};

static const struct step *find_step(struct world *w, const struct expected *e)
{
	int seen = 0;
	for (int i = 0; i < w->step_count; i++) {
		if (strcmp(w->steps[i].room, e->room) == 0 && w->steps[i].state == e->state &&
		    ++seen == e->times) {
			return &w->steps[i];
		}
	}
	return NULL;
}

static bool has_step(struct world *w, const void *arg)
{
	return find_step(w, arg) != NULL;
}

/* Waits until the room was in `state` for the n-th time; returns the reason. */
static const char *wait_state_n(struct world *w, const char *room, enum tc_orb_state state, int n)
{
	struct expected e = {room, state, n};
	wait_for(w, has_step, &e);
	return find_step(w, &e)->reason;
}

static const char *wait_state(struct world *w, const char *room, enum tc_orb_state state)
{
	return wait_state_n(w, room, state, 1);
}

static bool has_text(struct world *w, const void *arg)
{
	for (int i = 0; i < w->text_count; i++) {
		if (strcmp(w->texts[i], arg) == 0) {
			return true;
		}
	}
	return false;
}

static bool has_log(struct world *w, const void *arg)
{
	return strstr(w->log, arg) != NULL;
}

static bool steps_are(struct world *w, const char *room, const enum tc_orb_state *states, int count)
{
	int at = 0;
	for (int i = 0; i < w->step_count; i++) {
		if (strcmp(w->steps[i].room, room) != 0) {
			continue;
		}
		if (at == count || w->steps[i].state != states[at++]) {
			return false;
		}
	}
	return at == count;
}

/* --- a life --- */

/* One life began, and ended so. */
static void expect_end(const struct world *w, enum tc_orb_end how)
{
	struct tc_orbs_counts counts = tc_orbs_counts(w->orbs);
	assert_int_equal(counts.spawned, 1);
	assert_int_equal(counts.not_spawned, 0);
	for (int i = 0; i < TC_ORB_END_COUNT; i++) {
		assert_int_equal(counts.ended[i], i == (int)how);
	}
}

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
	assert_non_null(strstr(w->summary, "\"progress\":\"session_complete\""));
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
	assert_non_null(strstr(w->log, "info orb.output|room r1|out one\n"));
	assert_non_null(strstr(w->log, "info orb.output|room r1|an unfinished\n"));
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

/* --- the ladder --- */

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

/* --- misfortunes --- */

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

static void silence_is_unresponsive_then_the_end(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "stubborn,ready");
	config.unresponsive_after_ms = 100;
	config.kill_after_ms = 250;
	start_manager(w, &config);
	join(w, "r1", "coach1");
	wait_state(w, "r1", TC_ORB_UNRESPONSIVE);
	assert_string_equal(wait_state(w, "r1", TC_ORB_FAILED),
			    "it no longer answered and was stopped");
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
	config.kill_after_ms = 100;
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
	assert_non_null(strstr(w->log, "was dropped: no JSON object"));
	assert_non_null(strstr(w->log, "was dropped: bad type"));
	assert_non_null(strstr(w->log, "it is about another room"));
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
	assert_non_null(strstr(w->log, "messages beyond the limit were dropped"));
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
	assert_non_null(strstr(w->log, "lines of output were dropped"));
	close_world(w);
}

/* --- capacity and succession --- */

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

/* --- clean-ups --- */

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
	assert_non_null(strstr(w->summary, "room_cleanup"));
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
	assert_string_equal(wait_state(w, "t1", TC_ORB_GONE), "max_lifetime");
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

/* --- the end of all --- */

static void closing_asks_all_and_kills_who_stays(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "stubborn,ready");
	config.kill_grace_ms = 50;
	config.term_grace_ms = 50;
	config.max_orbs = 3;
	start_manager(w, &config);
	static const char *const rooms[] = {"r1", "r2", "r3", "r4"};
	for (int i = 0; i < 4; i++) {
		join(w, rooms[i], "a");
	}
	wait_state(w, "r3", TC_ORB_READY);
	close_manager(w);
	for (int i = 0; i < 3; i++) {
		assert_non_null(find_step(w, &(struct expected){rooms[i], TC_ORB_GONE, 1}));
	}
	close_world(w);
}

static void a_second_signal_kills_at_once(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "stubborn,ready"); /* 15 s otherwise */
	start_manager(w, &config);
	join(w, "r1", "a");
	wait_state(w, "r1", TC_ORB_READY);
	uint64_t before = uv_hrtime();
	tc_orbs_close(w->orbs, on_closed, w);
	tc_orbs_kill_all(w->orbs);
	wait_for(w, is_closed, NULL);
	assert_true(uv_hrtime() - before < 8000000000u);
	close_world(w);
}

static int open_fds(void)
{
	int count = 0;
	DIR *folder = opendir("/proc/self/fd");
	while (readdir(folder)) {
		count++;
	}
	closedir(folder);
	return count;
}

static void fifty_lives_leave_no_descriptor_and_no_zombie(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	start_manager(w, &config);
	int before = 0;
	uint64_t spawning = 0;
	for (int i = 1; i <= 51; i++) {
		uint64_t start = uv_hrtime();
		join(w, "r1", "a");
		spawning += uv_hrtime() - start;
		wait_state_n(w, "r1", TC_ORB_READY, i);
		tc_orbs_end(w->orbs, "r1", "session_complete");
		wait_state_n(w, "r1", TC_ORB_GONE, i);
		leave(w, "r1", "a");
		uv_run(&w->loop, UV_RUN_NOWAIT);
		assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
		before = i == 1 ? open_fds() : before; /* after the loop opened its own */
	}
	assert_int_equal(open_fds(), before);
	print_message("the loop was held up %.2f ms by a spawn\n", (double)spawning / 51 / 1e6);
	close_world(w);
}

static void without_memory_it_fails_whole(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	static const struct tc_orbs_events events = {.token = on_token,
						     .token_revoked = on_token_revoked,
						     .state = on_state,
						     .event = on_event,
						     .message = on_message};
	int err = -1;
	TC_OOM_LOOP(n)
	{
		w->closed = false;
		err = tc_orbs_create(&w->orbs, &config, &events, w);
		if (!err) {
			join(w, "r1", "a");
			tc_oom_disarm();
			close_manager(w);
		} else {
			assert_int_equal(err, -ENOMEM);
		}
	}
	assert_int_equal(err, 0);
	assert_non_null(find_step(w, &(struct expected){"r1", TC_ORB_FAILED, 1}));
	assert_non_null(find_step(w, &(struct expected){"r1", TC_ORB_GONE, 1}));
	w->closed = true;
	close_world(w);
}

static void a_command_with_an_open_quote_is_refused(void **state)
{
	struct world *w = open_world();
	struct tc_orbs_config config = good_config(w, "ready");
	static const struct tc_orbs_events none = {0};
	struct tc_orbs *orbs;
	config.orb_command = "node 'aiorb.js";
	assert_int_equal(tc_orbs_create(&orbs, &config, &none, w), -EINVAL);
	config.orb_command = NULL;
	assert_int_equal(tc_orbs_create(&orbs, &config, &none, w), -EINVAL);
	w->closed = true;
	close_world(w);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: test_orbs FAKE_ORB\n");
		return 64;
	}
	fake_orb = realpath(argv[1], NULL); /* one test changes the working directory */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_orb_is_ready_beats_and_ends_gracefully_with_its_summary),
		cmocka_unit_test(the_program_gets_arguments_environment_and_nothing_else),
		cmocka_unit_test(it_is_told_who_is_there),
		cmocka_unit_test(its_output_is_in_the_log_with_the_rooms_id),
		cmocka_unit_test(the_last_words_before_an_exit_are_read),
		cmocka_unit_test(words_of_the_dead_are_read_even_if_we_spoke_to_them_first),
		cmocka_unit_test(who_does_not_listen_gets_sigterm),
		cmocka_unit_test(who_ignores_sigterm_gets_sigkill_in_its_time),
		cmocka_unit_test(who_closed_its_channel_is_asked_by_signal_at_once),
		cmocka_unit_test(who_never_reads_costs_nothing_and_ends),
		cmocka_unit_test(whoever_it_started_goes_with_it),
		cmocka_unit_test(an_exit_before_ready_is_a_failure_with_its_reason),
		cmocka_unit_test(an_exit_with_0_before_ready_is_a_failure_too),
		cmocka_unit_test(a_crash_is_told_to_the_humans),
		cmocka_unit_test(a_missing_program_or_folder_is_named),
		cmocka_unit_test(silence_is_unresponsive_then_the_end),
		cmocka_unit_test(never_ready_is_unresponsive_then_the_end),
		cmocka_unit_test(half_lines_and_garbage_do_no_harm),
		cmocka_unit_test(a_flood_on_the_channel_is_bounded),
		cmocka_unit_test(a_flood_of_output_is_bounded),
		cmocka_unit_test(who_finds_no_place_waits_and_is_served_first),
		cmocka_unit_test(a_new_life_waits_until_the_old_one_is_reaped),
		cmocka_unit_test(turned_off_means_off_and_says_so),
		cmocka_unit_test(an_empty_room_is_cleaned_up_after_its_grace),
		cmocka_unit_test(who_comes_back_in_time_keeps_the_orb),
		cmocka_unit_test(a_test_ends_after_its_time_and_a_life_after_its_maximum),
		cmocka_unit_test(closing_asks_all_and_kills_who_stays),
		cmocka_unit_test(a_second_signal_kills_at_once),
		cmocka_unit_test(fifty_lives_leave_no_descriptor_and_no_zombie),
		cmocka_unit_test(without_memory_it_fails_whole),
		cmocka_unit_test(a_command_with_an_open_quote_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
