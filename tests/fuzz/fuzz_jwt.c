// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a join token: never admitted, as nobody here knows the key's signature. The second
 * half feeds the same bytes to the list of API keys. */
#include "auth/jwt.h"
#include "auth/token.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	if (!text) {
		return 0;
	}
	memcpy(text, data, size);
	text[size] = '\0';
	char secret[TC_TOKEN_SIZE];
	tc_token_random(secret);
	struct tc_api_keys keys = {0};
	TC_ASSERT(tc_api_keys_add(&keys, "site", secret, sizeof(secret)) == 0);
	struct tc_jwt_claims claims;
	TC_ASSERT(tc_jwt_verify(text, &keys, 1500, &claims) < 0);
	tc_api_keys_finish(&keys);
	char why[128];
	if (tc_api_keys_parse(&keys, text, why, sizeof(why)) == 0) {
		tc_api_keys_finish(&keys);
	}
	free(text);
	return 0;
}
