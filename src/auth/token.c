// SPDX-License-Identifier: Apache-2.0
#include "auth/token.h"

#include <sodium.h>
#include <string.h>

#include "base/err.h"
#include "base/id.h"

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

void tc_token_random(char out[TC_TOKEN_SIZE])
{
	uint8_t bits[32];
	tc_random_bytes(bits, sizeof(bits));
	sodium_bin2base64(out, TC_TOKEN_SIZE, bits, sizeof(bits), VARIANT);
	sodium_memzero(bits, sizeof(bits));
}

static bool token_bits(const char *token, uint8_t bits[32])
{
	size_t len = strnlen(token, TC_TOKEN_SIZE);
	return len == TC_TOKEN_SIZE - 1 && tc_base64url_decode(token, len, bits, 32) == 32;
}

bool tc_token_hash(const char *token, uint8_t out[TC_TOKEN_HASH_SIZE])
{
	uint8_t bits[32];
	if (!token_bits(token, bits)) {
		return false;
	}
	crypto_hash_sha256(out, bits, sizeof(bits));
	return true;
}

bool tc_token_derive(const char *token, const char *purpose, char out[TC_TOKEN_SIZE])
{
	uint8_t bits[32];
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	if (!token_bits(token, bits)) {
		return false;
	}
	crypto_auth_hmacsha256(mac, (const uint8_t *)purpose, strlen(purpose), bits);
	sodium_bin2base64(out, TC_TOKEN_SIZE, mac, sizeof(mac), VARIANT);
	return true;
}

bool tc_token_equal(const char *a, const char *b)
{
	size_t n = strlen(a);
	return n == strlen(b) && sodium_memcmp(a, b, n) == 0;
}
