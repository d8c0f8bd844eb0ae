// SPDX-License-Identifier: Apache-2.0
#include "server/http_site.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"
#include "server/admin/admin.h"
#include "server/http_headers.h"
#include "server/http_parse.h"

static const struct {
	enum tc_http_method method;
	const char *pattern;
	tc_site_fn run;
} routes[] = {
	{TC_HTTP_GET, "/", tc_page_home},
	{TC_HTTP_GET, "/sign-in", tc_page_home},
	{TC_HTTP_POST, "/sign-in", tc_signin_post},
	{TC_HTTP_POST, "/sign-out", tc_signout_post},
	{TC_HTTP_GET, "/room/:id", tc_page_room},
	{TC_HTTP_POST, "/room/:id/leave", tc_page_leave},
	{TC_HTTP_POST, "/api/sign-in", tc_signin_post},
	{TC_HTTP_POST, "/api/sign-out", tc_api_signout},
	{TC_HTTP_GET, "/api/me", tc_api_me},
	{TC_HTTP_GET, "/api/appointments", tc_api_appointments},
	{TC_HTTP_GET, "/api/room/:id", tc_api_room},
	{TC_HTTP_POST, "/api/room/:id/end", tc_api_room_end},
	{TC_HTTP_POST, "/api/room/:id/orb", tc_api_room_orb},
	{TC_HTTP_GET, "/api/ice-servers", tc_api_ice_servers},
	{TC_HTTP_GET, "/api/sessions/:id", tc_api_session},
	{TC_HTTP_POST, "/api/room/:id/quality", tc_admin_quality},
	{TC_HTTP_GET, "/admin", tc_admin_page},
	{TC_HTTP_GET, "/api/admin/overview", tc_admin_overview},
	{TC_HTTP_POST, "/api/admin/orbs/:id", tc_admin_orb},
	{TC_HTTP_GET, "/api/events", tc_admin_events},
	{TC_HTTP_GET, "/healthz", tc_admin_healthz},
	{TC_HTTP_GET, "/readyz", tc_admin_readyz},
	{TC_HTTP_GET, "/metrics", tc_metrics_get},
};

int tc_site_create(struct tc_site **out, const struct tc_site_config *config)
{
	struct tc_site *site = calloc(1, sizeof(*site));
	if (!site) {
		return -ENOMEM;
	}
	site->config = *config;
	site->last_signin = &site->first_signin;
	site->started_ms = tc_clock_ms(config->clock);
	tc_token_random(site->guest_key);
	LIST_INIT(&site->event_readers);
	tc_ready_init(&site->ready, &(struct tc_ready_config){.loop = config->loop,
							      .journal = config->journal,
							      .reads = config->reads,
							      .work = config->work,
							      .clock = config->clock,
							      .settings = config->settings,
							      .answer = tc_admin_answer_ready,
							      .user = site});
	int err = tc_limit_create(&site->limit);
	err = err ? err : tc_limit_create(&site->quality_limit);
	if (err) {
		tc_site_destroy(site);
		return err;
	}
	*out = site;
	return 0;
}

void tc_site_destroy(struct tc_site *site)
{
	if (site) {
		tc_limit_destroy(site->limit);
		tc_limit_destroy(site->quality_limit);
		free(site);
	}
}

/* ---- every answer ---- */

static void put_security_headers(const struct tc_site *site, struct tc_http_request *r)
{
	for (size_t i = 0; tc_http_security_headers[i][0]; i++) {
		tc_http_put_header(r, tc_http_security_headers[i][0],
				   tc_http_security_headers[i][1]);
	}
	if (site->config.secure) {
		tc_http_put_header(r, TC_HTTP_HSTS_NAME, TC_HTTP_HSTS_VALUE);
	}
}

bool tc_site_wants_json(const struct tc_http_request *r)
{
	const char *accept = r->header[TC_HTTP_ACCEPT];
	const char *type = r->header[TC_HTTP_CONTENT_TYPE];
	return strncmp(r->path, "/api/", 5) == 0 ||
	       (accept && (strstr(accept, "application/json") || strstr(accept, "+json"))) ||
	       (r->method == TC_HTTP_POST && type && strncmp(type, "application/json", 16) == 0);
}

static void problem_json(struct tc_http_request *r, int status, const char *detail)
{
	struct tc_buf buf;
	struct tc_json_writer w;
	tc_buf_init(&buf);
	tc_json_writer_init(&w, &buf);
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "type", "about:blank");
	tc_json_field_str(&w, "title", tc_http_status_title(status));
	tc_json_field_int(&w, "status", status);
	tc_json_field_str(&w, "detail", detail);
	tc_json_end_object(&w);
	tc_http_put_header(r, "cache-control", "no-store");
	tc_http_answer(r, buf.err ? 500 : status, "application/problem+json", tc_buf_str(&buf),
		       buf.len);
	tc_buf_finish(&buf);
}

/* All is our own words, never something that was sent: nothing to escape. */
static void problem_page(struct tc_http_request *r, int status, const char *title,
			 const char *detail, const char *button)
{
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_buf_putf(&buf,
		    "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />\n"
		    "<meta name=\"color-scheme\" content=\"light dark\" />\n"
		    "<title>%s · tricall</title>\n"
		    "<link rel=\"icon\" href=\"/favicon.svg\" type=\"image/svg+xml\" />\n"
		    "<link rel=\"stylesheet\" href=\"/ui/app.css\" />\n"
		    "<link rel=\"stylesheet\" href=\"/ui/sign-in.css\" />\n</head>\n"
		    "<body class=\"page sign-in\">\n<main>\n<header>\n"
		    "<img src=\"/favicon.svg\" alt=\"\" width=\"84\" height=\"84\" />\n"
		    "<h1>%s</h1>\n<p class=\"muted\">%c%s.</p>\n</header>\n"
		    "<p class=\"way-back\"><a class=\"button%s\" href=\"/\">%s</a></p>\n"
		    "</main>\n</body>\n</html>\n",
		    title, title, detail[0] >= 'a' && detail[0] <= 'z' ? detail[0] - 32 : detail[0],
		    detail[0] ? detail + 1 : "", button ? "" : " primary",
		    button ? button : "Back to the start");
	tc_http_put_header(r, "cache-control", "no-store");
	tc_http_answer(r, status, "text/html; charset=utf-8", tc_buf_str(&buf), buf.len);
	tc_buf_finish(&buf);
}

static bool is_for_people(const struct tc_http_request *r)
{
	const char *accept = r->header[TC_HTTP_ACCEPT];
	return !tc_site_wants_json(r) && accept && strstr(accept, "text/html");
}

void tc_site_problem(struct tc_http_request *r, int status, const char *detail)
{
	if (is_for_people(r)) {
		problem_page(r, status, tc_http_status_title(status), detail, NULL);
	} else {
		problem_json(r, status, detail);
	}
}

void tc_site_refuse_link(struct tc_http_request *r, int status, const char *why)
{
	if (is_for_people(r)) {
		problem_page(r, status, "This link does not open the call",
			     "it may have expired, or not been copied whole. Ask whoever sent it "
			     "to you for a new one",
			     "I have an account");
	} else {
		problem_json(r, status, why);
	}
}

void tc_site_redirect(struct tc_http_request *r, int status, const char *location)
{
	tc_http_put_header(r, "location", location);
	tc_http_put_header(r, "cache-control", "no-store");
	tc_http_answer(r, status, NULL, "", 0);
}

void tc_site_json(struct tc_http_request *r, int status, struct tc_buf *json)
{
	tc_http_put_header(r, "cache-control", "no-store");
	const char *text = tc_buf_str(json);
	tc_http_answer(r, json->err ? 500 : status, "application/json", text, json->len);
	tc_buf_finish(json);
}

void tc_site_success(struct tc_http_request *r)
{
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_buf_puts(&buf, "{\"success\":true}");
	tc_site_json(r, 200, &buf);
}

void tc_site_put_cookie(const struct tc_site *site, struct tc_http_request *r, const char *name,
			const char *value, int64_t max_age_s)
{
	char line[TC_ROOM_TOKEN_MAX + 160];
	snprintf(line, sizeof(line), "%s=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%" PRId64 "%s",
		 name, value, max_age_s, site->config.secure ? "; Secure" : "");
	tc_http_put_header(r, "set-cookie", line);
}

void tc_site_user_json(struct tc_json_writer *w, const char *id, const char *name,
		       enum tc_role role, const char *email)
{
	tc_json_key(w, "user");
	tc_json_begin_object(w);
	tc_json_field_str(w, "id", id);
	tc_json_field_str(w, "name", name);
	tc_json_field_str(w, "role", tc_role_str(role));
	if (email) {
		tc_json_field_str(w, "email", email);
	}
	tc_json_end_object(w);
}

/* ---- who asks ---- */

int tc_site_enter(struct tc_site *site, const struct tc_http_request *r, const char *room,
		  struct tc_access *out, const char **why)
{
	struct tc_access_request request = {
		.room = room,
		.cookie = r->header[TC_HTTP_COOKIE],
		.token = tc_http_arg(r, "token"),
		.authorization = r->header[TC_HTTP_AUTHORIZATION],
		.origin = r->header[TC_HTTP_ORIGIN],
		.host = r->header[TC_HTTP_HOST],
		.tls = r->tls,
	};
	return tc_gate_enter(site->config.gate, &request, out, why);
}

bool tc_site_same_origin(const struct tc_site *site, const struct tc_http_request *r)
{
	const char *origin = r->header[TC_HTTP_ORIGIN];
	const char *from = r->header[TC_HTTP_FETCH_SITE];
	if (origin) {
		return tc_gate_same_origin(site->config.gate, origin, r->header[TC_HTTP_HOST],
					   r->tls);
	}
	return !from || strcmp(from, "same-origin") == 0 || strcmp(from, "none") == 0;
}

/* ---- which handler ---- */

static void trust_local_proxy(struct tc_http_request *r)
{
	/* A proxy on this machine speaks for its clients; nobody else may. */
	bool local = strncmp(r->address, "127.", 4) == 0 || strcmp(r->address, "::1") == 0 ||
		     strncmp(r->address, "::ffff:127.", 11) == 0;
	char address[sizeof(r->address)];
	if (local && tc_forwarded_for(r->header[TC_HTTP_FORWARDED_FOR], address, sizeof(address))) {
		memcpy(r->address, address, sizeof(address));
	}
}

void tc_site_reject(void *user, struct tc_http_request *r, int status, const char *why)
{
	put_security_headers(user, r);
	tc_site_problem(r, status, why);
}

void tc_site_handle(void *user, struct tc_http_request *r)
{
	struct tc_site *site = user;
	char room[TC_ID_SIZE] = "";
	bool known = false;
	put_security_headers(site, r);
	trust_local_proxy(r);
	for (size_t i = 0; i < TC_COUNT(routes); i++) {
		if (!tc_route_match(routes[i].pattern, r->path, room)) {
			continue;
		}
		known = true;
		if (routes[i].method == r->method) {
			routes[i].run(site, r, room);
			return;
		}
	}
	if (known) {
		tc_http_put_header(r, "allow", r->method == TC_HTTP_GET ? "POST" : "GET, HEAD");
		tc_site_problem(r, 405, "this address does not take that method");
	} else if (tc_route_match("/ws-simple/:id", r->path, room)) {
		tc_http_put_header(r, "upgrade", "websocket");
		tc_site_problem(r, 426, "this address speaks WebSocket");
	} else {
		tc_page_static(site, r, NULL);
	}
}
