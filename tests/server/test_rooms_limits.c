// SPDX-License-Identifier: Apache-2.0
// What one socket may not do, and what becomes of it.
#include "rooms_rig.h"

#include "base/log.h"

static void pings_go_out_and_two_unanswered_are_the_end(void **state)
{
	struct world *world = *state;
	struct peer *dead = rooms_join(world, 0, "coach", TC_ROLE_COACH);
	struct peer *alive = rooms_join(world, 1, "client", TC_ROLE_CLIENT);
	for (int i = 1; i <= 3; i++) {
		rooms_pass(world, 20000);
		assert_int_equal(alive->pings, i);
		tc_rooms_pong(alive->conn);
	}
	assert_int_equal(dead->pings, 2);
	assert_int_not_equal(dead->close_code, 0);
	assert_false(dead->flushed); /* nobody is there to read it */
	assert_int_equal(alive->close_code, 0);
	rooms_pass(world, 10500);
	assert_string_equal(alive->inbox[alive->count - 1], LEFT("coach", "coach", "lost"));
}

static void rubbish_is_named_and_ten_in_a_row_close(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	for (int i = 0; i < 9; i++) {
		rooms_say(call.client, "{");
		rooms_expect_error(call.client, "bad-message", NULL);
	}
	rooms_say(call.client, "{\"type\":\"ping\"}"); /* begins the count anew */
	rooms_expect(call.client, "{\"type\":\"pong\"}");
	for (int i = 0; i < 8; i++) {
		rooms_say(call.client, "{\"type\":\"nonsense\"}");
		rooms_expect_error(call.client, "bad-message", "nonsense");
	}
	tc_rooms_binary(call.client->conn);
	rooms_expect_error(call.client, "bad-message", NULL);
	assert_int_equal(call.client->close_code, 0);
	rooms_say(call.client, "{\"type\":\"join\",\"userId\":1}");
	rooms_expect_error(call.client, "bad-message", "join");
	assert_int_equal(call.client->close_code, 4400);
	rooms_expect_nothing(call.coach);
}

static void a_text_that_is_not_utf8_closes(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	rooms_say(call.coach, "{\"type\":\"offer\",\"x\":\"\xc3\xa9\"} "); /* well-formed */
	assert_int_equal(call.coach->close_code, 0);
	rooms_say(call.coach, "\"\xc3\xa9"); /* no JSON, but UTF-8 */
	rooms_expect_error(call.coach, "bad-message", NULL);
	static const char *const texts[] = {"\xff", "{\"type\":\"\xc3\"}", "\"\xed\xa0\x80\""};
	struct peer *peers[] = {call.coach, call.client, call.orb};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		rooms_say(peers[i], texts[i]);
		assert_int_equal(peers[i]->close_code, 1007);
		assert_true(peers[i]->flushed);
	}
}

static void over_the_rate_messages_are_dropped_then_the_socket(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	for (int i = 0; i < 299; i++) { /* one went for the join */
		rooms_say(call.client, "{\"type\":\"ping\"}");
		rooms_clear(world);
	}
	rooms_say(call.client, "{\"type\":\"offer\",\"toId\":\"coach\"}");
	rooms_expect_error(call.client, "rate-limited", NULL);
	rooms_expect_nothing(call.coach);
	tc_fake_clock_advance_ms(&world->clock, 10); /* one more of a hundred a second */
	rooms_say(call.client, "{\"type\":\"offer\",\"toId\":\"coach\"}");
	assert_int_equal(call.coach->count, 1);
	rooms_clear(world);
	int64_t ms = 0;
	for (; ms < 20000 && !call.client->close_code; ms += 5) {
		tc_fake_clock_advance_ms(&world->clock, 5);
		rooms_say(call.client, "{\"type\":\"ping\"}");
		rooms_clear(world);
	}
	assert_int_equal(call.client->close_code, 4429);
	assert_in_range(ms, 9900, 10100);
}

static void a_calm_second_ends_a_spell_of_overload(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	for (int spell = 0; spell < 4; spell++) {
		for (int i = 0; i < 700; i++) {
			tc_fake_clock_advance_ms(&world->clock, 8);
			rooms_say(call.client, "{\"type\":\"ping\"}");
			rooms_clear(world);
		}
		rooms_pass(world, 1500);
		rooms_clear(world);
	}
	assert_int_equal(call.client->close_code, 0);
}

static void a_slow_reader_is_closed_and_nobody_waits(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	call.client->waiting = 1024 * 1024 + 1;
	rooms_say(call.coach, "{\"type\":\"offer\"}");
	assert_int_equal(call.client->close_code, 4429);
	assert_false(call.client->flushed);
	assert_int_equal(call.orb->count, 1);
	assert_int_equal(call.coach->close_code, 0);
}

static void a_message_over_64_KiB_closes(void **state)
{
	struct world *world = *state;
	struct call call = rooms_call_of_three(world);
	tc_rooms_too_big(call.client->conn);
	assert_int_equal(call.client->close_code, 1009);
	rooms_say(call.client, "{\"type\":\"offer\"}"); /* not heard any more */
	rooms_expect_nothing(call.coach);
}

#define T(test) cmocka_unit_test_setup_teardown(test, rooms_setup, rooms_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(pings_go_out_and_two_unanswered_are_the_end),
		T(rubbish_is_named_and_ten_in_a_row_close),
		T(a_text_that_is_not_utf8_closes),
		T(over_the_rate_messages_are_dropped_then_the_socket),
		T(a_calm_second_ends_a_spell_of_overload),
		T(a_slow_reader_is_closed_and_nobody_waits),
		T(a_message_over_64_KiB_closes),
	};
	tc_log_init("error", TC_LOG_TEXT);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
