/* auth/jwt.h -- join tokens: JWTs (RFC 7519), HS256 only (RFC 7518 section 3.2).
 *
 * A site that holds an API key signs who may enter which room; the server signs the orbs' tokens
 * with a key of its own that dies with the process. Pure; thread: any.
 */
#ifndef TC_AUTH_JWT_H
#define TC_AUTH_JWT_H

#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "proto/role.h"

#define TC_JWT_MAX        4096 /* characters of a whole token */
#define TC_JWT_NAME_SIZE  256
#define TC_API_SECRET_MIN 32 /* bytes (RFC 7518 section 3.2: at least the hash's size) */
#define TC_API_KEYS_MAX   32

struct tc_api_key {
	char id[TC_ID_SIZE];
	char *secret; /* owned */
	size_t secret_len;
};

struct tc_api_keys {
	struct tc_api_key key[TC_API_KEYS_MAX];
	size_t count;
};

/* "id:secret,id:secret"; NULL and "" are no keys. 0, or -EINVAL with one line in `why` that does
 * not tell the secret; -ENOMEM. */
int tc_api_keys_parse(struct tc_api_keys *out, const char *text, char *why, size_t why_size);
void tc_api_keys_finish(struct tc_api_keys *keys);
const struct tc_api_key *tc_api_keys_find(const struct tc_api_keys *keys, const char *id);
/* Adds one; the bytes are copied. -ENOSPC, -EEXIST, -ENOMEM. */
int tc_api_keys_add(struct tc_api_keys *keys, const char *id, const void *secret, size_t len);

struct tc_jwt_claims {
	char issuer[TC_ID_SIZE];  /* iss: the key's id */
	char subject[TC_ID_SIZE]; /* sub: the user's id */
	char name[TC_JWT_NAME_SIZE];
	char room[TC_ID_SIZE];
	char id[TC_ID_SIZE]; /* jti; "" when absent */
	enum tc_role role;
	int64_t expires_s;    /* exp, required */
	int64_t not_before_s; /* nbf, 0 when absent */
};

/* The length written, or -EINVAL (claims that verify would refuse), -ENOENT (no such key), -ENOSPC.
 */
int tc_jwt_sign(const struct tc_jwt_claims *claims, const struct tc_api_keys *keys, char *out,
		size_t size);
/* The signature before anything it covers is believed. 0, or -TC_EPARSE (no such thing as a JWT of
 * ours), -TC_ECRYPTO (another algorithm, unknown key, bad signature), -TC_EEXPIRED (past, or not
 * yet valid), -TC_ELIMIT (too long), -EINVAL (a claim is missing or of the wrong shape). */
int tc_jwt_verify(const char *token, const struct tc_api_keys *keys, int64_t now_s,
		  struct tc_jwt_claims *out);

#endif
