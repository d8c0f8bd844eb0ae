// SPDX-License-Identifier: Apache-2.0
/* The examples of docs/protocol (tests/data/signal, tests/data/channel): what a file says is what
 * our readers take, our writers write and the relay makes of it. Whitespace between tokens is free.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/channel.h"
#include "proto/signal.h"

#define FILE_MAX 8192

static size_t read_file(const char *name, char out[FILE_MAX])
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", DATA_DIR, name);
	FILE *file = fopen(path, "re");
	if (!file) {
		fail_msg("%s cannot be opened", path);
	}
	size_t len = fread(out, 1, FILE_MAX - 1, file);
	fclose(file);
	assert_in_range(len, 2, FILE_MAX - 2);
	out[len] = '\0';
	return len;
}

/* Drops whitespace outside of strings, in place. */
static void compact(char *text)
{
	char *to = text;
	bool inside = false;
	for (const char *p = text; *p; p++) {
		if (*p == '"') {
			inside = !inside;
		} else if (inside && *p == '\\') {
			*to++ = *p++;
		} else if (!inside && strchr(" \n", *p)) {
			continue;
		}
		*to++ = *p;
	}
	*to = '\0';
}

/* Empties the buffer. */
static void assert_is_example(struct tc_buf *made, const char *name)
{
	char expected[FILE_MAX], got[FILE_MAX];
	read_file(name, expected);
	compact(expected);
	assert_int_equal(made->err, 0);
	snprintf(got, sizeof(got), "%s", tc_buf_str(made));
	compact(got);
	assert_string_equal(got, expected);
	tc_buf_reset(made);
}

/* "orb-control-mode.json" is of type orb-control: the file's name begins with its type. */
static void assert_named_after(const char *file, const char *type)
{
	size_t len = strlen(type);
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(file[i], type[i] == '_' ? '-' : type[i]);
	}
	assert_true(file[len] == '.' || file[len] == '-');
}

static int each_file(const char *folder,
		     void (*check)(const char *file, const char *text, size_t len))
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", DATA_DIR, folder);
	DIR *dir = opendir(path);
	assert_non_null(dir);
	int count = 0;
	for (struct dirent *entry; (entry = readdir(dir));) {
		char name[512], text[FILE_MAX];
		if (strstr(entry->d_name, ".json")) {
			snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
			check(entry->d_name, text, read_file(name, text));
			count++;
		}
	}
	closedir(dir);
	return count;
}

/* --- signaling --- */

static void check_signal(const char *file, const char *text, size_t len)
{
	struct tc_signal signal;
	assert_int_equal(tc_signal_parse(&signal, text, len), 0);
	if (signal.type == TC_SIGNAL_OTHER) {
		fail_msg("%s: unknown type", file);
	}
	assert_named_after(file, tc_signal_type_str(signal.type));
}

static void check_to_server(const char *file, const char *text, size_t len)
{
	struct tc_signal signal;
	struct tc_signal_join join;
	check_signal(file, text, len);
	tc_signal_parse(&signal, text, len);
	if (tc_signal_check(&signal)) {
		fail_msg("%s: %s", file, tc_signal_check(&signal));
	}
	if (signal.type == TC_SIGNAL_JOIN) {
		assert_int_equal(tc_signal_read_join(&signal, &join), 0);
		assert_string_equal(join.room, "demo");
		assert_int_equal(join.resume, strcmp(file, "join-resume.json") == 0);
	}
}

static void the_server_takes_every_example_of_a_peer(void **state)
{
	assert_true(each_file("signal/to-server", check_to_server) >= 10);
}

/* The others are for the page alone: messages that only the server sends. */
static void check_refused(const char *file, const char *text, size_t len)
{
	struct tc_signal signal;
	if (strncmp(file, "transcript", strlen("transcript")) == 0) {
		assert_int_equal(tc_signal_parse(&signal, text, len), 0);
		if (!tc_signal_check(&signal)) {
			fail_msg("%s: the server takes what a page drops", file);
		}
	}
}

static void the_server_refuses_the_transcripts_that_a_page_would_drop(void **state)
{
	assert_true(each_file("signal/refused", check_refused) >= 10);
}

static void every_example_of_the_server_has_a_known_type(void **state)
{
	assert_true(each_file("signal/from-server", check_signal) >= 10);
	assert_true(each_file("signal/to-orb", check_signal) >= 1);
}

static void relaying_makes_the_one_example_of_the_other(void **state)
{
	static const struct {
		const char *sent, *got, *from;
	} cases[] = {
		{"to-server/offer.json", "from-server/offer.json", "client-1"},
		{"to-server/answer.json", "from-server/answer.json", "ai-orb-s1"},
		{"to-server/ice-candidate.json", "from-server/ice-candidate.json", "ai-orb-s1"},
		{"to-server/ice-candidate-end.json", "from-server/ice-candidate-end.json",
		 "ai-orb-s1"},
		{"to-server/renegotiate.json", "from-server/renegotiate.json", "coach-1"},
		{"to-server/ai-status.json", "from-server/ai-status.json", "ai-orb-s1"},
		{"to-server/orb-control-mode.json", "to-orb/orb-control-mode.json", "coach-1"},
		{"to-server/transcript-partial.json", "from-server/transcript-partial.json", NULL},
		{"to-server/transcript-final.json", "from-server/transcript-final.json", NULL},
		{"to-server/suggestion.json", "from-server/suggestion.json", NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[128], text[FILE_MAX], prefix[TC_SIGNAL_PREFIX_SIZE];
		snprintf(name, sizeof(name), "signal/%s", cases[i].sent);
		size_t len = read_file(name, text);
		struct tc_signal signal;
		assert_int_equal(tc_signal_parse(&signal, text, len), 0);
		size_t prefix_len = cases[i].from ? tc_signal_prefix(prefix, cases[i].from) : 0;
		struct tc_buf scratch, made;
		struct tc_signal_piece pieces[2];
		tc_buf_init(&scratch);
		tc_buf_init(&made);
		int count = tc_signal_relay(&signal, cases[i].from ? prefix : NULL, prefix_len,
					    &scratch, pieces);
		for (int k = 0; k < count; k++) {
			tc_buf_put(&made, pieces[k].data, pieces[k].len);
		}
		snprintf(name, sizeof(name), "signal/%s", cases[i].got);
		assert_is_example(&made, name);
		tc_buf_finish(&made);
		tc_buf_finish(&scratch);
	}
}

static const struct tc_signal_peer coach = {
	.user_id = "coach-1", .user_name = "Clara Coach", .role = TC_ROLE_COACH};
static const struct tc_signal_peer client = {
	.user_id = "client-1", .user_name = "Sam Client", .role = TC_ROLE_CLIENT};
static const struct tc_signal_peer orb = {
	.user_id = "ai-orb-s1", .user_name = "Orb", .role = TC_ROLE_AI, .ai = true};

static struct tc_signal_peer as_seen_by(struct tc_signal_peer peer,
					const struct tc_signal_peer *reader)
{
	peer.should_create_offer =
		tc_signal_offers(reader->user_id, reader->ai, peer.user_id, peer.ai);
	return peer;
}

static void the_server_writes_its_examples(void **state)
{
	struct tc_buf buf;
	tc_buf_init(&buf);
	struct tc_signal_peer present[] = {as_seen_by(coach, &client), as_seen_by(orb, &client)};
	tc_signal_write_discovery(&buf, present, 2);
	assert_is_example(&buf, "signal/from-server/peer-discovery.json");
	tc_signal_write_discovery(&buf, NULL, 0);
	assert_is_example(&buf, "signal/from-server/peer-discovery-empty.json");
	struct tc_signal_peer newcomer = as_seen_by(client, &coach);
	tc_signal_write_user_joined(&buf, &newcomer);
	assert_is_example(&buf, "signal/from-server/user-joined.json");
	newcomer = as_seen_by(orb, &coach);
	tc_signal_write_user_joined(&buf, &newcomer);
	assert_is_example(&buf, "signal/from-server/user-joined-orb.json");
	tc_signal_write_user_left(&buf, "client-1", TC_ROLE_CLIENT, "left");
	assert_is_example(&buf, "signal/from-server/user-left.json");
	tc_signal_write_orb_state(&buf, "full", "all 8 places are taken");
	assert_is_example(&buf, "signal/from-server/orb-state.json");
	tc_signal_write_session_ended(&buf, "idle_timeout");
	assert_is_example(&buf, "signal/from-server/session-ended.json");
	tc_signal_write_bare(&buf, TC_SIGNAL_PONG);
	assert_is_example(&buf, "signal/from-server/pong.json");
	static const char offer[] = "{\"type\":\"offer\"}";
	struct tc_signal refused;
	assert_int_equal(tc_signal_parse(&refused, offer, sizeof(offer) - 1), 0);
	tc_signal_write_error(&buf, "unknown-peer", "nobody of this id is in the room",
			      refused.type_value);
	assert_is_example(&buf, "signal/from-server/error.json");
	tc_buf_finish(&buf);
}

static void a_peer_writes_its_examples(void **state)
{
	struct tc_buf buf;
	tc_buf_init(&buf);
	struct tc_signal_join join = {.room = "demo",
				      .user_id = "ai-orb-s1",
				      .user_name = "Orb",
				      .role = TC_ROLE_AI,
				      .ai = true};
	tc_signal_write_join(&buf, &join);
	assert_is_example(&buf, "signal/to-server/join-orb.json");
	tc_signal_write_answer(&buf, "client-1", "v=0\r\n");
	assert_is_example(&buf, "signal/to-server/answer.json");
	tc_signal_write_candidate(&buf, "client-1",
				  "candidate:1 1 UDP 2015363327 192.0.2.4 40000 typ host", "0", 0);
	assert_is_example(&buf, "signal/to-server/ice-candidate.json");
	tc_signal_write_candidate(&buf, "client-1", NULL, "0", 0);
	assert_is_example(&buf, "signal/to-server/ice-candidate-end.json");
	tc_signal_write_ai_status(&buf, "listening", false, "s1");
	assert_is_example(&buf, "signal/to-server/ai-status.json");
	struct tc_signal_transcript words = {.utterance_id = "k2m4-7",
					     .user_id = "client-1",
					     .text = "so when i breathe",
					     .final = true,
					     .start_ms = 70000,
					     .end_ms = 71500};
	tc_signal_write_transcript(&buf, &words);
	assert_is_example(&buf, "signal/to-server/transcript-final.json");
	tc_signal_write_bare(&buf, TC_SIGNAL_LEAVE);
	assert_is_example(&buf, "signal/to-server/leave.json");
	tc_signal_write_bare(&buf, TC_SIGNAL_PING);
	assert_is_example(&buf, "signal/to-server/ping.json");
	tc_buf_finish(&buf);
}

/* --- the orb's channel --- */

static void check_channel(const char *file, const char *text, size_t len)
{
	struct tc_json object;
	struct tc_channel_message message;
	const char *field = NULL;
	assert_int_equal(tc_json_parse(&object, text, len, NULL), 0);
	if (tc_channel_parse(&message, object, &field)) {
		fail_msg("%s: bad %s", file, field);
	}
	assert_int_not_equal(message.type, TC_CHANNEL_OTHER);
	assert_named_after(file, tc_channel_type_str(message.type));
	if (message.type == TC_CHANNEL_UTTERANCE) {
		struct tc_channel_utterance utterance;
		assert_int_equal(tc_channel_utterance_parse(&utterance, object), 0);
		tc_channel_utterance_finish(&utterance);
	}
}

static void both_ends_of_the_channel_read_every_example(void **state)
{
	assert_true(each_file("channel/to-manager", check_channel) >= 5);
	assert_true(each_file("channel/to-orb", check_channel) >= 3);
}

static void both_ends_of_the_channel_write_their_examples(void **state)
{
	static const char *const ids[] = {"coach-1", "client-1"};
	static const struct tc_channel_utterance said = {"k2m4-7", "client-1", "so when i breathe",
							 70000, 71500};
	struct tc_buf line;
	tc_buf_init(&line);
	tc_channel_put_ready(&line, "demo", "ready", ids, 2);
	assert_is_example(&line, "channel/to-manager/orb-ready.json");
	struct tc_channel_metrics metrics = {.cpu_percent = 9.5,
					     .memory_mb = 41.25,
					     .latency_ms = 14.5,
					     .chosen_ms = 2.25,
					     .answers = 3,
					     .sound_lost_ms = 0,
					     .loss_percent = 0.5,
					     .jitter_ms = 1.5,
					     .packets_sent = 5210,
					     .packets_received = 2604,
					     .speaking = true};
	tc_channel_put_heartbeat(&line, "demo", 1795460400000, &metrics);
	assert_is_example(&line, "channel/to-manager/orb-heartbeat.json");
	tc_channel_put_error(&line, "demo", "the acoustic model cannot be read", true);
	assert_is_example(&line, "channel/to-manager/orb-error.json");
	tc_channel_put_utterance(&line, "demo", "s1", &said);
	assert_is_example(&line, "channel/to-manager/utterance.json");
	static const char text[] =
		"{\"duration\":1500000,\"keyTopics\":[\"sleep\",\"breathing\"],"
		"\"progress\":\"The client named one step.\",\"recommendations\":"
		"\"Ask how the breathing exercise felt and whether to repeat it.\","
		"\"transcript\":[{\"userId\":\"client-1\",\"text\":\"so when i breathe\","
		"\"startMs\":70000,\"endMs\":71500}]}";
	struct tc_channel_summary summary = {.room = "demo",
					     .session = "s1",
					     .client = "client-1",
					     .summary = {text, sizeof(text) - 1}};
	tc_channel_put_summary(&line, &summary);
	assert_is_example(&line, "channel/to-manager/session-summary.json");
	tc_channel_put_shutdown(&line, "room_cleanup");
	assert_is_example(&line, "channel/to-orb/shutdown-graceful.json");
	tc_channel_put_participants(&line, ids, 2);
	assert_is_example(&line, "channel/to-orb/update-participants.json");
	tc_channel_put_restore(&line, "on-call", true, 61000, &said, 1);
	assert_is_example(&line, "channel/to-orb/restore.json");
	static const int64_t busy[TC_WORKERS] = {[TC_WORKER_VIDEO] = 12};
	tc_channel_put_pong(&line, 41, busy);
	assert_is_example(&line, "channel/to-manager/pong.json");
	struct tc_channel_adopt adopt = {.room = "demo",
					 .session = "s1",
					 .coach = "coach-1",
					 .client = "client-1",
					 .pid = 4711,
					 .elapsed_ms = 61000,
					 .participants = ids,
					 .count = 2};
	tc_channel_put_adopt(&line, &adopt);
	assert_is_example(&line, "channel/to-manager/adopt.json");
	tc_channel_put_ping(&line, 41);
	assert_is_example(&line, "channel/to-orb/ping.json");
	tc_channel_put_stored(&line, "k2m4-7");
	assert_is_example(&line, "channel/to-orb/stored.json");
	tc_channel_put_shed(&line, TC_SHED_PICTURE);
	assert_is_example(&line, "channel/to-orb/shed.json");
	tc_channel_put_adopted(&line, "eyJhbGciOiJIUzI1NiJ9.e30.c2ln");
	assert_is_example(&line, "channel/to-orb/adopted.json");
	tc_buf_finish(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_server_takes_every_example_of_a_peer),
		cmocka_unit_test(the_server_refuses_the_transcripts_that_a_page_would_drop),
		cmocka_unit_test(every_example_of_the_server_has_a_known_type),
		cmocka_unit_test(relaying_makes_the_one_example_of_the_other),
		cmocka_unit_test(the_server_writes_its_examples),
		cmocka_unit_test(a_peer_writes_its_examples),
		cmocka_unit_test(both_ends_of_the_channel_read_every_example),
		cmocka_unit_test(both_ends_of_the_channel_write_their_examples),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
