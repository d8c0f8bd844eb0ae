// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_priv.h"

#define COLUMNS                                                                                    \
	"minute, rooms, people, orbs, orb_cpu, orb_memory, cpu, memory, lag, answers, answer_p50," \
	" answer_p95, connected, failed"

int tc_store_minute_put(struct tc_store *store, const struct tc_minute *m)
{
	int n = TC_QUERY_RUN(store,
			     "INSERT OR REPLACE INTO minutes (" COLUMNS
			     ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			     TC_INT(m->minute), TC_INT(m->rooms), TC_INT(m->people),
			     TC_INT(m->orbs), TC_INT(m->orb_cpu_permille), TC_INT(m->orb_memory_kb),
			     TC_INT(m->cpu_permille), TC_INT(m->memory_kb), TC_INT(m->lag_us),
			     TC_INT(m->answers), TC_INT(m->answer_p50_us), TC_INT(m->answer_p95_us),
			     TC_INT(m->connected), TC_INT(m->failed));
	/* Newer ones are of a clock that was wrong: they would never grow old. */
	n = n < 0 ? n
		  : TC_QUERY_RUN(store, "DELETE FROM minutes WHERE minute <= ?1 OR minute > ?2",
				 TC_INT(m->minute - TC_MINUTES_MAX), TC_INT(m->minute));
	return n < 0 ? n : 0;
}

int tc_store_minutes(struct tc_store *store, int64_t since, struct tc_minute *out, size_t max,
		     size_t *count)
{
	struct tc_query q;
	int err = TC_QUERY_BEGIN(&q, store,
				 "SELECT " COLUMNS " FROM minutes WHERE minute >= ?"
				 " ORDER BY minute LIMIT ?",
				 TC_INT(since), TC_INT((int64_t)max));
	size_t n = 0;
	while (!err && n < max && (err = tc_query_row(&q)) == 1) {
		err = 0;
		out[n++] = (struct tc_minute){
			.minute = tc_query_int(&q, 0),
			.rooms = tc_query_int(&q, 1),
			.people = tc_query_int(&q, 2),
			.orbs = tc_query_int(&q, 3),
			.orb_cpu_permille = tc_query_int(&q, 4),
			.orb_memory_kb = tc_query_int(&q, 5),
			.cpu_permille = tc_query_int(&q, 6),
			.memory_kb = tc_query_int(&q, 7),
			.lag_us = tc_query_int(&q, 8),
			.answers = tc_query_int(&q, 9),
			.answer_p50_us = tc_query_int(&q, 10),
			.answer_p95_us = tc_query_int(&q, 11),
			.connected = tc_query_int(&q, 12),
			.failed = tc_query_int(&q, 13),
		};
	}
	tc_query_end(&q);
	*count = err ? 0 : n;
	return err;
}

int tc_store_write_check(struct tc_store *store, int64_t now_ms)
{
	int n = TC_QUERY_RUN(store, "INSERT OR REPLACE INTO write_check (id, at_ms) VALUES (1, ?)",
			     TC_INT(now_ms));
	return n < 0 ? n : 0;
}
