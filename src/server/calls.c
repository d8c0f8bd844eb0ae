// SPDX-License-Identifier: Apache-2.0
#include "server/calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

TC_LOG_TOPIC("server.calls");

#define ID_DIGITS 20

struct entry {
	struct entry *next; /* owned */
	struct tc_call call;
	int humans;
	bool ended;             /* in the store: nobody has come back to it yet */
	int64_t empty_since_ms; /* monotonic; of no meaning while somebody is in */
};

struct tc_calls {
	const struct tc_clock *clock; /* borrowed, outlives us */
	struct tc_calls_config config;
	struct tc_calls_events events;
	void *user;
	struct entry *first; /* owned */
	size_t count;
};

int tc_calls_create(struct tc_calls **out, const struct tc_calls_config *config,
		    const struct tc_calls_events *events, void *user)
{
	struct tc_calls *calls = calloc(1, sizeof(*calls));
	if (!calls) {
		return -ENOMEM;
	}
	calls->config = *config;
	calls->config.max = config->max ? config->max : 10000;
	calls->clock = config->clock;
	calls->events = *events;
	calls->user = user;
	*out = calls;
	return 0;
}

void tc_calls_destroy(struct tc_calls *calls)
{
	while (calls && calls->first) {
		struct entry *entry = calls->first;
		calls->first = entry->next;
		free(entry);
	}
	free(calls);
}

static struct entry *find(const struct tc_calls *calls, const char *room)
{
	struct entry *entry = calls->first;
	while (entry && strcmp(entry->call.room, room) != 0) {
		entry = entry->next;
	}
	return entry;
}

const struct tc_call *tc_calls_find(const struct tc_calls *calls, const char *room)
{
	const struct entry *entry = find(calls, room);
	return entry ? &entry->call : NULL;
}

static struct entry *add(struct tc_calls *calls, const struct tc_call *call)
{
	struct entry *entry = calls->count < calls->config.max ? calloc(1, sizeof(*entry)) : NULL;
	if (entry) {
		entry->call = *call;
		entry->empty_since_ms = tc_clock_ms(calls->clock);
		entry->next = calls->first;
		calls->first = entry;
		calls->count++;
	}
	return entry;
}

const struct tc_call *tc_calls_get(struct tc_calls *calls, const char *room, const char *coach,
				   const char *client)
{
	struct entry *entry = find(calls, room);
	if (!entry) {
		struct tc_call call = {0};
		tc_id_random(call.id, ID_DIGITS);
		snprintf(call.room, sizeof(call.room), "%s", room);
		snprintf(call.coach, sizeof(call.coach), "%s", coach);
		snprintf(call.client, sizeof(call.client), "%s", client);
		entry = add(calls, &call);
	}
	return entry ? &entry->call : NULL;
}

int tc_calls_resume(struct tc_calls *calls, const struct tc_call *call)
{
	if (find(calls, call->room)) {
		return -EEXIST;
	}
	if (calls->count >= calls->config.max) {
		return -ENOBUFS;
	}
	struct entry *entry = add(calls, call);
	if (!entry) {
		return -ENOMEM;
	}
	entry->ended = call->ended_ms != 0;
	return 0;
}

void tc_calls_met(struct tc_calls *calls, const char *room, enum tc_role role, const char *user_id)
{
	struct entry *entry = find(calls, room);
	if (entry && role == TC_ROLE_COACH && !entry->call.coach[0]) {
		snprintf(entry->call.coach, sizeof(entry->call.coach), "%s", user_id);
	} else if (entry && role == TC_ROLE_CLIENT && !entry->call.client[0]) {
		snprintf(entry->call.client, sizeof(entry->call.client), "%s", user_id);
	}
}

void tc_calls_people(struct tc_calls *calls, const char *room, int humans)
{
	struct entry *entry = find(calls, room);
	if (!entry) {
		return;
	}
	if (humans == 0 && entry->humans > 0) {
		entry->empty_since_ms = tc_clock_ms(calls->clock);
	}
	entry->humans = humans;
	if (humans > 0 && entry->ended) {
		entry->ended = entry->call.cut = false;
		entry->call.ended_ms = 0;
		TC_INFO(room, "call %s goes on", entry->call.id);
		if (calls->events.resumed) {
			calls->events.resumed(calls->user, &entry->call);
		}
	} else if (humans > 0 && entry->call.started_ms == 0) {
		entry->call.started_ms = tc_clock_wall_ms(calls->clock);
		TC_INFO(room, "call %s begins", entry->call.id);
		calls->events.began(calls->user, &entry->call);
	}
}

/* Unlinks *at and says so if the call had begun. */
static void end(struct tc_calls *calls, struct entry **at, bool cut)
{
	struct entry *entry = *at;
	*at = entry->next;
	calls->count--;
	if (entry->call.started_ms && !entry->ended) {
		entry->call.cut = cut;
		entry->call.ended_ms = tc_clock_wall_ms(calls->clock);
		TC_INFO(entry->call.room, "call %s ends", entry->call.id);
		calls->events.ended(calls->user, &entry->call);
	}
	free(entry);
}

void tc_calls_tick(struct tc_calls *calls)
{
	int64_t now_ms = tc_clock_ms(calls->clock);
	for (struct entry **at = &calls->first; *at;) {
		bool over = (*at)->humans == 0 &&
			    now_ms - (*at)->empty_since_ms >= calls->config.grace_ms;
		if (over) {
			end(calls, at, false);
		} else {
			at = &(*at)->next;
		}
	}
}

void tc_calls_end(struct tc_calls *calls, const char *room)
{
	for (struct entry **at = &calls->first; *at; at = &(*at)->next) {
		if (strcmp((*at)->call.room, room) == 0) {
			end(calls, at, false);
			return;
		}
	}
}

void tc_calls_end_all(struct tc_calls *calls)
{
	while (calls->first) {
		end(calls, &calls->first, true);
	}
}
