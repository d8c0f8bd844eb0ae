// SPDX-License-Identifier: Apache-2.0
// Who is in a room, and whom a message reaches.
#include "rooms_rig.h"

#include "base/log.h"

static void who_joins_is_told_of_the_others_and_they_of_it(void **state)
{
	struct world *world = *state;
	struct peer *coach = rooms_join(world, 0, "coach", TC_ROLE_COACH);
	rooms_expect(coach, DISCOVERY(""));
	rooms_expect_event(world, "joined room coach coach 1 -");
	struct peer *orb = rooms_join(world, 1, "orb", TC_ROLE_AI);
	rooms_expect(orb, DISCOVERY(PEER("coach", "coach", "human", "false")));
	rooms_expect(coach, JOINED("orb", "ai", "ai", "true"));
	rooms_expect_event(world, "joined room ai orb 1 -");
	struct peer *client = rooms_join(world, 2, "client", TC_ROLE_CLIENT);
	rooms_expect(client, DISCOVERY(PEER("coach", "coach", "human",
					    "true") "," PEER("orb", "ai", "ai", "true")));
	rooms_expect(coach, JOINED("client", "client", "human", "false"));
	rooms_expect(orb, JOINED("client", "client", "human", "false"));
	rooms_expect_event(world, "joined room client client 2 -");
	rooms_expect_nothing(coach);
	rooms_expect_nothing(orb);
	assert_int_equal(tc_rooms_counts(world->rooms).participants, 3);
	rooms_say(client, JOIN); /* said twice: the answer, and no news */
	rooms_expect(client, DISCOVERY(PEER("coach", "coach", "human",
					    "true") "," PEER("orb", "ai", "ai", "true")));
	rooms_expect_nothing(coach);
}

static void a_join_may_not_contradict_what_was_proven(void **state)
{
	struct world *world = *state;
	struct peer *coach = rooms_join(world, 0, "coach", TC_ROLE_COACH);
	static const char *const lies[] = {
		"{\"type\":\"join\",\"userId\":\"coach\"}",
		"{\"type\":\"join\",\"userId\":\"client\",\"userRole\":\"coach\"}",
		"{\"type\":\"join\",\"userRole\":\"ai\"}",
		"{\"type\":\"join\",\"participantType\":\"ai\"}",
		"{\"type\":\"join\",\"roomId\":\"other\"}",
	};
	rooms_clear(world);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct peer *liar = rooms_attach(world, 1, "client", TC_ROLE_CLIENT);
		rooms_say(liar, lies[i]);
		rooms_expect_error(liar, "identity-mismatch", "join");
		assert_int_equal(liar->close_code, 4403);
		assert_true(liar->flushed);
		rooms_detach(liar);
	}
	struct peer *orb = rooms_attach(world, 1, "orb", TC_ROLE_AI);
	rooms_say(orb, "{\"type\":\"join\",\"participantType\":\"human\"}");
	rooms_expect_error(orb, "identity-mismatch", "join");
	rooms_expect_nothing(coach);
	assert_int_equal(world->event_count, 0);
}

static void a_join_may_say_what_was_proven(void **state)
{
	struct world *world = *state;
	struct peer *client = rooms_attach(world, 0, "client", TC_ROLE_CLIENT);
	rooms_say(client,
		  "{\"type\":\"join\",\"roomId\":\"room\",\"userId\":\"client\",\"userRole\":"
		  "\"client\",\"userName\":\"x\",\"participantType\":\"human\"}");
	rooms_expect(client, DISCOVERY(""));
	struct peer *admin = rooms_join(world, 1, "boss", TC_ROLE_ADMIN);
	rooms_expect(admin, DISCOVERY(PEER("client", "client", "human", "true")));
	rooms_expect(client, JOINED("boss", "admin", "human", "false"));
}

static void a_program_without_tokens_names_itself(void **state)
{
	struct world *world = *state;
	struct peer *client = rooms_join(world, 0, "client", TC_ROLE_CLIENT);
	struct peer *orb = rooms_attach_as(world, 1, "", TC_ROLE_AI, true);
	rooms_say(orb, JOIN);
	rooms_expect_error(orb, "identity-mismatch", "join");
	rooms_detach(orb);
	orb = rooms_attach_as(world, 1, "", TC_ROLE_AI, true);
	rooms_say(orb, "{\"type\":\"join\",\"userId\":\"client\",\"userRole\":\"ai\"}");
	rooms_expect_error(orb, "identity-mismatch", "join");
	assert_int_equal(orb->close_code, 4403);
	rooms_detach(orb);
	rooms_clear(world);
	orb = rooms_attach_as(world, 1, "", TC_ROLE_AI, true);
	rooms_say(orb, "{\"type\":\"join\",\"userId\":\"ai-orb-1\",\"participantType\":\"ai\"}");
	rooms_expect(orb, DISCOVERY(PEER("client", "client", "human", "false")));
	assert_int_equal(client->count, 1);
}

static void a_fourth_is_refused_even_an_admin(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	struct peer *admin = rooms_join(world, 3, "boss", TC_ROLE_ADMIN);
	rooms_expect_error(admin, "room-full", "join");
	assert_int_equal(admin->close_code, 4403);
	rooms_expect_nothing(call.coach);
}

static void a_target_gets_the_message_from_who_sent_it(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	rooms_say(call.coach,
		  "{\"type\":\"offer\",\"fromId\":\"orb\",\"toId\":\"client\",\"offer\":1}");
	rooms_expect(call.client,
		     "{\"fromId\":\"coach\",\"type\":\"offer\",\"toId\":\"client\",\"offer\":1}");
	rooms_say(call.client, "{\"type\":\"answer\",\"targetId\":\"coach\",\"extra\":[1]}");
	rooms_expect(call.coach,
		     "{\"fromId\":\"client\",\"type\":\"answer\",\"targetId\":\"coach\","
		     "\"extra\":[1]}");
	rooms_say(call.orb, "{\"type\":\"ice-candidate\",\"candidate\":null}"); /* to all */
	rooms_expect(call.coach,
		     "{\"fromId\":\"orb\",\"type\":\"ice-candidate\",\"candidate\":null}");
	rooms_expect(call.client,
		     "{\"fromId\":\"orb\",\"type\":\"ice-candidate\",\"candidate\":null}");
	rooms_say(call.orb, "{\"type\":\"renegotiate\",\"toId\":\"client\"}");
	rooms_expect(call.client,
		     "{\"fromId\":\"orb\",\"type\":\"renegotiate\",\"toId\":\"client\"}");
	rooms_expect_nothing(call.coach);
	rooms_expect_nothing(call.orb);
}

static void an_unknown_target_is_said_to_be_one(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	rooms_say(call.coach, "{\"type\":\"offer\",\"toId\":\"nobody\"}");
	rooms_expect_error(call.coach, "unknown-peer", "offer");
	rooms_say(call.coach,
		  "{\"type\":\"offer\",\"toId\":\"coach\"}"); /* oneself is none either */
	rooms_expect_error(call.coach, "unknown-peer", "offer");
	assert_int_equal(call.coach->close_code, 0);
	rooms_expect_nothing(call.client);
}

static void nothing_is_relayed_before_the_join_or_after_leave(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	struct peer *early = rooms_attach(world, 3, "boss", TC_ROLE_ADMIN);
	rooms_say(early, "{\"type\":\"pong\"}");
	rooms_expect_nothing(early);
	rooms_say(early, "{\"type\":\"offer\",\"toId\":\"coach\"}");
	rooms_expect_error(early, "not-joined", "offer");
	rooms_say(call.client, "{\"type\":\"leave\"}");
	rooms_expect(call.coach, LEFT("client", "client", "left"));
	rooms_expect(call.orb, LEFT("client", "client", "left"));
	rooms_expect_event(world, "left room client client 1 left");
	rooms_say(call.client, "{\"type\":\"offer\",\"toId\":\"coach\"}");
	rooms_expect_error(call.client, "not-joined", "offer");
	rooms_say(call.client, "{\"type\":\"ping\"}");
	rooms_expect(call.client, "{\"type\":\"pong\"}");
	rooms_detach(call.client); /* user-left was said, and is not said again */
	rooms_pass(world, 30000);
	rooms_expect_nothing(call.coach);
	assert_int_equal(world->event_count, 0);
}

static void who_left_may_join_again_on_the_same_socket(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	rooms_say(call.client, "{\"type\":\"leave\"}");
	rooms_say(call.client, JOIN);
	rooms_expect(call.coach, LEFT("client", "client", "left"));
	rooms_expect(call.coach, JOINED("client", "client", "human", "false"));
}

static void a_newer_socket_takes_the_users_place(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	struct peer *newer = rooms_join(world, 3, "client", TC_ROLE_CLIENT);
	assert_int_equal(call.client->close_code, 4409);
	rooms_expect(newer, DISCOVERY(PEER("coach", "coach", "human",
					   "true") "," PEER("orb", "ai", "ai", "true")));
	rooms_expect(call.coach, LEFT("client", "client", "replaced"));
	rooms_expect(call.coach, JOINED("client", "client", "human", "false"));
	rooms_detach(call.client); /* the old one's end takes nothing from the new one */
	rooms_pass(world, 11000);
	rooms_say(call.coach, "{\"type\":\"offer\",\"toId\":\"client\"}");
	rooms_expect(newer, "{\"fromId\":\"coach\",\"type\":\"offer\",\"toId\":\"client\"}");
	rooms_expect_nothing(call.coach);
}

#define T(test) cmocka_unit_test_setup_teardown(test, rooms_setup, rooms_teardown)

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
	};
	tc_log_init("error", TC_LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
