// SPDX-License-Identifier: Apache-2.0
#include "server/admin/quality.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"

static const char *const states[] = {"connecting", "connected", "failed", "closed", NULL};
static const char *const peers[] = {"human", "orb", NULL};
static const char *const outcomes[] = {"connected", "failed", NULL};

const char *tc_link_state_str(enum tc_link_state state)
{
	return states[state];
}

/* ---- reading ---- */

static bool get_word(struct tc_json value, const char *const *words, int *out)
{
	char word[16];
	int len = tc_json_str(value, word, sizeof(word));
	*out = len > 0 ? tc_metric_index(words, word, (size_t)len) : -1;
	return *out >= 0;
}

static bool get_id(struct tc_json value, char out[33])
{
	int len = tc_json_str(value, out, 33);
	return len > 0 && strspn(out, "abcdefghijklmnopqrstuvwxyz0123456789") == (size_t)len;
}

static bool get_number(struct tc_json value, double max, double *out)
{
	return tc_json_type(value) == TC_JSON_NUMBER && tc_json_double(value, out) == 0 &&
	       *out >= 0 && *out <= max;
}

struct figure {
	const char *key;
	double max;
	size_t at;
};
#define FIGURE(key, max, field)                                  \
	{                                                        \
		key, max, offsetof(struct tc_link_report, field) \
	}

static const struct figure figures[] = {
	FIGURE("connectMs", 600000, connect_ms), FIGURE("rttMs", 60000, rtt_ms),
	FIGURE("jitterMs", 60000, jitter_ms),    FIGURE("loss", 1, loss),
	FIGURE("concealed", 1, concealed),       FIGURE("freezes", 1000, freezes),
};

static bool get_figure(const char *key, struct tc_json value, struct tc_link_report *out)
{
	for (size_t i = 0; i < TC_COUNT(figures); i++) {
		if (strcmp(key, figures[i].key) == 0) {
			double *to = (double *)(void *)((char *)out + figures[i].at);
			return get_number(value, figures[i].max, to);
		}
	}
	return false;
}

static bool get_field(const char *key, struct tc_json value, struct tc_link_report *out)
{
	int word = -1;
	if (strcmp(key, "id") == 0) {
		return get_id(value, out->id);
	}
	if (strcmp(key, "peer") == 0) {
		bool ok = get_word(value, peers, &word);
		out->peer = ok ? (enum tc_metric_peer)word : TC_M_PEER_HUMAN;
		return ok;
	}
	if (strcmp(key, "state") == 0) {
		bool ok = get_word(value, states, &word);
		out->state = ok ? (enum tc_link_state)word : TC_LINK_CLOSED;
		return ok;
	}
	if (strcmp(key, "outcome") == 0) {
		return get_word(value, outcomes, &out->outcome);
	}
	if (strcmp(key, "path") == 0) {
		return get_word(value, tc_metric_paths, &out->path);
	}
	return get_figure(key, value, out);
}

static const char *const required[] = {"id", "peer", "state"};

static int read_link(struct tc_json object, struct tc_link_report *out, const char **field)
{
	static char name[32]; /* the loop's thread only */
	struct tc_json value;
	*out = (struct tc_link_report){.outcome = -1, .path = -1};
	out->connect_ms = out->rtt_ms = out->jitter_ms = NAN;
	out->loss = out->concealed = out->freezes = NAN;
	*field = "connections";
	if (tc_json_type(object) != TC_JSON_OBJECT) {
		return -TC_EPARSE;
	}
	struct tc_json_iter it = tc_json_iter(object);
	while (tc_json_next(&it)) {
		if (tc_json_str(it.key, name, sizeof(name)) < 0 ||
		    !get_field(name, it.value, out)) {
			*field = name;
			return -TC_EPARSE;
		}
	}
	for (size_t i = 0; i < TC_COUNT(required); i++) {
		if (!tc_json_get(object, required[i], &value)) {
			*field = required[i];
			return -TC_EPARSE;
		}
	}
	return 0;
}

int tc_quality_parse(const char *text, size_t len,
		     struct tc_link_report out[TC_QUALITY_MAX_CONNECTIONS], const char **field)
{
	struct tc_json json, list;
	int count = 0;
	*field = "connections";
	if (len > TC_QUALITY_MAX_BODY || tc_json_parse(&json, text, len, NULL) ||
	    tc_json_type(json) != TC_JSON_OBJECT || !tc_json_get(json, "connections", &list) ||
	    tc_json_type(list) != TC_JSON_ARRAY) {
		return -TC_EPARSE;
	}
	struct tc_json_iter members = tc_json_iter(json);
	while (tc_json_next(&members)) {
		if (!tc_json_str_eq(members.key, "connections")) {
			return -TC_EPARSE;
		}
	}
	struct tc_json_iter it = tc_json_iter(list);
	while (tc_json_next(&it)) {
		if (count == TC_QUALITY_MAX_CONNECTIONS) {
			return -TC_EPARSE;
		}
		if (read_link(it.value, &out[count++], field)) {
			return -TC_EPARSE;
		}
	}
	return count;
}

/* ---- counting ---- */

static void observe(struct tc_registry *r, enum tc_metric metric, const struct tc_link_report *l,
		    double value)
{
	if (!isnan(value)) {
		tc_registry_observe(r, metric, l->peer, 0, value);
	}
}

static void count(struct tc_registry *r, struct tc_history *history, const struct tc_link_report *l)
{
	if (l->outcome >= 0) {
		bool connected = l->outcome == TC_M_CONNECTED;
		tc_registry_add(r, TC_M_RTC_CONNECTIONS, l->peer, (size_t)l->outcome, 1);
		tc_history_connection(history, connected);
		if (connected) {
			observe(r, TC_M_RTC_CONNECT, l, l->connect_ms / 1000);
		}
		if (connected && l->path >= 0) {
			tc_registry_add(r, TC_M_RTC_PATHS, l->peer, (size_t)l->path, 1);
		}
	}
	observe(r, TC_M_CALL_LOSS, l, l->loss);
	observe(r, TC_M_CALL_JITTER, l, l->jitter_ms / 1000);
	observe(r, TC_M_CALL_RTT, l, l->rtt_ms / 1000);
	observe(r, TC_M_CALL_CONCEALED, l, l->concealed);
	if (!isnan(l->freezes)) {
		tc_registry_add(r, TC_M_CALL_FREEZES, l->peer, 0, l->freezes);
	}
}

/* ---- keeping ---- */

int tc_quality_init(struct tc_quality *q)
{
	*q = (struct tc_quality){.links = calloc(TC_QUALITY_KEPT, sizeof(*q->links))};
	return q->links ? 0 : -ENOMEM;
}

void tc_quality_finish(struct tc_quality *q)
{
	free(q->links);
	*q = (struct tc_quality){0};
}

static size_t place_of(const struct tc_quality *q, const struct tc_link_seen *seen)
{
	size_t i = 0;
	while (i < q->count &&
	       (q->links[i].from != seen->from || q->links[i].report.peer != seen->report.peer ||
		strcmp(q->links[i].room, seen->room) != 0)) {
		i++;
	}
	return i;
}

static void drop(struct tc_quality *q, size_t at)
{
	q->links[at] = q->links[--q->count];
}

void tc_quality_take(struct tc_quality *q, struct tc_registry *registry, struct tc_history *history,
		     const struct tc_link_seen *seen)
{
	size_t at = place_of(q, seen);
	count(registry, history, &seen->report);
	if (seen->report.state == TC_LINK_CLOSED) {
		/* Only the one that is shown: an old connection may end after a new one began. */
		if (at < q->count && strcmp(q->links[at].report.id, seen->report.id) == 0) {
			drop(q, at);
		}
		return;
	}
	if (at == TC_QUALITY_KEPT) {
		return;
	}
	struct tc_link_seen *link = &q->links[at];
	bool same = at < q->count && strcmp(link->report.id, seen->report.id) == 0;
	double connect_ms = same ? link->report.connect_ms : NAN;
	*link = *seen;
	if (isnan(link->report.connect_ms)) { /* told once, with the outcome */
		link->report.connect_ms = connect_ms;
	}
	q->count += at == q->count;
}

void tc_quality_forget(struct tc_quality *q, const char *room)
{
	for (size_t i = 0; i < q->count;) {
		if (strcmp(q->links[i].room, room) == 0) {
			drop(q, i);
		} else {
			i++;
		}
	}
}

const struct tc_link_seen *tc_quality_next(const struct tc_quality *q, const char *room, size_t *at)
{
	while (*at < q->count) {
		const struct tc_link_seen *seen = &q->links[(*at)++];
		if (strcmp(seen->room, room) == 0) {
			return seen;
		}
	}
	return NULL;
}
