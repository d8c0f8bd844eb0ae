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
#include "proto/signal.h"
#include "server/access.h"

struct tc_rooms;
struct tc_room_conn;

#define TC_ROOM_MAX_SEATS 3

struct tc_rooms_config {              /* copied; zero in a field means its default */
	const struct tc_clock *clock; /* borrowed, outlives us; NULL: the system's */
	int rate;                     /* messages a second from one connection; 100 */
	int burst;                    /* 300 */
	int64_t join_timeout_ms;      /* 10 000: from the upgrade to the first join */
	int64_t left_timeout_ms;      /* 60 000: from `leave` to the next join */
	int64_t hold_ms;              /* 10 000: how long a lost socket's seat waits */
	int64_t ping_ms;              /* 20 000; two unanswered end the connection */
	int64_t overload_ms;          /* 10 000 of dropped messages end it, too */
	size_t max_queued;            /* 1 MiB waiting for one reader */
};

/* How rooms reach a connection: ws.c, or a test. `conn` is what tc_rooms_attach() was given. None
 * of these calls back into rooms. */
struct tc_rooms_sink {
	/* The pieces make one text frame; copied at once, sent in order at the end of the loop's
	 * turn. Returns how many bytes wait for this reader now; SIZE_MAX: no memory. */
	size_t (*send)(void *conn, const struct tc_signal_piece *pieces, int count);
	void (*ping)(void *conn);
	/* Closes once what was sent before has gone out (flush) or dropping it. Nothing is sent to
	 * this connection afterwards; tc_rooms_detach() follows on a later turn. */
	void (*close)(void *conn, int code, const char *reason, bool flush);
};

struct tc_room_person {
	const char *user_id;
	const char *user_name;
	enum tc_role role;
	bool ai;
};

/* What the rest of the server learns. Never called from inside a call of theirs into rooms. */
struct tc_rooms_events {
	/* After the join was answered. humans: how many are in now, held seats included. A join
	 * that resumes, or that takes the place of its user's live socket, is not reported. */
	void (*joined)(void *user, const char *room, const struct tc_room_person *who, int humans);
	void (*left)(void *user, const char *room, const struct tc_room_person *who, int humans,
		     const char *reason);
	/* Somebody whose socket was lost resumed. */
	void (*back)(void *user, const char *room, const struct tc_room_person *who);
	/* A final transcript of the orb, as the room's people will see it (borrowed). true: it is
	 * being stored, and tc_rooms_show() follows; false: it is shown at once. */
	bool (*transcript)(void *user, const char *room, const char *json, size_t len);
	/* The coach directs the orb, which is there and has been told; value "": none. */
	void (*control)(void *user, const char *room, const char *action, const char *value);
};

/* -ENOMEM. *out is written on success only. sink and events are copied; events may be NULL, and so
 * may each of them. */
int tc_rooms_create(struct tc_rooms **out, const struct tc_rooms_config *config,
		    const struct tc_rooms_sink *sink, const struct tc_rooms_events *events,
		    void *user);
/* After all connections were detached. NULL-safe. */
void tc_rooms_destroy(struct tc_rooms *rooms);

/* A socket was upgraded for `room` by `who` (copied). -ENOMEM. */
int tc_rooms_attach(struct tc_rooms *rooms, struct tc_room_conn **out, const char *room,
		    const struct tc_access *who, void *conn);
/* One whole text message, borrowed for the call. */
void tc_rooms_message(struct tc_room_conn *conn, const char *text, size_t len);
/* A binary message: bad-message. */
void tc_rooms_binary(struct tc_room_conn *conn);
/* Over TC_SIGNAL_MAX_LEN: closes with 1009. */
void tc_rooms_too_big(struct tc_room_conn *conn);
void tc_rooms_pong(struct tc_room_conn *conn);
/* The socket is gone, whoever closed it. Frees conn. NULL-safe. */
void tc_rooms_detach(struct tc_room_conn *conn);
/* Time passes: a few times a second. */
void tc_rooms_tick(struct tc_rooms *rooms);
/* Reports what calls of the server's own (tc_rooms_leave...) brought about; once a loop turn. */
void tc_rooms_dispatch(struct tc_rooms *rooms);

/* The codes of `error`, each with its place in the counts. */
#define TC_REFUSALS(X)                            \
	X(BAD_MESSAGE, "bad-message")             \
	X(FORBIDDEN, "forbidden")                 \
	X(IDENTITY_MISMATCH, "identity-mismatch") \
	X(NOT_JOINED, "not-joined")               \
	X(OVERLOADED, "overloaded")               \
	X(RATE_LIMITED, "rate-limited")           \
	X(ROOM_FULL, "room-full")                 \
	X(UNKNOWN_PEER, "unknown-peer")

enum tc_refusal {
#define X(name, code) TC_REFUSED_##name,
	TC_REFUSALS(X)
#undef X
		TC_REFUSAL_COUNT,
};
const char *tc_refusal_str(enum tc_refusal refusal);

struct tc_rooms_counts { /* for metrics; the 64-bit ones since the start */
	size_t rooms, connections, participants;
	size_t by_role[TC_ROLE_ADMIN + 1]; /* of the participants */
	uint64_t relayed;                  /* messages */
	uint64_t relayed_bytes;            /* of them, each counted once */
	uint64_t refused[TC_REFUSAL_COUNT];
};
struct tc_rooms_counts tc_rooms_counts(const struct tc_rooms *rooms);

struct tc_room_view { /* borrowed for the call */
	const char *room;
	struct {
		enum tc_role role;
		bool ai;
		bool away; /* its socket is lost, the seat is held */
	} seats[TC_ROOM_MAX_SEATS];
	int count;
};
/* In no order. `each` must not call back into rooms. */
void tc_rooms_each(const struct tc_rooms *rooms,
		   void (*each)(void *user, const struct tc_room_view *view), void *user);

/* Is one of the room's humans connected? A held seat's is not. */
bool tc_rooms_attended(const struct tc_rooms *rooms, const char *room);

/* To the humans of the room where it is news, and to whoever joins later. state: a word of
 * protocol.md's `orb-state`. */
void tc_rooms_set_orb_state(struct tc_rooms *rooms, const char *room, const char *state,
			    const char *reason);
/* A final transcript that was held back, to the humans of the room, held seats included. */
void tc_rooms_show(struct tc_rooms *rooms, const char *room, const char *json, size_t len);
/* `session-ended` to all, then close 4000; to whoever is away, when they resume in time. */
void tc_rooms_end(struct tc_rooms *rooms, const char *room, const char *reason);
/* The server goes: every connection is closed with 1001 (RFC 6455 section 7.4.1). */
void tc_rooms_go_away(struct tc_rooms *rooms);
/* POST /room/:id/leave: as if this user's socket had sent `leave`. */
void tc_rooms_leave(struct tc_rooms *rooms, const char *room, const char *user_id);

#endif
