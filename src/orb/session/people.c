// SPDX-License-Identifier: Apache-2.0
/* Who is in the room. */
#include "orb/session/session_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

TC_LOG_TOPIC("orb.people");

/* As long as pages wait for each other after an outage (web/lib/call.js). */
#define AWAY_MS 20000

struct tc_person *tc_people_find(struct tc_session *s, const char *id)
{
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		if (s->people[i].present && strcmp(s->people[i].id, id) == 0) {
			return &s->people[i];
		}
	}
	return NULL;
}

int tc_people_present(const struct tc_session *s)
{
	int count = 0;
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		count += s->people[i].present;
	}
	return count;
}

static enum tc_mind_role role_of(const struct tc_session *s, const char *id, enum tc_role role)
{
	/* Who is client and who is coach was said at our start; an admin counts as the coach. */
	if (strcmp(id, s->args->client) == 0) {
		return TC_MIND_CLIENT;
	}
	return role == TC_ROLE_CLIENT ? TC_MIND_CLIENT : TC_MIND_COACH;
}

void tc_people_left(struct tc_session *s, const char *id)
{
	struct tc_person *p = tc_people_find(s, id);
	if (!p) {
		return;
	}
	TC_INFO(s->tag, "%s left", id);
	tc_ear_close(p); /* their last words are made final, not thrown away */
	tc_connection_drop(p);
	p->present = false;
	p->voice = false;
	p->met = false;
	tc_mind_left(s->mind, id, tc_session_now(s));
	tc_session_plan(s);
	tc_report_soon(s);
	tc_session_check_idle(s);
	tc_connection_show_hearing(s);
}

/* --- a new server, which has not everybody back yet --- */

static void plan_away(struct tc_session *s);

static void on_away(void *user)
{
	struct tc_session *s = user;
	int64_t now = tc_session_now(s);
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		struct tc_person *p = &s->people[i];
		if (p->present && p->away_until_ms && p->away_until_ms <= now) {
			tc_people_left(s, p->id);
		}
	}
	plan_away(s);
}

static void plan_away(struct tc_session *s)
{
	int64_t first = 0;
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		int64_t until = s->people[i].present ? s->people[i].away_until_ms : 0;
		if (until && (!first || until < first)) {
			first = until;
		}
	}
	tc_timer_cancel(s->away_timer);
	s->away_timer = NULL;
	if (first) {
		int64_t left = first - tc_session_now(s);
		s->away_timer = tc_loop_timer(s->loop, left > 0 ? left : 0, false, on_away, s);
	}
}

/* Their media works: they will be back as we were, or their connection will tell. */
static bool may_be_away(const struct tc_person *p)
{
	return p->peer && tc_peer_state(p->peer) == TC_PEER_CONNECTED;
}

static struct tc_person *free_place(struct tc_session *s, const char *id)
{
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		if (!s->people[i].present) {
			return &s->people[i];
		}
	}
	TC_WARN(s->tag, "no room for %s", id);
	return NULL;
}

struct tc_person *tc_people_joined(struct tc_session *s, struct tc_json object)
{
	struct tc_signal_peer who;
	if (tc_signal_read_peer(object, &who) || who.ai || who.role == TC_ROLE_AI ||
	    strcmp(who.user_id, s->args->user_id) == 0) {
		return NULL;
	}
	struct tc_person *p = tc_people_find(s, who.user_id);
	if (p) {
		/* Still here: our connection was resumed, or the server began anew. Had their page,
		 * too, its offer says so. */
		p->away_until_ms = 0;
		return p;
	}
	p = free_place(s, who.user_id);
	if (!p) {
		return NULL;
	}
	p->present = true;
	p->away_until_ms = 0;
	p->met = false;
	snprintf(p->id, sizeof(p->id), "%s", who.user_id);
	snprintf(p->name, sizeof(p->name), "%s", who.user_name);
	p->role = role_of(s, p->id, who.role);
	TC_INFO(s->tag, "%s %s is here", p->role == TC_MIND_COACH ? "coach" : "client", p->id);
	tc_mind_joined(s->mind, p->id, p->role, p->name, tc_session_now(s));
	tc_session_plan(s);
	tc_ear_open(p);
	tc_session_check_idle(s);
	tc_report_soon(s);
	return p;
}

static bool listed(const struct tc_signal *discovery, const char *id)
{
	struct tc_signal_peer peer;
	for (struct tc_json_iter it = tc_signal_peers(discovery); tc_json_next(&it);) {
		if (tc_signal_read_peer(it.value, &peer) == 0 && strcmp(peer.user_id, id) == 0) {
			return true;
		}
	}
	return false;
}

static void check_listed(struct tc_session *s, const struct tc_signal *discovery)
{
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		struct tc_person *p = &s->people[i];
		if (!p->present || listed(discovery, p->id)) {
			continue;
		}
		if (may_be_away(p)) {
			TC_INFO(s->tag, "%s is not back yet", p->id);
			p->away_until_ms = tc_session_now(s) + AWAY_MS;
		} else {
			tc_people_left(s, p->id); /* went while our socket was down */
		}
	}
	plan_away(s);
}

void tc_people_listed(struct tc_session *s, const struct tc_signal *discovery)
{
	check_listed(s, discovery);
	for (struct tc_json_iter it = tc_signal_peers(discovery); tc_json_next(&it);) {
		struct tc_person *p = tc_people_joined(s, it.value);
		if (p && s->state == TC_SESSION_JOINING) {
			tc_mind_knows(s->mind, p->id); /* they were here before we were */
		}
	}
	if (s->state == TC_SESSION_JOINING) {
		tc_session_set_state(s, TC_SESSION_LIVE, "joined");
		TC_INFO(s->tag, "in the room as %s after %lld ms", s->args->user_id,
			(long long)(tc_session_now(s) - s->began_us / 1000));
	}
	s->told_status = ""; /* the server may be a new one: say it again */
	tc_report_ready(s);
	tc_report_status(s);
	tc_session_check_idle(s);
}

void tc_people_close(struct tc_session *s)
{
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		if (s->people[i].session) {
			tc_connection_drop(&s->people[i]);
		}
	}
}
