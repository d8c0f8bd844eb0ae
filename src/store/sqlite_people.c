// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define USER_COLUMNS "u.id, u.email, u.name, u.role, u.created_ms"

static void read_user(struct tc_query *q, struct tc_user *out)
{
	char role[16];
	tc_query_text(q, 0, out->id, sizeof(out->id));
	tc_query_text(q, 1, out->email, sizeof(out->email));
	tc_query_text(q, 2, out->name, sizeof(out->name));
	tc_query_text(q, 3, role, sizeof(role));
	out->role = tc_role_parse(role);
	out->created_ms = tc_query_int(q, 4);
}

/* The one row of a query that has been begun with `err`; ends it. */
static int one_user(struct tc_query *q, int err, struct tc_user *out, char *hash, size_t hash_size)
{
	if (!err) {
		err = tc_query_row(q);
	}
	if (err == 1) {
		read_user(q, out);
		if (hash) {
			tc_query_text(q, 5, hash, hash_size);
		}
	}
	tc_query_end(q);
	return err == 1 ? 0 : err ? err : -ENOENT;
}

int tc_store_user_add(struct tc_store *store, const struct tc_user *user, const char *password_hash)
{
	int n = TC_QUERY_RUN(store,
			     "INSERT INTO users (id, email, name, role, password, created_ms)"
			     " VALUES (?, ?, ?, ?, ?, ?)",
			     TC_TEXT(user->id), TC_TEXT(user->email), TC_TEXT(user->name),
			     TC_TEXT(tc_role_str(user->role)), TC_TEXT(password_hash),
			     TC_INT(user->created_ms));
	return n < 0 ? n : 0;
}

int tc_store_user(struct tc_store *store, const char *id, struct tc_user *out)
{
	struct tc_query q;
	int err = TC_QUERY_BEGIN(&q, store, "SELECT " USER_COLUMNS " FROM users u WHERE u.id = ?",
				 TC_TEXT(id));
	return one_user(&q, err, out, NULL, 0);
}

int tc_store_user_by_email(struct tc_store *store, const char *email, struct tc_user *out,
			   char *hash, size_t hash_size)
{
	struct tc_query q;
	int err = TC_QUERY_BEGIN(
		&q, store, "SELECT " USER_COLUMNS ", u.password FROM users u WHERE u.email = ?",
		TC_TEXT(email));
	return one_user(&q, err, out, hash, hash_size);
}

int tc_store_user_count(struct tc_store *store, int64_t *out)
{
	struct tc_query q;
	int err = tc_query_begin(&q, store, "SELECT count(*) FROM users", NULL, 0);
	if (!err) {
		err = tc_query_row(&q);
	}
	if (err == 1) {
		*out = tc_query_int(&q, 0);
		err = 0;
	}
	tc_query_end(&q);
	return err;
}

int tc_store_login_add(struct tc_store *store, const uint8_t hash[TC_LOGIN_HASH_SIZE],
		       const char *user_id, int64_t now_ms, int64_t expires_ms)
{
	int n = TC_QUERY_RUN(store,
			     "INSERT INTO logins (hash, user_id, created_ms, expires_ms)"
			     " VALUES (?, ?, ?, ?)",
			     TC_BLOB(hash, TC_LOGIN_HASH_SIZE), TC_TEXT(user_id), TC_INT(now_ms),
			     TC_INT(expires_ms));
	return n < 0 ? n : 0;
}

int tc_store_login(struct tc_store *store, const uint8_t hash[TC_LOGIN_HASH_SIZE], int64_t now_ms,
		   struct tc_user *out)
{
	struct tc_query q;
	int err = TC_QUERY_BEGIN(&q, store,
				 "SELECT " USER_COLUMNS " FROM logins l JOIN users u"
				 " ON u.id = l.user_id WHERE l.hash = ? AND l.expires_ms > ?",
				 TC_BLOB(hash, TC_LOGIN_HASH_SIZE), TC_INT(now_ms));
	return one_user(&q, err, out, NULL, 0);
}

int tc_store_login_remove(struct tc_store *store, const uint8_t hash[TC_LOGIN_HASH_SIZE])
{
	int n = TC_QUERY_RUN(store, "DELETE FROM logins WHERE hash = ?",
			     TC_BLOB(hash, TC_LOGIN_HASH_SIZE));
	return n < 0 ? n : n == 0 ? -ENOENT : 0;
}

int tc_store_login_purge(struct tc_store *store, int64_t now_ms)
{
	int n = TC_QUERY_RUN(store, "DELETE FROM logins WHERE expires_ms <= ?", TC_INT(now_ms));
	return n < 0 ? n : 0;
}

int tc_store_appointment_add(struct tc_store *store, const struct tc_appointment *a)
{
	int n = TC_QUERY_RUN(store,
			     "INSERT INTO appointments (room, coach, client, starts_ms, minutes,"
			     " status) VALUES (?, ?, ?, nullif(?, 0), ?, ?)",
			     TC_TEXT(a->room), TC_TEXT(a->coach), TC_TEXT(a->client),
			     TC_INT(a->starts_ms), TC_INT(a->minutes),
			     TC_TEXT(a->test ? "test" : "scheduled"));
	return n < 0 ? n : 0;
}

#define APPOINTMENT_SELECT                                                          \
	"SELECT a.room, a.coach, a.client, c.name, k.name, a.starts_ms, a.minutes," \
	" a.status = 'test' FROM appointments a"                                    \
	" JOIN users c ON c.id = a.coach JOIN users k ON k.id = a.client"

static int read_appointment(struct tc_query *q, void *item)
{
	struct tc_appointment *out = item;
	tc_query_text(q, 0, out->room, sizeof(out->room));
	tc_query_text(q, 1, out->coach, sizeof(out->coach));
	tc_query_text(q, 2, out->client, sizeof(out->client));
	tc_query_text(q, 3, out->coach_name, sizeof(out->coach_name));
	tc_query_text(q, 4, out->client_name, sizeof(out->client_name));
	out->starts_ms = tc_query_int(q, 5);
	out->minutes = tc_query_int(q, 6);
	out->test = tc_query_int(q, 7) != 0;
	return 0;
}

int tc_store_appointment(struct tc_store *store, const char *room, struct tc_appointment *out)
{
	struct tc_query q;
	int err = TC_QUERY_BEGIN(&q, store, APPOINTMENT_SELECT " WHERE a.room = ?", TC_TEXT(room));
	if (!err) {
		err = tc_query_row(&q);
	}
	if (err == 1) {
		(void)read_appointment(&q, out);
	}
	tc_query_end(&q);
	return err == 1 ? 0 : err ? err : -ENOENT;
}

/* Each leg walks one index in order and stops at the limit; with an OR both would be read whole and
 * sorted. Nobody is coach and client of one appointment. */
#define LEG(whose)                                                                     \
	"SELECT * FROM (SELECT room, starts_ms FROM appointments WHERE " whose " = ?1" \
	" ORDER BY starts_ms, room LIMIT ?2)"
#define SOME_ORDER " ORDER BY a.starts_ms, a.room LIMIT ?2"

int tc_store_appointments(struct tc_store *store, const char *user_id, size_t max,
			  struct tc_appointment **out, size_t *count)
{
	struct tc_query q;
	(void)(user_id ? TC_QUERY_BEGIN(
				 &q, store,
				 APPOINTMENT_SELECT " WHERE a.room IN (SELECT room FROM (" LEG(
					 "coach") " UNION ALL " LEG("client") "))" SOME_ORDER,
				 TC_TEXT(user_id), TC_INT((int64_t)max))
		       : TC_QUERY_BEGIN(&q, store,
					APPOINTMENT_SELECT
					" WHERE a.room IN (SELECT room FROM appointments"
					" ORDER BY starts_ms, room LIMIT ?2)" SOME_ORDER,
					TC_TEXT(NULL), TC_INT((int64_t)max)));
	struct tc_rows rows;
	int err = tc_query_list(&q, sizeof(**out), read_appointment, &rows);
	if (err) {
		free(rows.list);
		return err;
	}
	*out = rows.list;
	*count = rows.count;
	return 0;
}
