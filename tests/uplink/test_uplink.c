// SPDX-License-Identifier: Apache-2.0
/* The signaling connection: its parts by themselves, and all of it against a server that accepts,
 * refuses, breaks off and cuts its messages into pieces. */
#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "mock/resolver.h"
#include "mock/ws_server.h"
#include "uplink/uplink_priv.h"

#define DEADLINE_MS 60000
#define DISCOVERY   "{\"type\":\"peer-discovery\",\"peers\":[]}"

/* --- parts --- */

static void the_wait_doubles_up_to_its_bound_and_is_spread(void **state)
{
	int64_t backoff = TC_UPLINK_BACKOFF_MS;
	assert_int_equal(tc_uplink_backoff(&backoff, 0), TC_UPLINK_BACKOFF_MS * 3 / 4);
	assert_int_equal(backoff, 2 * TC_UPLINK_BACKOFF_MS);
	for (int i = 0; i < 20; i++) {
		int64_t before = backoff;
		int64_t wait = tc_uplink_backoff(&backoff, 255);
		assert_in_range(wait, before * 5 / 4 - before / 64, before * 5 / 4);
		assert_true(backoff <= TC_UPLINK_BACKOFF_MAX_MS);
	}
	assert_int_equal(backoff, TC_UPLINK_BACKOFF_MAX_MS);
}

static void only_some_close_codes_are_final(void **state)
{
	const unsigned final[] = {4000, 4403, 4409}, passing[] = {0, 1000, 1001, 1006, 4408, 4429};
	for (size_t i = 0; i < 3; i++) {
		assert_true(tc_uplink_final_code(final[i]));
	}
	for (size_t i = 0; i < 6; i++) {
		assert_false(tc_uplink_final_code(passing[i]));
	}
}

static void a_full_outbox_loses_its_oldest(void **state)
{
	struct uplink_outbox box = {0};
	char text[16];
	for (int i = 0; i < TC_UPLINK_QUEUE_MAX + 3; i++) {
		int len = snprintf(text, sizeof(text), "%d", i);
		int err = tc_uplink_outbox_append(&box, text, (size_t)len);
		assert_int_equal(err, i >= TC_UPLINK_QUEUE_MAX);
	}
	assert_int_equal(box.count, TC_UPLINK_QUEUE_MAX);
	assert_memory_equal(box.first->text, "3", 1);
	assert_int_equal(tc_uplink_outbox_prepend(&box, "join", 4), 0);
	assert_memory_equal(box.first->text, "join", 4);
	for (size_t n = box.count; n > 0; n--) {
		tc_uplink_outbox_drop_first(&box);
	}
	assert_null(box.first);
	assert_null(box.last);
	assert_int_equal(tc_uplink_outbox_prepend(&box, "a", 1), 0);
	assert_int_equal(tc_uplink_outbox_append(&box, "b", 1), 0);
	assert_memory_equal(box.first->next->text, "b", 1);
	tc_uplink_outbox_finish(&box);
}

static void pieces_become_one_message_up_to_a_bound(void **state)
{
	struct uplink_inbox box = {0};
	const char *text;
	assert_int_equal(tc_uplink_inbox_add(&box, "{\"a\"", 4), 0);
	assert_int_equal(tc_uplink_inbox_add(&box, "", 0), 0);
	assert_int_equal(tc_uplink_inbox_add(&box, ":1}", 3), 0);
	assert_int_equal(tc_uplink_inbox_take(&box, &text), 7);
	assert_memory_equal(text, "{\"a\":1}", 7);
	assert_int_equal(tc_uplink_inbox_take(&box, &text), 0);
	char *big = calloc(1, TC_UPLINK_RX_MAX);
	assert_int_equal(tc_uplink_inbox_add(&box, big, TC_UPLINK_RX_MAX), 0);
	assert_int_equal(tc_uplink_inbox_add(&box, big, 1), -EMSGSIZE);
	free(big);
	tc_uplink_inbox_finish(&box);
}

static void urls_are_read_and_bad_ones_refused(void **state)
{
	const struct {
		const char *url, *host, *path;
		int port;
		bool tls;
	} good[] = {
		{"ws://h:81", "h", "/ws-simple/r", 81, false},
		{"ws://h", "h", "/ws-simple/r", 80, false},
		{"wss://a.example", "a.example", "/ws-simple/r", 443, true},
		{"wss://a.example:8443/orb/T//", "a.example", "/orb/T/ws-simple/r", 8443, true},
		{"ws://[::1]:99/", "::1", "/ws-simple/r", 99, false},
		{"ws://[fe80::2]", "fe80::2", "/ws-simple/r", 80, false},
	};
	const char *const bad[] = {"http://h",
				   "ws://",
				   "ws://:80",
				   "ws://h:",
				   "ws://h:0",
				   "ws://[]:80",
				   "ws://h:65536",
				   "ws://h:8x",
				   "ws://h:99999999999999999999",
				   ""};
	struct uplink_url url;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(tc_uplink_url_parse(&url, good[i].url, "r"), 0);
		assert_true(tc_uplink_url_ok(good[i].url));
		assert_string_equal(url.host, good[i].host);
		assert_string_equal(url.path, good[i].path);
		assert_int_equal(url.port, good[i].port);
		assert_int_equal(url.tls, good[i].tls);
		tc_uplink_url_finish(&url);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(tc_uplink_url_parse(&url, bad[i], "r"), -EINVAL);
		assert_false(tc_uplink_url_ok(bad[i]));
	}
}

/* --- the whole, against a server --- */

struct fixture {
	struct tc_loop *loop;
	struct tc_ws_server *server;
	struct tc_uplink *up;
	struct tc_timer *tick;
	int opened, joins, resumes, texts, gone;
	char request[2048], last[256];
	int joined, again, messages, failed, left;
	bool unreachable;
	char type[64], why[256];
	size_t message_len;
};

static void on_opened(void *user, const char *request)
{
	struct fixture *f = user;
	f->opened++;
	snprintf(f->request, sizeof(f->request), "%s", request);
}

static void on_text(void *user, const char *text, size_t len)
{
	struct fixture *f = user;
	if (strstr(text, "\"join\"")) {
		f->joins++;
		f->resumes += strstr(text, "\"resume\":true") != NULL;
	} else {
		f->texts++;
	}
	snprintf(f->last, sizeof(f->last), "%s", text);
}

static void on_gone(void *user)
{
	((struct fixture *)user)->gone++;
}

static void on_joined(void *user, struct tc_json message, bool again)
{
	struct fixture *f = user;
	f->joined++;
	f->again += again;
}

static void on_message(void *user, const char *type, struct tc_json message)
{
	struct fixture *f = user;
	f->messages++;
	f->message_len = message.len;
	snprintf(f->type, sizeof(f->type), "%s", type);
}

static void on_failed(void *user, const char *why, bool unreachable)
{
	struct fixture *f = user;
	f->failed++;
	f->unreachable = unreachable;
	snprintf(f->why, sizeof(f->why), "%s", why);
}

static void on_left(void *user)
{
	((struct fixture *)user)->left++;
}

static void on_tick(void *user)
{
}

static int setup(void **state)
{
	static const struct tc_ws_server_events events = {on_opened, on_text, on_gone};
	struct fixture *f = calloc(1, sizeof(*f));
	assert_int_equal(tc_loop_create(&f->loop), 0);
	f->tick = tc_loop_timer(f->loop, 20, true, on_tick, f); /* a blocked turn ends */
	f->server = tc_ws_server_create(f->loop, &events, f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	tc_uplink_destroy(f->up);
	tc_ws_server_destroy(f->server);
	tc_timer_cancel(f->tick);
	tc_loop_destroy(f->loop);
	free(f);
	return 0;
}

static void start(struct fixture *f, const char *host)
{
	static const struct tc_uplink_events events = {on_joined, on_message, on_failed};
	char url[128];
	snprintf(url, sizeof(url), "ws://%s:%d", host, tc_ws_server_port(f->server));
	struct tc_uplink_config config = {.loop = f->loop,
					  .url = url,
					  .token = "T0",
					  .room = "r",
					  .user_id = "orb",
					  .user_name = "Orb",
					  .role = "ai",
					  .participant_type = "ai"};
	assert_int_equal(tc_uplink_create(&f->up, &config, &events, f), 0);
}

/* Turns the loop until `count` is `wanted`. */
static void until(struct fixture *f, const int *count, int wanted)
{
	int64_t end = tc_clock_ms(tc_clock_system()) + DEADLINE_MS;
	while (*count < wanted) {
		assert_true(tc_clock_ms(tc_clock_system()) < end);
		tc_loop_turn(f->loop, true);
	}
	assert_int_equal(*count, wanted);
}

static void join(struct fixture *f)
{
	until(f, &f->joins, f->joins + 1);
	tc_ws_server_send(f->server, DISCOVERY, strlen(DISCOVERY), 1);
	until(f, &f->joined, f->joined + 1);
}

static void it_joins_with_its_token_and_then_says_what_waited(void **state)
{
	struct fixture *f = *state;
	start(f, "127.0.0.1");
	tc_uplink_send(f->up, "{\"type\":\"ai_status\"}", 20);
	until(f, &f->joins, 1);
	assert_non_null(strstr(f->request, "GET /ws-simple/r "));
	assert_non_null(strcasestr(f->request, "authorization: Bearer T0\r\n"));
	for (int i = 0; i < 5; i++) {
		tc_loop_turn(f->loop, true);
	}
	assert_int_equal(f->texts, 0); /* not before we are let in */
	assert_false(tc_uplink_up(f->up));
	tc_ws_server_send(f->server, DISCOVERY, strlen(DISCOVERY), 1);
	until(f, &f->texts, 1);
	assert_string_equal(f->last, "{\"type\":\"ai_status\"}");
	assert_int_equal(f->joined, 1);
	assert_int_equal(f->again, 0);
	assert_true(tc_uplink_up(f->up));
}

static void a_person_comes_with_the_cookie_of_a_browser(void **state)
{
	static const struct tc_uplink_events events = {on_joined, on_message, on_failed};
	struct fixture *f = *state;
	char url[128];
	snprintf(url, sizeof(url), "ws://127.0.0.1:%d", tc_ws_server_port(f->server));
	struct tc_uplink_config config = {.loop = f->loop,
					  .url = url,
					  .cookie = "tricall_session=S",
					  .room = "r",
					  .user_id = "u1",
					  .user_name = "Ann",
					  .role = "coach"};
	assert_int_equal(tc_uplink_create(&f->up, &config, &events, f), 0);
	until(f, &f->joins, 1);
	assert_non_null(strcasestr(f->request, "cookie: tricall_session=S\r\n"));
	assert_null(strcasestr(f->request, "authorization:"));
	assert_non_null(strstr(f->last, "\"userRole\":\"coach\""));
	assert_non_null(strstr(f->last, "\"participantType\":\"human\""));
}

static void a_server_nobody_reaches_is_given_up_after_the_first_tries(void **state)
{
	static const struct tc_uplink_events events = {on_joined, on_message, on_failed};
	struct fixture *f = *state;
	struct tc_uplink_config config = {.loop = f->loop,
					  .url = "ws://127.0.0.1:1",
					  .room = "r",
					  .user_id = "u1",
					  .user_name = "Ann",
					  .role = "coach",
					  .first_tries_ms = 1};
	assert_int_equal(tc_uplink_create(&f->up, &config, &events, f), 0);
	until(f, &f->failed, 1);
	assert_true(f->unreachable);
}

static void a_server_that_says_nothing_is_given_up_by_the_clock(void **state)
{
	static const struct tc_uplink_events events = {on_joined, on_message, on_failed};
	struct fixture *f = *state;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);
	int deaf = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(deaf, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(deaf, 8), 0);
	assert_int_equal(getsockname(deaf, (struct sockaddr *)&at, &len), 0);
	char url[128];
	snprintf(url, sizeof(url), "ws://127.0.0.1:%d", ntohs(at.sin_port));
	struct tc_uplink_config config = {.loop = f->loop,
					  .url = url,
					  .room = "r",
					  .user_id = "u1",
					  .user_name = "Ann",
					  .role = "coach",
					  .first_tries_ms = 200};
	int64_t began = tc_clock_ms(tc_clock_system());
	assert_int_equal(tc_uplink_create(&f->up, &config, &events, f), 0);
	until(f, &f->failed, 1);
	assert_true(f->unreachable);
	assert_in_range(tc_clock_ms(tc_clock_system()) - began, 200, 19000); /* lws: 20 s */
	close(deaf);
}

static void a_message_in_pieces_comes_as_one(void **state)
{
	struct fixture *f = *state;
	start(f, "127.0.0.1");
	join(f);
	size_t len = 60000;
	char *text = malloc(len);
	memset(text, ' ', len);
	memcpy(text, "{\"type\":\"offer\",\"x\":1", 21);
	text[len - 1] = '}';
	for (size_t pieces = 1; pieces <= 3; pieces++) {
		tc_ws_server_send(f->server, text, len, pieces);
		until(f, &f->messages, (int)pieces);
		assert_string_equal(f->type, "offer");
		assert_int_equal(f->message_len, len);
	}
	free(text);
	tc_ws_server_send(f->server, "nonsense", 8, 1); /* logged, and nothing else */
	tc_ws_server_send(f->server, "{\"type\":\"answer\"}", 17, 1);
	until(f, &f->messages, 4);
	assert_string_equal(f->type, "answer");
}

static void a_lost_socket_is_resumed_and_nothing_said_is_lost(void **state)
{
	struct fixture *f = *state;
	start(f, "127.0.0.1");
	join(f);
	tc_ws_server_drop(f->server);
	while (tc_uplink_up(f->up)) {
		tc_loop_turn(f->loop, true);
	}
	tc_uplink_send(f->up, "{\"type\":\"transcript\"}", 21);
	join(f);
	assert_int_equal(f->joins, 2);
	assert_int_equal(f->resumes, 1);
	assert_int_equal(f->again, 1);
	until(f, &f->texts, 1);
	assert_string_equal(f->last, "{\"type\":\"transcript\"}");
}

static void a_socket_lost_before_the_join_was_answered_joins_once_more(void **state)
{
	struct fixture *f = *state;
	start(f, "127.0.0.1");
	until(f, &f->opened, 1); /* our join is not written yet, or just so */
	tc_ws_server_drop(f->server);
	int before = f->joins;
	until(f, &f->opened, 2);
	until(f, &f->joins, before + 1);
	for (int i = 0; i < 5; i++) {
		tc_loop_turn(f->loop, true);
	}
	assert_int_equal(f->joins, before + 1);
	assert_int_equal(f->resumes, 0);
}

static void a_refusal_is_final(void **state)
{
	struct fixture *f = *state;
	tc_ws_server_refuse(f->server, 403);
	start(f, "127.0.0.1");
	until(f, &f->failed, 1);
	assert_false(f->unreachable);
	assert_non_null(strstr(f->why, "403"));
}

static void a_server_in_trouble_is_asked_again(void **state)
{
	struct fixture *f = *state;
	tc_ws_server_refuse(f->server, 503);
	start(f, "127.0.0.1");
	until(f, &f->gone, 2);
	tc_ws_server_refuse(f->server, 101);
	join(f);
	assert_int_equal(f->failed, 0);
}

static void a_final_close_ends_it_and_another_does_not(void **state)
{
	struct fixture *f = *state;
	start(f, "127.0.0.1");
	join(f);
	tc_ws_server_close(f->server, 1001);
	join(f);
	tc_ws_server_close(f->server, 4409);
	until(f, &f->failed, 1);
	assert_non_null(strstr(f->why, "4409"));
	assert_false(f->unreachable);
}

static void leaving_says_so_and_closes(void **state)
{
	struct fixture *f = *state;
	start(f, "127.0.0.1");
	join(f);
	tc_uplink_leave(f->up, on_left, f);
	assert_int_equal(f->left, 0); /* never from inside */
	until(f, &f->left, 1);
	until(f, &f->texts, 1);
	assert_string_equal(f->last, "{\"type\":\"leave\"}");
}

static void a_name_is_looked_up_beside_the_loop_and_each_address_tried(void **state)
{
	struct fixture *f = *state;
	start(f, "server.test");
	int asked = tc_mock_resolver_asked();
	while (tc_mock_resolver_asked() == asked) {
		tc_loop_turn(f->loop, true);
	}
	for (int i = 0; i < 10; i++) { /* the loop turns while the answer is awaited */
		tc_loop_turn(f->loop, true);
	}
	assert_int_equal(f->opened, 0);
	tc_mock_resolver_answer("127.0.0.2", "127.0.0.1"); /* nobody listens on the first */
	join(f);
	assert_non_null(strcasestr(f->request, "host: server.test"));
	assert_int_equal(tc_mock_resolver_asked(), asked + 1);
}

static void a_name_nobody_knows_is_asked_for_again(void **state)
{
	struct fixture *f = *state;
	start(f, "server.test");
	for (int round = 0; round < 2; round++) {
		int asked = tc_mock_resolver_asked();
		while (tc_mock_resolver_asked() == asked) {
			tc_loop_turn(f->loop, true);
		}
		tc_mock_resolver_answer(round ? "127.0.0.1" : NULL, NULL);
	}
	join(f);
	assert_int_equal(f->failed, 0);
}

static void leaving_while_a_name_is_looked_up_waits_for_nobody(void **state)
{
	struct fixture *f = *state;
	start(f, "server.test");
	int asked = tc_mock_resolver_asked();
	while (tc_mock_resolver_asked() == asked) {
		tc_loop_turn(f->loop, true);
	}
	tc_uplink_leave(f->up, on_left, f);
	until(f, &f->left, 1);
	assert_int_equal(f->opened, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	tc_mock_resolver_use();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wait_doubles_up_to_its_bound_and_is_spread),
		cmocka_unit_test(only_some_close_codes_are_final),
		cmocka_unit_test(a_full_outbox_loses_its_oldest),
		cmocka_unit_test(pieces_become_one_message_up_to_a_bound),
		cmocka_unit_test(urls_are_read_and_bad_ones_refused),
		TEST(it_joins_with_its_token_and_then_says_what_waited),
		TEST(a_person_comes_with_the_cookie_of_a_browser),
		TEST(a_server_nobody_reaches_is_given_up_after_the_first_tries),
		TEST(a_server_that_says_nothing_is_given_up_by_the_clock),
		TEST(a_message_in_pieces_comes_as_one),
		TEST(a_lost_socket_is_resumed_and_nothing_said_is_lost),
		TEST(a_socket_lost_before_the_join_was_answered_joins_once_more),
		TEST(a_refusal_is_final),
		TEST(a_server_in_trouble_is_asked_again),
		TEST(a_final_close_ends_it_and_another_does_not),
		TEST(leaving_says_so_and_closes),
		TEST(a_name_is_looked_up_beside_the_loop_and_each_address_tried),
		TEST(a_name_nobody_knows_is_asked_for_again),
		TEST(leaving_while_a_name_is_looked_up_waits_for_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
