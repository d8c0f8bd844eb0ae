/* server/orbs/cgroup.h -- a control group (v2) for each orb, where ours was delegated to us.
 *
 * The kernel then keeps what sampling only watches: memory.max is the limit; pids.max bounds what
 * a program may start; cpu.max is twice the limit, for a quota stops sound and picture alike, while
 * shedding (limits.h) knows what matters. Not delegated: nothing is done, sampling is what there
 * is. Files of cgroupfs answer at once: on the loop.
 */
#ifndef TC_SERVER_ORBS_CGROUP_H
#define TC_SERVER_ORBS_CGROUP_H

#include <stddef.h>

struct tc_cgroups;

struct tc_cgroup_config {
	double memory_mb, cpu_percent; /* of one orb; 0: no limit */
	const char *mount;             /* NULL: /sys/fs/cgroup; tests have a tree of their own */
	const char *self;              /* NULL: /proc/self/cgroup */
};

/* Whether it could be had; changes nothing. 0, or a negative error and why not. */
int tc_cgroups_check(const struct tc_cgroup_config *config, char *why, size_t why_size);
/* Moves this process into a group "server" below the one it is in, and hands the controllers on.
 * 0, or a negative error: then all is as it was. */
int tc_cgroups_create(struct tc_cgroups **out, const struct tc_cgroup_config *config, char *why,
		      size_t why_size);
void tc_cgroups_destroy(struct tc_cgroups *groups); /* NULL-safe, as are the next */

/* Puts the process into a group of its own. 0 or a negative error: it runs without. */
int tc_cgroups_enter(struct tc_cgroups *groups, int pid);
/* How many of its processes the kernel killed, as it had no memory left for them. */
long tc_cgroups_out_of_memory(struct tc_cgroups *groups, int pid);
/* Its process is reaped: the group goes, and all that is still in it is killed. */
void tc_cgroups_leave(struct tc_cgroups *groups, int pid);

#endif
