// SPDX-License-Identifier: Apache-2.0
#include "server/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "server/journal/journal_priv.h"

TC_LOG_TOPIC("server.journal");

#define MAX_WAITING 10000

void tc_journal_free(struct tc_journal_entry *entry)
{
	tc_utterances_free(entry->said, entry->said_count);
	free(entry->utterance.text);
	free(entry->json);
	free(entry->step);
	free(entry);
}

static void free_list(struct tc_journal_entry *entry)
{
	while (entry) {
		struct tc_journal_entry *next = entry->next;
		tc_journal_free(entry);
		entry = next;
	}
}

int tc_journal_create(struct tc_journal **out, uv_loop_t *loop, struct tc_store *store,
		      const struct tc_journal_events *events, void *user)
{
	struct tc_journal *journal = calloc(1, sizeof(*journal));
	if (!journal) {
		return -ENOMEM;
	}
	journal->loop = loop;
	journal->store = store;
	journal->events = events ? *events : (struct tc_journal_events){0};
	journal->user = user;
	journal->last = &journal->first;
	journal->work.data = journal;
	*out = journal;
	return 0;
}

void tc_journal_destroy(struct tc_journal *journal)
{
	if (!journal) {
		return;
	}
	free_list(journal->first);
	free(journal);
}

/* ---- on the thread pool ---- */

static int write_entry(struct tc_store *store, struct tc_journal_entry *entry)
{
	switch (entry->kind) {
	case TC_ENTRY_BEGAN:
		return tc_store_call_add(store, &entry->call);
	case TC_ENTRY_RESUMED:
		return tc_store_call_resume(store, entry->call.id);
	case TC_ENTRY_ENDED:
		return tc_store_call_end(store, &entry->call);
	case TC_ENTRY_UTTERANCE:
		return tc_store_utterance_put(store, entry->call.id, &entry->utterance);
	case TC_ENTRY_SUMMARY:
		return tc_store_summary_put(store, entry->call.id, entry->json, entry->len);
	case TC_ENTRY_ORB_EVENT:
		return tc_store_orb_event_add(store, entry->step);
	case TC_ENTRY_RECALL:
		return tc_journal_read_back(store, entry);
	case TC_ENTRY_SUM_UP:
		return tc_journal_write_summary(store, entry);
	case TC_ENTRY_SUM_UP_ALL:
		return tc_journal_write_summaries(store, entry);
	case TC_ENTRY_NOTHING:
		return 0;
	}
	return -EINVAL;
}

/* What may go away: the disk is full, or its owner is at it. The others are about the entry: it
 * would be refused for ever. */
static bool passes(int err)
{
	return err == -ENOSPC || err == -EIO || err == -EROFS || err == -EBUSY || err == -EACCES ||
	       err == -ENOMEM;
}

static bool stays(const struct tc_journal_entry *entry)
{
	return passes(entry->err) && entry->kind != TC_ENTRY_RECALL;
}

/* All in one transaction, which reaches the disk once; what comes meanwhile makes the next. */
static void write_batch(uv_work_t *work)
{
	struct tc_journal *journal = work->data;
	uint64_t began_ns = uv_hrtime();
	int err = tc_store_begin(journal->store);
	for (struct tc_journal_entry *entry = journal->batch; entry; entry = entry->next) {
		/* A memory is read back in any case: people wait for it. */
		bool read = entry->kind == TC_ENTRY_RECALL;
		entry->err = err && !read ? err : write_entry(journal->store, entry);
		err = err ? err : stays(entry) ? entry->err : 0;
	}
	if (err) {
		tc_store_rollback(journal->store);
	} else {
		err = tc_store_commit(journal->store);
	}
	for (struct tc_journal_entry *entry = journal->batch; err && entry; entry = entry->next) {
		entry->err = entry->err || entry->kind == TC_ENTRY_RECALL ? entry->err : err;
	}
	journal->write_ns = uv_hrtime() - began_ns;
}

/* ---- on the loop ---- */

static void start(struct tc_journal *journal);

static void tell_shown(struct tc_journal *journal, struct tc_journal_entry *entry, int err)
{
	bool transcript = entry->room[0] && entry->kind != TC_ENTRY_RECALL;
	if (transcript && !entry->told && journal->events.shown) {
		entry->told = true;
		journal->events.shown(journal->user, entry->room, entry->json, entry->len, err);
	}
}

static void tell_done(struct tc_journal *journal, struct tc_journal_entry *entry)
{
	tell_shown(journal, entry, entry->err);
	if (entry->kind == TC_ENTRY_RECALL) {
		entry->recalled(entry->user, entry->room, entry->life, entry->said,
				entry->said_count, entry->err);
	} else if (entry->ack && !entry->err && journal->events.stored) {
		journal->events.stored(journal->user, entry->call.id,
				       entry->kind == TC_ENTRY_SUMMARY ? NULL
								       : entry->utterance.id);
	}
}

static void count_done(struct tc_journal *journal, const struct tc_journal_entry *entry)
{
	bool of_calls = entry->kind != TC_ENTRY_NOTHING && entry->kind != TC_ENTRY_ORB_EVENT &&
			entry->kind != TC_ENTRY_RECALL && entry->kind != TC_ENTRY_SUM_UP &&
			entry->kind != TC_ENTRY_SUM_UP_ALL;
	journal->counts.waiting--;
	if (entry->err) {
		journal->counts.failed++;
		TC_ERROR(entry->call.id, "could not be stored: %s", tc_err_str(entry->err));
	} else {
		journal->counts.written += of_calls;
	}
}

static void note_failing(struct tc_journal *journal, int err)
{
	if (err && !journal->counts.failing) {
		TC_ERROR(NULL, "nothing can be stored: %s; tried again every second",
			 tc_err_str(err));
	} else if (!err && journal->counts.failing) {
		TC_INFO(NULL, "storing again, what had waited first");
	}
	journal->counts.failing = err;
}

/* Back to the head of the queue: the order holds. */
static void put_back(struct tc_journal *journal, struct tc_journal_entry *kept,
		     struct tc_journal_entry **kept_last)
{
	if (kept) {
		*kept_last = journal->first;
		journal->last = journal->first ? journal->last : kept_last;
		journal->first = kept;
	}
}

static void on_written(uv_work_t *work, int status)
{
	struct tc_journal *journal = work->data;
	struct tc_journal_entry *kept = NULL, **kept_last = &kept;
	struct tc_journal_entry *entry = journal->batch;
	int err = 0;
	journal->batch = NULL;
	for (struct tc_journal_entry *next; entry; entry = next) {
		next = entry->next;
		entry->next = NULL;
		if (stays(entry)) {
			err = err ? err : entry->err;
			tell_shown(journal, entry, entry->err);
			*kept_last = entry;
			kept_last = &entry->next;
		} else {
			count_done(journal, entry);
			tell_done(journal, entry);
			tc_journal_free(entry);
		}
	}
	if (journal->wrote) {
		journal->wrote(journal->wrote_user, (double)journal->write_ns / 1e9);
	}
	put_back(journal, kept, kept_last);
	journal->working = false; /* not before: what is added meanwhile comes behind them */
	note_failing(journal, err);
	for (entry = journal->first; err && entry; entry = entry->next) {
		tell_shown(journal, entry, err); /* what came meanwhile */
	}
	start(journal);
}

static void end_flush(struct tc_journal *journal)
{
	void (*flushed)(void *) = journal->flushed;
	journal->flushed = NULL;
	if (flushed) {
		flushed(journal->flushed_user);
	}
}

static void give_up(struct tc_journal *journal)
{
	TC_ERROR(NULL, "%zu entries are lost: %s", journal->counts.waiting,
		 tc_err_str(journal->counts.failing));
	journal->counts.failed += journal->counts.waiting;
	journal->counts.waiting = 0;
	free_list(journal->first);
	journal->first = NULL;
	journal->last = &journal->first;
	end_flush(journal);
}

static void work(struct tc_journal *journal)
{
	if (journal->working) {
		return;
	}
	if (!journal->first) {
		end_flush(journal);
		return;
	}
	journal->batch = journal->first;
	journal->first = NULL;
	journal->last = &journal->first;
	/* Fails for a NULL callback only. */
	TC_ASSERT(uv_queue_work(journal->loop, &journal->work, write_batch, on_written) == 0);
	journal->working = true;
}

/* While nothing can be written, tc_journal_tick() tries; in the end there is no later. */
static void start(struct tc_journal *journal)
{
	if (!journal->counts.failing) {
		work(journal);
	} else if (journal->flushed && !journal->working) {
		give_up(journal);
	}
}

void tc_journal_tick(struct tc_journal *journal)
{
	if (journal->counts.failing) {
		work(journal);
	}
}

void tc_journal_flush(struct tc_journal *journal, void (*done)(void *user), void *user)
{
	journal->flushed = done;
	journal->flushed_user = user;
	work(journal);
}

struct tc_journal_entry *tc_journal_new(enum tc_journal_kind kind, const char *call_id)
{
	struct tc_journal_entry *entry = calloc(1, sizeof(*entry));
	if (entry) {
		entry->kind = kind;
		snprintf(entry->call.id, sizeof(entry->call.id), "%s", call_id);
	}
	return entry;
}

int tc_journal_add(struct tc_journal *journal, struct tc_journal_entry *entry)
{
	if (journal->counts.waiting >= MAX_WAITING) {
		journal->counts.refused++;
		tc_journal_free(entry);
		return -ENOBUFS;
	}
	*journal->last = entry;
	journal->last = &entry->next;
	journal->counts.waiting++;
	start(journal);
	return 0;
}

static int add_call(struct tc_journal *journal, enum tc_journal_kind kind,
		    const struct tc_call *call, bool stale_too)
{
	struct tc_journal_entry *entry = tc_journal_new(kind, call->id);
	if (!entry) {
		return -ENOMEM;
	}
	entry->call = *call;
	entry->stale_too = stale_too;
	return tc_journal_add(journal, entry);
}

int tc_journal_call_began(struct tc_journal *journal, const struct tc_call *call)
{
	return add_call(journal, TC_ENTRY_BEGAN, call, false);
}

int tc_journal_call_resumed(struct tc_journal *journal, const struct tc_call *call)
{
	return add_call(journal, TC_ENTRY_RESUMED, call, false);
}

int tc_journal_call_ended(struct tc_journal *journal, const struct tc_call *call)
{
	return add_call(journal, TC_ENTRY_ENDED, call, false);
}

int tc_journal_sum_up(struct tc_journal *journal, const struct tc_call *call, bool stale_too)
{
	return add_call(journal, TC_ENTRY_SUM_UP, call, stale_too);
}

int tc_journal_sum_up_all(struct tc_journal *journal, bool stale_too)
{
	return add_call(journal, TC_ENTRY_SUM_UP_ALL, &(struct tc_call){0}, stale_too);
}

int tc_journal_recall(struct tc_journal *journal, const char *call_id, const char *room, int life,
		      tc_journal_recalled_fn recalled, void *user)
{
	struct tc_journal_entry *entry = tc_journal_new(TC_ENTRY_RECALL, call_id);
	if (!entry) {
		return -ENOMEM;
	}
	snprintf(entry->room, sizeof(entry->room), "%s", room);
	entry->life = life;
	entry->recalled = recalled;
	entry->user = user;
	return tc_journal_add(journal, entry);
}

int tc_journal_orb_event(struct tc_journal *journal, const struct tc_orb_step *step)
{
	struct tc_journal_entry *entry = tc_journal_new(TC_ENTRY_ORB_EVENT, step->session);
	struct tc_orb_step *copy = malloc(sizeof(*copy));
	if (!entry || !copy) {
		free(entry);
		free(copy);
		return -ENOMEM;
	}
	*copy = *step;
	entry->step = copy;
	return tc_journal_add(journal, entry);
}

void tc_journal_on_write(struct tc_journal *journal, void (*wrote)(void *user, double seconds),
			 void *user)
{
	journal->wrote = wrote;
	journal->wrote_user = user;
}

struct tc_journal_counts tc_journal_counts(const struct tc_journal *journal)
{
	return journal->counts;
}
