// SPDX-License-Identifier: Apache-2.0
#include "rtc/nack.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mock/oom.h"
#include "rtc/rtp.h"

#define MS  1000
#define RTT (40 * MS)

static struct tc_nack *make(const struct tc_nack_config *config)
{
	struct tc_nack *n = NULL;
	assert_int_equal(tc_nack_create(&n, config), 0);
	return n;
}

static void push(struct tc_nack *n, uint16_t seq, size_t len, int64_t now)
{
	uint8_t p[1500];
	memset(p, seq & 0xff, sizeof(p));
	tc_rtp_write_header(p, sizeof(p), &(struct tc_rtp_out){.seq = seq, .pt = 96},
			    &(struct tc_rtp_ext_ids){0});
	assert_int_equal(tc_nack_push(n, seq, p, len, now), 0);
}

/* The packet is here, whole and its own. */
static bool has(struct tc_nack *n, uint16_t seq, size_t len, int64_t now)
{
	size_t got = 0;
	int err = 0;
	const uint8_t *p = tc_nack_get(n, seq, now, RTT, &got, &err);
	if (!p) {
		assert_int_equal(err, -ENOENT);
		return false;
	}
	struct tc_rtp rtp;
	assert_int_equal(got, len);
	assert_int_equal(tc_rtp_parse(&rtp, p, got), 0);
	assert_int_equal(rtp.seq, seq);
	for (size_t i = 12; i < len; i++) {
		assert_int_equal(p[i], seq & 0xff);
	}
	return true;
}

static const struct tc_nack_config rich = {.budget_bps = 1000000000, .max_age_ms = 100000};

static void the_newest_packets_are_kept_over_the_wrap(void **state)
{
	struct tc_nack *n = make(&rich);
	for (int i = 65000; i < 67000; i++) {
		push(n, (uint16_t)i, 100 + (size_t)i % 100, 0);
	}
	for (int i = 65000; i < 67000; i++) {
		assert_int_equal(has(n, (uint16_t)i, 100 + (size_t)i % 100, 0), i >= 67000 - 512);
	}
	tc_nack_destroy(n);
}

static void bytes_are_bounded_and_the_oldest_go_first(void **state)
{
	const struct tc_nack_config config = {
		.bytes = 10000, .budget_bps = 1000000000, .max_age_ms = 100000};
	struct tc_nack *n = make(&config);
	for (int i = 0; i < 3000; i++) {
		size_t len = 12 + (size_t)(i * 37) % 1300;
		push(n, (uint16_t)i, len, (int64_t)i * RTT);
		/* Whatever is here is a run up to the newest. */
		size_t total = 0;
		bool here = true;
		for (int k = i; k >= 0 && k > i - 60; k--) {
			size_t l = 12 + (size_t)(k * 37) % 1300;
			bool h = has(n, (uint16_t)k, l, (int64_t)i * RTT);
			assert_false(h && !here);
			here = h;
			total += h ? l : 0;
		}
		assert_true(total <= 10000);
		assert_true(i < 20 || total > 10000 - 2 * 1312);
	}
	uint8_t big[10001] = {0x80};
	assert_int_equal(tc_nack_push(n, 1, big, sizeof(big), 0), -EMSGSIZE);
	assert_int_equal(tc_nack_push(n, 1, big, 11, 0), -EINVAL);
	tc_nack_destroy(n);
}

static void numbers_left_out_or_repeated_do_no_harm(void **state)
{
	struct tc_nack *n = make(&rich);
	push(n, 10, 50, 0);
	push(n, 11, 50, 0);
	push(n, 600, 60, 0);
	push(n, 600, 70, 0);
	push(n, 522, 80, 0); /* falls on the slot of 10 */
	assert_true(has(n, 522, 80, 0));
	assert_true(has(n, 600, 70, RTT));
	assert_false(has(n, 10, 50, 0));
	tc_nack_destroy(n);
}

static void a_packet_goes_out_once_per_round_trip(void **state)
{
	struct tc_nack *n = make(&rich);
	struct tc_nack_stats stats;
	size_t len;
	int err;
	push(n, 5, 500, 0);
	assert_non_null(tc_nack_get(n, 5, 10 * MS, RTT, &len, &err));
	assert_null(tc_nack_get(n, 5, 49 * MS, RTT, &len, &err));
	assert_int_equal(err, -EALREADY);
	assert_non_null(tc_nack_get(n, 5, 50 * MS, RTT, &len, NULL));
	assert_null(tc_nack_get(n, 5, 99 * MS, -1, &len, NULL)); /* unknown: 50 ms */
	assert_non_null(tc_nack_get(n, 5, 100 * MS, -1, &len, NULL));
	tc_nack_stats(n, &stats);
	assert_int_equal(stats.resent, 3);
	assert_int_equal(stats.too_soon, 2);
	tc_nack_destroy(n);
}

static void resends_keep_to_their_budget(void **state)
{
	struct tc_nack *n = make(&(struct tc_nack_config){.budget_bps = 80000});
	size_t len, sent = 0;
	int err = 0;
	for (int i = 0; i < 100; i++) {
		push(n, (uint16_t)i, 1000, 0);
	}
	for (int i = 0; i < 100; i++) { /* a burst asks for all of it */
		sent += tc_nack_get(n, (uint16_t)i, 0, RTT, &len, &err) ? len : 0;
	}
	assert_int_equal(err, -EAGAIN);
	assert_in_range(sent, 2500, 3500); /* a quarter second of 10 kB/s */
	for (int ms = 1; ms <= 1000; ms++) {
		for (int i = 0; i < 100; i++) {
			sent += tc_nack_get(n, (uint16_t)i, ms * MS, RTT, &len, &err) ? len : 0;
		}
	}
	assert_in_range(sent, 11000, 14000);
	assert_null(tc_nack_get(n, 1, 2000 * MS, RTT, &len, &err));
	assert_int_equal(err, -ENOENT); /* older than a second: no help for a picture */
	tc_nack_destroy(n);
}

static void without_memory_there_is_no_ring(void **state)
{
	TC_OOM_LOOP(i)
	{
		struct tc_nack *n = NULL;
		int err = tc_nack_create(&n, &(struct tc_nack_config){0});
		assert_true(err == 0 || (err == -ENOMEM && !n));
		tc_nack_destroy(n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_packets_are_kept_over_the_wrap),
		cmocka_unit_test(bytes_are_bounded_and_the_oldest_go_first),
		cmocka_unit_test(numbers_left_out_or_repeated_do_no_harm),
		cmocka_unit_test(a_packet_goes_out_once_per_round_trip),
		cmocka_unit_test(resends_keep_to_their_budget),
		cmocka_unit_test(without_memory_there_is_no_ring),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
