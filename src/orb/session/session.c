// SPDX-License-Identifier: Apache-2.0
#include "orb/session/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "orb/session/session_priv.h"

TC_LOG_TOPIC("orb.session");

#define EVENT_QUEUE 1024
/* The manager counts the grace of an empty room: we only see to it that it ends. */
#define GRACE_SLACK_MS 5000

static const char *state_str(enum tc_session_state state)
{
	static const char *const names[] = {"joining",  "live",    "ending",
					    "flushing", "leaving", "over"};
	return names[state];
}

void tc_session_set_state(struct tc_session *s, enum tc_session_state next, const char *why)
{
	TC_ASSERT(next > s->state); /* a session goes on, never back */
	TC_INFO(s->tag, "%s -> %s (%s)", state_str(s->state), state_str(next), why);
	s->state = next;
}

int64_t tc_session_now(const struct tc_session *s)
{
	return tc_clock_ms(s->clock);
}

int64_t tc_session_ms(const struct tc_session *s, int64_t monotonic_ms)
{
	int64_t ms = monotonic_ms - s->session_ms;
	return ms > 0 ? ms : 0;
}

void tc_session_next_id(struct tc_session *s, char out[TC_ID_SIZE])
{
	snprintf(out, TC_ID_SIZE, "%s-%u", s->id_prefix, ++s->utterances);
}

/* --- events of other threads --- */

void tc_session_push(struct tc_session *s, const struct tc_session_event *event)
{
	if (tc_queue_push(s->events, event) != 0) {
		/* 1024 behind: the loop hangs. What is lost here the manager's watch will notice.
		 */
		TC_ERROR(s->tag, "the main loop does not take events");
		free(event->ptr);
	}
}

static void engines_loaded(void *user, struct tc_engines *take)
{
	struct tc_session_event event = {.kind = TC_EVENT_ENGINES, .ptr = take};
	tc_session_push(user, &event);
}

static void take_engines(struct tc_session *s, struct tc_engines *engines)
{
	tc_engine_loader_join(s->loader);
	s->loader = NULL;
	if (!engines || engines->err) {
		const char *why = engines ? engines->why : "out of memory";
		TC_ERROR(s->tag, "%s", why);
		tc_report_error(s, why, true);
		free(engines);
		tc_session_end(s, "error", TC_EXIT_DEFECT);
		return;
	}
	s->engines = engines;
	if (s->state >= TC_SESSION_ENDING) {
		return; /* too late to hear or to say anything */
	}
	TC_INFO(s->tag, "speech engines ready after %lld ms",
		(long long)tc_session_ms(s, tc_session_now(s)));
	tc_mouth_engines_ready(s);
	tc_ear_engines_ready(s);
}

static void handle_event(struct tc_session *s, const struct tc_session_event *event)
{
	switch (event->kind) {
	case TC_EVENT_HEARD:
		tc_ear_handle(s, event->ptr);
		free(event->ptr);
		break;
	case TC_EVENT_PLAY_STARTED:
	case TC_EVENT_CLAUSE:
	case TC_EVENT_PLAY_ENDED:
	case TC_EVENT_VOICE_DONE:
		tc_mouth_handle(s, event);
		break;
	case TC_EVENT_ENGINES:
		take_engines(s, event->ptr);
		break;
	case TC_EVENT_CLOSED:
		tc_end_closed(s);
		break;
	}
}

void tc_session_drain(struct tc_session *s)
{
	struct tc_session_event event;
	tc_queue_clear_wake(s->events);
	while (tc_queue_pop(s->events, &event)) {
		handle_event(s, &event);
	}
}

static void on_events(void *user)
{
	tc_session_drain(user);
}

/* --- timers --- */

static void mind_due(void *user)
{
	struct tc_session *s = user;
	tc_timer_cancel(s->mind_timer);
	s->mind_timer = NULL;
	s->mind_deadline = INT64_MAX;
	tc_mind_tick(s->mind, tc_session_now(s));
	tc_session_plan(s);
}

void tc_session_plan(struct tc_session *s)
{
	int64_t next = s->state == TC_SESSION_LIVE || s->state == TC_SESSION_JOINING
			       ? tc_mind_next(s->mind)
			       : INT64_MAX;
	if (next == s->mind_deadline) {
		return;
	}
	tc_timer_cancel(s->mind_timer);
	s->mind_timer = NULL;
	s->mind_deadline = next;
	if (next != INT64_MAX) {
		int64_t delay = next - tc_session_now(s);
		s->mind_timer = tc_loop_timer(s->loop, delay > 0 ? delay : 0, false, mind_due, s);
	}
}

static void lifetime_over(void *user)
{
	tc_session_end(user, "max_lifetime", TC_EXIT_OK);
}

static void idle_over(void *user)
{
	struct tc_session *s = user;
	tc_session_end(s, s->idle_reason, TC_EXIT_OK);
}

/* The manager asks us first, where it is well. */
static int64_t idle_after(struct tc_session *s)
{
	const struct tc_orb_args *args = s->args;
	int64_t after = args->idle_timeout;
	s->idle_reason = "idle_timeout";
	if (args->test_mode && args->test_timeout < after) {
		after = args->test_timeout;
	}
	if (s->met_anybody && args->cleanup_grace + GRACE_SLACK_MS < after) {
		after = args->cleanup_grace + GRACE_SLACK_MS;
		s->idle_reason = "room_cleanup";
	}
	return after;
}

void tc_session_check_idle(struct tc_session *s)
{
	/* Media goes on without the server: people we still exchange packets with are not idle. */
	bool alone = tc_roster_connected(s->roster) == 0 &&
		     (tc_people_present(s) == 0 || !s->uplink || !tc_uplink_up(s->uplink));
	s->met_anybody |= !alone;
	if (!alone || s->state >= TC_SESSION_ENDING) {
		tc_timer_cancel(s->idle_timer);
		s->idle_timer = NULL;
	} else if (!s->idle_timer) {
		s->idle_timer = tc_loop_timer(s->loop, idle_after(s), false, idle_over, s);
	}
}

static void heartbeat_due(void *user)
{
	struct tc_session *s = user;
	tc_report_heartbeat(s);
	tc_session_check_idle(s);
}

/* --- the manager --- */

static void on_manager_message(void *user, const struct tc_channel_message *message)
{
	struct tc_session *s = user;
	if (message->type == TC_CHANNEL_SHUTDOWN_GRACEFUL) {
		tc_session_end(s, message->reason[0] ? message->reason : "room_cleanup",
			       TC_EXIT_OK);
	} else if (message->type == TC_CHANNEL_UPDATE_PARTICIPANTS) {
		TC_DEBUG(s->tag, "participants updated by the manager");
	} else if (message->type == TC_CHANNEL_RESTORE) {
		tc_restore_take(s, message);
	} else if (message->type == TC_CHANNEL_PING) {
		tc_report_pong(s, message->ping);
	} else if (message->type == TC_CHANNEL_SHED) {
		tc_shed_set(s, message->shed);
	} else if (message->type == TC_CHANNEL_STORED) {
		tc_keep_stored(s, message->utterance);
		tc_end_flushed(s);
	} else if (message->type == TC_CHANNEL_ADOPTED) {
		tc_adopt_taken(s, message);
	}
}

static void on_manager_closed(void *user)
{
	tc_adopt_lost(user);
}

static void on_introduce(void *user, struct tc_buf *out)
{
	tc_adopt_introduce(user, out);
}

static void on_given_up(void *user)
{
	tc_adopt_given_up(user);
}

static void on_manager_drained(void *user)
{
	tc_end_flushed(user);
}

/* --- life --- */

static int create_mind(struct tc_session *s)
{
	struct tc_mind_config config = {
		.orb_user_id = s->args->user_id,
		.now_ms = tc_session_now(s),
		.began_ms = s->session_ms,
		.hold = s->args->restore,
		.seed = (uint32_t)s->began_us,
	};
	if (s->args->session_ends > 0) {
		config.session_end_ms =
			config.now_ms + (s->args->session_ends - tc_clock_wall_ms(s->clock));
	}
	return tc_mind_create(&s->mind, &config, &tc_session_mind_events, s);
}

static int create_links(struct tc_session *s)
{
	static const struct tc_manager_link_events manager = {
		.message = on_manager_message,
		.closed = on_manager_closed,
		.drained = on_manager_drained,
		.introduce = on_introduce,
		.given_up = on_given_up,
	};
	int err = tc_manager_link_create(&s->manager, s->loop, &manager, s);
	if (err && err != -ENOENT) {
		TC_ERROR(s->tag, "NODE_CHANNEL_FD names no open descriptor");
		return err;
	}
	const struct tc_orb_args *args = s->args;
	struct tc_uplink_config uplink = {
		.loop = s->loop,
		.url = args->server_url,
		.ca = args->tls_ca,
		.token = args->token && args->token[0] ? args->token : NULL,
		.room = args->room,
		.user_id = args->user_id,
		.user_name = "AI Orb",
		.role = "ai",
		.participant_type = "ai",
	};
	err = tc_uplink_create(&s->uplink, &uplink, &tc_session_uplink_events, s);
	if (err) {
		TC_ERROR(s->tag, "%s: %s", args->server_url,
			 err == -EINVAL ? "expected ws://HOST:PORT" : tc_err_str(err));
	}
	return err;
}

static int start_timers(struct tc_session *s)
{
	bool test = s->args->test_mode && s->args->test_timeout < s->args->max_lifetime;
	int64_t life = test ? s->args->test_timeout : s->args->max_lifetime;
	s->lifetime_timer = tc_loop_timer(s->loop, life, false, lifetime_over, s);
	s->heartbeat_timer = tc_loop_timer(s->loop, s->args->heartbeat, true, heartbeat_due, s);
	s->event_watch = tc_loop_watch(s->loop, tc_queue_wake_fd(s->events), on_events, s);
	return s->lifetime_timer && s->heartbeat_timer && s->event_watch ? 0 : -ENOMEM;
}

static void init_people(struct tc_session *s)
{
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		s->people[i].session = s;
		s->people[i].lane = -1;
	}
}

static int64_t began_ms(const struct tc_session *s)
{
	int64_t age = s->args->session_began ? s->began_wall_ms - s->args->session_began : 0;
	return s->began_us / 1000 - (age > 0 ? age : 0);
}

int tc_session_create(struct tc_session **out, struct tc_loop *loop, const struct tc_orb_args *args)
{
	struct tc_session *s = calloc(1, sizeof(*s));
	if (!s) {
		return -ENOMEM;
	}
	s->loop = loop;
	s->args = args;
	s->clock = tc_clock_system();
	s->began_us = tc_clock_us(s->clock);
	s->began_wall_ms = tc_clock_wall_ms(s->clock);
	s->session_ms = began_ms(s);
	s->mind_deadline = INT64_MAX;
	s->told_status = "";
	snprintf(s->tag, sizeof(s->tag), "room %s", args->room);
	tc_id_random(s->id_prefix, 8);
	tc_buf_init(&s->out);
	STAILQ_INIT(&s->unstored);
	init_people(s);
	int err = tc_queue_create(&s->events, sizeof(struct tc_session_event), EVENT_QUEUE, true);
	if (!err) {
		err = start_timers(s);
	}
	if (!err) {
		err = create_links(s); /* first: the socket connects while the rest is made */
	}
	if (!err) {
		err = tc_media_create(s);
	}
	if (!err) {
		err = create_mind(s);
	}
	if (!err) {
		err = tc_restore_expect(s);
	}
	if (!err) {
		err = tc_engine_loader_start(&s->loader, args, engines_loaded, s);
	}
	if (err) {
		TC_ERROR(s->tag, "cannot start: %s", tc_err_str(err));
		tc_session_destroy(s);
		return err;
	}
	*out = s;
	return 0;
}

int tc_session_destroy(struct tc_session *s)
{
	if (!s) {
		return TC_EXIT_DEFECT;
	}
	int exit_code = s->exit_code;
	if (!tc_end_join(s)) {
		TC_ERROR(s->tag, "a thread does not end: leaving it behind");
		_exit(exit_code);
	}
	/* All is said and told. Models take seconds to load on a busy machine, and whoever waits
	 * for our exit kills us before. */
	if (!tc_engine_loader_try_join(s->loader)) {
		TC_INFO(s->tag, "the models were still loading");
		_exit(exit_code);
	}
	tc_uplink_destroy(s->uplink);
	tc_people_close(s);
	if (s->events) {
		struct tc_session_event event;
		while (tc_queue_pop(s->events, &event)) {
			if (event.kind == TC_EVENT_ENGINES) {
				tc_engines_destroy(event.ptr);
			} else {
				free(event.ptr);
			}
		}
	}
	tc_engines_destroy(s->engines);
	tc_mind_destroy(s->mind);
	tc_rtc_destroy(s->rtc);
	tc_roster_destroy(s->roster);
	tc_manager_link_destroy(s->manager);
	struct tc_timer *timers[] = {s->mind_timer,      s->lifetime_timer, s->idle_timer,
				     s->heartbeat_timer, s->soon_timer,     s->away_timer,
				     s->end_timer,       s->restore_timer};
	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		tc_timer_cancel(timers[i]);
	}
	tc_watch_cancel(s->event_watch);
	tc_queue_destroy(s->events);
	for (size_t i = 0; i < TC_ANSWERS_MAX; i++) {
		free(s->answers[i].text);
	}
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		free(s->people[i].early);
	}
	tc_keep_finish(s);
	tc_buf_finish(&s->out);
	free(s);
	return exit_code;
}
