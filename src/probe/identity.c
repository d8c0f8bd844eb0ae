// SPDX-License-Identifier: Apache-2.0
#include "probe/identity.h"

#include <stdio.h>
#include <string.h>

#include "auth/token.h"
#include "base/err.h"
#include "base/json.h"

#define CLOCKS_APART_S 60 /* ours and the server's */

int tc_identity_of_token(struct tc_identity *out, const char *token)
{
	*out = (struct tc_identity){0};
	const char *body = strchr(token, '.');
	const char *end = body ? strchr(body + 1, '.') : NULL;
	char text[TC_JWT_MAX];
	struct tc_json claims;
	if (!end || strlen(token) > TC_JWT_MAX) {
		return -TC_EPARSE;
	}
	int len = tc_base64url_decode(body + 1, (size_t)(end - body - 1), text, sizeof(text));
	if (len < 0 || tc_json_parse(&claims, text, (size_t)len, NULL) != 0 ||
	    tc_json_get_str(claims, "sub", out->user_id, sizeof(out->user_id)) < 0) {
		return -TC_EPARSE;
	}
	tc_json_get_str(claims, "role", out->role, sizeof(out->role));
	tc_json_get_str(claims, "name", out->name, sizeof(out->name));
	snprintf(out->token, sizeof(out->token), "%s", token);
	return 0;
}

int tc_identity_sign(struct tc_identity *out, const struct tc_identity_wish *wish)
{
	const char *role = tc_role_str(wish->role);
	struct tc_jwt_claims claims = {
		.role = wish->role,
		.expires_s = wish->now_s + wish->lives_s,
		.not_before_s = wish->now_s - CLOCKS_APART_S,
	};
	*out = (struct tc_identity){0};
	snprintf(claims.issuer, sizeof(claims.issuer), "%s", wish->key);
	snprintf(claims.subject, sizeof(claims.subject), "probe-%s-%s", role, wish->run);
	snprintf(claims.name, sizeof(claims.name), "Probe (%s)", role);
	snprintf(claims.room, sizeof(claims.room), "%s", wish->room);
	int len = tc_jwt_sign(&claims, wish->keys, out->token, sizeof(out->token));
	if (len < 0) {
		return len;
	}
	memcpy(out->user_id, claims.subject, sizeof(out->user_id));
	memcpy(out->name, claims.name, sizeof(out->name));
	snprintf(out->role, sizeof(out->role), "%s", role);
	return 0;
}
