// SPDX-License-Identifier: Apache-2.0
#include "server/rooms/rooms_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

TC_LOG_TOPIC("server.rooms");

static void refuse(struct tc_room_conn *conn, enum tc_refusal why, const char *text,
		   const struct tc_signal *signal)
{
	conn_error(conn, why, text, signal);
	conn_close(conn, TC_CLOSE_REFUSED, tc_refusal_str(why), true);
}

static bool impossible(const struct tc_signal_join *join, const char *field)
{
	return join->impossible && strcmp(join->impossible, field) == 0;
}

/* What was proven at the upgrade wins; a join may repeat it or leave it out, not contradict it.
 * Fills in what was left out. NULL, or what contradicts. */
static const char *reconcile(const struct tc_room_conn *conn, struct tc_signal_join *join)
{
	bool ai = conn->role == TC_ROLE_AI;
	bool other = !conn->free_id && join->user_id[0] && strcmp(join->user_id, conn->user_id);
	if (other || impossible(join, "userId")) {
		return "userId is not who was let in";
	}
	if (!conn->free_id) {
		snprintf(join->user_id, sizeof(join->user_id), "%s", conn->user_id);
	} else if (!join->user_id[0]) {
		return "userId is needed";
	}
	if ((join->room[0] && strcmp(join->room, conn->room_id) != 0) ||
	    impossible(join, "roomId")) {
		return "roomId is not the room of this address";
	}
	if ((join->role && join->role != conn->role) || impossible(join, "userRole")) {
		return "userRole is not what was let in";
	}
	if ((join->has_participant && join->ai != ai) || impossible(join, "participantType")) {
		return "participantType is not what was let in";
	}
	join->role = conn->role;
	join->ai = ai;
	if (conn->user_name[0]) {
		snprintf(join->user_name, sizeof(join->user_name), "%s", conn->user_name);
	}
	return NULL;
}

static void fill_peer(struct tc_signal_peer *peer, const struct seat *seat,
		      const struct seat *reader)
{
	*peer = (struct tc_signal_peer){
		.role = seat->role,
		.ai = seat->ai,
		.should_create_offer =
			tc_signal_offers(reader->user_id, reader->ai, seat->user_id, seat->ai),
	};
	snprintf(peer->user_id, sizeof(peer->user_id), "%s", seat->user_id);
	snprintf(peer->user_name, sizeof(peer->user_name), "%s", seat->user_name);
}

static void replay(struct tc_room_conn *conn, const char *message)
{
	if (message) {
		conn_send(conn, &(struct tc_signal_piece){message, strlen(message)}, 1);
	}
}

/* `peer-discovery` before anything else, then what a newcomer has missed. */
static void welcome(struct tc_room_conn *conn, const struct seat *seat)
{
	const struct room *room = seat->room;
	struct tc_signal_peer peers[TC_ROOM_MAX_SEATS];
	size_t count = 0;
	for (int i = 0; i < room->count; i++) {
		if (room->seats[i] != seat) {
			fill_peer(&peers[count++], room->seats[i], seat);
		}
	}
	tc_signal_write_discovery(&conn->rooms->scratch, peers, count);
	conn_send_scratch(conn);
	if (!seat->ai) {
		replay(conn, room->orb_state);
		replay(conn, room->ai_status);
	}
}

static void announce(struct tc_rooms *rooms, const struct seat *seat)
{
	struct room *room = seat->room;
	for (int i = 0; i < room->count; i++) {
		struct seat *other = room->seats[i];
		if (other == seat || !other->conn) {
			continue;
		}
		struct tc_signal_peer peer;
		fill_peer(&peer, seat, other);
		tc_signal_write_user_joined(&rooms->scratch, &peer);
		conn_send_scratch(other->conn);
	}
}

/* The same person again on a new socket, others see nothing. */
static void resume(struct tc_room_conn *conn, struct seat *seat)
{
	struct tc_rooms *rooms = conn->rooms;
	bool was_lost = !seat->conn;
	if (was_lost) {
		TAILQ_REMOVE(&rooms->held, seat, link);
	} else {
		struct tc_room_conn *old = seat->conn;
		old->seat = NULL;
		conn_close(old, TC_CLOSE_REPLACED, "replaced by a newer connection", true);
	}
	seat->conn = conn;
	conn->seat = seat;
	conn_set_state(conn, CONN_JOINED);
	TC_INFO(conn->room_id, "%s resumed", seat->user_id);
	welcome(conn, seat);
	seat_deliver_mail(seat);
	if (was_lost && rooms->events.back && conn->seat) {
		struct tc_room_person who = seat_person(seat);
		rooms->events.back(rooms->user, seat->room_id, &who);
	}
}

/* The user's earlier self goes: at once, and the others are told, so that they start afresh with
 * the new one. */
static void replace(struct tc_rooms *rooms, struct seat *seat)
{
	struct tc_room_conn *old = seat->conn;
	seat_leave(rooms, seat, old ? "replaced" : "lost");
	if (old) {
		conn_close(old, TC_CLOSE_REPLACED, "replaced by a newer connection", true);
	}
}

static void take_seat(struct tc_room_conn *conn, struct room *room,
		      const struct tc_signal_join *join)
{
	struct tc_rooms *rooms = conn->rooms;
	struct seat *seat = seat_take(rooms, room, conn, join);
	if (!seat) {
		rooms_drop_if_empty(rooms, room);
		conn_close(conn, TC_CLOSE_OVERLOADED, "out of memory", false);
		return;
	}
	conn->seat = seat;
	conn_set_state(conn, CONN_JOINED);
	TC_INFO(room->id, "%s %s joined, %d in", tc_role_str(seat->role), seat->user_id,
		room->count);
	welcome(conn, seat);
	announce(rooms, seat);
	/* Departures of before this join are told first. */
	tc_rooms_dispatch(rooms);
	if (rooms->events.joined && conn->seat) {
		struct tc_room_person who = seat_person(seat);
		rooms->events.joined(rooms->user, seat->room_id, &who, room_humans(seat->room));
	}
}

static void enter(struct tc_room_conn *conn, const struct tc_signal *signal,
		  const struct tc_signal_join *join)
{
	struct tc_rooms *rooms = conn->rooms;
	if (seat_tell_end(conn, join)) {
		return;
	}
	struct room *room = rooms_find_or_add(rooms, conn->room_id);
	if (!room) {
		conn_close(conn, TC_CLOSE_OVERLOADED, "out of memory", false);
		return;
	}
	struct seat *same = seat_of(room, join->user_id);
	if (same && same->free_id != conn->free_id) {
		refuse(conn, TC_REFUSED_IDENTITY_MISMATCH, "this userId is somebody else's",
		       signal);
		return;
	}
	/* What the new socket may do was proven anew; a seat keeps the rights it was taken with. */
	if (same && join->resume && same->role == join->role && same->ai == join->ai) {
		resume(conn, same);
		return;
	}
	if (same) {
		replace(rooms, same);
	}
	/* A new life of the orb needs the seat that a dead one left held. */
	struct seat *orb = seat_of_orb(room);
	if (join->ai && orb && !orb->conn) {
		seat_leave(rooms, orb, "lost");
	}
	if (room->count == TC_ROOM_MAX_SEATS) {
		refuse(conn, TC_REFUSED_ROOM_FULL, "three are in already", signal);
		return;
	}
	take_seat(conn, room, join);
}

void handle_join(struct tc_room_conn *conn, const struct tc_signal *signal)
{
	struct tc_signal_join join;
	tc_signal_read_join(signal, &join); /* checked before */
	const char *contradiction = reconcile(conn, &join);
	if (contradiction) {
		refuse(conn, TC_REFUSED_IDENTITY_MISMATCH, contradiction, signal);
	} else if (conn->state == CONN_JOINED) {
		welcome(conn, conn->seat); /* said twice: the answer, and no news for the others */
	} else {
		enter(conn, signal, &join);
	}
}

void handle_leave(struct tc_room_conn *conn)
{
	if (conn->state == CONN_JOINED) {
		struct room *room = conn->seat->room;
		seat_leave(conn->rooms, conn->seat, "left");
		conn_set_state(conn, CONN_LEFT);
		rooms_drop_if_empty(conn->rooms, room);
	}
}
