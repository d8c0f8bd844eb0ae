/* server/journal.h -- what happens in calls, on its way into the store: in order, off the loop.
 *
 * Entries are copied, queued and written on the thread pool: what came while the disk was busy goes
 * to it together, in one transaction. Bounded: beyond the limit new entries are refused and
 * counted. What cannot be written for now (a full disk) stays in the queue and is tried again.
 * Thread: the server's loop. Owner: serve.c.
 */
#ifndef TC_SERVER_JOURNAL_H
#define TC_SERVER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct tc_journal;
struct uv_loop_s;

struct tc_journal_events { /* any may be NULL; never called from inside a call of theirs */
	/* A transcript of tc_journal_transcript() may be shown: it is on disk, however it got
	 * there, in the order of the calls; or, with err, it is not and will be tried again. */
	void (*shown)(void *user, const char *room, const char *json, size_t len, int err);
	/* What the orb told on its channel is on disk: this utterance, or (NULL) its summary. */
	void (*stored)(void *user, const char *call_id, const char *utterance_id);
};

/* The store is the journal's alone. events NULL: none. */
int tc_journal_create(struct tc_journal **out, struct uv_loop_s *loop, struct tc_store *store,
		      const struct tc_journal_events *events, void *user);
/* Once nothing waits any more (tc_journal_flush). NULL-safe. */
void tc_journal_destroy(struct tc_journal *journal);
/* Calls done when all that was queued is written, or was tried and given up; at once if nothing
 * waits. One at a time. */
void tc_journal_flush(struct tc_journal *journal, void (*done)(void *user), void *user);
/* Time passes: tries again what could not be written. Once a second or so. */
void tc_journal_tick(struct tc_journal *journal);

/* These return 0, -ENOMEM or -ENOBUFS. */
int tc_journal_call_began(struct tc_journal *journal, const struct tc_call *call);
int tc_journal_call_resumed(struct tc_journal *journal, const struct tc_call *call);
int tc_journal_call_ended(struct tc_journal *journal, const struct tc_call *call);
/* An `utterance` message as the orb sent it; `stored` follows. -TC_EPARSE: not one. */
int tc_journal_utterance(struct tc_journal *journal, const char *call_id, const char *json,
			 size_t len);
/* A final `transcript` of the orb's. Written only if its utterance was not, or with another text:
 * many an orb knows no `utterance`. On 0, `shown` follows; -EAGAIN: nothing can be written now, it
 * waits for the disk but should not wait to be shown. */
int tc_journal_transcript(struct tc_journal *journal, const char *call_id, const char *room,
			  const char *json, size_t len);
/* A `session_summary` message; its `summary` is kept, and `stored` follows. */
int tc_journal_summary(struct tc_journal *journal, const char *call_id, const char *json,
		       size_t len);
/* A step of an orb. */
int tc_journal_orb_event(struct tc_journal *journal, const struct tc_orb_step *step);
/* What was said in a call so far, behind all that is queued now. `room` comes back with it. */
typedef void (*tc_journal_recalled_fn)(void *user, const char *room, int life,
				       const struct tc_utterance *utterances, size_t count,
				       int err);
int tc_journal_recall(struct tc_journal *journal, const char *call_id, const char *room, int life,
		      tc_journal_recalled_fn recalled, void *user);
/* The call is over and no orb will tell more of it: if words were said and there is no summary, one
 * is made of them; with `stale_too` also if it does not know the last ones. */
int tc_journal_sum_up(struct tc_journal *journal, const struct tc_call *call, bool stale_too);
/* The same for all calls that ended so, before this server began. */
int tc_journal_sum_up_all(struct tc_journal *journal, bool stale_too);

/* After each write: how long it took, for however many entries. */
void tc_journal_on_write(struct tc_journal *journal, void (*wrote)(void *user, double seconds),
			 void *user);

struct tc_journal_counts {
	uint64_t written, failed, refused;
	size_t waiting;
	int failing; /* why nothing can be written now, a negative error; 0: all is well */
};
struct tc_journal_counts tc_journal_counts(const struct tc_journal *journal);

#endif
