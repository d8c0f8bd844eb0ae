// SPDX-License-Identifier: Apache-2.0
#include "server/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "base/err.h"
#include "base/log.h"
#include "server/access_gate.h"
#include "server/calls.h"
#include "server/demo.h"
#include "server/http_site.h"
#include "server/journal.h"
#include "server/listener.h"
#include "server/orbs/manager.h"
#include "server/paths.h"
#include "server/rooms.h"
#include "server/static.h"
#include "server/ws.h"

TC_LOG_TOPIC("server");

#define EARLY_MS (15 * 60 * 1000) /* as web/lib/room-state.js has it */
#define TICK_MS  1000
/* At the end people's sockets get their close frame; whoever does not answer it waits no longer. */
#define FAREWELL_MS       1000
#define FAREWELL_CHECK_MS 20
/* An orb's token outlives its longest life a little: it may be late to end. */
#define ORB_TOKEN_SLACK_S 600
#define PATH_SIZE         4096

struct app {
	const struct tc_config *config; /* borrowed, outlives us */
	const struct tc_clock *clock;
	uv_loop_t loop;
	bool loop_made;
	uv_signal_t term, interrupt;
	uv_timer_t tick;
	struct tc_store *reads, *work, *log; /* owned: the loop's, the pool's, the journal's */
	struct tc_gate *gate;                /* owned, like all below */
	struct tc_calls *calls;
	struct tc_journal *journal;
	struct tc_static *files;
	struct tc_site *site;
	struct tc_http *http;
	struct tc_rooms *rooms;
	struct tc_ws *ws;
	struct tc_listener *listener;
	struct tc_orbs *orbs;
	struct tc_orbs *closing; /* the same, from the first signal on: asked nothing more */
	char aiorb[PATH_SIZE];
	char orb_host[1024], orb_url[1040]; /* how orbs reach us */
	char url[320];                      /* how people do */
	int signals;
	bool written;        /* the journal, at the end */
	int64_t farewell_by; /* not 0: then the listener closes, whatever the sockets do */
};

static int complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static int complain(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "tricall: %s\n", line);
	return -EIO;
}

/* ---- what one part tells another ---- */

static int on_access(void *user, const struct tc_access_request *request, struct tc_access *out,
		     const char **why)
{
	struct app *app = user;
	if (app->farewell_by) {
		*why = "the server is shutting down";
		return 503;
	}
	return tc_gate_enter(app->gate, request, out, why);
}

static void on_request(void *user, struct tc_http_request *request)
{
	struct app *app = user;
	tc_site_handle(app->site, request);
}

/* The room's call, with the people we know to belong to it. */
static const struct tc_call *call_of(struct app *app, const char *room,
				     const struct tc_room_person *who)
{
	struct tc_appointment a = {0};
	const struct tc_call *call = tc_calls_find(app->calls, room);
	if (!call && tc_store_appointment(app->reads, room, &a) != 0) {
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
	struct app *app = user;
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
	bool known = tc_store_appointment(app->reads, room, &a) == 0;
	struct tc_orb_room orb = {.room = room,
				  .session = call->id,
				  .coach = call->coach,
				  .client = call->client,
				  .test = known && a.test,
				  .ends_ms = known ? end_of(call, &a) : 0};
	tc_orbs_joined(app->orbs, &orb, who->user_id);
}

static void on_left(void *user, const char *room, const struct tc_room_person *who, int humans,
		    const char *reason)
{
	struct app *app = user;
	tc_calls_people(app->calls, room, humans);
	if (app->orbs && !who->ai) {
		tc_orbs_left(app->orbs, room, who->user_id);
	}
}

/* For orbs that tell nothing on the channel: their transcripts are kept, and are signs of life. */
static bool on_transcript(void *user, const char *room, const char *json, size_t len)
{
	struct app *app = user;
	const struct tc_call *call = tc_calls_find(app->calls, room);
	int err = -ENOENT;
	if (call) {
		err = tc_journal_transcript(app->journal, call->id, room, json, len);
	}
	if (err) {
		TC_WARN(room, "a transcript of the orb not stored: %s", tc_err_str(err));
	}
	if (app->orbs) {
		tc_orbs_active(app->orbs, room);
	}
	return !err;
}

/* One that failed is shown, too: the journal has logged it. */
static void on_transcript_stored(void *user, const char *room, const char *json, size_t len,
				 int err)
{
	struct app *app = user;
	tc_rooms_show(app->rooms, room, json, len);
}

static void on_call_began(void *user, const struct tc_call *call)
{
	struct app *app = user;
	(void)tc_journal_call_began(app->journal, call);
}

static void on_call_ended(void *user, const struct tc_call *call)
{
	struct app *app = user;
	(void)tc_journal_call_ended(app->journal, call);
}

static int on_orb_token(void *user, const char *room, const char *session, char *out, size_t size)
{
	struct app *app = user;
	int64_t ttl_s = app->config->orb_max_lifetime / 1000 + ORB_TOKEN_SLACK_S;
	return tc_gate_orb_token(app->gate, room, session, ttl_s, out, size);
}

static void on_orb_token_revoked(void *user, const char *room, const char *session)
{
	struct app *app = user;
	tc_gate_orb_revoke(app->gate, session);
}

static void on_orb_state(void *user, const char *room, enum tc_orb_state state, const char *reason)
{
	struct app *app = user;
	tc_rooms_set_orb_state(app->rooms, room, tc_orb_state_str(state), reason);
}

/* The session is the orb's own word: its last message may come when the room has a new call. */
static void on_orb_message(void *user, const char *room, const char *type, const char *text,
			   size_t len)
{
	struct app *app = user;
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

/* ---- made in order ---- */

static int open_stores(struct app *app)
{
	char why[512];
	struct tc_store_config config = {.data_dir = app->config->data_dir, .check = true};
	int err = tc_store_open(&app->reads, &config, why, sizeof(why));
	config.check = false;
	err = err ? err : tc_store_open(&app->work, &config, why, sizeof(why));
	err = err ? err : tc_store_open(&app->log, &config, why, sizeof(why));
	if (err) {
		return complain("%s", why);
	}
	int closed = tc_store_calls_close_open(app->work);
	if (closed > 0) {
		TC_INFO(NULL, "%d calls were open when the server ended; closed", closed);
	}
	return 0;
}

static int load_pages(struct app *app)
{
	char dir[PATH_SIZE];
	char why[512];
	const char *wanted = app->config->web_dir;
	if (tc_path_web(wanted, dir, sizeof(dir)) != 0) {
		return wanted ? complain("WEB_DIR=%s: expected a folder with pages/ in it", wanted)
			      : complain("no web folder beside the program: set WEB_DIR");
	}
	return tc_static_load(&app->files, dir, why, sizeof(why)) ? complain("%s", why) : 0;
}

/* Where the operator does not say how orbs reach us, and TLS is in their way. */
static bool needs_orb_port(const struct tc_config *c)
{
	return c->enable_ai_orbs && c->tls_cert && !c->cpu_host && !c->cpu_websocket_url;
}

/* The port first: when it is busy, nothing has been made yet. Nobody is served before the loop
 * runs, and by then all else is there. */
static int open_port(struct app *app)
{
	const struct tc_config *c = app->config;
	char why[512] = "out of memory";
	struct tc_rooms_config rooms = {.rate = (int)c->signal_rate, .burst = (int)c->signal_burst};
	static const struct tc_rooms_events events = {
		.joined = on_joined, .left = on_left, .transcript = on_transcript};
	struct tc_http_config http = {
		.handle = on_request, .user = app, .tls = c->tls_cert != NULL};
	int err = tc_rooms_create(&app->rooms, &rooms, &tc_ws_sink, &events, app);
	err = err ? err : tc_http_create(&app->http, &http);
	struct tc_ws_config ws = {.loop = &app->loop,
				  .rooms = app->rooms,
				  .access = on_access,
				  .access_user = app,
				  .tls = c->tls_cert != NULL};
	err = err ? err : tc_ws_create(&app->ws, &ws);
	struct tc_listener_config listener = {.loop = &app->loop,
					      .host = c->host,
					      .port = (int)c->port,
					      .tls_cert = c->tls_cert,
					      .tls_key = c->tls_key,
					      .orb_port = needs_orb_port(c),
					      .http = app->http,
					      .ws = app->ws};
	err = err ? err : tc_listener_create(&app->listener, &listener, why, sizeof(why));
	return err ? complain("%s", why) : 0;
}

static void name_orb_address(struct app *app, const char *local, int port)
{
	const struct tc_config *c = app->config;
	int orb_port = tc_listener_orb_port(app->listener);
	bool v6 = strchr(local, ':') != NULL;
	if (orb_port) {
		snprintf(app->orb_host, sizeof(app->orb_host), "127.0.0.1:%d", orb_port);
	} else if (c->cpu_host) {
		snprintf(app->orb_host, sizeof(app->orb_host), "%s", c->cpu_host);
	} else {
		snprintf(app->orb_host, sizeof(app->orb_host), v6 ? "[%s]:%d" : "%s:%d", local,
			 port);
	}
	const char *scheme = c->tls_cert && !orb_port ? "wss" : "ws";
	if (c->cpu_websocket_url) {
		snprintf(app->orb_url, sizeof(app->orb_url), "%s", c->cpu_websocket_url);
	} else {
		snprintf(app->orb_url, sizeof(app->orb_url), "%s://%s", scheme, app->orb_host);
	}
}

static void name_addresses(struct app *app)
{
	const struct tc_config *c = app->config;
	const char *scheme = c->tls_cert ? "s" : "";
	int port = tc_listener_port(app->listener);
	bool v6 = strchr(c->host, ':') != NULL;
	const char *local = strcmp(c->host, "0.0.0.0") == 0 ? "127.0.0.1"
			    : strcmp(c->host, "::") == 0    ? "::1"
							    : c->host;
	snprintf(app->url, sizeof(app->url), v6 ? "http%s://[%s]:%d" : "http%s://%s:%d", scheme,
		 c->host, port);
	name_orb_address(app, local, port);
}

static int make_services(struct app *app)
{
	const struct tc_config *c = app->config;
	struct tc_gate_config gate = {.store = app->reads,
				      .keys = &c->api_keys,
				      .public_url = c->public_url,
				      .clock = app->clock};
	struct tc_calls_config calls = {.clock = app->clock,
					.grace_ms = c->orb_cleanup_grace_period};
	static const struct tc_calls_events events = {.began = on_call_began,
						      .ended = on_call_ended};
	int err = tc_gate_create(&app->gate, &gate);
	err = err ? err : tc_calls_create(&app->calls, &calls, &events, app);
	err = err ? err : tc_journal_create(&app->journal, &app->loop, app->log);
	if (!err) {
		tc_journal_on_transcript(app->journal, on_transcript_stored, app);
	}
	return err ? complain("%s", tc_err_str(err)) : 0;
}

static int make_orbs(struct app *app)
{
	const struct tc_config *c = app->config;
	if (!c->enable_ai_orbs) {
		return 0;
	}
	if (!c->orb_command && (tc_path_beside("aiorb", app->aiorb, sizeof(app->aiorb)) != 0 ||
				access(app->aiorb, X_OK) != 0)) {
		return complain("no program aiorb beside tricall: set ORB_COMMAND, or "
				"ENABLE_AI_ORBS=false");
	}
	if (c->gpu_server_path && access(c->gpu_server_path, X_OK) != 0) {
		return complain("GPU_SERVER_PATH=%s: %s", c->gpu_server_path, strerror(errno));
	}
	struct tc_orbs_config config = {
		.loop = &app->loop,
		.enabled = true,
		.max_orbs = (int)c->max_concurrent_orbs,
		.orb_command = c->orb_command,
		.aiorb_path = app->aiorb,
		.work_dir = c->gpu_server_path,
		.host_port = app->orb_host,
		.websocket_url = app->orb_url,
		.log_level = c->orb_log_level ? c->orb_log_level : "info",
		.max_lifetime_ms = c->orb_max_lifetime,
		.idle_timeout_ms = c->orb_idle_timeout,
		.heartbeat_ms = c->orb_health_check_interval,
		.cleanup_grace_ms = c->orb_cleanup_grace_period,
		.active_cleanup_ms = c->orb_active_cleanup,
		.test_timeout_ms = c->orb_test_timeout,
		.unresponsive_after_ms = c->orb_unresponsive_after,
		.kill_after_ms = c->orb_kill_after,
		.kill_grace_ms = c->orb_kill_grace,
	};
	static const struct tc_orbs_events events = {.token = on_orb_token,
						     .token_revoked = on_orb_token_revoked,
						     .state = on_orb_state,
						     .message = on_orb_message};
	int err = tc_orbs_create(&app->orbs, &config, &events, app);
	return err == -EINVAL ? complain("ORB_COMMAND=%s: expected a command line with its quotes "
					 "closed",
					 c->orb_command)
	       : err          ? complain("orbs: %s", tc_err_str(err))
			      : 0;
}

static int make_site(struct app *app)
{
	const struct tc_config *c = app->config;
	struct tc_site_config config = {
		.loop = &app->loop,
		.reads = app->reads,
		.work = app->work,
		.gate = app->gate,
		.calls = app->calls,
		.journal = app->journal,
		.orbs = app->orbs,
		.files = app->files,
		.clock = app->clock,
		.secure = c->tls_cert ||
			  (c->public_url && strncmp(c->public_url, "https://", 8) == 0),
		.stun_urls = c->stun_urls,
		.turn_urls = c->turn_urls,
		.turn_secret = c->turn_secret,
	};
	int err = tc_site_create(&app->site, &config);
	if (err) {
		return complain("%s", tc_err_str(err));
	}
	app->site->http = app->http;
	app->site->rooms = app->rooms;
	app->site->ws = app->ws;
	return 0;
}

static int make_demo(struct app *app)
{
	struct tc_demo demo;
	if (!app->config->demo) {
		return 0;
	}
	int err = tc_demo_make(app->work, tc_clock_wall_ms(app->clock), &demo);
	if (!err) {
		tc_demo_print(&demo, app->url);
	}
	return err && err != -EEXIST ? complain("demo: %s", tc_err_str(err)) : 0;
}

/* ---- taken down in reverse ---- */

static void close_when_done(struct app *app)
{
	bool alone = tc_rooms_counts(app->rooms).connections == 0;
	if (!app->listener || !app->written ||
	    (!alone && tc_clock_ms(app->clock) < app->farewell_by)) {
		return;
	}
	uv_close((uv_handle_t *)&app->tick, NULL);
	tc_listener_close(app->listener);
	app->listener = NULL;
	tc_ws_close(app->ws);
	app->ws = NULL;
}

static void on_farewell(uv_timer_t *timer)
{
	close_when_done(timer->data);
}

static void on_journal_flushed(void *user)
{
	struct app *app = user;
	TC_INFO(NULL, "everything is written");
	app->written = true;
	close_when_done(app);
}

static void on_orbs_closed(void *user)
{
	struct app *app = user;
	app->closing = NULL;
	app->site->config.orbs = NULL;
	tc_calls_end_all(app->calls);
	uv_close((uv_handle_t *)&app->term, NULL);
	uv_close((uv_handle_t *)&app->interrupt, NULL);
	/* Told so, pages come back to the next server; their media, between them, never stops. */
	tc_rooms_go_away(app->rooms);
	app->farewell_by = tc_clock_ms(app->clock) + FAREWELL_MS;
	uv_timer_start(&app->tick, on_farewell, FAREWELL_CHECK_MS, FAREWELL_CHECK_MS);
	tc_journal_flush(app->journal, on_journal_flushed, app);
}

static void on_signal(uv_signal_t *handle, int number)
{
	struct app *app = handle->data;
	if (++app->signals > 1) {
		TC_WARN(NULL, "ending at once");
		if (app->closing) {
			tc_orbs_kill_all(app->closing);
		}
		_exit(1);
	}
	TC_INFO(NULL, "draining: orbs are asked to end");
	app->site->draining = true;
	app->closing = app->orbs;
	app->orbs = NULL;
	if (app->closing) {
		tc_orbs_close(app->closing, on_orbs_closed, app);
	} else {
		on_orbs_closed(app);
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct app *app = timer->data;
	tc_calls_tick(app->calls);
}

static void start_handles(struct app *app)
{
	uv_signal_init(&app->loop, &app->term);
	uv_signal_init(&app->loop, &app->interrupt);
	uv_timer_init(&app->loop, &app->tick);
	app->term.data = app->interrupt.data = app->tick.data = app;
	uv_signal_start(&app->term, on_signal, SIGTERM);
	uv_signal_start(&app->interrupt, on_signal, SIGINT);
	uv_timer_start(&app->tick, on_tick, TICK_MS, TICK_MS);
}

static void finish(struct app *app)
{
	tc_listener_close(app->listener);
	tc_ws_close(app->ws);
	if (app->orbs) {
		tc_orbs_close(app->orbs, NULL, NULL);
	}
	if (app->loop_made) {
		uv_run(&app->loop, UV_RUN_DEFAULT);
	}
	tc_site_destroy(app->site);
	tc_http_destroy(app->http);
	tc_rooms_destroy(app->rooms);
	tc_journal_destroy(app->journal);
	tc_calls_destroy(app->calls);
	tc_gate_destroy(app->gate);
	tc_static_free(app->files);
	tc_store_close(app->log);
	tc_store_close(app->work);
	tc_store_close(app->reads);
	if (app->loop_made) {
		(void)uv_loop_close(&app->loop);
	}
}

static void raise_limits(void)
{
	struct rlimit files;
	signal(SIGPIPE, SIG_IGN);
	/* Each connection is a descriptor, and the usual soft limit is 1024. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	/* Two hashing passwords must leave room for the journal. */
	(void)setenv("UV_THREADPOOL_SIZE", "6", 0);
}

int tc_serve(const struct tc_config_set *set)
{
	static struct app app;
	app = (struct app){.config = &set->config, .clock = tc_clock_system()};
	raise_limits();
	if (uv_loop_init(&app.loop) != 0 || tc_config_export(set) != 0) {
		complain("out of memory");
		return 1;
	}
	app.loop_made = true;
	int err = load_pages(&app);
	err = err ? err : open_port(&app);
	if (!err) {
		name_addresses(&app);
		err = open_stores(&app);
	}
	err = err ? err : make_services(&app);
	err = err ? err : make_orbs(&app);
	err = err ? err : make_site(&app);
	err = err ? err : make_demo(&app);
	if (!err) {
		start_handles(&app);
		printf("tricall ready on %s\n", app.url);
		fflush(stdout);
		uv_run(&app.loop, UV_RUN_DEFAULT);
		TC_INFO(NULL, "ended");
	}
	finish(&app);
	return err ? 1 : 0;
}
