// SPDX-License-Identifier: Apache-2.0
/* The way to the end: sessions that run may end by themselves, new ones are not begun. */
#include "server/app/app.h"

#include "base/json.h"
#include "base/log.h"

TC_LOG_TOPIC("server");

#define ORBS_MAX 1000

static size_t people(const struct tc_app *app)
{
	struct tc_rooms_counts counts = tc_rooms_counts(app->rooms);
	return counts.participants - counts.by_role[TC_ROLE_AI];
}

void tc_app_drain(struct tc_app *app, const char *why)
{
	if (app->site->draining) {
		return;
	}
	app->site->draining = true;
	app->drain_by = tc_clock_ms(app->clock) + app->config->drain_timeout;
	TC_INFO(NULL, "draining (%s): %zu people are here, for %lld ms at most", why, people(app),
		(long long)app->config->drain_timeout);
}

void tc_app_check_drained(struct tc_app *app)
{
	if (!app->drain_by || app->closing || app->farewell_by) {
		return;
	}
	bool over = tc_clock_ms(app->clock) >= app->drain_by;
	if (over || people(app) == 0) {
		TC_INFO(NULL, over ? "the time to drain is over: ending" : "drained: ending");
		tc_app_end(app, false);
	}
}

/* ---- what the command line asks ---- */

void tc_app_tell_status(struct tc_app *app, struct tc_buf *out)
{
	struct tc_rooms_counts counts = tc_rooms_counts(app->rooms);
	struct tc_json_writer w;
	tc_json_writer_init(&w, out);
	tc_json_begin_object(&w);
	tc_json_field_bool(&w, "draining", app->site->draining);
	tc_json_field_int(&w, "rooms", (int64_t)counts.rooms);
	tc_json_field_int(&w, "people", (int64_t)people(app));
	if (app->drain_by) {
		int64_t left = app->drain_by - tc_clock_ms(app->clock);
		tc_json_field_int(&w, "leftMs", left > 0 ? left : 0);
	}
	tc_json_end_object(&w);
}

static void put_orb(struct tc_json_writer *w, const struct tc_orb_info *orb, int64_t now_ms)
{
	tc_json_begin_object(w);
	tc_json_field_str(w, "room", orb->room);
	tc_json_field_str(w, "session", orb->session);
	tc_json_field_str(w, "state", tc_orb_state_name(orb->state));
	tc_json_field_int(w, "pid", orb->pid);
	tc_json_field_int(w, "life", orb->life);
	tc_json_field_int(w, "uptimeMs", orb->started_ms ? now_ms - orb->started_ms : 0);
	tc_json_key(w, "cpuPercent");
	tc_json_put_double(w, orb->cpu_percent);
	tc_json_key(w, "memoryMb");
	tc_json_put_double(w, orb->memory_mb);
	tc_json_key(w, "latencyMs");
	tc_json_put_double(w, orb->latency_ms);
	tc_json_end_object(w);
}

void tc_app_tell_orbs(struct tc_app *app, struct tc_buf *out)
{
	static struct tc_orb_info list[ORBS_MAX];
	struct tc_orbs *orbs = app->orbs ? app->orbs : app->closing;
	size_t count = orbs ? tc_orbs_list(orbs, list, ORBS_MAX) : 0;
	int64_t now_ms = tc_clock_wall_ms(app->clock);
	struct tc_json_writer w;
	tc_json_writer_init(&w, out);
	tc_json_begin_array(&w);
	for (size_t i = 0; i < count; i++) {
		put_orb(&w, &list[i], now_ms);
	}
	tc_json_end_array(&w);
}
