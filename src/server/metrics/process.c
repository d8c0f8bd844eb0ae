// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/process.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

static size_t count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;
	if (!dir) {
		return 0;
	}
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		count += entry->d_name[0] != '.';
	}
	closedir(dir);
	return count > 0 ? count - 1 : 0; /* not the one that reads */
}

static double resident(void)
{
	long pages = 0;
	long in_memory = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (file) {
		if (fscanf(file, "%ld %ld", &pages, &in_memory) != 2) {
			in_memory = 0;
		}
		fclose(file);
	}
	return (double)in_memory * (double)sysconf(_SC_PAGESIZE);
}

double tc_disk_free(const char *dir)
{
	struct statvfs disk;
	return statvfs(dir, &disk) == 0 ? (double)disk.f_bavail * (double)disk.f_frsize : 0;
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

void tc_process_usage(struct tc_process_usage *out)
{
	struct rusage usage;
	struct rlimit files = {0};
	getrusage(RUSAGE_SELF, &usage);
	(void)getrlimit(RLIMIT_NOFILE, &files);
	*out = (struct tc_process_usage){
		.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime),
		.resident_bytes = resident(),
		.fds = count_fds(),
		.fds_max = (size_t)files.rlim_cur,
	};
}
