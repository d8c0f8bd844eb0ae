// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_priv.h"

#include <stdio.h>

#include "base/assert.h"
#include "base/err.h"

/* "tric": tells our file from another program's (PRAGMA application_id). */
#define APPLICATION_ID 0x74726963

/* Step n takes a database of version n to n + 1. A step that was released is never edited. */
static const char *const steps[] = {
	/* 1: people, appointments, calls */
	"CREATE TABLE users ("
	"  id TEXT PRIMARY KEY NOT NULL,"
	"  email TEXT NOT NULL COLLATE NOCASE UNIQUE,"
	"  name TEXT NOT NULL CHECK (length(name) > 0),"
	"  role TEXT NOT NULL CHECK (role IN ('coach', 'client', 'admin')),"
	"  password TEXT NOT NULL,"
	"  created_ms INTEGER NOT NULL) STRICT;"
	"CREATE TABLE logins ("
	"  hash BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32),"
	"  user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,"
	"  created_ms INTEGER NOT NULL,"
	"  expires_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE INDEX logins_expire ON logins (expires_ms);"
	"CREATE TABLE appointments ("
	"  room TEXT PRIMARY KEY NOT NULL,"
	"  coach TEXT NOT NULL REFERENCES users (id),"
	"  client TEXT NOT NULL REFERENCES users (id) CHECK (client <> coach),"
	"  starts_ms INTEGER,"
	"  minutes INTEGER NOT NULL CHECK (minutes BETWEEN 1 AND 1440),"
	"  status TEXT NOT NULL CHECK (status IN ('scheduled', 'test'))) STRICT;"
	"CREATE INDEX appointments_coach ON appointments (coach, starts_ms);"
	"CREATE INDEX appointments_client ON appointments (client, starts_ms);"
	/* A room named by a join token has no appointment, its people no row: no references here.
	 */
	"CREATE TABLE calls ("
	"  id TEXT PRIMARY KEY NOT NULL,"
	"  room TEXT NOT NULL,"
	"  coach TEXT NOT NULL,"
	"  client TEXT NOT NULL,"
	"  started_ms INTEGER NOT NULL,"
	"  ended_ms INTEGER) STRICT;"
	"CREATE INDEX calls_room ON calls (room, started_ms);"
	"CREATE INDEX calls_open ON calls (id) WHERE ended_ms IS NULL;"
	"CREATE TABLE utterances ("
	"  call TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,"
	"  id TEXT NOT NULL,"
	"  user_id TEXT NOT NULL,"
	"  text TEXT NOT NULL,"
	"  start_ms INTEGER NOT NULL,"
	"  end_ms INTEGER NOT NULL,"
	"  PRIMARY KEY (call, id)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE summaries ("
	"  call TEXT PRIMARY KEY NOT NULL REFERENCES calls (id) ON DELETE CASCADE,"
	"  json TEXT NOT NULL) STRICT;",
	/* 2: lists of appointments come out of an index in their order, ties included */
	"DROP INDEX appointments_coach;"
	"DROP INDEX appointments_client;"
	"CREATE INDEX appointments_coach ON appointments (coach, starts_ms, room);"
	"CREATE INDEX appointments_client ON appointments (client, starts_ms, room);"
	"CREATE INDEX appointments_time ON appointments (starts_ms, room);",
	/* 3: steps of orbs. Calls and rooms come and go without them: no references. */
	"CREATE TABLE orb_events ("
	"  id INTEGER PRIMARY KEY NOT NULL,"
	"  at_ms INTEGER NOT NULL,"
	"  room TEXT NOT NULL,"
	"  session TEXT NOT NULL,"
	"  life INTEGER NOT NULL,"
	"  pid INTEGER NOT NULL,"
	"  from_state TEXT NOT NULL,"
	"  to_state TEXT NOT NULL,"
	"  reason TEXT NOT NULL) STRICT;"
	"CREATE INDEX orb_events_at ON orb_events (at_ms);"
	"CREATE INDEX orb_events_room ON orb_events (room, at_ms);",
	/* 4: the server's last day, minute by minute; one row that /readyz writes to */
	"CREATE TABLE minutes ("
	"  minute INTEGER PRIMARY KEY NOT NULL,"
	"  rooms INTEGER NOT NULL, people INTEGER NOT NULL, orbs INTEGER NOT NULL,"
	"  orb_cpu INTEGER NOT NULL, orb_memory INTEGER NOT NULL,"
	"  cpu INTEGER NOT NULL, memory INTEGER NOT NULL, lag INTEGER NOT NULL,"
	"  answers INTEGER NOT NULL, answer_p50 INTEGER NOT NULL, answer_p95 INTEGER NOT NULL,"
	"  connected INTEGER NOT NULL, failed INTEGER NOT NULL) STRICT;"
	"CREATE TABLE write_check ("
	"  id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),"
	"  at_ms INTEGER NOT NULL) STRICT;",
	/* 5: which calls the end of a server cut off; how many utterances a summary knew of */
	"ALTER TABLE calls ADD COLUMN cut INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE summaries ADD COLUMN utterances INTEGER NOT NULL DEFAULT 0;"
	"UPDATE summaries SET utterances ="
	" (SELECT count(*) FROM utterances u WHERE u.call = summaries.call);"
	"CREATE INDEX calls_cut ON calls (ended_ms) WHERE cut;",
};

static int read_int(sqlite3 *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	if (code == SQLITE_OK) {
		code = sqlite3_step(stmt);
		*out = code == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
	}
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW ? 0 : tc_sqlite_err(code);
}

static int refuse(sqlite3 *db, const char *path, int err, char *why, size_t why_size)
{
	snprintf(why, why_size, "%s: %s", path, sqlite3_errmsg(db));
	return err;
}

static int check_version(sqlite3 *db, const char *path, int64_t *version, char *why,
			 size_t why_size)
{
	int64_t tables = 0;
	int64_t application = 0;
	int err = read_int(db, "PRAGMA user_version", version);
	if (!err) {
		err = read_int(db, "PRAGMA application_id", &application);
	}
	if (!err) {
		err = read_int(db, "SELECT count(*) FROM sqlite_schema", &tables);
	}
	if (err) {
		return refuse(db, path, err, why, why_size);
	}
	if (tables > 0 && application != APPLICATION_ID) {
		snprintf(why, why_size, "%s: is not a database of tricall", path);
		return -EINVAL;
	}
	if (*version > (int64_t)TC_COUNT(steps)) {
		snprintf(why, why_size,
			 "%s: was written by a newer tricall (schema %lld, this one knows %zu)",
			 path, (long long)*version, TC_COUNT(steps));
		return -TC_EVERSION;
	}
	return 0;
}

static int run_steps(sqlite3 *db, int64_t version)
{
	int code = SQLITE_OK;
	for (size_t i = (size_t)version; code == SQLITE_OK && i < TC_COUNT(steps); i++) {
		code = sqlite3_exec(db, steps[i], NULL, NULL, NULL);
	}
	char sql[96];
	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %zu",
		 APPLICATION_ID, TC_COUNT(steps));
	return code == SQLITE_OK ? sqlite3_exec(db, sql, NULL, NULL, NULL) : code;
}

int tc_store_migrate(sqlite3 *db, const char *path, char *why, size_t why_size)
{
	int64_t version = 0;
	int err = check_version(db, path, &version, why, why_size);
	if (err || version == (int64_t)TC_COUNT(steps)) {
		return err;
	}
	/* The lock first, then the version again: another process may be doing the same. */
	int code = sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL);
	if (code != SQLITE_OK) {
		return refuse(db, path, tc_sqlite_err(code), why, why_size);
	}
	err = check_version(db, path, &version, why, why_size);
	if (!err && version < (int64_t)TC_COUNT(steps)) {
		code = run_steps(db, version);
		if (code == SQLITE_OK) {
			code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
		}
		err = code == SQLITE_OK ? 0 : refuse(db, path, tc_sqlite_err(code), why, why_size);
	}
	if (!sqlite3_get_autocommit(db)) {
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	}
	return err;
}
