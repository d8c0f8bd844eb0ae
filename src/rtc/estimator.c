// SPDX-License-Identifier: Apache-2.0
#include "rtc/estimator.h"

#include <math.h>
#include <string.h>

#define DEFAULT_START_BPS   400000
#define DEFAULT_FLOOR_BPS   24000
#define DEFAULT_CEILING_BPS 800000

/* draft-ietf-rmcat-gcc-02 6: below 2 % loss grow, above 10 % shrink by half the loss. */
#define LOSS_GROW    0.02
#define LOSS_SHRINK  0.10
#define GROWTH_PER_S 1.08
#define DECREASE_US  300000
/* Fewer packets than this say nothing about a percentage. */
#define MIN_PACKETS 20
/* An opinion not renewed for this long is none: a peer whose picture stopped sends no REMB. */
#define OPINION_US 10000000

/* Section 5, in libwebrtc's figures: packets sent within 5 ms are one group; the trend, times 4 and
 * the number of groups, is held against a threshold in ms that adapts between 6 and 600. */
#define GROUP_US        5000
#define TREND_GAIN      4.0
#define SMOOTHING       0.9
#define THRESHOLD_MS    12.5
#define THRESHOLD_MIN   6.0
#define THRESHOLD_MAX   600.0
#define THRESHOLD_UP    0.0087
#define THRESHOLD_DOWN  0.039
#define OVERUSE_US      10000
#define DELAY_DECREASE  0.85
#define ACKED_WINDOW_US 500000

static double clamp(const struct tc_estimator *est, double bps)
{
	return fmin(fmax(bps, est->config.floor_bps), est->config.ceiling_bps);
}

void tc_estimator_init(struct tc_estimator *est, const struct tc_estimator_config *config,
		       int64_t now_us)
{
	*est = (struct tc_estimator){.config = *config, .rtt_us = 100000, .step_us = now_us};
	struct tc_estimator_config *c = &est->config;
	c->start_bps = c->start_bps ? c->start_bps : DEFAULT_START_BPS;
	c->floor_bps = c->floor_bps ? c->floor_bps : DEFAULT_FLOOR_BPS;
	c->ceiling_bps = c->ceiling_bps ? c->ceiling_bps : DEFAULT_CEILING_BPS;
	est->loss_bps = clamp(est, c->start_bps);
	est->threshold_ms = THRESHOLD_MS;
}

void tc_estimator_remb(struct tc_estimator *est, uint64_t bps, int64_t now_us)
{
	est->remb_bps = bps;
	est->remb_us = now_us;
	est->has_remb = true;
}

/* ---- loss ---- */

static double growth(int64_t elapsed_us)
{
	double seconds = fmin(fmax((double)elapsed_us / 1e6, 0), 1);
	return pow(GROWTH_PER_S, seconds);
}

void tc_estimator_report(struct tc_estimator *est, uint8_t fraction_lost, uint32_t packets,
			 int64_t rtt_us, int64_t now_us)
{
	est->expected += packets;
	est->lost256 += (uint64_t)fraction_lost * packets;
	if (rtt_us >= 0) {
		est->rtt_us = rtt_us;
	}
	if (est->expected < MIN_PACKETS) {
		return;
	}
	double loss = (double)est->lost256 / (256.0 * (double)est->expected);
	est->expected = est->lost256 = 0;
	est->loss += (loss - est->loss) * 0.3;
	if (loss <= LOSS_GROW) {
		/* 1 kbit/s more, so that it gets off the floor (as libwebrtc). */
		est->loss_bps = est->loss_bps * growth(now_us - est->step_us) + 1000;
	} else if (loss > LOSS_SHRINK &&
		   (!est->decreased || now_us - est->decrease_us >= DECREASE_US + est->rtt_us)) {
		est->loss_bps *= 1 - 0.5 * loss;
		est->decrease_us = now_us;
		est->decreased = true;
	}
	est->loss_bps = clamp(est, est->loss_bps);
	est->step_us = now_us;
}

/* ---- delay ---- */

/* Slope of a least-squares line, ms of delay per ms of time. */
static double slope(const struct tc_estimator *est)
{
	double mx = 0, my = 0, num = 0, den = 0;
	int n = est->trend_count;
	for (int i = 0; i < n; i++) {
		mx += est->trend_x[i] / n;
		my += est->trend_y[i] / n;
	}
	for (int i = 0; i < n; i++) {
		num += (est->trend_x[i] - mx) * (est->trend_y[i] - my);
		den += (est->trend_x[i] - mx) * (est->trend_x[i] - mx);
	}
	return den > 0 ? num / den : 0;
}

static void adapt_threshold(struct tc_estimator *est, double trend, double elapsed_ms)
{
	double distance = fabs(trend) - est->threshold_ms;
	if (distance > 15) {
		return; /* a sudden step, no trend to follow */
	}
	double k = distance < 0 ? THRESHOLD_DOWN : THRESHOLD_UP;
	est->threshold_ms += k * distance * fmin(elapsed_ms, 100);
	est->threshold_ms = fmin(fmax(est->threshold_ms, THRESHOLD_MIN), THRESHOLD_MAX);
}

static void overuse(struct tc_estimator *est, int64_t now_us)
{
	if (est->has_delay_cut && now_us - est->delay_cut_us < DECREASE_US + est->rtt_us) {
		return;
	}
	double from = est->acked_bps > 0 ? fmin(est->acked_bps, est->delay_bps) : est->delay_bps;
	est->delay_bps = clamp(est, DELAY_DECREASE * from);
	est->delay_cut_us = now_us;
	est->has_delay_cut = true;
}

/* One more group: how much longer it took than the one before. */
static void add_group(struct tc_estimator *est, int64_t sent_gap_us, int64_t arrive_gap_us,
		      int64_t arrive_us, int64_t now_us)
{
	est->delay_ms += (double)(arrive_gap_us - sent_gap_us) / 1000;
	est->smooth_ms = SMOOTHING * est->smooth_ms + (1 - SMOOTHING) * est->delay_ms;
	est->trend_x[est->trend_at] = (double)(arrive_us - est->first_arrive_us) / 1000;
	est->trend_y[est->trend_at] = est->smooth_ms;
	est->trend_at = (est->trend_at + 1) % TC_ESTIMATOR_TREND;
	if (est->trend_count < TC_ESTIMATOR_TREND) {
		est->trend_count++;
		return;
	}
	double trend = slope(est) * TC_ESTIMATOR_TREND * TREND_GAIN;
	bool over = trend > est->threshold_ms;
	est->overuse_us = over ? est->overuse_us + sent_gap_us : 0;
	if (est->overuse_us > OVERUSE_US) {
		overuse(est, now_us);
	} else if (!over && trend > -est->threshold_ms) {
		est->delay_bps = clamp(est, est->delay_bps * growth(sent_gap_us));
	}
	adapt_threshold(est, trend, (double)sent_gap_us / 1000);
}

static void count_acked(struct tc_estimator *est, const struct tc_estimator_sample *sample)
{
	if (est->acked_bytes == 0) {
		est->acked_us = sample->arrived_us;
	}
	est->acked_bytes += sample->bytes;
	int64_t span = sample->arrived_us - est->acked_us;
	if (span >= ACKED_WINDOW_US) {
		est->acked_bps = 8e6 * (double)est->acked_bytes / (double)span;
		est->acked_bytes = 0;
	}
}

static void take_sample(struct tc_estimator *est, const struct tc_estimator_sample *sample,
			int64_t now_us)
{
	count_acked(est, sample);
	if (!est->has_group) {
		est->has_group = true;
		est->first_arrive_us = sample->arrived_us;
		est->group_send_us = est->last_send_us = sample->sent_us;
		est->last_arrive_us = sample->arrived_us;
	} else if (sample->sent_us - est->group_send_us > GROUP_US) {
		if (est->has_before) {
			add_group(est, est->last_send_us - est->before_send_us,
				  est->last_arrive_us - est->before_arrive_us, est->last_arrive_us,
				  now_us);
		}
		est->before_send_us = est->last_send_us;
		est->before_arrive_us = est->last_arrive_us;
		est->has_before = true;
		est->group_send_us = sample->sent_us;
	}
	est->last_send_us = sample->sent_us;
	est->last_arrive_us = sample->arrived_us;
}

void tc_estimator_transport(struct tc_estimator *est, const struct tc_estimator_sample *samples,
			    size_t count, int64_t now_us)
{
	if (!est->has_delay) {
		est->delay_bps = clamp(est, est->config.start_bps);
	}
	est->has_delay = true;
	est->delay_us = now_us;
	for (size_t i = 0; i < count; i++) {
		if (samples[i].arrived_us >= 0) {
			take_sample(est, &samples[i], now_us);
		}
	}
}

/* ---- out ---- */

int tc_estimator_bps(const struct tc_estimator *est, int64_t now_us)
{
	double bps = est->loss_bps;
	if (est->has_remb && now_us - est->remb_us < OPINION_US) {
		bps = fmin(bps, (double)est->remb_bps);
	}
	if (est->has_delay && now_us - est->delay_us < OPINION_US) {
		bps = fmin(bps, est->delay_bps);
	}
	return (int)clamp(est, bps);
}

int tc_estimator_loss_percent(const struct tc_estimator *est)
{
	return (int)(est->loss * 100 + 0.5);
}
