/* probe/stats.h -- figures taken one by one, told as p50, p95 and the most. Pure.
 */
#ifndef TC_PROBE_STATS_H
#define TC_PROBE_STATS_H

#include <stdbool.h>
#include <stddef.h>

#define TC_STATS_MAX 65536 /* values kept; of more the newest */

struct tc_stats {       /* zero: empty */
	double *values; /* owned */
	size_t room;
	size_t count; /* ever added */
	bool lost;    /* memory ran out: some are missing */
};

void tc_stats_add(struct tc_stats *s, double value);
void tc_stats_add_all(struct tc_stats *s, const struct tc_stats *more);
/* The smallest value that at least `percent` of all are not above (nearest rank); NAN: none. Sorts
 * what is kept. */
double tc_stats_percentile(struct tc_stats *s, int percent);
size_t tc_stats_kept(const struct tc_stats *s);
void tc_stats_finish(struct tc_stats *s);

#endif
