/* server/rooms.h -- the rooms: who is in, who hears what, what is refused. Knows no socket.
 *
 * A connection (ws.c, or a test) hands in frames and gets frames out through `send`. Everything
 * protocol.md section 1 says about join, relaying, roles, limits and resume happens here. Thread:
 * the server's loop. Owner: main.
 */
#ifndef TC_SERVER_ROOMS_H
#define TC_SERVER_ROOMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "proto/role.h"
#include "server/access.h"

struct tc_rooms;

struct tc_room_person {
	const char *user_id;
	const char *user_name;
	enum tc_role role;
	bool ai;
};

/* What the rest of the server learns. Never called from inside a call of theirs into rooms. */
struct tc_rooms_events {
	/* After the join was answered. humans: how many are in now. resumed joins are not reported.
	 */
	void (*joined)(void *user, const char *room, const struct tc_room_person *who, int humans);
	void (*left)(void *user, const char *room, const struct tc_room_person *who, int humans,
		     const char *reason);
	/* A final transcript passed through from the orb (the message's JSON, borrowed). */
	void (*transcript)(void *user, const char *room, const char *json, size_t len);
};

/* To the humans of the room, and to whoever joins later. state: a word of protocol.md's
 * `orb-state`. */
void tc_rooms_set_orb_state(struct tc_rooms *rooms, const char *room, const char *state,
			    const char *reason);
/* `session-ended` to all, then close 4000. */
void tc_rooms_end(struct tc_rooms *rooms, const char *room, const char *reason);
/* POST /room/:id/leave: as if this user's socket had sent `leave`. */
void tc_rooms_leave(struct tc_rooms *rooms, const char *room, const char *user_id);

#endif
