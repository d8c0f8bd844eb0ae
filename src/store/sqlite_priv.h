/* store/sqlite_priv.h -- what the files of the SQLite store share. Only they see sqlite3.h. */
#ifndef TC_STORE_SQLITE_PRIV_H
#define TC_STORE_SQLITE_PRIV_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct tc_store {
	sqlite3 *db;           /* owned */
	pthread_mutex_t mutex; /* one query at a time; never held during a callback, there are none
				*/
};

/* One value bound to a `?`. */
struct tc_bind {
	char kind; /* 's' text (NULL: null), 'i' integer, 'b' blob */
	const void *data;
	size_t len;
	int64_t number;
};
#define TC_TEXT(t)    ((struct tc_bind){.kind = 's', .data = (t)})
#define TC_INT(n)     ((struct tc_bind){.kind = 'i', .number = (n)})
#define TC_BLOB(p, n) ((struct tc_bind){.kind = 'b', .data = (p), .len = (n)})

struct tc_query {
	struct tc_store *store;
	sqlite3_stmt *stmt; /* owned */
	int err;            /* of tc_query_begin() */
};

/* Takes the store's mutex and keeps it until tc_query_end(), also after an error. */
int tc_query_begin(struct tc_query *q, struct tc_store *store, const char *sql,
		   const struct tc_bind *binds, size_t count);
/* 1: a row is there; 0: no more; or an error. */
int tc_query_row(struct tc_query *q);
void tc_query_end(struct tc_query *q);

struct tc_rows { /* free()d by who asked; NULL: none */
	void *list;
	size_t count;
};
/* All rows of a query that was begun, or its error; each read into an item of `size`; ends the
 * query. After an error of `read` the items before it are in `out`, for the caller to free. */
int tc_query_list(struct tc_query *q, size_t size, int (*read)(struct tc_query *q, void *item),
		  struct tc_rows *out);
/* A statement without rows; how many it changed, or an error. */
int tc_query_run(struct tc_store *store, const char *sql, const struct tc_bind *binds,
		 size_t count);
void tc_query_text(struct tc_query *q, int column, char *out, size_t size);
int64_t tc_query_int(struct tc_query *q, int column);

#define TC_QUERY_BEGIN(q, store, sql, ...)                                   \
	tc_query_begin(q, store, sql, (const struct tc_bind[]){__VA_ARGS__}, \
		       sizeof((const struct tc_bind[]){__VA_ARGS__}) / sizeof(struct tc_bind))
#define TC_QUERY_RUN(store, sql, ...)                                   \
	tc_query_run(store, sql, (const struct tc_bind[]){__VA_ARGS__}, \
		     sizeof((const struct tc_bind[]){__VA_ARGS__}) / sizeof(struct tc_bind))

int tc_sqlite_err(int code); /* extended result code -> negative errno */

/* migrations.c */
int tc_store_migrate(sqlite3 *db, const char *path, char *why, size_t why_size);

#endif
