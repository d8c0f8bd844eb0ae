// SPDX-License-Identifier: Apache-2.0
#include "server/rooms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "mock/oom.h"

/* One participant's end: what it got, oldest first, and how it was closed. */
#define INBOX 64
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

static size_t on_send(void *conn, const struct tc_signal_piece *pieces, int count)
{
	struct peer *peer = conn;
	struct tc_buf buf;
	tc_buf_init(&buf);
	for (int i = 0; i < count; i++) {
		tc_buf_put(&buf, pieces[i].data, pieces[i].len);
	}
	assert_int_equal(peer->close_code, 0); /* nothing after close */
	if (buf.err) {
		tc_buf_finish(&buf);
		return SIZE_MAX;
	}
	assert_true(peer->count < INBOX);
	char *text = tc_buf_take_str(&buf);
	if (!text) {
		return SIZE_MAX;
	}
	peer->inbox[peer->count++] = text;
	return peer->waiting;
}

static void on_ping(void *conn)
{
	struct peer *peer = conn;
	peer->pings++;
}

static void on_close(void *conn, int code, const char *reason, bool flush)
{
	struct peer *peer = conn;
	assert_int_equal(peer->close_code, 0);
	peer->close_code = code;
	peer->flushed = flush;
}

static const struct tc_rooms_sink sink = {on_send, on_ping, on_close};

static void note(struct world *world, const char *what, const char *room,
		 const struct tc_room_person *who, int humans, const char *reason)
{
	assert_true(world->event_count < 16);
	snprintf(world->events[world->event_count++].what, 300, "%s %s %s %s %d %s", what, room,
		 tc_role_str(who->role), who->user_id, humans, reason);
}

static void on_joined(void *user, const char *room, const struct tc_room_person *who, int humans)
{
	note(user, "joined", room, who, humans, "-");
}

static void on_left(void *user, const char *room, const struct tc_room_person *who, int humans,
		    const char *reason)
{
	note(user, "left", room, who, humans, reason);
}

static bool on_transcript(void *user, const char *room, const char *json, size_t len)
{
	struct world *world = user;
	snprintf(world->events[world->event_count++].what, 300, "final %s %.*s", room, (int)len,
		 json);
	return world->holds_back;
}

static const struct tc_rooms_events events = {on_joined, on_left, on_transcript};

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));
	tc_fake_clock_init(&world->clock, 1000000);
	struct tc_rooms_config config = {.clock = &world->clock.clock};
	assert_int_equal(tc_rooms_create(&world->rooms, &config, &sink, &events, world), 0);
	*state = world;
	return 0;
}

static void detach(struct peer *peer)
{
	tc_rooms_detach(peer->conn);
	for (int i = 0; i < peer->count; i++) {
		free(peer->inbox[i]);
	}
	*peer = (struct peer){0};
}

static int teardown(void **state)
{
	struct world *world = *state;
	for (int i = 0; i < 12; i++) {
		detach(&world->peers[i]);
	}
	tc_rooms_destroy(world->rooms);
	free(world);
	return 0;
}

static void pass(struct world *world, int64_t ms)
{
	for (; ms > 0; ms -= 250) {
		tc_fake_clock_advance_ms(&world->clock, ms < 250 ? ms : 250);
		tc_rooms_tick(world->rooms);
	}
}

static struct peer *attach_as(struct world *world, int i, const char *id, enum tc_role role,
			      bool free_id)
{
	struct tc_access access = {.role = role, .free_id = free_id};
	snprintf(access.user_id, sizeof(access.user_id), "%s", free_id ? "" : id);
	snprintf(access.user_name, sizeof(access.user_name), "Name of %s", id);
	struct peer *peer = &world->peers[i];
	assert_int_equal(tc_rooms_attach(world->rooms, &peer->conn, "room", &access, peer), 0);
	return peer;
}

static struct peer *attach(struct world *world, int i, const char *id, enum tc_role role)
{
	return attach_as(world, i, id, role, false);
}

static void say(struct peer *peer, const char *text)
{
	tc_rooms_message(peer->conn, text, strlen(text));
}

#define JOIN   "{\"type\":\"join\"}"
#define RESUME "{\"type\":\"join\",\"resume\":true}"

static void expect(struct peer *peer, const char *text)
{
	assert_true(peer->read < peer->count);
	assert_string_equal(peer->inbox[peer->read++], text);
}

static void expect_error(struct peer *peer, const char *code, const char *in_reply_to)
{
	assert_true(peer->read < peer->count);
	struct tc_json object;
	const char *text = peer->inbox[peer->read++];
	char word[64];
	assert_int_equal(tc_json_parse(&object, text, strlen(text), NULL), 0);
	assert_true(tc_json_get_str(object, "type", word, sizeof(word)) > 0);
	assert_string_equal(word, "error");
	assert_true(tc_json_get_str(object, "code", word, sizeof(word)) > 0);
	assert_string_equal(word, code);
	struct tc_json value;
	assert_true(tc_json_get(object, "message", &value));
	assert_int_equal(tc_json_type(value), TC_JSON_STRING);
	assert_true(tc_json_get(object, "inReplyTo", &value));
	if (in_reply_to) {
		assert_true(tc_json_str_eq(value, in_reply_to));
	} else {
		assert_int_equal(tc_json_type(value), TC_JSON_NULL);
	}
}

static void expect_nothing(struct peer *peer)
{
	if (peer->read < peer->count) {
		fail_msg("unexpected: %s", peer->inbox[peer->read]);
	}
}

static void expect_event(struct world *world, const char *what)
{
	assert_true(world->event_count > 0);
	assert_string_equal(world->events[0].what, what);
	world->event_count--;
	memmove(world->events, world->events + 1, sizeof(world->events[0]) * 15);
}

static struct peer *join(struct world *world, int i, const char *id, enum tc_role role)
{
	struct peer *peer = attach(world, i, id, role);
	say(peer, JOIN);
	return peer;
}

/* Everything so far is taken as read. */
static void clear(struct world *world)
{
	for (int i = 0; i < 6; i++) {
		struct peer *peer = &world->peers[i];
		for (int k = 0; k < peer->count; k++) {
			free(peer->inbox[k]);
		}
		peer->count = peer->read = 0;
	}
	world->event_count = 0;
}

struct call {
	struct peer *coach, *client, *orb;
};

static struct call call_of_three(struct world *world)
{
	struct call call = {join(world, 0, "coach", TC_ROLE_COACH),
			    join(world, 1, "client", TC_ROLE_CLIENT),
			    join(world, 2, "orb", TC_ROLE_AI)};
	clear(world);
	return call;
}

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

static void who_joins_is_told_of_the_others_and_they_of_it(void **state)
{
	struct world *world = *state;
	struct peer *coach = join(world, 0, "coach", TC_ROLE_COACH);
	expect(coach, DISCOVERY(""));
	expect_event(world, "joined room coach coach 1 -");
	struct peer *orb = join(world, 1, "orb", TC_ROLE_AI);
	expect(orb, DISCOVERY(PEER("coach", "coach", "human", "false")));
	expect(coach, JOINED("orb", "ai", "ai", "true"));
	expect_event(world, "joined room ai orb 1 -");
	struct peer *client = join(world, 2, "client", TC_ROLE_CLIENT);
	expect(client, DISCOVERY(PEER("coach", "coach", "human", "true") "," PEER("orb", "ai", "ai",
										  "true")));
	expect(coach, JOINED("client", "client", "human", "false"));
	expect(orb, JOINED("client", "client", "human", "false"));
	expect_event(world, "joined room client client 2 -");
	expect_nothing(coach);
	expect_nothing(orb);
	assert_int_equal(tc_rooms_counts(world->rooms).participants, 3);
	say(client, JOIN); /* said twice: the answer, and no news */
	expect(client, DISCOVERY(PEER("coach", "coach", "human", "true") "," PEER("orb", "ai", "ai",
										  "true")));
	expect_nothing(coach);
}

static void a_join_may_not_contradict_what_was_proven(void **state)
{
	struct world *world = *state;
	struct peer *coach = join(world, 0, "coach", TC_ROLE_COACH);
	static const char *const lies[] = {
		"{\"type\":\"join\",\"userId\":\"coach\"}",
		"{\"type\":\"join\",\"userId\":\"client\",\"userRole\":\"coach\"}",
		"{\"type\":\"join\",\"userRole\":\"ai\"}",
		"{\"type\":\"join\",\"participantType\":\"ai\"}",
		"{\"type\":\"join\",\"roomId\":\"other\"}",
	};
	clear(world);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct peer *liar = attach(world, 1, "client", TC_ROLE_CLIENT);
		say(liar, lies[i]);
		expect_error(liar, "identity-mismatch", "join");
		assert_int_equal(liar->close_code, 4403);
		assert_true(liar->flushed);
		detach(liar);
	}
	struct peer *orb = attach(world, 1, "orb", TC_ROLE_AI);
	say(orb, "{\"type\":\"join\",\"participantType\":\"human\"}");
	expect_error(orb, "identity-mismatch", "join");
	expect_nothing(coach);
	assert_int_equal(world->event_count, 0);
}

static void a_join_may_say_what_was_proven(void **state)
{
	struct world *world = *state;
	struct peer *client = attach(world, 0, "client", TC_ROLE_CLIENT);
	say(client, "{\"type\":\"join\",\"roomId\":\"room\",\"userId\":\"client\",\"userRole\":"
		    "\"client\",\"userName\":\"x\",\"participantType\":\"human\"}");
	expect(client, DISCOVERY(""));
	struct peer *admin = join(world, 1, "boss", TC_ROLE_ADMIN);
	expect(admin, DISCOVERY(PEER("client", "client", "human", "true")));
	expect(client, JOINED("boss", "admin", "human", "false"));
}

static void a_program_without_tokens_names_itself(void **state)
{
	struct world *world = *state;
	struct peer *client = join(world, 0, "client", TC_ROLE_CLIENT);
	struct peer *orb = attach_as(world, 1, "", TC_ROLE_AI, true);
	say(orb, JOIN);
	expect_error(orb, "identity-mismatch", "join");
	detach(orb);
	orb = attach_as(world, 1, "", TC_ROLE_AI, true);
	say(orb, "{\"type\":\"join\",\"userId\":\"client\",\"userRole\":\"ai\"}");
	expect_error(orb, "identity-mismatch", "join");
	assert_int_equal(orb->close_code, 4403);
	detach(orb);
	clear(world);
	orb = attach_as(world, 1, "", TC_ROLE_AI, true);
	say(orb, "{\"type\":\"join\",\"userId\":\"ai-orb-1\",\"participantType\":\"ai\"}");
	expect(orb, DISCOVERY(PEER("client", "client", "human", "false")));
	assert_int_equal(client->count, 1);
}

static void a_fourth_is_refused_even_an_admin(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	struct peer *admin = join(world, 3, "boss", TC_ROLE_ADMIN);
	expect_error(admin, "room-full", "join");
	assert_int_equal(admin->close_code, 4403);
	expect_nothing(call.coach);
}

static void a_target_gets_the_message_from_who_sent_it(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	say(call.coach, "{\"type\":\"offer\",\"fromId\":\"orb\",\"toId\":\"client\",\"offer\":1}");
	expect(call.client,
	       "{\"fromId\":\"coach\",\"type\":\"offer\",\"toId\":\"client\",\"offer\":1}");
	say(call.client, "{\"type\":\"answer\",\"targetId\":\"coach\",\"extra\":[1]}");
	expect(call.coach, "{\"fromId\":\"client\",\"type\":\"answer\",\"targetId\":\"coach\","
			   "\"extra\":[1]}");
	say(call.orb, "{\"type\":\"ice-candidate\",\"candidate\":null}"); /* to all */
	expect(call.coach, "{\"fromId\":\"orb\",\"type\":\"ice-candidate\",\"candidate\":null}");
	expect(call.client, "{\"fromId\":\"orb\",\"type\":\"ice-candidate\",\"candidate\":null}");
	say(call.orb, "{\"type\":\"renegotiate\",\"toId\":\"client\"}");
	expect(call.client, "{\"fromId\":\"orb\",\"type\":\"renegotiate\",\"toId\":\"client\"}");
	expect_nothing(call.coach);
	expect_nothing(call.orb);
}

static void an_unknown_target_is_said_to_be_one(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	say(call.coach, "{\"type\":\"offer\",\"toId\":\"nobody\"}");
	expect_error(call.coach, "unknown-peer", "offer");
	say(call.coach, "{\"type\":\"offer\",\"toId\":\"coach\"}"); /* oneself is none either */
	expect_error(call.coach, "unknown-peer", "offer");
	assert_int_equal(call.coach->close_code, 0);
	expect_nothing(call.client);
}

static void nothing_is_relayed_before_the_join_or_after_leave(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	struct peer *early = attach(world, 3, "boss", TC_ROLE_ADMIN);
	say(early, "{\"type\":\"pong\"}");
	expect_nothing(early);
	say(early, "{\"type\":\"offer\",\"toId\":\"coach\"}");
	expect_error(early, "not-joined", "offer");
	say(call.client, "{\"type\":\"leave\"}");
	expect(call.coach, LEFT("client", "client", "left"));
	expect(call.orb, LEFT("client", "client", "left"));
	expect_event(world, "left room client client 1 left");
	say(call.client, "{\"type\":\"offer\",\"toId\":\"coach\"}");
	expect_error(call.client, "not-joined", "offer");
	say(call.client, "{\"type\":\"ping\"}");
	expect(call.client, "{\"type\":\"pong\"}");
	detach(call.client); /* user-left was said, and is not said again */
	pass(world, 30000);
	expect_nothing(call.coach);
	assert_int_equal(world->event_count, 0);
}

static void who_left_may_join_again_on_the_same_socket(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	say(call.client, "{\"type\":\"leave\"}");
	say(call.client, JOIN);
	expect(call.coach, LEFT("client", "client", "left"));
	expect(call.coach, JOINED("client", "client", "human", "false"));
}

static void a_newer_socket_takes_the_users_place(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	struct peer *newer = join(world, 3, "client", TC_ROLE_CLIENT);
	assert_int_equal(call.client->close_code, 4409);
	expect(newer, DISCOVERY(PEER("coach", "coach", "human", "true") "," PEER("orb", "ai", "ai",
										 "true")));
	expect(call.coach, LEFT("client", "client", "replaced"));
	expect(call.coach, JOINED("client", "client", "human", "false"));
	detach(call.client); /* the old one's end takes nothing from the new one */
	pass(world, 11000);
	say(call.coach, "{\"type\":\"offer\",\"toId\":\"client\"}");
	expect(newer, "{\"fromId\":\"coach\",\"type\":\"offer\",\"toId\":\"client\"}");
	expect_nothing(call.coach);
}

static void a_lost_socket_holds_its_seat_for_ten_seconds(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	detach(call.client);
	pass(world, 9500);
	expect_nothing(call.coach);
	assert_int_equal(world->event_count, 0);
	pass(world, 1000);
	expect(call.coach, LEFT("client", "client", "lost"));
	expect_event(world, "left room client client 1 lost");
}

static void a_resumed_seat_is_invisible_and_misses_nothing(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	detach(call.client);
	say(call.coach, "{\"type\":\"offer\",\"toId\":\"client\"}");
	say(call.coach, "{\"type\":\"ice-candidate\",\"toId\":\"client\"}");
	expect_nothing(call.coach);
	pass(world, 9000);
	struct peer *again = attach(world, 1, "client", TC_ROLE_CLIENT);
	say(again, RESUME);
	expect(again, DISCOVERY(PEER("coach", "coach", "human", "true") "," PEER("orb", "ai", "ai",
										 "true")));
	expect(again, "{\"fromId\":\"coach\",\"type\":\"offer\",\"toId\":\"client\"}");
	expect(again, "{\"fromId\":\"coach\",\"type\":\"ice-candidate\",\"toId\":\"client\"}");
	pass(world, 15000);
	expect_nothing(call.coach);
	expect_nothing(call.orb);
	assert_int_equal(world->event_count, 0);
	say(again, "{\"type\":\"answer\",\"toId\":\"coach\"}");
	expect(call.coach, "{\"fromId\":\"client\",\"type\":\"answer\",\"toId\":\"coach\"}");
}

static void resuming_takes_over_a_socket_not_yet_known_to_be_dead(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	struct peer *again = attach(world, 3, "client", TC_ROLE_CLIENT);
	say(again, RESUME);
	assert_int_equal(call.client->close_code, 4409);
	detach(call.client);
	pass(world, 11000);
	expect_nothing(call.coach);
	say(call.coach, "{\"type\":\"offer\",\"toId\":\"client\"}");
	assert_int_equal(again->count, 2);
}

static void resuming_too_late_or_not_at_all_is_an_ordinary_join(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	detach(call.client);
	pass(world, 10500);
	struct peer *late = attach(world, 1, "client", TC_ROLE_CLIENT);
	say(late, RESUME);
	expect(call.coach, LEFT("client", "client", "lost"));
	expect(call.coach, JOINED("client", "client", "human", "false"));
	detach(late);
	join(world, 1, "client", TC_ROLE_CLIENT); /* in time, but a fresh page */
	expect(call.coach, LEFT("client", "client", "lost"));
	expect(call.coach, JOINED("client", "client", "human", "false"));
}

static void a_seat_is_resumed_only_with_the_rights_it_was_taken_with(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	for (int lost = 0; lost < 2; lost++) { /* its socket is still there, or lost */
		struct peer *coach = lost ? join(world, 0, "coach", TC_ROLE_COACH) : call.coach;
		if (lost) {
			detach(coach);
		}
		clear(world);
		struct peer *again = attach(world, 3, "coach", TC_ROLE_CLIENT);
		say(again, RESUME);
		expect(again, DISCOVERY(PEER("client", "client", "human",
					     "false") "," PEER("orb", "ai", "ai", "true")));
		if (lost) {
			expect(call.client, LEFT("coach", "coach", "lost"));
		} else {
			assert_int_equal(coach->close_code, 4409);
			expect(call.client, LEFT("coach", "coach", "replaced"));
			detach(coach);
		}
		expect(call.client, JOINED("coach", "client", "human", "true"));
		say(again, "{\"type\":\"orb-control\",\"action\":\"mute\"}");
		expect_error(again, "forbidden", "orb-control");
		assert_int_equal(tc_rooms_counts(world->rooms).by_role[TC_ROLE_COACH], 0);
		say(again, "{\"type\":\"leave\"}");
		detach(again);
	}
}

static void no_orb_resumes_a_humans_seat_nor_a_human_an_orbs(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	say(call.orb, "{\"type\":\"leave\"}");
	clear(world);
	struct peer *orb = attach(world, 3, "client", TC_ROLE_AI);
	say(orb, RESUME);
	assert_int_equal(call.client->close_code, 4409);
	expect(call.coach, LEFT("client", "client", "replaced"));
	expect(call.coach, JOINED("client", "ai", "ai", "true"));
	say(orb, "{\"type\":\"ai_status\",\"status\":\"ready\"}");
	expect(call.coach, "{\"fromId\":\"client\",\"type\":\"ai_status\",\"status\":\"ready\"}");
	struct peer *human = attach(world, 4, "client", TC_ROLE_CLIENT);
	say(human, RESUME);
	assert_int_equal(orb->close_code, 4409);
	expect(call.coach, LEFT("client", "ai", "replaced"));
	expect(call.coach, JOINED("client", "client", "human", "false"));
	say(human, "{\"type\":\"ai_status\",\"status\":\"ready\"}");
	assert_non_null(strstr(human->inbox[human->count - 1], "forbidden"));
}

static void mail_for_a_held_seat_is_bounded(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	detach(call.client);
	static char text[30000];
	int len = snprintf(text, sizeof(text),
			   "{\"type\":\"offer\",\"toId\":\"client\",\"x\":\"%*s\"}", 25000, "");
	for (int i = 0; i < 5; i++) {
		tc_rooms_message(call.coach->conn, text, (size_t)len);
	}
	struct peer *again = attach(world, 1, "client", TC_ROLE_CLIENT);
	say(again, RESUME);
	assert_int_equal(again->count, 3); /* the discovery, and two that fitted in 64 KiB */
}

static void a_new_orb_takes_the_seat_of_a_dead_one(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	say(call.orb, "{\"type\":\"ai_status\",\"status\":\"speaking\"}");
	clear(world);
	detach(call.orb);
	struct peer *orb = join(world, 2, "orb2", TC_ROLE_AI);
	assert_int_equal(orb->close_code, 0);
	expect(call.coach, LEFT("orb", "ai", "lost"));
	expect(call.coach, JOINED("orb2", "ai", "ai", "true"));
	expect_event(world, "left room ai orb 2 lost");
	expect_event(world, "joined room ai orb2 2 -");
	detach(call.client);
	struct peer *client = attach(world, 1, "client", TC_ROLE_CLIENT);
	say(client, RESUME);
	assert_int_equal(client->count, 1); /* the dead one's status is not told any more */
}

static void who_does_not_join_is_closed_after_ten_seconds(void **state)
{
	struct world *world = *state;
	struct peer *idle = attach(world, 0, "coach", TC_ROLE_COACH);
	struct peer *joined = join(world, 1, "client", TC_ROLE_CLIENT);
	pass(world, 9750);
	assert_int_equal(idle->close_code, 0);
	pass(world, 250);
	assert_int_equal(idle->close_code, 4408);
	assert_int_equal(joined->close_code, 0);
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 1);
}

static void rooms_are_gone_with_the_last_participant(void **state)
{
	struct world *world = *state;
	attach(world, 0, "coach", TC_ROLE_COACH);
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 0); /* not by connecting alone */
	struct peer *client = join(world, 1, "client", TC_ROLE_CLIENT);
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 1);
	detach(client);
	pass(world, 10500);
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 0);
	tc_rooms_set_orb_state(world->rooms, "room", "spawning", "");
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 1);
	tc_rooms_set_orb_state(world->rooms, "room", "off", "");
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 0);
}

static void pings_go_out_and_two_unanswered_are_the_end(void **state)
{
	struct world *world = *state;
	struct peer *dead = join(world, 0, "coach", TC_ROLE_COACH);
	struct peer *alive = join(world, 1, "client", TC_ROLE_CLIENT);
	for (int i = 1; i <= 3; i++) {
		pass(world, 20000);
		assert_int_equal(alive->pings, i);
		tc_rooms_pong(alive->conn);
	}
	assert_int_equal(dead->pings, 2);
	assert_int_not_equal(dead->close_code, 0);
	assert_false(dead->flushed); /* nobody is there to read it */
	assert_int_equal(alive->close_code, 0);
	pass(world, 10500);
	assert_string_equal(alive->inbox[alive->count - 1], LEFT("coach", "coach", "lost"));
}

static void rubbish_is_named_and_ten_in_a_row_close(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	for (int i = 0; i < 9; i++) {
		say(call.client, "{");
		expect_error(call.client, "bad-message", NULL);
	}
	say(call.client, "{\"type\":\"ping\"}"); /* begins the count anew */
	expect(call.client, "{\"type\":\"pong\"}");
	for (int i = 0; i < 8; i++) {
		say(call.client, "{\"type\":\"nonsense\"}");
		expect_error(call.client, "bad-message", "nonsense");
	}
	tc_rooms_binary(call.client->conn);
	expect_error(call.client, "bad-message", NULL);
	assert_int_equal(call.client->close_code, 0);
	say(call.client, "{\"type\":\"join\",\"userId\":1}");
	expect_error(call.client, "bad-message", "join");
	assert_int_equal(call.client->close_code, 4400);
	expect_nothing(call.coach);
}

static void over_the_rate_messages_are_dropped_then_the_socket(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	for (int i = 0; i < 299; i++) { /* one went for the join */
		say(call.client, "{\"type\":\"ping\"}");
		clear(world);
	}
	say(call.client, "{\"type\":\"offer\",\"toId\":\"coach\"}");
	expect_error(call.client, "rate-limited", NULL);
	expect_nothing(call.coach);
	tc_fake_clock_advance_ms(&world->clock, 10); /* one more of a hundred a second */
	say(call.client, "{\"type\":\"offer\",\"toId\":\"coach\"}");
	assert_int_equal(call.coach->count, 1);
	clear(world);
	int64_t ms = 0;
	for (; ms < 20000 && !call.client->close_code; ms += 5) {
		tc_fake_clock_advance_ms(&world->clock, 5);
		say(call.client, "{\"type\":\"ping\"}");
		clear(world);
	}
	assert_int_equal(call.client->close_code, 4429);
	assert_in_range(ms, 9900, 10100);
}

static void a_calm_second_ends_a_spell_of_overload(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	for (int spell = 0; spell < 4; spell++) {
		for (int i = 0; i < 700; i++) {
			tc_fake_clock_advance_ms(&world->clock, 8);
			say(call.client, "{\"type\":\"ping\"}");
			clear(world);
		}
		pass(world, 1500);
		clear(world);
	}
	assert_int_equal(call.client->close_code, 0);
}

static void a_slow_reader_is_closed_and_nobody_waits(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	call.client->waiting = 1024 * 1024 + 1;
	say(call.coach, "{\"type\":\"offer\"}");
	assert_int_equal(call.client->close_code, 4429);
	assert_false(call.client->flushed);
	assert_int_equal(call.orb->count, 1);
	assert_int_equal(call.coach->close_code, 0);
}

static void a_message_over_64_KiB_closes(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	tc_rooms_too_big(call.client->conn);
	assert_int_equal(call.client->close_code, 1009);
	say(call.client, "{\"type\":\"offer\"}"); /* not heard any more */
	expect_nothing(call.coach);
}

static void the_orbs_status_reaches_humans_and_those_who_come_later(void **state)
{
	struct world *world = *state;
	struct peer *coach = join(world, 0, "coach", TC_ROLE_COACH);
	struct peer *orb = join(world, 1, "orb", TC_ROLE_AI);
	clear(world);
	say(orb, "{\"type\":\"ai_status\",\"status\":\"ready\",\"sessionId\":\"s\"}");
	say(orb, "{\"type\":\"ai_status\",\"status\":\"listening\",\"fromId\":\"coach\"}");
	expect(coach, "{\"fromId\":\"orb\",\"type\":\"ai_status\",\"status\":\"ready\","
		      "\"sessionId\":\"s\"}");
	expect(coach, "{\"fromId\":\"orb\",\"type\":\"ai_status\",\"status\":\"listening\"}");
	expect_nothing(orb);
	tc_rooms_set_orb_state(world->rooms, "room", "ready", "up");
	expect(coach, "{\"type\":\"orb-state\",\"state\":\"ready\",\"reason\":\"up\"}");
	struct peer *client = join(world, 2, "client", TC_ROLE_CLIENT);
	client->read = 1; /* peer-discovery came first */
	assert_non_null(strstr(client->inbox[0], "peer-discovery"));
	expect(client, "{\"type\":\"orb-state\",\"state\":\"ready\",\"reason\":\"up\"}");
	expect(client, "{\"fromId\":\"orb\",\"type\":\"ai_status\",\"status\":\"listening\"}");
	expect_nothing(client);
	say(coach, "{\"type\":\"ai_status\",\"status\":\"ready\"}");
	assert_non_null(strstr(coach->inbox[coach->count - 1], "forbidden"));
}

#define FINAL                                                                            \
	"{\"type\":\"transcript\",\"utteranceId\":\"1\",\"userId\":\"client\",\"text\":" \
	"\"hi\",\"final\":true,\"startMs\":1,\"endMs\":2}"
#define PARTIAL                                                                          \
	"{\"type\":\"transcript\",\"utteranceId\":\"1\",\"userId\":\"client\",\"text\":" \
	"\"h\",\"final\":false,\"startMs\":1,\"endMs\":2}"

static void transcripts_reach_the_humans_and_finals_the_store(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	say(call.orb, PARTIAL);
	assert_int_equal(world->event_count, 0);
	say(call.orb, FINAL);
	expect_event(world, "final room " FINAL);
	expect(call.coach, PARTIAL);
	expect(call.coach, FINAL);
	expect(call.client, PARTIAL);
	expect(call.client, FINAL);
	expect_nothing(call.orb);
	say(call.client, FINAL);
	expect_error(call.client, "forbidden", "transcript");
	expect_nothing(call.coach);
	assert_int_equal(world->event_count, 0);
}

static void of_one_users_waiting_sockets_the_oldest_goes(void **state)
{
	struct world *world = *state;
	for (int i = 0; i < 8; i++) {
		attach(world, i, "client", TC_ROLE_CLIENT);
	}
	struct peer *other = attach(world, 8, "coach", TC_ROLE_COACH);
	for (int i = 0; i < 9; i++) {
		assert_int_equal(world->peers[i].close_code, 0);
	}
	attach(world, 9, "client", TC_ROLE_CLIENT);
	assert_int_equal(world->peers[0].close_code, 4409);
	for (int i = 1; i < 10; i++) {
		assert_int_equal(world->peers[i].close_code, 0);
	}
	assert_int_equal(other->close_code, 0);
}

static void a_final_that_is_being_stored_is_shown_when_that_is_done(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	world->holds_back = true;
	say(call.orb, FINAL);
	expect_event(world, "final room " FINAL);
	expect_nothing(call.coach);
	say(call.orb, PARTIAL);
	expect(call.coach, PARTIAL);
	tc_rooms_show(world->rooms, "room", FINAL, strlen(FINAL));
	expect(call.coach, FINAL);
	expect(call.client, PARTIAL);
	expect(call.client, FINAL);
	expect_nothing(call.orb);
	tc_rooms_show(world->rooms, "another room", FINAL, strlen(FINAL));
	expect_nothing(call.coach);
}

static void suggestions_reach_the_coach_alone_and_only_from_the_orb(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	say(call.orb, "{\"type\":\"suggestion\",\"text\":\"ask\",\"basis\":\"b\",\"toId\":"
		      "\"client\"}");
	assert_int_equal(call.coach->count, 1);
	expect_nothing(call.client);
	say(call.client, "{\"type\":\"suggestion\",\"text\":\"ask\"}");
	expect_error(call.client, "forbidden", "suggestion");
	assert_int_equal(call.coach->count, 1);
}

static void only_coach_and_admin_direct_the_orb(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	say(call.client, "{\"type\":\"orb-control\",\"action\":\"mute\"}");
	expect_error(call.client, "forbidden", "orb-control");
	say(call.orb, "{\"type\":\"orb-control\",\"action\":\"mute\"}");
	expect_error(call.orb, "forbidden", "orb-control");
	say(call.coach, "{\"type\":\"orb-control\",\"action\":\"mode\",\"value\":\"silent\"}");
	expect(call.orb, "{\"fromId\":\"coach\",\"type\":\"orb-control\",\"action\":\"mode\","
			 "\"value\":\"silent\"}");
	expect_nothing(call.client);
	say(call.client, "{\"type\":\"leave\"}");
	clear(world);
	struct peer *admin = join(world, 3, "boss", TC_ROLE_ADMIN);
	clear(world);
	say(admin, "{\"type\":\"orb-control\",\"action\":\"stop\"}");
	assert_int_equal(call.orb->count, 1);
	say(call.orb, "{\"type\":\"leave\"}");
	clear(world);
	say(call.coach, "{\"type\":\"orb-control\",\"action\":\"stop\"}");
	expect_error(call.coach, "unknown-peer", "orb-control");
}

static void a_session_that_ends_closes_all_with_4000(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	tc_rooms_end(world->rooms, "room", "time is up");
	struct peer *all[] = {call.coach, call.client, call.orb};
	for (int i = 0; i < 3; i++) {
		expect(all[i], "{\"type\":\"session-ended\",\"reason\":\"time is up\"}");
		expect_nothing(all[i]);
		assert_int_equal(all[i]->close_code, 4000);
		assert_true(all[i]->flushed);
	}
	assert_int_equal(world->event_count, 0); /* not from inside a call of the server's own */
	tc_rooms_dispatch(world->rooms);
	assert_int_equal(world->event_count, 3);
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 0);
	tc_rooms_end(world->rooms, "room", "again"); /* nobody there: nothing */
}

static void who_was_away_when_the_session_ended_is_told_on_resuming(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	detach(call.client);
	tc_rooms_end(world->rooms, "room", "session_complete");
	tc_rooms_dispatch(world->rooms);
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 0);
	clear(world);
	pass(world, 9000);
	struct peer *stranger = attach(world, 3, "boss", TC_ROLE_ADMIN);
	say(stranger, RESUME);
	expect(stranger, DISCOVERY("")); /* it is about the client alone */
	struct peer *back = attach(world, 1, "client", TC_ROLE_CLIENT);
	say(back, RESUME);
	expect(back, "{\"type\":\"session-ended\",\"reason\":\"session_complete\"}");
	expect_nothing(back);
	assert_int_equal(back->close_code, 4000);
	assert_true(back->flushed);
	expect_nothing(stranger);
}

static void who_comes_anew_or_late_after_the_end_begins_another_session(void **state)
{
	struct world *world = *state;
	for (int late = 0; late < 2; late++) {
		struct peer *client = join(world, 1, "client", TC_ROLE_CLIENT);
		detach(client);
		tc_rooms_end(world->rooms, "room", "session_complete");
		tc_rooms_dispatch(world->rooms);
		if (late) {
			pass(world, 10500);
		}
		struct peer *back = attach(world, 1, "client", TC_ROLE_CLIENT);
		say(back, late ? RESUME : JOIN);
		expect(back, DISCOVERY(""));
		detach(back);
		back = attach(world, 1, "client", TC_ROLE_CLIENT);
		say(back, RESUME); /* of the new session: nothing of the old one is left */
		expect(back, DISCOVERY(""));
		say(back, "{\"type\":\"leave\"}");
		detach(back);
	}
}

static void a_server_that_goes_away_closes_every_socket_with_1001(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	struct peer *idle = attach(world, 3, "boss", TC_ROLE_ADMIN);
	tc_rooms_go_away(world->rooms);
	tc_rooms_go_away(world->rooms);
	struct peer *all[] = {call.coach, call.client, call.orb, idle};
	for (int i = 0; i < 4; i++) {
		expect_nothing(all[i]); /* the others are not gone: media goes on */
		assert_int_equal(all[i]->close_code, 1001);
		assert_true(all[i]->flushed);
	}
	assert_int_equal(world->event_count, 0);
}

static void leaving_by_http_is_leaving(void **state)
{
	struct world *world = *state;
	struct call call = call_of_three(world);
	tc_rooms_leave(world->rooms, "room", "client");
	expect(call.coach, LEFT("client", "client", "left"));
	assert_int_equal(world->event_count, 0);
	tc_rooms_dispatch(world->rooms);
	expect_event(world, "left room client client 1 left");
	say(call.client, "{\"type\":\"offer\"}");
	expect_error(call.client, "not-joined", "offer");
	tc_rooms_leave(world->rooms, "room", "client");
	tc_rooms_leave(world->rooms, "nowhere", "client");
	expect_nothing(call.coach);
}

static void many_rooms_stay_apart(void **state)
{
	struct world *world = *state;
	struct tc_access access = {.user_id = "same", .user_name = "x", .role = TC_ROLE_COACH};
	static struct peer peers[500];
	for (int i = 0; i < 500; i++) {
		char room[16];
		snprintf(room, sizeof(room), "r%d", i);
		assert_int_equal(
			tc_rooms_attach(world->rooms, &peers[i].conn, room, &access, &peers[i]), 0);
		say(&peers[i], JOIN);
		expect(&peers[i], DISCOVERY(""));
		world->event_count = 0;
	}
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 500);
	for (int i = 0; i < 500; i++) {
		say(&peers[i], "{\"type\":\"leave\"}");
		world->event_count = 0;
		expect_nothing(&peers[i]);
		detach(&peers[i]);
	}
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 0);
}

static void memory_that_runs_out_leaks_and_breaks_nothing(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct world *world = calloc(1, sizeof(*world));
		if (!world) {
			continue;
		}
		tc_fake_clock_init(&world->clock, 1000000);
		struct tc_rooms_config config = {.clock = &world->clock.clock};
		if (tc_rooms_create(&world->rooms, &config, &sink, &events, world)) {
			free(world);
			continue;
		}
		struct tc_access access = {.user_id = "a", .role = TC_ROLE_AI};
		for (int i = 0; i < 2; i++) {
			struct peer *peer = &world->peers[i];
			access.user_id[0] = (char)('a' + i);
			access.role = i ? TC_ROLE_COACH : TC_ROLE_AI;
			if (tc_rooms_attach(world->rooms, &peer->conn, "room", &access, peer)) {
				continue;
			}
			say(peer, JOIN);
			say(peer, "{\"type\":\"ai_status\",\"status\":\"ready\",\"fromId\":\"x\"}");
			say(peer, "{\"type\":\"offer\",\"fromId\":\"x\"}");
			tc_rooms_set_orb_state(world->rooms, "room", "ready", "");
		}
		for (int i = 0; i < 6; i++) {
			detach(&world->peers[i]);
		}
		tc_rooms_destroy(world->rooms);
		free(world);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(who_joins_is_told_of_the_others_and_they_of_it),
		T(a_join_may_not_contradict_what_was_proven),
		T(a_join_may_say_what_was_proven),
		T(a_program_without_tokens_names_itself),
		T(a_fourth_is_refused_even_an_admin),
		T(a_target_gets_the_message_from_who_sent_it),
		T(an_unknown_target_is_said_to_be_one),
		T(nothing_is_relayed_before_the_join_or_after_leave),
		T(who_left_may_join_again_on_the_same_socket),
		T(a_newer_socket_takes_the_users_place),
		T(a_lost_socket_holds_its_seat_for_ten_seconds),
		T(a_resumed_seat_is_invisible_and_misses_nothing),
		T(resuming_takes_over_a_socket_not_yet_known_to_be_dead),
		T(resuming_too_late_or_not_at_all_is_an_ordinary_join),
		T(a_seat_is_resumed_only_with_the_rights_it_was_taken_with),
		T(no_orb_resumes_a_humans_seat_nor_a_human_an_orbs),
		T(mail_for_a_held_seat_is_bounded),
		T(a_new_orb_takes_the_seat_of_a_dead_one),
		T(who_does_not_join_is_closed_after_ten_seconds),
		T(rooms_are_gone_with_the_last_participant),
		T(pings_go_out_and_two_unanswered_are_the_end),
		T(rubbish_is_named_and_ten_in_a_row_close),
		T(over_the_rate_messages_are_dropped_then_the_socket),
		T(a_calm_second_ends_a_spell_of_overload),
		T(a_slow_reader_is_closed_and_nobody_waits),
		T(a_message_over_64_KiB_closes),
		T(the_orbs_status_reaches_humans_and_those_who_come_later),
		T(transcripts_reach_the_humans_and_finals_the_store),
		T(of_one_users_waiting_sockets_the_oldest_goes),
		T(a_final_that_is_being_stored_is_shown_when_that_is_done),
		T(suggestions_reach_the_coach_alone_and_only_from_the_orb),
		T(only_coach_and_admin_direct_the_orb),
		T(a_session_that_ends_closes_all_with_4000),
		T(who_was_away_when_the_session_ended_is_told_on_resuming),
		T(who_comes_anew_or_late_after_the_end_begins_another_session),
		T(a_server_that_goes_away_closes_every_socket_with_1001),
		T(leaving_by_http_is_leaving),
		T(many_rooms_stay_apart),
		cmocka_unit_test(memory_that_runs_out_leaks_and_breaks_nothing),
	};
	tc_log_init("error", TC_LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
