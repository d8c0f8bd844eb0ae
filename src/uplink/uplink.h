/* uplink/uplink.h -- a participant's signaling connection: joins the room, stays joined, carries
 * messages.
 *
 * A libwebsockets client on the participant's loop (orb, probe). A lost socket is taken up again
 * with back-off and `resume: true`, so that the others notice nothing (protocol.md section 1).
 * Thread: the loop's.
 */
#ifndef TC_UPLINK_UPLINK_H
#define TC_UPLINK_UPLINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "rtc/loop.h"

struct tc_uplink;

struct tc_uplink_config { /* strings copied */
	struct tc_loop *loop;
	const char *url;    /* ws://HOST:PORT[/prefix] or wss://...; /ws-simple/ROOM is appended */
	const char *ca;     /* PEM file: whom to trust for wss:// beside the system's; NULL: none */
	const char *token;  /* sent as Authorization: Bearer; NULL: none */
	const char *cookie; /* sent as Cookie: what a signed-in browser would send; NULL: none */
	const char *room;
	/* What the join says of us. NULL: nothing, and what was proven by token or cookie holds. */
	const char *user_id, *user_name;
	const char *role;             /* "coach", "ai" ... */
	const char *participant_type; /* NULL: "human" */
	int first_tries_ms;           /* how long a server never reached is tried; 0: 10 s */
};

struct tc_uplink_events {
	/* The answer to our join: we are in (again). message: the peer-discovery object. */
	void (*joined)(void *user, struct tc_json message, bool again);
	/* Anything else. Borrowed for the call. */
	void (*message)(void *user, const char *type, struct tc_json message);
	/* No way in: refused for good, or the server could not be reached at all within the first
	 * tries. */
	void (*failed)(void *user, const char *why, bool unreachable);
};

/* Is this a url that create takes? */
bool tc_uplink_url_ok(const char *url);
int tc_uplink_create(struct tc_uplink **out, const struct tc_uplink_config *config,
		     const struct tc_uplink_events *events, void *user);
/* One JSON text, copied. While the socket is down it waits for the next one (bounded: the oldest
 * are dropped). 0 or -ENOMEM. */
int tc_uplink_send(struct tc_uplink *up, const char *json, size_t len);
/* Nobody who knows our token is there: a lost socket is not taken up again, nor a refusal taken for
 * final, until tc_uplink_resume(). A socket that works is left alone. */
void tc_uplink_hold(struct tc_uplink *up);
/* token NULL: the old one. Connects at once if there is no socket. 0 or -ENOMEM. */
int tc_uplink_resume(struct tc_uplink *up, const char *token);
bool tc_uplink_up(const struct tc_uplink *up);
/* Sends `leave` if it can, writes what is queued, then closes. No event follows; done comes when it
 * is. */
void tc_uplink_leave(struct tc_uplink *up, tc_loop_fn done, void *user);
void tc_uplink_destroy(struct tc_uplink *up); /* not from inside an event */

#endif
