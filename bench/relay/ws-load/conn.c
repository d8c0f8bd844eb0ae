// SPDX-License-Identifier: Apache-2.0
/* One connection: its names, what waits to be sent. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct conn *conns;
uint32_t conn_count, connected, joined;
struct conn **dirty;
uint32_t dirty_count;
int ep = -1;
uint8_t *read_buf;

struct total total;
char first_error[512];

struct hist h_upgrade, h_join, h_candidate, h_offer, h_all;
bool sending, measuring;
double offer_debt;
uint64_t t_origin;

void room_name(uint32_t idx, char *out, size_t n)
{
	snprintf(out, n, "%s%05u", opt.room_prefix, idx / opt.peers);
}

void user_name(uint32_t idx, char *out, size_t n)
{
	snprintf(out, n, "%s%07u", opt.user_prefix, idx);
}

/* appends src to out with {room}, {user} and {role} replaced */
void expand(char *out, size_t cap, const char *src, uint32_t idx)
{
	size_t n = strlen(out);
	char room[128], user[128];
	room_name(idx, room, sizeof room);
	user_name(idx, user, sizeof user);
	while (*src && n + 1 < cap) {
		const char *with = NULL;
		size_t skip = 6;
		if (strncmp(src, "{room}", 6) == 0)
			with = room;
		else if (strncmp(src, "{user}", 6) == 0)
			with = user;
		else if (strncmp(src, "{role}", 6) == 0)
			with = opt.roles[idx % opt.peers];
		if (with) {
			n += (size_t)snprintf(out + n, cap - n, "%s", with);
			src += skip;
		} else {
			out[n++] = *src++;
			out[n] = 0;
		}
	}
	if (n + 1 >= cap)
		die("request head too long");
}

void out_reserve(struct conn *c, uint32_t more)
{
	if (c->out_off && c->out_off == c->out_len)
		c->out_off = c->out_len = 0;
	if (c->out_len + more <= c->out_cap)
		return;
	if (c->out_off) {
		memmove(c->out, c->out + c->out_off, c->out_len - c->out_off);
		c->out_len -= c->out_off;
		c->out_off = 0;
	}
	if (c->out_len + more > c->out_cap) {
		c->out_cap = (c->out_len + more) * 2;
		c->out = xrealloc(c->out, c->out_cap);
	}
}

void mark_dirty(struct conn *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	dirty[dirty_count++] = c;
}

static void watch(struct conn *c, bool write)
{
	struct epoll_event ev = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = c};
	if (epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev) != 0)
		die("epoll_ctl: %s", strerror(errno));
	c->want_write = write;
}

void drop(struct conn *c, bool by_server)
{
	if (c->state == CLOSED)
		return;
	if (by_server)
		total.closed_by_server++;
	if (c->state == JOINED)
		joined--;
	close(c->fd);
	c->fd = -1;
	c->state = CLOSED;
}

void flush_conn(struct conn *c)
{
	while (c->state != CLOSED && c->out_off < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_off, c->out_len - c->out_off, MSG_NOSIGNAL);
		if (n > 0) {
			c->out_off += (uint32_t)n;
		} else if (errno == EAGAIN) {
			if (!c->want_write)
				watch(c, true);
			return;
		} else if (errno != EINTR) {
			drop(c, true);
			return;
		}
	}
	if (c->state != CLOSED && c->want_write)
		watch(c, false);
}

void flush_dirty(void)
{
	for (uint32_t i = 0; i < dirty_count; i++) {
		dirty[i]->dirty = false;
		flush_conn(dirty[i]);
	}
	dirty_count = 0;
}

void put_frame(struct conn *c, uint8_t opcode, const void *data, uint32_t len)
{
	out_reserve(c, len + 16);
	uint8_t *f = c->out + c->out_len;
	uint32_t head = frame_head(f, opcode, len);
	for (uint32_t i = 0; i < len; i++)
		f[head + i] = ((const uint8_t *)data)[i] ^ mask_key[i & 3];
	c->out_len += head + len;
	mark_dirty(c);
}
