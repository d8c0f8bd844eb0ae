// SPDX-License-Identifier: Apache-2.0
#include "rtc/srtp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "mock/oom.h"

static const uint8_t rtp[] = {0x80, 111, 0x12, 0x34, 0,   0,   0,   1,  0,
			      0,    0,   0x2a, 'h',  'e', 'l', 'l', 'o'};
static const uint8_t rtcp[] = {0x80, 201, 0, 1, 0, 0, 0, 0x2a};

static void make_pair(enum tc_srtp_profile profile, struct tc_srtp **client,
		      struct tc_srtp **server)
{
	struct tc_srtp_keys keys = {.profile = profile, .client = true};
	for (size_t i = 0; i < sizeof(keys.material); i++) {
		keys.material[i] = (uint8_t)(i * 7 + 1);
	}
	assert_int_equal(tc_srtp_create(client, &keys), 0);
	keys.client = false;
	assert_int_equal(tc_srtp_create(server, &keys), 0);
}

static void check_profile(enum tc_srtp_profile profile)
{
	struct tc_srtp *client, *server;
	uint8_t packet[sizeof(rtp) + TC_SRTP_OVERHEAD], broken[sizeof(packet)];
	size_t len = sizeof(rtp), broken_len;
	make_pair(profile, &client, &server);
	memcpy(packet, rtp, sizeof(rtp));
	assert_int_equal(tc_srtp_protect(client, packet, &len), 0);
	assert_in_range(len, sizeof(rtp) + 10, sizeof(packet));
	assert_memory_not_equal(packet + 12, rtp + 12, 5);
	for (size_t i = 0; i < len; i++) { /* no byte may change */
		memcpy(broken, packet, len);
		broken[i] ^= 1;
		broken_len = len;
		assert_int_equal(tc_srtp_unprotect(server, broken, &broken_len), -TC_ECRYPTO);
	}
	memcpy(broken, packet, len);
	broken_len = len;
	assert_int_equal(tc_srtp_unprotect(client, broken, &broken_len), -TC_ECRYPTO);
	memcpy(broken, packet, len);
	assert_int_equal(tc_srtp_unprotect(server, packet, &len), 0);
	assert_int_equal(len, sizeof(rtp));
	assert_memory_equal(packet, rtp, sizeof(rtp));
	assert_int_equal(tc_srtp_unprotect(server, broken, &broken_len), -TC_ECRYPTO); /* replay */
	len = sizeof(rtcp);
	memcpy(packet, rtcp, sizeof(rtcp));
	assert_int_equal(tc_srtp_protect_rtcp(server, packet, &len), 0);
	assert_in_range(len, sizeof(rtcp) + 14, sizeof(packet));
	assert_int_equal(tc_srtp_unprotect_rtcp(client, packet, &len), 0);
	assert_memory_equal(packet, rtcp, sizeof(rtcp));
	tc_srtp_destroy(client);
	tc_srtp_destroy(server);
}

static void gcm_protects_both_ways_and_refuses_changes_and_replays(void **state)
{
	check_profile(TC_SRTP_AEAD_AES_128_GCM);
}

static void aes_cm_protects_both_ways_and_refuses_changes_and_replays(void **state)
{
	check_profile(TC_SRTP_AES128_CM_SHA1_80);
}

static void any_garbage_is_refused(void **state)
{
	struct tc_srtp *client, *server;
	make_pair(TC_SRTP_AEAD_AES_128_GCM, &client, &server);
	uint32_t random = 3;
	for (size_t n = 0; n < 400; n++) {
		uint8_t data[400 + TC_SRTP_OVERHEAD];
		for (size_t i = 0; i < n; i++) {
			random = random * 1664525u + 1013904223u;
			data[i] = (uint8_t)(random >> 24);
		}
		size_t len = n;
		assert_int_equal(tc_srtp_unprotect(client, data, &len), -TC_ECRYPTO);
		len = n;
		assert_int_equal(tc_srtp_unprotect_rtcp(client, data, &len), -TC_ECRYPTO);
	}
	tc_srtp_destroy(client);
	tc_srtp_destroy(server);
}

/* A participant who invents sources: each would cost a stream with a replay window. */
static void there_is_an_end_to_new_sources(void **state)
{
	struct tc_srtp *client, *server;
	make_pair(TC_SRTP_AEAD_AES_128_GCM, &client, &server);
	int taken = 0;
	for (int i = 0; i < 1000; i++) {
		uint8_t packet[64 + TC_SRTP_OVERHEAD] = {
			0x80, 111, 0, 1, 0, 0, 0, 0, 1, 2, (uint8_t)(i >> 8), (uint8_t)i};
		size_t len = 64;
		assert_int_equal(tc_srtp_protect(client, packet, &len), 0);
		taken += tc_srtp_unprotect(server, packet, &len) == 0;
	}
	assert_in_range(taken, 16, 256);
	tc_srtp_destroy(client);
	tc_srtp_destroy(server);
}

static void creating_survives_each_failed_allocation(void **state)
{
	const struct tc_srtp_keys keys = {.profile = TC_SRTP_AEAD_AES_128_GCM};
	TC_OOM_LOOP(n)
	{
		struct tc_srtp *srtp = NULL;
		int err = tc_srtp_create(&srtp, &keys);
		assert_true(err == 0 || err == -ENOMEM);
		tc_srtp_destroy(srtp);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gcm_protects_both_ways_and_refuses_changes_and_replays),
		cmocka_unit_test(aes_cm_protects_both_ways_and_refuses_changes_and_replays),
		cmocka_unit_test(any_garbage_is_refused),
		cmocka_unit_test(there_is_an_end_to_new_sources),
		cmocka_unit_test(creating_survives_each_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
