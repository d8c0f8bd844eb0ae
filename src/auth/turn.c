// SPDX-License-Identifier: Apache-2.0
#include "auth/turn.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

#define SHA1_SIZE 20

/* libsodium has no SHA-1, on purpose; TURN's REST credentials are defined with it. As a MAC it
 * holds. */
int tc_turn_credentials(struct tc_turn_credentials *out, const char *secret, const char *user_id,
			int64_t expires_s)
{
	int n = snprintf(out->username, sizeof(out->username), "%" PRId64 ":%s", expires_s,
			 user_id);
	if (!secret || !*secret || n < 0 || (size_t)n >= sizeof(out->username)) {
		return -EINVAL;
	}
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	if (!HMAC(EVP_sha1(), secret, (int)strlen(secret), (const unsigned char *)out->username,
		  (size_t)n, mac, &len) ||
	    len != SHA1_SIZE) {
		return -TC_ECRYPTO;
	}
	EVP_EncodeBlock((unsigned char *)out->credential, mac, (int)len);
	return 0;
}
