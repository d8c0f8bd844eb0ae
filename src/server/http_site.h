/* server/http_site.h -- what each path answers: pages, sign-in, the API, metrics.
 *
 * Handlers live in pages.c, http_signin.c, api.c, api_coach.c and metrics.c; the table of routes,
 * the headers every answer carries and the shape of errors are in http_site.c. Thread: the server's
 * loop. Owner: serve.c.
 */
#ifndef TC_SERVER_HTTP_SITE_H
#define TC_SERVER_HTTP_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sys/queue.h>

#include "auth/token.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "server/access_gate.h"
#include "server/admin/ready.h"
#include "server/calls.h"
#include "server/http.h"
#include "server/http_limit.h"
#include "server/journal.h"
#include "server/orbs/manager.h"
#include "server/rooms.h"
#include "server/static.h"
#include "server/ws.h"
#include "store/store.h"

struct tc_board;
struct tc_event_reader;

struct tc_site_config {
	struct uv_loop_s *loop; /* all pointers: borrowed, outlive us */
	struct tc_store *reads; /* the loop's own */
	struct tc_store *work;  /* the thread pool's */
	struct tc_gate *gate;
	struct tc_calls *calls;
	struct tc_journal *journal;
	struct tc_orbs *orbs; /* NULL: none */
	struct tc_board *board;
	const struct tc_static *files;
	const struct tc_clock *clock;
	bool secure; /* browsers reach us by https: cookies are Secure */
	const struct tc_config *settings;
	const char *stun_urls, *turn_urls, *turn_secret; /* NULL: none */
};

struct tc_site {
	struct tc_site_config config;
	struct tc_http *http;                          /* borrowed, outlives us */
	struct tc_rooms *rooms;                        /* borrowed, outlives us */
	struct tc_ws *ws;                              /* borrowed; not asked once it is closed */
	struct tc_limit *limit;                        /* owned */
	struct tc_signin *first_signin, **last_signin; /* owned: waiting for a place */
	int signins;                                   /* being hashed now */
	int signins_waiting;
	uint64_t signin_failures;
	int64_t started_ms; /* monotonic */
	char guest_key[TC_TOKEN_SIZE];
	bool draining;                  /* /readyz says no */
	struct tc_limit *quality_limit; /* owned */
	struct tc_ready ready;
	LIST_HEAD(, tc_event_reader) event_readers;
	int64_t beat_ms; /* of the newest comment to them */
};

int tc_site_create(struct tc_site **out, const struct tc_site_config *config);
void tc_site_destroy(struct tc_site *site); /* NULL-safe */
/* The listener's handler; user is the site. */
void tc_site_handle(void *site, struct tc_http_request *request);
void tc_site_reject(void *site, struct tc_http_request *request, int status, const char *why);

/* ---- for the handlers ---- */

typedef void (*tc_site_fn)(struct tc_site *site, struct tc_http_request *request, const char *room);

void tc_page_home(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_page_room(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_page_leave(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_page_static(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_signin_post(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_signout_post(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_api_signout(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_api_me(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_api_appointments(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_api_room(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_api_session(struct tc_site *site, struct tc_http_request *request, const char *id);
void tc_api_room_end(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_api_room_orb(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_api_ice_servers(struct tc_site *site, struct tc_http_request *request, const char *room);
void tc_metrics_get(struct tc_site *site, struct tc_http_request *request, const char *room);

/* An error: problem+json for programs, a page for people. */
void tc_site_problem(struct tc_http_request *request, int status, const char *detail);
/* To a guest, who has no password: `why` is for programs. */
void tc_site_refuse_link(struct tc_http_request *request, int status, const char *why);
void tc_site_redirect(struct tc_http_request *request, int status, const char *location);
/* Sends what was written; finishes the buffer. */
void tc_site_json(struct tc_http_request *request, int status, struct tc_buf *json);
void tc_site_success(struct tc_http_request *request); /* {"success":true} */
bool tc_site_wants_json(const struct tc_http_request *request);
/* A page out of the files; 404 if it is not there. `shown`: an element's class attribute value to
 * which " shown" is added, or NULL. */
void tc_site_page(struct tc_site *site, struct tc_http_request *request, int status,
		  const char *path, const char *reveal);
/* tc_gate_enter() for a request. */
int tc_site_enter(struct tc_site *site, const struct tc_http_request *request, const char *room,
		  struct tc_access *out, const char **why);
/* Whether it is anybody who may be in some room; who goes to id. */
bool tc_site_someone(struct tc_site *site, const struct tc_http_request *request,
		     char id[TC_ID_SIZE]);
/* 0: an admin, who goes to *out; else the status for tc_site_refuse(): 401, 403, 503. */
int tc_site_admin(struct tc_site *site, const struct tc_http_request *request, struct tc_user *out);
void tc_site_refuse(struct tc_http_request *request, int status);
/* False when a browser says that another site's page sent this. */
bool tc_site_same_origin(const struct tc_site *site, const struct tc_http_request *request);
/* A browser sends cookies along by itself, whoever made it ask: what they bring must be proven by
 * what /api/me told a page of ours. A token shown in the open is proof enough. */
bool tc_site_is_our_pages(struct tc_site *site, const struct tc_http_request *request);
void tc_site_put_cookie(const struct tc_site *site, struct tc_http_request *request,
			const char *name, const char *value, int64_t max_age_s);
void tc_site_user_json(struct tc_json_writer *w, const char *id, const char *name,
		       enum tc_role role, const char *email);

#endif
