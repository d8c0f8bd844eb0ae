// SPDX-License-Identifier: Apache-2.0
#include "server/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/err.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"

TC_LOG_TOPIC("server.journal");

#define MAX_WAITING 10000
#define MAX_TEXT    (64 * 1024) /* of one utterance */
/* Both ways of an utterance take milliseconds: a few rooms' worth of them is enough to remember. */
#define RECENT 256

/* NOTHING: what it would write is in the queue before it. */
enum kind { BEGAN, ENDED, UTTERANCE, SUMMARY, ORB_EVENT, NOTHING };

struct entry {
	struct entry *next; /* owned */
	enum kind kind;
	struct tc_call call; /* BEGAN, ENDED; else only its id */
	struct tc_utterance utterance;
	struct tc_orb_step *step; /* owned; ORB_EVENT */
	char *json;               /* owned; SUMMARY, and the transcript of which `stored` is told */
	char room[TC_ID_SIZE];    /* of that transcript; "" for all else */
	size_t len;
	int err; /* after writing */
};

/* An utterance that was queued for writing. */
struct recent {
	char call[TC_ID_SIZE], id[TC_ID_SIZE];
	uint64_t text; /* FNV-1a */
};

struct tc_journal {
	uv_loop_t *loop;        /* borrowed, outlives us */
	struct tc_store *store; /* borrowed, outlives us; the pool's alone while work runs */
	uv_work_t work;
	bool working;
	struct entry *first, **last; /* owned: waiting */
	struct entry *batch;         /* owned: being written */
	void (*flushed)(void *user);
	void *flushed_user;
	tc_journal_stored_fn stored;
	void *stored_user;
	void (*wrote)(void *user, double seconds);
	void *wrote_user;
	uint64_t write_ns; /* how long the batch took; written on the pool */
	struct tc_journal_counts counts;
	struct recent recent[RECENT]; /* a ring; the newest is before `recent_at` */
	size_t recent_at;
};

static void entry_free(struct entry *entry)
{
	free(entry->utterance.text);
	free(entry->json);
	free(entry->step);
	free(entry);
}

static void free_list(struct entry *entry)
{
	while (entry) {
		struct entry *next = entry->next;
		entry_free(entry);
		entry = next;
	}
}

int tc_journal_create(struct tc_journal **out, uv_loop_t *loop, struct tc_store *store)
{
	struct tc_journal *journal = calloc(1, sizeof(*journal));
	if (!journal) {
		return -ENOMEM;
	}
	journal->loop = loop;
	journal->store = store;
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

static int write_entry(struct tc_store *store, struct entry *entry)
{
	switch (entry->kind) {
	case BEGAN:
		return tc_store_call_add(store, &entry->call);
	case ENDED:
		return tc_store_call_end(store, entry->call.id, entry->call.ended_ms);
	case UTTERANCE:
		return tc_store_utterance_put(store, entry->call.id, &entry->utterance);
	case SUMMARY:
		return tc_store_summary_put(store, entry->call.id, entry->json, entry->len);
	case ORB_EVENT:
		return tc_store_orb_event_add(store, entry->step);
	case NOTHING:
		return 0;
	}
	return -EINVAL;
}

/* On the thread pool. */
static void write_batch(uv_work_t *work)
{
	struct tc_journal *journal = work->data;
	uint64_t began_ns = uv_hrtime();
	for (struct entry *entry = journal->batch; entry; entry = entry->next) {
		entry->err = write_entry(journal->store, entry);
	}
	journal->write_ns = uv_hrtime() - began_ns;
}

static void start(struct tc_journal *journal);

static void on_written(uv_work_t *work, int status)
{
	struct tc_journal *journal = work->data;
	for (struct entry *entry = journal->batch; entry; entry = entry->next) {
		journal->counts.waiting--;
		if (entry->err) {
			journal->counts.failed++;
			TC_ERROR(entry->call.id, "could not be stored: %s", tc_err_str(entry->err));
		} else {
			/* Of calls: steps of orbs are no words of anybody. */
			journal->counts.written +=
				entry->kind != NOTHING && entry->kind != ORB_EVENT;
		}
		if (entry->room[0] && journal->stored) {
			journal->stored(journal->stored_user, entry->room, entry->json, entry->len,
					entry->err);
		}
	}
	if (journal->wrote) {
		journal->wrote(journal->wrote_user, (double)journal->write_ns / 1e9);
	}
	free_list(journal->batch);
	journal->batch = NULL;
	journal->working = false;
	start(journal);
}

static void start(struct tc_journal *journal)
{
	if (journal->working) {
		return;
	}
	if (!journal->first) {
		void (*flushed)(void *) = journal->flushed;
		journal->flushed = NULL;
		if (flushed) {
			flushed(journal->flushed_user);
		}
		return;
	}
	journal->batch = journal->first;
	journal->first = NULL;
	journal->last = &journal->first;
	journal->working =
		uv_queue_work(journal->loop, &journal->work, write_batch, on_written) == 0;
}

void tc_journal_flush(struct tc_journal *journal, void (*done)(void *user), void *user)
{
	journal->flushed = done;
	journal->flushed_user = user;
	start(journal);
}

static int add(struct tc_journal *journal, struct entry *entry)
{
	if (journal->counts.waiting >= MAX_WAITING) {
		journal->counts.refused++;
		entry_free(entry);
		return -ENOBUFS;
	}
	*journal->last = entry;
	journal->last = &entry->next;
	journal->counts.waiting++;
	start(journal);
	return 0;
}

static struct entry *new_entry(enum kind kind, const char *call_id)
{
	struct entry *entry = calloc(1, sizeof(*entry));
	if (entry) {
		entry->kind = kind;
		snprintf(entry->call.id, sizeof(entry->call.id), "%s", call_id);
	}
	return entry;
}

int tc_journal_call_began(struct tc_journal *journal, const struct tc_call *call)
{
	struct entry *entry = new_entry(BEGAN, call->id);
	if (!entry) {
		return -ENOMEM;
	}
	entry->call = *call;
	return add(journal, entry);
}

int tc_journal_call_ended(struct tc_journal *journal, const struct tc_call *call)
{
	struct entry *entry = new_entry(ENDED, call->id);
	if (!entry) {
		return -ENOMEM;
	}
	entry->call = *call;
	return add(journal, entry);
}

/* ---- what was said: an orb may tell it on the channel, as a transcript, or both ways ---- */

static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (const char *p = text; *p; p++) {
		hash = (hash ^ (unsigned char)*p) * 0x100000001b3u;
	}
	return hash;
}

static const struct recent *find_recent(const struct tc_journal *journal, const char *call_id,
					const char *id)
{
	for (size_t i = 1; i <= RECENT; i++) {
		const struct recent *recent =
			&journal->recent[(journal->recent_at + RECENT - i) % RECENT];
		if (!recent->id[0]) {
			return NULL;
		}
		if (strcmp(recent->id, id) == 0 && strcmp(recent->call, call_id) == 0) {
			return recent;
		}
	}
	return NULL;
}

static void remember(struct tc_journal *journal, const struct entry *entry)
{
	struct recent *recent = &journal->recent[journal->recent_at];
	journal->recent_at = (journal->recent_at + 1) % RECENT;
	memcpy(recent->call, entry->call.id, sizeof(recent->call));
	memcpy(recent->id, entry->utterance.id, sizeof(recent->id));
	recent->text = hash_text(entry->utterance.text);
}

static int read_utterance(struct tc_json json, struct tc_utterance *out)
{
	struct tc_json text;
	if (tc_json_get_str(json, "utteranceId", out->id, sizeof(out->id)) < 0 ||
	    tc_json_get_str(json, "userId", out->user_id, sizeof(out->user_id)) < 0 ||
	    !tc_id_valid(out->id) || !tc_id_valid(out->user_id) ||
	    !tc_json_get(json, "text", &text) || text.len > MAX_TEXT) {
		return -TC_EPARSE;
	}
	out->text = tc_json_strdup(text);
	return out->text ? 0 : -TC_EPARSE;
}

static int keep_json(struct entry *entry, const char *json, size_t len)
{
	entry->json = malloc(len);
	if (!entry->json) {
		return -ENOMEM;
	}
	memcpy(entry->json, json, len);
	entry->len = len;
	return 0;
}

/* Once the entry is read: into the queue, unless its words are there already. */
static int add_utterance(struct tc_journal *journal, struct entry *entry)
{
	const struct recent *told = find_recent(journal, entry->call.id, entry->utterance.id);
	bool known = told && told->text == hash_text(entry->utterance.text);
	/* Nothing was understood after all: the page takes its line back, and there is none to
	 * keep. */
	if (known || (entry->room[0] && !entry->utterance.text[0])) {
		if (!entry->room[0]) {
			entry_free(entry); /* the same, the other way */
			return 0;
		}
		entry->kind = NOTHING;
		return add(journal, entry);
	}
	remember(journal, entry);
	return add(journal, entry);
}

/* room "": an `utterance`, of which nobody is told. */
static int keep_words(struct tc_journal *journal, const char *call_id, const char *room,
		      const char *text, size_t len)
{
	struct tc_json json;
	if (tc_json_parse(&json, text, len, NULL)) {
		return -TC_EPARSE;
	}
	struct entry *entry = new_entry(UTTERANCE, call_id);
	if (!entry) {
		return -ENOMEM;
	}
	struct tc_utterance *u = &entry->utterance;
	snprintf(entry->room, sizeof(entry->room), "%s", room);
	int err = read_utterance(json, u);
	if (!err && (tc_json_get_int(json, "startMs", &u->start_ms) ||
		     tc_json_get_int(json, "endMs", &u->end_ms))) {
		err = -TC_EPARSE;
	}
	err = err || !room[0] ? err : keep_json(entry, text, len);
	if (err) {
		entry_free(entry);
		return err;
	}
	return add_utterance(journal, entry);
}

int tc_journal_utterance(struct tc_journal *journal, const char *call_id, const char *text,
			 size_t len)
{
	return keep_words(journal, call_id, "", text, len);
}

int tc_journal_transcript(struct tc_journal *journal, const char *call_id, const char *room,
			  const char *text, size_t len)
{
	return keep_words(journal, call_id, room, text, len);
}

void tc_journal_on_transcript(struct tc_journal *journal, tc_journal_stored_fn stored, void *user)
{
	journal->stored = stored;
	journal->stored_user = user;
}

int tc_journal_summary(struct tc_journal *journal, const char *call_id, const char *text,
		       size_t len)
{
	struct tc_json json, summary;
	if (tc_json_parse(&json, text, len, NULL) || !tc_json_get(json, "summary", &summary) ||
	    tc_json_type(summary) != TC_JSON_OBJECT) {
		return -TC_EPARSE;
	}
	struct entry *entry = new_entry(SUMMARY, call_id);
	if (!entry) {
		return -ENOMEM;
	}
	if (keep_json(entry, summary.at, summary.len)) {
		entry_free(entry);
		return -ENOMEM;
	}
	return add(journal, entry);
}

int tc_journal_orb_event(struct tc_journal *journal, const struct tc_orb_step *step)
{
	struct entry *entry = new_entry(ORB_EVENT, step->session);
	struct tc_orb_step *copy = malloc(sizeof(*copy));
	if (!entry || !copy) {
		free(entry);
		free(copy);
		return -ENOMEM;
	}
	*copy = *step;
	entry->step = copy;
	return add(journal, entry);
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
