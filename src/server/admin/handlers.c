// SPDX-License-Identifier: Apache-2.0
#include "server/admin/admin.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "server/admin/board.h"

TC_LOG_TOPIC("server.admin");

/* Reports come every 10 s, and at the end and on a change. */
#define QUALITY_BURST     12
#define QUALITY_REFILL_MS 4000

int tc_site_admin(struct tc_site *site, const struct tc_http_request *r, struct tc_user *out)
{
	int err = tc_gate_session(site->config.gate, r->header[TC_HTTP_COOKIE], out, NULL);
	if (err) {
		return err == -ENOENT ? 401 : 503;
	}
	return out->role == TC_ROLE_ADMIN ? 0 : 403;
}

void tc_site_refuse(struct tc_http_request *r, int status)
{
	tc_site_problem(r, status,
			status == 401   ? "not signed in"
			: status == 403 ? "this is for admins"
					: "the database does not answer");
}

void tc_admin_page(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_user user;
	int status = tc_site_admin(site, r, &user);
	if (status == 401) {
		tc_site_redirect(r, 302, "/?return=/admin");
	} else if (status) {
		tc_site_refuse(r, status);
	} else {
		tc_site_page(site, r, 200, "/pages/dashboard.html", NULL);
	}
}

void tc_admin_overview(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_user user;
	struct tc_buf buf;
	int status = tc_site_admin(site, r, &user);
	if (status) {
		tc_site_refuse(r, status);
		return;
	}
	tc_buf_init(&buf);
	tc_board_snapshot(site->config.board, &buf, true, true);
	tc_site_json(r, 200, &buf);
}

/* ---- an orb is ended, or begins anew ---- */

static int act(struct tc_site *site, const char *room, const char *action)
{
	struct tc_orbs *orbs = site->config.orbs;
	if (!orbs) {
		return -ENOENT;
	}
	if (strcmp(action, "restart") == 0) {
		return tc_orbs_restart(orbs, room, "an operator wants it again");
	}
	/* The list that the dashboard shows is at most a second old. */
	if (!tc_orb_watch_find(site->config.board->watch, room)) {
		return -ENOENT;
	}
	tc_orbs_end(orbs, room, "session_complete");
	return 0;
}

static bool read_action(const struct tc_http_request *r, char *out, size_t size)
{
	struct tc_json json;
	return tc_json_parse(&json, r->body.data ? r->body.data : "", r->body.len, NULL) == 0 &&
	       tc_json_type(json) == TC_JSON_OBJECT &&
	       tc_json_get_str(json, "action", out, size) > 0 &&
	       (strcmp(out, "end") == 0 || strcmp(out, "restart") == 0);
}

static void act_and_answer(struct tc_site *site, struct tc_http_request *r, const char *room,
			   const char *action)
{
	switch (act(site, room, action)) {
	case 0:
		TC_INFO(room, "an operator asks for the orb's %s", action);
		tc_site_success(r);
		break;
	case -EBUSY:
		tc_site_problem(r, 409, "all places for orbs are taken; it waits for one");
		break;
	default:
		tc_site_problem(r, 409, "no orb is there, or nobody is with it");
	}
}

void tc_admin_orb(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_user user;
	char action[16];
	if (!tc_site_same_origin(site, r)) {
		tc_site_problem(r, 403, "foreign origin");
		return;
	}
	int status = tc_site_admin(site, r, &user);
	if (status) {
		tc_site_refuse(r, status);
	} else if (!tc_site_is_our_pages(site, r)) {
		tc_site_problem(r, 403, "X-CSRF-Token is missing or not this session's");
	} else if (!read_action(r, action, sizeof(action))) {
		tc_site_problem(r, 400, "expected {\"action\": \"end\"} or \"restart\"");
	} else {
		act_and_answer(site, r, room, action);
	}
}

/* ---- what pages measure ---- */

static int64_t must_wait_s(struct tc_site *site, const char *room, const char *user)
{
	char key[2 * TC_ID_SIZE + 2];
	int64_t now_ms = tc_clock_ms(site->config.clock);
	snprintf(key, sizeof(key), "%s %s", room, user);
	int64_t wait_s =
		tc_limit_wait_s(site->quality_limit, key, QUALITY_BURST, QUALITY_REFILL_MS, now_ms);
	if (wait_s == 0) {
		tc_limit_failed(site->quality_limit, key, QUALITY_BURST, QUALITY_REFILL_MS, now_ms);
	}
	return wait_s;
}

static void count_report(struct tc_site *site, enum tc_metric_report result)
{
	tc_registry_add(site->config.board->registry, TC_M_QUALITY_REPORTS, result, 0, 1);
}

static void take_report(struct tc_site *site, struct tc_http_request *r, const char *room,
			enum tc_role role)
{
	struct tc_link_report links[TC_QUALITY_MAX_CONNECTIONS];
	const char *field = "";
	char words[96];
	int count = tc_quality_parse(r->body.data ? r->body.data : "", r->body.len, links, &field);
	if (count < 0) {
		count_report(site, TC_M_REPORT_REFUSED);
		snprintf(words, sizeof(words), "not a report: %.32s", field);
		tc_site_problem(r, 400, words);
		return;
	}
	struct tc_link_seen seen = {.from = role, .at_ms = tc_clock_wall_ms(site->config.clock)};
	snprintf(seen.room, sizeof(seen.room), "%s", room);
	for (int i = 0; i < count; i++) {
		seen.report = links[i];
		tc_board_link(site->config.board, &seen);
	}
	count_report(site, TC_M_REPORT_TAKEN);
	tc_site_success(r);
}

void tc_admin_quality(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_access access;
	const char *why = "";
	char seconds[24];
	if (!tc_site_same_origin(site, r)) {
		tc_site_problem(r, 403, "foreign origin");
		return;
	}
	int status = tc_site_enter(site, r, room, &access, &why);
	if (!status && access.role == TC_ROLE_AI) {
		status = 403;
		why = "an orb tells its figures on its channel";
	}
	if (!status && !tc_site_is_our_pages(site, r)) {
		status = 403;
		why = "X-CSRF-Token is missing or not this session's";
	}
	if (status) {
		tc_site_problem(r, status, why);
		return;
	}
	int64_t wait_s = must_wait_s(site, room, access.user_id);
	if (wait_s > 0) {
		count_report(site, TC_M_REPORT_LIMITED);
		snprintf(seconds, sizeof(seconds), "%lld", (long long)wait_s);
		tc_http_put_header(r, "retry-after", seconds);
		tc_site_problem(r, 429, "too many reports");
		return;
	}
	take_report(site, r, room, access.role);
}

/* ---- health ---- */

void tc_admin_healthz(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_buf_puts(&buf, "{\"status\":\"ok\"}");
	tc_site_json(r, 200, &buf);
}

void tc_admin_answer_ready(void *user, void *asker, const struct tc_ready_found *found)
{
	struct tc_site *site = user;
	struct tc_http_request *r = asker;
	struct tc_buf buf;
	struct tc_json_writer w;
	const char *why = NULL;
	for (size_t i = 0; i < TC_READY_CHECKS && !why; i++) {
		why = found->why[i];
	}
	site->config.board->not_ready = why;
	/* Whoever stopped it knows; what else is wrong is in the checks. */
	const char *reason = site->draining ? "the server is shutting down" : why;
	tc_buf_init(&buf);
	tc_json_writer_init(&w, &buf);
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "status", site->draining ? "draining" : why ? "failed" : "ready");
	if (reason) {
		tc_json_field_str(&w, "reason", reason);
	}
	tc_json_key(&w, "checks");
	tc_json_begin_object(&w);
	for (size_t i = 0; i < TC_READY_CHECKS; i++) {
		tc_json_field_str(&w, tc_ready_names[i], found->why[i] ? found->why[i] : "ok");
	}
	tc_json_end_object(&w);
	tc_json_end_object(&w);
	tc_site_json(r, reason ? 503 : 200, &buf);
}

void tc_admin_readyz(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	double lag_s = site->config.board->meter.lag_s;
	if (tc_ready_ask(&site->ready, lag_s, r) != 0) {
		tc_site_problem(r, 503, "too many ask at once");
	}
}
