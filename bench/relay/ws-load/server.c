// SPDX-License-Identifier: Apache-2.0
/* What /proc tells of the server. */
#define _GNU_SOURCE
#include "load.h"

#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct memory read_memory(void)
{
	struct memory m = {0};
	for (int i = 0; i < opt.pid_count; i++) {
		char name[64], line[256];
		snprintf(name, sizeof name, "/proc/%d/smaps_rollup", opt.pids[i]);
		FILE *f = fopen(name, "r");
		if (f == NULL)
			die("cannot read %s", name);
		while (fgets(line, sizeof line, f)) {
			uint64_t v;
			if (sscanf(line, "Rss: %" SCNu64, &v) == 1)
				m.rss_kb += v;
			else if (sscanf(line, "Pss: %" SCNu64, &v) == 1)
				m.pss_kb += v;
			else if (sscanf(line, "Private_Dirty: %" SCNu64, &v) == 1)
				m.dirty_kb += v;
		}
		fclose(f);
	}
	return m;
}

/* run_ns sums the scheduler's time of the live threads; ticks give the user/system split */
struct cpu read_cpu(void)
{
	struct cpu c = {0};
	for (int i = 0; i < opt.pid_count; i++) {
		char name[128], line[1024];
		snprintf(name, sizeof name, "/proc/%d/stat", opt.pids[i]);
		FILE *f = fopen(name, "r");
		if (f == NULL)
			die("cannot read %s: the server is gone", name);
		if (fgets(line, sizeof line, f)) {
			const char *p = strrchr(line, ')');
			uint64_t u = 0, s = 0;
			if (p && sscanf(p + 2,
					"%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64
					" %" SCNu64,
					&u, &s) == 2) {
				c.user_ticks += u;
				c.sys_ticks += s;
			}
		}
		fclose(f);
		snprintf(name, sizeof name, "/proc/%d/task", opt.pids[i]);
		DIR *d = opendir(name);
		if (d == NULL)
			continue;
		for (struct dirent *e; (e = readdir(d));) {
			if (!isdigit((unsigned char)e->d_name[0]))
				continue;
			char file[512];
			snprintf(file, sizeof file, "/proc/%d/task/%s/schedstat", opt.pids[i],
				 e->d_name);
			FILE *t = fopen(file, "r");
			uint64_t ns;
			if (t && fscanf(t, "%" SCNu64, &ns) == 1)
				c.run_ns += ns;
			if (t)
				fclose(t);
		}
		closedir(d);
	}
	return c;
}
