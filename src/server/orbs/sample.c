// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/sample.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH 256

/* "" where there is none. */
static void read_text(const char *proc, const char *file, char *out, size_t size)
{
	char path[PATH];
	snprintf(path, sizeof(path), "%s/%s", proc, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = fd < 0 ? 0 : 1;
	while (n > 0 && len + 1 < size) {
		n = read(fd, out + len, size - 1 - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0) {
		close(fd);
	}
	out[len] = '\0';
}

/* "Key:   123 kB" */
static double megabytes(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	char *end = NULL;
	double kb = at ? strtod(at + strlen(key), &end) : 0;
	return at && end != at + strlen(key) ? kb * 1024 / 1e6 : -1;
}

static int64_t ms_of(int64_t ticks)
{
	return ticks * 1000 / sysconf(_SC_CLK_TCK);
}

static int64_t cpu_of(const char *stat)
{
	/* The name, in brackets, may hold anything. */
	const char *at = strrchr(stat, ')');
	int64_t user, system;
	if (!at || sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNd64 " %" SCNd64,
			  &user, &system) != 2) {
		return -1;
	}
	return ms_of(user + system);
}

void tc_sample_process(const char *proc, struct tc_sample_process *process)
{
	char file[48], text[4096];
	snprintf(file, sizeof(file), "%d/smaps_rollup", process->pid);
	read_text(proc, file, text, sizeof(text));
	process->memory_mb = megabytes(text, "\nPss:");
	snprintf(file, sizeof(file), "%d/stat", process->pid);
	read_text(proc, file, text, sizeof(text));
	process->cpu_ms = cpu_of(text);
}

void tc_sample_machine(const char *proc, struct tc_sample_machine *machine)
{
	char text[4096];
	int64_t user, nice, system, idle, wait, irq, softirq, stolen;
	*machine = (struct tc_sample_machine){
		.idle_ms = -1, .all_ms = -1, .cores = (int)sysconf(_SC_NPROCESSORS_ONLN)};
	read_text(proc, "meminfo", text, sizeof(text));
	machine->available_mb = megabytes(text, "\nMemAvailable:");
	read_text(proc, "stat", text, sizeof(text));
	if (sscanf(text,
		   "cpu %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
		   " %" SCNd64 " %" SCNd64,
		   &user, &nice, &system, &idle, &wait, &irq, &softirq, &stolen) == 8) {
		machine->idle_ms = ms_of(idle + wait);
		machine->all_ms =
			ms_of(user + nice + system + idle + wait + irq + softirq + stolen);
	}
}
