// SPDX-License-Identifier: Apache-2.0
#include "server/rooms/rooms_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define DEFAULT(field, value)                \
	if (!rooms->config.field) {          \
		rooms->config.field = value; \
	}

static void set_defaults(struct tc_rooms *rooms)
{
	DEFAULT(clock, tc_clock_system());
	DEFAULT(rate, 100);
	DEFAULT(burst, 300);
	DEFAULT(join_timeout_ms, 10000);
	DEFAULT(left_timeout_ms, 60000);
	DEFAULT(hold_ms, 10000);
	DEFAULT(ping_ms, 20000);
	DEFAULT(overload_ms, 10000);
	DEFAULT(max_queued, 1024 * 1024);
}

int tc_rooms_create(struct tc_rooms **out, const struct tc_rooms_config *config,
		    const struct tc_rooms_sink *sink, const struct tc_rooms_events *events,
		    void *user)
{
	struct tc_rooms *rooms = calloc(1, sizeof(*rooms));
	if (!rooms) {
		return -ENOMEM;
	}
	rooms->config = *config;
	set_defaults(rooms);
	rooms->sink = *sink;
	if (events) {
		rooms->events = *events;
	}
	rooms->user = user;
	TAILQ_INIT(&rooms->joining);
	TAILQ_INIT(&rooms->left);
	TAILQ_INIT(&rooms->pinging);
	TAILQ_INIT(&rooms->held);
	TAILQ_INIT(&rooms->departed);
	TAILQ_INIT(&rooms->ended);
	tc_buf_init(&rooms->scratch);
	int err = rooms_table_init(rooms);
	if (err) {
		tc_rooms_destroy(rooms);
		return err;
	}
	*out = rooms;
	return 0;
}

static void free_first(struct seat_list *list)
{
	struct seat *seat = TAILQ_FIRST(list);
	TAILQ_REMOVE(list, seat, link);
	tc_buf_finish(&seat->mail);
	free(seat);
}

static void free_seats(struct seat_list *list)
{
	while (!TAILQ_EMPTY(list)) {
		free_first(list);
	}
}

void tc_rooms_destroy(struct tc_rooms *rooms)
{
	if (!rooms) {
		return;
	}
	TC_ASSERT(rooms->counts.connections == 0);
	free_seats(&rooms->held); /* without sockets all seats are held ones */
	free_seats(&rooms->departed);
	free_seats(&rooms->ended);
	rooms_table_finish(rooms);
	tc_buf_finish(&rooms->scratch);
	free(rooms);
}

void tc_rooms_dispatch(struct tc_rooms *rooms)
{
	if (rooms->dispatching) {
		return; /* an event's handler called us; the outer loop goes on */
	}
	rooms->dispatching = true;
	while (!TAILQ_EMPTY(&rooms->departed)) {
		struct seat *seat = TAILQ_FIRST(&rooms->departed);
		TAILQ_REMOVE(&rooms->departed, seat, link);
		if (rooms->events.left) {
			struct tc_room_person who = seat_person(seat);
			rooms->events.left(rooms->user, seat->room_id, &who, seat->humans,
					   seat->reason);
		}
		if (seat->missed_end) {
			TAILQ_INSERT_TAIL(&rooms->ended, seat, link);
		} else {
			free(seat);
		}
	}
	rooms->dispatching = false;
}

static void expire_waiting(struct conn_list *list, int64_t now, const char *why)
{
	struct tc_room_conn *conn;
	while ((conn = TAILQ_FIRST(list)) && conn->join_by_ms <= now) {
		conn_close(conn, TC_CLOSE_TIMEOUT, why, true);
	}
}

static void expire_seats(struct tc_rooms *rooms, int64_t now)
{
	struct seat *seat;
	while ((seat = TAILQ_FIRST(&rooms->held)) && seat->hold_till_ms <= now) {
		struct room *room = seat->room;
		seat_leave(rooms, seat, "lost");
		rooms_drop_if_empty(rooms, room);
	}
}

static void forget_ends(struct tc_rooms *rooms, int64_t now)
{
	struct seat *seat;
	while ((seat = TAILQ_FIRST(&rooms->ended)) && seat->hold_till_ms <= now) {
		free_first(&rooms->ended);
	}
}

static void ping(struct tc_rooms *rooms, int64_t now)
{
	struct tc_room_conn *conn;
	while ((conn = TAILQ_FIRST(&rooms->pinging)) && conn->ping_at_ms <= now) {
		if (conn->unanswered_pings >= 2) {
			conn_close(conn, TC_CLOSE_TIMEOUT, "two pings unanswered", false);
			continue;
		}
		conn->unanswered_pings++;
		conn->ping_at_ms = now + rooms->config.ping_ms;
		TAILQ_REMOVE(&rooms->pinging, conn, pinging);
		TAILQ_INSERT_TAIL(&rooms->pinging, conn, pinging);
		rooms->sink.ping(conn->user);
	}
}

void tc_rooms_tick(struct tc_rooms *rooms)
{
	int64_t now = tc_clock_ms(rooms->config.clock);
	expire_waiting(&rooms->joining, now, "no join in time");
	expire_waiting(&rooms->left, now, "left, and did not join again");
	expire_seats(rooms, now);
	forget_ends(rooms, now);
	ping(rooms, now);
	tc_rooms_dispatch(rooms);
}

const char *tc_refusal_str(enum tc_refusal refusal)
{
	static const char *const codes[] = {
#define X(name, code) code,
		TC_REFUSALS(X)
#undef X
	};
	return codes[refusal];
}

struct tc_rooms_counts tc_rooms_counts(const struct tc_rooms *rooms)
{
	struct tc_rooms_counts counts = rooms->counts;
	counts.rooms = rooms->room_count;
	return counts;
}

static bool orb_works(const char *state)
{
	return strcmp(state, "spawning") == 0 || strcmp(state, "ready") == 0 ||
	       strcmp(state, "unresponsive") == 0 || strcmp(state, "restarting") == 0;
}

void tc_rooms_set_orb_state(struct tc_rooms *rooms, const char *room_id, const char *state,
			    const char *reason)
{
	bool works = orb_works(state);
	struct room *room = works ? rooms_find_or_add(rooms, room_id) : rooms_find(rooms, room_id);
	if (!room) {
		return;
	}
	room->orb_at_work = works;
	tc_signal_write_orb_state(&rooms->scratch, state, reason);
	if (room->orb_state && strcmp(room->orb_state, tc_buf_str(&rooms->scratch)) == 0) {
		tc_buf_reset(&rooms->scratch); /* all were told; newcomers at their join */
	} else {
		free(room->orb_state);
		room->orb_state = rooms->scratch.err
					  ? NULL
					  : strndup(rooms->scratch.data, rooms->scratch.len);
		room_tell(rooms, room, NULL, true);
	}
	rooms_drop_if_empty(rooms, room);
}

void tc_rooms_end(struct tc_rooms *rooms, const char *room_id, const char *reason)
{
	struct room *room = rooms_find(rooms, room_id);
	if (!room) {
		return;
	}
	struct seat *away[TC_ROOM_MAX_SEATS];
	int away_count = 0;
	for (int i = 0; i < room->count; i++) {
		if (!room->seats[i]->conn) {
			away[away_count++] = room->seats[i];
		}
	}
	tc_signal_write_session_ended(&rooms->scratch, reason);
	room_tell(rooms, room, NULL, false);
	/* All sockets before the first seat, so that no user-left follows session-ended. */
	for (int i = 0; i < room->count; i++) {
		if (room->seats[i]->conn) {
			conn_close(room->seats[i]->conn, TC_CLOSE_ENDED, "session ended", true);
		}
	}
	while (room->count > 0) {
		seat_leave(rooms, room->seats[0], "session-ended");
	}
	for (int i = 0; i < away_count; i++) {
		away[i]->missed_end = true;
		away[i]->hold_till_ms = tc_clock_ms(rooms->config.clock) + rooms->config.hold_ms;
		tc_signal_write_session_ended(&away[i]->mail, reason);
	}
	room->orb_at_work = false;
	rooms_drop_if_empty(rooms, room);
}

void tc_rooms_go_away(struct tc_rooms *rooms)
{
	struct tc_room_conn *conn;
	while ((conn = TAILQ_FIRST(&rooms->pinging))) { /* all that are not closing already */
		conn_close(conn, TC_CLOSE_GOING_AWAY, "the server is shutting down", true);
	}
}

void tc_rooms_leave(struct tc_rooms *rooms, const char *room_id, const char *user_id)
{
	struct room *room = rooms_find(rooms, room_id);
	struct seat *seat = room ? seat_of(room, user_id) : NULL;
	if (!seat) {
		return;
	}
	struct tc_room_conn *conn = seat->conn;
	seat_leave(rooms, seat, "left");
	if (conn) {
		conn_set_state(conn, CONN_LEFT);
	}
	rooms_drop_if_empty(rooms, room);
}
