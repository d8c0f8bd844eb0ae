// SPDX-License-Identifier: Apache-2.0
#include "proto/signal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

static struct tc_signal parsed(const char *text)
{
	struct tc_signal signal;
	assert_int_equal(tc_signal_parse(&signal, text, strlen(text)), 0);
	return signal;
}

static void every_type_is_known_by_its_word(void **state)
{
	for (int i = TC_SIGNAL_OTHER + 1; i <= TC_SIGNAL_ERROR; i++) {
		char text[64];
		snprintf(text, sizeof(text), "{\"type\":\"%s\"}",
			 tc_signal_type_str((enum tc_signal_type)i));
		assert_int_equal(parsed(text).type, i);
	}
	assert_int_equal(parsed("{\"type\":\"joi\"}").type, TC_SIGNAL_OTHER);
	assert_int_equal(parsed("{\"type\":\"joinx\"}").type, TC_SIGNAL_OTHER);
	assert_int_equal(parsed("{\"ty\\u0070e\":\"jo\\u0069n\"}").type, TC_SIGNAL_JOIN);
}

static void what_is_no_message_is_refused(void **state)
{
	static const char *const bad[] = {"",
					  "{",
					  "[]",
					  "null",
					  "\"join\"",
					  "{}",
					  "{\"type\":1}",
					  "{\"type\":null}",
					  "{\"type\":\"join\"} x",
					  "{\"type\":\"offer\",\"toId\":7}",
					  "{\"type\":\"offer\",\"toId\":{}}",
					  "{\"type\":\"\xff\"}"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tc_signal signal;
		assert_int_equal(tc_signal_parse(&signal, bad[i], strlen(bad[i])), -TC_EPARSE);
	}
}

static void the_target_is_toId_or_the_legacy_targetId(void **state)
{
	assert_true(tc_json_str_eq(parsed("{\"type\":\"offer\",\"toId\":\"a\"}").to, "a"));
	assert_true(tc_json_str_eq(parsed("{\"type\":\"offer\",\"targetId\":\"b\"}").to, "b"));
	struct tc_signal both = parsed("{\"targetId\":\"b\",\"toId\":\"a\",\"type\":\"offer\"}");
	assert_true(tc_json_str_eq(both.to, "a"));
	assert_null(parsed("{\"type\":\"offer\"}").to.at);
	assert_null(parsed("{\"type\":\"offer\",\"toId\":null,\"targetId\":\"\"}").to.at);
}

static void relay_of(const char *text, const char *from, char *out, size_t size)
{
	struct tc_signal signal = parsed(text);
	char prefix[TC_SIGNAL_PREFIX_SIZE];
	size_t prefix_len = from ? tc_signal_prefix(prefix, from) : 0;
	struct tc_buf scratch;
	tc_buf_init(&scratch);
	struct tc_signal_piece pieces[2];
	int count = tc_signal_relay(&signal, from ? prefix : NULL, prefix_len, &scratch, pieces);
	size_t len = 0;
	for (int i = 0; i < count; i++) {
		assert_true(len + pieces[i].len < size);
		memcpy(out + len, pieces[i].data, pieces[i].len);
		len += pieces[i].len;
	}
	out[len] = '\0';
	tc_buf_finish(&scratch);
}

static void relaying_adds_the_true_fromId_and_changes_nothing_else(void **state)
{
	char out[512];
	relay_of("{ \"type\" : \"offer\", \"x\":[1, {\"fromId\":\"deep\"}],\"u\":\"\\u00e9\"}",
		 "me", out, sizeof(out));
	assert_string_equal(out, "{\"fromId\":\"me\", \"type\" : \"offer\", \"x\":[1, "
				 "{\"fromId\":\"deep\"}],\"u\":\"\\u00e9\"}");
	relay_of(" {\"type\":\"offer\"}\n", NULL, out, sizeof(out));
	assert_string_equal(out, "{\"type\":\"offer\"}");
}

static void a_fromId_of_the_senders_is_cut_out_however_spelled(void **state)
{
	static const char *const forged[] = {
		"{\"fromId\":\"x\",\"type\":\"offer\",\"n\":1}",
		"{\"type\":\"offer\",\"fromId\":{\"a\":[\"}\"]},\"n\":1}",
		"{\"type\":\"offer\",\"n\":1,\"fromId\":\"x\"}",
		"{\"fromId\":1,\"type\":\"offer\",\"fromId\":2,\"n\":1,\"fromId\":3}",
		"{\"\\u0066romId\":\"x\",\"type\":\"offer\",\"fr\\u006fmId\":\"y\",\"n\":1}",
		"{ \"fromId\" : \"x\" , \"type\":\"offer\" , \"n\" : 1 }",
	};
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		char out[512];
		relay_of(forged[i], "me", out, sizeof(out));
		assert_string_equal(out, "{\"fromId\":\"me\",\"type\":\"offer\",\"n\":1}");
		relay_of(forged[i], NULL, out, sizeof(out));
		assert_string_equal(out, "{\"type\":\"offer\",\"n\":1}");
	}
}

/* The scanner looks at eight bytes at a time: what ends a string may stand anywhere in them. */
static void a_quote_is_found_at_any_offset(void **state)
{
	for (int before = 0; before < 20; before++) {
		for (int after = 0; after < 20; after++) {
			char text[160], value[64];
			snprintf(text, sizeof(text),
				 "{\"type\":\"offer\",\"k\":\"%.*s\\\"%.*s\",\"toId\":\"t\"}",
				 before, "abcdefghijklmnopqrstuvwxyz", after,
				 "zyxwvutsrqponmlkjihgfedcba");
			struct tc_signal signal = parsed(text);
			assert_true(tc_json_str_eq(signal.to, "t"));
			assert_int_equal(tc_json_get_str(signal.object, "k", value, sizeof(value)),
					 before + 1 + after);
			assert_int_equal(value[before], '"');
			struct tc_signal other;
			char *at = strstr(text, "\\\"");
			at[0] = 'x'; /* now the string ends here, and rubbish follows */
			at[1] = '"';
			if (after > 0) {
				assert_int_equal(tc_signal_parse(&other, text, strlen(text)),
						 -TC_EPARSE);
			}
			at[1] = '\x1f';
			assert_int_equal(tc_signal_parse(&other, text, strlen(text)), -TC_EPARSE);
		}
	}
}

static void both_ends_agree_who_offers(void **state)
{
	assert_true(tc_signal_offers("a", false, "b", false));
	assert_false(tc_signal_offers("b", false, "a", false));
	assert_true(tc_signal_offers("Z", false, "a", false)); /* byte order */
	assert_true(tc_signal_offers("z", false, "a", true));
	assert_false(tc_signal_offers("a", true, "z", false));
	assert_false(tc_signal_offers("a", true, "b", true));
}

static void join_fields_are_read_or_refused(void **state)
{
	struct tc_signal_join join;
	struct tc_signal signal = parsed(
		"{\"type\":\"join\",\"roomId\":\"r\",\"userId\":\"u\",\"userRole\":\"coach\","
		"\"userName\":\"Ann \\u00e9\",\"participantType\":\"human\",\"resume\":true}");
	assert_int_equal(tc_signal_read_join(&signal, &join), 0);
	assert_string_equal(join.room, "r");
	assert_string_equal(join.user_name, "Ann \xc3\xa9");
	assert_int_equal(join.role, TC_ROLE_COACH);
	assert_true(join.has_participant && !join.ai && join.resume);
	signal = parsed("{\"type\":\"join\"}");
	assert_int_equal(tc_signal_read_join(&signal, &join), 0);
	assert_false(join.has_participant || join.resume || join.role);
	static const char *const bad[] = {
		"{\"type\":\"join\",\"userId\":7}",
		"{\"type\":\"join\",\"userRole\":{}}",
		"{\"type\":\"join\",\"participantType\":false}",
		"{\"type\":\"join\",\"resume\":\"yes\"}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		signal = parsed(bad[i]);
		assert_int_equal(tc_signal_read_join(&signal, &join), -EINVAL);
	}
	/* Texts that no identity has: what was proven is another, whatever it is. */
	static const char *const impossible[][2] = {
		{"{\"type\":\"join\",\"userId\":\"a b\"}", "userId"},
		{"{\"type\":\"join\",\"userRole\":\"boss\"}", "userRole"},
		{"{\"type\":\"join\",\"userRole\":\"\"}", "userRole"},
		{"{\"type\":\"join\",\"participantType\":\"cat\"}", "participantType"},
		{"{\"type\":\"join\",\"roomId\":\"\"}", "roomId"},
	};
	for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
		signal = parsed(impossible[i][0]);
		assert_int_equal(tc_signal_read_join(&signal, &join), 0);
		assert_string_equal(join.impossible, impossible[i][1]);
	}
}

static void messages_without_what_they_need_are_named(void **state)
{
	static const char *const bad[] = {
		"{\"type\":\"ai_status\",\"status\":\"dancing\"}",
		"{\"type\":\"ai_status\"}",
		"{\"type\":\"transcript\",\"text\":\"x\"}",
		"{\"type\":\"suggestion\"}",
		"{\"type\":\"orb-control\",\"action\":\"fly\"}",
		"{\"type\":\"orb-control\",\"action\":\"mode\",\"value\":\"loud\"}",
		"{\"type\":\"orb-control\",\"action\":\"say\"}",
		"{\"type\":\"orb-control\",\"action\":\"say\",\"value\":5}",
		"{\"type\":\"orb-control\",\"action\":\"say\",\"value\":null}",
		"{\"type\":\"orb-control\",\"action\":\"say\",\"value\":\"\"}",
		"{\"type\":\"user-joined\"}",
		"{\"type\":\"what\"}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tc_signal signal = parsed(bad[i]);
		assert_non_null(tc_signal_check(&signal));
	}
	static const char *const good[] = {
		"{\"type\":\"ai_status\",\"status\":\"speaking\"}",
		("{\"type\":\"transcript\",\"utteranceId\":\"1\",\"userId\":\"u\",\"text\":\"x\","
		 "\"final\":false,\"startMs\":0,\"endMs\":9007199254740991}"),
		"{\"type\":\"orb-control\",\"action\":\"mode\",\"value\":\"on-call\"}",
		"{\"type\":\"orb-control\",\"action\":\"mute\"}",
		"{\"type\":\"orb-control\",\"action\":\"say\",\"value\":\"hello\"}",
		"{\"type\":\"offer\"}",
		"{\"type\":\"leave\"}",
		"{\"type\":\"pong\"}",
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct tc_signal signal = parsed(good[i]);
		assert_null(tc_signal_check(&signal));
	}
}

static void an_orb_is_told_to_say_what_it_can_take_and_no_more(void **state)
{
	for (int len = TC_SIGNAL_SAY_SIZE - 1; len <= TC_SIGNAL_SAY_SIZE; len++) {
		char text[TC_SIGNAL_SAY_SIZE + 100];
		snprintf(text, sizeof(text),
			 "{\"type\":\"orb-control\",\"action\":\"say\",\"value\":\"%0*d\"}", len,
			 7);
		struct tc_signal signal = parsed(text);
		struct tc_signal_control control;
		bool fits = len < TC_SIGNAL_SAY_SIZE;
		assert_int_equal(tc_signal_check(&signal) == NULL, fits);
		assert_int_equal(tc_signal_read_control(&signal, &control), fits ? 0 : -EINVAL);
		assert_int_equal(strlen(control.value), fits ? len : 0);
	}
}

static void what_is_written_is_read_back(void **state)
{
	struct tc_buf buf;
	tc_buf_init(&buf);
	struct tc_signal_peer peers[2] = {
		{.user_id = "a", .user_name = "A \"q\"", .role = TC_ROLE_COACH},
		{.user_id = "orb", .role = TC_ROLE_AI, .ai = true, .should_create_offer = true}};
	tc_signal_write_discovery(&buf, peers, 2);
	struct tc_signal signal = parsed(tc_buf_str(&buf));
	assert_int_equal(signal.type, TC_SIGNAL_PEER_DISCOVERY);
	int count = 0;
	for (struct tc_json_iter it = tc_signal_peers(&signal); tc_json_next(&it); count++) {
		struct tc_signal_peer peer;
		assert_int_equal(tc_signal_read_peer(it.value, &peer), 0);
		assert_memory_equal(&peer, &peers[count], sizeof(peer));
	}
	assert_int_equal(count, 2);

	tc_buf_reset(&buf);
	tc_signal_write_answer(&buf, "a", "v=0\r\n");
	signal = parsed(tc_buf_str(&buf));
	assert_int_equal(signal.type, TC_SIGNAL_ANSWER);
	assert_true(tc_json_str_eq(signal.to, "a"));
	char *sdp = tc_signal_sdp_dup(&signal);
	assert_string_equal(sdp, "v=0\r\n");
	free(sdp);

	tc_buf_reset(&buf);
	tc_signal_write_candidate(&buf, "a", "candidate:1 1 udp 1 127.0.0.1 9 typ host", "0", 0);
	signal = parsed(tc_buf_str(&buf));
	struct tc_signal_candidate candidate;
	assert_int_equal(tc_signal_read_candidate(&signal, &candidate), 0);
	assert_string_equal(candidate.line, "candidate:1 1 udp 1 127.0.0.1 9 typ host");
	assert_string_equal(candidate.mid, "0");
	assert_int_equal(candidate.mline, 0);

	tc_buf_reset(&buf);
	struct tc_signal refused = parsed("{\"type\":\"ice-candidate\"}");
	tc_signal_write_error(&buf, "bad-message", "why", refused.type_value);
	struct tc_signal error = parsed(tc_buf_str(&buf));
	char word[32];
	assert_true(tc_json_get_str(error.object, "inReplyTo", word, sizeof(word)) > 0);
	assert_string_equal(word, "ice-candidate");
	tc_buf_finish(&buf);
}

static void candidates_come_in_several_shapes(void **state)
{
	struct tc_signal_candidate candidate;
	struct tc_signal signal = parsed("{\"type\":\"ice-candidate\",\"candidate\":null}");
	assert_int_equal(tc_signal_read_candidate(&signal, &candidate), 0);
	assert_string_equal(candidate.line, "");
	signal = parsed("{\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":\"\","
			"\"sdpMid\":null}}");
	assert_int_equal(tc_signal_read_candidate(&signal, &candidate), 0);
	assert_int_equal(candidate.mline, -1);
	signal = parsed(
		"{\"type\":\"ice-candidate\",\"candidate\":\"candidate:x\",\"sdpMid\":\"1\"}");
	assert_int_equal(tc_signal_read_candidate(&signal, &candidate), 0);
	assert_string_equal(candidate.line, "candidate:x");
	assert_string_equal(candidate.mid, "1");
	signal = parsed("{\"type\":\"ice-candidate\"}");
	assert_int_equal(tc_signal_read_candidate(&signal, &candidate), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_known_by_its_word),
		cmocka_unit_test(what_is_no_message_is_refused),
		cmocka_unit_test(the_target_is_toId_or_the_legacy_targetId),
		cmocka_unit_test(relaying_adds_the_true_fromId_and_changes_nothing_else),
		cmocka_unit_test(a_fromId_of_the_senders_is_cut_out_however_spelled),
		cmocka_unit_test(a_quote_is_found_at_any_offset),
		cmocka_unit_test(both_ends_agree_who_offers),
		cmocka_unit_test(join_fields_are_read_or_refused),
		cmocka_unit_test(messages_without_what_they_need_are_named),
		cmocka_unit_test(an_orb_is_told_to_say_what_it_can_take_and_no_more),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(candidates_come_in_several_shapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
