/* server/orbs/health.h -- whether an orb still works: inside the manager, one a life.
 *
 * Our own orb is pinged; its main loop answers, and tells since when each of its threads has been
 * at its present piece of work. So four kinds of hanging are told apart: a main loop that does not
 * answer, and a sender, a recognizer or a voice that is busy for too long. A program of ORB_COMMAND
 * is judged by its heartbeats.
 */
#ifndef TC_SERVER_ORBS_HEALTH_H
#define TC_SERVER_ORBS_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/channel.h"
#include "server/orbs/manager.h"

struct tc_orb;
struct tc_inspection;

struct tc_orb_health {
	int64_t last_sign_ms;        /* loop time: its main loop said something */
	int64_t busy_ms[TC_WORKERS]; /* as its newest pong said; 0 or less: not, or not known */
	int64_t ping;                /* number of the newest */
	bool tell_ping;
	bool doomed;                  /* it hangs for too long; it is looked at, then killed */
	char why[128];                /* of that */
	struct tc_inspection *looked; /* owned; NULL: nothing is being looked at */
};

void tc_orb_health_begin(struct tc_orb *orb); /* of a life that begins */
void tc_orb_health_end(struct tc_orb *orb);   /* it is reaped; once or more often */
void tc_orb_seen_alive(struct tc_orb *orb);
void tc_orb_on_pong(struct tc_orb *orb, const struct tc_channel_message *pong);
/* It is to be killed, as it hangs: first what can be seen of it goes into the log. */
void tc_orb_hangs(struct tc_orb *orb, const char *why);
/* timers.c */
void tc_orb_check_health(struct tc_orb *orb);
void tc_orb_send_ping(struct tc_orb *orb);
void tc_orb_kill_doomed(struct tc_orb *orb);

#endif
