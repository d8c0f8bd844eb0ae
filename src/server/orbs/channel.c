// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "server/orbs/child_priv.h"

TC_LOG_TOPIC("server.orbs.child");

#define READ_BYTES (16 * 1024)
/* What a dead program left in its pipes; a grandchild that holds one open may write for ever. */
#define REST_BYTES (16 * 1024 * 1024)

static void on_object(void *user, struct tc_json object)
{
	struct tc_child *child = user;
	child->events.message(child->user, object);
}

static void on_dropped(void *user, const char *why, size_t len)
{
	struct tc_child *child = user;
	TC_WARN(child->tag, "a channel line of %zu bytes was dropped: %s", len, why);
}

const struct tc_channel_events tc_child_channel_events = {on_object, on_dropped};

void tc_child_source_end(struct tc_child_source *source)
{
	if (source->fd < 0) {
		return;
	}
	/* uv_close, and first: libuv (1.44) takes the number out of epoll in uv_poll_stop and again
	 * in uv_close, and by then it could be another's. */
	uv_close((uv_handle_t *)&source->poll, tc_child_on_source_closed);
	close(source->fd);
	source->fd = -1;
	if (source->which == TC_CHILD_CHANNEL) {
		TC_DEBUG(source->child->tag, "channel closed");
	}
}

static void feed(struct tc_child_source *source, const char *data, size_t len)
{
	struct tc_child *child = source->child;
	int64_t now = (int64_t)uv_now(source->poll.loop);
	switch (source->which) {
	case TC_CHILD_CHANNEL:
		tc_channel_framer_push(&child->framer, data, len);
		break;
	case TC_CHILD_STDOUT:
		tc_lines_push(&child->out, data, len, now);
		break;
	case TC_CHILD_STDERR:
		tc_lines_push(&child->err, data, len, now);
		break;
	case TC_CHILD_STREAMS:
		break;
	}
}

/* The bytes read; 0: nothing there now, or the end (fd is -1 then). */
static size_t read_some(struct tc_child_source *source)
{
	char data[READ_BYTES];
	ssize_t n;
	do {
		n = read(source->fd, data, sizeof(data));
	} while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN) {
		return 0;
	}
	if (n <= 0) {
		tc_child_source_end(source);
		return 0;
	}
	feed(source, data, (size_t)n);
	return (size_t)n;
}

/* --- out --- */

/* -EAGAIN: the socket is full; the rest waits for writability. */
static int send_unsent(struct tc_child *child)
{
	struct tc_child_source *channel = &child->source[TC_CHILD_CHANNEL];
	while (child->sent < child->unsent.len) {
		ssize_t n = send(channel->fd, child->unsent.data + child->sent,
				 child->unsent.len - child->sent, MSG_NOSIGNAL);
		if (n >= 0) {
			child->sent += (size_t)n;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	tc_buf_reset(&child->unsent);
	child->sent = 0;
	return 0;
}

/* What is to be said is asked for only when all before it is gone: a program that does not read
 * costs one line of memory, and hears the newest state when it reads again. */
static void pump(struct tc_child *child)
{
	struct tc_child_source *channel = &child->source[TC_CHILD_CHANNEL];
	while (channel->fd >= 0 && !child->hung_up) {
		int err = send_unsent(child);
		if (err == -EAGAIN) {
			return;
		}
		if (err) {
			/* It hung up, or died. What it had said before is still to be read. */
			TC_DEBUG(child->tag, "channel: %s", tc_err_str(err));
			child->hung_up = true;
			tc_buf_reset(&child->unsent);
			return;
		}
		child->events.next_line(child->user, &child->unsent);
		if (child->unsent.err || child->unsent.len == 0) {
			tc_buf_reset(&child->unsent);
			return;
		}
	}
}

/* --- in --- */

void tc_child_watch(struct tc_child *child, struct tc_child_source *source)
{
	if (source->fd < 0) {
		return;
	}
	bool paused = uv_is_active((uv_handle_t *)&child->window);
	int events = paused ? 0 : UV_READABLE;
	if (source->which == TC_CHILD_CHANNEL && child->unsent.len > 0) {
		events |= UV_WRITABLE;
	}
	if (events) {
		uv_poll_start(&source->poll, events, tc_child_on_readable);
	} else {
		uv_poll_stop(&source->poll);
	}
}

static void watch_all(struct tc_child *child)
{
	for (int i = 0; i < TC_CHILD_STREAMS; i++) {
		tc_child_watch(child, &child->source[i]);
	}
}

static void on_window(uv_timer_t *timer)
{
	struct tc_child *child = timer->data;
	watch_all(child);
}

static void count_read(struct tc_child *child, size_t n)
{
	int64_t now = (int64_t)uv_now(child->window.loop);
	if (now - child->window_start_ms >= TC_CHILD_WINDOW_MS) {
		child->window_start_ms = now;
		child->window_bytes = 0;
	}
	child->window_bytes += n;
	if (child->window_bytes >= TC_CHILD_WINDOW_BYTES &&
	    !uv_is_active((uv_handle_t *)&child->window)) {
		uv_timer_start(&child->window, on_window, TC_CHILD_WINDOW_MS, 0);
		watch_all(child);
	}
}

void tc_child_on_readable(uv_poll_t *poll, int status, int events)
{
	struct tc_child_source *source = poll->data;
	struct tc_child *child = source->child;
	if (source->fd < 0 || child->reaped) {
		return;
	}
	if (events & UV_WRITABLE) {
		pump(child);
		tc_child_watch(child, source);
	}
	if ((events & UV_READABLE || status < 0) && source->fd >= 0) {
		count_read(child, read_some(source));
	}
	/* POLLERR (a channel closed with our words unread): libuv stopped the poll, yet there may
	 * be data before the error; the read that meets the error ends the source. */
	if (status < 0) {
		tc_child_watch(child, source);
	}
}

void tc_child_read_rest(struct tc_child *child)
{
	for (int i = 0; i < TC_CHILD_STREAMS; i++) {
		struct tc_child_source *source = &child->source[i];
		size_t total = 0;
		for (size_t n = 1; n && source->fd >= 0 && total < REST_BYTES; total += n) {
			n = read_some(source);
		}
		tc_child_source_end(source);
	}
	int64_t now = (int64_t)uv_now(child->window.loop);
	tc_lines_flush(&child->out, now);
	tc_lines_flush(&child->err, now);
}

void tc_child_poke(struct tc_child *child)
{
	struct tc_child_source *channel = &child->source[TC_CHILD_CHANNEL];
	if (channel->fd >= 0 && child->unsent.len == 0) {
		pump(child);
		tc_child_watch(child, channel);
	}
}

bool tc_child_channel_open(const struct tc_child *child)
{
	return child->source[TC_CHILD_CHANNEL].fd >= 0 && !child->hung_up;
}
