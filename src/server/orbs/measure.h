/* server/orbs/measure.h -- every few seconds: what each orb and the machine use, and what follows.
 *
 * Inside the manager, one. An orb beyond its limits sheds or gives way (limits.h); a machine that
 * has nothing left takes no further orb. Thread: the loop's; the reading is the thread pool's.
 */
#ifndef TC_SERVER_ORBS_MEASURE_H
#define TC_SERVER_ORBS_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/orbs/limits.h"

struct tc_measure;
struct tc_orb;
struct tc_orbs;

struct tc_orb_load {           /* of one life */
	bool known;            /* from here on its heartbeats are not asked */
	int64_t cpu_ms, at_ms; /* at the newest sample; at_ms 0: none yet */
	struct tc_limit_state limit;
	bool tell_shed;
};

/* Begins when there is an interval; *out is NULL otherwise. 0 or -ENOMEM. */
int tc_measure_create(struct tc_measure **out, struct tc_orbs *all);
/* Frees on later turns of the loop; the manager's open_handles count it until then. NULL-safe. */
void tc_measure_close(struct tc_measure *measure);
/* One more has begun: what it takes is not to be seen yet. NULL-safe, as is the next. */
void tc_measure_started(struct tc_measure *measure);
/* Whether there is memory and CPU for one more; if not, *why says what is missing. */
bool tc_measure_has_headroom(struct tc_measure *measure, const char **why);
/* How many samples of the machine there were by which its idle time is known. NULL-safe. */
size_t tc_measure_samples(const struct tc_measure *measure);

#endif
