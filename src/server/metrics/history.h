/* server/metrics/history.h -- the last 24 hours, minute by minute: in memory for who asks, in the
 * store for the next start.
 *
 * A minute is written on the thread pool when it is over; the one that a stop cuts short, by
 * tc_history_destroy(). Thread: the loop's. Owner: app.
 */
#ifndef TC_SERVER_METRICS_HISTORY_H
#define TC_SERVER_METRICS_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "store/store.h"

struct tc_history;
struct uv_loop_s;

struct tc_history_config {
	struct uv_loop_s *loop;       /* borrowed, outlives us */
	struct tc_store *store;       /* borrowed, outlives us; used on the pool. NULL: none */
	const struct tc_clock *clock; /* borrowed, outlives us */
};

/* What there is at one moment. */
struct tc_history_now {
	size_t rooms, people, orbs;
	double orb_cpu_percent, orb_memory_mb; /* of all orbs */
	double cpu_s, memory_bytes;            /* of the server; CPU time since its start */
	double lag_s;
};

/* Reads what the store has. -ENOMEM; a store that cannot be read is logged. */
int tc_history_create(struct tc_history **out, const struct tc_history_config *config);
/* After the loop ran out. NULL-safe. */
void tc_history_destroy(struct tc_history *history);

/* Once a second: true when a minute is over, which then is the newest of tc_history_minutes(). */
bool tc_history_tick(struct tc_history *history, const struct tc_history_now *now);
void tc_history_answer(struct tc_history *history, double latency_ms);
void tc_history_connection(struct tc_history *history, bool connected);

/* Those that are over, oldest first; borrowed until the next tick. Gaps are gaps. */
const struct tc_minute *tc_history_minutes(const struct tc_history *history, size_t *count);
/* This minute so far. */
void tc_history_current(struct tc_history *history, struct tc_minute *out);
/* Of the last hour, this minute included. */
struct tc_history_hour {
	int64_t connected, failed;
	int64_t answers;                     /* that the two below are of */
	double answer_p50_ms, answer_p95_ms; /* NAN: no answers */
};
struct tc_history_hour tc_history_hour(const struct tc_history *history);

#endif
