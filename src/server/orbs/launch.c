// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHANNEL_FD 3

static const int places[TC_LAUNCH_FDS] = {CHANNEL_FD, STDOUT_FILENO, STDERR_FILENO};

/* --- in the child: only what may be called between vfork and exec --- */

/* Ours and not its own: an ignored SIGPIPE or a blocked SIGTERM would outlive exec. A handler of
 * ours must not run in there either, so nothing is let through before all are gone. */
static void reset_signals(void)
{
	const struct sigaction usual = {.sa_handler = SIG_DFL};
	sigset_t none;
	for (int i = 1; i < NSIG; i++) {
		(void)sigaction(i, &usual, NULL); /* two of them cannot be set, nor need it */
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static int place_fds(const struct tc_launch *launch)
{
	int null = open("/dev/null", O_RDONLY);
	if (null < 0 || (null != STDIN_FILENO && dup2(null, STDIN_FILENO) < 0)) {
		return -errno;
	}
	for (size_t i = 0; i < TC_LAUNCH_FDS; i++) {
		if (dup2(launch->fds[i], places[i]) < 0) {
			return -errno;
		}
	}
	/* Ours are all close-on-exec; a library's may not be. */
	closefrom(CHANNEL_FD + 1);
	return 0;
}

/* Whoever died before we asked sends no signal any more: then our parent is another by now. */
static int leash(pid_t parent)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return -errno;
	}
	if (getppid() != parent) {
		_exit(1);
	}
	return 0;
}

static int become(const struct tc_launch *launch, pid_t parent)
{
	const struct rlimit none = {0, 0};
	int err = setpgid(0, 0) < 0 ? -errno : 0;
	err = err ? err : place_fds(launch);
	if (!err && launch->work_dir && chdir(launch->work_dir) < 0) {
		err = -errno;
	}
	if (!err && setrlimit(RLIMIT_CORE, &none) < 0) {
		err = -errno;
	}
	err = err || !launch->leashed ? err : leash(parent);
	if (!err) {
		reset_signals();
		execvpe(launch->argv[0], launch->argv, launch->envp);
		err = -errno;
	}
	return err;
}

/* --- in the parent --- */

/* A frame of its own: whatever the child leaves on the stack lies below the caller's. */
__attribute__((noinline)) static pid_t split(const struct tc_launch *launch, volatile int *err)
{
	pid_t parent = getpid();
	pid_t pid = vfork();
	if (pid == 0) {
		*err = become(launch, parent);
		_exit(127);
	}
	if (pid < 0) {
		*err = -errno;
	}
	return pid;
}

int tc_launch(const struct tc_launch *launch, pid_t *pid)
{
	volatile int err = 0;
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	*pid = split(launch, &err);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err && *pid > 0) {
		while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR) {
		}
	}
	return err;
}
