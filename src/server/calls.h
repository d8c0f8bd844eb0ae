/* server/calls.h -- calls: the session id of each room that somebody is in, or was a moment ago.
 *
 * A call begins when the first person joins, and ends when the room stayed empty for the grace
 * period (as long as its orb waits), so that a page reload is the same call. Thread: the server's
 * loop. Owner: serve.c.
 */
#ifndef TC_SERVER_CALLS_H
#define TC_SERVER_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "store/store.h"

struct tc_calls;

struct tc_calls_config {
	const struct tc_clock *clock; /* borrowed, outlives us */
	int64_t grace_ms;
	size_t max; /* rooms; 0: 10000 */
};

struct tc_calls_events {
	void (*began)(void *user, const struct tc_call *call);
	/* People came back to one that tc_calls_resume() brought. */
	void (*resumed)(void *user, const struct tc_call *call);
	void (*ended)(void *user, const struct tc_call *call);
};

int tc_calls_create(struct tc_calls **out, const struct tc_calls_config *config,
		    const struct tc_calls_events *events, void *user);
void tc_calls_destroy(struct tc_calls *calls); /* NULL-safe; ends nothing */
/* The room's call, begun or about to (started_ms 0): a page learns the id before it joins. NULL: no
 * memory, or too many. coach, client: user ids; "" when not known. Borrowed until the next call. */
const struct tc_call *tc_calls_get(struct tc_calls *calls, const char *room, const char *coach,
				   const char *client);
/* Fills in who the coach or the client is, if that was not known. */
void tc_calls_met(struct tc_calls *calls, const char *room, enum tc_role role, const char *user_id);
const struct tc_call *tc_calls_find(const struct tc_calls *calls, const char *room);
/* A call that a server before us began, and left open or cut off (ended_ms): it goes on if somebody
 * comes within the grace period, else it ends, or stays ended. 0; -EEXIST: the room has one;
 * -ENOMEM; -ENOBUFS. */
int tc_calls_resume(struct tc_calls *calls, const struct tc_call *call);
/* How many people are in the room now. */
void tc_calls_people(struct tc_calls *calls, const char *room, int humans);
/* Time passes: ends what has been empty long enough. Once a second or so. */
void tc_calls_tick(struct tc_calls *calls);
void tc_calls_end(struct tc_calls *calls, const char *room);
void tc_calls_end_all(struct tc_calls *calls); /* cut off: the server ends */

#endif
