/* server/access.h -- who may enter a room, as the upgrade sees it. The decision is made in access.c
 * from session cookie, join token, orb token and appointment; ws.c only asks. Thread: the server's
 * loop.
 */
#ifndef TC_SERVER_ACCESS_H
#define TC_SERVER_ACCESS_H

#include <stdbool.h>

#include "base/id.h"
#include "proto/role.h"

struct tc_access_request {         /* borrowed; NULL: absent */
	const char *room;          /* from the path */
	const char *cookie;        /* Cookie header */
	const char *token;         /* ?token= */
	const char *authorization; /* Authorization header */
	const char *orb_token;     /* from /orb/TOKEN/ws-simple/... */
	const char *origin;        /* Origin header */
	const char *host;          /* Host header */
	bool tls;
};

struct tc_access {
	char user_id[TC_ID_SIZE]; /* "" when free_id: the program names itself at join */
	char user_name[256];
	enum tc_role role; /* TC_ROLE_AI for orbs */
	bool free_id;      /* an ORB_COMMAND program picks its own user id */
};

/* 0, or the HTTP status of the refusal: 401 not signed in, 403 not of this room or a foreign
 * Origin, 404 no such room. *why: one line for the body and the log. */
typedef int (*tc_access_fn)(void *user, const struct tc_access_request *request,
			    struct tc_access *out, const char **why);

#endif
