// SPDX-License-Identifier: Apache-2.0
#include "server/admin/board.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/err.h"
#include "base/log.h"
#include "store/store.h"

TC_LOG_TOPIC("server.board");

static void on_lag(void *user, double lag_s)
{
	struct tc_board *board = user;
	tc_registry_observe(board->registry, TC_M_LOOP_LAG, 0, 0, lag_s);
}

/* The steps of before the start: operators ask after them when it was not they who restarted. */
static void take_up_steps(struct tc_board *board)
{
	struct tc_orb_step *list = NULL;
	size_t count = 0;
	struct tc_buf json;
	int err = tc_store_orb_events(board->config.reads, 0, NULL, TC_FEED_KEPT, &list, &count);
	if (err) {
		TC_WARN(NULL, "steps of orbs cannot be read: %s", tc_err_str(err));
		return;
	}
	tc_buf_init(&json);
	for (size_t i = count; i > 0; i--) { /* newest first, and it is to be kept last */
		tc_buf_reset(&json);
		tc_board_step(&list[i - 1], &json);
		tc_feed_publish(board->feed, "step", tc_buf_str(&json), json.len);
	}
	tc_buf_finish(&json);
	free(list);
}

static int make_parts(struct tc_board *board)
{
	struct tc_history_config history = {
		.loop = board->config.loop,
		.store = board->config.work,
		.clock = board->config.clock,
	};
	int err = tc_registry_create(&board->registry, tc_metric_families, TC_METRIC_COUNT);
	err = err ? err : tc_history_create(&board->history, &history);
	struct tc_orb_watch_config watch = {board->registry, board->history, board->config.clock};
	err = err ? err : tc_orb_watch_create(&board->watch, &watch);
	err = err ? err : tc_feed_create(&board->feed, board->config.write);
	err = err ? err : tc_quality_init(&board->quality);
	board->rows = calloc(TC_BOARD_ROWS, sizeof(*board->rows));
	board->before = calloc(TC_BOARD_ROWS, sizeof(*board->before));
	return err ? err : board->rows && board->before ? 0 : -ENOMEM;
}

int tc_board_create(struct tc_board **out, const struct tc_board_config *config)
{
	struct tc_board *board = calloc(1, sizeof(*board));
	if (!board) {
		return -ENOMEM;
	}
	board->config = *config;
	board->started_wall_ms = tc_clock_wall_ms(config->clock);
	int err = make_parts(board);
	if (err) {
		tc_board_destroy(board);
		return err;
	}
	if (config->reads) {
		take_up_steps(board);
	}
	*out = board;
	return 0;
}

void tc_board_start(struct tc_board *board)
{
	tc_loop_meter_start(&board->meter, board->config.loop, on_lag, board);
}

void tc_board_stop(struct tc_board *board)
{
	tc_loop_meter_stop(&board->meter);
}

void tc_board_destroy(struct tc_board *board)
{
	if (!board) {
		return;
	}
	tc_quality_finish(&board->quality);
	tc_feed_destroy(board->feed);
	tc_orb_watch_destroy(board->watch);
	tc_history_destroy(board->history);
	tc_registry_destroy(board->registry);
	free(board->rows);
	free(board->before);
	free(board);
}

/* ---- gathering ---- */

static struct tc_board_row *add_row(struct tc_board *board, const char *room)
{
	if (board->row_count == TC_BOARD_ROWS) {
		board->more++;
		return NULL;
	}
	struct tc_board_row *row = &board->rows[board->row_count++];
	*row = (struct tc_board_row){0};
	snprintf(row->room, sizeof(row->room), "%s", room);
	return row;
}

static int by_room(const void *a, const void *b)
{
	return strcmp(((const struct tc_board_row *)a)->room,
		      ((const struct tc_board_row *)b)->room);
}

/* Orbs have rows already; they come in the order of their rooms. */
static void add_room(void *user, const struct tc_room_view *view)
{
	struct tc_board *board = user;
	struct tc_board_row key;
	snprintf(key.room, sizeof(key.room), "%s", view->room);
	size_t orbs = tc_orb_watch_count(board->watch);
	orbs = orbs < TC_BOARD_ROWS ? orbs : TC_BOARD_ROWS;
	struct tc_board_row *row =
		orbs > 0 ? bsearch(&key, board->rows, orbs, sizeof(key), by_room) : NULL;
	if (!row && tc_orb_watch_find(board->watch, view->room)) {
		return; /* its orb is among those that have no row */
	}
	row = row ? row : add_row(board, view->room);
	if (row) {
		row->view = *view;
		row->view.room = NULL;
	}
}

static void gather_rows(struct tc_board *board)
{
	struct tc_board_row *rows = board->before;
	board->before = board->rows;
	board->before_count = board->row_count;
	board->rows = rows;
	board->row_count = board->more = 0;
	for (size_t i = 0; i < tc_orb_watch_count(board->watch); i++) {
		const struct tc_orb_seen *orb = tc_orb_watch_at(board->watch, i);
		struct tc_board_row *row = add_row(board, orb->room);
		if (row) {
			row->orb = orb;
		}
	}
	if (board->rooms) {
		tc_rooms_each(board->rooms, add_room, board);
	}
	if (board->row_count > 0) {
		qsort(board->rows, board->row_count, sizeof(*board->rows), by_room);
	}
}

static void forget_gone(struct tc_board *board)
{
	for (size_t i = 0; i < board->before_count; i++) {
		const struct tc_board_row *row = &board->before[i];
		if (board->row_count == 0 ||
		    !bsearch(row, board->rows, board->row_count, sizeof(*row), by_room)) {
			tc_quality_forget(&board->quality, row->room);
		}
	}
}

static void gather_orbs(struct tc_board *board)
{
	static struct tc_orb_info list[TC_ORB_WATCH_MAX]; /* the loop's thread only */
	size_t count = board->orbs ? tc_orbs_list(board->orbs, list, TC_ORB_WATCH_MAX) : 0;
	tc_orb_watch_sync(board->watch, list, count);
}

static void gather_process(struct tc_board *board, int64_t now_us)
{
	double before_s = board->usage.cpu_s;
	tc_process_usage(&board->usage);
	if (board->ticked_us > 0 && now_us > board->ticked_us) {
		board->cpu_percent =
			(board->usage.cpu_s - before_s) * 1e8 / (double)(now_us - board->ticked_us);
	}
	board->ticked_us = now_us;
}

static bool note_moment(struct tc_board *board)
{
	struct tc_rooms_counts rooms =
		board->rooms ? tc_rooms_counts(board->rooms) : (struct tc_rooms_counts){0};
	struct tc_history_now now = {
		.rooms = rooms.rooms,
		.people = rooms.participants - rooms.by_role[TC_ROLE_AI],
		.cpu_s = board->usage.cpu_s,
		.memory_bytes = board->usage.resident_bytes,
		.lag_s = board->meter.lag_last_s,
	};
	for (size_t i = 0; i < tc_orb_watch_count(board->watch); i++) {
		const struct tc_orb_seen *orb = tc_orb_watch_at(board->watch, i);
		now.orbs += orb->pid > 0;
		now.orb_cpu_percent += orb->pid > 0 ? orb->cpu_percent : 0;
		now.orb_memory_mb += orb->pid > 0 ? orb->memory_mb : 0;
	}
	bool over = tc_history_tick(board->history, &now);
	board->hour = tc_history_hour(board->history);
	return over;
}

/* ---- telling ---- */

static void tell(struct tc_board *board, const char *event, struct tc_buf *json)
{
	if (!json->err) {
		tc_feed_send(board->feed, event, json->data, json->len);
	}
	tc_buf_reset(json);
}

static void tell_all(struct tc_board *board, bool sampled, bool minute_over)
{
	struct tc_buf json;
	tc_buf_init(&json);
	if (tc_board_changes(board, &json)) {
		tell(board, "update", &json);
	}
	tc_buf_reset(&json);
	if (sampled && tc_orb_watch_count(board->watch) > 0) {
		tc_board_samples(board, &json);
		tell(board, "samples", &json);
	}
	size_t count = 0;
	const struct tc_minute *minutes = tc_history_minutes(board->history, &count);
	if (minute_over && count > 0) {
		tc_board_minute(&minutes[count - 1], &json);
		tell(board, "minute", &json);
	}
	tc_buf_finish(&json);
}

void tc_board_tick(struct tc_board *board)
{
	int64_t now_us = tc_clock_us(board->config.clock);
	gather_orbs(board);
	gather_process(board, now_us);
	bool sampled = now_us - board->sampled_us >= TC_ORB_SAMPLE_MS * 1000;
	if (sampled) {
		board->sampled_us = now_us;
		tc_orb_watch_sample(board->watch);
	}
	bool minute_over = note_moment(board);
	gather_rows(board);
	forget_gone(board);
	if (tc_feed_readers(board->feed) > 0) {
		tell_all(board, sampled, minute_over);
	}
}

void tc_board_event(struct tc_board *board, const struct tc_orb_event *event)
{
	struct tc_orb_step step = {.at_ms = event->wall_ms, .life = event->life, .pid = event->pid};
	struct tc_buf json;
	snprintf(step.room, sizeof(step.room), "%s", event->room);
	snprintf(step.session, sizeof(step.session), "%s", event->session);
	snprintf(step.from, sizeof(step.from), "%s", tc_orb_state_name(event->from));
	snprintf(step.to, sizeof(step.to), "%s", tc_orb_state_name(event->to));
	snprintf(step.reason, sizeof(step.reason), "%s", event->reason);
	tc_orb_watch_event(board->watch, event);
	tc_buf_init(&json);
	tc_board_step(&step, &json);
	if (!json.err) {
		tc_feed_publish(board->feed, "step", json.data, json.len);
	}
	tc_buf_finish(&json);
}

void tc_board_link(struct tc_board *board, const struct tc_link_seen *seen)
{
	tc_quality_take(&board->quality, board->registry, board->history, seen);
}
