/* orb/session/session.h -- one call, from joining the room to the summary: joins rtc, speech, mind
 * and face.
 *
 * session.c life and timers · media.c what it sends with · room.c what the server says · people.c
 * who is there · connection.c the peer of each · ear.c sound in, words out · mouth.c answers out ·
 * report.c what server, manager and people are told · keep.c what is not stored yet · adopt.c from
 * one manager to the next · engines.c models loaded beside · end.c the end. Thread: the loop's.
 * Owner: main.
 */
#ifndef TC_ORB_SESSION_H
#define TC_ORB_SESSION_H

#include "orb/args.h"
#include "rtc/loop.h"

struct tc_session;

enum { /* exit codes of protocol.md section 2 */
       TC_EXIT_OK = 0,
       TC_EXIT_USAGE = 64,
       TC_EXIT_UNREACHABLE = 69,
       TC_EXIT_DEFECT = 70,
};

/* Starts at once; the loop quits when the session is over. 0 or a negative error with a log line.
 */
int tc_session_create(struct tc_session **out, struct tc_loop *loop,
		      const struct tc_orb_args *args);
/* Starts the end: last words, summary, leave; then the loop quits. Waits for nothing: people are
 * served until we leave. Further calls do nothing. */
void tc_session_end(struct tc_session *session, const char *reason, int exit_code);
/* After the loop has quit. Returns the exit code. NULL-safe. Where a thread hangs (a model that
 * does not come back) nothing can be freed under it: the process ends here, with that exit code. */
int tc_session_destroy(struct tc_session *session);

#endif
