// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "base/assert.h"
#include "base/log.h"
#include "server/orbs/priv.h"
#include "server/orbs/sample.h"

TC_LOG_TOPIC("server.orbs.measure");

/* What an orb takes as long as none was measured. */
#define USUAL_MEMORY_MB   256.0
#define USUAL_CPU_PERCENT 10.0
/* For the server itself and what else lives here. */
#define RESERVE_MB 256.0
/* Samples: a machine is out of CPU when it was so all that time. */
#define IDLE_SAMPLES 6

struct tc_measure {
	struct tc_orbs *all; /* borrowed */
	const char *proc;    /* borrowed */
	uv_timer_t timer;
	uv_work_t work;
	bool working, closing;
	/* The thread pool's while it works. */
	struct tc_sample_process *list; /* owned */
	size_t count;
	struct tc_sample_machine machine;

	struct tc_sample_machine before;
	int64_t before_ms;         /* 0: none */
	double idle[IDLE_SAMPLES]; /* percent of one core; a ring */
	size_t idle_count;
	int started; /* since the newest sample */
};

static int by_value(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;
	return d < 0 ? -1 : d > 0;
}

/* Of those that were measured; `usual` where none was. */
static double median(const struct tc_orbs *all, bool memory, double usual)
{
	double values[64];
	size_t count = 0;
	const struct tc_orb *orb;
	TAILQ_FOREACH(orb, &all->list, in_list)
	{
		if (orb->child && orb->load.known && count < TC_COUNT(values)) {
			values[count++] = memory ? orb->memory_mb : orb->cpu_percent;
		}
	}
	// cppcheck-suppress uninitvar ; the first `count` are set
	qsort(values, count, sizeof(values[0]), by_value);
	return count ? values[count / 2] : usual;
}

/* --- what follows --- */

static void tell_shed(struct tc_orb *orb, const char *what)
{
	static const char *const levels[] = {"nothing", "picture rate",
					     "picture rate and recognizer effort"};
	TC_WARN(orb->tag, "%s of the CPU: it sheds %s", what, levels[orb->load.limit.shed]);
	orb->load.tell_shed = true;
	tc_child_poke(orb->child);
}

static void judge(struct tc_orb *orb)
{
	const struct tc_orbs_config *config = &orb->all->config;
	struct tc_limits limits = {.cpu_percent = config->max_cpu_percent,
				   .memory_mb = config->max_memory_mb,
				   .can_shed = !orb->all->foreign};
	char why[128];
	switch (tc_limit_step(&orb->load.limit, &limits, orb->cpu_percent, orb->memory_mb)) {
	case TC_LIMIT_NOTHING:
		break;
	case TC_LIMIT_WARN_CPU:
		TC_WARN(orb->tag, "it uses %.0f %% of a core, of %.0f it may", orb->cpu_percent,
			limits.cpu_percent);
		break;
	case TC_LIMIT_WARN_MEMORY:
		TC_WARN(orb->tag, "it uses %.0f MB of memory, of %.0f it may", orb->memory_mb,
			limits.memory_mb);
		break;
	case TC_LIMIT_SHED:
		tell_shed(orb, "too much");
		break;
	case TC_LIMIT_UNSHED:
		tell_shed(orb, "little");
		break;
	case TC_LIMIT_RESTART_CPU:
		snprintf(why, sizeof(why), "it used %.0f %% of a core, more than %.0f",
			 orb->cpu_percent, limits.cpu_percent);
		tc_orb_restart(orb, why);
		break;
	case TC_LIMIT_RESTART_MEMORY:
		snprintf(why, sizeof(why), "it used %.0f MB of memory, more than %.0f",
			 orb->memory_mb, limits.memory_mb);
		tc_orb_restart(orb, why);
		break;
	}
}

static void take_process(struct tc_orb *orb, const struct tc_sample_process *process)
{
	struct tc_orb_load *load = &orb->load;
	int64_t now = tc_orb_now(orb);
	bool measured = load->at_ms && process->cpu_ms >= load->cpu_ms && now > load->at_ms;
	if (process->memory_mb < 0 || process->cpu_ms < 0) {
		return; /* it just ended */
	}
	if (measured) {
		orb->cpu_percent = 100.0 * (double)(process->cpu_ms - load->cpu_ms) /
				   (double)(now - load->at_ms);
		orb->memory_mb = process->memory_mb;
		load->known = true;
	}
	load->cpu_ms = process->cpu_ms;
	load->at_ms = now;
	if (measured && tc_orb_running(orb) && !orb->health.doomed) {
		judge(orb);
	}
}

static void take_processes(struct tc_measure *measure)
{
	struct tc_orb *orb;
	TAILQ_FOREACH(orb, &measure->all->list, in_list)
	{
		for (size_t i = 0; orb->child && i < measure->count; i++) {
			int pid = tc_child_pid(orb->child);
			if (pid && pid == measure->list[i].pid) {
				take_process(orb, &measure->list[i]);
				break;
			}
		}
	}
}

static void take_machine(struct tc_measure *measure)
{
	const struct tc_sample_machine *was = &measure->before, *is = &measure->machine;
	int64_t all = is->all_ms - was->all_ms;
	if (measure->before_ms && is->all_ms >= 0 && was->all_ms >= 0 && all > 0) {
		measure->idle[measure->idle_count++ % IDLE_SAMPLES] =
			100.0 * is->cores * (double)(is->idle_ms - was->idle_ms) / (double)all;
	}
	measure->before = *is;
	measure->before_ms = (int64_t)uv_now(measure->all->config.loop);
	measure->started = 0;
}

/* --- sampling --- */

static void on_measure_closed(uv_handle_t *handle)
{
	struct tc_measure *measure = handle->data;
	struct tc_orbs *all = measure->all;
	free(measure);
	tc_orbs_handle_closed(all);
}

static void finish(struct tc_measure *measure)
{
	uv_close((uv_handle_t *)&measure->timer, on_measure_closed);
}

static void read_all(uv_work_t *work)
{
	struct tc_measure *measure = work->data;
	for (size_t i = 0; i < measure->count; i++) {
		tc_sample_process(measure->proc, &measure->list[i]);
	}
	tc_sample_machine(measure->proc, &measure->machine);
}

static void on_read(uv_work_t *work, int status)
{
	struct tc_measure *measure = work->data;
	measure->working = false;
	if (!measure->closing) {
		take_machine(measure);
		take_processes(measure);
		tc_orbs_serve_waiting(measure->all);
	}
	free(measure->list);
	measure->list = NULL;
	if (measure->closing) {
		finish(measure);
	}
}

static void list_processes(struct tc_measure *measure)
{
	const struct tc_orb *orb;
	measure->count = 0;
	measure->list = calloc((size_t)measure->all->live + 1, sizeof(*measure->list));
	TAILQ_FOREACH(orb, &measure->all->list, in_list)
	{
		int pid = orb->child ? tc_child_pid(orb->child) : 0;
		if (measure->list && pid && measure->count < (size_t)measure->all->live) {
			measure->list[measure->count++].pid = pid;
		}
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct tc_measure *measure = timer->data;
	if (measure->working) {
		return; /* the thread pool is behind */
	}
	list_processes(measure);
	measure->working = uv_queue_work(timer->loop, &measure->work, read_all, on_read) == 0;
}

int tc_measure_create(struct tc_measure **out, struct tc_orbs *all)
{
	*out = NULL;
	if (all->config.sample_ms <= 0) {
		return 0;
	}
	struct tc_measure *measure = calloc(1, sizeof(*measure));
	if (!measure) {
		return -ENOMEM;
	}
	measure->all = all;
	measure->proc = all->config.proc ? all->config.proc : "/proc";
	measure->work.data = measure;
	uv_timer_init(all->config.loop, &measure->timer);
	measure->timer.data = measure;
	all->open_handles++;
	uint64_t ms = (uint64_t)all->config.sample_ms;
	uv_timer_start(&measure->timer, on_timer, ms, ms);
	*out = measure;
	return 0;
}

void tc_measure_close(struct tc_measure *measure)
{
	if (!measure) {
		return;
	}
	measure->closing = true;
	uv_timer_stop(&measure->timer);
	if (!measure->working) {
		finish(measure);
	}
}

/* --- admission --- */

void tc_measure_started(struct tc_measure *measure)
{
	if (measure) {
		measure->started++;
	}
}

static double idle_percent(const struct tc_measure *measure)
{
	double sum = 0;
	for (size_t i = 0; i < IDLE_SAMPLES; i++) {
		sum += measure->idle[i];
	}
	return sum / IDLE_SAMPLES;
}

bool tc_measure_has_headroom(struct tc_measure *measure, const char **why)
{
	if (!measure || !measure->all->config.admission) {
		return true;
	}
	const struct tc_orbs *all = measure->all;
	struct tc_sample_machine now;
	tc_sample_machine(measure->proc, &now);
	double coming = measure->started + 1;
	double memory = coming * median(all, true, USUAL_MEMORY_MB) + RESERVE_MB;
	if (now.available_mb >= 0 && now.available_mb < memory) {
		*why = "the machine has no memory left";
		return false;
	}
	/* To refuse the only room helps nobody who is in a call; and a machine that was busy for a
	 * moment is not full. */
	double cpu = coming * median(all, false, USUAL_CPU_PERCENT);
	if (all->live > 0 && measure->idle_count >= IDLE_SAMPLES && idle_percent(measure) < cpu) {
		*why = "the machine has no CPU left";
		return false;
	}
	return true;
}

size_t tc_measure_samples(const struct tc_measure *measure)
{
	return measure ? measure->idle_count : 0;
}
