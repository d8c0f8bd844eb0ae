// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("server.orbs.cgroup");

#define PATH       512
#define MAX_PIDS   512 /* Node has a dozen threads, and so have we */
#define PERIOD_US  100000
#define CPU_FACTOR 2 /* of the limit; see cgroup.h */

struct tc_cgroups {
	double memory_mb, cpu_percent;
	char root[PATH]; /* the group that was delegated */
};

static int write_text(const char *dir, const char *file, const char *text)
{
	char path[PATH + 64];
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0) {
		return -errno;
	}
	ssize_t n = write(fd, text, strlen(text));
	int err = n < 0 ? -errno : 0;
	close(fd);
	return err;
}

/* "" where there is none. */
static void read_text(const char *path, char *out, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
	if (fd >= 0) {
		close(fd);
	}
	out[n > 0 ? n : 0] = '\0';
}

/* The line "0::/path" is version 2's. */
static int find_own(const struct tc_cgroup_config *config, char *out, size_t size)
{
	char text[2048];
	read_text(config->self ? config->self : "/proc/self/cgroup", text, sizeof(text));
	for (const char *line = text; *line; line += *line == '\n') {
		size_t whole = strcspn(line, "\n"), len = whole;
		if (strncmp(line, "0::/", 4) == 0) {
			/* Where systemd runs ExecStartPre: below what it delegated. */
			static const char control[] = "/.control";
			size_t tail = sizeof(control) - 1;
			if (len > tail && memcmp(line + len - tail, control, tail) == 0) {
				len -= tail;
			}
			int n = snprintf(out, size, "%s%.*s",
					 config->mount ? config->mount : "/sys/fs/cgroup",
					 (int)(len - 3), line + 3);
			return n > 0 && (size_t)n < size ? 0 : -ENAMETOOLONG;
		}
		line += whole;
	}
	return -ENOENT;
}

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = text; (at = strstr(at, word)); at += len) {
		if ((at == text || at[-1] == ' ') && strchr(" \n", at[len])) {
			return true;
		}
	}
	return false;
}

static bool has_controllers(const char *root)
{
	char path[PATH + 64], text[256];
	snprintf(path, sizeof(path), "%s/cgroup.controllers", root);
	read_text(path, text, sizeof(text));
	return has_word(text, "cpu") && has_word(text, "memory") && has_word(text, "pids");
}

/* What root may write is not therefore meant for us: systemd marks what it delegated. */
static bool is_delegated(const char *root)
{
	static const char *const marks[] = {"user.delegate", "trusted.delegate"};
	char path[PATH + 64], value;
	struct stat st;
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", root);
	if (access(path, W_OK) != 0 || stat(root, &st) < 0) {
		return false;
	}
	if (geteuid() != 0) {
		return st.st_uid == geteuid();
	}
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (getxattr(root, marks[i], &value, 1) == 1 && value == '1') {
			return true;
		}
	}
	return false;
}

static int check(const struct tc_cgroup_config *config, char *root, size_t size, char *why,
		 size_t why_size)
{
	int err = find_own(config, root, size);
	if (err) {
		snprintf(why, why_size, "no control groups of version 2");
	} else if (!has_controllers(root)) {
		err = -ENOTSUP;
		snprintf(why, why_size, "our control group has not all of cpu, memory, pids");
	} else if (!is_delegated(root)) {
		err = -EACCES;
		snprintf(why, why_size, "our control group is not delegated to us");
	}
	return err;
}

int tc_cgroups_check(const struct tc_cgroup_config *config, char *why, size_t why_size)
{
	char root[PATH];
	return check(config, root, sizeof(root), why, why_size);
}

/* A group that hands controllers on may have no process in it. */
static int hand_on(const char *root)
{
	char server[PATH + 16], own[16];
	snprintf(server, sizeof(server), "%s/server", root);
	snprintf(own, sizeof(own), "%d", (int)getpid());
	if (mkdir(server, 0755) < 0 && errno != EEXIST) {
		return -errno;
	}
	int err = write_text(server, "cgroup.procs", own);
	err = err ? err : write_text(root, "cgroup.subtree_control", "+cpu +memory +pids");
	if (err) { /* EBUSY: somebody else is in it, too */
		(void)write_text(root, "cgroup.procs", own);
		(void)rmdir(server);
	}
	return err;
}

int tc_cgroups_create(struct tc_cgroups **out, const struct tc_cgroup_config *config, char *why,
		      size_t why_size)
{
	char root[PATH];
	int err = check(config, root, sizeof(root), why, why_size);
	if (err) {
		return err;
	}
	struct tc_cgroups *groups = calloc(1, sizeof(*groups));
	err = groups ? hand_on(root) : -ENOMEM;
	if (err) {
		snprintf(why, why_size, "%s: %s", root, tc_err_str(err));
		free(groups);
		return err;
	}
	groups->memory_mb = config->memory_mb;
	groups->cpu_percent = config->cpu_percent;
	memcpy(groups->root, root, sizeof(root));
	*out = groups;
	return 0;
}

void tc_cgroups_destroy(struct tc_cgroups *groups)
{
	free(groups);
}

static void path_of(const struct tc_cgroups *groups, int pid, char *out, size_t size)
{
	snprintf(out, size, "%s/orb-%d", groups->root, pid);
}

static int set_limits(const struct tc_cgroups *groups, const char *dir)
{
	char text[64];
	int err = 0;
	if (groups->memory_mb > 0) {
		snprintf(text, sizeof(text), "%.0f", groups->memory_mb * 1e6);
		err = write_text(dir, "memory.max", text);
		/* All of it or nothing: half an orb serves nobody. */
		(void)write_text(dir, "memory.oom.group", "1");
	}
	if (!err && groups->cpu_percent > 0) {
		snprintf(text, sizeof(text), "%.0f %d",
			 groups->cpu_percent / 100 * CPU_FACTOR * PERIOD_US, PERIOD_US);
		err = write_text(dir, "cpu.max", text);
	}
	snprintf(text, sizeof(text), "%d", MAX_PIDS);
	return err ? err : write_text(dir, "pids.max", text);
}

int tc_cgroups_enter(struct tc_cgroups *groups, int pid)
{
	char dir[PATH + 32], text[16];
	if (!groups) {
		return -ENOTSUP;
	}
	path_of(groups, pid, dir, sizeof(dir));
	snprintf(text, sizeof(text), "%d", pid);
	int err = mkdir(dir, 0755) < 0 && errno != EEXIST ? -errno : 0;
	err = err ? err : set_limits(groups, dir);
	err = err ? err : write_text(dir, "cgroup.procs", text);
	if (err) {
		TC_WARN(NULL, "orb process %d has no control group: %s", pid, tc_err_str(err));
		(void)rmdir(dir);
	}
	return err;
}

long tc_cgroups_out_of_memory(struct tc_cgroups *groups, int pid)
{
	char path[PATH + 64], text[512];
	if (!groups) {
		return 0;
	}
	path_of(groups, pid, path, sizeof(path));
	strcat(path, "/memory.events");
	read_text(path, text, sizeof(text));
	const char *at = strstr(text, "oom_kill ");
	return at ? strtol(at + 9, NULL, 10) : 0;
}

void tc_cgroups_leave(struct tc_cgroups *groups, int pid)
{
	char dir[PATH + 32];
	if (!groups) {
		return;
	}
	path_of(groups, pid, dir, sizeof(dir));
	if (rmdir(dir) == 0 || errno == ENOENT) {
		return;
	}
	/* What it started outlived it. The group is empty when they are reaped, by their parent;
	 * one that is not yet is left behind, which costs nothing. */
	(void)write_text(dir, "cgroup.kill", "1");
	if (rmdir(dir) < 0) {
		TC_DEBUG(NULL, "%s is left behind: %s", dir, tc_err_str(-errno));
	}
}
