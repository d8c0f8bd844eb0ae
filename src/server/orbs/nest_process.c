// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/nest_priv.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/pass.h"
#include "server/orbs/child_priv.h"

TC_LOG_TOPIC("server.orbs.nest");

#define STRAY_MS 5 /* between two looks for what a dead nest left */

static void on_closed(uv_handle_t *handle)
{
	struct tc_nest_process *process = handle->data;
	if (--process->open_handles == 0) {
		struct tc_nest *nest = process->nest;
		free(process);
		tc_nest_handle_closed(nest);
	}
}

static void on_source_closed(uv_handle_t *handle)
{
	handle->data = ((struct tc_nest_source *)handle->data)->process;
	on_closed(handle);
}

static void close_source(struct tc_nest_source *source)
{
	if (source->fd >= 0) {
		uv_close((uv_handle_t *)&source->poll, on_source_closed);
		close(source->fd);
		source->fd = -1;
	}
}

static void read_lines(struct tc_nest_source *source)
{
	struct tc_nest_process *process = source->process;
	struct tc_lines *lines = source->which == TC_NEST_OUT ? &process->out : &process->err;
	int64_t now = (int64_t)uv_now(process->nest->config.loop);
	char chunk[4096];
	ssize_t n = read(source->fd, chunk, sizeof(chunk));
	if (n > 0) {
		tc_lines_push(lines, chunk, (size_t)n, now);
	} else if (n == 0 || errno != EAGAIN) {
		tc_lines_flush(lines, now);
		close_source(source);
	}
}

static void on_control(struct tc_nest_process *process)
{
	struct tc_nest_note note;
	int fds[TC_PASS_MAX];
	int n = tc_pass_recv(process->source[TC_NEST_CONTROL].fd, &note, sizeof(note), fds);
	if (n == -EAGAIN) {
		return;
	}
	int err = n > 0 ? tc_nest_note_take(&note, &note, (size_t)n) : n;
	struct tc_nest *nest = process->nest;
	if (!err && n > 0 && note.word == TC_NEST_SPARE && fds[0] >= 0) {
		tc_nest_on_spare(nest, (pid_t)note.value, fds[0]);
		fds[0] = -1;
	} else if (!err && n > 0 && note.word == TC_NEST_HELLO) {
		tc_nest_on_hello(nest);
	} else if (!err && n > 0 && note.word == TC_NEST_PONG) {
		nest->ponged = note.value;
	} else {
		if (err) {
			TC_WARN(NULL, "the nest is not understood: another version of aiorb?");
		}
		close_source(&process->source[TC_NEST_CONTROL]); /* so it ends */
	}
	for (int i = 0; i < TC_PASS_MAX; i++) {
		if (fds[i] >= 0) {
			close(fds[i]);
		}
	}
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct tc_nest_source *source = poll->data;
	if (source->which == TC_NEST_CONTROL) {
		on_control(source->process);
	} else {
		read_lines(source);
	}
}

/* The nest's group is ours to reap: it, what it was just making, and spares that were not ready.
 * Only members of a group that nobody else can have while one of them is left. */
static bool reap_group(pid_t group)
{
	siginfo_t info;
	do {
		info.si_pid = 0;
		if (waitid(P_PGID, (id_t)group, &info, WEXITED | WNOHANG) < 0) {
			return errno == ECHILD;
		}
	} while (info.si_pid != 0);
	return false;
}

static void on_strays(uv_timer_t *timer)
{
	struct tc_nest_process *process = timer->data;
	if (reap_group(process->pid)) {
		uv_close((uv_handle_t *)timer, on_closed);
	}
}

static void on_exit_readable(uv_poll_t *poll, int status, int events)
{
	struct tc_nest_process *process = poll->data;
	struct tc_nest *nest = process->nest;
	siginfo_t info = {0};
	char how[64];
	if (waitid(P_PIDFD, (id_t)process->pidfd, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == 0) {
		return;
	}
	snprintf(how, sizeof(how), "%s %d",
		 info.si_code == CLD_EXITED ? "exited with" : "ended by signal", info.si_status);
	uv_close((uv_handle_t *)&process->exit_poll, on_closed);
	close(process->pidfd);
	/* Spares of ours in that group are told from the strays: nest_spare.c reaps them. */
	struct tc_spare *spare;
	TAILQ_FOREACH(spare, &nest->spares, in_nest)
	{
		setpgid(spare->pid, spare->pid);
	}
	kill(-process->pid, SIGKILL); /* not reaped yet, so the number is still its own */
	read_lines(&process->source[TC_NEST_ERR]);
	for (int i = 0; i < TC_NEST_STREAMS; i++) {
		close_source(&process->source[i]);
	}
	uv_timer_start(&process->strays, on_strays, 0, STRAY_MS);
	tc_nest_on_process_end(nest, how);
}

static void init_handles(struct tc_nest_process *process, const int fds[TC_NEST_STREAMS])
{
	struct uv_loop_s *loop = process->nest->config.loop;
	TC_ASSERT(uv_poll_init(loop, &process->exit_poll, process->pidfd) == 0);
	process->exit_poll.data = process;
	uv_timer_init(loop, &process->strays);
	process->strays.data = process;
	process->open_handles = 2 + TC_NEST_STREAMS;
	for (int i = 0; i < TC_NEST_STREAMS; i++) {
		struct tc_nest_source *source = &process->source[i];
		*source = (struct tc_nest_source){
			.process = process, .which = (enum tc_nest_stream)i, .fd = fds[i]};
		TC_ASSERT(uv_poll_init(loop, &source->poll, fds[i]) == 0);
		source->poll.data = source;
		uv_poll_start(&source->poll, UV_READABLE, on_readable);
	}
	uv_poll_start(&process->exit_poll, UV_READABLE, on_exit_readable);
}

int tc_nest_process_start(struct tc_nest *nest, char *why, size_t why_size)
{
	struct tc_nest_process *process = calloc(1, sizeof(*process));
	if (!process) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	int fds[TC_CHILD_STREAMS];
	struct tc_child_config config = {
		.argv = nest->argv.list, .envp = nest->env.list, .packets = true};
	int err = tc_child_start(&config, &process->pid, &process->pidfd, fds, why, why_size);
	if (err) {
		free(process);
		return err;
	}
	int64_t now = (int64_t)uv_now(nest->config.loop);
	process->nest = nest;
	tc_lines_init(&process->out, "nest", now);
	tc_lines_init(&process->err, "nest", now);
	init_handles(process, (const int[]){fds[TC_CHILD_CHANNEL], fds[TC_CHILD_STDOUT],
					    fds[TC_CHILD_STDERR]});
	nest->open_handles++;
	nest->process = process;
	return 0;
}

void tc_nest_process_tell(struct tc_nest_process *process, enum tc_nest_word word, uint32_t value)
{
	struct tc_nest_note note;
	tc_nest_note_set(&note, word, value);
	int fd = process->source[TC_NEST_CONTROL].fd;
	int err = fd < 0 ? -EPIPE : tc_pass_send(fd, &note, sizeof(note), NULL, 0);
	if (err) {
		TC_DEBUG(NULL, "the nest takes no note"); /* a ping will miss its pong */
	}
}

void tc_nest_process_end(struct tc_nest_process *process, bool at_once)
{
	close_source(&process->source[TC_NEST_CONTROL]); /* it ends when it sees that */
	if (at_once) {
		pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0);
	}
}
