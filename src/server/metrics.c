// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>

#include "base/assert.h"
#include "server/http_site.h"

/* Prometheus text format 0.0.4. Labels are of fixed sets: never a room, never a person. */

#define ORBS_MAX 1024

static void family(struct tc_buf *out, const char *name, const char *type, const char *help)
{
	tc_buf_putf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void counter(struct tc_buf *out, const char *name, const char *help, uint64_t value)
{
	family(out, name, "counter", help);
	tc_buf_putf(out, "%s %" PRIu64 "\n", name, value);
}

static void gauge(struct tc_buf *out, const char *name, const char *help, uint64_t value)
{
	family(out, name, "gauge", help);
	tc_buf_putf(out, "%s %" PRIu64 "\n", name, value);
}

static void put_http(struct tc_buf *out, const struct tc_http_counts *counts)
{
	static const char *const classes[] = {"gone", "1xx", "2xx", "3xx", "4xx", "5xx"};
	family(out, "tricall_http_requests_total", "counter", "HTTP requests answered, by class.");
	for (int i = 0; i < 6; i++) {
		tc_buf_putf(out, "tricall_http_requests_total{class=\"%s\"} %" PRIu64 "\n",
			    classes[i], counts->by_class[i]);
	}
	counter(out, "tricall_http_response_bytes_total", "Bytes of HTTP bodies sent.",
		counts->bytes);
}

/* One line of a family with a label. */
static void line(struct tc_buf *out, const char *name, const char *label, const char *value,
		 uint64_t count)
{
	tc_buf_putf(out, "%s{%s=\"%s\"} %" PRIu64 "\n", name, label, value, count);
}

static void put_rooms(struct tc_buf *out, const struct tc_rooms *rooms)
{
	static const char people[] = "tricall_participants";
	static const char refused[] = "tricall_signaling_messages_refused_total";
	struct tc_rooms_counts counts = tc_rooms_counts(rooms);
	gauge(out, "tricall_rooms", "Rooms with somebody in.", counts.rooms);
	gauge(out, "tricall_connections", "Open signaling connections.", counts.connections);
	family(out, people, "gauge", "Participants that have joined, by role.");
	for (int role = TC_ROLE_COACH; role <= TC_ROLE_ADMIN; role++) {
		line(out, people, "role", tc_role_str((enum tc_role)role), counts.by_role[role]);
	}
	counter(out, "tricall_signaling_messages_relayed_total", "Signaling messages passed on.",
		counts.relayed);
	counter(out, "tricall_signaling_relayed_bytes_total",
		"Bytes of the signaling messages passed on, each message counted once.",
		counts.relayed_bytes);
	family(out, refused, "counter", "Signaling messages answered with an error, by its code.");
	for (int i = 0; i < TC_REFUSAL_COUNT; i++) {
		line(out, refused, "code", tc_refusal_str((enum tc_refusal)i), counts.refused[i]);
	}
}

static void put_upgrades(struct tc_buf *out, const struct tc_ws *ws)
{
	static const char name[] = "tricall_upgrades_refused_total";
	const struct tc_ws_refusals *refusals = tc_ws_refusals(ws);
	family(out, name, "counter", "WebSocket upgrades refused, by HTTP status.");
	line(out, name, "status", "400", refusals->bad_request);
	line(out, name, "status", "401", refusals->not_signed_in);
	line(out, name, "status", "403", refusals->forbidden);
	line(out, name, "status", "404", refusals->not_found);
	line(out, name, "status", "503", refusals->unavailable);
}

static void put_orb_lives(struct tc_buf *out, const struct tc_orbs *orbs)
{
	static const char name[] = "tricall_orb_exits_total";
	static const char *const reasons[TC_ORB_END_COUNT] = {"asked", "itself", "forced",
							      "hung",  "error",  "crash"};
	struct tc_orbs_counts counts = orbs ? tc_orbs_counts(orbs) : (struct tc_orbs_counts){0};
	counter(out, "tricall_orb_spawns_total", "Orb processes started.", counts.spawned);
	counter(out, "tricall_orb_spawns_failed_total", "Orb processes that could not be started.",
		counts.not_spawned);
	family(out, name, "counter", "Orb processes that ended, by class of reason.");
	for (int i = 0; i < TC_ORB_END_COUNT; i++) {
		line(out, name, "reason", reasons[i], counts.ended[i]);
	}
}

static void put_orbs(struct tc_buf *out, const struct tc_orbs *orbs)
{
	static struct tc_orb_info list[ORBS_MAX]; /* the loop's thread only */
	static const enum tc_orb_state shown[] = {
		TC_ORB_SPAWNING, TC_ORB_READY,  TC_ORB_UNRESPONSIVE, TC_ORB_RESTARTING,
		TC_ORB_DRAINING, TC_ORB_FAILED, TC_ORB_FULL};
	size_t count = orbs ? tc_orbs_list(orbs, list, ORBS_MAX) : 0;
	family(out, "tricall_orbs", "gauge", "Orbs by state.");
	for (size_t k = 0; k < TC_COUNT(shown); k++) {
		size_t n = 0;
		for (size_t i = 0; i < count; i++) {
			n += list[i].state == shown[k];
		}
		tc_buf_putf(out, "tricall_orbs{state=\"%s\"} %zu\n", tc_orb_state_name(shown[k]),
			    n);
	}
}

void tc_metrics_get(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_buf out;
	int64_t uptime_ms = tc_clock_ms(site->config.clock) - site->started_ms;
	struct tc_journal_counts journal = tc_journal_counts(site->config.journal);
	tc_buf_init(&out);
	family(&out, "tricall_build_info", "gauge", "Always 1; the version is in the label.");
	tc_buf_puts(&out, "tricall_build_info{version=\"" TC_VERSION "\"} 1\n");
	family(&out, "tricall_uptime_seconds", "gauge", "Time since the start.");
	tc_buf_putf(&out, "tricall_uptime_seconds %.3f\n", (double)uptime_ms / 1000);
	put_rooms(&out, site->rooms);
	put_upgrades(&out, site->ws);
	put_orbs(&out, site->config.orbs);
	put_orb_lives(&out, site->config.orbs);
	put_http(&out, tc_http_counts(site->http));
	counter(&out, "tricall_signin_failures_total", "Sign-ins with a wrong password.",
		site->signin_failures);
	counter(&out, "tricall_journal_written_total", "Entries of calls stored.", journal.written);
	counter(&out, "tricall_journal_lost_total", "Entries of calls that could not be stored.",
		journal.failed + journal.refused);
	gauge(&out, "tricall_journal_waiting", "Entries of calls on their way to disk.",
	      journal.waiting);
	tc_http_put_header(r, "cache-control", "no-store");
	tc_http_answer(r, out.err ? 500 : 200, "text/plain; version=0.0.4; charset=utf-8",
		       tc_buf_str(&out), out.len);
	tc_buf_finish(&out);
}
