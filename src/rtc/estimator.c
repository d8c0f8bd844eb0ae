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

/* ---- out ---- */

int tc_estimator_bps(const struct tc_estimator *est, int64_t now_us)
{
	double bps = est->loss_bps;
	if (est->has_remb && now_us - est->remb_us < OPINION_US) {
		bps = fmin(bps, (double)est->remb_bps);
	}
	return (int)clamp(est, bps);
}

int tc_estimator_loss_percent(const struct tc_estimator *est)
{
	return (int)(est->loss * 100 + 0.5);
}
