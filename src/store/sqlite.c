// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/err.h"

/* A writer beside us (the command line, a migration) is done well within this. */
#define BUSY_TIMEOUT_MS 5000

int tc_sqlite_err(int code)
{
	switch (code) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
		return -EEXIST;
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return -ENOENT;
	}
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
		return -EINVAL;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
	case SQLITE_CANTOPEN:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_TOOBIG:
		return -TC_ELIMIT;
	default:
		return -EIO;
	}
}

static int bind_all(sqlite3_stmt *stmt, const struct tc_bind *binds, size_t count)
{
	int code = SQLITE_OK;
	for (size_t i = 0; code == SQLITE_OK && i < count; i++) {
		int at = (int)i + 1;
		switch (binds[i].kind) {
		case 'i':
			code = sqlite3_bind_int64(stmt, at, binds[i].number);
			break;
		case 'b':
			code = sqlite3_bind_blob(stmt, at, binds[i].data, (int)binds[i].len,
						 SQLITE_TRANSIENT);
			break;
		default: /* NULL binds null */
			code = sqlite3_bind_text(stmt, at, binds[i].data, -1, SQLITE_TRANSIENT);
			break;
		}
	}
	return code;
}

int tc_query_begin(struct tc_query *q, struct tc_store *store, const char *sql,
		   const struct tc_bind *binds, size_t count)
{
	*q = (struct tc_query){.store = store};
	pthread_mutex_lock(&store->mutex);
	int code = sqlite3_prepare_v2(store->db, sql, -1, &q->stmt, NULL);
	if (code == SQLITE_OK) {
		code = bind_all(q->stmt, binds, count);
	}
	q->err = tc_sqlite_err(code);
	return q->err;
}

int tc_query_row(struct tc_query *q)
{
	int code = sqlite3_step(q->stmt);
	return code == SQLITE_ROW ? 1 : tc_sqlite_err(code);
}

void tc_query_end(struct tc_query *q)
{
	sqlite3_finalize(q->stmt);
	q->stmt = NULL;
	pthread_mutex_unlock(&q->store->mutex);
}

/* Room for one more item of `size`. */
static int grow(struct tc_rows *rows, size_t *room_for, size_t size)
{
	if (rows->count < *room_for) {
		return 0;
	}
	size_t wanted = *room_for ? *room_for * 2 : 16;
	void *grown = realloc(rows->list, wanted * size);
	if (!grown) {
		return -ENOMEM;
	}
	rows->list = grown;
	*room_for = wanted;
	return 0;
}

int tc_query_list(struct tc_query *q, size_t size, int (*read)(struct tc_query *q, void *item),
		  struct tc_rows *out)
{
	size_t room_for = 0;
	int err = q->err;
	*out = (struct tc_rows){0};
	while (!err && (err = tc_query_row(q)) == 1) {
		err = grow(out, &room_for, size);
		err = err ? err : read(q, (char *)out->list + out->count * size);
		out->count += err ? 0 : 1;
	}
	tc_query_end(q);
	return err;
}

int tc_query_run(struct tc_store *store, const char *sql, const struct tc_bind *binds, size_t count)
{
	struct tc_query q;
	int err = tc_query_begin(&q, store, sql, binds, count);
	if (!err) {
		err = tc_query_row(&q);
	}
	int changed = err ? err : sqlite3_changes(store->db);
	tc_query_end(&q);
	return changed;
}

void tc_query_text(struct tc_query *q, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(q->stmt, column);
	snprintf(out, size, "%s", text ? (const char *)text : "");
}

int64_t tc_query_int(struct tc_query *q, int column)
{
	return sqlite3_column_int64(q->stmt, column);
}

/* Says why the folder cannot be used before SQLite says less clearly. */
static int prepare_dir(const struct tc_store_config *config, const char *path, char *why,
		       size_t why_size)
{
	const char *dir = config->data_dir;
	int made = config->must_exist ? -EEXIST : mkdir(dir, 0700) < 0 ? -errno : 0;
	if (!made) {
		return 0;
	}
	struct stat st;
	int err = 0;
	if (stat(dir, &st) < 0) {
		err = made == -EEXIST ? -errno : made; /* that it is not there is no reason */
	} else if (!S_ISDIR(st.st_mode)) {
		err = -ENOTDIR;
	} else if (access(dir, R_OK | W_OK | X_OK) < 0) {
		err = -errno;
	}
	if (err) {
		snprintf(why, why_size,
			 "data folder %s: %s; set DATA_DIR to a folder that user %u "
			 "may write to",
			 dir, strerror(-err), (unsigned)geteuid());
		return err;
	}
	if (config->must_exist && access(path, F_OK) < 0) {
		err = -errno;
		snprintf(why, why_size,
			 "%s: %s; set DATA_DIR to the folder of a server that has run", path,
			 strerror(-err));
	}
	return err;
}

/* SQLite would make it readable for all; the WAL files take over its mode. A file that is there is
 * not opened: closing it again would drop the locks that other connections of this process hold on
 * it (POSIX), and a process that then closes its own would take the WAL away from under them. */
static int touch_private(const char *path, bool *made, char *why, size_t why_size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	*made = fd >= 0;
	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno == EEXIST && access(path, R_OK | W_OK) == 0) {
		return 0;
	}
	int err = -errno;
	snprintf(why, why_size, "%s: %s; user %u must be able to read and write it", path,
		 strerror(-err), (unsigned)geteuid());
	return err;
}

/* Whoever reads this has lost a call's notes and wants to know what now. */
static int damaged(const char *path, const char *what, char *why, size_t why_size)
{
	snprintf(why, why_size,
		 "%s: the database is damaged (%s); put a backup in its place, or move it away to "
		 "begin with an empty one",
		 path, what);
	return -EIO;
}

static int look_for_damage(sqlite3 *db, const char *path, char *why, size_t why_size)
{
	sqlite3_stmt *stmt = NULL;
	char verdict[512] = "";
	int code = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL);
	if (code == SQLITE_OK) {
		code = sqlite3_step(stmt);
	}
	if (code == SQLITE_ROW) {
		snprintf(verdict, sizeof(verdict), "%s", sqlite3_column_text(stmt, 0));
	} else {
		snprintf(verdict, sizeof(verdict), "%s", sqlite3_errmsg(db));
	}
	sqlite3_finalize(stmt);
	if (code == SQLITE_ROW && strcmp(verdict, "ok") == 0) {
		return 0;
	}
	/* The first line may be a heading, "*** in database main ***". */
	char *what = verdict;
	char *second = strncmp(what, "***", 3) == 0 ? strchr(what, '\n') : NULL;
	what = second ? second + 1 : what;
	what[strcspn(what, "\n")] = '\0';
	return damaged(path, what, why, why_size);
}

static int set_up(struct tc_store *store, const struct tc_store_config *config, const char *path,
		  char *why, size_t why_size)
{
	int code = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_FULLMUTEX,
				   NULL);
	if (!store->db) {
		snprintf(why, why_size, "%s: out of memory", path);
		return -ENOMEM;
	}
	if (code == SQLITE_OK) {
		sqlite3_extended_result_codes(store->db, 1);
		sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS);
		/* Reading the header first: garbage is refused before WAL mode would write to it.
		 */
		code = sqlite3_exec(store->db, "PRAGMA schema_version", NULL, NULL, NULL);
	}
	int err = 0;
	if (code == SQLITE_OK && config->check) {
		err = look_for_damage(store->db, path, why, why_size);
	}
	if (code == SQLITE_OK && !err) {
		code = sqlite3_exec(store->db,
				    "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;"
				    "PRAGMA synchronous = NORMAL; PRAGMA trusted_schema = OFF",
				    NULL, NULL, NULL);
	}
	if (code == SQLITE_OK && !err && config->durable) {
		/* In WAL mode NORMAL leaves the last commits to the system's cache. */
		code = sqlite3_exec(store->db, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
	}
	if (code != SQLITE_OK) {
		err = tc_sqlite_err(code);
		if ((code & 0xff) == SQLITE_NOTADB || (code & 0xff) == SQLITE_CORRUPT) {
			err = damaged(path, sqlite3_errmsg(store->db), why, why_size);
		} else {
			snprintf(why, why_size, "%s: %s", path, sqlite3_errmsg(store->db));
		}
	}
	err = err ? err : tc_store_migrate(store->db, path, why, why_size);
	if (!err && config->no_wait) {
		sqlite3_busy_timeout(store->db, 0);
	}
	return err;
}

int tc_store_open(struct tc_store **out, const struct tc_store_config *config, char *why,
		  size_t why_size)
{
	char unused[1];
	if (!why || why_size == 0) {
		why = unused;
		why_size = sizeof(unused);
	}
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/tricall.db", config->data_dir);
	if (n < 0 || (size_t)n >= sizeof(path)) {
		snprintf(why, why_size, "data folder: the path is too long");
		return -ENAMETOOLONG;
	}
	bool made = false;
	int err = prepare_dir(config, path, why, why_size);
	if (!err) {
		err = touch_private(path, &made, why, why_size);
	}
	if (err) {
		return err;
	}
	struct tc_store *store = calloc(1, sizeof(*store));
	if (!store) {
		snprintf(why, why_size, "out of memory");
		err = -ENOMEM;
		goto fail;
	}
	pthread_mutex_init(&store->mutex, NULL);
	err = set_up(store, config, path, why, why_size);
	if (err) {
		goto fail;
	}
	*out = store;
	return 0;
fail:
	tc_store_close(store);
	if (made) {
		unlink(path);
	}
	return err;
}

void tc_store_close(struct tc_store *store)
{
	if (!store) {
		return;
	}
	sqlite3_close_v2(store->db);
	pthread_mutex_destroy(&store->mutex);
	free(store);
}

int tc_store_ping(struct tc_store *store)
{
	struct tc_query q;
	int err = tc_query_begin(&q, store, "SELECT count(*) FROM sqlite_schema", NULL, 0);
	if (!err) {
		err = tc_query_row(&q) < 0 ? -EIO : 0;
	}
	tc_query_end(&q);
	return err;
}

int tc_store_begin(struct tc_store *store)
{
	int n = tc_query_run(store, "BEGIN IMMEDIATE", NULL, 0);
	return n < 0 ? n : 0;
}

int tc_store_commit(struct tc_store *store)
{
	int n = tc_query_run(store, "COMMIT", NULL, 0);
	if (n < 0) {
		tc_store_rollback(store);
	}
	return n < 0 ? n : 0;
}

void tc_store_rollback(struct tc_store *store)
{
	/* Some errors (a full disk) have rolled it back already. */
	if (!sqlite3_get_autocommit(store->db)) {
		(void)tc_query_run(store, "ROLLBACK", NULL, 0);
	}
}
