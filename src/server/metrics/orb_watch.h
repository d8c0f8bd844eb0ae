/* server/metrics/orb_watch.h -- each orb as operators see it: its state and why, what it uses, and
 * that of the last minutes; and what its steps add to the metrics.
 *
 * Fed with the manager's events, heartbeats and list. Thread: the loop's. Owner: app.
 */
#ifndef TC_SERVER_METRICS_ORB_WATCH_H
#define TC_SERVER_METRICS_ORB_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/id.h"
#include "proto/channel.h"
#include "server/metrics/history.h"
#include "server/metrics/registry.h"
#include "server/orbs/manager.h"

#define TC_ORB_SAMPLES   60
#define TC_ORB_SAMPLE_MS 5000
#define TC_ORB_WATCH_MAX 1024

struct tc_orb_watch;

struct tc_orb_sample { /* NAN: not known */
	float cpu_percent, memory_mb, latency_ms;
};

struct tc_orb_seen {
	char room[TC_ID_SIZE], session[TC_ID_SIZE];
	enum tc_orb_state state;
	char reason[128];   /* of its newest step, cut to fit */
	int64_t since_ms;   /* of that step; wall clock */
	int64_t started_ms; /* its process; wall clock, 0: none */
	int pid, life;
	double cpu_percent, memory_mb, latency_ms;    /* 0: not known */
	struct tc_orb_sample samples[TC_ORB_SAMPLES]; /* a ring */
	size_t sample_at, sample_count;
	/* private */
	int64_t asked_us, died_us; /* 0: it is in the room, or nobody asked */
	int64_t answers;           /* of its newest heartbeat; -1: not told */
};

struct tc_orb_watch_config {          /* all borrowed, outlive us */
	struct tc_registry *registry; /* of tc_metric_families */
	struct tc_history *history;
	const struct tc_clock *clock;
};

int tc_orb_watch_create(struct tc_orb_watch **out, const struct tc_orb_watch_config *config);
void tc_orb_watch_destroy(struct tc_orb_watch *watch); /* NULL-safe */

void tc_orb_watch_event(struct tc_orb_watch *watch, const struct tc_orb_event *event);
void tc_orb_watch_heartbeat(struct tc_orb_watch *watch, const char *room,
			    const struct tc_channel_metrics *metrics);
/* What the manager lists now, sorted by room here: takes over what it knows better, and forgets
 * what is not in it. Once a second. */
void tc_orb_watch_sync(struct tc_orb_watch *watch, struct tc_orb_info *list, size_t count);
/* Takes a sample of each; every TC_ORB_SAMPLE_MS. */
void tc_orb_watch_sample(struct tc_orb_watch *watch);

/* By room, ascending; borrowed until the next call. */
size_t tc_orb_watch_count(const struct tc_orb_watch *watch);
const struct tc_orb_seen *tc_orb_watch_at(const struct tc_orb_watch *watch, size_t index);
const struct tc_orb_seen *tc_orb_watch_find(const struct tc_orb_watch *watch, const char *room);

#endif
