// SPDX-License-Identifier: Apache-2.0
#include "auth/jwt.h"

#include <math.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "auth/token.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"

#define MAC_SIZE crypto_auth_hmacsha256_BYTES

static void sign(uint8_t mac[MAC_SIZE], const struct tc_api_key *key, const char *text, size_t len)
{
	crypto_auth_hmacsha256_state state;
	crypto_auth_hmacsha256_init(&state, (const uint8_t *)key->secret, key->secret_len);
	crypto_auth_hmacsha256_update(&state, (const uint8_t *)text, len);
	crypto_auth_hmacsha256_final(&state, mac);
	sodium_memzero(&state, sizeof(state));
}

static bool claims_ok(const struct tc_jwt_claims *c)
{
	return tc_id_valid(c->issuer) && tc_id_valid(c->subject) && tc_id_valid(c->room) &&
	       c->role != TC_ROLE_NONE && c->expires_s > 0 && (!c->id[0] || tc_id_valid(c->id));
}

static void write_claims(struct tc_buf *buf, const struct tc_jwt_claims *c)
{
	struct tc_json_writer w;
	tc_json_writer_init(&w, buf);
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "iss", c->issuer);
	tc_json_field_str(&w, "sub", c->subject);
	if (c->name[0]) {
		tc_json_field_str(&w, "name", c->name);
	}
	tc_json_field_str(&w, "room", c->room);
	tc_json_field_str(&w, "role", tc_role_str(c->role));
	if (c->id[0]) {
		tc_json_field_str(&w, "jti", c->id);
	}
	tc_json_field_int(&w, "exp", c->expires_s);
	if (c->not_before_s) {
		tc_json_field_int(&w, "nbf", c->not_before_s);
	}
	tc_json_end_object(&w);
}

int tc_jwt_sign(const struct tc_jwt_claims *claims, const struct tc_api_keys *keys, char *out,
		size_t size)
{
	/* {"alg":"HS256","typ":"JWT"} */
	static const char header[] = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.";
	if (!claims_ok(claims)) {
		return -EINVAL;
	}
	const struct tc_api_key *key = tc_api_keys_find(keys, claims->issuer);
	if (!key) {
		return -ENOENT;
	}
	char json[2048];
	struct tc_buf buf;
	tc_buf_init_fixed(&buf, json, sizeof(json));
	write_claims(&buf, claims);
	size_t n = sizeof(header) - 1;
	if (buf.err || size <= n) {
		return -ENOSPC;
	}
	memcpy(out, header, n);
	int wrote = tc_base64url_encode(json, buf.len, out + n, size - n);
	if (wrote < 0) {
		return wrote;
	}
	n += (size_t)wrote;
	uint8_t mac[MAC_SIZE];
	sign(mac, key, out, n);
	if (n + 1 >= size) {
		return -ENOSPC;
	}
	out[n++] = '.';
	wrote = tc_base64url_encode(mac, sizeof(mac), out + n, size - n);
	return wrote < 0 ? wrote : (int)n + wrote;
}

/* Decodes one part and parses it as a JSON object in place. */
static int decode_object(const char *text, size_t len, char *out, size_t size, struct tc_json *json)
{
	int n = tc_base64url_decode(text, len, out, size);
	if (n < 0) {
		return -TC_EPARSE;
	}
	if (tc_json_parse(json, out, (size_t)n, NULL) || tc_json_type(*json) != TC_JSON_OBJECT) {
		return -TC_EPARSE;
	}
	return 0;
}

/* Nothing but HS256, and no extension that we would have to understand ("crit", RFC 7515 4.1.11).
 */
static int check_header(const char *text, size_t len)
{
	char space[512];
	struct tc_json header, value;
	int err = decode_object(text, len, space, sizeof(space), &header);
	if (err) {
		return err;
	}
	if (!tc_json_get(header, "alg", &value) || !tc_json_str_eq(value, "HS256") ||
	    tc_json_get(header, "crit", &value)) {
		return -TC_ECRYPTO;
	}
	return 0;
}

static int check_mac(const char *token, size_t signed_len, const struct tc_api_key *key)
{
	uint8_t given[MAC_SIZE];
	uint8_t mac[MAC_SIZE];
	const char *text = token + signed_len + 1;
	if (tc_base64url_decode(text, strlen(text), given, sizeof(given)) != MAC_SIZE) {
		return -TC_ECRYPTO;
	}
	sign(mac, key, token, signed_len);
	return sodium_memcmp(given, mac, MAC_SIZE) == 0 ? 0 : -TC_ECRYPTO;
}

/* NumericDate may have a fraction (RFC 7519 section 2). */
static int read_time(struct tc_json claims, const char *key, bool required, int64_t *out)
{
	struct tc_json value;
	double seconds;
	*out = 0;
	if (!tc_json_get(claims, key, &value)) {
		return required ? -EINVAL : 0;
	}
	if (tc_json_double(value, &seconds) || !(seconds >= 0 && seconds < 1e15)) {
		return -EINVAL;
	}
	*out = (int64_t)ceil(seconds);
	return 0;
}

static int read_id(struct tc_json claims, const char *key, char *out, bool required)
{
	int n = tc_json_get_str(claims, key, out, TC_ID_SIZE);
	if (n == -ENOENT && !required) {
		out[0] = '\0';
		return 0;
	}
	return n < 0 || !tc_id_valid(out) ? -EINVAL : 0;
}

static int read_claims(struct tc_json json, struct tc_jwt_claims *out)
{
	char role[16];
	int err = read_id(json, "sub", out->subject, true);
	err = err ? err : read_id(json, "room", out->room, true);
	err = err ? err : read_id(json, "jti", out->id, false);
	err = err ? err : read_time(json, "exp", true, &out->expires_s);
	err = err ? err : read_time(json, "nbf", false, &out->not_before_s);
	if (err) {
		return err;
	}
	if (tc_json_get_str(json, "role", role, sizeof(role)) < 0) {
		return -EINVAL;
	}
	out->role = tc_role_parse(role);
	int n = tc_json_get_str(json, "name", out->name, sizeof(out->name));
	if (n == -ENOENT) {
		memcpy(out->name, out->subject, sizeof(out->subject));
		n = 0;
	}
	return n < 0 || out->role == TC_ROLE_NONE ? -EINVAL : 0;
}

int tc_jwt_verify(const char *token, const struct tc_api_keys *keys, int64_t now_s,
		  struct tc_jwt_claims *out)
{
	if (strnlen(token, TC_JWT_MAX + 1) > TC_JWT_MAX) {
		return -TC_ELIMIT;
	}
	size_t header_len = strcspn(token, ".");
	if (token[header_len] != '.') {
		return -TC_EPARSE;
	}
	const char *body = token + header_len + 1;
	size_t body_len = strcspn(body, ".");
	if (body[body_len] != '.' || strchr(body + body_len + 1, '.')) {
		return -TC_EPARSE;
	}
	int err = check_header(token, header_len);
	char space[TC_JWT_MAX];
	struct tc_json json;
	err = err ? err : decode_object(body, body_len, space, sizeof(space), &json);
	if (err) {
		return err;
	}
	/* `iss` only picks the key here; nothing else is read before the signature holds. */
	struct tc_jwt_claims claims = {0};
	const struct tc_api_key *key = NULL;
	if (read_id(json, "iss", claims.issuer, true) == 0) {
		key = tc_api_keys_find(keys, claims.issuer);
	}
	if (!key) {
		return -TC_ECRYPTO;
	}
	err = check_mac(token, (size_t)(body + body_len - token), key);
	err = err ? err : read_claims(json, &claims);
	if (err) {
		return err;
	}
	if (now_s >= claims.expires_s || now_s < claims.not_before_s) {
		return -TC_EEXPIRED;
	}
	*out = claims;
	return 0;
}
