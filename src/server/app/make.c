// SPDX-License-Identifier: Apache-2.0
#include "server/app/app.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "server/data_lock.h"
#include "server/demo.h"
#include "server/needs.h"
#include "server/paths.h"

TC_LOG_TOPIC("server");

int tc_app_complain(const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "tricall: %s\n", line);
	return -EIO;
}

/* Before anything in the folder is touched: two servers would write the same calls. */
int tc_app_lock_data(struct tc_app *app)
{
	char why[1024];
	int err = tc_data_lock_take(app->config->data_dir, &app->data_lock, why, sizeof(why));
	return err ? tc_app_complain("%s", why) : 0;
}

int tc_app_open_stores(struct tc_app *app)
{
	char why[512];
	struct tc_store_config config = {
		.data_dir = app->config->data_dir, .check = true, .no_wait = true};
	int err = tc_store_open(&app->reads, &config, why, sizeof(why));
	config.check = config.no_wait = false;
	err = err ? err : tc_store_open(&app->work, &config, why, sizeof(why));
	config.durable = true;
	err = err ? err : tc_store_open(&app->log, &config, why, sizeof(why));
	return err ? tc_app_complain("%s", why) : 0;
}

/* The dashboard's charts. Without them it has figures, and says what is missing. */
static void load_vendor(struct tc_app *app)
{
	static const char *const files[] = {"uPlot.esm.js", "uPlot.min.css"};
	char name[64], path[64], file[TC_APP_PATH_SIZE];
	for (size_t i = 0; i < TC_COUNT(files); i++) {
		snprintf(name, sizeof(name), "uplot/dist/%s", files[i]);
		snprintf(path, sizeof(path), "/vendor/uplot/%s", files[i]);
		int err = tc_path_vendor(name, file, sizeof(file));
		err = err ? err : tc_static_add(app->files, file, path);
		if (err) {
			TC_INFO(NULL, "no charts on the dashboard, %s: %s (npm ci --omit=dev)",
				name, tc_err_str(err));
			return;
		}
	}
}

int tc_app_load_pages(struct tc_app *app)
{
	char dir[TC_APP_PATH_SIZE];
	char why[512];
	const char *wanted = app->config->web_dir;
	if (tc_path_web(wanted, dir, sizeof(dir)) != 0) {
		return wanted ? tc_app_complain("WEB_DIR=%s: expected a folder with pages/ in it",
						wanted)
			      : tc_app_complain("no web folder beside the program: set WEB_DIR");
	}
	if (tc_static_load(&app->files, dir, why, sizeof(why)) != 0) {
		return tc_app_complain("%s", why);
	}
	load_vendor(app);
	return 0;
}

/* The port first: when it is busy, nothing has been made yet. Nobody is served before the loop
 * runs, and by then all else is there. */
int tc_app_open_port(struct tc_app *app)
{
	const struct tc_config *c = app->config;
	char why[512] = "out of memory";
	struct tc_rooms_config rooms = {.rate = (int)c->signal_rate, .burst = (int)c->signal_burst};
	struct tc_http_config http = {.handle = tc_app_on_request,
				      .refuse = tc_app_on_refused,
				      .user = app,
				      .tls = c->tls_cert != NULL};
	int err = tc_rooms_create(&app->rooms, &rooms, &tc_ws_sink, &tc_app_rooms_events, app);
	err = err ? err : tc_http_create(&app->http, &http);
	struct tc_ws_config ws = {.loop = &app->loop,
				  .rooms = app->rooms,
				  .access = tc_app_on_access,
				  .access_user = app,
				  .tls = c->tls_cert != NULL};
	err = err ? err : tc_ws_create(&app->ws, &ws);
	struct tc_listener_config listener = {.loop = &app->loop,
					      .host = c->host,
					      .port = (int)c->port,
					      .tls_cert = c->tls_cert,
					      .tls_key = c->tls_key,
					      .orb_port = tc_app_needs_orb_port(c),
					      .http = app->http,
					      .ws = app->ws};
	err = err ? err : tc_listener_create(&app->listener, &listener, why, sizeof(why));
	return err ? tc_app_complain("%s", why) : 0;
}

int tc_app_make_services(struct tc_app *app)
{
	const struct tc_config *c = app->config;
	struct tc_gate_config gate = {.store = app->reads,
				      .keys = &c->api_keys,
				      .public_url = c->public_url,
				      .clock = app->clock};
	struct tc_calls_config calls = {.clock = app->clock,
					.grace_ms = c->orb_cleanup_grace_period};
	struct tc_board_config board = {
		.loop = &app->loop,
		.reads = app->reads,
		.work = app->work,
		.clock = app->clock,
		.write = tc_admin_write,
		.places = c->enable_ai_orbs ? (int)c->max_concurrent_orbs : 0,
	};
	int err = tc_gate_create(&app->gate, &gate);
	err = err ? err : tc_calls_create(&app->calls, &calls, &tc_app_calls_events, app);
	err = err ? err
		  : tc_journal_create(&app->journal, &app->loop, app->log, &tc_app_journal_events,
				      app);
	err = err ? err : tc_board_create(&app->board, &board);
	if (!err) {
		app->board->rooms = app->rooms;
		tc_journal_on_write(app->journal, tc_app_on_written, app);
	}
	return err ? tc_app_complain("%s", tc_err_str(err)) : 0;
}

int tc_app_make_orbs(struct tc_app *app)
{
	const struct tc_config *c = app->config;
	if (!c->enable_ai_orbs) {
		return 0;
	}
	char program[TC_APP_PATH_SIZE];
	int err = tc_needs_orb(c, program, sizeof(program));
	if (err && (!c->orb_command || err == -EINVAL)) {
		return tc_app_complain("%s", program);
	}
	if (!c->orb_command) {
		snprintf(app->aiorb, sizeof(app->aiorb), "%s", program);
	}
	if (c->gpu_server_path && access(c->gpu_server_path, X_OK) != 0) {
		return tc_app_complain("GPU_SERVER_PATH=%s: %s", c->gpu_server_path,
				       strerror(errno));
	}
	struct tc_orbs_config config = {
		.loop = &app->loop,
		.enabled = true,
		.max_orbs = (int)c->max_concurrent_orbs,
		.orb_command = c->orb_command,
		.aiorb_path = app->aiorb,
		.nest = c->orb_nest,
		.spares = (int)c->orb_spares,
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
		.ready_timeout_ms = c->orb_ready_timeout,
		.restart_limit = (int)c->orb_restart_limit,
		.sample_ms = c->orb_sample_interval,
		.max_memory_mb = (double)c->orb_max_memory_mb,
		.max_cpu_percent = (double)c->orb_max_cpu_percent,
		.cgroups = c->orb_cgroups,
		.admission = c->orb_admission,
		.restart_window_ms = c->orb_restart_window,
		.manager_socket = app->manager_socket,
		.spool_dir = app->spool_dir,
	};
	err = tc_orbs_create(&app->orbs, &config, &tc_app_orbs_events, app);
	app->board->orbs = app->orbs;
	return err ? tc_app_complain("orbs: %s", tc_err_str(err)) : 0;
}

int tc_app_make_site(struct tc_app *app)
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
		.board = app->board,
		.settings = c,
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
		return tc_app_complain("%s", tc_err_str(err));
	}
	app->site->http = app->http;
	app->site->rooms = app->rooms;
	app->site->ws = app->ws;
	return 0;
}

int tc_app_make_demo(struct tc_app *app)
{
	struct tc_demo demo;
	if (!app->config->demo) {
		return 0;
	}
	int err = tc_demo_make(app->work, tc_clock_wall_ms(app->clock), &demo);
	if (!err) {
		tc_demo_print(&demo, app->url);
	}
	return err && err != -EEXIST ? tc_app_complain("demo: %s", tc_err_str(err)) : 0;
}

/* Calls of two work without these, so they stop no start; but no orb would come, or hear. */
void tc_app_warn(const struct tc_app *app)
{
	const struct tc_config *c = app->config;
	char text[TC_APP_PATH_SIZE];
	struct tc_buf unused;
	if (c->enable_ai_orbs && c->orb_command && tc_needs_orb(c, text, sizeof(text)) != 0) {
		TC_WARN(NULL, "no orb will come: %s", text);
	}
	if (c->enable_ai_orbs && !c->orb_command && tc_needs_speech(c, text, sizeof(text)) != 0) {
		TC_WARN(NULL, "no orb will come: %s", text);
	}
	tc_buf_init(&unused);
	tc_needs_unused(c, &unused);
	if (unused.len) {
		TC_WARN(NULL, "set, but not used yet: %s", tc_buf_str(&unused));
	}
	tc_buf_finish(&unused);
}
