// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "auth/turn.h"
#include "base/err.h"
#include "server/http_site.h"

#define APPOINTMENTS_MAX 500
/* Longer than any call: credentials must outlive it, as TURN refreshes with them. */
#define TURN_TTL_S (12 * 3600)

static void put_time(struct tc_json_writer *w, const char *key, int64_t ms)
{
	char text[32];
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	tc_json_key(w, key);
	if (ms == 0) {
		tc_json_put_str(w, NULL);
		return;
	}
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	tc_json_put_str(w, text);
}

static void begin(struct tc_buf *buf, struct tc_json_writer *w)
{
	tc_buf_init(buf);
	tc_json_writer_init(w, buf);
	tc_json_begin_object(w);
}

static void guest_csrf(struct tc_site *site, const struct tc_jwt_claims *claims,
		       char csrf[TC_TOKEN_SIZE])
{
	char purpose[2 * TC_ID_SIZE + 8];
	snprintf(purpose, sizeof(purpose), "csrf %s %s", claims->subject, claims->room);
	(void)tc_token_derive(site->guest_key, purpose, csrf);
}

void tc_api_me(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_user user;
	struct tc_jwt_claims guest;
	char token[TC_TOKEN_SIZE];
	char csrf[TC_TOKEN_SIZE];
	struct tc_buf buf;
	struct tc_json_writer w;
	const char *cookie = r->header[TC_HTTP_COOKIE];
	int err = tc_gate_session(site->config.gate, cookie, &user, token);
	if (!err) {
		(void)tc_token_derive(token, "csrf", csrf);
		begin(&buf, &w);
		tc_site_user_json(&w, user.id, user.name, user.role, user.email);
	} else if (err == -ENOENT && tc_gate_guest(site->config.gate, cookie, NULL, &guest) == 0) {
		guest_csrf(site, &guest, csrf);
		begin(&buf, &w);
		tc_site_user_json(&w, guest.subject, guest.name, guest.role, NULL);
	} else {
		tc_site_problem(r, err == -ENOENT ? 401 : 503,
				err == -ENOENT ? "not signed in" : tc_err_str(err));
		return;
	}
	tc_json_field_str(&w, "csrf", csrf);
	tc_json_end_object(&w);
	tc_site_json(r, 200, &buf);
}

bool tc_site_is_our_pages(struct tc_site *site, const struct tc_http_request *r)
{
	struct tc_user user;
	struct tc_jwt_claims guest;
	char token[TC_TOKEN_SIZE];
	char csrf[TC_TOKEN_SIZE];
	const char *cookie = r->header[TC_HTTP_COOKIE];
	const char *proof = r->header[TC_HTTP_CSRF_TOKEN];
	if (tc_http_arg(r, "token") || tc_gate_bearer(r->header[TC_HTTP_AUTHORIZATION])) {
		return true;
	}
	if (tc_gate_session(site->config.gate, cookie, &user, token) == 0) {
		(void)tc_token_derive(token, "csrf", csrf);
	} else if (tc_gate_guest(site->config.gate, cookie, NULL, &guest) == 0) {
		guest_csrf(site, &guest, csrf);
	} else {
		return false;
	}
	return proof && tc_token_equal(proof, csrf);
}

static void put_person(struct tc_json_writer *w, const char *key, const char *id, const char *name)
{
	tc_json_key(w, key);
	tc_json_begin_object(w);
	tc_json_field_str(w, "id", id);
	tc_json_field_str(w, "name", name);
	tc_json_end_object(w);
}

struct listing {
	struct tc_site *site;            /* borrowed, outlives us */
	struct tc_http_request *request; /* answered at the end */
	uv_work_t work;
	struct tc_user user;
	/* written on the pool */
	int err;
	struct tc_appointment *list; /* owned */
	size_t count;
};

/* On the thread pool: how long a list takes grows with the list. */
static void list_appointments(uv_work_t *work)
{
	struct listing *l = work->data;
	/* An admin sees everybody's. */
	l->err = tc_store_appointments(l->site->config.work,
				       l->user.role == TC_ROLE_ADMIN ? NULL : l->user.id,
				       APPOINTMENTS_MAX, &l->list, &l->count);
}

static void put_appointment(struct tc_json_writer *w, const struct tc_appointment *a)
{
	tc_json_begin_object(w);
	tc_json_field_str(w, "room", a->room);
	put_person(w, "coach", a->coach, a->coach_name);
	put_person(w, "client", a->client, a->client_name);
	put_time(w, "starts", a->starts_ms);
	tc_json_field_int(w, "minutes", a->minutes);
	tc_json_field_str(w, "status", a->test ? "test" : "scheduled");
	tc_json_end_object(w);
}

static void on_listed(uv_work_t *work, int status)
{
	struct listing *l = work->data;
	struct tc_buf buf;
	struct tc_json_writer w;
	int err = status ? -EIO : l->err;
	if (err) {
		tc_site_problem(l->request, 503, tc_err_str(err));
	} else {
		begin(&buf, &w);
		tc_json_key(&w, "appointments");
		tc_json_begin_array(&w);
		for (size_t i = 0; i < l->count; i++) {
			put_appointment(&w, &l->list[i]);
		}
		tc_json_end_array(&w);
		tc_json_end_object(&w);
		tc_site_json(l->request, 200, &buf);
	}
	free(l->list);
	free(l);
}

void tc_api_appointments(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct listing *l = calloc(1, sizeof(*l));
	int err = l ? tc_gate_session(site->config.gate, r->header[TC_HTTP_COOKIE], &l->user, NULL)
		    : -ENOMEM;
	if (!err) {
		l->site = site;
		l->request = r;
		l->work.data = l;
		err = uv_queue_work(site->config.loop, &l->work, list_appointments, on_listed)
			      ? -EIO
			      : 0;
	}
	if (err) {
		free(l);
		tc_site_problem(r, err == -ENOENT ? 401 : 503,
				err == -ENOENT ? "not signed in" : tc_err_str(err));
	}
}

static void put_someone(struct tc_json_writer *w, const char *id, const char *name,
			enum tc_role role)
{
	tc_json_begin_object(w);
	tc_json_field_str(w, "userId", id);
	tc_json_field_str(w, "name", name);
	tc_json_field_str(w, "role", tc_role_str(role));
	tc_json_end_object(w);
}

static void write_room(struct tc_json_writer *w, const char *room, const struct tc_access *access,
		       const struct tc_appointment *a, const struct tc_call *call)
{
	bool known = a->room[0] != '\0';
	bool self = !known;
	tc_json_field_str(w, "roomId", room);
	tc_site_user_json(w, access->user_id, access->user_name, access->role, NULL);
	tc_json_key(w, "people");
	tc_json_begin_array(w);
	if (known) {
		put_someone(w, a->coach, a->coach_name, TC_ROLE_COACH);
		put_someone(w, a->client, a->client_name, TC_ROLE_CLIENT);
		self = strcmp(access->user_id, a->coach) != 0 &&
		       strcmp(access->user_id, a->client) != 0;
	}
	if (self) {
		put_someone(w, access->user_id, access->user_name, access->role);
	}
	tc_json_end_array(w);
	put_time(w, "starts", a->starts_ms);
	tc_json_key(w, "minutes");
	if (known) {
		tc_json_put_int(w, a->minutes);
	} else {
		tc_json_put_str(w, NULL);
	}
	tc_json_key(w, "status");
	tc_json_put_str(w, !known ? NULL : a->test ? "test" : "scheduled");
	tc_json_field_str(w, "sessionId", call ? call->id : NULL);
	put_time(w, "started", call ? call->started_ms : 0);
}

void tc_api_room(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	struct tc_access access;
	struct tc_appointment appointment = {0};
	const char *why = "";
	int status = tc_site_enter(site, r, room, &access, &why);
	if (status) {
		tc_site_problem(r, status, why);
		return;
	}
	int err = tc_store_appointment(site->config.reads, room, &appointment);
	if (err && err != -ENOENT) {
		tc_site_problem(r, 503, tc_err_str(err));
		return;
	}
	const struct tc_call *call =
		tc_calls_get(site->config.calls, room, appointment.coach, appointment.client);
	struct tc_buf buf;
	struct tc_json_writer w;
	begin(&buf, &w);
	write_room(&w, room, &access, &appointment, call);
	tc_json_end_object(&w);
	tc_site_json(r, 200, &buf);
}

static void put_urls(struct tc_json_writer *w, const char *list)
{
	tc_json_key(w, "urls");
	tc_json_begin_array(w);
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, ",");
		tc_json_put_strn(w, p, n);
		p += n + (p[n] == ',');
	}
	tc_json_end_array(w);
}

bool tc_site_someone(struct tc_site *site, const struct tc_http_request *r, char id[TC_ID_SIZE])
{
	struct tc_user user;
	struct tc_jwt_claims claims;
	const char *token = tc_http_arg(r, "token");
	token = token ? token : tc_gate_bearer(r->header[TC_HTTP_AUTHORIZATION]);
	if (token) {
		snprintf(id, TC_ID_SIZE, "%s", "");
		if (tc_gate_token(site->config.gate, token, &claims) != 0) {
			return false;
		}
		snprintf(id, TC_ID_SIZE, "%s", claims.subject);
		return true;
	}
	if (tc_gate_session(site->config.gate, r->header[TC_HTTP_COOKIE], &user, NULL) == 0) {
		snprintf(id, TC_ID_SIZE, "%s", user.id);
		return true;
	}
	if (tc_gate_guest(site->config.gate, r->header[TC_HTTP_COOKIE], NULL, &claims) == 0) {
		snprintf(id, TC_ID_SIZE, "%s", claims.subject);
		return true;
	}
	return false;
}

void tc_api_ice_servers(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	const struct tc_site_config *c = &site->config;
	char id[TC_ID_SIZE];
	struct tc_turn_credentials turn;
	if (!tc_site_someone(site, r, id)) {
		tc_site_problem(r, 401, "not signed in");
		return;
	}
	int64_t expires_s = tc_clock_wall_ms(c->clock) / 1000 + TURN_TTL_S;
	struct tc_buf buf;
	struct tc_json_writer w;
	begin(&buf, &w);
	tc_json_key(&w, "iceServers");
	tc_json_begin_array(&w);
	if (c->stun_urls) {
		tc_json_begin_object(&w);
		put_urls(&w, c->stun_urls);
		tc_json_end_object(&w);
	}
	if (c->turn_urls && tc_turn_credentials(&turn, c->turn_secret, id, expires_s) == 0) {
		tc_json_begin_object(&w);
		put_urls(&w, c->turn_urls);
		tc_json_field_str(&w, "username", turn.username);
		tc_json_field_str(&w, "credential", turn.credential);
		tc_json_end_object(&w);
	}
	tc_json_end_array(&w);
	tc_json_field_int(&w, "ttl", TURN_TTL_S);
	tc_json_end_object(&w);
	tc_site_json(r, 200, &buf);
}
