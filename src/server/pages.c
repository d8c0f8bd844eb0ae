// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "server/http_parse.h"
#include "server/http_site.h"

static void send_file(struct tc_http_request *r, const struct tc_static_file *file)
{
	bool gzip = file->gzip && tc_header_accepts(r->header[TC_HTTP_ACCEPT_ENCODING], "gzip");
	char etag[32];
	/* Two representations, two validators (RFC 9110 section 8.8.3.3). */
	snprintf(etag, sizeof(etag), "%.*s%s\"", (int)strlen(file->etag) - 1, file->etag,
		 gzip ? "-gz" : "");
	tc_http_put_header(r, "etag", etag);
	tc_http_put_header(r, "cache-control", "no-cache");
	if (file->gzip) {
		tc_http_put_header(r, "vary", "accept-encoding");
	}
	const char *known = r->header[TC_HTTP_IF_NONE_MATCH];
	if (known && (strcmp(known, "*") == 0 || strstr(known, etag))) {
		tc_http_answer_static(r, 304, NULL, "", 0);
		return;
	}
	if (gzip) {
		tc_http_put_header(r, "content-encoding", "gzip");
	}
	tc_http_answer_static(r, 200, file->type, gzip ? file->gzip : file->data,
			      gzip ? file->gzip_len : file->len);
}

void tc_page_static(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	const struct tc_static_file *file = tc_static_find(site->config.files, r->path);
	/* Pages are reached by their addresses: they go with a status and a person. */
	if (!file || strncmp(file->type, "text/html", 9) == 0) {
		tc_site_problem(r, 404, "there is nothing at this address");
	} else if (r->method != TC_HTTP_GET) {
		tc_http_put_header(r, "allow", "GET, HEAD");
		tc_site_problem(r, 405, "this address does not take that method");
	} else {
		send_file(r, file);
	}
}

/* Copies the page with " shown" put behind the class of the element named by id. */
static void send_revealed(struct tc_http_request *r, int status, const struct tc_static_file *file,
			  const char *marker)
{
	const char *text = file->data;
	const char *at = strstr(text, marker);
	if (!at) {
		tc_http_answer_static(r, status, file->type, file->data, file->len);
		return;
	}
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_buf_put(&buf, text, (size_t)(at - text));
	tc_buf_puts(&buf, "class=\"message shown\" id=\"wrong\"");
	at += strlen(marker);
	tc_buf_put(&buf, at, file->len - (size_t)(at - text));
	tc_http_answer(r, buf.err ? 500 : status, file->type, tc_buf_str(&buf), buf.len);
	tc_buf_finish(&buf);
}

void tc_site_page(struct tc_site *site, struct tc_http_request *r, int status, const char *path,
		  const char *reveal)
{
	const struct tc_static_file *file = tc_static_find(site->config.files, path);
	if (!file) {
		tc_site_problem(r, 404, "this page is not installed");
		return;
	}
	/* What a person sees depends on who they are: nothing in between may keep it. */
	tc_http_put_header(r, "cache-control", "no-store");
	if (reveal) {
		send_revealed(r, status, file, reveal);
		return;
	}
	bool gzip = file->gzip && tc_header_accepts(r->header[TC_HTTP_ACCEPT_ENCODING], "gzip");
	if (gzip) {
		tc_http_put_header(r, "content-encoding", "gzip");
	}
	tc_http_put_header(r, "vary", "accept-encoding");
	tc_http_answer_static(r, status, file->type, gzip ? file->gzip : file->data,
			      gzip ? file->gzip_len : file->len);
}

void tc_page_home(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_user user;
	char path[TC_ID_SIZE + 16];
	tc_return_path(tc_http_arg(r, "return"), path, sizeof(path));
	int err = tc_gate_session(site->config.gate, r->header[TC_HTTP_COOKIE], &user, NULL);
	if (err && err != -ENOENT) {
		tc_site_problem(r, 503, "the database does not answer");
	} else if (err) {
		tc_site_page(site, r, 200, "/pages/sign-in.html", NULL);
	} else if (strcmp(path, "/") != 0 || strcmp(r->path, "/") != 0) {
		tc_site_redirect(r, 302, path);
	} else {
		tc_site_page(site, r, 200, "/pages/appointments.html", NULL);
	}
}

/* Older rooms' cookies go when there are too many: they travel with every request. */
static void drop_room_cookies(struct tc_site *site, struct tc_http_request *r, size_t keep,
			      const char *except)
{
	const char *at = r->header[TC_HTTP_COOKIE];
	struct tc_cookie cookie;
	size_t seen = 0;
	size_t prefix = strlen(TC_ROOM_COOKIE_PREFIX);
	while (at && tc_cookie_next(&at, &cookie)) {
		char name[TC_ROOM_COOKIE_SIZE];
		if (cookie.name_len >= sizeof(name) || cookie.name_len <= prefix ||
		    memcmp(cookie.name, TC_ROOM_COOKIE_PREFIX, prefix) != 0) {
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)cookie.name_len, cookie.name);
		if (strspn(name + prefix, "0123456789abcdef") == strlen(name + prefix) &&
		    strcmp(name, except) != 0 && ++seen > keep) {
			tc_site_put_cookie(site, r, name, "", 0);
		}
	}
}

static void admit_by_token(struct tc_site *site, struct tc_http_request *r, const char *room,
			   const char *token)
{
	struct tc_access access;
	struct tc_jwt_claims claims;
	const char *why = "";
	int status = tc_site_enter(site, r, room, &access, &why);
	if (status == 401 || status == 403) {
		tc_site_refuse_link(r, status, why);
		return;
	}
	if (status) {
		tc_site_problem(r, status, why);
		return;
	}
	if (strlen(token) > TC_ROOM_TOKEN_MAX ||
	    tc_gate_token(site->config.gate, token, &claims) != 0) {
		tc_site_problem(r, 400, "this token is too long for a browser");
		return;
	}
	char name[TC_ROOM_COOKIE_SIZE];
	char location[TC_ID_SIZE + 16];
	tc_gate_room_cookie(room, name);
	drop_room_cookies(site, r, TC_ROOM_COOKIES_MAX - 1, name);
	tc_site_put_cookie(site, r, name, token,
			   claims.expires_s - tc_clock_wall_ms(site->config.clock) / 1000);
	snprintf(location, sizeof(location), "/room/%s", room);
	tc_site_redirect(r, 302, location);
}

void tc_page_room(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	const char *token = tc_http_arg(r, "token");
	if (token) {
		admit_by_token(site, r, room, token);
		return;
	}
	struct tc_access access;
	const char *why = "";
	int status = tc_site_enter(site, r, room, &access, &why);
	if (status == 401 && !r->header[TC_HTTP_AUTHORIZATION]) {
		char location[TC_ID_SIZE + 32];
		snprintf(location, sizeof(location), "/?return=/room/%s", room);
		tc_site_redirect(r, 302, location);
	} else if (status == 404) {
		tc_site_problem(r, 404, "there is no appointment with this address");
	} else if (status == 403) {
		tc_site_problem(r, 403, "this call is for two other people");
	} else if (status) {
		tc_site_problem(r, status, why);
	} else {
		tc_site_page(site, r, 200,
			     access.role == TC_ROLE_CLIENT ? "/pages/room-client.html"
							   : "/pages/room-coach.html",
			     NULL);
	}
}

/* Sent by a page that is closing: a beacon carries no header of ours, so the same-origin check (and
 * SameSite cookies) stand guard alone. */
void tc_page_leave(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_access access;
	const char *why = "";
	if (!tc_site_same_origin(site, r)) {
		tc_site_problem(r, 403, "foreign origin");
		return;
	}
	int status = tc_site_enter(site, r, room, &access, &why);
	if (status) {
		tc_site_problem(r, status, why);
		return;
	}
	tc_rooms_leave(site->rooms, room, access.user_id);
	tc_rooms_dispatch(site->rooms);
	tc_site_success(r);
}
