/* rtc/rtcp.h -- RTCP: what others report, what we report (RFC 3550 6, 4585, 5104, 5506, REMB).
 *
 * The parser is pure and calls back per item; the writers append to a tc_buf whose sticky error
 * tells whether all of it fitted. Thread: any, one at a time per object. RT-safe with a fixed
 * buffer. Wall-clock times are microseconds since 1970, others monotonic microseconds.
 */
#ifndef TC_RTC_RTCP_H
#define TC_RTC_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define TC_RTCP_MAX_REPORTS 31  /* a 5-bit count */
#define TC_RTCP_MAX_NACKS   272 /* sequence numbers told in one call: 16 FCI entries */
#define TC_RTCP_MAX_REMB    8   /* SSRCs kept of a REMB */
#define TC_RTCP_MAX_CNAME   255

struct tc_rtcp_sender { /* the sender part of an SR */
	uint32_t ssrc;
	uint64_t ntp; /* 32.32 seconds since 1900 */
	uint32_t rtp_ts;
	uint32_t packets, octets;
};

struct tc_rtcp_report {        /* a report block, from SR or RR */
	uint32_t ssrc;         /* whose packets are reported on */
	uint8_t fraction_lost; /* of 256, since the last report */
	int32_t lost;          /* in all; may be negative (duplicates) */
	uint32_t highest_seq;  /* with wrap count */
	uint32_t jitter;       /* RTP ticks */
	uint32_t lsr, dlsr;    /* 16.16 seconds */
};

/* All borrowed for the call; any may be NULL. `media_ssrc`: the stream of ours that is meant. */
struct tc_rtcp_events {
	void (*sender)(void *user, const struct tc_rtcp_sender *sender);
	void (*report)(void *user, uint32_t from_ssrc, const struct tc_rtcp_report *report);
	void (*cname)(void *user, uint32_t ssrc, const char *cname, size_t len);
	void (*bye)(void *user, uint32_t ssrc);
	void (*nack)(void *user, uint32_t media_ssrc, const uint16_t *seqs, size_t count);
	void (*pli)(void *user, uint32_t media_ssrc);
	/* seq: the request's own number; the same one again is a repetition, not a new wish. */
	void (*fir)(void *user, uint32_t media_ssrc, uint8_t seq);
	void (*remb)(void *user, uint64_t bps, const uint32_t *ssrcs, size_t count);
};
/* A compound or reduced-size (RFC 5506) datagram, decrypted. The framing is checked whole before
 * the first event; an item that does not add up is skipped. 0 or -TC_EPARSE (then no event). */
int tc_rtcp_parse(const uint8_t *data, size_t len, const struct tc_rtcp_events *events, void *user);

void tc_rtcp_write_sr(struct tc_buf *buf, const struct tc_rtcp_sender *sender,
		      const struct tc_rtcp_report *reports, size_t count);
void tc_rtcp_write_rr(struct tc_buf *buf, uint32_t ssrc, const struct tc_rtcp_report *reports,
		      size_t count);
void tc_rtcp_write_cname(struct tc_buf *buf, uint32_t ssrc, const char *cname); /* an SDES */
void tc_rtcp_write_bye(struct tc_buf *buf, const uint32_t *ssrcs, size_t count);
void tc_rtcp_write_pli(struct tc_buf *buf, uint32_t ssrc, uint32_t media_ssrc);
void tc_rtcp_write_fir(struct tc_buf *buf, uint32_t ssrc, uint32_t media_ssrc, uint8_t seq);
/* seqs ascending (on the circle); neighbours share an entry. */
void tc_rtcp_write_nack(struct tc_buf *buf, uint32_t ssrc, uint32_t media_ssrc,
			const uint16_t *seqs, size_t count);
void tc_rtcp_write_remb(struct tc_buf *buf, uint32_t ssrc, uint64_t bps, const uint32_t *ssrcs,
			size_t count);

uint64_t tc_rtcp_ntp(int64_t wall_us);
/* How long until the next report, ms: RFC 3550 section 6.3.1, a second (half of one before the
 * first) times 0.5 to 1.5, so that the two ends of a call and all the calls of a server do not
 * report in step. `random`: any number, evenly spread. */
int tc_rtcp_interval_ms(bool first, uint32_t random);

/* Round trip from a report block: now minus LSR minus DLSR. -1: they had no SR of ours yet, or the
 * figures make no sense. `now_ntp`: tc_rtcp_ntp() of now, the clock our SRs were written with. */
int64_t tc_rtcp_rtt_us(const struct tc_rtcp_report *report, uint64_t now_ntp);

/* Reception statistics of one remote stream (RFC 3550 A.1, A.3, A.8). Zero memory, then init. */
struct tc_rtcp_receiver {
	uint32_t ssrc;
	int clock_rate;
	bool started;
	uint32_t base_seq, highest; /* highest with wraps in the upper half */
	uint32_t bad_seq;           /* what a restarted sender would send next */
	uint64_t received;
	uint64_t expected_before, received_before; /* at the last report */
	int64_t transit;                           /* ticks */
	bool has_transit;
	uint32_t jitter_x16;
	uint32_t lsr;
	int64_t lsr_at_us;
};
void tc_rtcp_receiver_init(struct tc_rtcp_receiver *recv, uint32_t ssrc, int clock_rate);
void tc_rtcp_receiver_packet(struct tc_rtcp_receiver *recv, uint16_t seq, uint32_t ts,
			     int64_t arrival_us);
void tc_rtcp_receiver_sender(struct tc_rtcp_receiver *recv, const struct tc_rtcp_sender *sender,
			     int64_t now_us);
/* Fills a block and starts the next interval; false: nothing was received yet. */
bool tc_rtcp_receiver_report(struct tc_rtcp_receiver *recv, int64_t now_us,
			     struct tc_rtcp_report *out);
/* In all; never negative. */
uint64_t tc_rtcp_receiver_lost(const struct tc_rtcp_receiver *recv);

#endif
