// SPDX-License-Identifier: Apache-2.0
/* What the first use of a library costs, paid before anybody waits for it. Measured on a quiet
 * core: libsrtp's self-tests and NSS below it 10 ms, OpenSSL's providers and a certificate 3 ms,
 * libwebsockets 1.5 ms. All of it is made anew for the room, which is cheap the second time;
 * nothing random is kept, since each spare does this after its fork.
 */
#include "orb/nest/spare.h"

#include "base/err.h"
#include "base/log.h"
#include "uplink/uplink.h"
#include "rtc/loop.h"
#include "rtc/peer.h"
#include "rtc/srtp.h"

TC_LOG_TOPIC("orb.spare");

static int warm_rtc(struct tc_loop *loop, const struct tc_orb_args *args)
{
	const struct tc_rtc_config config = {
		.loop = loop, .bind_address = args->bind_address, .loopback = true};
	struct tc_rtc *rtc = NULL;
	int err = tc_rtc_create(&rtc, &config);
	tc_rtc_destroy(rtc);
	return err;
}

static int warm_srtp(void)
{
	const struct tc_srtp_keys nobodys = {.profile = TC_SRTP_AEAD_AES_128_GCM};
	struct tc_srtp *srtp = NULL;
	int err = tc_srtp_create(&srtp, &nobodys);
	tc_srtp_destroy(srtp);
	return err;
}

/* Destroyed before the loop turns: it connects to nobody. */
static int warm_uplink(struct tc_loop *loop, const struct tc_orb_args *args)
{
	static const struct tc_uplink_events no_events;
	const struct tc_uplink_config config = {
		.loop = loop,
		.url = args->websocket_url ? args->websocket_url : "ws://127.0.0.1:1",
		.ca = args->tls_ca,
		.room = "spare",
		.user_id = "spare",
		.user_name = "spare",
		.role = "ai",
		.participant_type = "ai",
	};
	struct tc_uplink *uplink = NULL;
	int err = tc_uplink_create(&uplink, &config, &no_events, NULL);
	tc_uplink_destroy(uplink);
	return err;
}

void tc_spare_warm(const struct tc_orb_args *args)
{
	struct tc_loop *loop = NULL;
	int err = tc_loop_create(&loop);
	err = err ? err : warm_rtc(loop, args);
	err = err ? err : warm_srtp();
	err = err ? err : warm_uplink(loop, args);
	tc_loop_destroy(loop);
	if (err) { /* the room will tell, if it matters */
		TC_WARN(NULL, "not all libraries start: %s", tc_err_str(err));
	}
}
