// SPDX-License-Identifier: Apache-2.0
#include "rtc/rtcp.h"

#include "rtc/rtp.h"

/* RFC 3550 A.1: a jump ahead of less than this is loss, one back of less than that is reordering;
 * all else is a sender that started anew, believed at its second packet in a row. */
#define MAX_DROPOUT  3000
#define MAX_MISORDER 100
#define NO_SEQ       0x10000 /* matches no 16-bit number */
/* Seconds from 1900 to 1970. */
#define NTP_EPOCH 2208988800u
/* Longer round trips than this come from clocks that were set, not from a network. */
#define MAX_RTT_US 20000000
/* RFC 3550 section 6.2 lets small sessions of much bandwidth report more often than each 5 s. */
#define INTERVAL_MS 1000

uint64_t tc_rtcp_ntp(int64_t wall_us)
{
	uint64_t seconds = (uint64_t)(wall_us / 1000000) + NTP_EPOCH;
	uint64_t rest = (uint64_t)(wall_us % 1000000);
	return seconds << 32 | (rest << 32) / 1000000;
}

/* Two members and a fixed group need no reconsideration, so no division by e - 3/2 either. */
int tc_rtcp_interval_ms(bool first, uint32_t random)
{
	int mean = first ? INTERVAL_MS / 2 : INTERVAL_MS;
	return mean / 2 + (int)((uint64_t)random * (uint64_t)mean >> 32);
}

int64_t tc_rtcp_rtt_us(const struct tc_rtcp_report *report, uint64_t now_ntp)
{
	if (report->lsr == 0) {
		return -1;
	}
	int32_t rtt = (int32_t)((uint32_t)(now_ntp >> 16) - report->lsr - report->dlsr);
	/* DLSR is rounded, so a very short way may come out just below zero. */
	if (rtt < 0) {
		return rtt > -66 ? 0 : -1;
	}
	int64_t us = (int64_t)rtt * 1000000 / 65536;
	return us <= MAX_RTT_US ? us : -1;
}

static void start(struct tc_rtcp_receiver *recv, uint16_t seq)
{
	recv->started = true;
	recv->base_seq = seq;
	recv->highest = seq;
	recv->bad_seq = NO_SEQ;
	recv->received = 0;
	recv->expected_before = recv->received_before = 0;
	recv->has_transit = false;
}

void tc_rtcp_receiver_init(struct tc_rtcp_receiver *recv, uint32_t ssrc, int clock_rate)
{
	*recv = (struct tc_rtcp_receiver){
		.ssrc = ssrc, .clock_rate = clock_rate, .bad_seq = NO_SEQ};
}

/* False: a stray packet that counts nowhere. */
static bool update_seq(struct tc_rtcp_receiver *recv, uint16_t seq)
{
	uint16_t ahead = (uint16_t)(seq - (uint16_t)recv->highest);
	if (ahead < MAX_DROPOUT) {
		recv->highest += ahead;
		return true;
	}
	if (ahead > 0x10000 - MAX_MISORDER) {
		return true;
	}
	if (seq == recv->bad_seq) {
		start(recv, seq);
		return true;
	}
	recv->bad_seq = (uint16_t)(seq + 1);
	return false;
}

void tc_rtcp_receiver_packet(struct tc_rtcp_receiver *recv, uint16_t seq, uint32_t ts,
			     int64_t arrival_us)
{
	if (!recv->started) {
		start(recv, seq);
	} else if (!update_seq(recv, seq)) {
		return;
	}
	recv->received++;
	/* RFC 3550 6.4.1 and A.8: differences only, so no common clock is needed. */
	int64_t transit = arrival_us / 1000000 * recv->clock_rate +
			  arrival_us % 1000000 * recv->clock_rate / 1000000 - ts;
	if (recv->has_transit) {
		int32_t d = (int32_t)(uint32_t)(transit - recv->transit);
		uint32_t abs = d < 0 ? 0u - (uint32_t)d : (uint32_t)d;
		/* A step of the sender's clock (DTX resumed, a device changed) is no jitter. */
		if (abs < (uint32_t)recv->clock_rate) {
			recv->jitter_x16 += abs - ((recv->jitter_x16 + 8) >> 4);
		}
	}
	recv->transit = transit;
	recv->has_transit = true;
}

void tc_rtcp_receiver_sender(struct tc_rtcp_receiver *recv, const struct tc_rtcp_sender *sender,
			     int64_t now_us)
{
	recv->lsr = (uint32_t)(sender->ntp >> 16);
	recv->lsr_at_us = now_us;
}

static uint64_t expected(const struct tc_rtcp_receiver *recv)
{
	return recv->started ? (uint64_t)(recv->highest - recv->base_seq) + 1 : 0;
}

uint64_t tc_rtcp_receiver_lost(const struct tc_rtcp_receiver *recv)
{
	uint64_t all = expected(recv);
	return all > recv->received ? all - recv->received : 0;
}

static uint8_t fraction(struct tc_rtcp_receiver *recv)
{
	uint64_t all = expected(recv);
	int64_t due = (int64_t)(all - recv->expected_before);
	int64_t lost = due - (int64_t)(recv->received - recv->received_before);
	recv->expected_before = all;
	recv->received_before = recv->received;
	if (due <= 0 || lost <= 0) {
		return 0;
	}
	int64_t f = lost * 256 / due;
	return (uint8_t)(f > 255 ? 255 : f);
}

bool tc_rtcp_receiver_report(struct tc_rtcp_receiver *recv, int64_t now_us,
			     struct tc_rtcp_report *out)
{
	if (!recv->started) {
		return false;
	}
	int64_t lost = (int64_t)expected(recv) - (int64_t)recv->received;
	*out = (struct tc_rtcp_report){
		.ssrc = recv->ssrc,
		.fraction_lost = fraction(recv),
		.lost = lost > 0x7fffff    ? 0x7fffff
			: lost < -0x800000 ? -0x800000
					   : (int32_t)lost,
		.highest_seq = recv->highest,
		.jitter = recv->jitter_x16 >> 4,
		.lsr = recv->lsr,
		.dlsr = recv->lsr ? (uint32_t)((now_us - recv->lsr_at_us) * 65536 / 1000000) : 0,
	};
	return true;
}
