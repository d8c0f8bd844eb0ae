// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "auth/password.h"
#include "base/err.h"
#include "base/log.h"
#include "server/http_parse.h"
#include "server/http_site.h"

TC_LOG_TOPIC("server.signin");

#define SESSION_TTL_S (7 * 24 * 3600)
/* Each hash takes 32 MiB and a thread of the pool, which must not run out of them. */
#define MAX_HASHING 2
#define MAX_WAITING 32

/* Failures that are free, and how long each costs when they are used up. By email and address
 * together first, so that nobody can lock another out from elsewhere. */
#define PAIR_BURST        10
#define PAIR_REFILL_MS    60000
#define ADDRESS_BURST     50
#define ADDRESS_REFILL_MS 10000
#define EMAIL_BURST       200
#define EMAIL_REFILL_MS   10000

struct tc_signin {
	struct tc_signin *next;          /* borrowed */
	struct tc_site *site;            /* borrowed, outlives us */
	struct tc_http_request *request; /* answered at the end */
	uv_work_t work;
	char email[TC_EMAIL_SIZE];
	char password[TC_PASSWORD_MAX + 1];
	char go_to[TC_ID_SIZE + 16];
	char pair[TC_EMAIL_SIZE + 80];
	uint8_t old_hash[TC_TOKEN_HASH_SIZE]; /* of the session this browser had */
	bool has_old;
	int64_t now_ms;
	/* written on the pool */
	int err; /* 0, -TC_EAUTH, or what the store said */
	struct tc_user user;
	char token[TC_TOKEN_SIZE];
};

static void wipe(void *memory, size_t len)
{
	explicit_bzero(memory, len);
}

/* On the thread pool. */
static void check_password(uv_work_t *work)
{
	struct tc_signin *s = work->data;
	struct tc_store *store = s->site->config.work;
	char hash[TC_PASSWORD_HASH_SIZE];
	uint8_t token_hash[TC_TOKEN_HASH_SIZE];
	int err = tc_store_user_by_email(store, s->email, &s->user, hash, sizeof(hash));
	if (err && err != -ENOENT) {
		s->err = err;
		return;
	}
	bool ok = tc_password_ok(err ? NULL : hash, s->password);
	wipe(s->password, sizeof(s->password));
	if (!ok) {
		s->err = -TC_EAUTH;
		return;
	}
	tc_token_random(s->token);
	(void)tc_token_hash(s->token, token_hash);
	if (s->has_old) {
		(void)tc_store_login_remove(store, s->old_hash);
	}
	(void)tc_store_login_purge(store, s->now_ms);
	s->err = tc_store_login_add(store, token_hash, s->user.id, s->now_ms,
				    s->now_ms + SESSION_TTL_S * 1000LL);
}

static void answer_success(struct tc_signin *s)
{
	struct tc_http_request *r = s->request;
	tc_site_put_cookie(s->site, r, TC_SESSION_COOKIE, s->token, SESSION_TTL_S);
	if (!tc_site_wants_json(r)) {
		tc_site_redirect(r, 303, s->go_to);
		return;
	}
	char csrf[TC_TOKEN_SIZE];
	struct tc_buf buf;
	struct tc_json_writer w;
	(void)tc_token_derive(s->token, "csrf", csrf);
	tc_buf_init(&buf);
	tc_json_writer_init(&w, &buf);
	tc_json_begin_object(&w);
	tc_site_user_json(&w, s->user.id, s->user.name, s->user.role, s->user.email);
	tc_json_field_str(&w, "csrf", csrf);
	tc_json_field_str(&w, "return", s->go_to);
	tc_json_end_object(&w);
	tc_site_json(r, 200, &buf);
}

static void answer_failure(struct tc_site *site, struct tc_http_request *r, int status,
			   const char *detail)
{
	if (tc_site_wants_json(r)) {
		tc_site_problem(r, status, detail);
	} else {
		tc_site_page(site, r, status, "/pages/sign-in.html",
			     "class=\"message\" id=\"wrong\"");
	}
}

static void start_next(struct tc_site *site);

static void on_checked(uv_work_t *work, int status)
{
	struct tc_signin *s = work->data;
	struct tc_site *site = s->site;
	int64_t now_ms = tc_clock_ms(site->config.clock);
	site->signins--;
	if (s->err == -TC_EAUTH) {
		site->signin_failures++;
		TC_INFO(s->request->address, "sign-in refused");
		tc_limit_failed(site->limit, s->pair, PAIR_BURST, PAIR_REFILL_MS, now_ms);
		tc_limit_failed(site->limit, s->request->address, ADDRESS_BURST, ADDRESS_REFILL_MS,
				now_ms);
		tc_limit_failed(site->limit, s->email, EMAIL_BURST, EMAIL_REFILL_MS, now_ms);
		answer_failure(site, s->request, 401, "the email or the password is not right");
	} else if (s->err || status) {
		TC_ERROR(NULL, "sign-in: %s", tc_err_str(s->err));
		answer_failure(site, s->request, 503, "the database does not answer");
	} else {
		tc_limit_forget(site->limit, s->pair);
		answer_success(s);
	}
	wipe(s, sizeof(*s));
	free(s);
	start_next(site);
}

static void start_next(struct tc_site *site)
{
	while (site->first_signin && site->signins < MAX_HASHING) {
		struct tc_signin *s = site->first_signin;
		site->first_signin = s->next;
		if (!site->first_signin) {
			site->last_signin = &site->first_signin;
		}
		site->signins_waiting--;
		site->signins++;
		s->work.data = s;
		(void)uv_queue_work(site->config.loop, &s->work, check_password, on_checked);
	}
}

/* ---- what was sent ---- */

static int read_json(const struct tc_http_request *r, struct tc_signin *s, char *go_to, size_t size)
{
	struct tc_json json;
	if (tc_json_parse(&json, r->body.data ? r->body.data : "", r->body.len, NULL) ||
	    tc_json_get_str(json, "email", s->email, sizeof(s->email)) < 0 ||
	    tc_json_get_str(json, "password", s->password, sizeof(s->password)) < 0) {
		return -TC_EPARSE;
	}
	if (tc_json_get_str(json, "return", go_to, size) < 0) {
		go_to[0] = '\0';
	}
	return 0;
}

static int read_form(const struct tc_http_request *r, struct tc_signin *s, char *go_to, size_t size)
{
	const char *body = r->body.data ? r->body.data : "";
	if (tc_form_get(body, r->body.len, "email", s->email, sizeof(s->email)) < 0 ||
	    tc_form_get(body, r->body.len, "password", s->password, sizeof(s->password)) < 0) {
		return -TC_EPARSE;
	}
	if (tc_form_get(body, r->body.len, "return", go_to, size) < 0) {
		go_to[0] = '\0';
	}
	return 0;
}

static int read_credentials(const struct tc_http_request *r, struct tc_signin *s)
{
	const char *type = r->header[TC_HTTP_CONTENT_TYPE] ? r->header[TC_HTTP_CONTENT_TYPE] : "";
	char go_to[512];
	bool json = strncmp(type, "application/json", 16) == 0;
	int err = (json ? read_json : read_form)(r, s, go_to, sizeof(go_to));
	if (!err) {
		tc_return_path(go_to, s->go_to, sizeof(s->go_to));
		snprintf(s->pair, sizeof(s->pair), "%s|%s", s->email, r->address);
	}
	return err;
}

static int64_t must_wait_s(struct tc_site *site, const struct tc_signin *s)
{
	int64_t now_ms = tc_clock_ms(site->config.clock);
	int64_t waits[] = {
		tc_limit_wait_s(site->limit, s->pair, PAIR_BURST, PAIR_REFILL_MS, now_ms),
		tc_limit_wait_s(site->limit, s->request->address, ADDRESS_BURST, ADDRESS_REFILL_MS,
				now_ms),
		tc_limit_wait_s(site->limit, s->email, EMAIL_BURST, EMAIL_REFILL_MS, now_ms),
		site->signins_waiting >= MAX_WAITING ? 2 : 0,
	};
	int64_t most = 0;
	for (size_t i = 0; i < 4; i++) {
		most = waits[i] > most ? waits[i] : most;
	}
	return most;
}

static void refuse_for_now(struct tc_site *site, struct tc_http_request *r, int64_t wait_s)
{
	char seconds[24];
	snprintf(seconds, sizeof(seconds), "%lld", (long long)wait_s);
	tc_http_put_header(r, "retry-after", seconds);
	answer_failure(site, r, 429, "too many attempts; wait a little");
}

void tc_signin_post(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	if (!tc_site_same_origin(site, r)) {
		tc_site_problem(r, 403, "foreign origin");
		return;
	}
	struct tc_signin *s = calloc(1, sizeof(*s));
	if (!s) {
		tc_site_problem(r, 503, "out of memory");
		return;
	}
	s->site = site;
	s->request = r;
	s->now_ms = tc_clock_wall_ms(site->config.clock);
	char old[TC_TOKEN_SIZE];
	const char *cookie = r->header[TC_HTTP_COOKIE];
	s->has_old = cookie && tc_cookie_get(cookie, TC_SESSION_COOKIE, old, sizeof(old)) >= 0 &&
		     tc_token_hash(old, s->old_hash);
	int err = read_credentials(r, s);
	int64_t wait_s = err ? 0 : must_wait_s(site, s);
	if (err || wait_s) {
		if (err) {
			tc_site_problem(r, 400, "expected email and password");
		} else {
			refuse_for_now(site, r, wait_s);
		}
		wipe(s, sizeof(*s));
		free(s);
		return;
	}
	*site->last_signin = s;
	site->last_signin = &s->next;
	site->signins_waiting++;
	start_next(site);
}

/* ---- sign-out ---- */

struct signout {
	uv_work_t work;
	struct tc_site *site;            /* borrowed, outlives us */
	struct tc_http_request *request; /* answered at the end */
	uint8_t hash[TC_TOKEN_HASH_SIZE];
};

static void remove_login(uv_work_t *work)
{
	struct signout *s = work->data;
	(void)tc_store_login_remove(s->site->config.work, s->hash);
}

static void answer_signout(struct tc_site *site, struct tc_http_request *r)
{
	const char *at = r->header[TC_HTTP_COOKIE];
	struct tc_cookie cookie;
	tc_site_put_cookie(site, r, TC_SESSION_COOKIE, "", 0);
	/* A guest's rooms are left, too. */
	while (at && tc_cookie_next(&at, &cookie)) {
		char name[TC_ROOM_COOKIE_SIZE];
		size_t prefix = strlen(TC_ROOM_COOKIE_PREFIX);
		if (cookie.name_len < sizeof(name) && cookie.name_len > prefix &&
		    memcmp(cookie.name, TC_ROOM_COOKIE_PREFIX, prefix) == 0) {
			snprintf(name, sizeof(name), "%.*s", (int)cookie.name_len, cookie.name);
			tc_site_put_cookie(site, r, name, "", 0);
		}
	}
	if (!tc_site_wants_json(r)) {
		tc_site_redirect(r, 303, "/");
		return;
	}
	tc_site_success(r);
}

static void on_removed(uv_work_t *work, int status)
{
	struct signout *s = work->data;
	answer_signout(s->site, s->request);
	free(s);
}

static void sign_out(struct tc_site *site, struct tc_http_request *r, bool must_prove)
{
	char token[TC_TOKEN_SIZE] = "";
	char csrf[TC_TOKEN_SIZE];
	const char *cookie = r->header[TC_HTTP_COOKIE];
	const char *proof = r->header[TC_HTTP_CSRF_TOKEN];
	uint8_t hash[TC_TOKEN_HASH_SIZE];
	if (!tc_site_same_origin(site, r)) {
		tc_site_problem(r, 403, "foreign origin");
		return;
	}
	bool in = cookie && tc_cookie_get(cookie, TC_SESSION_COOKIE, token, sizeof(token)) >= 0 &&
		  tc_token_hash(token, hash) && tc_token_derive(token, "csrf", csrf);
	if (!in) {
		answer_signout(site, r);
		return;
	}
	if (proof ? !tc_token_equal(proof, csrf) : must_prove) {
		tc_site_problem(r, 403, "X-CSRF-Token is missing or not this session's");
		return;
	}
	struct signout *s = calloc(1, sizeof(*s));
	if (!s) {
		tc_site_problem(r, 503, "out of memory");
		return;
	}
	s->site = site;
	s->request = r;
	s->work.data = s;
	memcpy(s->hash, hash, sizeof(hash));
	(void)uv_queue_work(site->config.loop, &s->work, remove_login, on_removed);
}

void tc_signout_post(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	sign_out(site, r, false);
}

void tc_api_signout(struct tc_site *site, struct tc_http_request *r, const char *room)
{
	sign_out(site, r, true);
}
