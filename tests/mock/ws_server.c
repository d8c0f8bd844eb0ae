// SPDX-License-Identifier: Apache-2.0
#include "mock/ws_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>

#define ROOM (512 * 1024)

struct tc_ws_server {
	struct tc_loop *loop;
	struct tc_ws_server_events events;
	void *user;
	int listener, socket; /* socket -1: nobody */
	int port, status;
	bool open;
	struct tc_watch *accepting, *reading;
	char data[ROOM];
	size_t len;
};

static void put(struct tc_ws_server *s, const void *data, size_t len)
{
	const char *at = data;
	while (len > 0 && s->socket >= 0) {
		ssize_t n = send(s->socket, at, len, MSG_NOSIGNAL);
		if (n <= 0) {
			return;
		}
		at += n;
		len -= (size_t)n;
	}
}

void tc_ws_server_drop(struct tc_ws_server *s)
{
	if (s->socket >= 0) {
		tc_watch_cancel(s->reading);
		s->reading = NULL;
		close(s->socket);
		s->socket = -1;
		s->open = false;
		s->len = 0;
	}
}

static void put_frame(struct tc_ws_server *s, int first, const void *data, size_t len)
{
	uint8_t head[10] = {(uint8_t)first, (uint8_t)(len < 126 ? len : len < 65536 ? 126 : 127)};
	size_t size = 2;
	for (int shift = len < 126 ? -1 : len < 65536 ? 8 : 56; shift >= 0; shift -= 8) {
		head[size++] = (uint8_t)((uint64_t)len >> shift);
	}
	put(s, head, size);
	put(s, data, len);
}

void tc_ws_server_send(struct tc_ws_server *s, const char *text, size_t len, size_t pieces)
{
	size_t each = len / pieces;
	for (size_t i = 0; i < pieces; i++) {
		bool last = i + 1 == pieces;
		put_frame(s, (last ? 0x80 : 0) | (i == 0 ? 1 : 0), text + i * each,
			  last ? len - i * each : each);
	}
}

void tc_ws_server_close(struct tc_ws_server *s, int code)
{
	uint8_t body[] = {(uint8_t)(code >> 8), (uint8_t)code, 'n', 'o'};
	put_frame(s, 0x88, body, sizeof(body));
}

static void upgrade(struct tc_ws_server *s)
{
	static const char name[] = "Sec-WebSocket-Key: ";
	const char *key = strcasestr(s->data, name);
	assert(key);
	key += sizeof(name) - 1;
	char text[128], answer[256];
	snprintf(text, sizeof(text), "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
		 (int)strcspn(key, "\r"), key);
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
	guint8 digest[20];
	gsize size = sizeof(digest);
	g_checksum_update(sum, (const guchar *)text, -1);
	g_checksum_get_digest(sum, digest, &size);
	g_checksum_free(sum);
	gchar *accept_key = g_base64_encode(digest, size);
	int len = snprintf(answer, sizeof(answer),
			   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
			   "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
			   accept_key);
	g_free(accept_key);
	put(s, answer, (size_t)len);
	s->open = true;
}

static void take_request(struct tc_ws_server *s)
{
	char *end = strstr(s->data, "\r\n\r\n");
	if (!end) {
		return;
	}
	end[2] = '\0';
	if (s->status != 101) {
		char answer[128];
		int len = snprintf(answer, sizeof(answer),
				   "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n", s->status);
		put(s, answer, (size_t)len);
		shutdown(s->socket, SHUT_WR);
		s->len = 0;
		return;
	}
	upgrade(s);
	s->events.opened(s->user, s->data);
	s->len = 0; /* a client waits for the answer before it says more */
}

/* One whole frame of the client, if there is one: they are masked and we take no pieces. */
static bool take_frame(struct tc_ws_server *s)
{
	uint8_t *d = (uint8_t *)s->data;
	size_t head = 2, len = s->len >= 2 ? d[1] & 0x7f : 0;
	if (s->len >= 4 && len == 126) {
		len = (size_t)d[2] << 8 | d[3];
		head = 4;
	}
	if (s->len < head + 4 + len || (s->len < 4 && len == 126)) {
		return false;
	}
	char *text = malloc(len + 1);
	for (size_t i = 0; i < len; i++) {
		text[i] = (char)(d[head + 4 + i] ^ d[head + i % 4]);
	}
	text[len] = '\0';
	int opcode = d[0] & 15;
	memmove(s->data, s->data + head + 4 + len, s->len - head - 4 - len);
	s->len -= head + 4 + len;
	if (opcode == 1) {
		s->events.text(s->user, text, len);
	} else if (opcode == 9) {
		put_frame(s, 0x8a, text, len);
	}
	free(text);
	return s->socket >= 0;
}

static void on_readable(void *user)
{
	struct tc_ws_server *s = user;
	ssize_t n = recv(s->socket, s->data + s->len, ROOM - 1 - s->len, 0);
	if (n <= 0) {
		tc_ws_server_drop(s);
		s->events.gone(s->user);
		return;
	}
	s->len += (size_t)n;
	s->data[s->len] = '\0';
	if (!s->open) {
		take_request(s);
		return;
	}
	while (take_frame(s)) {
	}
}

static void on_connection(void *user)
{
	struct tc_ws_server *s = user;
	int fd = accept(s->listener, NULL, NULL);
	if (fd >= 0) {
		tc_ws_server_drop(s);
		s->socket = fd;
		s->reading = tc_loop_watch(s->loop, fd, on_readable, s);
	}
}

struct tc_ws_server *tc_ws_server_create(struct tc_loop *loop,
					 const struct tc_ws_server_events *events, void *user)
{
	struct tc_ws_server *s = calloc(1, sizeof(*s));
	assert(s);
	*s = (struct tc_ws_server){
		.loop = loop, .events = *events, .user = user, .socket = -1, .status = 101};
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(at);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err = bind(s->listener, (struct sockaddr *)&at, sizeof(at));
	err = err ? err : listen(s->listener, 8);
	err = err ? err : getsockname(s->listener, (struct sockaddr *)&at, &size);
	assert(!err);
	s->port = ntohs(at.sin_port);
	s->accepting = tc_loop_watch(loop, s->listener, on_connection, s);
	return s;
}

void tc_ws_server_destroy(struct tc_ws_server *s)
{
	tc_ws_server_drop(s);
	tc_watch_cancel(s->accepting);
	close(s->listener);
	free(s);
}

int tc_ws_server_port(const struct tc_ws_server *s)
{
	return s->port;
}

void tc_ws_server_refuse(struct tc_ws_server *s, int status)
{
	s->status = status;
}
