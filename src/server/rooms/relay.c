// SPDX-License-Identifier: Apache-2.0
#include "server/rooms/rooms_priv.h"

#include <stdlib.h>
#include <string.h>

/* The message as it goes on. 0 when memory ran out: the sender is told. */
static int pieces_of(struct tc_room_conn *conn, const struct tc_signal *signal, bool with_from,
		     struct tc_signal_piece pieces[2])
{
	struct seat *from = conn->seat;
	struct tc_buf *scratch = &conn->rooms->scratch;
	int count = tc_signal_relay(signal, with_from ? from->prefix : NULL, from->prefix_len,
				    scratch, pieces);
	if (count < 0) {
		tc_buf_reset(scratch);
		conn_error(conn, TC_REFUSED_OVERLOADED, "out of memory; this message was dropped",
			   signal);
		return 0;
	}
	conn->rooms->counts.relayed++;
	for (int i = 0; i < count; i++) {
		conn->rooms->counts.relayed_bytes += pieces[i].len;
	}
	return count;
}

static struct seat *target_of(const struct tc_room_conn *conn, struct tc_json to)
{
	const struct room *room = conn->seat->room;
	for (int i = 0; i < room->count; i++) {
		struct seat *seat = room->seats[i];
		if (seat != conn->seat && tc_json_str_eq(to, seat->user_id)) {
			return seat;
		}
	}
	return NULL;
}

/* To everybody else that `wanted` names. A delivery may close a reader, never unseat it, so the
 * seats stay where they are. */
static void spread(struct tc_room_conn *conn, const struct tc_signal_piece *pieces, int count,
		   bool humans_only, bool mail)
{
	const struct room *room = conn->seat->room;
	const struct seat *self = conn->seat;
	for (int i = 0; i < room->count; i++) {
		struct seat *seat = room->seats[i];
		if (seat != self && !(humans_only && seat->ai) && (mail || seat->conn)) {
			seat_deliver(seat, pieces, count);
		}
	}
}

void handle_relay(struct tc_room_conn *conn, const struct tc_signal *signal)
{
	struct seat *target = NULL;
	if (signal->to.at) {
		target = target_of(conn, signal->to);
		if (!target) {
			conn_error(conn, TC_REFUSED_UNKNOWN_PEER,
				   "nobody of this id is in the room", signal);
			return;
		}
	}
	struct tc_signal_piece pieces[2];
	int count = pieces_of(conn, signal, true, pieces);
	if (count && target) {
		seat_deliver(target, pieces, count);
	} else if (count) {
		spread(conn, pieces, count, false, true);
	}
	tc_buf_reset(&conn->rooms->scratch);
}

static char *join_pieces(const struct tc_signal_piece *pieces, int count)
{
	struct tc_buf buf;
	tc_buf_init(&buf);
	for (int i = 0; i < count; i++) {
		tc_buf_put(&buf, pieces[i].data, pieces[i].len);
	}
	return tc_buf_take_str(&buf);
}

static void keep_status(struct room *room, const struct tc_signal_piece *pieces, int count)
{
	free(room->ai_status);
	room->ai_status = join_pieces(pieces, count);
}

static void to_coach(struct room *room, const struct tc_signal_piece *pieces, int count)
{
	for (int i = 0; i < room->count; i++) {
		if (room->seats[i]->role == TC_ROLE_COACH) {
			seat_deliver(room->seats[i], pieces, count);
		}
	}
}

static bool is_final(const struct tc_signal *signal)
{
	bool final = false;
	return signal->type == TC_SIGNAL_TRANSCRIPT &&
	       tc_json_get_bool(signal->object, "final", &final) == 0 && final;
}

static void show(struct room *room, const struct tc_signal_piece *pieces, int count)
{
	for (int i = 0; i < room->count; i++) {
		if (!room->seats[i]->ai) {
			seat_deliver(room->seats[i], pieces, count);
		}
	}
}

void tc_rooms_show(struct tc_rooms *rooms, const char *room_id, const char *json, size_t len)
{
	struct room *room = rooms_find(rooms, room_id);
	if (room) {
		show(room, &(struct tc_signal_piece){json, len}, 1);
	}
}

/* What is final is stored before anybody reads it. Shown at once where that cannot be: two people
 * who talk need the words more than the record does. */
static void pass_final(struct tc_room_conn *conn, const struct tc_signal_piece *pieces, int count)
{
	struct tc_rooms *rooms = conn->rooms;
	char *frame = rooms->events.transcript ? join_pieces(pieces, count) : NULL;
	if (!frame || !rooms->events.transcript(rooms->user, conn->room_id, frame, strlen(frame))) {
		show(conn->seat->room, pieces, count);
	}
	free(frame);
}

void handle_orb_message(struct tc_room_conn *conn, const struct tc_signal *signal)
{
	struct tc_rooms *rooms = conn->rooms;
	if (!conn->seat->ai) {
		conn_error(conn, TC_REFUSED_FORBIDDEN, "only the orb sends this", signal);
		return;
	}
	struct tc_signal_piece pieces[2];
	int count = pieces_of(conn, signal, signal->type == TC_SIGNAL_AI_STATUS, pieces);
	struct room *room = conn->seat->room;
	if (count && signal->type == TC_SIGNAL_SUGGESTION) {
		to_coach(room, pieces, count);
	} else if (count && is_final(signal)) {
		pass_final(conn, pieces, count);
	} else if (count) {
		if (signal->type == TC_SIGNAL_AI_STATUS) {
			keep_status(room, pieces, count);
		}
		spread(conn, pieces, count, true, false);
	}
	tc_buf_reset(&rooms->scratch);
}

static void tell_control(const struct tc_room_conn *conn, const struct tc_signal *signal)
{
	const struct tc_rooms *rooms = conn->rooms;
	char action[16] = "", value[16] = "";
	(void)tc_json_get_str(signal->object, "action", action, sizeof(action));
	(void)tc_json_get_str(signal->object, "value", value, sizeof(value));
	if (rooms->events.control) {
		rooms->events.control(rooms->user, conn->room_id, action, value);
	}
}

void handle_orb_control(struct tc_room_conn *conn, const struct tc_signal *signal)
{
	enum tc_role role = conn->seat->role;
	if (role != TC_ROLE_COACH && role != TC_ROLE_ADMIN) {
		conn_error(conn, TC_REFUSED_FORBIDDEN, "only the coach directs the orb", signal);
		return;
	}
	struct seat *orb = seat_of_orb(conn->seat->room);
	if (!orb) {
		conn_error(conn, TC_REFUSED_UNKNOWN_PEER, "the orb is not in the room", signal);
		return;
	}
	struct tc_signal_piece pieces[2];
	int count = pieces_of(conn, signal, true, pieces);
	if (count) {
		seat_deliver(orb, pieces, count);
		tell_control(conn, signal);
	}
	tc_buf_reset(&conn->rooms->scratch);
}
