// SPDX-License-Identifier: Apache-2.0
#include "proto/channel.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "mock/oom.h"

struct seen {
	char objects[16][256];
	size_t count;
	char why[64];
	size_t dropped, dropped_len;
};

static void on_object(void *user, struct tc_json object)
{
	struct seen *seen = user;
	assert_true(seen->count < 16);
	size_t n = object.len < 255 ? object.len : 255;
	memcpy(seen->objects[seen->count], object.at, n);
	seen->objects[seen->count++][n] = '\0';
}

static void on_dropped(void *user, const char *why, size_t len)
{
	struct seen *seen = user;
	strncpy(seen->why, why, sizeof(seen->why) - 1);
	seen->dropped++;
	seen->dropped_len = len;
}

static const struct tc_channel_events events = {on_object, on_dropped};

static void push(struct tc_channel_framer *framer, const char *text)
{
	tc_channel_framer_push(framer, text, strlen(text));
}

static void one_object_a_line_in_order(void **state)
{
	struct seen seen = {0};
	struct tc_channel_framer framer;
	tc_channel_framer_init(&framer, &events, &seen);
	push(&framer, "{\"type\":\"a\"}\n {\"type\":\"b\"} \r\n{\"type\":");
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.objects[0], "{\"type\":\"a\"}");
	assert_string_equal(seen.objects[1], "{\"type\":\"b\"}");
	assert_int_equal(seen.dropped, 0);
	tc_channel_framer_finish(&framer);
}

static void half_lines_are_kept_byte_by_byte(void **state)
{
	static const char text[] = "{\"type\":\"x\",\"t\":\"h\xc3\xa9\"}\n{\"b\":1}\n";
	struct seen seen = {0};
	struct tc_channel_framer framer;
	tc_channel_framer_init(&framer, &events, &seen);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		tc_channel_framer_push(&framer, text + i, 1);
	}
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.objects[0], "{\"type\":\"x\",\"t\":\"h\xc3\xa9\"}");
	assert_string_equal(seen.objects[1], "{\"b\":1}");
	tc_channel_framer_finish(&framer);
}

static void a_line_that_is_no_object_is_dropped_and_the_stream_goes_on(void **state)
{
	static const char *const bad[] = {"[1]\n",   "12\n",    "\n",     "{\"a\":\n",
					  "hello\n", "{} {}\n", "\"x\"\n"};
	struct seen seen = {0};
	struct tc_channel_framer framer;
	tc_channel_framer_init(&framer, &events, &seen);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		push(&framer, bad[i]);
		assert_int_equal(seen.dropped, i + 1);
		assert_int_equal(seen.dropped_len, strlen(bad[i]) - 1);
	}
	assert_int_equal(seen.count, 0);
	push(&framer, "{\"ok\":1}\n");
	assert_int_equal(seen.count, 1);
	tc_channel_framer_finish(&framer);
}

static void objects_of_node_itself_are_ignored(void **state)
{
	struct seen seen = {0};
	struct tc_channel_framer framer;
	tc_channel_framer_init(&framer, &events, &seen);
	push(&framer, "{\"cmd\":\"NODE_HANDLE_ACK\"}\n{\"cmd\":\"NODE_\"}\n");
	assert_int_equal(seen.count, 0);
	assert_int_equal(seen.dropped, 0);
	push(&framer,
	     "{\"cmd\":\"NODE\"}\n{\"cmd\":7}\n{\"cmd\":\"\"}\n{\"x\":{\"cmd\":\"NODE_X\"}}\n");
	assert_int_equal(seen.count, 4);
	tc_channel_framer_finish(&framer);
}

/* {"a":"xxx..."} of `len` bytes in pieces, then a newline. */
static void push_long(struct tc_channel_framer *framer, size_t len)
{
	static char piece[65536];
	memset(piece, 'x', sizeof(piece));
	push(framer, "{\"a\":\"");
	for (size_t left = len - 8; left;) {
		size_t n = left < sizeof(piece) ? left : sizeof(piece);
		tc_channel_framer_push(framer, piece, n);
		left -= n;
	}
	push(framer, "\"}\n");
}

static void a_line_of_exactly_8_mib_passes_and_one_byte_more_is_dropped(void **state)
{
	struct seen seen = {0};
	struct tc_channel_framer framer;
	tc_channel_framer_init(&framer, &events, &seen);
	push_long(&framer, TC_CHANNEL_MAX_LINE);
	assert_int_equal(seen.count, 1);
	assert_null(framer.half.data); /* so much is not kept for the next line */
	push_long(&framer, TC_CHANNEL_MAX_LINE + 1);
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.dropped, 1);
	assert_int_equal(seen.dropped_len, TC_CHANNEL_MAX_LINE + 1);
	assert_string_equal(seen.why, "longer than 8 MiB");
	push(&framer, "{\"ok\":1}\n");
	assert_int_equal(seen.count, 2);
	tc_channel_framer_finish(&framer);
}

static void an_endless_line_takes_no_more_memory_than_the_limit(void **state)
{
	static char flood[1 << 20];
	struct seen seen = {0};
	struct tc_channel_framer framer;
	memset(flood, 'y', sizeof(flood));
	tc_channel_framer_init(&framer, &events, &seen);
	for (int i = 0; i < 64; i++) {
		tc_channel_framer_push(&framer, flood, sizeof(flood));
		assert_true(framer.half.cap <= 2 * TC_CHANNEL_MAX_LINE);
	}
	assert_int_equal(seen.dropped, 0); /* said once, at its end */
	push(&framer, "\n");
	assert_int_equal(seen.dropped, 1);
	assert_int_equal(seen.dropped_len, sizeof(flood) * 64);
	tc_channel_framer_finish(&framer);
}

static void a_line_for_which_there_is_no_memory_is_dropped_alone(void **state)
{
	struct seen seen = {0};
	struct tc_channel_framer framer;
	tc_channel_framer_init(&framer, &events, &seen);
	tc_oom_arm(0);
	push(&framer, "{\"half\":");
	assert_true(tc_oom_disarm());
	push(&framer, "1}\n{\"ok\":1}\n");
	assert_int_equal(seen.dropped, 1);
	assert_string_equal(seen.why, "out of memory");
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.objects[0], "{\"ok\":1}");
	tc_channel_framer_finish(&framer);
}

/* --- messages --- */

static struct tc_json json(const char *text)
{
	struct tc_json value;
	assert_int_equal(tc_json_parse(&value, text, strlen(text), NULL), 0);
	return value;
}

static struct tc_channel_message parse(const char *text)
{
	struct tc_channel_message message;
	const char *field = NULL;
	assert_int_equal(tc_channel_parse(&message, json(text), &field), 0);
	assert_null(field);
	return message;
}

static struct tc_channel_message parse_line(struct tc_buf *line)
{
	const char *text = tc_buf_str(line);
	assert_int_equal(line->err, 0);
	assert_int_equal(text[line->len - 1], '\n');
	assert_ptr_equal(strchr(text, '\n'), text + line->len - 1);
	return parse(text);
}

static void every_message_of_the_guide_is_understood(void **state)
{
	struct tc_channel_message m =
		parse("{\"type\":\"orb_ready\",\"roomId\":\"room123\",\"webrtcStatus\":"
		      "\"connected\",\"participants\":[\"coach123\",\"client456\"]}");
	assert_int_equal(m.type, TC_CHANNEL_ORB_READY);
	assert_string_equal(m.room, "room123");
	assert_string_equal(m.status, "connected");
	assert_int_equal(tc_json_type(m.participants), TC_JSON_ARRAY);

	m = parse("{\"type\":\"orb_heartbeat\",\"roomId\":\"room123\",\"timestamp\":1700000000000,"
		  "\"metrics\":{\"cpu\":45,\"memory\":512,\"latency\":78.5}}");
	assert_int_equal(m.type, TC_CHANNEL_ORB_HEARTBEAT);
	assert_int_equal(m.timestamp_ms, 1700000000000);
	assert_true(m.metrics.cpu_percent == 45 && m.metrics.memory_mb == 512);
	assert_true(m.metrics.latency_ms == 78.5);
	assert_true(isnan(m.metrics.loss_percent));
	assert_int_equal(m.metrics.packets_sent, -1);

	m = parse("{\"type\":\"session_summary\",\"roomId\":\"r\",\"sessionId\":\"s1\","
		  "\"clientId\":\"c\",\"summary\":{\"duration\":1}}");
	assert_int_equal(m.type, TC_CHANNEL_SESSION_SUMMARY);
	assert_string_equal(m.session, "s1");
	assert_int_equal(tc_json_type(m.summary), TC_JSON_OBJECT);

	m = parse("{\"type\":\"shutdown_graceful\",\"reason\":\"room_cleanup\"}");
	assert_int_equal(m.type, TC_CHANNEL_SHUTDOWN_GRACEFUL);
	assert_string_equal(m.reason, "room_cleanup");

	m = parse("{\"type\":\"update_participants\",\"participants\":[]}");
	assert_int_equal(m.type, TC_CHANNEL_UPDATE_PARTICIPANTS);
}

static void a_message_may_lack_everything_but_its_type(void **state)
{
	static const enum tc_channel_type types[] = {
		TC_CHANNEL_ORB_READY,         TC_CHANNEL_ORB_HEARTBEAT,
		TC_CHANNEL_ORB_ERROR,         TC_CHANNEL_SESSION_SUMMARY,
		TC_CHANNEL_SHUTDOWN_GRACEFUL, TC_CHANNEL_UPDATE_PARTICIPANTS,
		TC_CHANNEL_RESTORE,
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		char text[64];
		snprintf(text, sizeof(text), "{\"type\":\"%s\"}", tc_channel_type_str(types[i]));
		struct tc_channel_message m = parse(text);
		assert_int_equal(m.type, types[i]);
		assert_string_equal(m.room, "");
		assert_true(isnan(m.metrics.cpu_percent));
	}
	assert_int_equal(parse("{\"type\":\"ws_open\",\"roomId\":7}").type, TC_CHANNEL_OTHER);
	assert_int_equal(parse("{\"type\":\"other\"}").type, TC_CHANNEL_OTHER);
}

static void a_field_of_the_wrong_type_is_named(void **state)
{
	static const struct {
		const char *text, *field;
	} cases[] = {
		{"{}", "type"},
		{"{\"type\":1}", "type"},
		{"{\"type\":\"orb_ready\",\"roomId\":5}", "roomId"},
		{"{\"type\":\"orb_ready\",\"participants\":{}}", "participants"},
		{"{\"type\":\"orb_heartbeat\",\"metrics\":[]}", "metrics"},
		{"{\"type\":\"orb_heartbeat\",\"metrics\":{\"cpu\":\"45\"}}", "cpu"},
		{"{\"type\":\"orb_heartbeat\",\"timestamp\":1e30}", "timestamp"},
		{"{\"type\":\"orb_heartbeat\",\"metrics\":{\"memory\":1e999}}", "memory"},
		{"{\"type\":\"session_summary\",\"summary\":\"x\"}", "summary"},
		{"{\"type\":\"shutdown_graceful\",\"reason\":[]}", "reason"},
		{"{\"type\":\"orb_error\",\"fatal\":1}", "fatal"},
		{"{\"type\":\"restore\",\"utterances\":0}", "utterances"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tc_channel_message m;
		const char *field = "";
		assert_int_equal(tc_channel_parse(&m, json(cases[i].text), &field), -TC_EPARSE);
		assert_string_equal(field, cases[i].field);
	}
}

static void null_counts_as_absent(void **state)
{
	struct tc_channel_message m =
		parse("{\"type\":\"orb_heartbeat\",\"roomId\":null,\"timestamp\":12.75,"
		      "\"metrics\":{\"cpu\":null,\"memory\":3}}");
	assert_string_equal(m.room, "");
	assert_int_equal(m.timestamp_ms, 12);
	assert_true(isnan(m.metrics.cpu_percent));
	assert_true(m.metrics.memory_mb == 3);
}

static void an_error_text_too_long_is_cut(void **state)
{
	char text[2048] = "{\"type\":\"orb_error\",\"error\":\"";
	size_t n = strlen(text);
	memset(text + n, 'e', 1000);
	strcpy(text + n + 1000, "\",\"fatal\":true}");
	struct tc_channel_message m = parse(text);
	assert_int_equal(strlen(m.error), sizeof(m.error) - 1);
	assert_true(m.fatal);
}

static void what_the_orb_writes_the_manager_reads(void **state)
{
	static const char *const ids[] = {"coach1", "client1"};
	struct tc_channel_metrics metrics;
	struct tc_buf line;
	tc_buf_init(&line);
	tc_channel_put_ready(&line, "r1", "connected", ids, 2);
	assert_string_equal(tc_buf_str(&line),
			    "{\"type\":\"orb_ready\",\"roomId\":\"r1\",\"webrtcStatus\":"
			    "\"connected\",\"participants\":[\"coach1\",\"client1\"]}\n");
	assert_int_equal(parse_line(&line).type, TC_CHANNEL_ORB_READY);

	tc_buf_reset(&line);
	tc_channel_metrics_init(&metrics);
	metrics.cpu_percent = 9.5;
	metrics.packets_sent = 7;
	metrics.speaking = true;
	tc_channel_put_heartbeat(&line, "r1", 1700000000123, &metrics);
	assert_string_equal(tc_buf_str(&line),
			    "{\"type\":\"orb_heartbeat\",\"roomId\":\"r1\",\"timestamp\":"
			    "1700000000123,\"metrics\":{\"cpu\":9.5,\"packetsSent\":7,"
			    "\"speaking\":true}}\n");
	struct tc_channel_message m = parse_line(&line);
	assert_true(m.metrics.cpu_percent == 9.5 && m.metrics.speaking);
	assert_int_equal(m.metrics.packets_sent, 7);

	tc_buf_reset(&line);
	tc_channel_put_error(&line, "r1", "no \"model\"\n", true);
	m = parse_line(&line);
	assert_string_equal(m.error, "no \"model\"\n");
	assert_true(m.fatal);

	tc_buf_reset(&line);
	const struct tc_channel_utterance said = {"u1", "client1", "I sl\xc3\xa9pt", 10, 900};
	tc_channel_put_utterance(&line, "r1", "s1", &said);
	m = parse_line(&line);
	assert_int_equal(m.type, TC_CHANNEL_UTTERANCE);
	assert_string_equal(m.session, "s1");
	struct tc_channel_utterance read;
	assert_int_equal(tc_channel_utterance_parse(&read, m.json), 0);
	assert_string_equal(read.id, "u1");
	assert_string_equal(read.user_id, "client1");
	assert_string_equal(read.text, said.text);
	assert_int_equal(read.start_ms, 10);
	assert_int_equal(read.end_ms, 900);
	tc_channel_utterance_finish(&read);
	tc_buf_finish(&line);
}

static void a_summary_has_the_fields_of_the_guide(void **state)
{
	static const char text[] = "{\"duration\":1500000,\"progress\":\"Good\"}";
	struct tc_buf line;
	tc_buf_init(&line);
	tc_channel_put_summary(&line, &(struct tc_channel_summary){
					      .room = "r",
					      .session = "s",
					      .client = "c",
					      .summary = {text, sizeof(text) - 1},
				      });
	assert_string_equal(tc_buf_str(&line),
			    "{\"type\":\"session_summary\",\"roomId\":\"r\",\"sessionId\":\"s\","
			    "\"clientId\":\"c\",\"summary\":{\"duration\":1500000,\"progress\":"
			    "\"Good\"}}\n");
	struct tc_channel_message read = parse_line(&line);
	assert_int_equal(read.type, TC_CHANNEL_SESSION_SUMMARY);
	assert_int_equal(read.summary.len, sizeof(text) - 1);
	tc_buf_finish(&line);
}

static void what_the_manager_writes_the_orb_reads(void **state)
{
	static const char *const ids[] = {"a", "b"};
	static const struct tc_channel_utterance said[] = {{"u1", "a", "one", 1, 2},
							   {"u2", "b", "two", 3, 4}};
	struct tc_buf line;
	tc_buf_init(&line);
	tc_channel_put_shutdown(&line, "idle_timeout");
	assert_string_equal(parse_line(&line).reason, "idle_timeout");

	tc_buf_reset(&line);
	tc_channel_put_participants(&line, ids, 2);
	struct tc_json_iter it = tc_json_iter(parse_line(&line).participants);
	assert_true(tc_json_next(&it) && tc_json_str_eq(it.value, "a"));
	assert_true(tc_json_next(&it) && tc_json_str_eq(it.value, "b"));
	assert_false(tc_json_next(&it));

	tc_buf_reset(&line);
	tc_channel_put_restore(&line, "on-call", true, 61000, said, 2);
	struct tc_channel_message m = parse_line(&line);
	assert_string_equal(m.status, "on-call");
	assert_int_equal(m.elapsed_ms, 61000);
	it = tc_json_iter(m.utterances);
	for (int i = 0; i < 2; i++) {
		struct tc_channel_utterance read;
		assert_true(tc_json_next(&it));
		assert_int_equal(tc_channel_utterance_parse(&read, it.value), 0);
		assert_string_equal(read.text, said[i].text);
		assert_int_equal(read.end_ms, said[i].end_ms);
		tc_channel_utterance_finish(&read);
	}
	tc_buf_finish(&line);
}

static void what_watches_and_adopts_comes_through(void **state)
{
	static const int64_t busy[TC_WORKERS] = {0, 12, -1, 70};
	static const char *const ids[] = {"a"};
	struct tc_buf line;
	tc_buf_init(&line);
	tc_channel_put_pong(&line, 7, busy);
	struct tc_channel_message m = parse_line(&line);
	assert_int_equal(m.type, TC_CHANNEL_PONG);
	assert_int_equal(m.ping, 7);
	assert_memory_equal(m.busy_ms, busy, sizeof(busy));

	tc_buf_reset(&line);
	struct tc_channel_adopt adopt = {.room = "r",
					 .session = "s",
					 .coach = "a",
					 .client = "b",
					 .test = true,
					 .pid = 99,
					 .elapsed_ms = 5,
					 .participants = ids,
					 .count = 1};
	tc_channel_put_adopt(&line, &adopt);
	m = parse_line(&line);
	assert_int_equal(m.type, TC_CHANNEL_ADOPT);
	assert_int_equal(m.pid, 99);
	assert_true(m.test);
	assert_string_equal(m.coach, "a");
	assert_string_equal(m.client, "b");
	assert_int_equal(tc_json_type(m.participants), TC_JSON_ARRAY);

	tc_buf_reset(&line);
	tc_channel_put_stored(&line, NULL);
	m = parse_line(&line);
	assert_true(m.summary_stored);
	assert_string_equal(m.utterance, "");

	tc_buf_reset(&line);
	tc_channel_put_adopted(&line, NULL);
	m = parse_line(&line);
	assert_int_equal(m.type, TC_CHANNEL_ADOPTED);
	assert_int_equal(m.token.len, 0);

	tc_buf_reset(&line);
	tc_channel_put_shed(&line, TC_SHED_RECOGNIZER);
	assert_int_equal(parse_line(&line).shed, TC_SHED_RECOGNIZER);
	tc_buf_finish(&line);
}

static void an_utterance_needs_a_speaker_and_a_text(void **state)
{
	static const char *const bad[] = {"{\"userId\":\"a\"}", "{\"text\":\"x\"}",
					  "{\"userId\":1,\"text\":\"x\"}",
					  "{\"userId\":\"a\",\"text\":\"x\\u0000y\"}",
					  "{\"userId\":\"a\",\"text\":\"x\",\"startMs\":\"1\"}"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tc_channel_utterance u;
		assert_int_equal(tc_channel_utterance_parse(&u, json(bad[i])), -TC_EPARSE);
		assert_null(u.text);
	}
}

static void an_utterance_without_memory_says_so_and_leaks_nothing(void **state)
{
	struct tc_json object = json("{\"utteranceId\":\"u\",\"userId\":\"a\",\"text\":\"x\"}");
	int err = 0;
	TC_OOM_LOOP(n)
	{
		struct tc_channel_utterance u;
		err = tc_channel_utterance_parse(&u, object);
		if (!err) {
			tc_channel_utterance_finish(&u);
		} else {
			assert_int_equal(err, -ENOMEM);
		}
	}
	assert_int_equal(err, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_object_a_line_in_order),
		cmocka_unit_test(half_lines_are_kept_byte_by_byte),
		cmocka_unit_test(a_line_that_is_no_object_is_dropped_and_the_stream_goes_on),
		cmocka_unit_test(objects_of_node_itself_are_ignored),
		cmocka_unit_test(a_line_of_exactly_8_mib_passes_and_one_byte_more_is_dropped),
		cmocka_unit_test(an_endless_line_takes_no_more_memory_than_the_limit),
		cmocka_unit_test(a_line_for_which_there_is_no_memory_is_dropped_alone),
		cmocka_unit_test(every_message_of_the_guide_is_understood),
		cmocka_unit_test(a_message_may_lack_everything_but_its_type),
		cmocka_unit_test(a_field_of_the_wrong_type_is_named),
		cmocka_unit_test(null_counts_as_absent),
		cmocka_unit_test(an_error_text_too_long_is_cut),
		cmocka_unit_test(what_the_orb_writes_the_manager_reads),
		cmocka_unit_test(a_summary_has_the_fields_of_the_guide),
		cmocka_unit_test(what_the_manager_writes_the_orb_reads),
		cmocka_unit_test(what_watches_and_adopts_comes_through),
		cmocka_unit_test(an_utterance_needs_a_speaker_and_a_text),
		cmocka_unit_test(an_utterance_without_memory_says_so_and_leaks_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
