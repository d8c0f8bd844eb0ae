// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"
#include "server/admin/board.h"
#include "server/http_site.h"
#include "server/metrics/families.h"

/* /metrics: what others count is taken over as it is asked for. */

static void set(struct tc_registry *r, enum tc_metric metric, size_t label, double value)
{
	tc_registry_set(r, metric, label, 0, value);
}

static void take_rooms(struct tc_registry *r, const struct tc_rooms *rooms)
{
	struct tc_rooms_counts counts = tc_rooms_counts(rooms);
	set(r, TC_M_ROOMS, 0, (double)counts.rooms);
	set(r, TC_M_CONNECTIONS, 0, (double)counts.connections);
	for (size_t role = TC_ROLE_COACH; role <= TC_ROLE_ADMIN; role++) {
		set(r, TC_M_PARTICIPANTS, role - TC_ROLE_COACH, (double)counts.by_role[role]);
	}
	set(r, TC_M_RELAYED, 0, (double)counts.relayed);
	set(r, TC_M_RELAYED_BYTES, 0, (double)counts.relayed_bytes);
	for (size_t i = 0; i < TC_REFUSAL_COUNT; i++) {
		set(r, TC_M_REFUSED, i, (double)counts.refused[i]);
	}
}

static void take_upgrades(struct tc_registry *r, const struct tc_ws *ws)
{
	const struct tc_ws_refusals *refusals = tc_ws_refusals(ws);
	const uint64_t counts[] = {refusals->bad_request, refusals->not_signed_in,
				   refusals->forbidden, refusals->not_found, refusals->unavailable};
	for (size_t i = 0; i < TC_COUNT(counts); i++) {
		set(r, TC_M_UPGRADES_REFUSED, i, (double)counts[i]);
	}
}

static void take_orbs(struct tc_registry *r, const struct tc_orbs *orbs, int places)
{
	static struct tc_orb_info list[TC_ORB_WATCH_MAX]; /* the loop's thread only */
	static const enum tc_orb_state shown[] = {
		TC_ORB_SPAWNING, TC_ORB_READY,  TC_ORB_UNRESPONSIVE, TC_ORB_RESTARTING,
		TC_ORB_DRAINING, TC_ORB_FAILED, TC_ORB_FULL};
	size_t count = orbs ? tc_orbs_list(orbs, list, TC_ORB_WATCH_MAX) : 0;
	double cpu = 0;
	double memory = 0;
	for (size_t k = 0; k < TC_COUNT(shown); k++) {
		size_t n = 0;
		for (size_t i = 0; i < count; i++) {
			n += list[i].state == shown[k];
		}
		set(r, TC_M_ORBS, k, (double)n);
	}
	for (size_t i = 0; i < count; i++) {
		cpu += list[i].pid > 0 ? list[i].cpu_percent : 0;
		memory += list[i].pid > 0 ? list[i].memory_mb : 0;
	}
	set(r, TC_M_ORB_PLACES, 0, places);
	set(r, TC_M_ORBS_CPU, 0, cpu / 100);
	set(r, TC_M_ORBS_MEMORY, 0, memory * 1e6);
}

static void take_orb_lives(struct tc_registry *r, const struct tc_orbs *orbs)
{
	/* While we drain there may be no orbs any more: their counts stay as they were. */
	if (!orbs) {
		return;
	}
	struct tc_orbs_counts counts = tc_orbs_counts(orbs);
	set(r, TC_M_ORB_SPAWNS, 0, (double)counts.spawned);
	set(r, TC_M_ORB_SPAWNS_FAILED, 0, (double)counts.not_spawned);
	for (size_t i = 0; i < TC_ORB_END_COUNT; i++) {
		set(r, TC_M_ORB_EXITS, i, (double)counts.ended[i]);
	}
	for (size_t i = 0; i < TC_ORB_HANG_COUNT; i++) {
		set(r, TC_M_ORB_HANGS, i, (double)counts.hangs[i]);
	}
}

static void take_http(struct tc_registry *r, const struct tc_site *site)
{
	const struct tc_http_counts *counts = tc_http_counts(site->http);
	for (size_t i = 0; i < TC_COUNT(counts->by_class); i++) {
		set(r, TC_M_HTTP_REQUESTS, i, (double)counts->by_class[i]);
	}
	set(r, TC_M_HTTP_BYTES, 0, (double)counts->bytes);
	set(r, TC_M_SIGNIN_FAILURES, 0, (double)site->signin_failures);
	set(r, TC_M_EVENT_READERS, 0, (double)tc_feed_readers(site->config.board->feed));
}

static void take_journal(struct tc_registry *r, const struct tc_journal *journal)
{
	struct tc_journal_counts counts = tc_journal_counts(journal);
	set(r, TC_M_JOURNAL_WRITTEN, 0, (double)counts.written);
	set(r, TC_M_JOURNAL_LOST, 0, (double)(counts.failed + counts.refused));
	set(r, TC_M_JOURNAL_WAITING, 0, (double)counts.waiting);
}

static void take_process(struct tc_registry *r, const struct tc_site *site)
{
	struct tc_process_usage usage;
	const struct tc_board *board = site->config.board;
	int64_t uptime_ms = tc_clock_ms(site->config.clock) - site->started_ms;
	double idle_s = (double)uv_metrics_idle_time(site->config.loop) / 1e9;
	double busy_s = (double)uptime_ms / 1000 - idle_s;
	tc_process_usage(&usage);
	set(r, TC_M_BUILD_INFO, 0, 1);
	set(r, TC_M_UPTIME, 0, (double)uptime_ms / 1000);
	set(r, TC_M_LOOP_BUSY, 0, busy_s > 0 ? busy_s : 0);
	set(r, TC_M_PROCESS_CPU, 0, usage.cpu_s);
	set(r, TC_M_PROCESS_MEMORY, 0, usage.resident_bytes);
	set(r, TC_M_PROCESS_FDS, 0, (double)usage.fds);
	set(r, TC_M_PROCESS_FDS_MAX, 0, (double)usage.fds_max);
	set(r, TC_M_PROCESS_START, 0, (double)board->started_wall_ms / 1000);
	set(r, TC_M_READY, 0, site->draining || board->not_ready ? 0 : 1);
	set(r, TC_M_DISK_FREE, 0, tc_disk_free(site->config.settings->data_dir));
}

void tc_metrics_get(struct tc_site *site, struct tc_http_request *request, const char *room)
{
	struct tc_board *board = site->config.board;
	struct tc_registry *r = board->registry;
	struct tc_buf out;
	take_rooms(r, site->rooms);
	take_upgrades(r, site->ws);
	take_orbs(r, board->orbs, board->config.places);
	take_orb_lives(r, board->orbs);
	take_http(r, site);
	take_journal(r, site->config.journal);
	take_process(r, site);
	tc_buf_init(&out);
	tc_registry_write(r, &out);
	tc_http_put_header(request, "cache-control", "no-store");
	tc_http_answer(request, out.err ? 500 : 200, "text/plain; version=0.0.4; charset=utf-8",
		       tc_buf_str(&out), out.len);
	tc_buf_finish(&out);
}
