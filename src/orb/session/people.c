// SPDX-License-Identifier: Apache-2.0
/* Who is in the room. */
#include "orb/session/session_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

TC_LOG_TOPIC("orb.people");

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

static enum tc_mind_role role_of(const struct tc_session *s, const char *id, const char *word)
{
	/* Who is client and who is coach was said at our start; an admin counts as the coach. */
	if (strcmp(id, s->args->client) == 0) {
		return TC_MIND_CLIENT;
	}
	return strcmp(word, "client") == 0 ? TC_MIND_CLIENT : TC_MIND_COACH;
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

struct tc_person *tc_people_joined(struct tc_session *s, struct tc_json who)
{
	char id[TC_ID_SIZE], role[32] = "", type[32] = "", name[128] = "";
	if (tc_json_get_str(who, "userId", id, sizeof(id)) < 0) {
		return NULL;
	}
	tc_json_get_str(who, "userRole", role, sizeof(role));
	tc_json_get_str(who, "participantType", type, sizeof(type));
	tc_json_get_str(who, "userName", name, sizeof(name));
	if (strcmp(type, "ai") == 0 || strcmp(role, "ai") == 0 ||
	    strcmp(id, s->args->user_id) == 0) {
		return NULL;
	}
	struct tc_person *p = tc_people_find(s, id);
	if (p) {
		return p; /* still here: a resumed connection of ours lists them again */
	}
	for (size_t i = 0; i < TC_PEOPLE_MAX && !p; i++) {
		p = s->people[i].present ? NULL : &s->people[i];
	}
	if (!p) {
		TC_WARN(s->tag, "no room for %s", id);
		return NULL;
	}
	p->present = true;
	p->met = false;
	snprintf(p->id, sizeof(p->id), "%s", id);
	snprintf(p->name, sizeof(p->name), "%s", name);
	p->role = role_of(s, id, role);
	TC_INFO(s->tag, "%s %s is here", p->role == TC_MIND_COACH ? "coach" : "client", id);
	tc_mind_joined(s->mind, id, p->role, name, tc_session_now(s));
	tc_session_plan(s);
	tc_ear_open(p);
	tc_session_check_idle(s);
	tc_report_soon(s);
	return p;
}

static bool listed(struct tc_json peers, const char *id)
{
	struct tc_json_iter it = tc_json_iter(peers);
	while (tc_json_next(&it)) {
		struct tc_json user_id;
		if (tc_json_get(it.value, "userId", &user_id) && tc_json_str_eq(user_id, id)) {
			return true;
		}
	}
	return false;
}

void tc_people_listed(struct tc_session *s, struct tc_json message)
{
	struct tc_json peers;
	if (s->state >= TC_SESSION_ENDING) {
		return;
	}
	tc_json_get(message, "peers", &peers);
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		if (s->people[i].present && !listed(peers, s->people[i].id)) {
			char id[TC_ID_SIZE];
			snprintf(id, sizeof(id), "%s", s->people[i].id);
			tc_people_left(s, id); /* went while our socket was down */
		}
	}
	struct tc_json_iter it = tc_json_iter(peers);
	while (tc_json_next(&it)) {
		tc_people_joined(s, it.value);
	}
	if (s->state == TC_SESSION_JOINING) {
		tc_session_set_state(s, TC_SESSION_LIVE, "joined");
		TC_INFO(s->tag, "in the room as %s after %lld ms", s->args->user_id,
			(long long)tc_session_ms(s, tc_session_now(s)));
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
