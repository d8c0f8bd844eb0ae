// SPDX-License-Identifier: Apache-2.0
// Seats: held for who was lost, taken again, given up.
#include "rooms_rig.h"

#include "base/log.h"

static void a_lost_socket_holds_its_seat_for_ten_seconds(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	rooms_detach(call.client);
	rooms_pass(world, 9500);
	rooms_expect_nothing(call.coach);
	assert_int_equal(world->event_count, 0);
	rooms_pass(world, 1000);
	rooms_expect(call.coach, LEFT("client", "client", "lost"));
	rooms_expect_event(world, "left room client client 1 lost");
}

static void a_resumed_seat_is_invisible_and_misses_nothing(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	rooms_detach(call.client);
	rooms_say(call.coach, "{\"type\":\"offer\",\"toId\":\"client\"}");
	rooms_say(call.coach, "{\"type\":\"ice-candidate\",\"toId\":\"client\"}");
	rooms_expect_nothing(call.coach);
	rooms_pass(world, 9000);
	struct peer *again = rooms_attach(world, 1, "client", TC_ROLE_CLIENT);
	rooms_say(again, RESUME);
	rooms_expect(again, DISCOVERY(PEER("coach", "coach", "human",
					   "true") "," PEER("orb", "ai", "ai", "true")));
	rooms_expect(again, "{\"fromId\":\"coach\",\"type\":\"offer\",\"toId\":\"client\"}");
	rooms_expect(again,
		     "{\"fromId\":\"coach\",\"type\":\"ice-candidate\",\"toId\":\"client\"}");
	rooms_pass(world, 15000);
	rooms_expect_nothing(call.coach);
	rooms_expect_nothing(call.orb);
	rooms_expect_event(world, "back room client client 0 -");
	rooms_say(again, "{\"type\":\"answer\",\"toId\":\"coach\"}");
	rooms_expect(call.coach, "{\"fromId\":\"client\",\"type\":\"answer\",\"toId\":\"coach\"}");
}

static void resuming_takes_over_a_socket_not_yet_known_to_be_dead(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	struct peer *again = rooms_attach(world, 3, "client", TC_ROLE_CLIENT);
	rooms_say(again, RESUME);
	assert_int_equal(call.client->close_code, 4409);
	rooms_detach(call.client);
	rooms_pass(world, 11000);
	rooms_expect_nothing(call.coach);
	rooms_say(call.coach, "{\"type\":\"offer\",\"toId\":\"client\"}");
	assert_int_equal(again->count, 2);
	assert_int_equal(world->event_count, 0);
}

static void a_room_is_attended_while_one_of_its_people_is_connected(void **state)
{
	struct world *world = *state;
	assert_false(tc_rooms_attended(world->rooms, "room"));
	struct call call = rooms_call_of_three(world);
	rooms_detach(call.client);
	assert_true(tc_rooms_attended(world->rooms, "room"));
	rooms_detach(call.coach);
	assert_false(tc_rooms_attended(world->rooms, "room")); /* the orb alone */
	rooms_say(rooms_attach(world, 1, "client", TC_ROLE_CLIENT), RESUME);
	assert_true(tc_rooms_attended(world->rooms, "room"));
}

static void resuming_too_late_or_not_at_all_is_an_ordinary_join(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	rooms_detach(call.client);
	rooms_pass(world, 10500);
	struct peer *late = rooms_attach(world, 1, "client", TC_ROLE_CLIENT);
	rooms_say(late, RESUME);
	rooms_expect(call.coach, LEFT("client", "client", "lost"));
	rooms_expect(call.coach, JOINED("client", "client", "human", "false"));
	rooms_detach(late);
	rooms_join(world, 1, "client", TC_ROLE_CLIENT); /* in time, but a fresh page */
	rooms_expect(call.coach, LEFT("client", "client", "lost"));
	rooms_expect(call.coach, JOINED("client", "client", "human", "false"));
}

static void a_seat_is_resumed_only_with_the_rights_it_was_taken_with(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	for (int lost = 0; lost < 2; lost++) { /* its socket is still there, or lost */
		struct peer *coach =
			lost ? rooms_join(world, 0, "coach", TC_ROLE_COACH) : call.coach;
		if (lost) {
			rooms_detach(coach);
		}
		rooms_clear(world);
		struct peer *again = rooms_attach(world, 3, "coach", TC_ROLE_CLIENT);
		rooms_say(again, RESUME);
		rooms_expect(again, DISCOVERY(PEER("client", "client", "human",
						   "false") "," PEER("orb", "ai", "ai", "true")));
		if (lost) {
			rooms_expect(call.client, LEFT("coach", "coach", "lost"));
		} else {
			assert_int_equal(coach->close_code, 4409);
			rooms_expect(call.client, LEFT("coach", "coach", "replaced"));
			rooms_detach(coach);
		}
		rooms_expect(call.client, JOINED("coach", "client", "human", "true"));
		rooms_say(again, "{\"type\":\"orb-control\",\"action\":\"mute\"}");
		rooms_expect_error(again, "forbidden", "orb-control");
		assert_int_equal(tc_rooms_counts(world->rooms).by_role[TC_ROLE_COACH], 0);
		rooms_say(again, "{\"type\":\"leave\"}");
		rooms_detach(again);
	}
}

static void no_orb_resumes_a_humans_seat_nor_a_human_an_orbs(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	rooms_say(call.orb, "{\"type\":\"leave\"}");
	rooms_clear(world);
	struct peer *orb = rooms_attach(world, 3, "client", TC_ROLE_AI);
	rooms_say(orb, RESUME);
	assert_int_equal(call.client->close_code, 4409);
	rooms_expect(call.coach, LEFT("client", "client", "replaced"));
	rooms_expect(call.coach, JOINED("client", "ai", "ai", "true"));
	rooms_say(orb, "{\"type\":\"ai_status\",\"status\":\"ready\"}");
	rooms_expect(call.coach,
		     "{\"fromId\":\"client\",\"type\":\"ai_status\",\"status\":\"ready\"}");
	struct peer *human = rooms_attach(world, 4, "client", TC_ROLE_CLIENT);
	rooms_say(human, RESUME);
	assert_int_equal(orb->close_code, 4409);
	rooms_expect(call.coach, LEFT("client", "ai", "replaced"));
	rooms_expect(call.coach, JOINED("client", "client", "human", "false"));
	rooms_say(human, "{\"type\":\"ai_status\",\"status\":\"ready\"}");
	assert_non_null(strstr(human->inbox[human->count - 1], "forbidden"));
}

static void mail_for_a_held_seat_is_bounded(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	rooms_detach(call.client);
	static char text[30000];
	int len = snprintf(text, sizeof(text),
			   "{\"type\":\"offer\",\"toId\":\"client\",\"x\":\"%*s\"}", 25000, "");
	for (int i = 0; i < 5; i++) {
		tc_rooms_message(call.coach->conn, text, (size_t)len);
	}
	struct peer *again = rooms_attach(world, 1, "client", TC_ROLE_CLIENT);
	rooms_say(again, RESUME);
	assert_int_equal(again->count, 3); /* the discovery, and two that fitted in 64 KiB */
}

static void a_new_orb_takes_the_seat_of_a_dead_one(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	rooms_say(call.orb, "{\"type\":\"ai_status\",\"status\":\"speaking\"}");
	rooms_clear(world);
	rooms_detach(call.orb);
	struct peer *orb = rooms_join(world, 2, "orb2", TC_ROLE_AI);
	assert_int_equal(orb->close_code, 0);
	rooms_expect(call.coach, LEFT("orb", "ai", "lost"));
	rooms_expect(call.coach, JOINED("orb2", "ai", "ai", "true"));
	rooms_expect_event(world, "left room ai orb 2 lost");
	rooms_expect_event(world, "joined room ai orb2 2 -");
	rooms_detach(call.client);
	struct peer *client = rooms_attach(world, 1, "client", TC_ROLE_CLIENT);
	rooms_say(client, RESUME);
	assert_int_equal(client->count, 1); /* the dead one's status is not told any more */
}

static void who_does_not_join_is_closed_after_ten_seconds(void **state)
{
	struct world *world = *state;
	struct peer *idle = rooms_attach(world, 0, "coach", TC_ROLE_COACH);
	struct peer *joined = rooms_join(world, 1, "client", TC_ROLE_CLIENT);
	rooms_pass(world, 9750);
	assert_int_equal(idle->close_code, 0);
	rooms_pass(world, 250);
	assert_int_equal(idle->close_code, 4408);
	assert_int_equal(joined->close_code, 0);
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 1);
}

static void who_left_and_does_not_join_again_is_closed_after_a_minute(void **state)
{
	struct world *world = *state;
	struct peer *back = rooms_join(world, 0, "coach", TC_ROLE_COACH);
	struct peer *gone = rooms_join(world, 1, "client", TC_ROLE_CLIENT);
	rooms_say(back, "{\"type\":\"leave\"}");
	rooms_say(gone, "{\"type\":\"leave\"}");
	for (int64_t ms = 0; ms < 59000; ms += 1000) {
		rooms_pass(world, 1000);
		tc_rooms_pong(back->conn);
		tc_rooms_pong(gone->conn);
	}
	rooms_say(back, JOIN);
	assert_int_equal(gone->close_code, 0);
	rooms_pass(world, 1000);
	assert_int_equal(gone->close_code, 4408);
	assert_true(gone->flushed);
	rooms_pass(world, 10000);
	assert_int_equal(back->close_code, 0);
}

static void rooms_are_gone_with_the_last_participant(void **state)
{
	struct world *world = *state;
	rooms_attach(world, 0, "coach", TC_ROLE_COACH);
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 0); /* not by connecting alone */
	struct peer *client = rooms_join(world, 1, "client", TC_ROLE_CLIENT);
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 1);
	rooms_detach(client);
	rooms_pass(world, 10500);
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 0);
	tc_rooms_set_orb_state(world->rooms, "room", "spawning", "");
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 1);
	tc_rooms_set_orb_state(world->rooms, "room", "off", "");
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, rooms_setup, rooms_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_lost_socket_holds_its_seat_for_ten_seconds),
		T(a_resumed_seat_is_invisible_and_misses_nothing),
		T(resuming_takes_over_a_socket_not_yet_known_to_be_dead),
		T(resuming_too_late_or_not_at_all_is_an_ordinary_join),
		T(a_room_is_attended_while_one_of_its_people_is_connected),
		T(a_seat_is_resumed_only_with_the_rights_it_was_taken_with),
		T(no_orb_resumes_a_humans_seat_nor_a_human_an_orbs),
		T(mail_for_a_held_seat_is_bounded),
		T(a_new_orb_takes_the_seat_of_a_dead_one),
		T(who_does_not_join_is_closed_after_ten_seconds),
		T(who_left_and_does_not_join_again_is_closed_after_a_minute),
		T(rooms_are_gone_with_the_last_participant),
	};
	tc_log_init("error", TC_LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
