// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/nest_priv.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/pass.h"

static void on_closed(uv_handle_t *handle)
{
	struct tc_spare *spare = handle->data;
	if (--spare->open_handles == 0) {
		struct tc_nest *nest = spare->nest;
		free(spare);
		tc_nest_handle_closed(nest);
	}
}

static void dispose(struct tc_spare *spare)
{
	uv_close((uv_handle_t *)&spare->exit_poll, on_closed);
	uv_close((uv_handle_t *)&spare->sock_poll, on_closed);
	if (spare->sock >= 0) {
		close(spare->sock);
	}
	if (spare->pidfd >= 0) {
		close(spare->pidfd);
	}
	spare->sock = spare->pidfd = -1;
}

static void on_exit_readable(uv_poll_t *poll, int status, int events)
{
	struct tc_spare *spare = poll->data;
	siginfo_t info = {0};
	char how[64];
	if (waitid(P_PIDFD, (id_t)spare->pidfd, &info, WEXITED | WNOHANG) == 0 &&
	    info.si_pid == 0) {
		return;
	}
	snprintf(how, sizeof(how), "%s %d",
		 info.si_code == CLD_EXITED ? "exited with" : "ended by signal", info.si_status);
	TAILQ_REMOVE(&spare->nest->spares, spare, in_nest);
	dispose(spare);
	tc_nest_on_spare_end(spare->nest, spare, how);
}

static void on_sock(uv_poll_t *poll, int status, int events)
{
	struct tc_spare *spare = poll->data;
	struct tc_nest_note note;
	int fds[TC_PASS_MAX];
	int n = tc_pass_recv(spare->sock, &note, sizeof(note), fds);
	if (n == -EAGAIN) {
		return;
	}
	for (int i = 0; i < TC_PASS_MAX; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
	if (n > 0 && tc_nest_note_take(&note, &note, (size_t)n) == 0 &&
	    note.word == TC_NEST_READY && !spare->ready && !spare->condemned) {
		/* Out of the nest's group: it does not end with the nest any more. */
		setpgid(spare->pid, spare->pid);
		spare->ready = true;
		tc_nest_on_spare_ready(spare->nest, spare);
		return;
	}
	/* It ends, or talks nonsense. Its exit is the event. */
	uv_poll_stop(&spare->sock_poll);
	if (n > 0) {
		tc_spare_condemn(spare);
	}
}

int tc_spare_create(struct tc_nest *nest, pid_t pid, int sock)
{
	siginfo_t info = {0};
	/* A child of ours, or its number might be anybody's: nobody else reaps it. */
	int err = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ? -errno : 0;
	int pidfd = err ? -1 : pidfd_open(pid, 0);
	err = err ? err : pidfd < 0 ? -errno : 0;
	struct tc_spare *spare = err ? NULL : calloc(1, sizeof(*spare));
	if (!spare) {
		close(sock);
		if (pidfd >= 0) {
			kill(pid, SIGKILL);
			waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED);
			close(pidfd);
		}
		return err ? err : -ENOMEM;
	}
	*spare = (struct tc_spare){.nest = nest, .pid = pid, .pidfd = pidfd, .sock = sock};
	/* Fails only for a descriptor epoll cannot watch. */
	TC_ASSERT(uv_poll_init(nest->config.loop, &spare->exit_poll, pidfd) == 0);
	TC_ASSERT(uv_poll_init(nest->config.loop, &spare->sock_poll, sock) == 0); /* non-blocking */
	spare->exit_poll.data = spare->sock_poll.data = spare;
	spare->open_handles = 2;
	nest->open_handles++;
	TAILQ_INSERT_TAIL(&nest->spares, spare, in_nest);
	uv_poll_start(&spare->exit_poll, UV_READABLE, on_exit_readable);
	uv_poll_start(&spare->sock_poll, UV_READABLE, on_sock);
	return 0;
}

void tc_spare_condemn(struct tc_spare *spare)
{
	spare->condemned = true;
	spare->ready = false;
	pidfd_send_signal(spare->pidfd, SIGKILL, NULL, 0);
}

bool tc_spare_alive(const struct tc_spare *spare)
{
	struct pollfd fds[2] = {{.fd = spare->pidfd, .events = POLLIN},
				{.fd = spare->sock, .events = POLLIN}};
	return poll(fds, 2, 0) == 0;
}

bool tc_spare_stopped(const struct tc_spare *spare)
{
	siginfo_t info = {0};
	return waitid(P_PIDFD, (id_t)spare->pidfd, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid != 0;
}

void tc_spare_hand_over(struct tc_spare *spare, pid_t *pid, int *pidfd)
{
	*pid = spare->pid;
	*pidfd = spare->pidfd;
	uv_poll_stop(&spare->exit_poll); /* the caller watches it now */
	spare->pidfd = -1;
	TAILQ_REMOVE(&spare->nest->spares, spare, in_nest);
	dispose(spare);
}
