// SPDX-License-Identifier: Apache-2.0
#include "rtc/peer/peer_priv.h"

#include <errno.h>
#include <stdlib.h>

/* From here on there are GnuTLS (by libnice), NSS (by libsrtp) and OpenSSL in the process, and none
 * of them survives a fork. */
static int make_parts(struct tc_rtc *rtc, const struct tc_rtc_config *config)
{
	int err = tc_dtls_identity_create(&rtc->identity);
	if (err) {
		return err;
	}
	const struct tc_ice_config ice = {
		.loop = config->loop,
		.bind_address = config->bind_address,
		.loopback = config->loopback,
		.port_min = config->port_min,
		.port_max = config->port_max,
		.stun_server = config->stun_server,
		.turn_server = config->turn_server,
		.turn_user = config->turn_user,
		.turn_password = config->turn_password,
		.relay_only = config->relay_only,
	};
	return tc_ice_factory_create(&rtc->ice, &ice);
}

int tc_rtc_create(struct tc_rtc **out, const struct tc_rtc_config *config)
{
	if (!config->loop) {
		return -EINVAL;
	}
	struct tc_rtc *rtc = calloc(1, sizeof(*rtc));
	if (!rtc) {
		return -ENOMEM;
	}
	tc_home_init(&rtc->home);
	rtc->refs = 1;
	rtc->loop = config->loop;
	rtc->clock = config->clock ? config->clock : tc_clock_system();
	rtc->wall_minus_mono_us = rtc->clock->wall_us(rtc->clock->user) - tc_clock_us(rtc->clock);
	int err = make_parts(rtc, config);
	if (err) {
		tc_rtc_unref(rtc);
		return err;
	}
	*out = rtc;
	return 0;
}

/* Peers that are closed but not yet freed still hold us. */
void tc_rtc_unref(struct tc_rtc *rtc)
{
	TC_ASSERT_HOME(rtc);
	if (--rtc->refs > 0) {
		return;
	}
	tc_ice_factory_destroy(rtc->ice);
	tc_dtls_identity_destroy(rtc->identity);
	free(rtc);
}

void tc_rtc_destroy(struct tc_rtc *rtc)
{
	if (rtc) {
		tc_rtc_unref(rtc);
	}
}
