/* server/rooms/rooms_priv.h -- what the files of this folder share.
 *
 * A conn is one socket; a seat is one participant, which outlives its socket by the hold time; a
 * room exists from its first seat to its last (or as long as its orb is at work).
 */
#ifndef TC_SERVER_ROOMS_PRIV_H
#define TC_SERVER_ROOMS_PRIV_H

#include <string.h>
#include <sys/queue.h>

#include "server/rooms.h"

enum conn_state {
	CONN_NEW,     /* upgraded; must join in time */
	CONN_JOINED,  /* has a seat */
	CONN_LEFT,    /* said leave; the socket may stay, and join again */
	CONN_CLOSING, /* we closed it; what it still says is not heard */
};

struct tc_room_conn {
	struct tc_rooms *rooms; /* borrowed, outlives us */
	void *user;             /* the sink's */
	struct seat *seat;      /* borrowed; only while CONN_JOINED */
	enum conn_state state;
	enum tc_role role;
	bool free_id;
	uint8_t bad_in_a_row;
	uint8_t unanswered_pings;
	int64_t allowed_us;    /* the rate limiter's theoretical arrival time */
	int64_t drops_from_ms; /* when the present spell of dropped messages began; 0: none */
	int64_t last_drop_ms;
	int64_t join_by_ms;
	int64_t ping_at_ms;
	TAILQ_ENTRY(tc_room_conn) waiting; /* in joining or left: while CONN_NEW, CONN_LEFT */
	TAILQ_ENTRY(tc_room_conn) pinging; /* until CONN_CLOSING */
	const char *room_id, *user_id, *user_name; /* in text */
	char text[];
};

struct seat {
	struct room *room;         /* borrowed; NULL once given up */
	struct tc_room_conn *conn; /* borrowed; NULL: held, the socket is lost */
	enum tc_role role;
	bool ai;
	bool free_id;           /* its user id is its own choice */
	int64_t hold_till_ms;   /* while held */
	struct tc_buf mail;     /* frames that came while held: size_t length, bytes */
	int humans;             /* in the room after it left, for the event */
	const char *reason;     /* static: why it left */
	bool missed_end;        /* held when the session ended; `mail` is what to tell */
	TAILQ_ENTRY(seat) link; /* rooms->held, or rooms->departed */
	const char *room_id, *user_id, *user_name; /* in text */
	size_t prefix_len;
	const char *prefix; /* {"fromId":"...", */
	char text[];
};

struct room {
	struct room *next;                     /* in its bucket */
	struct seat *seats[TC_ROOM_MAX_SEATS]; /* owned; the first `count` */
	int count;
	char *orb_state;  /* owned: the message to replay; NULL: none */
	char *ai_status;  /* owned: likewise */
	bool orb_at_work; /* keeps the room while nobody is in */
	char id[];
};

TAILQ_HEAD(conn_list, tc_room_conn);
TAILQ_HEAD(seat_list, seat);

struct tc_rooms {
	struct tc_rooms_config config;
	struct tc_rooms_sink sink;
	struct tc_rooms_events events;
	void *user;
	struct conn_list joining; /* CONN_NEW, in the order of their deadlines, as the others */
	struct conn_list left;    /* CONN_LEFT */
	struct conn_list pinging;
	struct seat_list held;
	struct seat_list departed; /* to be reported, then freed */
	struct seat_list ended;    /* whose session ended while their socket was lost */
	bool dispatching;
	struct room **buckets; /* owned */
	size_t bucket_count, room_count;
	uint64_t hash_seed;
	struct tc_buf scratch; /* for one message in the making */
	struct tc_rooms_counts counts;
};

/* Puts a text behind another in a struct's own `text`; returns where it stands. */
static inline char *rooms_append(char **at, const char *text)
{
	size_t size = strlen(text) + 1;
	char *start = memcpy(*at, text, size);
	*at += size;
	return start;
}

/* table.c */
int rooms_table_init(struct tc_rooms *rooms);
void rooms_table_finish(struct tc_rooms *rooms);
struct room *rooms_find(const struct tc_rooms *rooms, const char *id);
struct room *rooms_find_or_add(struct tc_rooms *rooms, const char *id); /* NULL: no memory */
void rooms_drop_if_empty(struct tc_rooms *rooms, struct room *room);

/* conn.c */
void conn_set_state(struct tc_room_conn *conn, enum conn_state next);
void conn_close(struct tc_room_conn *conn, int code, const char *reason, bool flush);
void conn_send(struct tc_room_conn *conn, const struct tc_signal_piece *pieces, int count);
/* What was written to rooms->scratch; resets it. */
void conn_send_scratch(struct tc_room_conn *conn);
void conn_error(struct tc_room_conn *conn, enum tc_refusal why, const char *text,
		const struct tc_signal *in_reply_to);

/* seat.c */
struct seat *seat_take(struct tc_rooms *rooms, struct room *room, struct tc_room_conn *conn,
		       const struct tc_signal_join *join); /* NULL: no memory */
void seat_hold(struct tc_rooms *rooms, struct seat *seat);
/* Gives the seat up: the others get `user-left`, the event is queued. */
void seat_leave(struct tc_rooms *rooms, struct seat *seat, const char *reason);
/* The session ended while this user's socket was lost: one that resumes in time is told and closed
 * (true). */
bool seat_tell_end(struct tc_room_conn *conn, const struct tc_signal_join *join);
struct seat *seat_of(const struct room *room, const char *user_id);
struct seat *seat_of_orb(const struct room *room);
/* Kept as mail while the seat is held. */
void seat_deliver(struct seat *seat, const struct tc_signal_piece *pieces, int count);
void seat_deliver_mail(struct seat *seat);
struct tc_room_person seat_person(const struct seat *seat);
int room_humans(const struct room *room);
/* rooms->scratch to all but `except`; resets it. */
void room_tell(struct tc_rooms *rooms, struct room *room, const struct seat *except,
	       bool humans_only);

/* join.c */
void handle_join(struct tc_room_conn *conn, const struct tc_signal *signal);
void handle_leave(struct tc_room_conn *conn);

/* relay.c */
void handle_relay(struct tc_room_conn *conn, const struct tc_signal *signal);
void handle_orb_message(struct tc_room_conn *conn, const struct tc_signal *signal);
void handle_orb_control(struct tc_room_conn *conn, const struct tc_signal *signal);

#endif
