/* rtc/dtls.h -- DTLS 1.2 for SRTP keys (RFC 5764) around OpenSSL, over datagrams handed in and out.
 *
 * Thread: the loop's. Owner: rtc/peer. Datagrams that come before tc_dtls_start() are held: a
 * browser begins when *its* pair is writable, and answers sent before ours is would be lost for a
 * second.
 */
#ifndef TC_RTC_DTLS_H
#define TC_RTC_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rtc/loop.h"
#include "rtc/srtp.h"

struct tc_dtls_identity; /* a process's certificate (ECDSA P-256) and TLS context */
struct tc_dtls;

#define TC_DTLS_FINGERPRINT 32 /* bytes: SHA-256 of a certificate */

int tc_dtls_identity_create(struct tc_dtls_identity **out);       /* -TC_ECRYPTO, -ENOMEM */
void tc_dtls_identity_destroy(struct tc_dtls_identity *identity); /* after its associations */
const uint8_t *tc_dtls_fingerprint(const struct tc_dtls_identity *identity); /* borrowed */

struct tc_dtls_config {
	struct tc_loop *loop; /* borrowed */
	const struct tc_dtls_identity *identity;
	bool client;                              /* setup:active */
	uint8_t fingerprint[TC_DTLS_FINGERPRINT]; /* what their certificate must hash to */
};

struct tc_dtls_events { /* never called from inside create */
	void (*send)(void *user, const uint8_t *data, size_t len);
	/* The certificate is the one promised. *keys is borrowed and wiped afterwards. */
	void (*connected)(void *user, const struct tc_srtp_keys *keys);
	void (*closed)(void *user); /* close_notify came */
	void (*failed)(void *user, const char *why);
};

int tc_dtls_create(struct tc_dtls **out, const struct tc_dtls_config *config,
		   const struct tc_dtls_events *events, void *user); /* -TC_ECRYPTO, -ENOMEM */
/* Sends close_notify if connected. NULL-safe; may be called from inside an event. */
void tc_dtls_destroy(struct tc_dtls *dtls);
void tc_dtls_start(struct tc_dtls *dtls); /* datagrams travel from now on; idempotent */
void tc_dtls_input(struct tc_dtls *dtls, const uint8_t *data, size_t len);
bool tc_dtls_is_client(const struct tc_dtls *dtls);

#endif
