// SPDX-License-Identifier: Apache-2.0
#include "server/rooms/rooms_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/utf8.h"

TC_LOG_TOPIC("server.rooms");

/* protocol.md: "ten in a row close 4400" */
#define BAD_MAX 10
/* Sockets of one user that did not join their room yet, or left it. */
#define WAITING_MAX 8
/* Without a drop for this long, a spell of overload is over. */
#define CALM_MS 1000

static const bool legal[4][4] = {
	[CONN_NEW] = {[CONN_JOINED] = true, [CONN_CLOSING] = true},
	[CONN_JOINED] = {[CONN_LEFT] = true, [CONN_CLOSING] = true},
	[CONN_LEFT] = {[CONN_JOINED] = true, [CONN_CLOSING] = true},
};

void conn_set_state(struct tc_room_conn *conn, enum conn_state next)
{
	struct tc_rooms *rooms = conn->rooms;
	TC_ASSERT(legal[conn->state][next]);
	if (conn->state == CONN_NEW) {
		TAILQ_REMOVE(&rooms->joining, conn, waiting);
	} else if (conn->state == CONN_LEFT) {
		TAILQ_REMOVE(&rooms->left, conn, waiting);
	}
	if (next == CONN_LEFT) {
		int64_t now = tc_clock_ms(rooms->config.clock);
		conn->join_by_ms = now + rooms->config.left_timeout_ms;
		TAILQ_INSERT_TAIL(&rooms->left, conn, waiting);
	} else if (next == CONN_CLOSING) {
		TAILQ_REMOVE(&rooms->pinging, conn, pinging);
	}
	conn->state = next;
}

void conn_close(struct tc_room_conn *conn, int code, const char *reason, bool flush)
{
	if (conn->state == CONN_CLOSING) {
		return;
	}
	TC_INFO(conn->room_id, "closing %s: %d %s", conn->user_id, code, reason);
	conn_set_state(conn, CONN_CLOSING);
	if (conn->seat) {
		struct seat *seat = conn->seat;
		conn->seat = NULL;
		seat_hold(conn->rooms, seat);
	}
	conn->rooms->sink.close(conn->user, code, reason, flush);
}

void conn_send(struct tc_room_conn *conn, const struct tc_signal_piece *pieces, int count)
{
	if (conn->state == CONN_CLOSING) {
		return;
	}
	if (conn->rooms->sink.send(conn->user, pieces, count) > conn->rooms->config.max_queued) {
		conn_close(conn, TC_CLOSE_OVERLOADED, "reads too slowly", false);
	}
}

void conn_send_scratch(struct tc_room_conn *conn)
{
	struct tc_buf *scratch = &conn->rooms->scratch;
	if (!scratch->err) {
		conn_send(conn, &(struct tc_signal_piece){scratch->data, scratch->len}, 1);
	}
	tc_buf_reset(scratch);
}

void conn_error(struct tc_room_conn *conn, enum tc_refusal why, const char *text,
		const struct tc_signal *in_reply_to)
{
	/* A type nobody knows may be as long as a message; it isn't sent back then. */
	struct tc_json type = in_reply_to && in_reply_to->type_value.len <= 64
				      ? in_reply_to->type_value
				      : (struct tc_json){0};
	conn->rooms->counts.refused[why]++;
	tc_signal_write_error(&conn->rooms->scratch, tc_refusal_str(why), text, type);
	conn_send_scratch(conn);
}

/* How many of this list are this user's in this room; *first: where none was found before. */
static int count_waiting(struct conn_list *list, const char *room, const char *user_id,
			 struct tc_room_conn **first)
{
	struct tc_room_conn *conn;
	int count = 0;
	TAILQ_FOREACH(conn, list, waiting)
	{
		if (strcmp(conn->user_id, user_id) == 0 && strcmp(conn->room_id, room) == 0) {
			*first = *first ? *first : conn;
			count++;
		}
	}
	return count;
}

/* Sockets that only wait are cheap to open: of one user in one room the oldest goes, of those that
 * have left before any that is still to join. An orb that names itself at join has no id yet; its
 * room is all there is to count by. */
static void make_way(struct tc_rooms *rooms, const char *room, const char *user_id)
{
	struct tc_room_conn *first = NULL;
	int waiting = count_waiting(&rooms->left, room, user_id, &first);
	waiting += count_waiting(&rooms->joining, room, user_id, &first);
	if (waiting >= WAITING_MAX) {
		conn_close(first, TC_CLOSE_REPLACED, "replaced by a newer connection", true);
	}
}

int tc_rooms_attach(struct tc_rooms *rooms, struct tc_room_conn **out, const char *room,
		    const struct tc_access *who, void *user)
{
	size_t size = strlen(room) + strlen(who->user_id) + strlen(who->user_name) + 3;
	struct tc_room_conn *conn = calloc(1, sizeof(*conn) + size);
	if (!conn) {
		return -ENOMEM;
	}
	make_way(rooms, room, who->user_id);
	char *at = conn->text;
	conn->room_id = rooms_append(&at, room);
	conn->user_id = rooms_append(&at, who->user_id);
	conn->user_name = rooms_append(&at, who->user_name);
	conn->rooms = rooms;
	conn->user = user;
	conn->role = who->role;
	conn->free_id = who->free_id;
	int64_t now = tc_clock_ms(rooms->config.clock);
	conn->join_by_ms = now + rooms->config.join_timeout_ms;
	conn->ping_at_ms = now + rooms->config.ping_ms;
	TAILQ_INSERT_TAIL(&rooms->joining, conn, waiting);
	TAILQ_INSERT_TAIL(&rooms->pinging, conn, pinging);
	rooms->counts.connections++;
	*out = conn;
	return 0;
}

void tc_rooms_detach(struct tc_room_conn *conn)
{
	if (!conn) {
		return;
	}
	struct tc_rooms *rooms = conn->rooms;
	if (conn->state != CONN_CLOSING) {
		struct seat *seat = conn->seat;
		conn_set_state(conn, CONN_CLOSING);
		if (seat) {
			seat_hold(rooms, seat);
		}
	}
	rooms->counts.connections--;
	free(conn);
}

/* A bucket of `burst` messages that fills at `rate` a second, kept as one time (GCRA). */
static bool within_rate(struct tc_room_conn *conn, int64_t now_us)
{
	const struct tc_rooms_config *config = &conn->rooms->config;
	int64_t each_us = 1000000 / config->rate;
	int64_t from = conn->allowed_us > now_us ? conn->allowed_us : now_us;
	if (from + each_us - now_us > each_us * config->burst) {
		return false;
	}
	conn->allowed_us = from + each_us;
	return true;
}

static void drop(struct tc_room_conn *conn, int64_t now_ms)
{
	if (!conn->drops_from_ms || now_ms - conn->last_drop_ms > CALM_MS) {
		conn->drops_from_ms = now_ms;
	}
	conn->last_drop_ms = now_ms;
	if (now_ms - conn->drops_from_ms >= conn->rooms->config.overload_ms) {
		conn_close(conn, TC_CLOSE_OVERLOADED, "sends too much", true);
	} else {
		conn_error(conn, TC_REFUSED_RATE_LIMITED, "too many messages; this one was dropped",
			   NULL);
	}
}

static void bad(struct tc_room_conn *conn, const struct tc_signal *signal, const char *why)
{
	conn_error(conn, TC_REFUSED_BAD_MESSAGE, why, signal);
	if (++conn->bad_in_a_row >= BAD_MAX) {
		conn_close(conn, TC_CLOSE_BAD, "ten bad messages in a row", true);
	}
}

static void handle_joined(struct tc_room_conn *conn, const struct tc_signal *signal)
{
	switch (signal->type) {
	case TC_SIGNAL_AI_STATUS:
	case TC_SIGNAL_TRANSCRIPT:
	case TC_SIGNAL_SUGGESTION:
		handle_orb_message(conn, signal);
		break;
	case TC_SIGNAL_ORB_CONTROL:
		handle_orb_control(conn, signal);
		break;
	default:
		handle_relay(conn, signal);
	}
}

static void handle(struct tc_room_conn *conn, const struct tc_signal *signal)
{
	switch (signal->type) {
	case TC_SIGNAL_PING:
		tc_signal_write_bare(&conn->rooms->scratch, TC_SIGNAL_PONG);
		conn_send_scratch(conn);
		break;
	case TC_SIGNAL_PONG:
		break; /* the answer to nothing we ask by message; it came, and that is all */
	case TC_SIGNAL_JOIN:
		handle_join(conn, signal);
		break;
	case TC_SIGNAL_LEAVE:
		handle_leave(conn);
		break;
	default:
		if (conn->state == CONN_JOINED) {
			handle_joined(conn, signal);
		} else {
			conn_error(conn, TC_REFUSED_NOT_JOINED, "join first", signal);
		}
	}
}

static bool admit(struct tc_room_conn *conn)
{
	if (conn->state == CONN_CLOSING) {
		return false;
	}
	int64_t now_us = tc_clock_us(conn->rooms->config.clock);
	if (!within_rate(conn, now_us)) {
		drop(conn, now_us / 1000);
		return false;
	}
	return true;
}

static bool is_utf8(const char *text, size_t len)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + len;
	size_t n = 1;
	while (at < end && n > 0) {
		n = tc_utf8_len(at, (size_t)(end - at));
		at += n;
	}
	return n > 0;
}

void tc_rooms_message(struct tc_room_conn *conn, const char *text, size_t len)
{
	if (!admit(conn)) {
		return;
	}
	struct tc_rooms *rooms = conn->rooms;
	struct tc_signal signal;
	const char *why = tc_signal_parse(&signal, text, len)
				  ? "not a JSON object with a type (and a text as its target)"
				  : tc_signal_check(&signal);
	/* The one type of ours that an orb may send, too: why it does not answer somebody. */
	if (why && signal.type == TC_SIGNAL_ERROR && signal.to.at && conn->seat && conn->seat->ai) {
		why = NULL;
	}
	struct tc_signal_join join;
	if (!why && signal.type == TC_SIGNAL_JOIN && tc_signal_read_join(&signal, &join)) {
		why = "join: a field is not what it must be";
	}
	if (why) {
		/* RFC 6455 section 8.1. What is no UTF-8 is no JSON either: all else needs no
		 * second look. */
		if (!is_utf8(text, len)) {
			conn_close(conn, TC_CLOSE_NOT_TEXT, "text that is not UTF-8", true);
		} else {
			bad(conn, &signal, why);
		}
		return;
	}
	conn->bad_in_a_row = 0;
	handle(conn, &signal);
	tc_rooms_dispatch(rooms);
}

void tc_rooms_binary(struct tc_room_conn *conn)
{
	if (admit(conn)) {
		bad(conn, NULL, "messages are text");
	}
}

void tc_rooms_too_big(struct tc_room_conn *conn)
{
	conn_close(conn, TC_CLOSE_TOO_BIG, "over 64 KiB", true);
}

void tc_rooms_pong(struct tc_room_conn *conn)
{
	conn->unanswered_pings = 0;
}
