// SPDX-License-Identifier: Apache-2.0
#include "server/access_gate.h"
#include "server/calls.h"
#include "server/config.h"
#include "server/http_limit.h"
#include "server/http_parse.h"
#include "server/static.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/assert.h"
#include "base/err.h"
#include "mock/oom.h"

#define SECRET "0123456789abcdef0123456789abcdef"

static void cookies_are_found_among_others(void **state)
{
	char value[8];
	const char *header = "a=1;b=two ; c; =d; e=; aa=3";
	assert_int_equal(tc_cookie_get(header, "a", value, sizeof(value)), 1);
	assert_string_equal(value, "1");
	assert_int_equal(tc_cookie_get(header, "b", value, sizeof(value)), 3);
	assert_string_equal(value, "two");
	assert_int_equal(tc_cookie_get(header, "e", value, sizeof(value)), 0);
	assert_int_equal(tc_cookie_get(header, "aa", value, sizeof(value)), 1);
	assert_int_equal(tc_cookie_get(header, "c", value, sizeof(value)), -ENOENT);
	assert_int_equal(tc_cookie_get("a=12345678", "a", value, sizeof(value)), -ENOSPC);
	assert_int_equal(tc_cookie_get("", "a", value, sizeof(value)), -ENOENT);
}

static void routes_take_one_valid_room(void **state)
{
	char room[TC_ID_SIZE] = "";
	assert_true(tc_route_match("/room/:id/leave", "/room/a.b:c@d/leave", room));
	assert_string_equal(room, "a.b:c@d");
	assert_true(tc_route_match("/", "/", room));
	assert_false(tc_route_match("/", "/x", room));
	assert_false(tc_route_match("/room/:id", "/room/", room));
	assert_false(tc_route_match("/room/:id", "/room/a b", room));
	assert_false(tc_route_match("/room/:id", "/room/a/", room));
	assert_false(tc_route_match("/room/:id/leave", "/room/a", room));
}

static void forms_are_decoded_strictly(void **state)
{
	char out[8];
	const char *body = "email=a%40b+c&x=%C3%a9&bad=%4&nul=%00&long=123456789&empty=";
	size_t len = strlen(body);
	assert_int_equal(tc_form_get(body, len, "email", out, sizeof(out)), 5);
	assert_string_equal(out, "a@b c");
	assert_int_equal(tc_form_get(body, len, "x", out, sizeof(out)), 2);
	assert_string_equal(out, "\xc3\xa9");
	assert_int_equal(tc_form_get(body, len, "bad", out, sizeof(out)), -TC_EPARSE);
	assert_int_equal(tc_form_get(body, len, "nul", out, sizeof(out)), -TC_EPARSE);
	assert_int_equal(tc_form_get(body, len, "long", out, sizeof(out)), -ENOSPC);
	assert_int_equal(tc_form_get(body, len, "empty", out, sizeof(out)), 0);
	assert_int_equal(tc_form_get(body, len, "none", out, sizeof(out)), -ENOENT);
	assert_int_equal(tc_form_get("bad=%4", 6, "bad", out, sizeof(out)), -TC_EPARSE);
}

static void a_length_is_digits_and_nothing_else(void **state)
{
	size_t n = 0;
	assert_int_equal(tc_content_length("0", &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(tc_content_length(" \t0012 \t", &n), 0);
	assert_int_equal(n, 12);
	assert_int_equal(tc_content_length("99999999999999999999999999", &n), 0);
	assert_true(n == SIZE_MAX);
	static const char *const none[] = {"", " ", "-1", "+1", "2abc", "2 2", "2,2", "0x2", "2.0"};
	for (size_t i = 0; i < TC_COUNT(none); i++) {
		assert_int_equal(tc_content_length(none[i], &n), -TC_EPARSE);
	}
}

static void accepted_encodings_heed_a_quality_of_zero(void **state)
{
	assert_true(tc_header_accepts("gzip, deflate, br", "gzip"));
	assert_true(tc_header_accepts("br;q=1.0, GZIP;q=0.8", "gzip"));
	assert_false(tc_header_accepts("gzip;q=0, br", "gzip"));
	assert_false(tc_header_accepts("x-gzip", "gzip"));
	assert_false(tc_header_accepts(NULL, "gzip"));
	char out[16];
	assert_true(tc_forwarded_for("9.9.9.9, 1.2.3.4", out, sizeof(out)));
	assert_string_equal(out, "1.2.3.4");
	assert_false(tc_forwarded_for("<script>", out, sizeof(out)));
}

static void failures_are_free_for_a_while_and_then_cost_time(void **state)
{
	struct tc_limit *limit = NULL;
	assert_int_equal(tc_limit_create(&limit), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(tc_limit_wait_s(limit, "Ann", 3, 60000, 1000), 0);
		tc_limit_failed(limit, "ann", 3, 60000, 1000);
	}
	assert_int_equal(tc_limit_wait_s(limit, "ANN", 3, 60000, 1000), 60);
	assert_int_equal(tc_limit_wait_s(limit, "bob", 3, 60000, 1000), 0);
	assert_int_equal(tc_limit_wait_s(limit, "ann", 3, 60000, 61000), 0);
	tc_limit_failed(limit, "ann", 3, 60000, 61000);
	assert_int_equal(tc_limit_wait_s(limit, "ann", 3, 60000, 61000), 60);
	tc_limit_forget(limit, "ann");
	assert_int_equal(tc_limit_wait_s(limit, "ann", 3, 60000, 61000), 0);
	/* A flood of names neither grows nor forgets who is deepest in. */
	for (int i = 0; i < 30; i++) {
		tc_limit_failed(limit, "ann", 30, 60000, 61000);
	}
	for (int i = 0; i < 50000; i++) {
		char name[16];
		snprintf(name, sizeof(name), "n%d", i);
		tc_limit_failed(limit, name, 3, 60000, 61000);
	}
	assert_true(tc_limit_wait_s(limit, "ann", 30, 60000, 61000) > 0);
	tc_limit_destroy(limit);
}

struct seen {
	int began, ended;
	char id[TC_ID_SIZE];
};

static void on_began(void *user, const struct tc_call *call)
{
	struct seen *seen = user;
	seen->began++;
	strcpy(seen->id, call->id);
}

static void on_ended(void *user, const struct tc_call *call)
{
	struct seen *seen = user;
	seen->ended++;
	assert_string_equal(seen->id, call->id);
	assert_true(call->ended_ms >= call->started_ms);
}

static void a_reload_is_the_same_call_a_long_absence_is_not(void **state)
{
	struct tc_fake_clock clock;
	struct tc_calls *calls = NULL;
	struct seen seen = {0};
	tc_fake_clock_init(&clock, 1000000);
	struct tc_calls_config config = {.clock = &clock.clock, .grace_ms = 60000, .max = 2};
	struct tc_calls_events events = {.began = on_began, .ended = on_ended};
	assert_int_equal(tc_calls_create(&calls, &config, &events, &seen), 0);
	char id[TC_ID_SIZE];
	strcpy(id, tc_calls_get(calls, "r", "ann", "")->id);
	assert_int_equal(seen.began, 0);
	tc_calls_people(calls, "r", 1);
	assert_int_equal(seen.began, 1);
	tc_calls_met(calls, "r", TC_ROLE_CLIENT, "bob");
	assert_string_equal(tc_calls_find(calls, "r")->client, "bob");
	tc_calls_people(calls, "r", 0);
	tc_fake_clock_advance_ms(&clock, 59999);
	tc_calls_tick(calls);
	tc_calls_people(calls, "r", 1);
	assert_string_equal(tc_calls_find(calls, "r")->id, id);
	tc_fake_clock_advance_ms(&clock, 3600000);
	tc_calls_tick(calls);
	assert_int_equal(seen.ended, 0);
	tc_calls_people(calls, "r", 0);
	tc_fake_clock_advance_ms(&clock, 60000);
	tc_calls_tick(calls);
	assert_int_equal(seen.ended, 1);
	assert_null(tc_calls_find(calls, "r"));
	/* Looked at, never joined: forgotten without a word; and never more than max. */
	assert_non_null(tc_calls_get(calls, "a", "", ""));
	assert_non_null(tc_calls_get(calls, "b", "", ""));
	assert_null(tc_calls_get(calls, "c", "", ""));
	tc_calls_end_all(calls);
	assert_int_equal(seen.ended, 1);
	tc_calls_destroy(calls);
}

static void an_orbs_token_is_good_for_its_room_and_life(void **state)
{
	struct tc_fake_clock clock;
	struct tc_api_keys keys;
	struct tc_gate *gate = NULL;
	struct tc_gate *other = NULL;
	tc_fake_clock_init(&clock, 1000000000);
	assert_int_equal(tc_api_keys_parse(&keys, "site:" SECRET, NULL, 0), 0);
	struct tc_gate_config config = {.keys = &keys, .clock = &clock.clock};
	assert_int_equal(tc_gate_create(&gate, &config), 0);
	assert_int_equal(tc_gate_create(&other, &config), 0);
	char token[TC_JWT_MAX + 1];
	struct tc_access access;
	const char *why = "";
	assert_int_equal(tc_gate_orb_token(gate, "r", "s1", 60, token, sizeof(token)), 0);
	struct tc_access_request request = {.room = "r", .token = token, .host = "h"};
	assert_int_equal(tc_gate_enter(gate, &request, &access, &why), 0);
	assert_string_equal(access.user_id, "ai-orb-s1");
	assert_int_equal(access.role, TC_ROLE_AI);
	assert_false(access.free_id);
	assert_int_equal(tc_gate_enter(other, &request, &access, &why), 401);
	struct tc_access_request by_path = {.room = "r", .orb_token = token, .host = "h"};
	assert_int_equal(tc_gate_enter(gate, &by_path, &access, &why), 0);
	assert_true(access.free_id);
	assert_string_equal(access.user_id, "");
	by_path.room = "other";
	assert_int_equal(tc_gate_enter(gate, &by_path, &access, &why), 403);
	/* A new life of the session ends the old one's token. */
	char next[TC_JWT_MAX + 1];
	assert_int_equal(tc_gate_orb_token(gate, "r", "s1", 60, next, sizeof(next)), 0);
	assert_int_equal(tc_gate_enter(gate, &request, &access, &why), 401);
	request.token = next;
	assert_int_equal(tc_gate_enter(gate, &request, &access, &why), 0);
	tc_gate_orb_revoke(gate, "s1");
	assert_int_equal(tc_gate_enter(gate, &request, &access, &why), 401);
	tc_gate_destroy(gate);
	tc_gate_destroy(other);
	tc_api_keys_finish(&keys);
}

static void only_our_own_origins_pass(void **state)
{
	struct tc_fake_clock clock;
	struct tc_api_keys keys = {0};
	struct tc_gate *gate = NULL;
	tc_fake_clock_init(&clock, 0);
	struct tc_gate_config config = {
		.keys = &keys, .clock = &clock.clock, .public_url = "https://call.example.org/"};
	assert_int_equal(tc_gate_create(&gate, &config), 0);
	assert_true(tc_gate_same_origin(gate, NULL, "h:1", false));
	assert_true(tc_gate_same_origin(gate, "http://h:1", "h:1", false));
	assert_true(tc_gate_same_origin(gate, "https://H:1", "h:1", false));
	assert_true(tc_gate_same_origin(gate, "https://call.example.org", "h:1", false));
	assert_false(tc_gate_same_origin(gate, "http://call.example.org", "h:1", false));
	assert_false(tc_gate_same_origin(gate, "http://h:2", "h:1", false));
	assert_false(tc_gate_same_origin(gate, "http://h:1.evil", "h:1", false));
	assert_false(tc_gate_same_origin(gate, "null", "h:1", false));
	assert_false(tc_gate_same_origin(gate, "ftp://h:1", "h:1", false));
	assert_false(tc_gate_same_origin(gate, "http://h:1", NULL, false));
	assert_true(tc_gate_same_origin(gate, "https://h:1", "h:1", true));
	assert_false(tc_gate_same_origin(gate, "http://h:1", "h:1", true));
	assert_true(tc_gate_same_origin(gate, "https://call.example.org", "h:1", true));
	tc_gate_destroy(gate);
}

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void only_files_for_browsers_are_served(void **state)
{
	char dir[] = "/tmp/tc-static-XXXXXX";
	char path[64];
	char why[128];
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/ui", dir);
	mkdir(path, 0700);
	write_file(dir, "ui/a.css", "a { color: red }");
	write_file(dir, ".hidden.css", "x");
	write_file(dir, "notes.secret", "x");
	snprintf(path, sizeof(path), "%s/link.css", dir);
	assert_int_equal(symlink("/etc/hostname", path), 0);
	struct tc_static *files = NULL;
	assert_int_equal(tc_static_load(&files, dir, why, sizeof(why)), 0);
	const struct tc_static_file *file = tc_static_find(files, "/ui/a.css");
	assert_non_null(file);
	assert_int_equal(file->len, 16);
	assert_null(file->gzip);
	assert_null(tc_static_find(files, "/.hidden.css"));
	assert_null(tc_static_find(files, "/notes.secret"));
	assert_null(tc_static_find(files, "/link.css"));
	assert_null(tc_static_find(files, "/ui"));
	tc_static_free(files);
	TC_OOM_LOOP(n)
	{
		files = NULL;
		if (tc_static_load(&files, dir, why, sizeof(why)) == 0) {
			tc_static_free(files);
		}
	}
	char command[96];
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
	assert_int_equal(tc_static_load(&files, dir, why, sizeof(why)), -ENOENT);
}

static void running_out_of_memory_loads_no_half_config(void **state)
{
	TC_OOM_LOOP(n)
	{
		char name[] = "tricall";
		char *argv[] = {name, NULL};
		int argc = 1;
		struct tc_config_set set;
		(void)tc_config_load(&set, &argc, argv);
		tc_config_finish(&set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cookies_are_found_among_others),
		cmocka_unit_test(routes_take_one_valid_room),
		cmocka_unit_test(forms_are_decoded_strictly),
		cmocka_unit_test(a_length_is_digits_and_nothing_else),
		cmocka_unit_test(accepted_encodings_heed_a_quality_of_zero),
		cmocka_unit_test(failures_are_free_for_a_while_and_then_cost_time),
		cmocka_unit_test(a_reload_is_the_same_call_a_long_absence_is_not),
		cmocka_unit_test(an_orbs_token_is_good_for_its_room_and_life),
		cmocka_unit_test(only_our_own_origins_pass),
		cmocka_unit_test(only_files_for_browsers_are_served),
		cmocka_unit_test(running_out_of_memory_loads_no_half_config),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
