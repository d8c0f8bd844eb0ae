// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define CALL_SELECT "SELECT id, room, coach, client, started_ms, ended_ms, cut FROM calls"

static int read_call(struct tc_query *q, void *item)
{
	struct tc_call *out = item;
	tc_query_text(q, 0, out->id, sizeof(out->id));
	tc_query_text(q, 1, out->room, sizeof(out->room));
	tc_query_text(q, 2, out->coach, sizeof(out->coach));
	tc_query_text(q, 3, out->client, sizeof(out->client));
	out->started_ms = tc_query_int(q, 4);
	out->ended_ms = tc_query_int(q, 5);
	out->cut = tc_query_int(q, 6) != 0;
	return 0;
}

int tc_store_call_add(struct tc_store *store, const struct tc_call *call)
{
	int n = TC_QUERY_RUN(store,
			     "INSERT INTO calls (id, room, coach, client, started_ms, ended_ms)"
			     " VALUES (?, ?, ?, ?, ?, nullif(?, 0))",
			     TC_TEXT(call->id), TC_TEXT(call->room), TC_TEXT(call->coach),
			     TC_TEXT(call->client), TC_INT(call->started_ms),
			     TC_INT(call->ended_ms));
	return n < 0 ? n : 0;
}

int tc_store_call_end(struct tc_store *store, const struct tc_call *call)
{
	int n = TC_QUERY_RUN(store,
			     "UPDATE calls SET ended_ms = ?, cut = ?,"
			     " coach = iif(coach = '', ?, coach),"
			     " client = iif(client = '', ?, client) WHERE id = ?",
			     TC_INT(call->ended_ms), TC_INT(call->cut), TC_TEXT(call->coach),
			     TC_TEXT(call->client), TC_TEXT(call->id));
	return n < 0 ? n : n == 0 ? -ENOENT : 0;
}

int tc_store_call_resume(struct tc_store *store, const char *id)
{
	int n = TC_QUERY_RUN(store, "UPDATE calls SET ended_ms = NULL, cut = 0 WHERE id = ?",
			     TC_TEXT(id));
	return n < 0 ? n : n == 0 ? -ENOENT : 0;
}

int tc_store_calls_close_open(struct tc_store *store)
{
	return tc_query_run(store,
			    "UPDATE calls SET cut = 1, ended_ms = started_ms + coalesce("
			    " (SELECT max(end_ms) FROM utterances WHERE call = calls.id), 0)"
			    " WHERE ended_ms IS NULL",
			    NULL, 0);
}

int tc_store_call(struct tc_store *store, const char *id, struct tc_call *out)
{
	struct tc_query q;
	int err = TC_QUERY_BEGIN(&q, store, CALL_SELECT " WHERE id = ?", TC_TEXT(id));
	if (!err) {
		err = tc_query_row(&q);
	}
	if (err == 1) {
		(void)read_call(&q, out);
	}
	tc_query_end(&q);
	return err == 1 ? 0 : err ? err : -ENOENT;
}

/* What q selects, as CALL_SELECT does; ends q. */
static int read_calls(struct tc_query *q, struct tc_call **out, size_t *count)
{
	struct tc_rows rows;
	int err = tc_query_list(q, sizeof(**out), read_call, &rows);
	if (err) {
		free(rows.list);
		return err;
	}
	*out = rows.list;
	*count = rows.count;
	return 0;
}

int tc_store_calls(struct tc_store *store, const char *room, size_t max, struct tc_call **out,
		   size_t *count)
{
	struct tc_query q;
	(void)TC_QUERY_BEGIN(&q, store,
			     CALL_SELECT " WHERE ?1 IS NULL OR room = ?1"
					 " ORDER BY started_ms DESC, id LIMIT ?2",
			     TC_TEXT(room), TC_INT((int64_t)max));
	return read_calls(&q, out, count);
}

int tc_store_calls_cut(struct tc_store *store, int64_t since_ms, struct tc_call **out,
		       size_t *count)
{
	struct tc_query q;
	/* After a later call of the room, however it ended, this one is over. */
	(void)TC_QUERY_BEGIN(&q, store,
			     CALL_SELECT " WHERE cut AND ended_ms >= ? AND NOT EXISTS"
					 " (SELECT 1 FROM calls c WHERE c.room = calls.room"
					 " AND c.started_ms > calls.started_ms)",
			     TC_INT(since_ms));
	return read_calls(&q, out, count);
}

int tc_store_calls_unsummed(struct tc_store *store, bool stale_too, size_t max,
			    struct tc_call **out, size_t *count)
{
	struct tc_query q;
	(void)TC_QUERY_BEGIN(&q, store,
			     CALL_SELECT
			     " LEFT JOIN summaries s ON s.call = calls.id"
			     " WHERE ended_ms IS NOT NULL AND (s.call IS NULL OR ?1) AND"
			     " (SELECT count(*) FROM utterances u WHERE u.call = calls.id) >"
			     " coalesce(s.utterances, 0) ORDER BY started_ms DESC LIMIT ?2",
			     TC_INT(stale_too), TC_INT((int64_t)max));
	return read_calls(&q, out, count);
}

int tc_store_utterance_put(struct tc_store *store, const char *call_id,
			   const struct tc_utterance *u)
{
	int n = TC_QUERY_RUN(store,
			     "INSERT INTO utterances (call, id, user_id, text, start_ms, end_ms)"
			     " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (call, id) DO UPDATE SET"
			     " text = excluded.text, end_ms = excluded.end_ms",
			     TC_TEXT(call_id), TC_TEXT(u->id), TC_TEXT(u->user_id),
			     TC_TEXT(u->text), TC_INT(u->start_ms), TC_INT(u->end_ms));
	return n < 0 ? n : 0;
}

static int read_utterance(struct tc_query *q, void *item)
{
	struct tc_utterance *out = item;
	*out = (struct tc_utterance){.start_ms = tc_query_int(q, 3), .end_ms = tc_query_int(q, 4)};
	tc_query_text(q, 0, out->id, sizeof(out->id));
	tc_query_text(q, 1, out->user_id, sizeof(out->user_id));
	tc_query_text(q, 5, out->user_name, sizeof(out->user_name));
	const char *text = (const char *)sqlite3_column_text(q->stmt, 2);
	out->text = strdup(text ? text : "");
	return out->text ? 0 : -ENOMEM;
}

int tc_store_utterances(struct tc_store *store, const char *call_id, struct tc_utterance **out,
			size_t *count)
{
	struct tc_query q;
	(void)TC_QUERY_BEGIN(
		&q, store,
		"SELECT x.id, x.user_id, x.text, x.start_ms, x.end_ms, u.name FROM utterances x"
		" LEFT JOIN users u ON u.id = x.user_id WHERE x.call = ?"
		" ORDER BY x.start_ms, x.end_ms, x.id",
		TC_TEXT(call_id));
	struct tc_rows rows;
	int err = tc_query_list(&q, sizeof(**out), read_utterance, &rows);
	if (err) {
		tc_utterances_free(rows.list, rows.count);
		return err;
	}
	*out = rows.list;
	*count = rows.count;
	return 0;
}

void tc_utterances_free(struct tc_utterance *utterances, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(utterances[i].text);
	}
	free(utterances);
}

int tc_store_summary_put(struct tc_store *store, const char *call_id, const char *json, size_t len)
{
	char *text = strndup(json, len);
	if (!text) {
		return -ENOMEM;
	}
	int n = TC_QUERY_RUN(store,
			     "INSERT INTO summaries (call, json, utterances) VALUES (?1, ?2,"
			     " (SELECT count(*) FROM utterances WHERE call = ?1))"
			     " ON CONFLICT (call) DO UPDATE SET json = excluded.json,"
			     " utterances = excluded.utterances",
			     TC_TEXT(call_id), TC_TEXT(text));
	free(text);
	return n < 0 ? n : 0;
}

int64_t tc_store_summary_missing(struct tc_store *store, const char *call_id)
{
	struct tc_query q;
	int err = TC_QUERY_BEGIN(&q, store,
				 "SELECT (SELECT count(*) FROM utterances WHERE call = ?1)"
				 " - utterances FROM summaries WHERE call = ?1",
				 TC_TEXT(call_id));
	if (!err) {
		err = tc_query_row(&q);
	}
	int64_t missing = err == 1 ? tc_query_int(&q, 0) : err ? err : -ENOENT;
	tc_query_end(&q);
	return err == 1 && missing < 0 ? 0 : missing;
}

int tc_store_summary(struct tc_store *store, const char *call_id, char **json)
{
	struct tc_query q;
	int err = TC_QUERY_BEGIN(&q, store, "SELECT json FROM summaries WHERE call = ?",
				 TC_TEXT(call_id));
	if (!err) {
		err = tc_query_row(&q);
	}
	if (err == 1) {
		const char *text = (const char *)sqlite3_column_text(q.stmt, 0);
		*json = strdup(text ? text : "");
		err = *json ? 1 : -ENOMEM;
	}
	tc_query_end(&q);
	return err == 1 ? 0 : err ? err : -ENOENT;
}
