// SPDX-License-Identifier: Apache-2.0
#include "orb/nest/nest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/pass.h"
#include "orb/args.h"
#include "orb/nest/spare.h"
#include "orb/nest/title.h"
#include "orb/painter.h"
#include "orb/session/engines.h"
#include "orb/session/session.h"
#include "proto/nest.h"

TC_LOG_TOPIC("orb.nest");

/* Blocks from here on have pages of their own: what an orb frees or grows lies apart from what
 * all of them only read. glibc would raise this by itself when it frees a large block. */
#define MMAP_FROM (64 * 1024)

static int count_threads(void)
{
	int count = 0;
	DIR *dir = opendir("/proc/self/task");
	for (struct dirent *e; dir && (e = readdir(dir));) {
		count += e->d_name[0] != '.';
	}
	if (dir) {
		closedir(dir);
	}
	return count;
}

static int tell(enum tc_nest_word word, uint32_t value, int fd)
{
	struct tc_nest_note note;
	tc_nest_note_set(&note, word, value);
	return tc_pass_send(TC_NEST_FD, &note, sizeof(note), &fd, fd >= 0 ? 1 : 0);
}

/* In the process between: it exits at once, so that its child has no parent but tricall. */
static void bear(int pid_pipe)
{
	pid_t pid = fork();
	if (pid == 0) {
		return;
	}
	ssize_t n = write(pid_pipe, &pid, sizeof(pid));
	_exit(pid > 0 && n == (ssize_t)sizeof(pid) ? 0 : 1);
}

/* Returns in the nest: the spare's pid or a negative error; and, with 0, in the spare. */
static pid_t fork_orphan(void)
{
	int pid_pipe[2];
	if (pipe2(pid_pipe, O_CLOEXEC) < 0) {
		return -errno;
	}
	pid_t between = fork();
	if (between == 0) {
		bear(pid_pipe[1]);
		close(pid_pipe[0]);
		close(pid_pipe[1]);
		return 0;
	}
	int err = between < 0 ? -errno : 0;
	close(pid_pipe[1]);
	pid_t pid = -1;
	int status = 0;
	/* Reaped: from here on the spare is tricall's child. */
	while (between > 0 && waitpid(between, &status, 0) < 0 && errno == EINTR) {
	}
	if (!err && (read(pid_pipe[0], &pid, sizeof(pid)) != (ssize_t)sizeof(pid) || pid <= 0)) {
		err = -EAGAIN;
	}
	close(pid_pipe[0]);
	return err ? err : pid;
}

/* 0 in the nest; in a spare: its socket. */
static int make_spare(void)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		TC_ERROR(NULL, "no socket for a spare: %s", strerror(errno));
		return 0;
	}
	pid_t pid = fork_orphan();
	if (pid == 0) {
		close(pair[0]);
		close(TC_NEST_FD);
		return pair[1];
	}
	if (pid < 0) {
		TC_ERROR(NULL, "cannot fork: %s", tc_err_str((int)pid));
	} else if (tell(TC_NEST_SPARE, (uint32_t)pid, pair[0]) != 0) {
		TC_DEBUG(NULL, "nobody takes the spare"); /* its socket closes: it ends */
	}
	close(pair[0]);
	close(pair[1]);
	return 0;
}

/* Serves tricall. 0: it is gone; else we are a spare, and this is its socket. */
static int serve(void)
{
	for (;;) {
		int fds[TC_PASS_MAX];
		struct tc_nest_note note;
		int n = tc_pass_recv(TC_NEST_FD, &note, sizeof(note), fds);
		if (n <= 0 || tc_nest_note_take(&note, &note, (size_t)n) != 0) {
			return 0;
		}
		if (note.word == TC_NEST_PING) {
			tell(TC_NEST_PONG, note.value, -1);
		} else if (note.word == TC_NEST_FORK) {
			int sock = make_spare();
			if (sock > 0) {
				return sock;
			}
		}
	}
}

static int prepare(int argc, char **argv, struct tc_orb_args *args)
{
	char error[256] = "";
	if (tc_title_init(argc, argv) != 0 ||
	    tc_orb_args_parse_env(args, error, sizeof(error)) != 0 ||
	    tc_log_init(args->log_level,
			strcmp(args->log_format, "json") == 0 ? TC_LOG_JSON : TC_LOG_TEXT) != 0) {
		TC_ERROR(NULL, "%s", error[0] ? error : "bad settings");
		return TC_EXIT_USAGE;
	}
	tc_title_say("aiorb: nest"); /* before it takes long: it is no orb while it loads, either */
	mallopt(M_MMAP_THRESHOLD, MMAP_FROM);
	if (tc_engines_preload(args, error, sizeof(error)) != 0) {
		TC_ERROR(NULL, "%s", error);
		return TC_EXIT_DEFECT;
	}
	if (tc_painter_prepare() != 0) {
		TC_WARN(NULL, "no picture prepared: each orb makes its own");
	}
	malloc_trim(0);
	int threads = count_threads();
	if (threads != 1) {
		TC_ERROR(NULL, "a library has started %d threads: they would not live in an orb",
			 threads - 1);
		return TC_EXIT_DEFECT;
	}
	return TC_EXIT_OK;
}

int tc_orb_nest_main(int argc, char **argv, int (*orb)(int argc, char **argv))
{
	prctl(PR_SET_NAME, "orb-nest");
	signal(SIGPIPE, SIG_IGN);
	struct tc_orb_args args;
	int exit_code = prepare(argc, argv, &args);
	if (exit_code == TC_EXIT_OK) {
		tell(TC_NEST_HELLO, 0, -1);
		int sock = serve();
		if (sock > 0) {
			return tc_spare_main(sock, &args, orb);
		}
	}
	tc_painter_forget();
	tc_engines_forget();
	tc_orb_args_finish(&args);
	return exit_code;
}
