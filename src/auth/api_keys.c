// SPDX-License-Identifier: Apache-2.0
#include "auth/jwt.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

const struct tc_api_key *tc_api_keys_find(const struct tc_api_keys *keys, const char *id)
{
	for (size_t i = 0; i < keys->count; i++) {
		if (strcmp(keys->key[i].id, id) == 0) {
			return &keys->key[i];
		}
	}
	return NULL;
}

int tc_api_keys_add(struct tc_api_keys *keys, const char *id, const void *secret, size_t len)
{
	if (keys->count == TC_API_KEYS_MAX) {
		return -ENOSPC;
	}
	if (tc_api_keys_find(keys, id)) {
		return -EEXIST;
	}
	struct tc_api_key *key = &keys->key[keys->count];
	key->secret = malloc(len);
	if (!key->secret) {
		return -ENOMEM;
	}
	memcpy(key->secret, secret, len);
	key->secret_len = len;
	snprintf(key->id, sizeof(key->id), "%s", id);
	keys->count++;
	return 0;
}

static int parse_one(struct tc_api_keys *out, const char *at, size_t len, char *why,
		     size_t why_size)
{
	const char *colon = memchr(at, ':', len);
	size_t id_len = colon ? (size_t)(colon - at) : 0;
	if (!colon || !tc_id_valid_n(at, id_len)) {
		snprintf(why, why_size, "key %zu: expected id:secret", out->count + 1);
		return -EINVAL;
	}
	size_t secret_len = len - id_len - 1;
	if (secret_len < TC_API_SECRET_MIN) {
		snprintf(why, why_size, "key %.*s: expected a secret of at least %d bytes, not %zu",
			 (int)id_len, at, TC_API_SECRET_MIN, secret_len);
		return -EINVAL;
	}
	char id[TC_ID_SIZE];
	snprintf(id, sizeof(id), "%.*s", (int)id_len, at);
	int err = tc_api_keys_add(out, id, colon + 1, secret_len);
	if (err) {
		snprintf(why, why_size, "key %s: %s", id,
			 err == -EEXIST   ? "named twice"
			 : err == -ENOSPC ? "too many keys"
					  : tc_err_str(err));
	}
	return err == -ENOMEM || err == 0 ? err : -EINVAL;
}

int tc_api_keys_parse(struct tc_api_keys *out, const char *text, char *why, size_t why_size)
{
	*out = (struct tc_api_keys){0};
	for (const char *at = text ? text : ""; *at;) {
		size_t len = strcspn(at, ",");
		const char *next = at + len + (at[len] == ',');
		while (len && *at == ' ') {
			at++;
			len--;
		}
		while (len && at[len - 1] == ' ') {
			len--;
		}
		int err = len ? parse_one(out, at, len, why, why_size) : 0;
		if (err) {
			tc_api_keys_finish(out);
			return err;
		}
		at = next;
	}
	return 0;
}

void tc_api_keys_finish(struct tc_api_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		sodium_memzero(keys->key[i].secret, keys->key[i].secret_len);
		free(keys->key[i].secret);
	}
	keys->count = 0;
}
