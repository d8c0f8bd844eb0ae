// SPDX-License-Identifier: Apache-2.0
/* An RTCP datagram: what is told of it is within its promised bounds, and can be written again. */
#include "rtc/rtcp.h"

#include "base/assert.h"
#include "rtc/estimator.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[4096];

static void on_sender(void *user, const struct tc_rtcp_sender *sender)
{
	struct tc_rtcp_receiver recv;
	struct tc_rtcp_report report;
	tc_rtcp_receiver_init(&recv, sender->ssrc, 48000);
	tc_rtcp_receiver_packet(&recv, (uint16_t)sender->packets, sender->rtp_ts, 1);
	tc_rtcp_receiver_sender(&recv, sender, 2);
	tc_rtcp_receiver_report(&recv, 3, &report);
}

static void on_report(void *user, uint32_t from, const struct tc_rtcp_report *report)
{
	struct tc_estimator est;
	struct tc_buf buf;
	int64_t rtt = tc_rtcp_rtt_us(report, tc_rtcp_ntp(1700000000000000));
	TC_ASSERT(rtt >= -1);
	tc_estimator_init(&est, &(struct tc_estimator_config){0}, 0);
	tc_estimator_report(&est, report->fraction_lost, report->highest_seq, rtt, 1);
	TC_ASSERT(tc_estimator_bps(&est, 2) > 0);
	tc_buf_init_fixed(&buf, memory, sizeof(memory));
	tc_rtcp_write_rr(&buf, from, report, 1);
	TC_ASSERT(buf.err == 0 && buf.len == 32);
}

static void on_cname(void *user, uint32_t ssrc, const char *cname, size_t len)
{
	TC_ASSERT(len <= TC_RTCP_MAX_CNAME);
	for (size_t i = 0; i < len; i++) {
		memory[0] ^= (uint8_t)cname[i];
	}
}

static void on_bye(void *user, uint32_t ssrc)
{
	++*(size_t *)user;
}

static void on_nack(void *user, uint32_t media, const uint16_t *seqs, size_t count)
{
	struct tc_buf buf;
	TC_ASSERT(count > 0 && count <= TC_RTCP_MAX_NACKS);
	tc_buf_init_fixed(&buf, memory, sizeof(memory));
	tc_rtcp_write_nack(&buf, 1, media, seqs, count);
	TC_ASSERT(buf.err == 0);
}

static void on_pli(void *user, uint32_t media)
{
	++*(size_t *)user;
}

static void on_fir(void *user, uint32_t media, uint8_t seq)
{
	++*(size_t *)user;
}

static void on_remb(void *user, uint64_t bps, const uint32_t *ssrcs, size_t count)
{
	struct tc_buf buf;
	struct tc_estimator est;
	TC_ASSERT(count <= TC_RTCP_MAX_REMB);
	tc_buf_init_fixed(&buf, memory, sizeof(memory));
	tc_rtcp_write_remb(&buf, 1, bps, ssrcs, count);
	TC_ASSERT(buf.err == 0);
	tc_estimator_init(&est, &(struct tc_estimator_config){0}, 0);
	tc_estimator_remb(&est, bps, 1);
	TC_ASSERT(tc_estimator_bps(&est, 2) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tc_rtcp_events events = {
		.sender = on_sender,
		.report = on_report,
		.cname = on_cname,
		.bye = on_bye,
		.nack = on_nack,
		.pli = on_pli,
		.fir = on_fir,
		.remb = on_remb,
	};
	size_t told = 0;
	tc_rtcp_parse(data, size, &events, &told);
	tc_rtcp_parse(data, size, &(struct tc_rtcp_events){0}, NULL);
	TC_ASSERT(told <= size);
	return 0;
}
