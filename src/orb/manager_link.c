// SPDX-License-Identifier: Apache-2.0
#include "orb/manager_link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"

TC_LOG_TOPIC("orb.channel");

#define BACKLOG_MAX (16u * 1024 * 1024)
/* A server is up again within a second; asking costs one system call. */
#define RETRY_MS 100

struct tc_manager_link {
	int fd; /* owned; -1 once the parent is gone */
	struct tc_loop *loop;
	struct tc_manager_link_events events;
	void *user;
	struct tc_channel_framer framer;
	struct tc_watch *readable, *writable;
	struct tc_buf backlog;
	size_t written; /* of the backlog */

	/* looking for another manager */
	struct sockaddr_un at;
	bool offering;
	struct tc_timer *retry, *window;
};

static void try_again(struct tc_manager_link *link);

static void parent_gone(struct tc_manager_link *link)
{
	if (link->fd < 0) {
		return;
	}
	tc_watch_cancel(link->readable);
	tc_watch_cancel(link->writable);
	link->readable = link->writable = NULL;
	close(link->fd);
	link->fd = -1;
	if (link->offering) {
		try_again(link); /* it hung up before it said a word */
	} else {
		link->events.closed(link->user);
	}
}

static void stop_offering(struct tc_manager_link *link)
{
	tc_timer_cancel(link->retry);
	tc_timer_cancel(link->window);
	link->retry = link->window = NULL;
	link->offering = false;
}

static void on_object(void *user, struct tc_json object)
{
	struct tc_manager_link *link = user;
	struct tc_channel_message message;
	const char *field = NULL;
	if (tc_channel_parse(&message, object, &field) != 0) {
		TC_WARN(NULL, "a message from the manager was dropped: %s is not what it should be",
			field ? field : "type");
		return;
	}
	if (link->offering) {
		stop_offering(link);
	}
	link->events.message(link->user, &message);
}

static void on_dropped(void *user, const char *why, size_t len)
{
	TC_WARN(NULL, "a line of %zu bytes from the manager was dropped: %s", len, why);
}

static void on_readable(void *user)
{
	struct tc_manager_link *link = user;
	char chunk[16384];
	ssize_t n = read(link->fd, chunk, sizeof(chunk));
	if (n > 0) {
		tc_channel_framer_push(&link->framer, chunk, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		parent_gone(link);
	}
}

/* 0: all is out; -EAGAIN: the parent is slow; -EPIPE: it is gone. */
static int write_backlog(struct tc_manager_link *link)
{
	while (link->written < link->backlog.len) {
		ssize_t n = send(link->fd, link->backlog.data + link->written,
				 link->backlog.len - link->written, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0) {
			return errno == EAGAIN ? -EAGAIN : -EPIPE;
		}
		link->written += (size_t)n;
	}
	link->written = 0;
	tc_buf_reset(&link->backlog);
	return 0;
}

static void on_writable(void *user)
{
	struct tc_manager_link *link = user;
	int err = write_backlog(link);
	if (err != -EAGAIN) {
		tc_watch_cancel(link->writable);
		link->writable = NULL;
	}
	if (err == -EPIPE) {
		parent_gone(link);
	} else if (err == 0 && link->events.drained) {
		link->events.drained(link->user);
	}
}

/* --- looking for another manager --- */

static int attach(struct tc_manager_link *link, int fd)
{
	tc_channel_framer_finish(&link->framer); /* half a line of the one before */
	tc_buf_reset(&link->backlog);
	link->written = 0;
	link->fd = fd;
	link->readable = tc_loop_watch(link->loop, fd, on_readable, link);
	return link->readable ? 0 : -ENOMEM;
}

static void introduce(struct tc_manager_link *link)
{
	struct tc_buf line;
	tc_buf_init(&line);
	link->events.introduce(link->user, &line);
	tc_manager_link_send(link, &line);
	tc_buf_finish(&line);
}

static void on_retry(void *user)
{
	struct tc_manager_link *link = user;
	tc_timer_cancel(link->retry);
	link->retry = NULL;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&link->at, sizeof(link->at)) < 0 ||
	    attach(link, fd) != 0) {
		if (fd >= 0) {
			close(fd);
		}
		link->fd = -1;
		try_again(link);
		return;
	}
	TC_INFO(NULL, "a manager is there again");
	introduce(link);
}

static void try_again(struct tc_manager_link *link)
{
	link->retry = tc_loop_timer(link->loop, RETRY_MS, false, on_retry, link);
}

static void on_window(void *user)
{
	struct tc_manager_link *link = user;
	stop_offering(link);
	tc_watch_cancel(link->readable);
	tc_watch_cancel(link->writable);
	link->readable = link->writable = NULL;
	if (link->fd >= 0) {
		close(link->fd);
		link->fd = -1;
	}
	link->events.given_up(link->user);
}

int tc_manager_link_offer(struct tc_manager_link *link, const char *path, int64_t window_ms)
{
	size_t len = strlen(path);
	if (len >= sizeof(link->at.sun_path)) {
		return -ENAMETOOLONG;
	}
	link->at = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(link->at.sun_path, path, len + 1);
	link->window = tc_loop_timer(link->loop, window_ms, false, on_window, link);
	if (!link->window) {
		return -ENOMEM;
	}
	link->offering = true;
	try_again(link);
	return 0;
}

bool tc_manager_link_up(const struct tc_manager_link *link)
{
	return link && link->fd >= 0 && !link->offering;
}

/* Or -ENOENT: nobody gave us a channel; -EBADF. */
static int channel_fd(void)
{
	const char *text = getenv("NODE_CHANNEL_FD");
	if (!text) {
		return -ENOENT;
	}
	char *end;
	long fd = strtol(text, &end, 10);
	bool is_open =
		end != text && !*end && fd >= 0 && fd <= 1 << 20 && fcntl((int)fd, F_GETFD) >= 0;
	return is_open ? (int)fd : -EBADF;
}

int tc_manager_link_check(char *why, size_t size)
{
	if (channel_fd() != -EBADF) {
		return 0;
	}
	snprintf(why, size, "NODE_CHANNEL_FD=%.40s: expected the number of an open socket",
		 getenv("NODE_CHANNEL_FD"));
	return -EBADF;
}

int tc_manager_link_create(struct tc_manager_link **out, struct tc_loop *loop,
			   const struct tc_manager_link_events *events, void *user)
{
	static const struct tc_channel_events framing = {.object = on_object,
							 .dropped = on_dropped};
	int fd = channel_fd();
	if (fd < 0) {
		return fd;
	}
	struct tc_manager_link *link = calloc(1, sizeof(*link));
	if (!link) {
		return -ENOMEM;
	}
	link->fd = fd;
	link->loop = loop;
	link->events = *events;
	link->user = user;
	fcntl(link->fd, F_SETFD, FD_CLOEXEC);
	fcntl(link->fd, F_SETFL, fcntl(link->fd, F_GETFL) | O_NONBLOCK);
	tc_channel_framer_init(&link->framer, &framing, link);
	tc_buf_init(&link->backlog);
	link->readable = tc_loop_watch(loop, link->fd, on_readable, link);
	if (!link->readable) {
		tc_manager_link_destroy(link);
		return -ENOMEM;
	}
	*out = link;
	return 0;
}

void tc_manager_link_send(struct tc_manager_link *link, struct tc_buf *line)
{
	if (link && link->fd >= 0 && !line->err) {
		if (link->backlog.len - link->written > BACKLOG_MAX) {
			TC_WARN(NULL, "the manager does not read: a message was dropped");
		} else {
			tc_buf_put(&link->backlog, line->data, line->len);
		}
		if (!link->writable && write_backlog(link) != 0) {
			/* Slow, or gone: the watch finds out, outside of this call. */
			link->writable =
				tc_loop_watch_write(link->loop, link->fd, on_writable, link);
		}
	}
	tc_buf_reset(line);
}

bool tc_manager_link_busy(const struct tc_manager_link *link)
{
	return link && link->fd >= 0 && link->written < link->backlog.len;
}

void tc_manager_link_destroy(struct tc_manager_link *link)
{
	if (!link) {
		return;
	}
	stop_offering(link);
	tc_watch_cancel(link->readable);
	tc_watch_cancel(link->writable);
	tc_channel_framer_finish(&link->framer);
	tc_buf_finish(&link->backlog);
	if (link->fd >= 0) {
		close(link->fd);
	}
	free(link);
}
