// SPDX-License-Identifier: Apache-2.0
/* Connections come, work and go. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

static void start_connection(uint32_t idx, const struct sockaddr_in *to)
{
	struct conn *c = &conns[idx];
	c->idx = idx;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		die("socket: %s (raise ulimit -n?)", strerror(errno));
	int one = 1;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	c->t_start = now_ns();
	if (connect(c->fd, (const struct sockaddr *)to, sizeof *to) != 0 && errno != EINPROGRESS)
		die("connect: %s", strerror(errno));
	c->state = CONNECTING;
	struct epoll_event ev = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
	if (epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) != 0)
		die("epoll_ctl: %s", strerror(errno));
	c->want_write = true;
}

static void on_connected(struct conn *c)
{
	int err = 0;
	socklen_t len = sizeof err;
	getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (err)
		die("connect to %s:%d: %s", opt.host, opt.port, strerror(err));
	send_upgrade(c);
}

/* one turn of the event loop, waiting at most wait_ns */
void turn(uint64_t wait_ns)
{
	static struct epoll_event ev[512];
	struct timespec ts = {.tv_sec = (time_t)(wait_ns / SEC), .tv_nsec = (long)(wait_ns % SEC)};
	flush_dirty();
	int n = epoll_pwait2(ep, ev, 512, &ts, NULL);
	if (n < 0 && errno != EINTR)
		die("epoll_wait: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		struct conn *c = ev[i].data.ptr;
		if (c->state == CONNECTING) {
			on_connected(c);
			continue;
		}
		if (c->state != CLOSED && (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
			on_readable(c);
		if (c->state != CLOSED && (ev[i].events & EPOLLOUT))
			flush_conn(c);
	}
	flush_dirty();
}

void wait_for(double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
	for (uint64_t now; (now = now_ns()) < end;)
		turn(end - now < 100 * MS ? end - now : 100 * MS);
}

void join_up_to(uint32_t count, const struct sockaddr_in *to)
{
	uint64_t last = now_ns();
	uint32_t seen = joined;
	while (joined < count) {
		while (connected < count && connected - joined < opt.connect_window)
			start_connection(connected++, to);
		turn(10 * MS);
		if (joined != seen) {
			seen = joined;
			last = now_ns();
		} else if (now_ns() - last > 15 * SEC) {
			die("stuck: %u of %u joined; first error: %s", joined, count,
			    first_error[0] ? first_error : "none");
		}
		if (total.closed_by_server)
			die("the server closed a connection; first error: %s", first_error);
	}
}

void leave_all(void)
{
	for (uint32_t i = 0; i < connected; i++) {
		struct conn *c = &conns[i];
		if (c->state == CLOSED)
			continue;
		struct linger hard = {1, 0};
		if (opt.abort_close) {
			setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
		} else {
			put_frame(c, 8, "\x03\xe8", 2);
			flush_conn(c);
		}
		drop(c, false);
	}
	dirty_count = 0;
}
