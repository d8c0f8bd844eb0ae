/* server/orbs/limits.h -- what follows from what one orb uses: pure, a step a sample.
 *
 * From 80 % of a limit on it is said once. Beyond the limit for three samples: less picture, then
 * less effort to recognize, then a new process; below half of it for a while: back again. Memory
 * does not come back by doing less, so there the new process follows at once.
 */
#ifndef TC_SERVER_ORBS_LIMITS_H
#define TC_SERVER_ORBS_LIMITS_H

#include <stdbool.h>

enum tc_limit_act {
	TC_LIMIT_NOTHING,
	TC_LIMIT_WARN_CPU,
	TC_LIMIT_WARN_MEMORY,
	TC_LIMIT_SHED, /* shed tells the level, as does the next */
	TC_LIMIT_UNSHED,
	TC_LIMIT_RESTART_CPU,
	TC_LIMIT_RESTART_MEMORY,
};

struct tc_limits {
	double cpu_percent, memory_mb; /* 0: no limit */
	bool can_shed;                 /* it understands `shed` */
};

struct tc_limit_state { /* all 0: a process that begins */
	int shed;       /* enum tc_shed */
	int cpu_over, memory_over, far_below;
	bool warned_cpu, warned_memory;
};

enum tc_limit_act tc_limit_step(struct tc_limit_state *state, const struct tc_limits *limits,
				double cpu_percent, double memory_mb);

#endif
