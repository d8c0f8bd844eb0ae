// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/inspect.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "base/log.h"

TC_LOG_TOPIC("server.orbs.health");

#define MAX_THREADS 64

struct tc_inspection {
	uv_work_t work;
	struct tc_inspect_config config;
	char tag[160];
};

/* The first line, or "?". */
static void read_line(const char *dir, const char *file, char *out, size_t size)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
	if (fd >= 0) {
		close(fd);
	}
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (!out[0]) {
		snprintf(out, size, "?");
	}
}

int tc_inspect_thread(const char *dir, char *out, size_t size)
{
	char name[32], stat[512], where[96], call[160];
	read_line(dir, "stat", stat, sizeof(stat));
	const char *state = strrchr(stat, ')'); /* behind the name, which may hold anything */
	if (!state || !state[1]) {
		return -ENOENT;
	}
	read_line(dir, "comm", name, sizeof(name));
	read_line(dir, "wchan", where, sizeof(where));
	read_line(dir, "syscall", call, sizeof(call));
	call[strcspn(call, " ")] = '\0'; /* its number; its arguments are addresses */
	snprintf(out, size, "%s: state %c, waits in %s, system call %s", name, state[2],
		 strcmp(where, "0") == 0 ? "nothing" : where, call);
	return 0;
}

/* On the thread pool. */
static void look(uv_work_t *work)
{
	struct tc_inspection *inspection = work->data;
	char folder[48], dir[96], line[400];
	snprintf(folder, sizeof(folder), "/proc/%d/task", inspection->config.pid);
	DIR *tasks = opendir(folder);
	int count = 0;
	for (struct dirent *e; tasks && count < MAX_THREADS && (e = readdir(tasks));) {
		snprintf(dir, sizeof(dir), "%s/%.16s", folder, e->d_name);
		if (e->d_name[0] != '.' && tc_inspect_thread(dir, line, sizeof(line)) == 0) {
			TC_WARN(inspection->tag, "thread %s %s", e->d_name, line);
			count++;
		}
	}
	if (tasks) {
		closedir(tasks);
	}
}

static void on_looked(uv_work_t *work, int status)
{
	struct tc_inspection *inspection = work->data;
	struct tc_inspect_config config = inspection->config;
	free(inspection);
	if (config.looked) {
		config.looked(config.user);
	}
	config.over(config.over_user);
}

int tc_inspect_start(struct tc_inspection **out, const struct tc_inspect_config *config)
{
	struct tc_inspection *inspection = calloc(1, sizeof(*inspection));
	if (!inspection) {
		return -ENOMEM;
	}
	inspection->config = *config;
	inspection->work.data = inspection;
	snprintf(inspection->tag, sizeof(inspection->tag), "%s", config->tag);
	int err = uv_queue_work(config->loop, &inspection->work, look, on_looked);
	if (err) {
		free(inspection);
		return err;
	}
	*out = inspection;
	return 0;
}

void tc_inspect_forget(struct tc_inspection *inspection)
{
	if (inspection) {
		inspection->config.looked = NULL;
	}
}
