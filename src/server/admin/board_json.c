// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "server/admin/board.h"

/* What is not known is null; figures have a tenth, so that noise is no change. */
static void put_figure(struct tc_json_writer *w, const char *key, double value)
{
	tc_json_key(w, key);
	tc_json_put_double(w, isnan(value) ? NAN : round(value * 10) / 10);
}

static void put_time(struct tc_json_writer *w, const char *key, int64_t ms)
{
	tc_json_key(w, key);
	if (ms > 0) {
		tc_json_put_int(w, ms);
	} else {
		tc_json_put_double(w, NAN);
	}
}

static double known(double value)
{
	return value > 0 ? value : NAN;
}

/* ---- one room ---- */

static void put_people(struct tc_json_writer *w, const struct tc_room_view *view)
{
	tc_json_key(w, "people");
	tc_json_begin_array(w);
	for (int i = 0; i < view->count; i++) {
		if (!view->seats[i].ai) {
			tc_json_begin_object(w);
			tc_json_field_str(w, "role", tc_role_str(view->seats[i].role));
			tc_json_field_bool(w, "away", view->seats[i].away);
			tc_json_end_object(w);
		}
	}
	tc_json_end_array(w);
}

static void put_orb(struct tc_json_writer *w, const struct tc_orb_seen *orb)
{
	tc_json_key(w, "orb");
	if (!orb) {
		tc_json_put_str(w, NULL);
		return;
	}
	tc_json_begin_object(w);
	tc_json_field_str(w, "session", orb->session);
	tc_json_field_str(w, "state", tc_orb_state_name(orb->state));
	tc_json_field_str(w, "reason", orb->reason);
	put_time(w, "since", orb->since_ms);
	put_time(w, "started", orb->started_ms);
	tc_json_field_int(w, "pid", orb->pid);
	tc_json_field_int(w, "life", orb->life);
	put_figure(w, "cpuPercent", orb->pid > 0 && orb->memory_mb > 0 ? orb->cpu_percent : NAN);
	put_figure(w, "memoryMb", orb->pid > 0 ? known(orb->memory_mb) : NAN);
	put_figure(w, "latencyMs", known(orb->latency_ms));
	tc_json_end_object(w);
}

static void put_links(struct tc_json_writer *w, const struct tc_board *board, const char *room)
{
	const struct tc_link_seen *seen;
	size_t at = 0;
	tc_json_key(w, "links");
	tc_json_begin_array(w);
	while ((seen = tc_quality_next(&board->quality, room, &at))) {
		const struct tc_link_report *l = &seen->report;
		tc_json_begin_object(w);
		tc_json_field_str(w, "from", tc_role_str(seen->from));
		tc_json_field_str(w, "to", l->peer == TC_M_PEER_ORB ? "orb" : "human");
		tc_json_field_str(w, "state", tc_link_state_str(l->state));
		tc_json_field_str(w, "path", l->path >= 0 ? tc_metric_paths[l->path] : NULL);
		put_figure(w, "connectMs", l->connect_ms);
		put_figure(w, "rttMs", l->rtt_ms);
		put_figure(w, "jitterMs", l->jitter_ms);
		put_figure(w, "lossPercent", l->loss * 100);
		put_figure(w, "concealedPercent", l->concealed * 100);
		put_time(w, "at", seen->at_ms);
		tc_json_end_object(w);
	}
	tc_json_end_array(w);
}

static void put_column(struct tc_json_writer *w, const char *key, const struct tc_orb_seen *orb,
		       size_t field)
{
	tc_json_key(w, key);
	tc_json_begin_array(w);
	for (size_t i = 0; i < orb->sample_count; i++) {
		size_t at =
			(orb->sample_at + TC_ORB_SAMPLES - orb->sample_count + i) % TC_ORB_SAMPLES;
		const struct tc_orb_sample *s = &orb->samples[at];
		const float values[] = {s->cpu_percent, s->memory_mb, s->latency_ms};
		double v = (double)values[field];
		tc_json_put_double(w, isnan(v) ? NAN : round(v * 10) / 10);
	}
	tc_json_end_array(w);
}

static void put_series(struct tc_json_writer *w, const struct tc_orb_seen *orb)
{
	tc_json_key(w, "series");
	if (!orb) {
		tc_json_put_str(w, NULL);
		return;
	}
	tc_json_begin_object(w);
	put_column(w, "cpuPercent", orb, 0);
	put_column(w, "memoryMb", orb, 1);
	put_column(w, "latencyMs", orb, 2);
	tc_json_end_object(w);
}

static void put_row(struct tc_json_writer *w, const struct tc_board *board,
		    const struct tc_board_row *row, bool series)
{
	tc_json_begin_object(w);
	tc_json_field_str(w, "room", row->room);
	put_people(w, &row->view);
	put_orb(w, row->orb);
	put_links(w, board, row->room);
	if (series) {
		put_series(w, row->orb);
	}
	tc_json_end_object(w);
}

/* ---- the whole ---- */

static void put_server(struct tc_json_writer *w, const struct tc_board *board)
{
	tc_json_key(w, "server");
	tc_json_begin_object(w);
	tc_json_field_str(w, "version", TC_VERSION);
	put_time(w, "started", board->started_wall_ms);
	tc_json_field_str(w, "notReady", board->not_ready);
	tc_json_key(w, "cpuPercent");
	tc_json_put_double(w, round(board->cpu_percent));
	tc_json_key(w, "memoryMb");
	tc_json_put_double(w, round(board->usage.resident_bytes / 1e6));
	tc_json_key(w, "lagMs");
	tc_json_put_double(w, round(board->meter.lag_s * 100) * 10);
	tc_json_end_object(w);
}

static void put_totals(struct tc_json_writer *w, const struct tc_board *board)
{
	const struct tc_history_hour *hour = &board->hour;
	size_t orbs = 0;
	size_t people = 0;
	double cpu = 0;
	double memory = 0;
	for (size_t i = 0; i < board->row_count; i++) {
		const struct tc_board_row *row = &board->rows[i];
		for (int k = 0; k < row->view.count; k++) {
			people += !row->view.seats[k].ai;
		}
		if (row->orb && row->orb->pid > 0) {
			orbs++;
			cpu += row->orb->cpu_percent;
			memory += row->orb->memory_mb;
		}
	}
	tc_json_key(w, "totals");
	tc_json_begin_object(w);
	tc_json_field_int(w, "rooms", (int64_t)(board->row_count + board->more));
	tc_json_field_int(w, "notShown", (int64_t)board->more);
	tc_json_field_int(w, "people", (int64_t)people);
	tc_json_field_int(w, "orbs", (int64_t)orbs);
	tc_json_field_int(w, "places", board->config.places);
	put_figure(w, "orbCpuPercent", cpu);
	put_figure(w, "orbMemoryMb", memory);
	tc_json_field_int(w, "connected", hour->connected);
	tc_json_field_int(w, "failed", hour->failed);
	tc_json_field_int(w, "answers", hour->answers);
	put_figure(w, "answerP50Ms", hour->answer_p50_ms);
	put_figure(w, "answerP95Ms", hour->answer_p95_ms);
	tc_json_end_object(w);
	put_server(w, board);
}

void tc_board_step(const struct tc_orb_step *step, struct tc_buf *out)
{
	struct tc_json_writer w;
	tc_json_writer_init(&w, out);
	tc_json_begin_object(&w);
	put_time(&w, "at", step->at_ms);
	tc_json_field_str(&w, "room", step->room);
	tc_json_field_str(&w, "session", step->session);
	tc_json_field_int(&w, "life", step->life);
	tc_json_field_int(&w, "pid", step->pid);
	tc_json_field_str(&w, "from", step->from);
	tc_json_field_str(&w, "to", step->to);
	tc_json_field_str(&w, "reason", step->reason);
	tc_json_end_object(&w);
}

void tc_board_minute(const struct tc_minute *m, struct tc_buf *out)
{
	struct tc_json_writer w;
	bool answered = m->answers > 0 && m->answer_p95_us > 0;
	tc_json_writer_init(&w, out);
	tc_json_begin_object(&w);
	tc_json_field_int(&w, "minute", m->minute);
	tc_json_field_int(&w, "rooms", m->rooms);
	tc_json_field_int(&w, "people", m->people);
	tc_json_field_int(&w, "orbs", m->orbs);
	put_figure(&w, "orbCpuPercent", (double)m->orb_cpu_permille / 10);
	put_figure(&w, "orbMemoryMb", (double)m->orb_memory_kb / 1000);
	put_figure(&w, "cpuPercent", (double)m->cpu_permille / 10);
	put_figure(&w, "memoryMb", (double)m->memory_kb / 1000);
	put_figure(&w, "lagMs", (double)m->lag_us / 1000);
	tc_json_field_int(&w, "answers", m->answers);
	put_figure(&w, "answerP50Ms", answered ? (double)m->answer_p50_us / 1000 : NAN);
	put_figure(&w, "answerP95Ms", answered ? (double)m->answer_p95_us / 1000 : NAN);
	tc_json_field_int(&w, "connected", m->connected);
	tc_json_field_int(&w, "failed", m->failed);
	tc_json_end_object(&w);
}

static void put_events(struct tc_json_writer *w, const struct tc_board *board)
{
	size_t len = 0;
	const char *json;
	tc_json_key(w, "steps");
	tc_json_begin_array(w);
	for (size_t i = 0; (json = tc_feed_kept(board->feed, i, &len)); i++) {
		tc_json_put_raw(w, (struct tc_json){json, len});
	}
	tc_json_end_array(w);
}

static void put_history(struct tc_json_writer *w, struct tc_board *board)
{
	size_t count = 0;
	const struct tc_minute *minutes = tc_history_minutes(board->history, &count);
	struct tc_minute now;
	struct tc_buf one;
	tc_history_current(board->history, &now);
	tc_buf_init(&one);
	tc_json_key(w, "history");
	tc_json_begin_array(w);
	for (size_t i = 0; i <= count; i++) {
		tc_buf_reset(&one);
		tc_board_minute(i < count ? &minutes[i] : &now, &one);
		tc_json_put_raw(w, (struct tc_json){tc_buf_str(&one), one.len});
	}
	tc_json_end_array(w);
	tc_buf_finish(&one);
}

void tc_board_snapshot(struct tc_board *board, struct tc_buf *out, bool events, bool history)
{
	struct tc_json_writer w;
	tc_json_writer_init(&w, out);
	tc_json_begin_object(&w);
	put_time(&w, "now", tc_clock_wall_ms(board->config.clock));
	tc_json_field_int(&w, "sampleMs", TC_ORB_SAMPLE_MS);
	put_totals(&w, board);
	tc_json_key(&w, "rooms");
	tc_json_begin_array(&w);
	for (size_t i = 0; i < board->row_count; i++) {
		put_row(&w, board, &board->rows[i], true);
	}
	tc_json_end_array(&w);
	if (events) {
		put_events(&w, board);
	}
	if (history) {
		put_history(&w, board);
	}
	tc_json_end_object(&w);
}

/* ---- what changed ---- */

/* Puts the rows that are not as they were told; how many. */
static size_t put_changed(struct tc_json_writer *w, struct tc_board *board, struct tc_buf *one)
{
	size_t changed = 0;
	size_t b = 0;
	for (size_t i = 0; i < board->row_count; i++) {
		struct tc_board_row *row = &board->rows[i];
		struct tc_json_writer inner;
		tc_buf_reset(one);
		tc_json_writer_init(&inner, one);
		put_row(&inner, board, row, false);
		row->hash = tc_hash(one->data, one->len);
		while (b < board->before_count && strcmp(board->before[b].room, row->room) < 0) {
			b++;
		}
		bool same = b < board->before_count &&
			    strcmp(board->before[b].room, row->room) == 0 &&
			    board->before[b].hash == row->hash;
		if (!same && !one->err) {
			tc_json_put_raw(w, (struct tc_json){one->data, one->len});
			changed++;
		}
	}
	return changed;
}

static size_t put_gone(struct tc_json_writer *w, const struct tc_board *board)
{
	size_t gone = 0;
	size_t i = 0;
	for (size_t b = 0; b < board->before_count; b++) {
		const char *room = board->before[b].room;
		while (i < board->row_count && strcmp(board->rows[i].room, room) < 0) {
			i++;
		}
		if (i == board->row_count || strcmp(board->rows[i].room, room) != 0) {
			tc_json_put_str(w, room);
			gone++;
		}
	}
	return gone;
}

bool tc_board_changes(struct tc_board *board, struct tc_buf *out)
{
	struct tc_buf one;
	struct tc_json_writer w;
	tc_buf_init(&one);
	tc_json_writer_init(&w, out);
	tc_json_begin_object(&w);
	size_t at = out->len;
	put_totals(&w, board);
	uint64_t totals = tc_hash(out->data + at, out->len - at);
	tc_json_key(&w, "rooms");
	tc_json_begin_array(&w);
	size_t changed = put_changed(&w, board, &one);
	tc_json_end_array(&w);
	tc_json_key(&w, "gone");
	tc_json_begin_array(&w);
	changed += put_gone(&w, board);
	tc_json_end_array(&w);
	put_time(&w, "now", tc_clock_wall_ms(board->config.clock));
	tc_json_end_object(&w);
	tc_buf_finish(&one);
	bool other = totals != board->totals_hash;
	board->totals_hash = totals;
	return (changed > 0 || other) && !out->err;
}

void tc_board_samples(struct tc_board *board, struct tc_buf *out)
{
	struct tc_json_writer w;
	tc_json_writer_init(&w, out);
	tc_json_begin_object(&w);
	put_time(&w, "now", tc_clock_wall_ms(board->config.clock));
	tc_json_key(&w, "rooms");
	tc_json_begin_object(&w);
	for (size_t i = 0; i < board->row_count; i++) {
		const struct tc_orb_seen *orb = board->rows[i].orb;
		if (orb && orb->sample_count > 0) {
			const struct tc_orb_sample *s =
				&orb->samples[(orb->sample_at + TC_ORB_SAMPLES - 1) %
					      TC_ORB_SAMPLES];
			const float values[] = {s->cpu_percent, s->memory_mb, s->latency_ms};
			tc_json_key(&w, board->rows[i].room);
			tc_json_begin_array(&w);
			for (size_t k = 0; k < 3; k++) {
				double v = (double)values[k];
				tc_json_put_double(&w, isnan(v) ? NAN : round(v * 10) / 10);
			}
			tc_json_end_array(&w);
		}
	}
	tc_json_end_object(&w);
	tc_json_end_object(&w);
}
