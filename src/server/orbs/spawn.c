// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "server/orbs/child_priv.h"
#include "server/orbs/launch.h"

/* Our descriptors lie above this while they are duplicated, so that no dup2 closes the next one's
 * source. */
#define ABOVE_STDIO 10

void tc_child_close_all(int fds[TC_CHILD_STREAMS])
{
	for (int i = 0; i < TC_CHILD_STREAMS; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
		fds[i] = -1;
	}
}

/* Moves fd up out of the way of stdio; -1 stays. */
static int lift(int fd)
{
	if (fd < 0 || fd >= ABOVE_STDIO) {
		return fd;
	}
	int high = fcntl(fd, F_DUPFD_CLOEXEC, ABOVE_STDIO);
	close(fd);
	return high;
}

static int open_ends(struct tc_child_ends *ends, int type)
{
	int pair[TC_CHILD_STREAMS][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
	bool ok = socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair[0]) == 0 &&
		  pipe2(pair[1], O_CLOEXEC) == 0 && pipe2(pair[2], O_CLOEXEC) == 0;
	int err = ok ? 0 : -errno;
	for (int i = 0; i < TC_CHILD_STREAMS; i++) {
		ends->ours[i] = lift(pair[i][0]);
		ends->theirs[i] = lift(pair[i][1]);
		if (!err && (ends->ours[i] < 0 || ends->theirs[i] < 0)) {
			err = -errno;
		}
		/* Only our ends: the child's are its own business (Node sets them as it likes). */
		if (!err && fcntl(ends->ours[i], F_SETFL, O_NONBLOCK) < 0) {
			err = -errno;
		}
	}
	return err;
}

static int run(const struct tc_child_config *config, const int theirs[TC_CHILD_STREAMS], pid_t *pid)
{
	const struct tc_launch launch = {
		.argv = config->argv,
		.envp = config->envp,
		.work_dir = config->work_dir,
		.fds = {theirs[TC_CHILD_CHANNEL], theirs[TC_CHILD_STDOUT], theirs[TC_CHILD_STDERR]},
		.leashed = config->leashed,
	};
	return tc_launch(&launch, pid);
}

static int check_dir(const char *dir)
{
	struct stat st;
	if (!dir) {
		return 0;
	}
	if (stat(dir, &st) < 0) {
		return -errno;
	}
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

int tc_child_open_ends(const struct tc_child_config *config, struct tc_child_ends *ends, char *why,
		       size_t why_size)
{
	/* ENOENT of the folder and of the program look the same behind tc_launch(). */
	int err = check_dir(config->work_dir);
	if (err) {
		snprintf(why, why_size, "working directory %s: %s", config->work_dir,
			 tc_err_str(err));
		return err;
	}
	err = open_ends(ends, config->packets ? SOCK_SEQPACKET : SOCK_STREAM);
	if (err) {
		tc_child_close_all(ends->ours);
		tc_child_close_all(ends->theirs);
		snprintf(why, why_size, "cannot start %s: %s", config->argv[0], tc_err_str(err));
	}
	return err;
}

int tc_child_execute(const struct tc_child_config *config, const int theirs[TC_CHILD_STREAMS],
		     pid_t *pid, int *pidfd)
{
	int err = run(config, theirs, pid);
	if (err) {
		return err;
	}
	*pidfd = pidfd_open(*pid, 0);
	if (*pidfd < 0) {
		err = -errno;
		kill(-*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	return err;
}

int tc_child_start(const struct tc_child_config *config, pid_t *pid, int *pidfd,
		   int fds[TC_CHILD_STREAMS], char *why, size_t why_size)
{
	struct tc_child_ends ends;
	int err = tc_child_open_ends(config, &ends, why, why_size);
	if (err) {
		return err;
	}
	err = tc_child_execute(config, ends.theirs, pid, pidfd);
	tc_child_close_all(ends.theirs);
	if (err) {
		tc_child_close_all(ends.ours);
		snprintf(why, why_size, "cannot start %s: %s", config->argv[0], tc_err_str(err));
		return err;
	}
	memcpy(fds, ends.ours, sizeof(ends.ours));
	return 0;
}
