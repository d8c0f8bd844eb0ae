// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/history.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("server.history");

#define HOUR_MIN 60
/* Answers that are remembered one by one: eight orbs that talk all the time give fewer an hour. */
#define ANSWERS 4096

struct answer {
	int64_t minute;
	float latency_ms;
};

struct tc_history {
	struct tc_history_config config;
	struct tc_minute minutes[TC_MINUTES_MAX]; /* the first `count`; oldest first */
	size_t count;
	struct tc_minute now; /* being filled */
	double orb_cpu_sum, orb_memory_sum;
	int64_t samples;
	double cpu_begin_s; /* of the server, when the minute began; below 0: not known yet */
	int64_t cpu_begin_us;
	struct answer answers[ANSWERS]; /* a ring; the newest is before answer_at */
	size_t answer_at;
	/* the write of one minute */
	uv_work_t work;
	struct tc_minute written;
	int err;
	bool working;
};

static int64_t minute_of(const struct tc_history *h)
{
	return tc_clock_wall_ms(h->config.clock) / 60000;
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a;
	float y = *(const float *)b;
	return x < y ? -1 : x > y;
}

/* Nearest rank, of the answers since a minute. How many there were. */
static size_t quantiles(const struct tc_history *h, int64_t since, double *p50, double *p95)
{
	float list[ANSWERS];
	size_t n = 0;
	for (size_t i = 0; i < ANSWERS; i++) {
		if (h->answers[i].minute >= since && h->answers[i].latency_ms >= 0) {
			list[n++] = h->answers[i].latency_ms;
		}
	}
	*p50 = *p95 = NAN;
	if (n > 0) {
		qsort(list, n, sizeof(list[0]), by_value);
		*p50 = (double)list[(n - 1) / 2];
		*p95 = (double)list[(n * 95 + 99) / 100 - 1];
	}
	return n;
}

static void begin_minute(struct tc_history *h, int64_t minute)
{
	h->now = (struct tc_minute){.minute = minute};
	h->orb_cpu_sum = h->orb_memory_sum = 0;
	h->samples = 0;
}

/* A restart within a minute must not lose what the minute had. */
static void take_up(struct tc_history *h)
{
	begin_minute(h, minute_of(h));
	if (h->count > 0 && h->minutes[h->count - 1].minute >= h->now.minute) {
		h->now = h->minutes[--h->count];
		h->now.minute = minute_of(h);
	}
}

int tc_history_create(struct tc_history **out, const struct tc_history_config *config)
{
	struct tc_history *h = calloc(1, sizeof(*h));
	if (!h) {
		return -ENOMEM;
	}
	h->config = *config;
	h->cpu_begin_s = -1;
	h->work.data = h;
	for (size_t i = 0; i < ANSWERS; i++) {
		h->answers[i].latency_ms = -1;
	}
	int err = config->store ? tc_store_minutes(config->store, minute_of(h) - TC_MINUTES_MAX + 1,
						   h->minutes, TC_MINUTES_MAX, &h->count)
				: 0;
	if (err) {
		TC_WARN(NULL, "the last day cannot be read: %s", tc_err_str(err));
	}
	take_up(h);
	*out = h;
	return 0;
}

static void finish_minute(struct tc_history *h)
{
	double p50, p95;
	struct tc_minute *m = &h->now;
	size_t answers = quantiles(h, m->minute, &p50, &p95);
	if (h->samples > 0) {
		m->orb_cpu_permille = (int64_t)(h->orb_cpu_sum * 10 / (double)h->samples);
		m->orb_memory_kb = (int64_t)(h->orb_memory_sum * 1000 / (double)h->samples);
	}
	if (answers > 0) {
		m->answer_p50_us = (int64_t)(p50 * 1000);
		m->answer_p95_us = (int64_t)(p95 * 1000);
	}
}

void tc_history_destroy(struct tc_history *h)
{
	if (!h) {
		return;
	}
	if (h->config.store && h->samples > 0) {
		finish_minute(h);
		(void)tc_store_minute_put(h->config.store, &h->now);
	}
	free(h);
}

/* On the thread pool. */
static void write_minute(uv_work_t *work)
{
	struct tc_history *h = work->data;
	h->err = tc_store_minute_put(h->config.store, &h->written);
}

static void on_written(uv_work_t *work, int status)
{
	struct tc_history *h = work->data;
	h->working = false;
	if (h->err || status) {
		TC_WARN(NULL, "a minute could not be stored: %s", tc_err_str(h->err));
	}
}

static void store(struct tc_history *h)
{
	/* A disk that takes longer than a minute loses one; memory has it. */
	if (h->config.store && !h->working) {
		h->written = h->now;
		h->working = uv_queue_work(h->config.loop, &h->work, write_minute, on_written) == 0;
	}
}

static void keep(struct tc_history *h)
{
	size_t old = 0;
	while (old < h->count && h->minutes[old].minute <= h->now.minute - TC_MINUTES_MAX) {
		old++;
	}
	/* A clock that was set back: what is newer than now is none of this day. */
	while (h->count > old && h->minutes[h->count - 1].minute >= h->now.minute) {
		h->count--;
	}
	if (h->count - old == TC_MINUTES_MAX) {
		old++;
	}
	memmove(h->minutes, h->minutes + old, (h->count - old) * sizeof(h->minutes[0]));
	h->count -= old;
	h->minutes[h->count++] = h->now;
}

static int64_t most(int64_t a, size_t b)
{
	return a > (int64_t)b ? a : (int64_t)b;
}

static void add_sample(struct tc_history *h, const struct tc_history_now *now)
{
	struct tc_minute *m = &h->now;
	int64_t at_us = tc_clock_us(h->config.clock);
	int64_t lag_us = (int64_t)(now->lag_s * 1e6);
	if (h->samples++ == 0) {
		h->cpu_begin_s = now->cpu_s;
		h->cpu_begin_us = at_us;
	} else if (at_us > h->cpu_begin_us) {
		m->cpu_permille = (int64_t)((now->cpu_s - h->cpu_begin_s) * 1e9 /
					    (double)(at_us - h->cpu_begin_us));
	}
	m->rooms = most(m->rooms, now->rooms);
	m->people = most(m->people, now->people);
	m->orbs = most(m->orbs, now->orbs);
	m->memory_kb = (int64_t)(now->memory_bytes / 1000);
	m->lag_us = lag_us > m->lag_us ? lag_us : m->lag_us;
	h->orb_cpu_sum += now->orb_cpu_percent;
	h->orb_memory_sum += now->orb_memory_mb;
}

bool tc_history_tick(struct tc_history *h, const struct tc_history_now *now)
{
	int64_t minute = minute_of(h);
	bool over = minute != h->now.minute;
	if (over) {
		finish_minute(h);
		keep(h);
		store(h);
		begin_minute(h, minute);
	}
	add_sample(h, now);
	return over;
}

void tc_history_answer(struct tc_history *h, double latency_ms)
{
	h->answers[h->answer_at] = (struct answer){h->now.minute, (float)latency_ms};
	h->answer_at = (h->answer_at + 1) % ANSWERS;
	h->now.answers++;
}

void tc_history_connection(struct tc_history *h, bool connected)
{
	if (connected) {
		h->now.connected++;
	} else {
		h->now.failed++;
	}
}

const struct tc_minute *tc_history_minutes(const struct tc_history *h, size_t *count)
{
	*count = h->count;
	return h->minutes;
}

void tc_history_current(struct tc_history *h, struct tc_minute *out)
{
	finish_minute(h);
	*out = h->now;
}

struct tc_history_hour tc_history_hour(const struct tc_history *h)
{
	int64_t since = h->now.minute - HOUR_MIN + 1;
	struct tc_history_hour hour = {.connected = h->now.connected, .failed = h->now.failed};
	for (size_t i = h->count; i > 0 && h->minutes[i - 1].minute >= since; i--) {
		hour.connected += h->minutes[i - 1].connected;
		hour.failed += h->minutes[i - 1].failed;
	}
	hour.answers = (int64_t)quantiles(h, since, &hour.answer_p50_ms, &hour.answer_p95_ms);
	return hour;
}
