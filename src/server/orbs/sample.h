/* server/orbs/sample.h -- what processes and the machine use, as /proc says. Pure reading, some of
 * it slow (smaps_rollup walks the pages of a process): on the thread pool. Thread: any.
 */
#ifndef TC_SERVER_ORBS_SAMPLE_H
#define TC_SERVER_ORBS_SAMPLE_H

#include <stdint.h>

struct tc_sample_process {
	int pid;
	double memory_mb; /* its share (PSS) of what it has mapped; -1: not known */
	int64_t cpu_ms;   /* since its start; -1: not known */
};

struct tc_sample_machine {
	double available_mb;     /* before it would have to swap; -1: not known */
	int64_t idle_ms, all_ms; /* of all cores together, since the boot; -1: not known */
	int cores;
};

/* proc: "/proc", or a tree like it. What cannot be read is not known. */
void tc_sample_process(const char *proc, struct tc_sample_process *process);
void tc_sample_machine(const char *proc, struct tc_sample_machine *machine);

#endif
