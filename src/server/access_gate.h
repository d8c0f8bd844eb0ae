/* server/access_gate.h -- who somebody is, and which room is theirs: behind tc_access_fn and the
 * pages alike, so that a page and its WebSocket never disagree.
 *
 * Identity comes, in this order, from a token shown with the request (?token=, Bearer, an orb's
 * path), from the session cookie of one of the room's two people, from the room's cookie (set for a
 * token's holder), from any other session cookie. Orb tokens are
 * signed with a key that this process makes and forgets. Thread: the server's loop. Owner: main.
 */
#ifndef TC_SERVER_ACCESS_GATE_H
#define TC_SERVER_ACCESS_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/jwt.h"
#include "auth/token.h"
#include "base/clock.h"
#include "server/access.h"
#include "store/store.h"

struct tc_gate;

#define TC_SESSION_COOKIE     "tricall_session"
#define TC_ROOM_COOKIE_PREFIX "tricall_room_"
#define TC_ROOM_COOKIE_SIZE   40 /* a room cookie's name */
#define TC_ROOM_COOKIES_MAX                                                                       \
	4                      /* in one browser; what all of them cost is sent with each request \
				*/
#define TC_ROOM_TOKEN_MAX 1500 /* a token that becomes a cookie */

struct tc_gate_config {
	struct tc_store *store;         /* borrowed, outlives us: the loop's own */
	const struct tc_api_keys *keys; /* borrowed, outlives us */
	const char *public_url;         /* copied; NULL: none */
	const struct tc_clock *clock;   /* borrowed, outlives us */
};

int tc_gate_create(struct tc_gate **out, const struct tc_gate_config *config);
void tc_gate_destroy(struct tc_gate *gate); /* NULL-safe */

/* The tc_access_fn; user is the gate. */
int tc_gate_enter(void *gate, const struct tc_access_request *request, struct tc_access *out,
		  const char **why);
/* False for an Origin that is neither Host's nor PUBLIC_URL's; one that is absent is fine. tls: the
 * request came to us over TLS, so Host's is https. */
bool tc_gate_same_origin(const struct tc_gate *gate, const char *origin, const char *host,
			 bool tls);

/* Whoever the session cookie names; token (may be NULL) gets the cookie's value. 0 or -ENOENT. */
int tc_gate_session(struct tc_gate *gate, const char *cookie, struct tc_user *out,
		    char token[TC_TOKEN_SIZE]);
/* The first valid room cookie: a guest's. room NULL: of any room. 0 or -ENOENT. */
int tc_gate_guest(struct tc_gate *gate, const char *cookie, const char *room,
		  struct tc_jwt_claims *out);
/* A join token, whole: 0 or what tc_jwt_verify() returns. Orb tokens count. */
int tc_gate_token(struct tc_gate *gate, const char *token, struct tc_jwt_claims *out);
void tc_gate_room_cookie(const char *room, char out[TC_ROOM_COOKIE_SIZE]);
/* "Bearer x" -> "x"; NULL when it is not that. */
const char *tc_gate_bearer(const char *authorization);

/* For the orb manager: one token a life, taken back when the life is over. */
int tc_gate_orb_token(struct tc_gate *gate, const char *room, const char *session, int64_t ttl_s,
		      char *out, size_t size);
void tc_gate_orb_revoke(struct tc_gate *gate, const char *session);

/* The next cookie of a Cookie header (RFC 6265 section 4.2.1); false at the end. The parts are
 * borrowed from the header. */
struct tc_cookie {
	const char *name, *value;
	size_t name_len, value_len;
};
bool tc_cookie_next(const char **at, struct tc_cookie *out);
/* The value of one cookie into out, 0-terminated; its length, or -ENOENT, -ENOSPC. */
int tc_cookie_get(const char *header, const char *name, char *out, size_t size);

#endif
