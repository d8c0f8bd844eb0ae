// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "proto/nest.h"
#include "server/orbs/child_priv.h"
#include "server/orbs/nest.h"

TC_LOG_TOPIC("server.orbs.child");

/* Its number may be another's by now: nothing is sent to it. */
static void adopted_is_gone(struct tc_child *child)
{
	tc_child_read_rest(child);
	child->reaped = true;
	uv_poll_stop(&child->exit_poll);
	uv_timer_stop(&child->window);
	child->events.exited(child->user, (struct tc_child_exit){.unknown = true});
}

static void on_exit_readable(uv_poll_t *poll, int status, int events)
{
	struct tc_child *child = poll->data;
	siginfo_t info = {0};
	int how = WEXITED | WNOHANG;
	if (child->adopted && !child->reaped) {
		adopted_is_gone(child);
		return;
	}
	if (child->reaped ||
	    (waitid(P_PIDFD, (id_t)child->pidfd, &info, how | WNOWAIT) == 0 && info.si_pid == 0)) {
		return;
	}
	/* Dead but not reaped, so its group's number cannot be another's: whoever it left behind
	 * goes with it, and lets go of the pipes. */
	kill(-child->pid, SIGKILL);
	tc_child_read_rest(child);
	if (waitid(P_PIDFD, (id_t)child->pidfd, &info, how) < 0) {
		TC_ERROR(child->tag, "waitid: %s", tc_err_str(errno));
	}
	child->reaped = true;
	uv_poll_stop(&child->exit_poll);
	uv_timer_stop(&child->window);
	child->events.exited(child->user,
			     (struct tc_child_exit){.signaled = info.si_code != CLD_EXITED,
						    .status = info.si_status});
}

static void init_source(struct tc_child *child, struct uv_loop_s *loop, enum tc_child_stream which,
			int fd)
{
	struct tc_child_source *source = &child->source[which];
	*source = (struct tc_child_source){.child = child, .which = which, .fd = fd};
	if (fd < 0) {
		return;
	}
	/* Fails only for a descriptor epoll cannot watch; pipes and sockets it can. */
	TC_ASSERT(uv_poll_init(loop, &source->poll, fd) == 0);
	source->poll.data = source;
	child->open_handles++;
	tc_child_watch(child, source);
}

static void watch_exit(struct tc_child *child)
{
	TC_ASSERT(uv_poll_init(child->window.loop, &child->exit_poll, child->pidfd) == 0);
	child->exit_poll.data = child;
	child->open_handles++;
	uv_poll_start(&child->exit_poll, UV_READABLE, on_exit_readable);
}

static void init_handles(struct tc_child *child, struct uv_loop_s *loop,
			 const int fds[TC_CHILD_STREAMS])
{
	uv_timer_init(loop, &child->window);
	child->window.data = child;
	child->open_handles = 1;
	for (int i = 0; i < TC_CHILD_STREAMS; i++) {
		init_source(child, loop, (enum tc_child_stream)i, fds[i]);
	}
	if (child->pidfd >= 0) {
		watch_exit(child);
	}
}

static void init(struct tc_child *child, struct uv_loop_s *loop, const char *tag,
		 const int fds[TC_CHILD_STREAMS], const struct tc_child_events *events, void *user)
{
	int64_t now = (int64_t)uv_now(loop);
	snprintf(child->tag, sizeof(child->tag), "%s", tag);
	child->events = *events;
	child->user = user;
	tc_channel_framer_init(&child->framer, &tc_child_channel_events, child);
	tc_lines_init(&child->out, child->tag, now);
	tc_lines_init(&child->err, child->tag, now);
	tc_buf_init(&child->unsent);
	init_handles(child, loop, fds);
}

/* --- waiting for a process --- */

static void never_was(struct tc_child *child, int err)
{
	tc_child_read_rest(child); /* nothing; it ends the sources */
	child->reaped = true;
	uv_timer_stop(&child->window);
	child->events.exited(child->user, (struct tc_child_exit){.never = true, .err = err});
}

static void on_taken(void *user, int err, pid_t pid, int pidfd, const struct tc_nest_order *order)
{
	struct tc_child *child = user;
	child->taker = NULL;
	if (err && order) {
		const struct tc_child_config config = {
			.argv = order->argv, .envp = order->envp, .work_dir = order->dir};
		err = tc_child_execute(&config, child->theirs, &pid, &pidfd);
	}
	tc_child_close_all(child->theirs);
	if (err) {
		never_was(child, err);
		return;
	}
	child->pid = pid;
	child->pidfd = pidfd;
	watch_exit(child);
	child->events.started(child->user);
}

static void on_called_off(uv_timer_t *timer)
{
	never_was(timer->data, 0);
}

/* The window is free for it: nobody writes to us. */
static void call_off(struct tc_child *child)
{
	tc_nest_leave(child->taker);
	child->taker = NULL;
	tc_child_close_all(child->theirs);
	uv_timer_start(&child->window, on_called_off, 0, 0);
}

/* From the nest at once, or later, or executed. */
static int obtain(struct tc_child *child, const struct tc_child_config *config,
		  struct tc_child_ends *ends)
{
	int err = tc_nest_take(config->nest, config, ends->theirs, &child->pid, &child->pidfd);
	if (err &&
	    tc_nest_wait(&child->taker, config->nest, config, ends->theirs, on_taken, child) == 0) {
		memcpy(child->theirs, ends->theirs, sizeof(child->theirs));
		return 0;
	}
	if (err) {
		err = tc_child_execute(config, ends->theirs, &child->pid, &child->pidfd);
	}
	tc_child_close_all(ends->theirs);
	if (err) {
		tc_child_close_all(ends->ours);
	}
	return err;
}

int tc_child_spawn(struct tc_child **out, const struct tc_child_config *config,
		   const struct tc_child_events *events, void *user, char *why, size_t why_size)
{
	struct tc_child *child = calloc(1, sizeof(*child));
	if (!child) {
		snprintf(why, why_size, "%s", tc_err_str(-ENOMEM));
		return -ENOMEM;
	}
	child->pidfd = -1;
	struct tc_child_ends ends;
	int err = tc_child_open_ends(config, &ends, why, why_size);
	if (!err && (err = obtain(child, config, &ends))) {
		snprintf(why, why_size, "cannot start %s: %s", config->argv[0], tc_err_str(err));
	}
	if (err) {
		free(child);
		return err;
	}
	init(child, config->loop, config->tag, ends.ours, events, user);
	*out = child;
	return 0;
}

int tc_child_adopt(struct tc_child **out, struct uv_loop_s *loop, const char *tag, int pid, int fd,
		   const struct tc_child_events *events, void *user)
{
	struct tc_child *child = calloc(1, sizeof(*child));
	if (!child) {
		return -ENOMEM;
	}
	child->pid = pid;
	child->adopted = true;
	child->pidfd = pidfd_open(pid, 0);
	if (child->pidfd < 0) {
		int err = -errno;
		free(child);
		return err;
	}
	const int fds[TC_CHILD_STREAMS] = {
		[TC_CHILD_CHANNEL] = fd, [TC_CHILD_STDOUT] = -1, [TC_CHILD_STDERR] = -1};
	init(child, loop, tag, fds, events, user);
	*out = child;
	return 0;
}

static void handle_closed(struct tc_child *child)
{
	if (--child->open_handles > 0) {
		return;
	}
	void (*done)(void *user) = child->done;
	void *user = child->done_user;
	tc_channel_framer_finish(&child->framer);
	tc_buf_finish(&child->unsent);
	free(child);
	if (done) {
		done(user);
	}
}

void tc_child_on_source_closed(uv_handle_t *handle)
{
	handle_closed(((struct tc_child_source *)handle->data)->child);
}

static void on_own_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

void tc_child_close(struct tc_child *child, void (*done)(void *user), void *user)
{
	TC_ASSERT(child->reaped && !child->closing);
	child->closing = true;
	child->done = done;
	child->done_user = user;
	uv_close((uv_handle_t *)&child->window, on_own_closed);
	if (child->pidfd >= 0) {
		uv_close((uv_handle_t *)&child->exit_poll, on_own_closed);
		/* Behind uv_close: see tc_child_source_end(). */
		close(child->pidfd);
		child->pidfd = -1;
	}
}

void tc_child_let_go(struct tc_child *child, void (*done)(void *user), void *user)
{
	for (int i = 0; i < TC_CHILD_STREAMS; i++) {
		tc_child_source_end(&child->source[i]);
	}
	child->reaped = true; /* no business of ours */
	tc_child_close(child, done, user);
}

int tc_child_pid(const struct tc_child *child)
{
	return child->pid;
}

void tc_child_signal(struct tc_child *child, int signal_number)
{
	bool there = child->pidfd >= 0 && !child->reaped;
	if (there && pidfd_send_signal(child->pidfd, signal_number, NULL, 0) < 0) {
		TC_WARN(child->tag, "signal %d: %s", signal_number, tc_err_str(errno));
	}
}

void tc_child_kill(struct tc_child *child)
{
	if (child->taker) {
		call_off(child);
	} else if (child->pidfd >= 0 && !child->reaped) {
		/* Of one that is not our child nothing holds the number once it is dead. */
		if (!child->adopted || pidfd_send_signal(child->pidfd, 0, NULL, 0) == 0) {
			kill(-child->pid, SIGKILL);
		}
		/* It may have left its group (setsid). */
		pidfd_send_signal(child->pidfd, SIGKILL, NULL, 0);
	}
}
