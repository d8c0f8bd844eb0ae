/* auth/token.h -- random tokens (cookies), what is stored of them, and constant-time comparison. */
#ifndef TC_AUTH_TOKEN_H
#define TC_AUTH_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base64url.h"

#define TC_TOKEN_SIZE      44 /* 256 random bits, base64url without padding, and the 0 */
#define TC_TOKEN_HASH_SIZE 32

void tc_token_random(char out[TC_TOKEN_SIZE]);
/* SHA-256: enough for what is random already. false: not of a token's shape. */
bool tc_token_hash(const char *token, uint8_t out[TC_TOKEN_HASH_SIZE]);
/* A second token that belongs to the first but does not tell it: what a page shows as proof that
 * it could read our answers (CSRF). */
bool tc_token_derive(const char *token, const char *purpose, char out[TC_TOKEN_SIZE]);
/* In time that depends on the lengths only. */
bool tc_token_equal(const char *a, const char *b);

#endif
