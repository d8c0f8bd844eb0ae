// SPDX-License-Identifier: Apache-2.0
#include "server/rooms/rooms_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/log.h"

TC_LOG_TOPIC("server.rooms");

/* What may wait for someone whose socket is lost: an offer and a dozen candidates. */
#define MAIL_MAX (64u * 1024)

struct seat *seat_take(struct tc_rooms *rooms, struct room *room, struct tc_room_conn *conn,
		       const struct tc_signal_join *join)
{
	TC_ASSERT(room->count < TC_ROOM_MAX_SEATS);
	char prefix[TC_SIGNAL_PREFIX_SIZE];
	size_t prefix_len = tc_signal_prefix(prefix, join->user_id);
	size_t size =
		strlen(room->id) + strlen(join->user_id) + strlen(join->user_name) + prefix_len + 4;
	struct seat *seat = calloc(1, sizeof(*seat) + size);
	if (!seat) {
		return NULL;
	}
	char *at = seat->text;
	seat->room_id = rooms_append(&at, room->id);
	seat->user_id = rooms_append(&at, join->user_id);
	seat->user_name = rooms_append(&at, join->user_name);
	seat->prefix = rooms_append(&at, prefix);
	seat->prefix_len = prefix_len;
	seat->room = room;
	seat->conn = conn;
	seat->role = join->role;
	seat->ai = join->ai;
	seat->free_id = conn->free_id;
	room->seats[room->count++] = seat;
	rooms->counts.participants++;
	rooms->counts.by_role[seat->role]++;
	return seat;
}

void seat_hold(struct tc_rooms *rooms, struct seat *seat)
{
	seat->conn = NULL;
	seat->hold_till_ms = tc_clock_ms(rooms->config.clock) + rooms->config.hold_ms;
	TAILQ_INSERT_TAIL(&rooms->held, seat, link);
	TC_INFO(seat->room_id, "%s lost the connection; the seat is held", seat->user_id);
}

static void take_out(struct room *room, struct seat *seat)
{
	int i = 0;
	while (room->seats[i] != seat) {
		i++;
	}
	for (room->count--; i < room->count; i++) {
		room->seats[i] = room->seats[i + 1];
	}
	if (seat->ai) {
		free(room->ai_status);
		room->ai_status = NULL;
	}
}

void seat_leave(struct tc_rooms *rooms, struct seat *seat, const char *reason)
{
	struct room *room = seat->room;
	if (seat->conn) {
		seat->conn->seat = NULL;
	} else {
		TAILQ_REMOVE(&rooms->held, seat, link);
	}
	take_out(room, seat);
	tc_buf_finish(&seat->mail);
	seat->room = NULL;
	seat->conn = NULL;
	seat->reason = reason;
	seat->humans = room_humans(room);
	rooms->counts.participants--;
	rooms->counts.by_role[seat->role]--;
	TC_INFO(seat->room_id, "%s %s left (%s), %d still in", tc_role_str(seat->role),
		seat->user_id, reason, room->count);
	tc_signal_write_user_left(&rooms->scratch, seat->user_id, seat->role, reason);
	room_tell(rooms, room, NULL, false);
	TAILQ_INSERT_TAIL(&rooms->departed, seat, link);
}

static struct seat *find_ended(const struct tc_room_conn *conn, const char *user_id)
{
	struct seat *seat;
	TAILQ_FOREACH(seat, &conn->rooms->ended, link)
	{
		if (strcmp(seat->user_id, user_id) == 0 &&
		    strcmp(seat->room_id, conn->room_id) == 0) {
			return seat;
		}
	}
	return NULL;
}

bool seat_tell_end(struct tc_room_conn *conn, const struct tc_signal_join *join)
{
	struct tc_rooms *rooms = conn->rooms;
	struct seat *seat = find_ended(conn, join->user_id);
	if (!seat) {
		return false;
	}
	/* Who comes anew wants another session. */
	bool tell = join->resume && seat->hold_till_ms > tc_clock_ms(rooms->config.clock);
	TAILQ_REMOVE(&rooms->ended, seat, link);
	if (tell) {
		if (!seat->mail.err) {
			struct tc_signal_piece piece = {seat->mail.data, seat->mail.len};
			conn_send(conn, &piece, 1);
		}
		conn_close(conn, TC_CLOSE_ENDED, "session ended", true);
	}
	tc_buf_finish(&seat->mail);
	free(seat);
	return tell;
}

struct seat *seat_of(const struct room *room, const char *user_id)
{
	for (int i = 0; i < room->count; i++) {
		if (strcmp(room->seats[i]->user_id, user_id) == 0) {
			return room->seats[i];
		}
	}
	return NULL;
}

struct seat *seat_of_orb(const struct room *room)
{
	for (int i = 0; i < room->count; i++) {
		if (room->seats[i]->ai) {
			return room->seats[i];
		}
	}
	return NULL;
}

static void keep_mail(struct seat *seat, const struct tc_signal_piece *pieces, int count)
{
	size_t len = 0;
	for (int i = 0; i < count; i++) {
		len += pieces[i].len;
	}
	if (seat->mail.len + sizeof(len) + len > MAIL_MAX ||
	    !tc_buf_reserve(&seat->mail, sizeof(len) + len)) {
		return; /* who resumes with a gap asks for a fresh offer */
	}
	tc_buf_put(&seat->mail, &len, sizeof(len));
	for (int i = 0; i < count; i++) {
		tc_buf_put(&seat->mail, pieces[i].data, pieces[i].len);
	}
}

void seat_deliver(struct seat *seat, const struct tc_signal_piece *pieces, int count)
{
	if (seat->conn) {
		conn_send(seat->conn, pieces, count);
	} else {
		keep_mail(seat, pieces, count);
	}
}

void seat_deliver_mail(struct seat *seat)
{
	struct tc_cursor cur;
	tc_cursor_init(&cur, seat->mail.data, seat->mail.len);
	while (tc_cursor_left(&cur) > 0 && seat->conn) {
		size_t len;
		memcpy(&len, tc_cursor_bytes(&cur, sizeof(len)), sizeof(len));
		const char *data = (const char *)tc_cursor_bytes(&cur, len);
		conn_send(seat->conn, &(struct tc_signal_piece){data, len}, 1);
	}
	tc_buf_finish(&seat->mail);
}

struct tc_room_person seat_person(const struct seat *seat)
{
	return (struct tc_room_person){seat->user_id, seat->user_name, seat->role, seat->ai};
}

int room_humans(const struct room *room)
{
	int humans = 0;
	for (int i = 0; i < room->count; i++) {
		humans += !room->seats[i]->ai;
	}
	return humans;
}

void room_tell(struct tc_rooms *rooms, struct room *room, const struct seat *except,
	       bool humans_only)
{
	struct tc_signal_piece piece = {rooms->scratch.data, rooms->scratch.len};
	for (int i = 0; i < room->count && !rooms->scratch.err; i++) {
		struct seat *seat = room->seats[i];
		// cppcheck-suppress nullPointerRedundantCheck ; `except` may be NULL, a seat is not
		/* No mail: who resumes is told the whole state anew. */
		if (seat->conn && seat != except && !(humans_only && seat->ai)) {
			conn_send(seat->conn, &piece, 1);
		}
	}
	tc_buf_reset(&rooms->scratch);
}
