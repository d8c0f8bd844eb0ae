/* rtc/nack.h -- what we sent, kept for those who ask for it again (RFC 4585 6.2.1 generic NACK).
 *
 * A ring of packets as they were before SRTP, found by sequence number, bounded in number and
 * bytes: the oldest go first. A packet goes out again at most once per round trip, and resends have
 * a budget of their own, so that loss cannot be answered with a flood. Memory is taken once;
 * RT-safe after create. Thread: one at a time (the peer's send lock).
 */
#ifndef TC_RTC_NACK_H
#define TC_RTC_NACK_H

#include <stddef.h>
#include <stdint.h>

struct tc_nack;

struct tc_nack_config { /* zero: default */
	size_t packets; /* 512; made a power of two */
	size_t bytes;   /* 192 KiB: about 3 s of our picture */
	int budget_bps; /* 200000: resends, over any second or so */
	int max_age_ms; /* 1000: older ones no longer help a picture */
};

int tc_nack_create(struct tc_nack **out, const struct tc_nack_config *config); /* -ENOMEM */
void tc_nack_destroy(struct tc_nack *nack);
/* Copies. -EMSGSIZE for what can never fit, -EINVAL for what is no RTP packet. */
int tc_nack_push(struct tc_nack *nack, uint16_t seq, const uint8_t *packet, size_t len,
		 int64_t now_us);
/* The packet to send again, borrowed until the next push, counted against the budget. NULL with
 * *err: -ENOENT not (or no longer) here, -EALREADY it went out less than a round trip ago, -EAGAIN
 * the budget is spent. err may be NULL. rtt_us < 0: unknown, taken as 50 ms. */
const uint8_t *tc_nack_get(struct tc_nack *nack, uint16_t seq, int64_t now_us, int64_t rtt_us,
			   size_t *len, int *err);

struct tc_nack_stats {
	uint64_t resent, missing, too_soon, over_budget;
};
void tc_nack_stats(const struct tc_nack *nack, struct tc_nack_stats *out);

#endif
