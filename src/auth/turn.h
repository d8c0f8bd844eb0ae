/* auth/turn.h -- TURN credentials that expire (coturn's use-auth-secret; "A REST API For Access To
 * TURN Services", draft-uberti-behave-turn-rest-00). Pure; thread: any. */
#ifndef TC_AUTH_TURN_H
#define TC_AUTH_TURN_H

#include <stdint.h>

struct tc_turn_credentials {
	char username[160];  /* "expiry:user" */
	char credential[32]; /* base64(HMAC-SHA1(secret, username)) */
};

/* 0, -EINVAL (no secret, or the user id is too long) or -TC_ECRYPTO. */
int tc_turn_credentials(struct tc_turn_credentials *out, const char *secret, const char *user_id,
			int64_t expires_s);

#endif
