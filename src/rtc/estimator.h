/* rtc/estimator.h -- how much the path to one peer takes, in bit/s, sound and picture together.
 *
 * The lower of two opinions, between floor and ceiling: the peer's own (REMB, which Chromium
 * computes from abs-send-time), and the loss it reports (the loss controller of Google congestion
 * control, draft-ietf-rmcat-gcc-02 section 6). Opinions age out.
 *
 * Pure over the times passed in (monotonic microseconds). No allocation. Thread: one at a time.
 */
#ifndef TC_RTC_ESTIMATOR_H
#define TC_RTC_ESTIMATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tc_estimator_config { /* zero: default */
	int start_bps;       /* 400000 */
	int floor_bps;       /* 24000: below that even the voice makes no sense */
	int ceiling_bps;     /* 800000 */
};

struct tc_estimator {
	struct tc_estimator_config config;
	/* from loss */
	double loss_bps;
	uint64_t expected, lost256; /* since the last step */
	int64_t step_us, decrease_us;
	bool decreased;
	int64_t rtt_us;
	double loss; /* 0-1, smoothed for who asks */
	/* REMB */
	bool has_remb;
	uint64_t remb_bps;
	int64_t remb_us;
};

void tc_estimator_init(struct tc_estimator *est, const struct tc_estimator_config *config,
		       int64_t now_us);
void tc_estimator_remb(struct tc_estimator *est, uint64_t bps, int64_t now_us);
/* A report block on one stream of ours: fraction of 256 lost, of how many packets we sent since its
 * last one. Blocks of several streams add up. rtt_us < 0: unknown. */
void tc_estimator_report(struct tc_estimator *est, uint8_t fraction_lost, uint32_t packets,
			 int64_t rtt_us, int64_t now_us);

int tc_estimator_bps(const struct tc_estimator *est, int64_t now_us);
/* Of our packets, smoothed over reports; for Opus FEC. */
int tc_estimator_loss_percent(const struct tc_estimator *est);

#endif
