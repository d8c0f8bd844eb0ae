// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_priv.h"

#include <errno.h>
#include <stdlib.h>

int tc_store_orb_event_add(struct tc_store *store, const struct tc_orb_step *step)
{
	int n = TC_QUERY_RUN(store,
			     "INSERT INTO orb_events (at_ms, room, session, life, pid, from_state,"
			     " to_state, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			     TC_INT(step->at_ms), TC_TEXT(step->room), TC_TEXT(step->session),
			     TC_INT(step->life), TC_INT(step->pid), TC_TEXT(step->from),
			     TC_TEXT(step->to), TC_TEXT(step->reason));
	/* Both ends come off an index: a step costs two rows or so, however many there are. */
	n = n < 0 ? n
		  : TC_QUERY_RUN(store,
				 "DELETE FROM orb_events WHERE at_ms < ?1"
				 " OR id <= (SELECT max(id) FROM orb_events) - ?2",
				 TC_INT(step->at_ms - TC_ORB_EVENTS_MS), TC_INT(TC_ORB_EVENTS_MAX));
	return n < 0 ? n : 0;
}

static int read_step(struct tc_query *q, void *item)
{
	struct tc_orb_step *out = item;
	*out = (struct tc_orb_step){
		.id = tc_query_int(q, 0),
		.at_ms = tc_query_int(q, 1),
		.life = tc_query_int(q, 4),
		.pid = tc_query_int(q, 5),
	};
	tc_query_text(q, 2, out->room, sizeof(out->room));
	tc_query_text(q, 3, out->session, sizeof(out->session));
	tc_query_text(q, 6, out->from, sizeof(out->from));
	tc_query_text(q, 7, out->to, sizeof(out->to));
	tc_query_text(q, 8, out->reason, sizeof(out->reason));
	return 0;
}

int tc_store_orb_events(struct tc_store *store, int64_t since_ms, const char *room, size_t max,
			struct tc_orb_step **out, size_t *count)
{
	struct tc_query q;
	(void)TC_QUERY_BEGIN(&q, store,
			     "SELECT id, at_ms, room, session, life, pid, from_state, to_state,"
			     " reason FROM orb_events WHERE at_ms >= ?1"
			     " AND (?2 IS NULL OR room = ?2) ORDER BY at_ms DESC, id DESC"
			     " LIMIT ?3",
			     TC_INT(since_ms), TC_TEXT(room), TC_INT((int64_t)max));
	struct tc_rows rows;
	int err = tc_query_list(&q, sizeof(**out), read_step, &rows);
	if (err) {
		free(rows.list);
		return err;
	}
	*out = rows.list;
	*count = rows.count;
	return 0;
}
