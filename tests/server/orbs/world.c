// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"

#define DEADLINE_MS 60000

static const char *fake_orb; /* path, from the command line */

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
	if (event->to == TC_ORB_RESTARTING) {
		w->died_loop_ms = uv_now(&w->loop);
	} else if (event->to == TC_ORB_SPAWNING) {
		w->spawn_loop_ms = uv_now(&w->loop);
	}
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

static bool on_recall(void *user, const char *room, const char *session, int life)
{
	struct world *w = user;
	w->recalls++;
	assert_string_equal(session, "s1");
	return !w->forgetful;
}

static int on_needs(void *user, char *why, size_t size)
{
	const struct world *w = user;
	snprintf(why, size, "%s", w->lack ? w->lack : "");
	return w->lack ? -ENOENT : 0;
}

static bool on_attended(void *user, const char *room)
{
	const struct world *w = user;
	return !w->deserted || strcmp(w->deserted, room) != 0;
}

const struct tc_orbs_events world_events = {.needs = on_needs,
					    .attended = on_attended,
					    .recall = on_recall,
					    .token = on_token,
					    .token_revoked = on_token_revoked,
					    .state = on_state,
					    .event = on_event,
					    .message = on_message};

struct tc_orbs_config good_config(struct world *w, const char *script)
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
		.ready_timeout_ms = 15000,
		.restart_window_ms = 60000, /* limit 0: no restarts, but where they are the topic */
	};
}

struct tc_orbs_config own_config(struct world *w, const char *script)
{
	static const char *env[2];
	struct tc_orbs_config config = good_config(w, "");
	env[0] = script;
	config.orb_command = NULL;
	config.aiorb_path = fake_orb;
	config.env = env;
	return config;
}

struct world *open_world(void)
{
	struct world *w = calloc(1, sizeof(*w));
	assert_non_null(w);
	assert_int_equal(uv_loop_init(&w->loop), 0);
	tc_log_set_sink(on_log, w);
	return w;
}

void start_manager(struct world *w, const struct tc_orbs_config *config)
{
	assert_int_equal(tc_orbs_create(&w->orbs, config, &world_events, w), 0);
}

void on_closed(void *user)
{
	((struct world *)user)->closed = true;
}

static void on_late(uv_timer_t *timer)
{
	((struct world *)timer->data)->late = true;
}

void on_timer_closed(uv_handle_t *handle)
{
	handle->data = NULL;
}

void wait_for(struct world *w, bool (*there)(struct world *, const void *), const void *arg)
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

bool is_closed(struct world *w, const void *arg)
{
	return w->closed;
}

void close_manager(struct world *w)
{
	tc_orbs_close(w->orbs, on_closed, w);
	assert_false(w->closed); /* not from inside the call */
	wait_for(w, is_closed, NULL);
}

/* Nothing is left: no handle, no child, dead or alive. */
void close_world(struct world *w)
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

void join(struct world *w, const char *room, const char *user)
{
	uv_update_time(&w->loop);
	tc_orbs_joined(
		w->orbs,
		&(struct tc_orb_room){
			.room = room, .session = "s1", .coach = "coach1", .client = "client1"},
		user);
}

void leave(struct world *w, const char *room, const char *user)
{
	uv_update_time(&w->loop);
	tc_orbs_left(w->orbs, room, user);
}

struct tc_orb_info info_of(struct world *w, const char *room)
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

const struct step *find_step(struct world *w, const struct expected *e)
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
const char *wait_state_n(struct world *w, const char *room, enum tc_orb_state state, int n)
{
	struct expected e = {room, state, n};
	wait_for(w, has_step, &e);
	return find_step(w, &e)->reason;
}

const char *wait_state(struct world *w, const char *room, enum tc_orb_state state)
{
	return wait_state_n(w, room, state, 1);
}

bool has_text(struct world *w, const void *arg)
{
	for (int i = 0; i < w->text_count; i++) {
		if (strcmp(w->texts[i], arg) == 0) {
			return true;
		}
	}
	return false;
}

void expect_part(const char *text, const char *part)
{
	if (!strstr(text, part)) {
		fail_msg("\"%s\" is not in \"%s\"", part, text);
	}
}

bool has_log(struct world *w, const void *arg)
{
	return strstr(w->log, arg) != NULL;
}

bool steps_are(struct world *w, const char *room, const enum tc_orb_state *states, int count)
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

void expect_end(const struct world *w, enum tc_orb_end how)
{
	struct tc_orbs_counts counts = tc_orbs_counts(w->orbs);
	assert_int_equal(counts.spawned, 1);
	assert_int_equal(counts.not_spawned, 0);
	for (int i = 0; i < TC_ORB_END_COUNT; i++) {
		assert_int_equal(counts.ended[i], i == (int)how);
	}
}

const char *fake_orb_path(void)
{
	return fake_orb;
}

void take_arguments(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s FAKE_ORB\n", argv[0]);
		exit(64);
	}
	fake_orb = realpath(argv[1], NULL); /* one test changes the working directory */
}
