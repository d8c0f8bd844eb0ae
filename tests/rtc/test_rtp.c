// SPDX-License-Identifier: Apache-2.0
#include "rtc/rtp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"

static const struct tc_rtp_ext_ids ids = {
	.mid = 4, .level = 1, .abs_send_time = 2, .playout_delay = 5};
static const struct tc_rtp_out full = {.marker = true,
				       .pt = 96,
				       .seq = 65535,
				       .ts = 0xfffffff0,
				       .ssrc = 0xdeadbeef,
				       .mid = "vid",
				       .has_level = true,
				       .level = 30,
				       .voice = true,
				       .send_us = 1500000,
				       .has_playout_delay = true,
				       .playout_min_ms = 0,
				       .playout_max_ms = 100};

static void a_datagram_is_told_by_its_first_bytes(void **state)
{
	static const struct {
		uint8_t first, second;
		enum tc_rtp_kind kind;
	} cases[] = {
		{0, 1, TC_RTP_STUN},          {3, 1, TC_RTP_STUN},
		{4, 0, TC_RTP_UNKNOWN},       {19, 0, TC_RTP_UNKNOWN},
		{20, 0, TC_RTP_DTLS},         {63, 0, TC_RTP_DTLS},
		{64, 0, TC_RTP_TURN_CHANNEL}, {79, 0, TC_RTP_TURN_CHANNEL},
		{80, 0, TC_RTP_UNKNOWN},      {127, 0, TC_RTP_UNKNOWN},
		{128, 96, TC_RTP_RTP},        {191, 111, TC_RTP_RTP},
		{192, 0, TC_RTP_UNKNOWN},     {128, 191, TC_RTP_RTP},
		{128, 192, TC_RTP_RTCP},      {128, 223, TC_RTP_RTCP},
		{128, 224, TC_RTP_RTP},       {144, 0x80 | 35, TC_RTP_RTP},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t d[12] = {cases[i].first, cases[i].second};
		assert_int_equal(tc_rtp_classify(d, sizeof(d)), cases[i].kind);
	}
	assert_int_equal(tc_rtp_classify((uint8_t[]){128, 96, 0}, 3), TC_RTP_UNKNOWN);
	assert_int_equal(tc_rtp_classify((uint8_t[]){0}, 1), TC_RTP_UNKNOWN);
}

static void check_full(const uint8_t *packet, size_t len, const struct tc_rtp_ext_ids *with,
		       uint16_t profile)
{
	struct tc_rtp rtp;
	char mid[TC_RTP_MID_MAX + 1];
	bool voice = false;
	size_t n = 0;
	assert_int_equal(tc_rtp_parse(&rtp, packet, len), 0);
	assert_true(rtp.marker);
	assert_int_equal(rtp.pt, 96);
	assert_int_equal(rtp.seq, 65535);
	assert_int_equal(rtp.ts, 0xfffffff0);
	assert_int_equal(rtp.ssrc, 0xdeadbeef);
	assert_int_equal(rtp.ext_profile, profile);
	assert_int_equal(rtp.payload_len, 3);
	assert_memory_equal(rtp.payload, "abc", 3);
	assert_true(tc_rtp_mid(&rtp, with->mid, mid));
	assert_string_equal(mid, "vid");
	assert_int_equal(tc_rtp_level(&rtp, with->level, &voice), 30);
	assert_true(voice);
	assert_int_equal(tc_rtp_abs_send_time(&rtp, with->abs_send_time), 3 << 17);
	assert_memory_equal(tc_rtp_ext_find(&rtp, with->playout_delay, &n), "\0\0\x0a", 3);
	assert_null(tc_rtp_ext_find(&rtp, 14, &n));
	assert_null(tc_rtp_ext_find(&rtp, 0, &n));
}

static void what_is_written_is_read_again_in_both_extension_forms(void **state)
{
	uint8_t p[200];
	int n = tc_rtp_write_header(p, sizeof(p), &full, &ids);
	assert_true(n > 12 && n % 4 == 0 && n <= TC_RTP_HEADER_MAX);
	memcpy(p + n, "abc", 3);
	check_full(p, (size_t)n + 3, &ids, 0xbede);

	struct tc_rtp_ext_ids high = ids;
	high.abs_send_time = 200;
	n = tc_rtp_write_header(p, sizeof(p), &full, &high);
	memcpy(p + n, "abc", 3);
	check_full(p, (size_t)n + 3, &high, 0x1000);
}

static void without_extensions_a_header_is_twelve_bytes(void **state)
{
	uint8_t p[12];
	const struct tc_rtp_out plain = {.pt = 111, .seq = 7};
	assert_int_equal(tc_rtp_write_header(p, 12, &plain, &ids), 12);
	assert_int_equal(tc_rtp_write_header(p, 12, &full, &(struct tc_rtp_ext_ids){0}), 12);
	assert_int_equal(tc_rtp_write_header(p, 11, &plain, &ids), -ENOSPC);
	assert_int_equal(tc_rtp_write_header(p, 12, &full, &ids), -ENOSPC);
}

static void the_longest_header_fits_what_is_promised(void **state)
{
	uint8_t p[TC_RTP_HEADER_MAX];
	struct tc_rtp_out out = full;
	out.mid = "0123456789abcdef";
	struct tc_rtp_ext_ids high = ids;
	high.mid = 255;
	assert_true(tc_rtp_write_header(p, sizeof(p), &out, &high) > 0);
	out.mid = "0123456789abcdefX"; /* one too long for the one-byte form: left out */
	struct tc_rtp rtp;
	int n = tc_rtp_write_header(p, sizeof(p), &out, &ids);
	assert_int_equal(tc_rtp_parse(&rtp, p, (size_t)n), 0);
	char mid[TC_RTP_MID_MAX + 1];
	assert_false(tc_rtp_mid(&rtp, ids.mid, mid));
}

static void csrcs_and_padding_are_skipped(void **state)
{
	uint8_t p[] = {0xa2, 111, 0, 1, 0, 0, 0, 2,   0,   0, 0, 3, 9,
		       9,    9,   9, 9, 9, 9, 9, 'x', 'y', 0, 0, 3};
	struct tc_rtp rtp;
	assert_int_equal(tc_rtp_parse(&rtp, p, sizeof(p)), 0);
	assert_int_equal(rtp.csrc_count, 2);
	assert_int_equal(rtp.header_len, 20);
	assert_int_equal(rtp.payload_len, 2);
	assert_int_equal(rtp.padding_len, 3);
	p[sizeof(p) - 1] = 6;
	assert_int_equal(tc_rtp_parse(&rtp, p, sizeof(p)), -TC_EPARSE);
	p[sizeof(p) - 1] = 0;
	assert_int_equal(tc_rtp_parse(&rtp, p, sizeof(p)), -TC_EPARSE);
}

static void broken_packets_are_refused(void **state)
{
	struct tc_rtp rtp;
	uint8_t p[20] = {0x80};
	assert_int_equal(tc_rtp_parse(&rtp, p, 11), -TC_EPARSE);
	p[0] = 0x40; /* version 1 */
	assert_int_equal(tc_rtp_parse(&rtp, p, 12), -TC_EPARSE);
	p[0] = 0x8f; /* 15 CSRCs */
	assert_int_equal(tc_rtp_parse(&rtp, p, 20), -TC_EPARSE);
	p[0] = 0x90; /* an extension longer than the packet */
	p[15] = 2;
	assert_int_equal(tc_rtp_parse(&rtp, p, 20), -TC_EPARSE);
	assert_int_equal(tc_rtp_parse(&rtp, p, 14), -TC_EPARSE);
	/* An element that runs past the block is not found, the packet itself is fine. */
	uint8_t q[20] = {0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 1, 0x1f, 0, 0, 0};
	size_t n;
	assert_int_equal(tc_rtp_parse(&rtp, q, 20), 0);
	assert_null(tc_rtp_ext_find(&rtp, 1, &n));
}

static void the_send_time_of_a_packet_is_renewed_in_place(void **state)
{
	uint8_t p[100];
	int n = tc_rtp_write_header(p, sizeof(p), &full, &ids);
	struct tc_rtp rtp;
	assert_true(tc_rtp_set_abs_send_time(p, (size_t)n, ids.abs_send_time, 64000000 + 250000));
	assert_int_equal(tc_rtp_parse(&rtp, p, (size_t)n), 0);
	assert_int_equal(tc_rtp_abs_send_time(&rtp, ids.abs_send_time), 1 << 16); /* 64 s wrap */
	assert_false(tc_rtp_set_abs_send_time(p, (size_t)n, 9, 1));
	assert_false(tc_rtp_set_abs_send_time(p, 5, 2, 1));
}

static void a_retransmission_gives_back_the_original(void **state)
{
	uint8_t p[200], rtx[200], back[200];
	int n = tc_rtp_write_header(p, sizeof(p), &full, &ids);
	memcpy(p + n, "payload", 7);
	n += 7;
	int m = tc_rtp_rtx_write(rtx, sizeof(rtx), p, (size_t)n, 97, 0x11223344, 5);
	assert_int_equal(m, n + 2);
	struct tc_rtp rtp;
	assert_int_equal(tc_rtp_parse(&rtp, rtx, (size_t)m), 0);
	assert_int_equal(rtp.pt, 97);
	assert_int_equal(rtp.seq, 5);
	assert_int_equal(rtp.ssrc, 0x11223344);
	assert_true(rtp.marker);
	assert_memory_equal(rtp.payload, "\xff\xffpayload", 9);
	assert_int_equal(tc_rtp_rtx_restore(back, sizeof(back), rtx, (size_t)m, 96, 0xdeadbeef), n);
	assert_memory_equal(back, p, (size_t)n);
	assert_int_equal(tc_rtp_rtx_write(rtx, (size_t)n + 1, p, (size_t)n, 97, 1, 1), -ENOSPC);
	assert_int_equal(tc_rtp_rtx_restore(back, 20, rtx, (size_t)m, 96, 1), -ENOSPC);
}

static void padding_without_an_original_is_told_apart(void **state)
{
	uint8_t p[16] = {0xa0, 97, 0, 1};
	uint8_t back[16];
	p[15] = 4;
	assert_int_equal(tc_rtp_rtx_restore(back, 16, p, 16, 96, 1), -ENODATA);
	p[15] = 3;
	assert_int_equal(tc_rtp_rtx_restore(back, 16, p, 16, 96, 1), -TC_EPARSE);
}

static void counters_unwrap_in_both_directions(void **state)
{
	struct tc_rtp_unwrap u = {0};
	assert_int_equal(tc_rtp_unwrap_seq(&u, 65534), 65534);
	assert_int_equal(tc_rtp_unwrap_seq(&u, 1), 65537);
	assert_int_equal(tc_rtp_unwrap_seq(&u, 65535), 65535);
	assert_int_equal(tc_rtp_unwrap_seq(&u, 0), 65536);
	struct tc_rtp_unwrap t = {0};
	assert_true(tc_rtp_unwrap_ts(&t, 0xffffff00) == 0xffffff00);
	assert_true(tc_rtp_unwrap_ts(&t, 0x100) == 0x100000100);
	assert_true(tc_rtp_unwrap_ts(&t, 0xffffffff) == 0xffffffff);
	struct tc_rtp_unwrap b = {0};
	assert_int_equal(tc_rtp_unwrap_seq(&b, 2), 2);
	assert_int_equal(tc_rtp_unwrap_seq(&b, 65535), -1);
	assert_int_equal(tc_rtp_seq_diff(1, 65535), 2);
	assert_int_equal(tc_rtp_ts_diff(0, 1), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_datagram_is_told_by_its_first_bytes),
		cmocka_unit_test(what_is_written_is_read_again_in_both_extension_forms),
		cmocka_unit_test(without_extensions_a_header_is_twelve_bytes),
		cmocka_unit_test(the_longest_header_fits_what_is_promised),
		cmocka_unit_test(csrcs_and_padding_are_skipped),
		cmocka_unit_test(broken_packets_are_refused),
		cmocka_unit_test(the_send_time_of_a_packet_is_renewed_in_place),
		cmocka_unit_test(a_retransmission_gives_back_the_original),
		cmocka_unit_test(padding_without_an_original_is_told_apart),
		cmocka_unit_test(counters_unwrap_in_both_directions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
