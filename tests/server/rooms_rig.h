/* tests/server/rooms_rig.h -- rooms without sockets: what each participant gets lies in its inbox,
 * and time passes when told to. Room "room", ids as given, names "Name of ID".
 */
#ifndef TC_TEST_ROOMS_RIG_H
#define TC_TEST_ROOMS_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock/oom.h"
#include "server/rooms.h"

#define INBOX 64

/* One participant's end: what it got, oldest first, and how it was closed. */
struct peer {
	struct tc_room_conn *conn;
	char *inbox[INBOX];
	int count, read;
	size_t waiting; /* what send() answers */
	int pings, close_code;
	bool flushed;
};

struct seen_event {
	char what[300];
};

struct world {
	bool holds_back; /* finals are being stored */
	struct tc_fake_clock clock;
	struct tc_rooms *rooms;
	struct peer peers[12];
	struct seen_event events[16];
	int event_count;
};

struct call {
	struct peer *coach, *client, *orb;
};

extern const struct tc_rooms_sink rooms_sink;
extern const struct tc_rooms_events rooms_events;

int rooms_setup(void **state);
int rooms_teardown(void **state);
void rooms_detach(struct peer *peer);
void rooms_pass(struct world *world, int64_t ms);
struct peer *rooms_attach_as(struct world *world, int i, const char *id, enum tc_role role,
			     bool free_id);
struct peer *rooms_attach(struct world *world, int i, const char *id, enum tc_role role);
void rooms_say(struct peer *peer, const char *text);
void rooms_expect(struct peer *peer, const char *text);
void rooms_expect_error(struct peer *peer, const char *code, const char *in_reply_to);
void rooms_expect_nothing(struct peer *peer);
void rooms_expect_event(struct world *world, const char *what);
struct peer *rooms_join(struct world *world, int i, const char *id, enum tc_role role);
/* Everything so far is taken as read. */
void rooms_clear(struct world *world);
struct call rooms_call_of_three(struct world *world);

#define JOIN   "{\"type\":\"join\"}"
#define RESUME "{\"type\":\"join\",\"resume\":true}"
#define PEER(id, role, kind, offer)                                                    \
	"{\"userId\":\"" id "\",\"userRole\":\"" role "\",\"participantType\":\"" kind \
	"\",\"shouldCreateOffer\":" offer ",\"userName\":\"Name of " id "\"}"
#define DISCOVERY(peers) "{\"type\":\"peer-discovery\",\"peers\":[" peers "]}"
#define JOINED(id, role, kind, offer)                                          \
	"{\"type\":\"user-joined\",\"userId\":\"" id "\",\"userRole\":\"" role \
	"\",\"participantType\":\"" kind "\",\"shouldCreateOffer\":" offer     \
	",\"userName\":\"Name of " id "\"}"
#define LEFT(id, role, reason)                                               \
	"{\"type\":\"user-left\",\"userId\":\"" id "\",\"userRole\":\"" role \
	"\",\"reason\":\"" reason "\"}"

#endif
