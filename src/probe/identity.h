/* probe/identity.h -- who the probe's people are: what a token says, or a token of our own. Pure.
 */
#ifndef TC_PROBE_IDENTITY_H
#define TC_PROBE_IDENTITY_H

#include <stdint.h>

#include "auth/jwt.h"
#include "base/id.h"

struct tc_identity {
	char user_id[TC_ID_SIZE]; /* "": the server knows */
	char role[16];            /* "": the same */
	char name[TC_JWT_NAME_SIZE];
	char token[TC_JWT_MAX + 1]; /* "": a cookie says who we are */
};

/* Reads the claims without checking the signature: the server does. -TC_EPARSE: no JWT. */
int tc_identity_of_token(struct tc_identity *out, const char *token);

struct tc_identity_wish {
	const struct tc_api_keys *keys;
	const char *key, *room, *run; /* run: tells two probes in one room apart */
	enum tc_role role;
	int64_t now_s, lives_s;
};
/* What tc_jwt_sign() returns, and 0. */
int tc_identity_sign(struct tc_identity *out, const struct tc_identity_wish *wish);

#endif
