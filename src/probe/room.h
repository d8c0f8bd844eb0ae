/* probe/room.h -- one room's call as the probe lives it: join, connect, see, speak, hear; and what
 * each step took.
 *
 * Thread: the loop's. Owner: the run (run.h).
 */
#ifndef TC_PROBE_ROOM_H
#define TC_PROBE_ROOM_H

#include <stdbool.h>
#include <stdint.h>

#include "probe/caller.h"
#include "probe/clip.h"
#include "probe/stats.h"

#define TC_PROBE_ROOM_PEOPLE 2

enum tc_probe_room_state {
	TC_PROBE_ROOM_WAITING,    /* its turn has not come */
	TC_PROBE_ROOM_JOINING,    /* until all of our people are in */
	TC_PROBE_ROOM_CONNECTING, /* until the orb is seen by each, and they are connected to each
				   * other
				   */
	TC_PROBE_ROOM_LISTENING,  /* until the orb has been quiet for a while: it greets */
	TC_PROBE_ROOM_SPEAKING,
	TC_PROBE_ROOM_AWAITING, /* said; until the orb's voice begins */
	TC_PROBE_ROOM_STAYING,  /* all was measured; until the time is over */
	TC_PROBE_ROOM_LEAVING,  /* until all sockets are closed */
	TC_PROBE_ROOM_DONE,
};

/* The words of what can go wrong, as JSON tells them:
 *   refused       the server does not let us in (a wrong token, no such room)
 *   room-full     three are in already
 *   unreachable   no server there
 *   orb-off       no orb is wanted; orb-full; orb-failed: the server says so
 *   no-orb        none came in time
 *   no-connection no path, no DTLS, no description that both understand
 *   no-picture    nothing that decodes as a picture came in time
 *   no-answer     it said nothing to what was said
 *   ended         the session was ended, or we were sent away
 *   interrupted   by a signal, before all was measured
 *   defect        something of ours, such as no memory */

struct tc_probe_room_config {
	struct tc_caller_config caller; /* but for room and who */
	const char *name;               /* copied */
	const struct tc_identity *who;  /* people of them; copied */
	int people;
	const struct tc_clip *clip; /* borrowed */
	int64_t timeout_us;
	bool stays; /* goes on until tc_probe_room_leave() */
};

/* ms; -1: did not happen. Of one of our people. */
struct tc_probe_room_steps {
	double join_ms;    /* socket opened -> in the room */
	double orb_ms;     /* in the room -> the orb is, too */
	double connect_ms; /* both are -> media may flow */
	double picture_ms; /* that -> the first picture that decodes */
	double call_ms;    /* all of it: socket opened -> the first picture */
	double voice_ms;   /* socket opened -> the orb's first sound */
	double between_ms; /* both of our people in -> connected to each other */
};

struct tc_probe_room {
	char name[TC_ID_SIZE];
	struct tc_probe_room_config config;
	struct tc_identity who[TC_PROBE_ROOM_PEOPLE];
	struct tc_caller people[TC_PROBE_ROOM_PEOPLE];
	struct tc_probe_room_steps steps[TC_PROBE_ROOM_PEOPLE];
	enum tc_probe_room_state state;
	int64_t since_us; /* of the state */
	int64_t spoke_at; /* number of the packet with which the recording began; -1: none yet */
	bool said_something;
	int64_t said_us;         /* when the last of it that can be heard went out */
	struct tc_stats answers; /* ms */
	struct tc_stats backs;   /* ms: the orb gone -> connected to its next life */
	unsigned asked, unanswered;
	unsigned early;      /* it spoke while it was spoken to */
	unsigned orb_lives;  /* seen in the room */
	int64_t orb_gone_us; /* -1: is here, or was not yet */
	int64_t orb_off_us;  /* since when the server says that there is none; -1 */
	char orb_state[32], orb_reason[160];
	int left;                /* of our people */
	char code[24], why[320]; /* "": all well */
};

void tc_probe_room_init(struct tc_probe_room *room, const struct tc_probe_room_config *config);
void tc_probe_room_start(struct tc_probe_room *room, int64_t now_us);
/* Deadlines. Often. */
void tc_probe_room_tick(struct tc_probe_room *room, int64_t now_us);
/* Packet `number` of all that are ever sent, one each 20 ms. */
void tc_probe_room_say(struct tc_probe_room *room, int64_t number, int64_t now_us);
/* code NULL: all well. Later reasons than the first are not kept. */
void tc_probe_room_leave(struct tc_probe_room *room, const char *code, const char *why);
bool tc_probe_room_measured(const struct tc_probe_room *room); /* all that it is to measure */
void tc_probe_room_finish(struct tc_probe_room *room);
const char *tc_probe_room_state_str(enum tc_probe_room_state state);

#endif
