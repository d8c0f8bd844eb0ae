/* rtc/srtp.h -- one peer's SRTP and SRTCP (RFC 3711, RFC 7714) around libsrtp2.
 *
 * Thread: protect and unprotect are two independent halves: protect under the peer's send lock,
 * unprotect on the loop. RT-safe, no allocation but for the first packet of an SSRC.
 */
#ifndef TC_RTC_SRTP_H
#define TC_RTC_SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tc_srtp_profile { /* the values of the IANA registry, as in use_srtp (RFC 5764, RFC 7714) */
		       TC_SRTP_AES128_CM_SHA1_80 = 0x0001,
		       TC_SRTP_AEAD_AES_128_GCM = 0x0007,
};

#define TC_SRTP_KEY_LEN      16
#define TC_SRTP_SALT_MAX     14
#define TC_SRTP_MATERIAL_MAX (2 * (TC_SRTP_KEY_LEN + TC_SRTP_SALT_MAX))
#define TC_SRTP_OVERHEAD     32 /* room behind a packet for tag, index and libsrtp's own care */

struct tc_srtp_keys {
	enum tc_srtp_profile profile;
	bool client;                            /* we were the DTLS client */
	uint8_t material[TC_SRTP_MATERIAL_MAX]; /* client key, server key, client salt, server salt
						 */
};

struct tc_srtp;

size_t tc_srtp_salt_len(enum tc_srtp_profile profile);
int tc_srtp_create(struct tc_srtp **out, const struct tc_srtp_keys *keys); /* -TC_ECRYPTO, -ENOMEM
									    */
void tc_srtp_destroy(struct tc_srtp *srtp);                                /* NULL-safe */
/* In place; TC_SRTP_OVERHEAD bytes must be free behind *len. -TC_ECRYPTO. */
int tc_srtp_protect(struct tc_srtp *srtp, uint8_t *packet, size_t *len);
int tc_srtp_protect_rtcp(struct tc_srtp *srtp, uint8_t *packet, size_t *len);
/* In place. -TC_ECRYPTO: not authentic, or seen before. */
int tc_srtp_unprotect(struct tc_srtp *srtp, uint8_t *packet, size_t *len);
int tc_srtp_unprotect_rtcp(struct tc_srtp *srtp, uint8_t *packet, size_t *len);

#endif
