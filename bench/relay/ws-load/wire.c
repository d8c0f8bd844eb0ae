// SPDX-License-Identifier: Apache-2.0
/* HTTP upgrade and WebSocket frames, as little as is needed. */
#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* returns the bytes consumed */
static uint32_t parse_frames(struct conn *c, const uint8_t *p, uint32_t n)
{
	uint32_t at = 0;
	while (n - at >= 2 && c->state != CLOSED) {
		const uint8_t *f = p + at;
		uint64_t len = f[1] & 0x7f;
		uint32_t head = 2;
		if (f[1] & 0x80)
			die("the server sent a masked frame");
		if (len == 126) {
			if (n - at < 4)
				break;
			len = (uint64_t)f[2] << 8 | f[3];
			head = 4;
		} else if (len == 127) {
			if (n - at < 10)
				break;
			len = 0;
			for (int i = 0; i < 8; i++)
				len = len << 8 | f[2 + i];
			head = 10;
		}
		if (len > READ_BUF / 2)
			die("a frame of %" PRIu64 " bytes", len);
		if (n - at < head + len)
			break;
		uint8_t op = f[0] & 0x0f;
		if (!(f[0] & 0x80) || op == 0)
			die("the server sent a fragmented message: not supported");
		if (op == 1) {
			on_text(c, f + head, (uint32_t)len);
		} else if (op == 9) {
			total.pongs++;
			put_frame(c, 10, f + head, (uint32_t)len);
		} else if (op == 8) {
			drop(c, true);
		}
		at += head + (uint32_t)len;
	}
	return at;
}

static void send_join(struct conn *c)
{
	char room[128], user[128], msg[1024];
	const char *role = opt.roles[c->idx % opt.peers];
	room_name(c->idx, room, sizeof room);
	user_name(c->idx, user, sizeof user);
	int n = snprintf(msg, sizeof msg,
			 "{\"type\":\"join\",\"userId\":\"%s\",\"roomId\":\"%s\",\"userRole\":\"%"
			 "s\",\"userName\":\"Load %s\","
			 "\"participantType\":\"%s\"}",
			 user, room, role, user, strcmp(role, "ai") == 0 ? "ai" : "human");
	c->state = JOINING;
	c->t_join = now_ns();
	put_frame(c, 1, msg, (uint32_t)n);
}

/* returns the bytes consumed, 0 when the head is not complete */
static uint32_t parse_upgrade(struct conn *c, const uint8_t *p, uint32_t n)
{
	const uint8_t *end = memmem(p, n, "\r\n\r\n", 4);
	if (end == NULL)
		return 0;
	uint32_t head = (uint32_t)(end - p) + 4;
	if (n < 12 || memcmp(p, "HTTP/1.1 101", 12) != 0)
		die("no upgrade: %.*s", (int)(head > 300 ? 300 : head), p);
	if (memmem(p, head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28) == NULL)
		die("wrong Sec-WebSocket-Accept");
	hist_add(&h_upgrade, now_ns() - c->t_start);
	send_join(c);
	return head;
}

void send_upgrade(struct conn *c)
{
	char head[8192] = "GET ";
	expand(head, sizeof head, opt.path, c->idx);
	if (strstr(opt.path, "{room}") == NULL)
		expand(head, sizeof head, "{room}", c->idx);
	const char *token =
		opt.token_line_count ? opt.token_lines[c->idx % opt.token_line_count] : opt.token;
	if (token) {
		expand(head, sizeof head, strchr(head, '?') ? "&token=" : "?token=", c->idx);
		expand(head, sizeof head, token, c->idx);
	}
	char line[256];
	snprintf(line, sizeof line, " HTTP/1.1\r\nHost: %s:%d\r\n", opt.host, opt.port);
	expand(head, sizeof head, line, c->idx);
	expand(head, sizeof head,
	       "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
	       c->idx);
	if (opt.cookie) {
		expand(head, sizeof head, "Cookie: ", c->idx);
		expand(head, sizeof head, opt.cookie, c->idx);
		expand(head, sizeof head, "\r\n", c->idx);
	}
	for (int i = 0; i < opt.headers_count; i++) {
		expand(head, sizeof head, opt.headers[i], c->idx);
		expand(head, sizeof head, "\r\n", c->idx);
	}
	expand(head, sizeof head, "\r\n", c->idx);
	uint32_t n = (uint32_t)strlen(head);
	out_reserve(c, n);
	memcpy(c->out + c->out_len, head, n);
	c->out_len += n;
	c->state = UPGRADING;
	mark_dirty(c);
}

void on_readable(struct conn *c)
{
	if (c->in_len)
		memcpy(read_buf, c->in, c->in_len);
	ssize_t n = recv(c->fd, read_buf + c->in_len, READ_BUF - c->in_len, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(c, true);
		return;
	}
	uint32_t have = c->in_len + (uint32_t)n, at = 0;
	if (c->state == UPGRADING)
		at = parse_upgrade(c, read_buf, have);
	if (c->state == JOINING || c->state == JOINED)
		at += parse_frames(c, read_buf + at, have - at);
	if (c->state == CLOSED)
		return;
	c->in_len = have - at;
	if (c->in_len > c->in_cap) {
		c->in_cap = c->in_len + 512;
		c->in = xrealloc(c->in, c->in_cap);
	}
	if (c->in_len)
		memcpy(c->in, read_buf + at, c->in_len);
}
