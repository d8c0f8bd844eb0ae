/* server/spool.h -- last words that orbs wrote down as no server was there to take them.
 *
 * DATA_DIR/spool holds files NAME.ndjson, lines of the orb's channel (`utterance`,
 * `session_summary`). They go the journal's way, and a file is removed once all of it is stored.
 * Thread: the server's loop. Owner: the app.
 */
#ifndef TC_SERVER_SPOOL_H
#define TC_SERVER_SPOOL_H

struct tc_journal;
struct tc_spool;

/* dir is copied; the journal is borrowed and outlives us. 0 or -ENOMEM. */
int tc_spool_create(struct tc_spool **out, const char *dir, struct tc_journal *journal);
/* Looks what is there. At the start, and now and then. NULL-safe. */
void tc_spool_take(struct tc_spool *spool);
/* Removes what is stored by now. NULL-safe. */
void tc_spool_tick(struct tc_spool *spool);
void tc_spool_destroy(struct tc_spool *spool); /* NULL-safe */

#endif
