// SPDX-License-Identifier: Apache-2.0
/* What only the coach of a room, or an admin, may ask for. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "server/http_site.h"

TC_LOG_TOPIC("server.api");

/* Answers and returns false if they may not. forbidden: what others are told. */
static bool may_direct(struct tc_site *site, struct tc_http_request *r, const char *room,
		       const char *forbidden, struct tc_access *access)
{
	const char *why = "";
	if (!tc_site_same_origin(site, r)) {
		tc_site_problem(r, 403, "foreign origin");
		return false;
	}
	int status = tc_site_enter(site, r, room, access, &why);
	if (status) {
		tc_site_problem(r, status, why);
		return false;
	}
	if (access->role != TC_ROLE_COACH && access->role != TC_ROLE_ADMIN) {
		tc_site_problem(r, 403, forbidden);
		return false;
	}
	if (!tc_site_is_our_pages(site, r)) {
		tc_site_problem(r, 403, "X-CSRF-Token is missing or not this session's");
		return false;
	}
	return true;
}

/* The people first: they see the session end, not the orb go. The orb sends its summary under the
 * call's id, which outlives the call. */
static void end_session(struct tc_site *site, const char *room)
{
	static const char reason[] = "session_complete";
	tc_rooms_end(site->rooms, room, reason);
	tc_rooms_dispatch(site->rooms);
	if (site->config.orbs) {
		tc_orbs_end(site->config.orbs, room, reason);
	}
	tc_calls_end(site->config.calls, room);
}

void tc_api_room_end(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_access access;
	if (may_direct(site, r, room, "only the coach ends the session for everybody", &access)) {
		TC_INFO(room, "%s ends the session", access.user_id);
		end_session(site, room);
		tc_site_success(r);
	}
}

static bool asks_for_restart(const struct tc_http_request *r)
{
	struct tc_json body;
	char action[16] = "";
	return r->body.len > 0 && tc_json_parse(&body, r->body.data, r->body.len, NULL) == 0 &&
	       tc_json_get_str(body, "action", action, sizeof(action)) > 0 &&
	       strcmp(action, "restart") == 0;
}

void tc_api_room_orb(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_access access;
	if (!may_direct(site, r, room, "only the coach asks for the orb", &access)) {
		return;
	}
	if (!asks_for_restart(r)) {
		tc_site_problem(r, 400, "expected {\"action\":\"restart\"}");
		return;
	}
	if (!site->config.orbs || site->draining) {
		tc_site_problem(r, 409,
				site->draining ? "the server is shutting down"
					       : "AI orbs are turned off here");
		return;
	}
	int err = tc_orbs_restart(site->config.orbs, room,
				  access.role == TC_ROLE_ADMIN ? "an admin asked for it"
							       : "the coach asked for it");
	if (err) {
		tc_site_problem(r, 409,
				err == -EBUSY ? "all places are taken: it waits for one already"
					      : "nobody is in the room");
		return;
	}
	TC_INFO(room, "%s asks for a new orb process", access.user_id);
	tc_site_success(r);
}
