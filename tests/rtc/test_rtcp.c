// SPDX-License-Identifier: Apache-2.0
#include "rtc/rtcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "rtc/rtp.h"

struct seen {
	int senders, reports, cnames, byes, plis, firs, rembs, nacks;
	struct tc_rtcp_sender sender;
	uint32_t from, media, bye;
	struct tc_rtcp_report report[4];
	char cname[256];
	uint16_t seqs[600];
	size_t seq_count;
	uint8_t fir_seq;
	uint64_t bps;
	uint32_t ssrcs[TC_RTCP_MAX_REMB];
	size_t ssrc_count;
};

static void on_sender(void *user, const struct tc_rtcp_sender *sender)
{
	struct seen *s = user;
	s->senders++;
	s->sender = *sender;
}
static void on_report(void *user, uint32_t from, const struct tc_rtcp_report *report)
{
	struct seen *s = user;
	s->from = from;
	s->report[s->reports++ % 4] = *report;
}
static void on_cname(void *user, uint32_t ssrc, const char *cname, size_t len)
{
	struct seen *s = user;
	s->cnames++;
	memcpy(s->cname, cname, len);
	s->cname[len] = '\0';
}
static void on_bye(void *user, uint32_t ssrc)
{
	struct seen *s = user;
	s->byes++;
	s->bye = ssrc;
}
static void on_nack(void *user, uint32_t media, const uint16_t *seqs, size_t count)
{
	struct seen *s = user;
	s->nacks++;
	s->media = media;
	memcpy(s->seqs + s->seq_count, seqs, count * sizeof(*seqs));
	s->seq_count += count;
}
static void on_pli(void *user, uint32_t media)
{
	struct seen *s = user;
	s->plis++;
	s->media = media;
}
static void on_fir(void *user, uint32_t media, uint8_t seq)
{
	struct seen *s = user;
	s->firs++;
	s->media = media;
	s->fir_seq = seq;
}
static void on_remb(void *user, uint64_t bps, const uint32_t *ssrcs, size_t count)
{
	struct seen *s = user;
	s->rembs++;
	s->bps = bps;
	memcpy(s->ssrcs, ssrcs, count * sizeof(*ssrcs));
	s->ssrc_count = count;
}
static const struct tc_rtcp_events events = {.sender = on_sender,
					     .report = on_report,
					     .cname = on_cname,
					     .bye = on_bye,
					     .nack = on_nack,
					     .pli = on_pli,
					     .fir = on_fir,
					     .remb = on_remb};

static uint8_t wire[2048];
static struct tc_buf begin(void)
{
	struct tc_buf buf;
	tc_buf_init_fixed(&buf, wire, sizeof(wire));
	return buf;
}
static void read_back(const struct tc_buf *buf, struct seen *seen)
{
	*seen = (struct seen){0};
	assert_int_equal(buf->err, 0);
	assert_int_equal(buf->len % 4, 0);
	assert_int_equal(tc_rtcp_parse(wire, buf->len, &events, seen), 0);
}

static void a_compound_report_is_read_as_written(void **state)
{
	struct tc_buf buf = begin();
	const struct tc_rtcp_sender sender = {
		.ssrc = 1, .ntp = 0x0102030405060708, .rtp_ts = 9, .packets = 10, .octets = 11};
	const struct tc_rtcp_report reports[] = {
		{.ssrc = 2,
		 .fraction_lost = 128,
		 .lost = -3,
		 .highest_seq = 0x10005,
		 .jitter = 6,
		 .lsr = 7,
		 .dlsr = 8},
		{.ssrc = 3, .lost = 0x900000},
	};
	tc_rtcp_write_sr(&buf, &sender, reports, 2);
	tc_rtcp_write_cname(&buf, 1, "orb");
	tc_rtcp_write_bye(&buf, (uint32_t[]){77}, 1);
	struct seen seen;
	read_back(&buf, &seen);
	assert_int_equal(seen.senders, 1);
	assert_int_equal(seen.sender.ssrc, 1); /* each field: what pads them is anybody's */
	assert_int_equal(seen.sender.ntp, sender.ntp);
	assert_int_equal(seen.sender.rtp_ts, 9);
	assert_int_equal(seen.sender.packets, 10);
	assert_int_equal(seen.sender.octets, 11);
	assert_int_equal(seen.reports, 2);
	assert_int_equal(seen.report[0].lost, -3);
	assert_int_equal(seen.report[0].fraction_lost, 128);
	assert_int_equal(seen.report[0].dlsr, 8);
	assert_int_equal(seen.report[1].lost, 0x7fffff);
	assert_string_equal(seen.cname, "orb");
	assert_int_equal(seen.bye, 77);
	/* Without reports: RFC 3550 wants an empty RR in front of an SDES. */
	buf = begin();
	tc_rtcp_write_rr(&buf, 5, reports, 1);
	read_back(&buf, &seen);
	assert_int_equal(seen.from, 5);
}

static void every_length_of_cname_is_padded_right(void **state)
{
	char name[300];
	for (size_t len = 0; len < 260; len++) {
		memset(name, 'n', len);
		name[len] = '\0';
		struct tc_buf buf = begin();
		tc_rtcp_write_cname(&buf, 1, name);
		tc_rtcp_write_pli(&buf, 1, 2);
		struct seen seen;
		read_back(&buf, &seen);
		assert_int_equal(strlen(seen.cname), len < 255 ? len : 255);
		assert_int_equal(seen.plis, 1);
	}
}

static void wishes_for_key_frames_and_rates_are_told(void **state)
{
	struct tc_buf buf = begin();
	struct seen seen;
	tc_rtcp_write_pli(&buf, 1, 22);
	read_back(&buf, &seen);
	assert_int_equal(seen.plis, 1);
	assert_int_equal(seen.media, 22);
	buf = begin();
	tc_rtcp_write_fir(&buf, 1, 33, 9);
	read_back(&buf, &seen);
	assert_int_equal(seen.firs, 1);
	assert_int_equal(seen.media, 33);
	assert_int_equal(seen.fir_seq, 9);
	static const uint64_t rates[] = {0, 1, 262143, 262144, 400000, 12345678901};
	for (size_t i = 0; i < 6; i++) {
		buf = begin();
		tc_rtcp_write_remb(&buf, 1, rates[i], (uint32_t[]){4, 5}, 2);
		read_back(&buf, &seen);
		assert_true(seen.bps <= rates[i] && seen.bps >= rates[i] - rates[i] / 100000);
		assert_int_equal(seen.ssrc_count, 2);
		assert_int_equal(seen.ssrcs[1], 5);
	}
}

static void asked_for_packets_survive_the_bitmask_and_the_wrap(void **state)
{
	static const uint16_t asked[] = {65530, 65533, 65535, 0, 10, 11, 27, 28, 500};
	struct tc_buf buf = begin();
	struct seen seen;
	tc_rtcp_write_nack(&buf, 1, 6, asked, 9);
	assert_int_equal(buf.len, 12 + 4 * 4);
	read_back(&buf, &seen);
	assert_int_equal(seen.seq_count, 9);
	assert_memory_equal(seen.seqs, asked, sizeof(asked));
	buf = begin();
	uint16_t many[512];
	for (int i = 0; i < 512; i++) {
		many[i] = (uint16_t)(65300 + i);
	}
	tc_rtcp_write_nack(&buf, 1, 6, many, 512);
	read_back(&buf, &seen);
	assert_true(seen.nacks > 1);
	assert_int_equal(seen.seq_count, 512);
	assert_memory_equal(seen.seqs, many, sizeof(many));
	buf = begin();
	tc_rtcp_write_nack(&buf, 1, 6, many, 0);
	assert_int_equal(buf.len, 0);
}

static void a_broken_compound_causes_no_event(void **state)
{
	struct tc_buf buf = begin();
	struct seen seen = {0};
	tc_rtcp_write_pli(&buf, 1, 2);
	size_t whole = buf.len;
	tc_rtcp_write_pli(&buf, 1, 3);
	for (size_t n = 0; n < buf.len; n++) {
		if (n != whole) {
			assert_int_equal(tc_rtcp_parse(wire, n, &events, &seen), -TC_EPARSE);
		}
	}
	wire[0] = 0x40;
	assert_int_equal(tc_rtcp_parse(wire, buf.len, &events, &seen), -TC_EPARSE);
	assert_int_equal(seen.plis, 0);
}

static void a_full_buffer_is_an_error_that_sticks(void **state)
{
	uint8_t small[10];
	struct tc_buf buf;
	tc_buf_init_fixed(&buf, small, sizeof(small));
	tc_rtcp_write_pli(&buf, 1, 2);
	assert_int_equal(buf.err, -ENOSPC);
}

static void a_round_trip_is_computed_from_our_own_clock(void **state)
{
	int64_t wall = 1700000000123456;
	uint64_t sent = tc_rtcp_ntp(wall);
	struct tc_rtcp_report report = {.lsr = (uint32_t)(sent >> 16), .dlsr = 65536 / 2};
	int64_t rtt = tc_rtcp_rtt_us(&report, tc_rtcp_ntp(wall + 500000 + 42000));
	assert_in_range(rtt, 41900, 42100);
	assert_int_equal(tc_rtcp_rtt_us(&report, tc_rtcp_ntp(wall + 499990)), 0);
	assert_int_equal(tc_rtcp_rtt_us(&report, tc_rtcp_ntp(wall)), -1);
	assert_int_equal(tc_rtcp_rtt_us(&report, tc_rtcp_ntp(wall + 60000000)), -1);
	report.lsr = 0;
	assert_int_equal(tc_rtcp_rtt_us(&report, sent), -1);
}

static void five_percent_loss_over_a_wrap_is_reported(void **state)
{
	struct tc_rtcp_receiver r;
	struct tc_rtcp_report report;
	tc_rtcp_receiver_init(&r, 9, 48000);
	assert_false(tc_rtcp_receiver_report(&r, 0, &report));
	for (uint32_t i = 0; i < 1000; i++) {
		if (i % 20 != 10) {
			tc_rtcp_receiver_packet(&r, (uint16_t)(65000 + i), 960 * i, 20000LL * i);
		}
	}
	assert_true(tc_rtcp_receiver_report(&r, 20000000, &report));
	assert_int_equal(report.ssrc, 9);
	assert_int_equal(report.lost, 50);
	assert_int_equal(tc_rtcp_receiver_lost(&r), 50);
	assert_in_range(report.fraction_lost, 12, 13);
	assert_int_equal(report.highest_seq, 65000 + 999);
	assert_int_equal(report.jitter, 0);
	/* The next interval begins with a clean slate. */
	tc_rtcp_receiver_packet(&r, (uint16_t)(65000 + 1000), 960 * 1000, 20000000);
	assert_true(tc_rtcp_receiver_report(&r, 21000000, &report));
	assert_int_equal(report.fraction_lost, 0);
	assert_int_equal(report.lost, 50);
}

static void duplicates_and_reordering_do_not_confuse_the_count(void **state)
{
	static const uint16_t order[] = {1, 2, 4, 3, 3, 5, 5, 5};
	struct tc_rtcp_receiver r;
	struct tc_rtcp_report report;
	tc_rtcp_receiver_init(&r, 9, 48000);
	for (int i = 0; i < 8; i++) {
		tc_rtcp_receiver_packet(&r, order[i], order[i] * 960u, i * 20000);
	}
	tc_rtcp_receiver_report(&r, 0, &report);
	assert_int_equal(report.lost, -3);
	assert_int_equal(report.fraction_lost, 0);
	assert_int_equal(report.highest_seq, 5);
	assert_int_equal(tc_rtcp_receiver_lost(&r), 0);
}

static void a_restarted_sender_is_believed_at_its_second_packet(void **state)
{
	struct tc_rtcp_receiver r;
	struct tc_rtcp_report report;
	tc_rtcp_receiver_init(&r, 9, 48000);
	tc_rtcp_receiver_packet(&r, 100, 0, 0);
	tc_rtcp_receiver_packet(&r, 30000, 0, 0); /* a stray one */
	tc_rtcp_receiver_packet(&r, 101, 0, 0);
	tc_rtcp_receiver_report(&r, 0, &report);
	assert_int_equal(report.lost, 0);
	assert_int_equal(report.highest_seq, 101);
	tc_rtcp_receiver_packet(&r, 40000, 0, 0);
	tc_rtcp_receiver_packet(&r, 40001, 0, 0);
	tc_rtcp_receiver_report(&r, 0, &report);
	assert_int_equal(report.highest_seq, 40001);
	assert_int_equal(report.lost, 0);
}

static void jitter_and_delay_since_the_last_report_are_measured(void **state)
{
	struct tc_rtcp_receiver r;
	struct tc_rtcp_report report;
	tc_rtcp_receiver_init(&r, 9, 48000);
	for (uint32_t i = 0; i < 500; i++) { /* every second packet 10 ms late */
		tc_rtcp_receiver_packet(&r, (uint16_t)i, 960 * i, 20000LL * i + (i % 2) * 10000);
	}
	const struct tc_rtcp_sender sender = {.ntp = 0x1111222233334444};
	tc_rtcp_receiver_sender(&r, &sender, 1000000);
	tc_rtcp_receiver_report(&r, 1500000, &report);
	assert_in_range(report.jitter, 470, 490); /* 10 ms at 48 kHz */
	assert_int_equal(report.lsr, 0x22223333);
	assert_int_equal(report.dlsr, 32768);
}

static void reports_are_spread_and_the_first_comes_early(void **state)
{
	assert_int_equal(tc_rtcp_interval_ms(true, 0), 250);
	assert_int_equal(tc_rtcp_interval_ms(true, UINT32_MAX), 749);
	assert_int_equal(tc_rtcp_interval_ms(false, 0), 500);
	assert_int_equal(tc_rtcp_interval_ms(false, UINT32_MAX), 1499);
	int64_t sum = 0;
	for (uint32_t i = 0; i < 1000; i++) {
		sum += tc_rtcp_interval_ms(false, i * (UINT32_MAX / 1000));
	}
	assert_in_range(sum / 1000, 995, 1005); /* a second on average */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_compound_report_is_read_as_written),
		cmocka_unit_test(every_length_of_cname_is_padded_right),
		cmocka_unit_test(wishes_for_key_frames_and_rates_are_told),
		cmocka_unit_test(asked_for_packets_survive_the_bitmask_and_the_wrap),
		cmocka_unit_test(a_broken_compound_causes_no_event),
		cmocka_unit_test(a_full_buffer_is_an_error_that_sticks),
		cmocka_unit_test(a_round_trip_is_computed_from_our_own_clock),
		cmocka_unit_test(five_percent_loss_over_a_wrap_is_reported),
		cmocka_unit_test(duplicates_and_reordering_do_not_confuse_the_count),
		cmocka_unit_test(a_restarted_sender_is_believed_at_its_second_packet),
		cmocka_unit_test(jitter_and_delay_since_the_last_report_are_measured),
		cmocka_unit_test(reports_are_spread_and_the_first_comes_early),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
