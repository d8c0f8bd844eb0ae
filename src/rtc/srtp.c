// SPDX-License-Identifier: Apache-2.0
#include "rtc/srtp.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <srtp2/srtp.h>

#include "base/err.h"
#include "rtc/wire.h"

/* Packets late by more than this (10 s of video) are refused as replays. */
#define REPLAY_WINDOW 1024

/* A page has two sources towards us and brings new ones when it renegotiates. libsrtp keeps a
 * stream with a replay window for each for ever, so there is an end to it. */
#define SOURCES_MAX 64

struct sources {
	uint32_t ssrc[SOURCES_MAX];
	int count;
};

struct tc_srtp {
	srtp_t out, in;
	struct sources rtp, rtcp;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static srtp_err_status_t init_status;

/* Never undone: NSS below libsrtp does not like to be started twice in a process. */
static void init_library(void)
{
	init_status = srtp_init();
}

size_t tc_srtp_salt_len(enum tc_srtp_profile profile)
{
	return profile == TC_SRTP_AEAD_AES_128_GCM ? 12 : 14;
}

/* RFC 5764 section 4.2: client key, server key, client salt, server salt; libsrtp wants key|salt.
 */
static void pick_key(uint8_t *out, const struct tc_srtp_keys *keys, bool clients)
{
	size_t salt = tc_srtp_salt_len(keys->profile);
	memcpy(out, keys->material + (clients ? 0 : TC_SRTP_KEY_LEN), TC_SRTP_KEY_LEN);
	memcpy(out + TC_SRTP_KEY_LEN,
	       keys->material + 2 * (size_t)TC_SRTP_KEY_LEN + (clients ? 0 : salt), salt);
}

static srtp_err_status_t make_session(srtp_t *out, const struct tc_srtp_keys *keys, bool outbound)
{
	srtp_policy_t policy;
	memset(&policy, 0, sizeof(policy));
	if (keys->profile == TC_SRTP_AEAD_AES_128_GCM) {
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
	} else {
		srtp_crypto_policy_set_rtp_default(&policy.rtp);
		srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
	}
	uint8_t key[TC_SRTP_KEY_LEN + TC_SRTP_SALT_MAX] = {0};
	pick_key(key, keys, keys->client == outbound);
	policy.key = key;
	policy.window_size = REPLAY_WINDOW;
	/* A plain resend answers a NACK where rtx was not negotiated. */
	policy.allow_repeat_tx = 1;
	policy.ssrc.type = outbound ? ssrc_any_outbound : ssrc_any_inbound;
	srtp_err_status_t status = srtp_create(out, &policy);
	explicit_bzero(key, sizeof(key));
	return status;
}

int tc_srtp_create(struct tc_srtp **out, const struct tc_srtp_keys *keys)
{
	pthread_once(&once, init_library);
	if (init_status != srtp_err_status_ok) {
		return -TC_ECRYPTO;
	}
	struct tc_srtp *srtp = calloc(1, sizeof(*srtp));
	if (!srtp) {
		return -ENOMEM;
	}
	if (make_session(&srtp->out, keys, true) || make_session(&srtp->in, keys, false)) {
		tc_srtp_destroy(srtp);
		return -TC_ECRYPTO;
	}
	*out = srtp;
	return 0;
}

void tc_srtp_destroy(struct tc_srtp *srtp)
{
	if (!srtp) {
		return;
	}
	if (srtp->out) {
		srtp_dealloc(srtp->out);
	}
	if (srtp->in) {
		srtp_dealloc(srtp->in);
	}
	free(srtp);
}

static int run(srtp_err_status_t (*fn)(srtp_t, void *, int *), srtp_t session, uint8_t *packet,
	       size_t *len)
{
	int n = (int)*len;
	if (fn(session, packet, &n) != srtp_err_status_ok) {
		return -TC_ECRYPTO;
	}
	*len = (size_t)n;
	return 0;
}

int tc_srtp_protect(struct tc_srtp *srtp, uint8_t *packet, size_t *len)
{
	return run(srtp_protect, srtp->out, packet, len);
}

int tc_srtp_protect_rtcp(struct tc_srtp *srtp, uint8_t *packet, size_t *len)
{
	return run(srtp_protect_rtcp, srtp->out, packet, len);
}

static bool known(const struct sources *sources, uint32_t ssrc)
{
	for (int i = 0; i < sources->count; i++) {
		if (sources->ssrc[i] == ssrc) {
			return true;
		}
	}
	return false;
}

/* `at`: where the packet says its source (RFC 3550 sections 5.1 and 6.4). Only authentic packets
 * make a source known. */
static int open_packet(srtp_err_status_t (*unprotect)(srtp_t, void *, int *), struct tc_srtp *srtp,
		       struct sources *sources, size_t at, uint8_t *packet, size_t *len)
{
	if (*len < at + 4) {
		return -TC_ECRYPTO;
	}
	uint32_t ssrc = tc_get32(packet + at);
	bool seen = known(sources, ssrc);
	if (!seen && sources->count == SOURCES_MAX) {
		return -TC_ELIMIT;
	}
	int err = run(unprotect, srtp->in, packet, len);
	if (!err && !seen) {
		sources->ssrc[sources->count++] = ssrc;
	}
	return err;
}

int tc_srtp_unprotect(struct tc_srtp *srtp, uint8_t *packet, size_t *len)
{
	return open_packet(srtp_unprotect, srtp, &srtp->rtp, 8, packet, len);
}

int tc_srtp_unprotect_rtcp(struct tc_srtp *srtp, uint8_t *packet, size_t *len)
{
	return open_packet(srtp_unprotect_rtcp, srtp, &srtp->rtcp, 4, packet, len);
}
