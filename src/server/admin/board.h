/* server/admin/board.h -- what operators see: each room with its orb, what the server uses, the
 * last day; live for the dashboards that listen.
 *
 * Gathers from rooms, orbs, browsers' reports and the process once a second, and tells dashboards
 * what changed. Thread: the loop's. Owner: app.
 */
#ifndef TC_SERVER_ADMIN_BOARD_H
#define TC_SERVER_ADMIN_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "server/admin/feed.h"
#include "server/admin/quality.h"
#include "server/metrics/history.h"
#include "server/metrics/loop_meter.h"
#include "server/metrics/orb_watch.h"
#include "server/metrics/process.h"
#include "server/metrics/registry.h"
#include "server/orbs/manager.h"
#include "server/rooms.h"

/* Rooms that are shown, those with an orb first. */
#define TC_BOARD_ROWS    500
#define TC_BOARD_BEAT_MS 15000

struct tc_board_config { /* pointers: borrowed, outlive us */
	struct uv_loop_s *loop;
	struct tc_store *reads; /* the loop's own */
	struct tc_store *work;  /* the thread pool's */
	const struct tc_clock *clock;
	tc_feed_write_fn write; /* to one reader of the feed */
	int places;             /* orbs that may run at one time */
};

struct tc_board_row {
	char room[TC_ID_SIZE];
	struct tc_room_view view;      /* its `room` is not set */
	const struct tc_orb_seen *orb; /* borrowed until the next tick; NULL: none */
	uint64_t hash;                 /* of what was told last */
};

struct tc_board {
	struct tc_board_config config;
	struct tc_rooms *rooms; /* borrowed; set by app. NULL: none yet */
	struct tc_orbs *orbs;   /* borrowed; set by app, also to NULL. NULL: none */
	struct tc_registry *registry;
	struct tc_history *history;
	struct tc_orb_watch *watch;
	struct tc_feed *feed;
	struct tc_quality quality;
	struct tc_loop_meter meter;
	struct tc_process_usage usage;
	double cpu_percent; /* of the server, since the tick before */
	int64_t ticked_us, sampled_us, started_wall_ms;
	struct tc_board_row *rows, *before;   /* owned: TC_BOARD_ROWS each, sorted by room */
	size_t row_count, before_count, more; /* more: rooms that are not among the rows */
	uint64_t totals_hash;
	struct tc_history_hour hour;
	const char *not_ready; /* static words; NULL: ready */
};

int tc_board_create(struct tc_board **out, const struct tc_board_config *config);
void tc_board_start(struct tc_board *board); /* the loop meter */
void tc_board_stop(struct tc_board *board);
void tc_board_destroy(struct tc_board *board); /* after the loop ran out. NULL-safe */

/* Once a second. */
void tc_board_tick(struct tc_board *board);
void tc_board_event(struct tc_board *board, const struct tc_orb_event *event);
/* A report of somebody in a room. */
void tc_board_link(struct tc_board *board, const struct tc_link_seen *seen);

/* board_json.c: the whole, one object. */
void tc_board_snapshot(struct tc_board *board, struct tc_buf *out, bool events, bool history);
/* What changed since `before`: false: nothing. */
bool tc_board_changes(struct tc_board *board, struct tc_buf *out);
void tc_board_samples(struct tc_board *board, struct tc_buf *out);
void tc_board_minute(const struct tc_minute *minute, struct tc_buf *out);
void tc_board_step(const struct tc_orb_step *step, struct tc_buf *out);

#endif
