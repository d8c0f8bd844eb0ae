/* server/journal/journal_priv.h -- inside the journal: the queue (journal.c), what comes in from
 * orbs (intake.c), and what more is done on the thread pool than writing one row (steps.c).
 */
#ifndef TC_SERVER_JOURNAL_PRIV_H
#define TC_SERVER_JOURNAL_PRIV_H

#include <uv.h>

#include "base/id.h"
#include "server/journal.h"

/* Both ways of an utterance take milliseconds: a few rooms' worth of them is enough to remember. */
#define TC_JOURNAL_RECENT 256

enum tc_journal_kind {
	TC_ENTRY_BEGAN,
	TC_ENTRY_RESUMED,
	TC_ENTRY_ENDED,
	TC_ENTRY_UTTERANCE,
	TC_ENTRY_SUMMARY,
	TC_ENTRY_ORB_EVENT,
	TC_ENTRY_RECALL,
	TC_ENTRY_SUM_UP,
	TC_ENTRY_SUM_UP_ALL,
	TC_ENTRY_NOTHING, /* what it would write is in the queue before it */
};

struct tc_journal_entry {
	struct tc_journal_entry *next; /* owned */
	enum tc_journal_kind kind;
	struct tc_call call; /* of most kinds only its id */
	struct tc_utterance utterance;
	struct tc_orb_step *step; /* owned; ORB_EVENT */
	char *json;               /* owned; SUMMARY, and the transcript of which `shown` is told */
	size_t len;
	char room[TC_ID_SIZE]; /* of that transcript, of RECALL; "" for all else */
	bool ack;              /* `stored` is told */
	bool stale_too;        /* SUM_UP */
	bool told;             /* `shown` was told: it could not be written then */
	/* RECALL */
	tc_journal_recalled_fn recalled;
	void *user;
	int life;
	struct tc_utterance *said; /* owned */
	size_t said_count;
	/* after the attempt */
	int err;
};

/* An utterance that was queued for writing. */
struct tc_journal_recent {
	char call[TC_ID_SIZE], id[TC_ID_SIZE];
	uint64_t text; /* FNV-1a */
};

struct tc_journal {
	uv_loop_t *loop;        /* borrowed, outlives us */
	struct tc_store *store; /* borrowed, outlives us; the pool's alone while work runs */
	struct tc_journal_events events;
	void *user;
	uv_work_t work;
	bool working;
	struct tc_journal_entry *first, **last; /* owned: waiting */
	struct tc_journal_entry *batch;         /* owned: being written */
	void (*flushed)(void *user);
	void *flushed_user;
	void (*wrote)(void *user, double seconds);
	void *wrote_user;
	uint64_t write_ns; /* how long the batch took; written on the pool */
	struct tc_journal_counts counts;
	struct tc_journal_recent recent[TC_JOURNAL_RECENT]; /* a ring; newest before `recent_at` */
	size_t recent_at;
};

/* journal.c */
struct tc_journal_entry *tc_journal_new(enum tc_journal_kind kind, const char *call_id);
void tc_journal_free(struct tc_journal_entry *entry);
int tc_journal_add(struct tc_journal *journal, struct tc_journal_entry *entry); /* takes it */

/* steps.c, on the thread pool */
int tc_journal_read_back(struct tc_store *store, struct tc_journal_entry *entry);
int tc_journal_write_summary(struct tc_store *store, struct tc_journal_entry *entry);
int tc_journal_write_summaries(struct tc_store *store, struct tc_journal_entry *entry);

#endif
