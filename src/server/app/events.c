// SPDX-License-Identifier: Apache-2.0
#include "server/app/app.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/turn.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "proto/channel.h"
#include "server/needs.h"
#include "server/orbs/argv.h"

TC_LOG_TOPIC("server");

#define EARLY_MS (15 * 60 * 1000) /* as web/lib/room-state.js has it */
/* An orb's token outlives its longest life a little: it may be late to end. */
#define ORB_TOKEN_SLACK_S 600
#define ORB_TURN_TTL_S    (24 * 3600) /* where lives have no bound */

static bool under_way(const struct tc_app *app, const char *room)
{
	const struct tc_call *call = room ? tc_calls_find(app->calls, room) : NULL;
	return call && call->started_ms;
}

int tc_app_on_access(void *user, const struct tc_access_request *request, struct tc_access *out,
		     const char **why)
{
	struct tc_app *app = user;
	if (app->farewell_by) {
		*why = "the server is shutting down";
		return 503;
	}
	if (app->site->draining && !under_way(app, request->room)) {
		*why = "the server is about to end: no new sessions";
		return 503;
	}
	return tc_gate_enter(app->gate, request, out, why);
}

void tc_app_on_request(void *user, struct tc_http_request *request)
{
	struct tc_app *app = user;
	tc_site_handle(app->site, request);
}

void tc_app_on_refused(void *user, struct tc_http_request *request, int status, const char *why)
{
	struct tc_app *app = user;
	tc_site_reject(app->site, request, status, why);
}

/* false: there is none, or it cannot be known now (the read waits for nobody): then who comes in is
 * all that is known of the call. */
static bool find_appointment(struct tc_app *app, const char *room, struct tc_appointment *out)
{
	int err = tc_store_appointment(app->reads, room, out);
	if (err && err != -ENOENT) {
		TC_WARN(room, "its appointment was not read: %s", tc_err_str(err));
	}
	return !err;
}

/* The room's call, with the people we know to belong to it. */
static const struct tc_call *call_of(struct tc_app *app, const char *room,
				     const struct tc_room_person *who)
{
	struct tc_appointment a = {0};
	const struct tc_call *call = tc_calls_find(app->calls, room);
	if (!call && !find_appointment(app, room, &a)) {
		a = (struct tc_appointment){0};
	}
	call = tc_calls_get(app->calls, room, a.coach, a.client);
	/* A room that a join token named has no appointment: its people show who they are. */
	tc_calls_met(app->calls, room, who->role, who->user_id);
	return call;
}

/* When the two people's time is up, as the pages count it. 0: no fixed end. */
static int64_t end_of(const struct tc_call *call, const struct tc_appointment *a)
{
	int64_t length_ms = a->minutes * 60 * 1000;
	int64_t planned = a->starts_ms + length_ms;
	if (a->minutes <= 0) {
		return 0;
	}
	/* Without a fixed time, or far from it, the time runs from when they met. */
	bool inside = a->starts_ms && call->started_ms > a->starts_ms - EARLY_MS &&
		      call->started_ms < planned;
	return inside ? planned : call->started_ms + length_ms;
}

static void on_joined(void *user, const char *room, const struct tc_room_person *who, int humans)
{
	struct tc_app *app = user;
	const struct tc_call *call = call_of(app, room, who);
	struct tc_appointment a;
	if (!call) {
		TC_ERROR(room, "no memory for its call");
		return;
	}
	tc_calls_people(app->calls, room, humans);
	if (who->ai) {
		return;
	}
	if (!app->orbs) {
		tc_rooms_set_orb_state(app->rooms, room, "off",
				       app->signals ? "the server is restarting"
						    : "AI orbs are turned off here");
		return;
	}
	bool known = find_appointment(app, room, &a);
	struct tc_orb_room orb = {.room = room,
				  .session = call->id,
				  .coach = call->coach,
				  .client = call->client,
				  .test = known && a.test,
				  .ends_ms = known ? end_of(call, &a) : 0,
				  .began_ms = call->started_ms};
	tc_orbs_joined(app->orbs, &orb, who->user_id);
}

static void on_left(void *user, const char *room, const struct tc_room_person *who, int humans,
		    const char *reason)
{
	struct tc_app *app = user;
	tc_calls_people(app->calls, room, humans);
	if (app->orbs && !who->ai) {
		tc_orbs_left(app->orbs, room, who->user_id);
	}
	tc_app_check_drained(app);
}

static void on_back(void *user, const char *room, const struct tc_room_person *who)
{
	struct tc_app *app = user;
	if (app->orbs && !who->ai) {
		tc_orbs_back(app->orbs);
	}
}

static bool on_attended(void *user, const char *room)
{
	const struct tc_app *app = user;
	return tc_rooms_attended(app->rooms, room);
}

/* For orbs that tell nothing on the channel: their transcripts are kept, and are signs of life. */
static bool on_transcript(void *user, const char *room, const char *json, size_t len)
{
	struct tc_app *app = user;
	const struct tc_call *call = tc_calls_find(app->calls, room);
	int err = -ENOENT;
	if (call) {
		err = tc_journal_transcript(app->journal, call->id, room, json, len);
	}
	if (err && err != -EAGAIN) {
		TC_WARN(room, "a transcript of the orb not stored: %s", tc_err_str(err));
	}
	if (app->orbs) {
		tc_orbs_active(app->orbs, room);
	}
	return !err;
}

static void on_control(void *user, const char *room, const char *action, const char *value)
{
	struct tc_app *app = user;
	if (app->orbs) {
		tc_orbs_controlled(app->orbs, room, action, value);
	}
}

/* One that failed is shown, too: the journal has logged it. */
static void on_shown(void *user, const char *room, const char *json, size_t len, int err)
{
	struct tc_app *app = user;
	tc_rooms_show(app->rooms, room, json, len);
}

static void on_stored(void *user, const char *session, const char *utterance_id)
{
	struct tc_app *app = user;
	struct tc_orbs *orbs = app->orbs ? app->orbs : app->closing;
	if (orbs) {
		tc_orbs_stored(orbs, session, utterance_id);
	}
}

static void on_call_began(void *user, const struct tc_call *call)
{
	struct tc_app *app = user;
	(void)tc_journal_call_began(app->journal, call);
}

static void on_call_resumed(void *user, const struct tc_call *call)
{
	struct tc_app *app = user;
	(void)tc_journal_call_resumed(app->journal, call);
}

static void on_call_ended(void *user, const struct tc_call *call)
{
	struct tc_app *app = user;
	(void)tc_journal_call_ended(app->journal, call);
	tc_app_sum_up(app, call);
}

static int on_orb_token(void *user, const char *room, const char *session, char *out, size_t size)
{
	struct tc_app *app = user;
	int64_t ttl_s = app->config->orb_max_lifetime / 1000 + ORB_TOKEN_SLACK_S;
	return tc_gate_orb_token(app->gate, room, session, ttl_s, out, size);
}

/* As /api/ice-servers has them for people; TURN_SECRET itself is none of the orb's business. */
static void on_orb_environment(void *user, const char *session, struct tc_strings *out)
{
	struct tc_app *app = user;
	const struct tc_config *c = app->config;
	struct tc_turn_credentials turn;
	char id[TC_ID_SIZE];
	int64_t life_s = c->orb_max_lifetime > 0 ? c->orb_max_lifetime / 1000 : ORB_TURN_TTL_S;
	int64_t expires_s = tc_clock_wall_ms(tc_clock_system()) / 1000 + life_s + ORB_TOKEN_SLACK_S;
	snprintf(id, sizeof(id), "ai-orb-%.100s", session);
	if (c->turn_urls && tc_turn_credentials(&turn, c->turn_secret, id, expires_s) == 0) {
		tc_strings_addf(out, "ORB_TURN_URLS=%s", c->turn_urls);
		tc_strings_addf(out, "ORB_TURN_USERNAME=%s", turn.username);
		tc_strings_addf(out, "ORB_TURN_PASSWORD=%s", turn.credential);
		explicit_bzero(&turn, sizeof(turn));
	}
}

/* Where the model should be is in the log, from the start (tc_app_warn()). */
static int on_orb_needs(void *user, char *why, size_t size)
{
	const struct tc_app *app = user;
	char text[TC_APP_PATH_SIZE];
	int err = app->config->orb_command ? 0 : tc_needs_speech(app->config, text, sizeof(text));
	if (err) {
		snprintf(why, size, "its speech model is missing");
	}
	return err;
}

static void on_orb_token_revoked(void *user, const char *room, const char *session)
{
	struct tc_app *app = user;
	tc_gate_orb_revoke(app->gate, session);
}

static void on_orb_state(void *user, const char *room, enum tc_orb_state state, const char *reason)
{
	struct tc_app *app = user;
	tc_rooms_set_orb_state(app->rooms, room, tc_orb_state_str(state), reason);
}

static void on_orb_event(void *user, const struct tc_orb_event *event)
{
	struct tc_app *app = user;
	struct tc_orb_step step = {.at_ms = event->wall_ms, .life = event->life, .pid = event->pid};
	snprintf(step.room, sizeof(step.room), "%s", event->room);
	snprintf(step.session, sizeof(step.session), "%s", event->session);
	snprintf(step.from, sizeof(step.from), "%s", tc_orb_state_name(event->from));
	snprintf(step.to, sizeof(step.to), "%s", tc_orb_state_name(event->to));
	snprintf(step.reason, sizeof(step.reason), "%s", event->reason);
	(void)tc_journal_orb_event(app->journal, &step);
	tc_board_event(app->board, event);
}

static void on_orb_heartbeat(void *user, const char *room, const struct tc_channel_metrics *metrics)
{
	struct tc_app *app = user;
	tc_orb_watch_heartbeat(app->board->watch, room, metrics);
}

void tc_app_on_written(void *user, double seconds)
{
	struct tc_app *app = user;
	tc_registry_observe(app->board->registry, TC_M_JOURNAL_WRITE, 0, 0, seconds);
}

static void on_recalled(void *user, const char *room, int life,
			const struct tc_utterance *utterances, size_t count, int err)
{
	struct tc_app *app = user;
	struct tc_channel_utterance *list = count ? calloc(count, sizeof(*list)) : NULL;
	if (err || (count && !list)) {
		TC_ERROR(room, "what was said cannot be recalled: %s",
			 tc_err_str(err ? err : -ENOMEM));
		count = 0;
	}
	for (size_t i = 0; i < count; i++) {
		list[i] = (struct tc_channel_utterance){.id = utterances[i].id,
							.user_id = utterances[i].user_id,
							.text = utterances[i].text,
							.start_ms = utterances[i].start_ms,
							.end_ms = utterances[i].end_ms};
	}
	if (app->orbs) {
		tc_orbs_recalled(app->orbs, room, life, list, count);
	}
	free(list);
}

static bool on_orb_recall(void *user, const char *room, const char *session, int life)
{
	struct tc_app *app = user;
	/* Behind the last words of the life before, which are in the queue already. */
	return tc_journal_recall(app->journal, session, room, life, on_recalled, app) == 0;
}

/* The session is the orb's own word: its last message may come when the room has a new call. */
static void on_orb_message(void *user, const char *room, const char *type, const char *text,
			   size_t len)
{
	struct tc_app *app = user;
	struct tc_json json;
	char session[TC_ID_SIZE];
	const struct tc_call *call = tc_calls_find(app->calls, room);
	if (tc_json_parse(&json, text, len, NULL) ||
	    tc_json_get_str(json, "sessionId", session, sizeof(session)) < 0 ||
	    !tc_id_valid(session)) {
		snprintf(session, sizeof(session), "%s", call ? call->id : "");
	}
	int err = 0;
	if (!session[0]) {
		err = -ENOENT;
	} else if (strcmp(type, "utterance") == 0) {
		err = tc_journal_utterance(app->journal, session, text, len);
	} else if (strcmp(type, "session_summary") == 0) {
		err = tc_journal_summary(app->journal, session, text, len);
	}
	if (err) {
		TC_WARN(room, "%s of the orb not stored: %s", type, tc_err_str(err));
	}
}

const struct tc_rooms_events tc_app_rooms_events = {
	.joined = on_joined,
	.left = on_left,
	.back = on_back,
	.transcript = on_transcript,
	.control = on_control,
};

const struct tc_calls_events tc_app_calls_events = {
	.began = on_call_began,
	.resumed = on_call_resumed,
	.ended = on_call_ended,
};

const struct tc_journal_events tc_app_journal_events = {
	.shown = on_shown,
	.stored = on_stored,
};

const struct tc_orbs_events tc_app_orbs_events = {
	.needs = on_orb_needs,
	.token = on_orb_token,
	.environment = on_orb_environment,
	.token_revoked = on_orb_token_revoked,
	.attended = on_attended,
	.state = on_orb_state,
	.event = on_orb_event,
	.heartbeat = on_orb_heartbeat,
	.recall = on_orb_recall,
	.message = on_orb_message,
};
