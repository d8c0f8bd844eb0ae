// SPDX-License-Identifier: Apache-2.0
#include "rtc/ice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "rig.h"
#include "rtc/ice/ice_priv.h"
#include "rtc/peer/peer_priv.h"

#define DEADLINE_MS 60000

static bool media_flows(struct rig *rig)
{
	return rig->a.loud_sounds >= 15 && rig->b.loud_sounds >= 15 && rig->a.pictures >= 10;
}

static bool states_are_final(struct rig *rig)
{
	return rig_connected(rig);
}

static void two_peers_meet_on_127_0_0_1(void **state)
{
	struct rig rig;
	rig_init(&rig, &(struct rig_options){0});
	rig_negotiate(&rig, false);
	assert_true(rig_wait(&rig, media_flows, DEADLINE_MS));
	assert_int_equal(rig.a.broken, 0);
	struct tc_peer_stats stats;
	tc_peer_stats(rig.b.peer, &stats);
	print_message("offer -> connected %d ms\n", (int)stats.connect_ms);
	rig_finish(&rig);
}

static void an_ice_restart_keeps_the_media(void **state)
{
	struct rig rig;
	rig_init(&rig, &(struct rig_options){0});
	rig_negotiate(&rig, false);
	assert_true(rig_wait(&rig, states_are_final, DEADLINE_MS));
	for (int i = 0; i < 2; i++) {
		rig_negotiate(&rig, true);
		rig.a.loud_sounds = rig.b.loud_sounds = rig.a.pictures = 0;
		assert_true(rig_wait(&rig, media_flows, DEADLINE_MS));
	}
	assert_int_equal(rig.a.state_count, 2);
	assert_int_equal(rig.b.state_count, 2);
	rig_finish(&rig);
}

static void checks_that_fail_take_no_path_that_works(void **state)
{
	struct rig rig;
	rig_init(&rig, &(struct rig_options){0});
	rig_negotiate(&rig, false);
	assert_true(rig_wait(&rig, media_flows, DEADLINE_MS));
	struct tc_peer *b = rig.b.peer;
	g_signal_emit_by_name(b->link->agent, "component-state-changed", b->link->stream, 1u,
			      NICE_COMPONENT_STATE_FAILED);
	assert_false(b->link_up);
	rig.a.loud_sounds = rig.b.loud_sounds = rig.a.pictures = 0;
	assert_true(rig_wait(&rig, media_flows, DEADLINE_MS));
	assert_int_equal(rig.b.state_count, 2); /* and nobody is told of it */
	g_signal_emit_by_name(b->link->agent, "component-state-changed", b->link->stream, 1u,
			      NICE_COMPONENT_STATE_READY);
	assert_true(b->link_up);
	rig_finish(&rig);
}

static int open_descriptors(void)
{
	int count = 0;
	DIR *dir = opendir("/proc/self/fd");
	while (readdir(dir)) {
		count++;
	}
	closedir(dir);
	return count;
}

/* TC_CYCLES=50 and a sanitizer for the long version. */
static void connecting_and_closing_leaves_nothing_behind(void **state)
{
	const char *wish = getenv("TC_CYCLES");
	int cycles = wish ? atoi(wish) : 8, before = 0;
	for (int i = 0; i < cycles; i++) {
		struct rig rig;
		rig_init(&rig, &(struct rig_options){0});
		rig_negotiate(&rig, false);
		assert_true(rig_wait(&rig, states_are_final, DEADLINE_MS));
		rig_finish(&rig);
		before = i == 0 ? open_descriptors() : before;
	}
	assert_int_equal(open_descriptors(), before);
}

static void bad_addresses_are_refused(void **state)
{
	struct tc_loop *loop;
	struct tc_ice_factory *factory = NULL;
	assert_int_equal(tc_loop_create(&loop), 0);
	const struct tc_ice_config bad[] = {
		{.loop = loop, .bind_address = "nowhere"},
		{.loop = loop, .port_min = 5000, .port_max = 4000},
		{.loop = loop, .port_max = 70000},
		{.loop = loop, .stun_server = "stun.example.org:"},
		{.loop = loop, .stun_server = "192.0.2.1:0"},
		{.loop = loop, .turn_server = ":3478"},
		{.bind_address = "127.0.0.1"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(tc_ice_factory_create(&factory, &bad[i]), -EINVAL);
		assert_null(factory);
	}
	tc_loop_destroy(loop);
}

static void server_names_are_taken_as_their_uris_have_them(void **state)
{
	static const char *const good[] = {"192.0.2.1", "192.0.2.1:3479", "[2001:db8::1]",
					   "[2001:db8::1]:1", "192.0.2.1?transport=udp"};
	struct tc_loop *loop;
	assert_int_equal(tc_loop_create(&loop), 0);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct tc_ice_factory *factory = NULL;
		struct tc_ice_config config = {.loop = loop, .stun_server = good[i]};
		if (tc_ice_factory_create(&factory, &config) != 0) {
			fail_msg("%s is refused", good[i]);
		}
		tc_ice_factory_destroy(factory);
	}
	tc_loop_destroy(loop);
}

static void no_state(void *user, enum tc_link_state now)
{
}

static void no_candidate(void *user, const char *line)
{
}

static void no_packet(void *user, const uint8_t *data, size_t len)
{
}

static const struct tc_link_events quiet = {
	.state = no_state, .candidate = no_candidate, .packet = no_packet};

static void host_candidates_are_known_when_gather_returns(void **state)
{
	struct tc_loop *loop;
	struct tc_ice_factory *factory;
	struct tc_link *link;
	assert_int_equal(tc_loop_create(&loop), 0);
	const struct tc_ice_config config = {
		.loop = loop, .bind_address = "127.0.0.1", .port_min = 42000, .port_max = 42999};
	assert_int_equal(tc_ice_factory_create(&factory, &config), 0);
	assert_int_equal(tc_ice_link.create(&link, factory, false, &quiet, NULL), 0);
	assert_int_equal(tc_ice_link.gather(link), 0);
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_ice_link.write_candidates(link, &buf);
	const char *text = tc_buf_str(&buf);
	assert_int_equal(strncmp(text, "a=candidate:", 12), 0);
	assert_non_null(strstr(text, " 127.0.0.1 42"));
	assert_null(strstr(text, "TCP"));
	tc_buf_finish(&buf);
	assert_int_equal(tc_ice_link.send(link, (const uint8_t *)"x", 1), -ENOTCONN);
	tc_ice_link.close(link);
	tc_ice_factory_destroy(factory);
	tc_loop_destroy(loop);
}

static void candidates_it_cannot_use_are_no_error(void **state)
{
	static const char *const lines[] = {
		"",
		NULL,
		"candidate:1 1 udp 2113937151 4e2a6d32-0b1c.local 50000 typ host",
		"candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
		"candidate:1 2 udp 2113937151 192.0.2.1 50000 typ host",
		"candidate:1 1 udp 2113937151 192.0.2.1 50000 typ host ufrag OLDER",
		"candidate:",
		"nonsense",
		"a=candidate:1 1 udp 1 192.0.2.1 99999999999 typ host",
	};
	struct tc_loop *loop;
	struct tc_ice_factory *factory;
	struct tc_link *link;
	assert_int_equal(tc_loop_create(&loop), 0);
	const struct tc_ice_config config = {.loop = loop, .bind_address = "127.0.0.1"};
	assert_int_equal(tc_ice_factory_create(&factory, &config), 0);
	assert_int_equal(tc_ice_link.create(&link, factory, false, &quiet, NULL), 0);
	assert_int_equal(tc_ice_link.set_remote(link, "abcd", "0123456789012345678901"), 0);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		assert_int_equal(tc_ice_link.add_candidate(link, lines[i]), 0);
	}
	char longer[2000];
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = 0;
	assert_int_equal(tc_ice_link.add_candidate(link, longer), 0);
	tc_ice_link.close(link);
	tc_ice_factory_destroy(factory);
	tc_loop_destroy(loop);
}

int main(void)
{
	tc_log_init("error", TC_LOG_TEXT);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_peers_meet_on_127_0_0_1),
		cmocka_unit_test(an_ice_restart_keeps_the_media),
		cmocka_unit_test(checks_that_fail_take_no_path_that_works),
		cmocka_unit_test(connecting_and_closing_leaves_nothing_behind),
		cmocka_unit_test(bad_addresses_are_refused),
		cmocka_unit_test(server_names_are_taken_as_their_uris_have_them),
		cmocka_unit_test(host_candidates_are_known_when_gather_returns),
		cmocka_unit_test(candidates_it_cannot_use_are_no_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
