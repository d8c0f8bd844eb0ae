/* server/metrics/process.h -- what this process uses, from /proc and getrusage(2). Thread: any. */
#ifndef TC_SERVER_METRICS_PROCESS_H
#define TC_SERVER_METRICS_PROCESS_H

#include <stddef.h>

struct tc_process_usage {
	double cpu_s; /* user and system */
	double resident_bytes;
	size_t fds; /* open now; 0: not known */
	size_t fds_max;
};

/* Bytes free for us on the disk of a folder; 0: not known. */
double tc_disk_free(const char *dir);
void tc_process_usage(struct tc_process_usage *out);

#endif
