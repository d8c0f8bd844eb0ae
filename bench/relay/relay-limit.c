/* relay-limit: the leanest WebSocket relay that ws-load can be pointed at, a yardstick and no
 * server.
 *
 * One thread, epoll, no JSON parser, no rooms, no checks: it reads a frame, unmasks it, takes the
 * target's number from a fixed offset, puts {"fromId":...,} in front and writes it to the target.
 * It answers any upgrade with the accept value of ws-load's constant key, and any join with an
 * empty peer-discovery. What it reaches is about what this machine allows for one relaying thread.
 *   relay-limit PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_ID = 100000, READ_BUF = 1 << 18 };

struct conn {
	int fd;
	uint32_t id;
	bool open, named, dirty, want_write;
	uint8_t *in, *out;
	uint32_t in_len, in_cap, out_len, out_off, out_cap;
};

static struct conn *by_id[MAX_ID], *dirty[MAX_ID];
static uint32_t dirty_count;
static int ep;
static uint8_t read_buf[READ_BUF];

static const char accepted[] =
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char discovery[] = "{\"type\":\"peer-discovery\",\"peers\":[]}";

static uint8_t *reserve(struct conn *c, uint32_t more)
{
	if (c->out_off && c->out_off == c->out_len)
		c->out_off = c->out_len = 0;
	if (c->out_len + more > c->out_cap) {
		c->out_cap = (c->out_len + more) * 2;
		c->out = realloc(c->out, c->out_cap);
		if (c->out == NULL)
			abort();
	}
	if (!c->dirty) {
		c->dirty = true;
		dirty[dirty_count++] = c;
	}
	return c->out + c->out_len;
}

static void watch(struct conn *c, bool write)
{
	struct epoll_event ev = {.events = EPOLLIN | (write ? EPOLLOUT : 0), .data.ptr = c};
	epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
	c->want_write = write;
}

static void drop(struct conn *c)
{
	if (!c->open)
		return;
	c->open = false;
	if (c->named && by_id[c->id] == c)
		by_id[c->id] = NULL;
	close(c->fd);
}

static void flush_conn(struct conn *c)
{
	while (c->open && c->out_off < c->out_len) {
		ssize_t n = send(c->fd, c->out + c->out_off, c->out_len - c->out_off, MSG_NOSIGNAL);
		if (n > 0) {
			c->out_off += (uint32_t)n;
		} else if (errno == EAGAIN) {
			if (!c->want_write)
				watch(c, true);
			return;
		} else if (errno != EINTR) {
			drop(c);
		}
	}
	if (!c->open)
		return;
	if (c->want_write)
		watch(c, false);
	free(c->out); /* an idle connection keeps no buffer */
	c->out = NULL;
	c->out_len = c->out_off = c->out_cap = 0;
}

/* conns that closed in this turn are freed here, after the last use of their pointers */
static void flush_dirty(struct conn **dead, uint32_t *dead_count)
{
	for (uint32_t i = 0; i < dirty_count; i++) {
		dirty[i]->dirty = false;
		bool was = dirty[i]->open;
		flush_conn(dirty[i]);
		if (was && !dirty[i]->open)
			dead[(*dead_count)++] = dirty[i];
	}
	dirty_count = 0;
	for (uint32_t i = 0; i < *dead_count; i++) {
		free(dead[i]->in);
		free(dead[i]->out);
		free(dead[i]);
	}
	*dead_count = 0;
}

static uint32_t put_head(uint8_t *f, uint32_t len)
{
	f[0] = 0x81;
	if (len < 126) {
		f[1] = (uint8_t)len;
		return 2;
	}
	f[1] = 126;
	f[2] = (uint8_t)(len >> 8);
	f[3] = (uint8_t)len;
	return 4;
}

static uint32_t digits(const uint8_t *p)
{ /* seven digits after the "u" */
	uint32_t v = 0;
	for (int i = 0; i < 7; i++)
		v = v * 10 + (uint32_t)(p[i] - '0');
	return v;
}

static void on_message(struct conn *c, uint8_t *p, uint32_t len)
{
	static const char to_key[] = "{\"toId\":\"u",
			  join_key[] = "{\"type\":\"join\",\"userId\":\"u";
	if (len > sizeof to_key + 7 && memcmp(p, to_key, sizeof to_key - 1) == 0) {
		uint32_t id = digits(p + sizeof to_key - 1);
		struct conn *to = id < MAX_ID ? by_id[id] : NULL;
		if (to == NULL)
			return;
		char from[32]; /* {"fromId":"u0000000", and then the message less its brace */
		uint32_t n = (uint32_t)snprintf(from, sizeof from, "{\"fromId\":\"u%07u\",", c->id),
			 body = n + len - 1;
		uint8_t *f = reserve(to, body + 4);
		uint32_t head = put_head(f, body);
		memcpy(f + head, from, n);
		memcpy(f + head + n, p + 1, len - 1);
		to->out_len += head + body;
	} else if (len > sizeof join_key + 7 && memcmp(p, join_key, sizeof join_key - 1) == 0) {
		c->id = digits(p + sizeof join_key - 1);
		if (c->id >= MAX_ID)
			return;
		c->named = true;
		by_id[c->id] = c;
		uint8_t *f = reserve(c, sizeof discovery + 4);
		uint32_t head = put_head(f, sizeof discovery - 1);
		memcpy(f + head, discovery, sizeof discovery - 1);
		c->out_len += head + (uint32_t)sizeof discovery - 1;
	}
}

static void unmask(uint8_t *p, uint32_t len, const uint8_t key[4])
{
	uint32_t k32;
	memcpy(&k32, key, 4);
	uint64_t k = (uint64_t)k32 << 32 | k32, w;
	uint32_t i = 0;
	for (; i + 8 <= len; i += 8) {
		memcpy(&w, p + i, 8);
		w ^= k;
		memcpy(p + i, &w, 8);
	}
	for (; i < len; i++)
		p[i] ^= key[i & 3];
}

/* returns false when the connection is to be dropped */
static bool on_readable(struct conn *c)
{
	if (c->in_len)
		memcpy(read_buf, c->in, c->in_len);
	ssize_t n = recv(c->fd, read_buf + c->in_len, READ_BUF - c->in_len, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	uint32_t have = c->in_len + (uint32_t)n, at = 0;
	if (read_buf[0] == 'G') {
		uint8_t *end = memmem(read_buf, have, "\r\n\r\n", 4);
		if (end) {
			at = (uint32_t)(end - read_buf) + 4;
			memcpy(reserve(c, sizeof accepted), accepted, sizeof accepted - 1);
			c->out_len += (uint32_t)sizeof accepted - 1;
		}
	}
	while (have - at >= 6 && read_buf[at] != 'G') {
		uint8_t *f = read_buf + at;
		uint32_t len = f[1] & 0x7f, head = 2;
		if (len == 127)
			return false;
		if (len == 126) {
			len = (uint32_t)f[2] << 8 | f[3];
			head = 4;
		}
		if (have - at < head + 4 + len)
			break;
		if ((f[0] & 0x0f) != 1)
			return false;
		unmask(f + head + 4, len, f + head);
		on_message(c, f + head + 4, len);
		at += head + 4 + len;
	}
	c->in_len = have - at;
	if (c->in_len > c->in_cap) {
		c->in_cap = c->in_len;
		c->in = realloc(c->in, c->in_cap);
		if (c->in == NULL)
			abort();
	}
	if (c->in_len) {
		memcpy(c->in, read_buf + at, c->in_len);
	} else {
		free(c->in);
		c->in = NULL;
		c->in_cap = 0;
	}
	return true;
}

int main(int argc, char **argv)
{
	int port = argc > 1 ? atoi(argv[1]) : 3000, one = 1;
	struct rlimit lim;
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);
	signal(SIGPIPE, SIG_IGN);

	int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
	setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(ls, (struct sockaddr *)&a, sizeof a) != 0 || listen(ls, 4096) != 0) {
		perror("relay-limit");
		return 1;
	}
	ep = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL}, evs[512];
	epoll_ctl(ep, EPOLL_CTL_ADD, ls, &ev);
	printf("listening 127.0.0.1:%d pid %d\n", port, (int)getpid());
	fflush(stdout);

	static struct conn *dead[MAX_ID];
	uint32_t dead_count = 0;
	for (;;) {
		int n = epoll_wait(ep, evs, 512, -1);
		for (int i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;
			if (c == NULL) {
				for (int fd; (fd = accept4(ls, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
					setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
					c = calloc(1, sizeof *c);
					if (c == NULL)
						abort();
					c->fd = fd;
					c->open = true;
					ev = (struct epoll_event){.events = EPOLLIN, .data.ptr = c};
					epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
				}
				continue;
			}
			if (!c->open)
				continue;
			if (evs[i].events & EPOLLOUT)
				flush_conn(c);
			if (c->open && (evs[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) &&
			    !on_readable(c))
				drop(c);
			if (!c->open)
				dead[dead_count++] = c;
		}
		flush_dirty(dead, &dead_count);
	}
}
