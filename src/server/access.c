// SPDX-License-Identifier: Apache-2.0
#include "server/access_gate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/hash.h"

/* More lives than orbs can be alive: a life over capacity is never started. */
#define ORB_LIVES_MAX  1024
#define ORB_ISSUER     "tricall"
#define ORB_SECRET_LEN 32

struct life {
	char session[TC_ID_SIZE];
	char id[27]; /* jti of the one token that is good; "" when the slot is free */
};

struct tc_gate {
	struct tc_store *store;         /* borrowed, outlives us */
	const struct tc_api_keys *keys; /* borrowed, outlives us */
	const struct tc_clock *clock;   /* borrowed, outlives us */
	char *public_url;               /* owned */
	struct tc_api_keys orb_key;     /* one; of this process only */
	struct life *lives;             /* owned, ORB_LIVES_MAX */
};

int tc_gate_create(struct tc_gate **out, const struct tc_gate_config *config)
{
	struct tc_gate *gate = calloc(1, sizeof(*gate));
	if (!gate) {
		return -ENOMEM;
	}
	gate->store = config->store;
	gate->keys = config->keys;
	gate->clock = config->clock;
	char secret[ORB_SECRET_LEN];
	tc_random_bytes(secret, sizeof(secret));
	int err = tc_api_keys_add(&gate->orb_key, ORB_ISSUER, secret, sizeof(secret));
	gate->lives = calloc(ORB_LIVES_MAX, sizeof(*gate->lives));
	gate->public_url = config->public_url ? strdup(config->public_url) : NULL;
	if (err || !gate->lives || (config->public_url && !gate->public_url)) {
		tc_gate_destroy(gate);
		return -ENOMEM;
	}
	*out = gate;
	return 0;
}

void tc_gate_destroy(struct tc_gate *gate)
{
	if (!gate) {
		return;
	}
	tc_api_keys_finish(&gate->orb_key);
	free(gate->public_url);
	free(gate->lives);
	free(gate);
}

static int64_t now_s(const struct tc_gate *gate)
{
	return tc_clock_wall_ms(gate->clock) / 1000;
}

/* ---- origin ---- */

/* An Origin is scheme://host[:port], in lower case (RFC 6454 section 6.2). */
static bool origin_is(const char *origin, const char *host, size_t host_len, bool tls)
{
	const char *at = strstr(origin, "://");
	/* Behind a proxy we see http and the page https. Where we speak TLS ourselves, a page of
	 * http is another's: anybody on the way can write one. */
	if (!at || ((tls || strncasecmp(origin, "http://", 7) != 0) &&
		    strncasecmp(origin, "https://", 8) != 0)) {
		return false;
	}
	at += 3;
	return strlen(at) == host_len && strncasecmp(at, host, host_len) == 0;
}

bool tc_gate_same_origin(const struct tc_gate *gate, const char *origin, const char *host, bool tls)
{
	if (!origin) {
		return true;
	}
	if (host && origin_is(origin, host, strlen(host), tls)) {
		return true;
	}
	size_t n = gate->public_url ? strlen(gate->public_url) : 0;
	n -= n > 0 && gate->public_url[n - 1] == '/';
	return n > 0 && strlen(origin) == n && strncasecmp(origin, gate->public_url, n) == 0;
}

/* ---- tokens and cookies ---- */

const char *tc_gate_bearer(const char *authorization)
{
	if (!authorization || strncasecmp(authorization, "Bearer ", 7) != 0) {
		return NULL;
	}
	authorization += 7;
	return authorization + strspn(authorization, " ");
}

static struct life *life_of(struct tc_gate *gate, const char *session)
{
	for (size_t i = 0; i < ORB_LIVES_MAX; i++) {
		if (gate->lives[i].id[0] && strcmp(gate->lives[i].session, session) == 0) {
			return &gate->lives[i];
		}
	}
	return NULL;
}

/* Good only while the manager has not taken it back. */
static int verify_orb(struct tc_gate *gate, const char *token, struct tc_jwt_claims *out)
{
	int err = tc_jwt_verify(token, &gate->orb_key, now_s(gate), out);
	if (err) {
		return err;
	}
	for (size_t i = 0; i < ORB_LIVES_MAX; i++) {
		if (out->id[0] && tc_token_equal(gate->lives[i].id, out->id)) {
			return 0;
		}
	}
	return -TC_EEXPIRED;
}

int tc_gate_token(struct tc_gate *gate, const char *token, struct tc_jwt_claims *out)
{
	int err = tc_jwt_verify(token, gate->keys, now_s(gate), out);
	return err == -TC_ECRYPTO ? verify_orb(gate, token, out) : err;
}

void tc_gate_room_cookie(const char *room, char out[TC_ROOM_COOKIE_SIZE])
{
	/* Two rooms of one name is what it must not be; guessing one helps nobody. */
	snprintf(out, TC_ROOM_COOKIE_SIZE, TC_ROOM_COOKIE_PREFIX "%016llx",
		 (unsigned long long)tc_hash_text(TC_HASH_START, room));
}

int tc_gate_session(struct tc_gate *gate, const char *cookie, struct tc_user *out,
		    char token[TC_TOKEN_SIZE])
{
	char value[TC_TOKEN_SIZE];
	uint8_t hash[TC_TOKEN_HASH_SIZE];
	if (!cookie || tc_cookie_get(cookie, TC_SESSION_COOKIE, value, sizeof(value)) < 0 ||
	    !tc_token_hash(value, hash)) {
		return -ENOENT;
	}
	int err = tc_store_login(gate->store, hash, tc_clock_wall_ms(gate->clock), out);
	if (!err && token) {
		memcpy(token, value, sizeof(value));
	}
	return err;
}

int tc_gate_guest(struct tc_gate *gate, const char *cookie, const char *room,
		  struct tc_jwt_claims *out)
{
	struct tc_cookie one;
	size_t prefix = sizeof(TC_ROOM_COOKIE_PREFIX) - 1;
	while (cookie && tc_cookie_next(&cookie, &one)) {
		char token[TC_ROOM_TOKEN_MAX + 1];
		if (one.name_len <= prefix || one.value_len >= sizeof(token) ||
		    memcmp(one.name, TC_ROOM_COOKIE_PREFIX, prefix) != 0) {
			continue;
		}
		memcpy(token, one.value, one.value_len);
		token[one.value_len] = '\0';
		/* Join tokens only: an orb has no browser. */
		if (tc_jwt_verify(token, gate->keys, now_s(gate), out) == 0 &&
		    (!room || strcmp(out->room, room) == 0)) {
			return 0;
		}
	}
	return -ENOENT;
}

/* ---- entering a room ---- */

static void admit(struct tc_access *out, const char *id, const char *name, enum tc_role role)
{
	snprintf(out->user_id, sizeof(out->user_id), "%s", id);
	snprintf(out->user_name, sizeof(out->user_name), "%s", name);
	out->role = role;
}

static int enter_with_token(struct tc_gate *gate, const char *token, const char *room,
			    struct tc_access *out, const char **why)
{
	struct tc_jwt_claims claims;
	int err = tc_gate_token(gate, token, &claims);
	if (err) {
		*why = err == -TC_EEXPIRED ? "the token is expired or not yet valid"
					   : "the token is not valid";
		return 401;
	}
	if (strcmp(claims.room, room) != 0) {
		*why = "the token is for another room";
		return 403;
	}
	admit(out, claims.subject, claims.name, claims.role);
	return 0;
}

static int enter_as_orb(struct tc_gate *gate, const struct tc_access_request *request,
			struct tc_access *out, const char **why)
{
	struct tc_jwt_claims claims;
	if (verify_orb(gate, request->orb_token, &claims)) {
		*why = "the orb's token is not valid";
		return 401;
	}
	if (strcmp(claims.room, request->room) != 0) {
		*why = "the orb's token is for another room";
		return 403;
	}
	admit(out, "", "Orb", TC_ROLE_AI);
	out->free_id = true;
	return 0;
}

/* What the room's appointment makes of them: TC_ROLE_NONE for a stranger. */
static enum tc_role role_in(const struct tc_appointment *appointment, const struct tc_user *user)
{
	return strcmp(user->id, appointment->coach) == 0    ? TC_ROLE_COACH
	       : strcmp(user->id, appointment->client) == 0 ? TC_ROLE_CLIENT
							    : TC_ROLE_NONE;
}

static bool enter_as_guest(struct tc_gate *gate, const struct tc_access_request *request,
			   struct tc_access *out)
{
	struct tc_jwt_claims claims;
	if (tc_gate_guest(gate, request->cookie, request->room, &claims) != 0) {
		return false;
	}
	admit(out, claims.subject, claims.name, claims.role);
	return true;
}

static int refuse_for(int err, const char *nothing, int status, const char **why)
{
	*why = err == -ENOENT ? nothing : tc_err_str(err);
	return err == -ENOENT ? status : 503;
}

/* The room's own people first: a room cookie comes with a link that anybody may have made, and must
 * not put somebody else's name on them. */
static int enter_with_cookies(struct tc_gate *gate, const struct tc_access_request *request,
			      struct tc_access *out, const char **why)
{
	struct tc_user user;
	struct tc_appointment appointment;
	int no_session = tc_gate_session(gate, request->cookie, &user, NULL);
	int no_room =
		no_session ? 0 : tc_store_appointment(gate->store, request->room, &appointment);
	bool known = !no_session && !no_room;
	enum tc_role role = known ? role_in(&appointment, &user) : TC_ROLE_NONE;
	bool unsure = (no_session && no_session != -ENOENT) || (no_room && no_room != -ENOENT);
	if (role == TC_ROLE_NONE && !unsure && enter_as_guest(gate, request, out)) {
		return 0;
	}
	if (no_session) {
		return refuse_for(no_session, "not signed in", 401, why);
	}
	if (no_room) {
		return refuse_for(no_room, "no such room", 404, why);
	}
	if (role == TC_ROLE_NONE && user.role == TC_ROLE_ADMIN) {
		role = TC_ROLE_ADMIN;
	}
	if (role == TC_ROLE_NONE) {
		*why = "not one of this room's people";
		return 403;
	}
	admit(out, user.id, user.name, role);
	return 0;
}

int tc_gate_enter(void *user, const struct tc_access_request *request, struct tc_access *out,
		  const char **why)
{
	struct tc_gate *gate = user;
	*out = (struct tc_access){0};
	if (!tc_gate_same_origin(gate, request->origin, request->host, request->tls)) {
		*why = "foreign origin";
		return 403;
	}
	if (!tc_id_valid(request->room)) {
		*why = "no such room";
		return 404;
	}
	if (request->orb_token) {
		return enter_as_orb(gate, request, out, why);
	}
	const char *token =
		request->token ? request->token : tc_gate_bearer(request->authorization);
	if (token) {
		return enter_with_token(gate, token, request->room, out, why);
	}
	return enter_with_cookies(gate, request, out, why);
}

/* ---- orbs ---- */

int tc_gate_orb_token(struct tc_gate *gate, const char *room, const char *session, int64_t ttl_s,
		      char *out, size_t size)
{
	struct life *life = life_of(gate, session);
	for (size_t i = 0; !life && i < ORB_LIVES_MAX; i++) {
		life = gate->lives[i].id[0] ? NULL : &gate->lives[i];
	}
	if (!life) {
		return -ENOSPC;
	}
	struct tc_jwt_claims claims = {.issuer = ORB_ISSUER, .name = "Orb", .role = TC_ROLE_AI};
	int n = snprintf(claims.subject, sizeof(claims.subject), "ai-orb-%s", session);
	if (n < 0 || (size_t)n >= sizeof(claims.subject)) {
		return -EINVAL;
	}
	snprintf(claims.room, sizeof(claims.room), "%s", room);
	tc_id_random(claims.id, sizeof(life->id) - 1);
	claims.expires_s = now_s(gate) + ttl_s;
	int err = tc_jwt_sign(&claims, &gate->orb_key, out, size);
	if (err < 0) {
		return err;
	}
	snprintf(life->session, sizeof(life->session), "%s", session);
	memcpy(life->id, claims.id, sizeof(life->id));
	return 0;
}

void tc_gate_orb_revoke(struct tc_gate *gate, const char *session)
{
	struct life *life = life_of(gate, session);
	if (life) {
		life->id[0] = '\0';
	}
}
