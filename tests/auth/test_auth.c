// SPDX-License-Identifier: Apache-2.0
#include "auth/jwt.h"
#include "auth/password.h"
#include "auth/token.h"
#include "auth/turn.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/assert.h"
#include "base/err.h"
#include "mock/oom.h"

#define SECRET "0123456789abcdef0123456789abcdef"

/* Made with Node's crypto module, with the members in another order and claims of its own. */
static const char *const foreign_token =
	"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9."
	"eyJpc3MiOiJzaXRlIiwic3ViIjoidToxIiwibmFtZSI6Ilpvw6siLCJyb29tIjoici0xIiwicm9sZSI6ImNsaWVudC"
	"IsImV4cCI6MjAwMCwibmJmIjoxMDAwLCJleHRyYSI6WzEseyJhIjoyfV19."
	"FtxC8PF0yvkBEBnh1cIU_kkvPVnQnOiWKJY1FWevVMI";

static struct tc_api_keys keys;

static int set_up(void **state)
{
	return tc_auth_init() || tc_api_keys_parse(&keys, "site:" SECRET, NULL, 0);
}

static int tear_down(void **state)
{
	tc_api_keys_finish(&keys);
	return 0;
}

static void a_password_verifies_against_its_own_hash_only(void **state)
{
	char hash[TC_PASSWORD_HASH_SIZE];
	assert_int_equal(tc_password_hash("correct horse", hash), 0);
	assert_memory_equal(hash, "$argon2id$", 10);
	assert_true(tc_password_ok(hash, "correct horse"));
	assert_false(tc_password_ok(hash, "correct horsf"));
	assert_false(tc_password_ok(hash, ""));
	assert_false(tc_password_ok("not a hash", "correct horse"));
	assert_false(tc_password_ok(NULL, "correct horse"));
	assert_int_equal(tc_password_hash("", hash), -EINVAL);
	char a[20], b[20];
	tc_password_generate(a);
	tc_password_generate(b);
	assert_int_equal(strlen(a), 19);
	assert_string_not_equal(a, b);
}

static void a_password_of_any_length_is_bounded(void **state)
{
	char hash[TC_PASSWORD_HASH_SIZE];
	char text[TC_PASSWORD_MAX + 2];
	memset(text, 'a', sizeof(text));
	text[TC_PASSWORD_MAX + 1] = '\0';
	assert_int_equal(tc_password_hash(text, hash), -EINVAL);
	assert_false(tc_password_ok(NULL, text));
}

static void a_cookie_token_is_random_and_only_its_hash_is_kept(void **state)
{
	char a[TC_TOKEN_SIZE], b[TC_TOKEN_SIZE], csrf[TC_TOKEN_SIZE], other[TC_TOKEN_SIZE];
	uint8_t hash[TC_TOKEN_HASH_SIZE], again[TC_TOKEN_HASH_SIZE];
	tc_token_random(a);
	tc_token_random(b);
	assert_string_not_equal(a, b);
	assert_true(tc_token_hash(a, hash));
	assert_true(tc_token_hash(a, again));
	assert_memory_equal(hash, again, sizeof(hash));
	assert_true(tc_token_hash(b, again));
	assert_memory_not_equal(hash, again, sizeof(hash));
	assert_false(tc_token_hash("short", hash));
	assert_true(tc_token_derive(a, "csrf", csrf));
	assert_true(tc_token_derive(a, "other", other));
	assert_string_not_equal(csrf, other);
	assert_false(tc_token_equal(csrf, other));
	assert_true(tc_token_equal(csrf, csrf));
	assert_false(tc_token_equal(csrf, ""));
}

static void base64url_is_strict(void **state)
{
	char out[16];
	assert_int_equal(tc_base64url_encode("\xff\xfe", 2, out, sizeof(out)), 3);
	assert_string_equal(out, "__4");
	assert_int_equal(tc_base64url_decode("__4", 3, out, sizeof(out)), 2);
	assert_int_equal(tc_base64url_decode("__5", 3, out, sizeof(out)), -TC_EPARSE);
	assert_int_equal(tc_base64url_decode("__4=", 4, out, sizeof(out)), -TC_EPARSE);
	assert_int_equal(tc_base64url_decode("//4", 3, out, sizeof(out)), -TC_EPARSE);
	assert_int_equal(tc_base64url_decode("a", 1, out, sizeof(out)), -TC_EPARSE);
	assert_int_equal(tc_base64url_decode("", 0, out, sizeof(out)), 0);
	assert_int_equal(tc_base64url_decode("YWJj", 4, out, 2), -ENOSPC);
	assert_int_equal(tc_base64url_decode("YWI", 3, out, 1), -ENOSPC);
	assert_int_equal(tc_base64url_encode("abc", 3, out, 4), -ENOSPC);
}

static void a_token_signed_elsewhere_is_read(void **state)
{
	struct tc_jwt_claims c;
	assert_int_equal(tc_jwt_verify(foreign_token, &keys, 1500, &c), 0);
	assert_string_equal(c.issuer, "site");
	assert_string_equal(c.subject, "u:1");
	assert_string_equal(c.name, "Zo\xc3\xab");
	assert_string_equal(c.room, "r-1");
	assert_int_equal(c.role, TC_ROLE_CLIENT);
	assert_int_equal(c.expires_s, 2000);
}

static void a_token_is_good_from_nbf_until_exp(void **state)
{
	struct tc_jwt_claims c;
	assert_int_equal(tc_jwt_verify(foreign_token, &keys, 999, &c), -TC_EEXPIRED);
	assert_int_equal(tc_jwt_verify(foreign_token, &keys, 1000, &c), 0);
	assert_int_equal(tc_jwt_verify(foreign_token, &keys, 1999, &c), 0);
	assert_int_equal(tc_jwt_verify(foreign_token, &keys, 2000, &c), -TC_EEXPIRED);
}

static void any_changed_character_spoils_a_token(void **state)
{
	char text[512];
	struct tc_jwt_claims c;
	for (size_t i = 0; i < strlen(foreign_token); i++) {
		strcpy(text, foreign_token);
		text[i] = text[i] == 'A' ? 'B' : 'A';
		assert_true(tc_jwt_verify(text, &keys, 1500, &c) < 0);
		text[i] = '\0';
		assert_true(tc_jwt_verify(text, &keys, 1500, &c) < 0);
	}
	snprintf(text, sizeof(text), "%s.", foreign_token);
	assert_int_equal(tc_jwt_verify(text, &keys, 1500, &c), -TC_EPARSE);
}

/* What tc_jwt_sign() would never write: the signature is right, the content need not be. */
static void sign_raw(const char *header, const char *body, char *out, size_t size)
{
	int n = tc_base64url_encode(header, strlen(header), out, size);
	out[n++] = '.';
	n += tc_base64url_encode(body, strlen(body), out + n, size - (size_t)n);
	unsigned char mac[32];
	unsigned int len = 0;
	HMAC(EVP_sha256(), SECRET, strlen(SECRET), (unsigned char *)out, (size_t)n, mac, &len);
	out[n++] = '.';
	tc_base64url_encode(mac, len, out + n, size - (size_t)n);
}

static void a_rightly_signed_token_is_still_checked(void **state)
{
#define GOOD "{\"alg\":\"HS256\"}"
	static const struct {
		const char *header, *body;
		int err;
	} cases[] = {
		{GOOD,
		 "{\"iss\":\"site\",\"sub\":\"u\",\"room\":\"r\",\"role\":\"coach\",\"exp\":9}", 0},
		{GOOD,
		 "{\"iss\":\"site\",\"sub\":\"u\",\"room\":\"r\",\"role\":\"coach\",\"exp\":8.5}",
		 0},
		{"{\"alg\":\"none\"}",
		 "{\"iss\":\"site\",\"sub\":\"u\",\"room\":\"r\",\"role\":\"coach\",\"exp\":9}",
		 -TC_ECRYPTO},
		{"{\"alg\":\"hs256\"}",
		 "{\"iss\":\"site\",\"sub\":\"u\",\"room\":\"r\",\"role\":\"coach\",\"exp\":9}",
		 -TC_ECRYPTO},
		{"{\"alg\":\"HS256\",\"crit\":[\"b64\"]}",
		 "{\"iss\":\"site\",\"sub\":\"u\",\"room\":\"r\",\"role\":\"coach\",\"exp\":9}",
		 -TC_ECRYPTO},
		{"[]", "{}", -TC_EPARSE},
		{GOOD, "[]", -TC_EPARSE},
		{GOOD, "{}", -TC_ECRYPTO},
		{GOOD, "{\"iss\":\"other\",\"sub\":\"u\"}", -TC_ECRYPTO},
		{GOOD, "{\"iss\":\"site\",\"room\":\"r\",\"role\":\"coach\",\"exp\":9}", -EINVAL},
		{GOOD, "{\"iss\":\"site\",\"sub\":\"u\",\"role\":\"coach\",\"exp\":9}", -EINVAL},
		{GOOD, "{\"iss\":\"site\",\"sub\":\"u\",\"room\":\"r\",\"exp\":9}", -EINVAL},
		{GOOD, "{\"iss\":\"site\",\"sub\":\"u\",\"room\":\"r\",\"role\":\"coach\"}",
		 -EINVAL},
		{GOOD,
		 "{\"iss\":\"site\",\"sub\":\"u\",\"room\":\"r\",\"role\":\"none\",\"exp\":9}",
		 -EINVAL},
		{GOOD,
		 "{\"iss\":\"site\",\"sub\":\"u v\",\"room\":\"r\",\"role\":\"coach\",\"exp\":9}",
		 -EINVAL},
		{GOOD, "{\"iss\":\"site\",\"sub\":7,\"room\":\"r\",\"role\":\"coach\",\"exp\":9}",
		 -EINVAL},
		{GOOD,
		 "{\"iss\":\"site\",\"sub\":\"u\",\"room\":\"r\",\"role\":\"coach\",\"exp\":\"9\"}",
		 -EINVAL},
	};
	for (size_t i = 0; i < TC_COUNT(cases); i++) {
		char token[1024];
		struct tc_jwt_claims c;
		sign_raw(cases[i].header, cases[i].body, token, sizeof(token));
		assert_int_equal(tc_jwt_verify(token, &keys, 8, &c), cases[i].err);
	}
}

static void what_we_sign_we_verify(void **state)
{
	struct tc_jwt_claims c = {.issuer = "site",
				  .subject = "ann",
				  .name = "Ann \"A\"",
				  .room = "demo",
				  .id = "life-1",
				  .role = TC_ROLE_AI,
				  .expires_s = 100};
	struct tc_jwt_claims back;
	char token[TC_JWT_MAX + 1];
	assert_true(tc_jwt_sign(&c, &keys, token, sizeof(token)) > 0);
	assert_int_equal(tc_jwt_verify(token, &keys, 99, &back), 0);
	assert_string_equal(back.name, c.name);
	assert_string_equal(back.id, "life-1");
	assert_int_equal(back.role, TC_ROLE_AI);
	assert_int_equal(tc_jwt_sign(&c, &keys, token, 60), -ENOSPC);
	strcpy(c.subject, "a b");
	assert_int_equal(tc_jwt_sign(&c, &keys, token, sizeof(token)), -EINVAL);
}

static void a_token_that_is_too_long_is_refused_unread(void **state)
{
	static char text[TC_JWT_MAX + 2];
	struct tc_jwt_claims c;
	memset(text, '.', sizeof(text) - 1);
	assert_int_equal(tc_jwt_verify(text, &keys, 0, &c), -TC_ELIMIT);
	assert_int_equal(tc_jwt_verify("", &keys, 0, &c), -TC_EPARSE);
	assert_int_equal(tc_jwt_verify("..", &keys, 0, &c), -TC_EPARSE);
}

static void api_keys_say_what_is_wrong_without_the_secret(void **state)
{
	struct tc_api_keys k;
	char why[128];
	assert_int_equal(tc_api_keys_parse(&k, NULL, why, sizeof(why)), 0);
	assert_int_equal(k.count, 0);
	assert_int_equal(tc_api_keys_parse(&k, "a:" SECRET ", b:" SECRET ":x,", why, sizeof(why)),
			 0);
	assert_int_equal(k.count, 2);
	assert_int_equal(tc_api_keys_find(&k, "b")->secret_len, strlen(SECRET) + 2);
	tc_api_keys_finish(&k);
	assert_int_equal(tc_api_keys_parse(&k, "a:tooshort", why, sizeof(why)), -EINVAL);
	assert_string_equal(why, "key a: expected a secret of at least 32 bytes, not 8");
	assert_int_equal(tc_api_keys_parse(&k, "a:" SECRET ",a:" SECRET, why, sizeof(why)),
			 -EINVAL);
	assert_string_equal(why, "key a: named twice");
	assert_int_equal(tc_api_keys_parse(&k, SECRET, why, sizeof(why)), -EINVAL);
	assert_string_equal(why, "key 1: expected id:secret");
	TC_OOM_LOOP(n)
	{
		if (tc_api_keys_parse(&k, "a:" SECRET ",b:" SECRET, why, sizeof(why)) == 0) {
			tc_api_keys_finish(&k);
		}
	}
}

static void turn_credentials_are_what_coturn_expects(void **state)
{
	struct tc_turn_credentials c;
	assert_int_equal(tc_turn_credentials(&c, "north", "ann", 1700000000), 0);
	assert_string_equal(c.username, "1700000000:ann");
	assert_string_equal(c.credential, "jeamH6dA5l2I9g3jmieza7CzEDo=");
	assert_int_equal(tc_turn_credentials(&c, "", "ann", 1), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_verifies_against_its_own_hash_only),
		cmocka_unit_test(a_password_of_any_length_is_bounded),
		cmocka_unit_test(a_cookie_token_is_random_and_only_its_hash_is_kept),
		cmocka_unit_test(base64url_is_strict),
		cmocka_unit_test(a_token_signed_elsewhere_is_read),
		cmocka_unit_test(a_token_is_good_from_nbf_until_exp),
		cmocka_unit_test(any_changed_character_spoils_a_token),
		cmocka_unit_test(a_rightly_signed_token_is_still_checked),
		cmocka_unit_test(what_we_sign_we_verify),
		cmocka_unit_test(a_token_that_is_too_long_is_refused_unread),
		cmocka_unit_test(api_keys_say_what_is_wrong_without_the_secret),
		cmocka_unit_test(turn_credentials_are_what_coturn_expects),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
