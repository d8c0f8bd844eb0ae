// SPDX-License-Identifier: Apache-2.0
#include "server/control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"

TC_LOG_TOPIC("server.control");

#define BACKLOG       64
#define ASK_MAX       (64 * 1024) /* bytes of a request's line */
#define ASKERS_MAX    64          /* connections at a time that have not asked yet */
#define ASK_TIMEOUT_S 10
#define PAUSE_MS      500

struct asker {
	LIST_ENTRY(asker) next;
	struct tc_control *control; /* borrowed */
	uv_poll_t poll;
	int fd, pid;
	int64_t since_ms;
	struct tc_buf line;
};

struct tc_control {
	struct tc_control_events events;
	void *user;
	uv_poll_t poll;
	uv_timer_t pause; /* running: nobody can be let in for the moment */
	int fd;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	LIST_HEAD(, asker) askers; /* owned */
	int asker_count;
	int open_handles; /* of askers that are closing, and of our own */
	bool closing;
};

/* --- one connection --- */

static void handle_closed(struct tc_control *control)
{
	if (--control->open_handles == 0 && control->closing) {
		free(control);
	}
}

static void on_asker_closed(uv_handle_t *handle)
{
	struct asker *asker = handle->data;
	struct tc_control *control = asker->control;
	tc_buf_finish(&asker->line);
	free(asker);
	handle_closed(control);
}

/* fd: closed unless it was handed on. */
static void end_asker(struct asker *asker)
{
	LIST_REMOVE(asker, next);
	asker->control->asker_count--;
	uv_close((uv_handle_t *)&asker->poll, on_asker_closed);
	if (asker->fd >= 0) {
		close(asker->fd);
		asker->fd = -1;
	}
}

static void send_line(int fd, struct tc_buf *line)
{
	tc_buf_puts(line, "\n");
	/* An answer fits into an empty socket; who does not read it gets none. */
	if (!line->err) {
		(void)send(fd, line->data, line->len, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
}

static void answer(struct asker *asker, struct tc_json object)
{
	struct tc_control *control = asker->control;
	char type[64];
	struct tc_buf reply;
	tc_buf_init(&reply);
	if (tc_json_get_str(object, "type", type, sizeof(type)) < 0 ||
	    !control->events.request(control->user, type, &reply)) {
		tc_buf_reset(&reply);
		tc_buf_puts(&reply,
			    "{\"error\":\"expected a type: adopt, orbs, drain or status\"}");
	}
	send_line(asker->fd, &reply);
	tc_buf_finish(&reply);
}

static void hand_on(struct asker *asker, const struct tc_channel_message *adopt)
{
	struct tc_control *control = asker->control;
	int fd = fcntl(asker->fd, F_DUPFD_CLOEXEC, 10); /* the old number goes with the poll */
	if (fd < 0) {
		TC_ERROR(NULL, "an orb was not taken: %s", tc_err_str(-errno));
		return;
	}
	control->events.adopt(control->user, fd, asker->pid, adopt);
}

static void handle_line(struct asker *asker, const char *text, size_t len)
{
	struct tc_json object;
	struct tc_channel_message message;
	const char *field = NULL;
	if (tc_json_parse(&object, text, len, NULL) || tc_json_type(object) != TC_JSON_OBJECT) {
		struct tc_buf reply;
		tc_buf_init(&reply);
		tc_buf_puts(&reply, "{\"error\":\"expected a JSON object in one line\"}");
		send_line(asker->fd, &reply);
		tc_buf_finish(&reply);
	} else if (tc_channel_parse(&message, object, &field) == 0 &&
		   message.type == TC_CHANNEL_ADOPT) {
		hand_on(asker, &message);
	} else {
		answer(asker, object);
	}
}

static void on_asker_readable(uv_poll_t *poll, int status, int events)
{
	struct asker *asker = poll->data;
	char chunk[4096];
	/* One line is all that comes before our answer: nothing behind it is read, so that the
	 * callee of adopt finds the stream whole. */
	ssize_t n = recv(asker->fd, chunk, sizeof(chunk), MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (n <= 0 || asker->line.len + (size_t)n > ASK_MAX) {
		end_asker(asker);
		return;
	}
	const char *newline = memchr(chunk, '\n', (size_t)n);
	size_t take = newline ? (size_t)(newline - chunk) + 1 : (size_t)n;
	if (recv(asker->fd, chunk, take, MSG_DONTWAIT) != (ssize_t)take) {
		end_asker(asker);
		return;
	}
	tc_buf_put(&asker->line, chunk, take);
	if (newline && !asker->line.err) {
		handle_line(asker, asker->line.data, asker->line.len - 1);
	}
	if (newline || asker->line.err) {
		end_asker(asker);
	}
}

/* --- the door --- */

static bool may_ask(int fd, int *pid)
{
	struct ucred who;
	socklen_t len = sizeof(who);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0) {
		return false;
	}
	*pid = who.pid;
	return who.uid == geteuid() || who.uid == 0;
}

static void drop_the_silent(struct tc_control *control)
{
	int64_t now = (int64_t)uv_now(control->poll.loop);
	for (struct asker *asker = LIST_FIRST(&control->askers), *next; asker; asker = next) {
		next = LIST_NEXT(asker, next);
		if (now - asker->since_ms > ASK_TIMEOUT_S * 1000) {
			end_asker(asker);
		}
	}
}

static void let_in(struct tc_control *control, int fd, int pid)
{
	struct asker *asker = calloc(1, sizeof(*asker));
	if (!asker || uv_poll_init(control->poll.loop, &asker->poll, fd) != 0) {
		free(asker);
		close(fd);
		return;
	}
	asker->control = control;
	asker->poll.data = asker;
	asker->fd = fd;
	asker->pid = pid;
	asker->since_ms = (int64_t)uv_now(control->poll.loop);
	tc_buf_init(&asker->line);
	LIST_INSERT_HEAD(&control->askers, asker, next);
	control->asker_count++;
	control->open_handles++;
	uv_poll_start(&asker->poll, UV_READABLE, on_asker_readable);
}

static void on_connection(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
	struct tc_control *control = timer->data;
	uv_poll_start(&control->poll, UV_READABLE, on_connection);
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
	struct tc_control *control = poll->data;
	int pid = 0;
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0) {
		/* Out of descriptors, most likely, and who waits keeps the poll ready: not at once
		 * again. */
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			TC_WARN(NULL, "a connection was not taken: %s", tc_err_str(-errno));
			uv_poll_stop(&control->poll);
			uv_timer_start(&control->pause, on_pause_over, PAUSE_MS, 0);
		}
		return;
	}
	drop_the_silent(control);
	if (!may_ask(fd, &pid) || control->asker_count >= ASKERS_MAX) {
		TC_WARN(NULL, "a connection of process %d was refused", pid);
		close(fd);
		return;
	}
	let_in(control, fd, pid);
}

/* --- life --- */

static int name(struct sockaddr_un *at, const char *path)
{
	size_t len = strlen(path);
	*at = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (len >= sizeof(at->sun_path)) {
		return -ENAMETOOLONG;
	}
	memcpy(at->sun_path, path, len + 1);
	return 0;
}

static bool answers(const struct sockaddr_un *at)
{
	/* EAGAIN: somebody listens, and does not come to accept. */
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool there = fd >= 0 && (connect(fd, (const struct sockaddr *)at, sizeof(*at)) == 0 ||
				 errno == EAGAIN);
	if (fd >= 0) {
		close(fd);
	}
	return there;
}

static int listen_at(const struct sockaddr_un *at)
{
	if (answers(at)) {
		return -EADDRINUSE;
	}
	(void)unlink(at->sun_path); /* of a server that is gone */
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return -errno;
	}
	if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) < 0 ||
	    chmod(at->sun_path, 0600) < 0 || listen(fd, BACKLOG) < 0) {
		int err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int tc_control_create(struct tc_control **out, struct uv_loop_s *loop, const char *path,
		      const struct tc_control_events *events, void *user)
{
	struct sockaddr_un at;
	int err = name(&at, path);
	int fd = err ? err : listen_at(&at);
	if (fd < 0) {
		return fd;
	}
	struct tc_control *control = calloc(1, sizeof(*control));
	if (!control) {
		close(fd);
		return -ENOMEM;
	}
	control->events = *events;
	control->user = user;
	control->fd = fd;
	memcpy(control->path, at.sun_path, sizeof(control->path));
	LIST_INIT(&control->askers);
	TC_ASSERT(uv_poll_init(loop, &control->poll, fd) == 0);
	control->poll.data = control;
	uv_timer_init(loop, &control->pause);
	control->pause.data = control;
	control->open_handles = 2;
	uv_poll_start(&control->poll, UV_READABLE, on_connection);
	*out = control;
	return 0;
}

void tc_control_touch(const struct tc_control *control)
{
	if (control) {
		(void)utimensat(AT_FDCWD, control->path, NULL, 0);
	}
}

int64_t tc_control_last_life(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		return 0;
	}
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

static void on_own_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

void tc_control_close(struct tc_control *control)
{
	if (!control) {
		return;
	}
	control->closing = true;
	while (!LIST_EMPTY(&control->askers)) {
		end_asker(LIST_FIRST(&control->askers));
	}
	tc_control_touch(control);
	uv_close((uv_handle_t *)&control->poll, on_own_closed);
	uv_close((uv_handle_t *)&control->pause, on_own_closed);
	close(control->fd);
}
