// SPDX-License-Identifier: Apache-2.0
// The orb, its words, the end of a session.
#include "rooms_rig.h"

#include "base/log.h"

static void the_orbs_status_reaches_humans_and_those_who_come_later(void **state)
{
	struct world *world = *state;
	struct peer *coach = rooms_join(world, 0, "coach", TC_ROLE_COACH);
	struct peer *orb = rooms_join(world, 1, "orb", TC_ROLE_AI);
	rooms_clear(world);
	rooms_say(orb, "{\"type\":\"ai_status\",\"status\":\"ready\",\"sessionId\":\"s\"}");
	rooms_say(orb, "{\"type\":\"ai_status\",\"status\":\"listening\",\"fromId\":\"coach\"}");
	rooms_expect(coach, "{\"fromId\":\"orb\",\"type\":\"ai_status\",\"status\":\"ready\","
			    "\"sessionId\":\"s\"}");
	rooms_expect(coach, "{\"fromId\":\"orb\",\"type\":\"ai_status\",\"status\":\"listening\"}");
	rooms_expect_nothing(orb);
	tc_rooms_set_orb_state(world->rooms, "room", "ready", "up");
	rooms_expect(coach, "{\"type\":\"orb-state\",\"state\":\"ready\",\"reason\":\"up\"}");
	struct peer *client = rooms_join(world, 2, "client", TC_ROLE_CLIENT);
	client->read = 1; /* peer-discovery came first */
	assert_non_null(strstr(client->inbox[0], "peer-discovery"));
	rooms_expect(client, "{\"type\":\"orb-state\",\"state\":\"ready\",\"reason\":\"up\"}");
	rooms_expect(client,
		     "{\"fromId\":\"orb\",\"type\":\"ai_status\",\"status\":\"listening\"}");
	rooms_expect_nothing(client);
	rooms_say(coach, "{\"type\":\"ai_status\",\"status\":\"ready\"}");
	assert_non_null(strstr(coach->inbox[coach->count - 1], "forbidden"));
}

static void an_orb_alone_may_say_why_it_does_not_answer(void **state)
{
	struct world *world = *state;
	struct peer *coach = rooms_join(world, 0, "coach", TC_ROLE_COACH);
	struct peer *client = rooms_join(world, 1, "client", TC_ROLE_CLIENT);
	struct peer *orb = rooms_join(world, 2, "orb", TC_ROLE_AI);
	rooms_clear(world);
	rooms_say(orb, "{\"type\":\"error\",\"toId\":\"coach\",\"code\":\"offer-refused\"}");
	rooms_expect(coach, "{\"fromId\":\"orb\",\"type\":\"error\",\"toId\":\"coach\",\"code\":"
			    "\"offer-refused\"}");
	rooms_expect_nothing(client);
	rooms_say(client, "{\"type\":\"error\",\"toId\":\"coach\",\"code\":\"offer-refused\"}");
	assert_non_null(strstr(client->inbox[client->count - 1], "bad-message"));
	rooms_expect_nothing(coach);
	rooms_say(orb, "{\"type\":\"error\",\"code\":\"offer-refused\"}");
	assert_non_null(strstr(orb->inbox[orb->count - 1], "bad-message"));
}

static void an_orb_state_is_told_once_until_it_changes(void **state)
{
	struct world *world = *state;
	struct peer *coach = rooms_join(world, 0, "coach", TC_ROLE_COACH);
	rooms_clear(world);
	tc_rooms_set_orb_state(world->rooms, "room", "off", "turned off");
	rooms_expect(coach, "{\"type\":\"orb-state\",\"state\":\"off\",\"reason\":\"turned off\"}");
	struct peer *client = rooms_join(world, 1, "client", TC_ROLE_CLIENT);
	tc_rooms_set_orb_state(world->rooms, "room", "off", "turned off");
	client->read = 1; /* peer-discovery */
	rooms_expect(client,
		     "{\"type\":\"orb-state\",\"state\":\"off\",\"reason\":\"turned off\"}");
	rooms_expect_nothing(client);
	coach->read++; /* user-joined */
	rooms_expect_nothing(coach);
	tc_rooms_set_orb_state(world->rooms, "room", "off", "another reason");
	assert_int_equal(client->count, 3);
	rooms_expect(coach,
		     "{\"type\":\"orb-state\",\"state\":\"off\",\"reason\":\"another reason\"}");
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
	struct call call = rooms_call_of_three(world);
	rooms_say(call.orb, PARTIAL);
	assert_int_equal(world->event_count, 0);
	rooms_say(call.orb, FINAL);
	rooms_expect_event(world, "final room " FINAL);
	rooms_expect(call.coach, PARTIAL);
	rooms_expect(call.coach, FINAL);
	rooms_expect(call.client, PARTIAL);
	rooms_expect(call.client, FINAL);
	rooms_expect_nothing(call.orb);
	rooms_say(call.client, FINAL);
	rooms_expect_error(call.client, "forbidden", "transcript");
	rooms_expect_nothing(call.coach);
	assert_int_equal(world->event_count, 0);
}

static void of_one_users_waiting_sockets_the_oldest_goes(void **state)
{
	struct world *world = *state;
	for (int i = 0; i < 8; i++) {
		rooms_attach(world, i, "client", TC_ROLE_CLIENT);
	}
	struct peer *other = rooms_attach(world, 8, "coach", TC_ROLE_COACH);
	for (int i = 0; i < 9; i++) {
		assert_int_equal(world->peers[i].close_code, 0);
	}
	rooms_attach(world, 9, "client", TC_ROLE_CLIENT);
	assert_int_equal(world->peers[0].close_code, 4409);
	for (int i = 1; i < 10; i++) {
		assert_int_equal(world->peers[i].close_code, 0);
	}
	assert_int_equal(other->close_code, 0);
}

static void sockets_that_left_count_as_waiting_and_go_first(void **state)
{
	struct world *world = *state;
	struct peer *fresh = rooms_attach(world, 0, "client", TC_ROLE_CLIENT);
	for (int i = 1; i < 8; i++) {
		rooms_say(rooms_join(world, i, "client", TC_ROLE_CLIENT), "{\"type\":\"leave\"}");
		world->event_count = 0;
	}
	for (int i = 0; i < 8; i++) {
		assert_int_equal(world->peers[i].close_code, 0);
	}
	rooms_join(world, 8, "client", TC_ROLE_CLIENT);
	assert_int_equal(fresh->close_code, 0);
	assert_int_equal(world->peers[1].close_code, 4409);
	assert_int_equal(world->peers[2].close_code, 0);
	rooms_say(&world->peers[2], JOIN); /* it still may, in place of the newer one */
	assert_int_equal(world->peers[8].close_code, 4409);
	assert_int_equal(tc_rooms_counts(world->rooms).participants, 1);
}

static void a_final_that_is_being_stored_is_shown_when_that_is_done(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	world->holds_back = true;
	rooms_say(call.orb, FINAL);
	rooms_expect_event(world, "final room " FINAL);
	rooms_expect_nothing(call.coach);
	rooms_say(call.orb, PARTIAL);
	rooms_expect(call.coach, PARTIAL);
	tc_rooms_show(world->rooms, "room", FINAL, strlen(FINAL));
	rooms_expect(call.coach, FINAL);
	rooms_expect(call.client, PARTIAL);
	rooms_expect(call.client, FINAL);
	rooms_expect_nothing(call.orb);
	tc_rooms_show(world->rooms, "another room", FINAL, strlen(FINAL));
	rooms_expect_nothing(call.coach);
}

static void suggestions_reach_the_coach_alone_and_only_from_the_orb(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	rooms_say(call.orb, "{\"type\":\"suggestion\",\"text\":\"ask\",\"basis\":\"b\",\"toId\":"
			    "\"client\"}");
	assert_int_equal(call.coach->count, 1);
	rooms_expect_nothing(call.client);
	rooms_say(call.client, "{\"type\":\"suggestion\",\"text\":\"ask\"}");
	rooms_expect_error(call.client, "forbidden", "suggestion");
	assert_int_equal(call.coach->count, 1);
}

static void only_coach_and_admin_direct_the_orb(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	rooms_say(call.client, "{\"type\":\"orb-control\",\"action\":\"mute\"}");
	rooms_expect_error(call.client, "forbidden", "orb-control");
	rooms_say(call.orb, "{\"type\":\"orb-control\",\"action\":\"mute\"}");
	rooms_expect_error(call.orb, "forbidden", "orb-control");
	rooms_say(call.coach,
		  "{\"type\":\"orb-control\",\"action\":\"mode\",\"value\":\"silent\"}");
	rooms_expect(call.orb, "{\"fromId\":\"coach\",\"type\":\"orb-control\",\"action\":\"mode\","
			       "\"value\":\"silent\"}");
	rooms_expect_nothing(call.client);
	rooms_say(call.client, "{\"type\":\"leave\"}");
	rooms_clear(world);
	struct peer *admin = rooms_join(world, 3, "boss", TC_ROLE_ADMIN);
	rooms_clear(world);
	rooms_say(admin, "{\"type\":\"orb-control\",\"action\":\"stop\"}");
	assert_int_equal(call.orb->count, 1);
	rooms_say(call.orb, "{\"type\":\"leave\"}");
	rooms_clear(world);
	rooms_say(call.coach, "{\"type\":\"orb-control\",\"action\":\"stop\"}");
	rooms_expect_error(call.coach, "unknown-peer", "orb-control");
}

static void a_session_that_ends_closes_all_with_4000(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	tc_rooms_end(world->rooms, "room", "time is up");
	struct peer *all[] = {call.coach, call.client, call.orb};
	for (int i = 0; i < 3; i++) {
		rooms_expect(all[i], "{\"type\":\"session-ended\",\"reason\":\"time is up\"}");
		rooms_expect_nothing(all[i]);
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
	struct call call = rooms_call_of_three(world);
	rooms_detach(call.client);
	tc_rooms_end(world->rooms, "room", "session_complete");
	tc_rooms_dispatch(world->rooms);
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 0);
	rooms_clear(world);
	rooms_pass(world, 9000);
	struct peer *stranger = rooms_attach(world, 3, "boss", TC_ROLE_ADMIN);
	rooms_say(stranger, RESUME);
	rooms_expect(stranger, DISCOVERY("")); /* it is about the client alone */
	struct peer *back = rooms_attach(world, 1, "client", TC_ROLE_CLIENT);
	rooms_say(back, RESUME);
	rooms_expect(back, "{\"type\":\"session-ended\",\"reason\":\"session_complete\"}");
	rooms_expect_nothing(back);
	assert_int_equal(back->close_code, 4000);
	assert_true(back->flushed);
	rooms_expect_nothing(stranger);
}

static void who_comes_anew_or_late_after_the_end_begins_another_session(void **state)
{
	struct world *world = *state;
	for (int late = 0; late < 2; late++) {
		struct peer *client = rooms_join(world, 1, "client", TC_ROLE_CLIENT);
		rooms_detach(client);
		tc_rooms_end(world->rooms, "room", "session_complete");
		tc_rooms_dispatch(world->rooms);
		if (late) {
			rooms_pass(world, 10500);
		}
		struct peer *back = rooms_attach(world, 1, "client", TC_ROLE_CLIENT);
		rooms_say(back, late ? RESUME : JOIN);
		rooms_expect(back, DISCOVERY(""));
		rooms_detach(back);
		back = rooms_attach(world, 1, "client", TC_ROLE_CLIENT);
		rooms_say(back, RESUME); /* of the new session: nothing of the old one is left */
		rooms_expect(back, DISCOVERY(""));
		rooms_say(back, "{\"type\":\"leave\"}");
		rooms_detach(back);
	}
}

static void a_server_that_goes_away_closes_every_socket_with_1001(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	struct peer *idle = rooms_attach(world, 3, "boss", TC_ROLE_ADMIN);
	tc_rooms_go_away(world->rooms);
	tc_rooms_go_away(world->rooms);
	struct peer *all[] = {call.coach, call.client, call.orb, idle};
	for (int i = 0; i < 4; i++) {
		rooms_expect_nothing(all[i]); /* the others are not gone: media goes on */
		assert_int_equal(all[i]->close_code, 1001);
		assert_true(all[i]->flushed);
	}
	assert_int_equal(world->event_count, 0);
}

static void leaving_by_http_is_leaving(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	tc_rooms_leave(world->rooms, "room", "client");
	rooms_expect(call.coach, LEFT("client", "client", "left"));
	assert_int_equal(world->event_count, 0);
	tc_rooms_dispatch(world->rooms);
	rooms_expect_event(world, "left room client client 1 left");
	rooms_say(call.client, "{\"type\":\"offer\"}");
	rooms_expect_error(call.client, "not-joined", "offer");
	tc_rooms_leave(world->rooms, "room", "client");
	tc_rooms_leave(world->rooms, "nowhere", "client");
	rooms_expect_nothing(call.coach);
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
		rooms_say(&peers[i], JOIN);
		rooms_expect(&peers[i], DISCOVERY(""));
		world->event_count = 0;
	}
	assert_int_equal(tc_rooms_counts(world->rooms).rooms, 500);
	for (int i = 0; i < 500; i++) {
		rooms_say(&peers[i], "{\"type\":\"leave\"}");
		world->event_count = 0;
		rooms_expect_nothing(&peers[i]);
		rooms_detach(&peers[i]);
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
		if (tc_rooms_create(&world->rooms, &config, &rooms_sink, &rooms_events, world)) {
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
			rooms_say(peer, JOIN);
			rooms_say(peer,
				  "{\"type\":\"ai_status\",\"status\":\"ready\",\"fromId\":\"x\"}");
			rooms_say(peer, "{\"type\":\"offer\",\"fromId\":\"x\"}");
			tc_rooms_set_orb_state(world->rooms, "room", "ready", "");
		}
		for (int i = 0; i < 6; i++) {
			rooms_detach(&world->peers[i]);
		}
		tc_rooms_destroy(world->rooms);
		free(world);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, rooms_setup, rooms_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_orbs_status_reaches_humans_and_those_who_come_later),
		T(an_orb_alone_may_say_why_it_does_not_answer),
		T(an_orb_state_is_told_once_until_it_changes),
		T(transcripts_reach_the_humans_and_finals_the_store),
		T(of_one_users_waiting_sockets_the_oldest_goes),
		T(sockets_that_left_count_as_waiting_and_go_first),
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
