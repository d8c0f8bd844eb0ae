/* probe/pace.h -- a packet each 20 ms by deadlines: what is due now. Pure over the times given.
 */
#ifndef TC_PROBE_PACE_H
#define TC_PROBE_PACE_H

#include <stdint.h>

#define TC_PACE_US       20000
#define TC_PACE_CATCH_UP 25 /* packets sent at once after a stall; older ones are left out */

struct tc_pace {
	int64_t epoch_us;  /* when packet 0 was due */
	int64_t next;      /* its number */
	int64_t worst_us;  /* the most that one was late */
	uint64_t late;     /* by more than a whole packet */
	uint64_t left_out; /* after stalls */
};

void tc_pace_start(struct tc_pace *pace, int64_t now_us);
/* How many packets are to be sent now, from number *first on. */
int tc_pace_due(struct tc_pace *pace, int64_t now_us, int64_t *first);
/* Until the next one, at least 1 ms. */
int64_t tc_pace_wait_ms(const struct tc_pace *pace, int64_t now_us);

#endif
