/* server/journal.h -- what happens in calls, on its way into the store: in order, off the loop.
 *
 * Entries are copied, queued and written one after another on the thread pool. Bounded: beyond the
 * limit new entries are refused and counted. Thread: the server's loop. Owner: serve.c.
 */
#ifndef TC_SERVER_JOURNAL_H
#define TC_SERVER_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct tc_journal;
struct uv_loop_s;

int tc_journal_create(struct tc_journal **out, struct uv_loop_s *loop, struct tc_store *store);
/* Once nothing waits any more (tc_journal_flush). NULL-safe. */
void tc_journal_destroy(struct tc_journal *journal);
/* Calls done when all that was queued is written; at once if nothing waits. One at a time. */
void tc_journal_flush(struct tc_journal *journal, void (*done)(void *user), void *user);

/* 0, -ENOMEM or -ENOBUFS. */
int tc_journal_call_began(struct tc_journal *journal, const struct tc_call *call);
int tc_journal_call_ended(struct tc_journal *journal, const struct tc_call *call);
/* An `utterance` message as the orb sent it. -TC_EPARSE: not one. */
int tc_journal_utterance(struct tc_journal *journal, const char *call_id, const char *json,
			 size_t len);
/* A final `transcript` of the orb's. Written only if its utterance was not, or with another text:
 * many an orb knows no `utterance`. On 0, `stored` follows once it is on disk, however
 * it got there: in the order of the calls, with err if it could not be written. */
int tc_journal_transcript(struct tc_journal *journal, const char *call_id, const char *room,
			  const char *json, size_t len);
typedef void (*tc_journal_stored_fn)(void *user, const char *room, const char *json, size_t len,
				     int err);
void tc_journal_on_transcript(struct tc_journal *journal, tc_journal_stored_fn stored, void *user);
/* A `session_summary` message; its `summary` is kept. */
int tc_journal_summary(struct tc_journal *journal, const char *call_id, const char *json,
		       size_t len);

/* A step of an orb. */
int tc_journal_orb_event(struct tc_journal *journal, const struct tc_orb_step *step);

/* After each write: how long it took, for however many entries. */
void tc_journal_on_write(struct tc_journal *journal, void (*wrote)(void *user, double seconds),
			 void *user);

struct tc_journal_counts {
	uint64_t written, failed, refused;
	size_t waiting;
};
struct tc_journal_counts tc_journal_counts(const struct tc_journal *journal);

#endif
