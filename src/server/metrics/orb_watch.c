// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/orb_watch.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/metrics/families.h"

struct tc_orb_watch {
	struct tc_orb_watch_config config;
	struct tc_orb_seen **seen; /* owned; sorted by room */
	size_t count;
};

int tc_orb_watch_create(struct tc_orb_watch **out, const struct tc_orb_watch_config *config)
{
	struct tc_orb_watch *watch = calloc(1, sizeof(*watch));
	struct tc_orb_seen **seen = calloc(TC_ORB_WATCH_MAX, sizeof(struct tc_orb_seen *));
	if (!watch || !seen) {
		free(watch);
		free(seen);
		return -ENOMEM;
	}
	*watch = (struct tc_orb_watch){.config = *config, .seen = seen};
	*out = watch;
	return 0;
}

void tc_orb_watch_destroy(struct tc_orb_watch *watch)
{
	if (!watch) {
		return;
	}
	for (size_t i = 0; i < watch->count; i++) {
		free(watch->seen[i]);
	}
	free(watch->seen);
	free(watch);
}

/* Where the room is, or would be. */
static size_t place_of(const struct tc_orb_watch *watch, const char *room, bool *there)
{
	size_t low = 0;
	size_t high = watch->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(watch->seen[middle]->room, room);
		if (order == 0) {
			*there = true;
			return middle;
		}
		if (order < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	*there = false;
	return low;
}

static struct tc_orb_seen *find(const struct tc_orb_watch *watch, const char *room)
{
	bool there = false;
	size_t at = place_of(watch, room, &there);
	return there ? watch->seen[at] : NULL;
}

/* NULL: no memory, or too many. */
static struct tc_orb_seen *find_or_add(struct tc_orb_watch *watch, const char *room)
{
	bool there = false;
	size_t at = place_of(watch, room, &there);
	if (there) {
		return watch->seen[at];
	}
	struct tc_orb_seen *seen =
		watch->count < TC_ORB_WATCH_MAX ? calloc(1, sizeof(*seen)) : NULL;
	if (!seen) {
		return NULL;
	}
	snprintf(seen->room, sizeof(seen->room), "%s", room);
	seen->answers = -1;
	memmove(&watch->seen[at + 1], &watch->seen[at],
		(watch->count - at) * sizeof(struct tc_orb_seen *));
	watch->seen[at] = seen;
	watch->count++;
	return seen;
}

/* ---- steps ---- */

static double since_s(const struct tc_orb_watch *watch, int64_t from_us)
{
	return (double)(tc_clock_us(watch->config.clock) - from_us) / 1e6;
}

static void came(struct tc_orb_watch *watch, struct tc_orb_seen *seen)
{
	struct tc_registry *r = watch->config.registry;
	if (seen->died_us) {
		tc_registry_observe(r, TC_M_ORB_RESTART, 0, 0, since_s(watch, seen->died_us));
	} else if (seen->asked_us) {
		tc_registry_observe(r, TC_M_ORB_JOIN, 0, 0, since_s(watch, seen->asked_us));
	}
	seen->died_us = seen->asked_us = 0;
}

/* "max_lifetime, ended by SIGKILL" begins with a word of the channel's; other reasons are
 * sentences. */
static size_t end_of(const struct tc_orb_event *event)
{
	size_t last = 0;
	while (tc_metric_ends[last + 1]) {
		last++;
	}
	int found = tc_metric_index(tc_metric_ends, event->reason, strcspn(event->reason, ","));
	if (found >= 0) {
		return (size_t)found;
	}
	const char *word = "other";
	if (event->from == TC_ORB_UNRESPONSIVE || strstr(event->reason, "no longer answered")) {
		word = "unresponsive";
	} else if (event->to == TC_ORB_FAILED) {
		word = "failed";
	} else if (strncmp(event->reason, "it ended by itself", 18) == 0) {
		word = "itself";
	}
	found = tc_metric_index(tc_metric_ends, word, strlen(word));
	return found >= 0 ? (size_t)found : last;
}

static void note_step(struct tc_orb_watch *watch, struct tc_orb_seen *seen,
		      const struct tc_orb_event *event)
{
	struct tc_registry *r = watch->config.registry;
	int64_t now_us = tc_clock_us(watch->config.clock);
	switch (event->to) {
	case TC_ORB_SPAWNING:
		/* One that comes out of `unresponsive` was asked for before; and who waited for a
		 * place is served from when there was one. */
		if (event->from != TC_ORB_UNRESPONSIVE && !seen->died_us) {
			seen->asked_us = now_us;
		}
		break;
	case TC_ORB_READY:
		came(watch, seen);
		break;
	case TC_ORB_RESTARTING:
		seen->died_us = now_us;
		tc_registry_add(r, TC_M_ORB_RESTARTS, 0, 0, 1);
		break;
	case TC_ORB_GONE:
	case TC_ORB_FAILED:
		seen->died_us = seen->asked_us = 0;
		tc_registry_add(r, TC_M_ORB_ENDS, end_of(event), 0, 1);
		break;
	case TC_ORB_OFF:
	case TC_ORB_FULL:
	case TC_ORB_UNRESPONSIVE:
	case TC_ORB_DRAINING:
		break;
	}
}

void tc_orb_watch_event(struct tc_orb_watch *watch, const struct tc_orb_event *event)
{
	struct tc_orb_seen *seen = find_or_add(watch, event->room);
	struct tc_orb_seen nobody = {0};
	note_step(watch, seen ? seen : &nobody, event);
	if (!seen) {
		return;
	}
	if (seen->life != event->life || strcmp(seen->session, event->session) != 0) {
		seen->answers = -1;
		seen->cpu_percent = seen->memory_mb = seen->latency_ms = 0;
	}
	snprintf(seen->session, sizeof(seen->session), "%s", event->session);
	snprintf(seen->reason, sizeof(seen->reason), "%s", event->reason);
	seen->state = event->to;
	seen->since_ms = event->wall_ms;
	seen->pid = event->pid;
	seen->life = event->life;
}

/* ---- figures ---- */

static void note_answer(struct tc_orb_watch *watch, const struct tc_channel_metrics *m)
{
	struct tc_registry *r = watch->config.registry;
	tc_registry_observe(r, TC_M_ORB_ANSWER, TC_M_STAGE_TOTAL, 0, m->latency_ms / 1000);
	tc_history_answer(watch->config.history, m->latency_ms);
	if (m->chosen_ms >= 0 && m->chosen_ms <= m->latency_ms) {
		tc_registry_observe(r, TC_M_ORB_ANSWER, TC_M_STAGE_CHOSEN, 0, m->chosen_ms / 1000);
		tc_registry_observe(r, TC_M_ORB_ANSWER, TC_M_STAGE_VOICED, 0,
				    (m->latency_ms - m->chosen_ms) / 1000);
	}
}

void tc_orb_watch_heartbeat(struct tc_orb_watch *watch, const char *room,
			    const struct tc_channel_metrics *m)
{
	struct tc_orb_seen *seen = find(watch, room);
	if (!seen) {
		return;
	}
	/* The newest answer's latency is in each heartbeat: count it once. An orb that does not
	 * count its answers gives a new one when the figure changes. */
	bool answered = m->latency_ms > 0 && (m->answers >= 0 ? m->answers > seen->answers
							      : m->latency_ms != seen->latency_ms);
	if (answered) {
		note_answer(watch, m);
	}
	seen->answers = m->answers;
	seen->latency_ms = m->latency_ms > 0 ? m->latency_ms : 0;
}

static int by_room(const void *a, const void *b)
{
	return strcmp(((const struct tc_orb_info *)a)->room, ((const struct tc_orb_info *)b)->room);
}

static void take_over(struct tc_orb_seen *seen, const struct tc_orb_info *info)
{
	memcpy(seen->session, info->session, sizeof(seen->session));
	seen->state = info->state;
	seen->pid = info->pid;
	seen->life = info->life;
	seen->started_ms = info->started_ms;
	seen->cpu_percent = info->cpu_percent;
	seen->memory_mb = info->memory_mb;
	seen->latency_ms = info->latency_ms;
}

void tc_orb_watch_sync(struct tc_orb_watch *watch, struct tc_orb_info *list, size_t count)
{
	size_t kept = 0;
	if (count > 0) {
		qsort(list, count, sizeof(list[0]), by_room);
	}
	for (size_t i = 0; i < count; i++) {
		struct tc_orb_seen *seen = find_or_add(watch, list[i].room);
		if (seen) {
			take_over(seen, &list[i]);
		}
	}
	for (size_t i = 0, j = 0; i < watch->count; i++) {
		struct tc_orb_seen *seen = watch->seen[i];
		while (j < count && strcmp(list[j].room, seen->room) < 0) {
			j++;
		}
		if (j < count && strcmp(list[j].room, seen->room) == 0) {
			watch->seen[kept++] = seen;
		} else {
			free(seen);
		}
	}
	watch->count = kept;
}

static float known(double value)
{
	return value > 0 ? (float)value : NAN;
}

void tc_orb_watch_sample(struct tc_orb_watch *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		struct tc_orb_seen *seen = watch->seen[i];
		/* An orb at rest may use no measurable time; one that told its memory told that. */
		float cpu = seen->memory_mb > 0 ? (float)seen->cpu_percent : NAN;
		seen->samples[seen->sample_at] = (struct tc_orb_sample){cpu, known(seen->memory_mb),
									known(seen->latency_ms)};
		seen->sample_at = (seen->sample_at + 1) % TC_ORB_SAMPLES;
		seen->sample_count += seen->sample_count < TC_ORB_SAMPLES;
	}
}

size_t tc_orb_watch_count(const struct tc_orb_watch *watch)
{
	return watch->count;
}

const struct tc_orb_seen *tc_orb_watch_at(const struct tc_orb_watch *watch, size_t index)
{
	return watch->seen[index];
}

const struct tc_orb_seen *tc_orb_watch_find(const struct tc_orb_watch *watch, const char *room)
{
	return find(watch, room);
}
