// SPDX-License-Identifier: Apache-2.0
#include "server/admin/ready.h"

#include <errno.h>

#include "server/metrics/process.h"
#include "server/needs.h"

#define FRESH_US 1000000

const char *const tc_ready_names[TC_READY_CHECKS] = {"database", "disk", "orbs", "loop"};

void tc_ready_init(struct tc_ready *ready, const struct tc_ready_config *config)
{
	*ready = (struct tc_ready){.config = *config};
	ready->work.data = ready;
}

static const char *why_not_written(int err)
{
	switch (err) {
	case 0:
		return NULL;
	case -ENOSPC:
		return "the disk is full";
	case -EROFS:
	case -EACCES:
		return "the data folder cannot be written to";
	case -EBUSY:
		return "the database is locked by another program";
	default:
		return "the database cannot be written to";
	}
}

static const char *why_no_orbs(const struct tc_config *settings)
{
	char text[4096];
	if (!settings->enable_ai_orbs) {
		return NULL;
	}
	if (tc_needs_orb(settings, text, sizeof(text)) != 0) {
		return "the orb's program is not there";
	}
	if (!settings->orb_command && tc_needs_speech(settings, text, sizeof(text)) != 0) {
		return "the orb's speech model is not there";
	}
	return NULL;
}

/* On the thread pool. */
static void check_disk(uv_work_t *work)
{
	struct tc_ready *ready = work->data;
	const struct tc_ready_config *c = &ready->config;
	double left = tc_disk_free(c->settings->data_dir);
	int err = tc_store_write_check(c->work, tc_clock_wall_ms(c->clock));
	ready->next = (struct tc_ready_found){0};
	/* A write may still fit into room that the database has, when there is no more for the
	 * next. 0: not known. */
	ready->next.why[TC_READY_DISK] = err ? why_not_written(err)
					 : left > 0 && left < TC_READY_DISK_FREE
						 ? "the disk is full"
						 : NULL;
	ready->next.why[TC_READY_ORBS] = why_no_orbs(c->settings);
}

/* What the journal met is news at once, whenever the disk was looked at. */
static void look_at_journal(struct tc_ready *ready)
{
	const struct tc_journal *journal = ready->config.journal;
	int failing = journal ? tc_journal_counts(journal).failing : 0;
	if (failing) {
		ready->found.why[TC_READY_DISK] = why_not_written(failing);
	}
}

static void tell_askers(struct tc_ready *ready)
{
	size_t count = ready->waiting;
	ready->waiting = 0;
	for (size_t i = 0; i < count; i++) {
		ready->config.answer(ready->config.user, ready->askers[i], &ready->found);
	}
}

static void on_checked(uv_work_t *work, int status)
{
	struct tc_ready *ready = work->data;
	bool database = tc_store_ping(ready->config.reads) == 0;
	const char *loop = ready->found.why[TC_READY_LOOP];
	ready->working = false;
	ready->found = ready->next;
	ready->found.why[TC_READY_DATABASE] = database ? NULL : "the database does not answer";
	ready->found.why[TC_READY_LOOP] = loop;
	look_at_journal(ready);
	ready->checked_us = tc_clock_us(ready->config.clock);
	tell_askers(ready);
}

int tc_ready_ask(struct tc_ready *ready, double lag_s, void *asker)
{
	int64_t now_us = tc_clock_us(ready->config.clock);
	ready->found.why[TC_READY_LOOP] =
		lag_s > TC_READY_LAG_S ? "the server does not keep up" : NULL;
	look_at_journal(ready);
	if (ready->checked_us > 0 && now_us - ready->checked_us < FRESH_US) {
		ready->config.answer(ready->config.user, asker, &ready->found);
		return 0;
	}
	if (ready->waiting == TC_READY_WAITERS) {
		return -EBUSY;
	}
	ready->askers[ready->waiting++] = asker;
	if (!ready->working) {
		ready->working = uv_queue_work(ready->config.loop, &ready->work, check_disk,
					       on_checked) == 0;
	}
	return 0;
}
