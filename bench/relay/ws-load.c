/* ws-load: load client for the room signaling protocol (/ws-simple/:roomId, JSON text frames).
 *
 * Plain C11 on Linux, one thread, epoll, no dependency. It speaks to loopback addresses only.
 * `ws-load --help` prints the options; README.md explains the figures.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---------------------------------------------------------------- small helpers */

enum { MAX_ROLES = 8, MAX_STEPS = 8, MAX_PIDS = 8, MAX_HEADERS = 16, MAX_PAYLOAD = 65536 };

#define MS  1000000ull
#define SEC 1000000000ull

static uint64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SEC + (uint64_t)ts.tv_nsec;
}

static _Noreturn void die(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fputs("ws-load: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

static void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n);
	if (p == NULL)
		die("out of memory");
	return p;
}

/* ---------------------------------------------------------------- latency histogram
 * Log-linear: 64 buckets an octave (1.6 % wide), nanoseconds, whole 64-bit range. */

enum { SUB_BITS = 6, SUB = 1 << SUB_BITS, BUCKETS = (64 - SUB_BITS + 1) * SUB };

struct hist {
	uint64_t count, sum, max;
	uint64_t bucket[BUCKETS];
};

static unsigned hist_index(uint64_t v)
{
	if (v < SUB)
		return (unsigned)v;
	unsigned shift = 63u - (unsigned)__builtin_clzll(v) - SUB_BITS;
	return (shift + 1) * SUB + (unsigned)((v >> shift) - SUB);
}

static uint64_t hist_value(unsigned i)
{ /* middle of bucket i */
	if (i < SUB)
		return i;
	unsigned shift = i / SUB - 1;
	return ((uint64_t)(i % SUB + SUB) << shift) + ((1ull << shift) >> 1);
}

static void hist_add(struct hist *h, uint64_t v)
{
	h->count++;
	h->sum += v;
	if (v > h->max)
		h->max = v;
	h->bucket[hist_index(v)]++;
}

static double hist_us(const struct hist *h, double q)
{
	if (h->count == 0)
		return 0;
	uint64_t want = (uint64_t)(q * (double)h->count), seen = 0;
	if (want >= h->count)
		want = h->count - 1;
	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen > want)
			return (double)(hist_value(i) < h->max ? hist_value(i) : h->max) / 1e3;
	}
	return (double)h->max / 1e3;
}

/* ---------------------------------------------------------------- options */

static struct options {
	const char *host, *path, *room_prefix, *user_prefix, *token, *cookie, *headers[MAX_HEADERS];
	char **token_lines;
	size_t token_line_count;
	int headers_count;
	int port;
	uint32_t rooms;
	const char *roles[MAX_ROLES];
	uint32_t peers;
	double seconds, warmup, settle, rate, offer_pct;
	uint32_t window, connect_window, candidate_bytes, offer_bytes;
	uint32_t idle[MAX_STEPS], idle_steps;
	int pids[MAX_PIDS], pid_count;
	bool json, abort_close, check_from;
} opt = {
	.host = "127.0.0.1",
	.path = "/ws-simple/",
	.room_prefix = "load",
	.user_prefix = "u",
	.port = 3000,
	.rooms = 100,
	.roles = {"coach", "client", "ai"},
	.peers = 3,
	.seconds = 5,
	.warmup = 1,
	.settle = 2,
	.offer_pct = 5,
	.window = 1,
	.connect_window = 64,
	.candidate_bytes = 250,
	.offer_bytes = 4096,
	.check_from = true,
};

static const char usage_text[] =
	"usage: ws-load [options]\n"
	"  target        --host A (loopback, default 127.0.0.1) --port N (3000) --path P "
	"(/ws-simple/)\n"
	"  who           --rooms R (100) --roles coach,client,ai --room-prefix S --user-prefix S\n"
	"  credentials   --cookie STRING --token STRING (query ?token=) --token-file F (line i "
	"for\n"
	"                connection i) --header 'Name: value' (repeatable); in all of them "
	"{room},\n"
	"                {user} and {role} are replaced for each connection\n"
	"  load          --seconds N (5) --warmup N (1) --window W (1, closed loop: messages in "
	"flight\n"
	"                on each ordered pair) or --rate X (open loop, messages/s over all pairs)\n"
	"                --offer-pct P (5) --candidate-bytes N (250) --offer-bytes N (4096)\n"
	"  idle          --idle N[,N...]: join N idle connections, print server memory at each "
	"step\n"
	"                --settle S (2, seconds before each reading)\n"
	"  server        --pid P[,P...]: server processes for memory and CPU figures\n"
	"  other         --connect-window N (64 handshakes at once) --abort (close by RST)\n"
	"                --no-from-check --json (one JSON object on the last line)\n";

static void parse_list(const char *s, uint32_t *out, uint32_t *n, uint32_t cap)
{
	for (*n = 0; *s && *n < cap;) {
		char *end;
		out[(*n)++] = (uint32_t)strtoul(s, &end, 10);
		s = *end == ',' ? end + 1 : end;
		if (*end && *end != ',')
			die("bad list '%s'", s);
	}
}

static void read_token_file(const char *name)
{
	FILE *f = fopen(name, "r");
	if (f == NULL)
		die("cannot open %s", name);
	char *line = NULL;
	size_t cap = 0;
	for (ssize_t n; (n = getline(&line, &cap, f)) > 0;) {
		while (n > 0 && isspace((unsigned char)line[n - 1]))
			line[--n] = 0;
		opt.token_lines =
			xrealloc(opt.token_lines, (opt.token_line_count + 1) * sizeof(char *));
		opt.token_lines[opt.token_line_count++] = strdup(line);
	}
	free(line);
	fclose(f);
}

static void parse_options(int argc, char **argv)
{
	enum {
		HOST = 256,
		PORT,
		PATH,
		ROOMS,
		ROLES,
		RPFX,
		UPFX,
		COOKIE,
		TOKEN,
		TFILE,
		HEADER,
		SECONDS,
		WARMUP,
		WINDOW,
		RATE,
		OPCT,
		CBYTES,
		OBYTES,
		IDLE,
		SETTLE,
		PID,
		CWIN,
		ABORT,
		NOFROM,
		JSON,
		HELP
	};
	static const struct option longs[] = {
		{"host", 1, 0, HOST},
		{"port", 1, 0, PORT},
		{"path", 1, 0, PATH},
		{"rooms", 1, 0, ROOMS},
		{"roles", 1, 0, ROLES},
		{"room-prefix", 1, 0, RPFX},
		{"user-prefix", 1, 0, UPFX},
		{"cookie", 1, 0, COOKIE},
		{"token", 1, 0, TOKEN},
		{"token-file", 1, 0, TFILE},
		{"header", 1, 0, HEADER},
		{"seconds", 1, 0, SECONDS},
		{"warmup", 1, 0, WARMUP},
		{"window", 1, 0, WINDOW},
		{"rate", 1, 0, RATE},
		{"offer-pct", 1, 0, OPCT},
		{"candidate-bytes", 1, 0, CBYTES},
		{"offer-bytes", 1, 0, OBYTES},
		{"idle", 1, 0, IDLE},
		{"settle", 1, 0, SETTLE},
		{"pid", 1, 0, PID},
		{"connect-window", 1, 0, CWIN},
		{"abort", 0, 0, ABORT},
		{"no-from-check", 0, 0, NOFROM},
		{"json", 0, 0, JSON},
		{"help", 0, 0, HELP},
		{0, 0, 0, 0},
	};
	for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;)
		switch (c) {
		case HOST:
			opt.host = optarg;
			break;
		case PORT:
			opt.port = atoi(optarg);
			break;
		case PATH:
			opt.path = optarg;
			break;
		case ROOMS:
			opt.rooms = (uint32_t)atoi(optarg);
			break;
		case ROLES: {
			char *save = NULL, *copy = strdup(optarg);
			opt.peers = 0;
			for (char *t = strtok_r(copy, ",", &save); t && opt.peers < MAX_ROLES;
			     t = strtok_r(NULL, ",", &save))
				opt.roles[opt.peers++] = t;
			break;
		}
		case RPFX:
			opt.room_prefix = optarg;
			break;
		case UPFX:
			opt.user_prefix = optarg;
			break;
		case COOKIE:
			opt.cookie = optarg;
			break;
		case TOKEN:
			opt.token = optarg;
			break;
		case TFILE:
			read_token_file(optarg);
			break;
		case HEADER:
			if (opt.headers_count == MAX_HEADERS)
				die("too many headers");
			opt.headers[opt.headers_count++] = optarg;
			break;
		case SECONDS:
			opt.seconds = atof(optarg);
			break;
		case WARMUP:
			opt.warmup = atof(optarg);
			break;
		case WINDOW:
			opt.window = (uint32_t)atoi(optarg);
			break;
		case RATE:
			opt.rate = atof(optarg);
			break;
		case OPCT:
			opt.offer_pct = atof(optarg);
			break;
		case CBYTES:
			opt.candidate_bytes = (uint32_t)atoi(optarg);
			break;
		case OBYTES:
			opt.offer_bytes = (uint32_t)atoi(optarg);
			break;
		case IDLE:
			parse_list(optarg, opt.idle, &opt.idle_steps, MAX_STEPS);
			break;
		case SETTLE:
			opt.settle = atof(optarg);
			break;
		case PID: {
			uint32_t list[MAX_PIDS], n;
			parse_list(optarg, list, &n, MAX_PIDS);
			for (opt.pid_count = 0; opt.pid_count < (int)n; opt.pid_count++)
				opt.pids[opt.pid_count] = (int)list[opt.pid_count];
			break;
		}
		case CWIN:
			opt.connect_window = (uint32_t)atoi(optarg);
			break;
		case ABORT:
			opt.abort_close = true;
			break;
		case NOFROM:
			opt.check_from = false;
			break;
		case JSON:
			opt.json = true;
			break;
		case HELP:
			fputs(usage_text, stdout);
			exit(0);
		default:
			fputs(usage_text, stderr);
			exit(2);
		}
	if (optind != argc)
		die("unexpected argument '%s'", argv[optind]);
	if (opt.rooms == 0 || opt.rooms > 30000)
		die("--rooms: 1 to 30000");
	if (opt.peers < 2)
		die("--roles: at least two");
	if (opt.candidate_bytes > MAX_PAYLOAD || opt.offer_bytes > MAX_PAYLOAD)
		die("message too large");
	if (opt.idle_steps)
		opt.rooms = (opt.idle[opt.idle_steps - 1] + opt.peers - 1) / opt.peers;
}

/* ---------------------------------------------------------------- server process figures */

struct memory {
	uint64_t rss_kb, pss_kb, dirty_kb;
};
struct cpu {
	uint64_t run_ns, user_ticks, sys_ticks;
};

static struct memory read_memory(void)
{
	struct memory m = {0};
	for (int i = 0; i < opt.pid_count; i++) {
		char name[64], line[256];
		snprintf(name, sizeof name, "/proc/%d/smaps_rollup", opt.pids[i]);
		FILE *f = fopen(name, "r");
		if (f == NULL)
			die("cannot read %s", name);
		while (fgets(line, sizeof line, f)) {
			uint64_t v;
			if (sscanf(line, "Rss: %" SCNu64, &v) == 1)
				m.rss_kb += v;
			else if (sscanf(line, "Pss: %" SCNu64, &v) == 1)
				m.pss_kb += v;
			else if (sscanf(line, "Private_Dirty: %" SCNu64, &v) == 1)
				m.dirty_kb += v;
		}
		fclose(f);
	}
	return m;
}

/* run_ns sums the scheduler's time of the live threads; ticks give the user/system split */
static struct cpu read_cpu(void)
{
	struct cpu c = {0};
	for (int i = 0; i < opt.pid_count; i++) {
		char name[128], line[1024];
		snprintf(name, sizeof name, "/proc/%d/stat", opt.pids[i]);
		FILE *f = fopen(name, "r");
		if (f == NULL)
			die("cannot read %s: the server is gone", name);
		if (fgets(line, sizeof line, f)) {
			const char *p = strrchr(line, ')');
			uint64_t u = 0, s = 0;
			if (p && sscanf(p + 2,
					"%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %" SCNu64
					" %" SCNu64,
					&u, &s) == 2) {
				c.user_ticks += u;
				c.sys_ticks += s;
			}
		}
		fclose(f);
		snprintf(name, sizeof name, "/proc/%d/task", opt.pids[i]);
		DIR *d = opendir(name);
		if (d == NULL)
			continue;
		for (struct dirent *e; (e = readdir(d));) {
			if (!isdigit((unsigned char)e->d_name[0]))
				continue;
			char file[512];
			snprintf(file, sizeof file, "/proc/%d/task/%s/schedstat", opt.pids[i],
				 e->d_name);
			FILE *t = fopen(file, "r");
			uint64_t ns;
			if (t && fscanf(t, "%" SCNu64, &ns) == 1)
				c.run_ns += ns;
			if (t)
				fclose(t);
		}
		closedir(d);
	}
	return c;
}

/* ---------------------------------------------------------------- messages
 * Every relayed message carries a mark inside a field that a signaling server must pass on
 * unchanged, the ICE username fragment (4 to 256 letters and digits, RFC 8839):
 *   wslT<19 digits: send time, ns>F<5: sender>D<5: target>Q<8: sequence on this pair>
 * Frames are masked with one fixed key, so a frame is a copy of a masked template with the target's
 * id and the mark patched in: the client costs no more than a relay that does nothing else. */

enum { MARK_LEN = 4 + 19 + 1 + 5 + 1 + 5 + 1 + 8 };
static const char mark_blank[] = "wslT0000000000000000000F00000D00000Q00000000";
static const uint8_t mask_key[4] = {0x37, 0xfa, 0x21, 0x3d};

struct message {
	uint8_t *frame; /* header and masked payload */
	uint32_t frame_len, head_len, id_at, mark_at;
} candidate_msg, offer_msg;

static uint32_t id_len;
static const char *escape_crlf = "\\r\\n";

static uint32_t frame_head(uint8_t *out, uint8_t opcode, uint32_t len)
{
	uint32_t n = 0;
	out[n++] = 0x80 | opcode;
	if (len < 126) {
		out[n++] = (uint8_t)(0x80 | len);
	} else if (len < 65536) {
		out[n++] = 0x80 | 126;
		out[n++] = (uint8_t)(len >> 8);
		out[n++] = (uint8_t)len;
	} else {
		out[n++] = 0x80 | 127;
		memset(out + n, 0, 4);
		for (int i = 0; i < 4; i++)
			out[n + 4 + (uint32_t)i] = (uint8_t)(len >> (24 - 8 * i));
		n += 8;
	}
	memcpy(out + n, mask_key, 4);
	return n + 4;
}

static void patch(struct message *m, uint8_t *frame, uint32_t at, const char *text, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		frame[m->head_len + at + i] = (uint8_t)text[i] ^ mask_key[(at + i) & 3];
}

static void make_message(struct message *m, char *payload)
{
	uint32_t len = (uint32_t)strlen(payload);
	m->id_at = (uint32_t)(strchr(payload, '@') - payload);
	m->mark_at = (uint32_t)(strstr(payload, "wslT") - payload);
	m->frame = xrealloc(NULL, len + 16);
	m->head_len = frame_head(m->frame, 1, len);
	m->frame_len = m->head_len + len;
	patch(m, m->frame, 0, payload, len);
	free(payload);
}

static void make_messages(void)
{
	char *at = xrealloc(NULL, id_len + 1);
	memset(at, '@', id_len);
	at[id_len] = 0;

	char *c = NULL;
	if (asprintf(&c,
		     "{\"toId\":\"%s\",\"type\":\"ice-candidate\",\"candidate\":{\"candidate\":"
		     "\"candidate:842163049 1 udp "
		     "1677729535 192.0.2.10 46154 typ srflx raddr 10.0.0.17 rport 46154 generation "
		     "0 ufrag %s\","
		     "\"sdpMid\":\"0\",\"sdpMLineIndex\":0%*s}}",
		     at, mark_blank, 0, "") < 0)
		die("out of memory");
	size_t have = strlen(c);
	if (have < opt.candidate_bytes) { /* white space before the closing braces is legal JSON */
		size_t pad = opt.candidate_bytes - have;
		c = xrealloc(c, have + pad + 1);
		memmove(c + have - 2 + pad, c + have - 2, 3);
		memset(c + have - 2, ' ', pad);
	}
	make_message(&candidate_msg, c);

	char *o = xrealloc(NULL, opt.offer_bytes + 1024);
	int n = sprintf(o,
			"{\"toId\":\"%s\",\"type\":\"offer\",\"offer\":{\"type\":\"offer\",\"sdp\":"
			"\"v=0%so=- 4611731400430051336 "
			"2 IN IP4 127.0.0.1%ss=-%st=0 "
			"0%sa=ice-ufrag:%s%sa=ice-pwd:asd88fgpdd777uzjYhagZg00%s",
			at, escape_crlf, escape_crlf, escape_crlf, escape_crlf, mark_blank,
			escape_crlf, escape_crlf);
	static const char line[] =
		"a=rtpmap:111 opus/48000/2\\r\\na=fmtp:111 minptime=10;useinbandfec=1\\r\\n";
	const int line_len = (int)sizeof line - 1;
	while (n + line_len + 4 <= (int)opt.offer_bytes) {
		memcpy(o + n, line, (size_t)line_len);
		n += line_len;
	}
	sprintf(o + n, "\"}}");
	make_message(&offer_msg, o);
	free(at);
}

/* ---------------------------------------------------------------- connections */

enum state { CLOSED, CONNECTING, UPGRADING, JOINING, JOINED };

struct conn {
	int fd;
	uint32_t idx;
	enum state state;
	bool dirty, want_write;
	uint8_t *in, *out;
	uint32_t in_len, in_cap, out_len, out_off, out_cap;
	uint64_t t_start, t_join;
	uint32_t tx_seq[MAX_ROLES], rx_seq[MAX_ROLES]; /* by the other's slot in the room */
};

static struct conn *conns;
static uint32_t conn_count, connected, joined;
static struct conn **dirty;
static uint32_t dirty_count;
static int ep = -1;
static uint8_t *read_buf;
enum { READ_BUF = 1 << 20 };

static struct {
	uint64_t sent, received, bytes_received, pongs;
	uint64_t user_joined, user_left, other, errors;
	uint64_t bad_target, bad_from, bad_order, closed_by_server;
} total;
static char first_error[512];

static struct hist h_upgrade, h_join, h_candidate, h_offer, h_all;
static bool sending, measuring;
static double offer_debt;
static uint64_t t_origin; /* open loop: latency counts from the scheduled time */

static void room_name(uint32_t idx, char *out, size_t n)
{
	snprintf(out, n, "%s%05u", opt.room_prefix, idx / opt.peers);
}

static void user_name(uint32_t idx, char *out, size_t n)
{
	snprintf(out, n, "%s%07u", opt.user_prefix, idx);
}

/* appends src to out with {room}, {user} and {role} replaced */
static void expand(char *out, size_t cap, const char *src, uint32_t idx)
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

static void out_reserve(struct conn *c, uint32_t more)
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

static void mark_dirty(struct conn *c)
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

static void drop(struct conn *c, bool by_server)
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

static void flush_conn(struct conn *c)
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

static void flush_dirty(void)
{
	for (uint32_t i = 0; i < dirty_count; i++) {
		dirty[i]->dirty = false;
		flush_conn(dirty[i]);
	}
	dirty_count = 0;
}

static void put_frame(struct conn *c, uint8_t opcode, const void *data, uint32_t len)
{
	out_reserve(c, len + 16);
	uint8_t *f = c->out + c->out_len;
	uint32_t head = frame_head(f, opcode, len);
	for (uint32_t i = 0; i < len; i++)
		f[head + i] = ((const uint8_t *)data)[i] ^ mask_key[i & 3];
	c->out_len += head + len;
	mark_dirty(c);
}

static char *put_digits(char *p, uint64_t v, int width)
{
	for (int i = width - 1; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + width;
}

static uint64_t get_digits(const uint8_t *p, int width)
{
	uint64_t v = 0;
	for (int i = 0; i < width; i++)
		v = v * 10 + (uint64_t)(p[i] - '0');
	return v;
}

static void send_message(struct conn *c, uint32_t slot, uint64_t when)
{
	struct conn *to = &conns[c->idx / opt.peers * opt.peers + slot];
	if (c->state != JOINED || to->state != JOINED)
		return;
	offer_debt += opt.offer_pct / 100;
	struct message *m = &candidate_msg;
	if (offer_debt >= 1) {
		offer_debt -= 1;
		m = &offer_msg;
	}
	char id[128], mark[MARK_LEN + 1];
	user_name(to->idx, id, sizeof id);
	memcpy(mark, "wslT", 4);
	char *p = put_digits(mark + 4, when, 19);
	*p++ = 'F';
	p = put_digits(p, c->idx, 5);
	*p++ = 'D';
	p = put_digits(p, to->idx, 5);
	*p++ = 'Q';
	put_digits(p, c->tx_seq[slot]++ % 100000000u, 8);

	out_reserve(c, m->frame_len);
	uint8_t *f = c->out + c->out_len;
	memcpy(f, m->frame, m->frame_len);
	patch(m, f, m->id_at, id, id_len);
	patch(m, f, m->mark_at, mark, MARK_LEN);
	c->out_len += m->frame_len;
	total.sent++;
	mark_dirty(c);
}

static void on_relayed(struct conn *c, const uint8_t *msg, uint32_t len, const uint8_t *mark)
{
	uint64_t now = now_ns(), sent = get_digits(mark + 4, 19);
	uint32_t from = (uint32_t)get_digits(mark + 24, 5), to = (uint32_t)get_digits(mark + 30, 5);
	uint32_t seq = (uint32_t)get_digits(mark + 36, 8), slot = from % opt.peers;

	total.received++;
	total.bytes_received += len;
	if (to != c->idx || from >= conn_count || from / opt.peers != c->idx / opt.peers) {
		total.bad_target++;
		return;
	}
	if (seq != c->rx_seq[slot]++ % 100000000u) {
		total.bad_order++;
		c->rx_seq[slot] = seq + 1;
	}
	if (opt.check_from) {
		char want[160];
		int n = snprintf(want, sizeof want, "\"fromId\":\"%s%07u\"", opt.user_prefix, from);
		if (memmem(msg, len, want, (size_t)n) == NULL)
			total.bad_from++;
	}
	if (measuring) {
		uint64_t lat = now > sent ? now - sent : 0;
		hist_add(&h_all, lat);
		hist_add(len > opt.candidate_bytes + 200 ? &h_offer : &h_candidate, lat);
	}
	if (sending && opt.rate == 0)
		send_message(&conns[from], c->idx % opt.peers, now);
}

static void on_text(struct conn *c, const uint8_t *msg, uint32_t len)
{
	const uint8_t *mark = memmem(msg, len, "wslT", 4);
	if (mark && mark + MARK_LEN <= msg + len) {
		on_relayed(c, msg, len, mark);
		return;
	}
	if (memmem(msg, len, "\"peer-discovery\"", 16)) {
		if (c->state == JOINING) {
			c->state = JOINED;
			joined++;
			hist_add(&h_join, now_ns() - c->t_join);
		}
	} else if (memmem(msg, len, "\"user-joined\"", 13)) {
		total.user_joined++;
	} else if (memmem(msg, len, "\"user-left\"", 11)) {
		total.user_left++;
	} else if (memmem(msg, len, "\"error\"", 7)) {
		total.errors++;
		if (!first_error[0])
			snprintf(first_error, sizeof first_error, "%.*s",
				 (int)(len > 500 ? 500 : len), msg);
	} else {
		total.other++;
	}
}

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

static void send_upgrade(struct conn *c)
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

static void on_readable(struct conn *c)
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
static void turn(uint64_t wait_ns)
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

static void wait_for(double seconds)
{
	uint64_t end = now_ns() + (uint64_t)(seconds * 1e9);
	for (uint64_t now; (now = now_ns()) < end;)
		turn(end - now < 100 * MS ? end - now : 100 * MS);
}

static void join_up_to(uint32_t count, const struct sockaddr_in *to)
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

static void leave_all(void)
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

/* ---------------------------------------------------------------- the two kinds of run */

static char json_text[16384];
static size_t json_len;

static void json_add(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	json_len += (size_t)vsnprintf(json_text + json_len, sizeof json_text - json_len, fmt, ap);
	va_end(ap);
}

/* seconds of CPU that the whole machine has used, for what others took during the measurement */
static double machine_busy(void)
{
	unsigned long long v[8] = {0};
	FILE *f = fopen("/proc/stat", "r");
	int n = f ? fscanf(f, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", v, v + 1, v + 2, v + 3,
			   v + 4, v + 5, v + 6, v + 7)
		  : 0;
	if (f)
		fclose(f);
	if (n != 8)
		return 0;
	return (double)(v[0] + v[1] + v[2] + v[5] + v[6] + v[7]) / (double)sysconf(_SC_CLK_TCK);
}

static double own_cpu(void)
{
	struct rusage r;
	getrusage(RUSAGE_SELF, &r);
	return (double)r.ru_utime.tv_sec + (double)r.ru_stime.tv_sec +
	       (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void report_joins(uint64_t took)
{
	printf("joined      %u connections in %.3f s (%.0f/s); upgrade p50 %.0f us, p99 %.0f us; "
	       "join p50 %.0f us, p99 %.0f us\n",
	       joined, (double)took / 1e9, (double)joined / ((double)took / 1e9),
	       hist_us(&h_upgrade, .5), hist_us(&h_upgrade, .99), hist_us(&h_join, .5),
	       hist_us(&h_join, .99));
	json_add("\"connections\":%u,\"joins_per_s\":%.0f,\"upgrade_p50_us\":%.1f,\"upgrade_p99_"
		 "us\":%.1f,"
		 "\"join_p50_us\":%.1f,\"join_p99_us\":%.1f",
		 joined, (double)joined / ((double)took / 1e9), hist_us(&h_upgrade, .5),
		 hist_us(&h_upgrade, .99), hist_us(&h_join, .5), hist_us(&h_join, .99));
}

static int run_idle(const struct sockaddr_in *to)
{
	struct memory base = {0};
	if (opt.pid_count)
		base = read_memory();
	printf("base        rss %.1f MiB, pss %.1f MiB, private dirty %.1f MiB\n",
	       (double)base.rss_kb / 1024, (double)base.pss_kb / 1024,
	       (double)base.dirty_kb / 1024);
	json_add("\"base_rss_kb\":%" PRIu64 ",\"base_pss_kb\":%" PRIu64 ",\"idle\":[", base.rss_kb,
		 base.pss_kb);
	for (uint32_t s = 0; s < opt.idle_steps; s++) {
		uint64_t t0 = now_ns();
		uint32_t before = joined;
		join_up_to(opt.idle[s], to);
		double took = (double)(now_ns() - t0) / 1e9, rate = (opt.idle[s] - before) / took;
		wait_for(opt.settle);
		struct memory m = {0};
		if (opt.pid_count)
			m = read_memory();
		double n = opt.idle[s];
		double rss = ((double)m.rss_kb - (double)base.rss_kb) * 1024 / n;
		double dirty_bytes = ((double)m.dirty_kb - (double)base.dirty_kb) * 1024 / n;
		printf("idle %-6u rss %.1f MiB, pss %.1f MiB; %.0f bytes of rss and %.0f of "
		       "private dirty a connection; "
		       "%.0f joins/s\n",
		       opt.idle[s], (double)m.rss_kb / 1024, (double)m.pss_kb / 1024, rss,
		       dirty_bytes, rate);
		json_add("%s{\"n\":%u,\"rss_kb\":%" PRIu64 ",\"pss_kb\":%" PRIu64
			 ",\"rss_bytes_per_conn\":%.0f,"
			 "\"dirty_bytes_per_conn\":%.0f,\"joins_per_s\":%.0f}",
			 s ? "," : "", opt.idle[s], m.rss_kb, m.pss_kb, rss, dirty_bytes, rate);
	}
	json_add("]");
	uint64_t lost = total.closed_by_server;
	leave_all();
	return lost ? 1 : 0;
}

static void pump(double seconds)
{
	uint64_t begin = now_ns(), end = begin + (uint64_t)(seconds * 1e9);
	static uint64_t scheduled; /* open loop: messages due since t_origin */
	static uint32_t next_conn, next_slot;
	for (uint64_t now; (now = now_ns()) < end;) {
		uint64_t wait = end - now < 10 * MS ? end - now : 10 * MS;
		if (opt.rate > 0) {
			uint64_t due = (uint64_t)((double)(now - t_origin) * opt.rate / 1e9) + 1;
			for (; scheduled < due; scheduled++) {
				uint64_t when =
					t_origin + (uint64_t)((double)scheduled * 1e9 / opt.rate);
				uint32_t slot = (next_conn % opt.peers + 1 + next_slot) % opt.peers;
				send_message(&conns[next_conn], slot, when);
				if (++next_conn == conn_count) {
					next_conn = 0;
					next_slot = (next_slot + 1) % (opt.peers - 1);
				}
			}
			uint64_t next = t_origin + (uint64_t)((double)scheduled * 1e9 / opt.rate);
			if (next > now && next - now < wait)
				wait = next - now;
		}
		turn(wait);
		if (total.closed_by_server)
			die("the server closed a connection; first error: %s", first_error);
	}
}

static int run_load(const struct sockaddr_in *to)
{
	uint64_t t0 = now_ns();
	join_up_to(conn_count, to);
	report_joins(now_ns() - t0);
	wait_for(0.2);

	sending = true;
	t_origin = now_ns();
	if (opt.rate == 0)
		for (uint32_t i = 0; i < conn_count; i++)
			for (uint32_t s = 0; s < opt.peers; s++)
				for (uint32_t w = 0; s != i % opt.peers && w < opt.window; w++)
					send_message(&conns[i], s, now_ns());
	pump(opt.warmup);

	struct cpu c0 = {0}, c1 = {0};
	struct memory m = {0};
	if (opt.pid_count)
		c0 = read_cpu();
	double own0 = own_cpu(), busy0 = machine_busy();
	uint64_t r0 = total.received, b0 = total.bytes_received;
	t0 = now_ns();
	measuring = true;
	pump(opt.seconds);
	measuring = false;
	double took = (double)(now_ns() - t0) / 1e9, own = own_cpu() - own0;
	double busy = machine_busy() - busy0;
	uint64_t got = total.received - r0, bytes = total.bytes_received - b0;
	if (opt.pid_count) {
		c1 = read_cpu();
		m = read_memory();
	}
	sending = false;
	wait_for(0.1);
	for (int i = 0; i < 100 && total.received < total.sent; i++)
		wait_for(0.05);

	double msgs = got ? (double)got : 1, tick = (double)sysconf(_SC_CLK_TCK);
	double cpu = (double)(c1.run_ns - c0.run_ns) / 1e9;
	double user = (double)(c1.user_ticks - c0.user_ticks) / tick,
	       sys = (double)(c1.sys_ticks - c0.sys_ticks) / tick;
	int64_t lost = (int64_t)(total.sent - total.received);

	printf("relayed     %.0f messages/s, %.1f MB/s (%" PRIu64 " in %.2f s)\n",
	       (double)got / took, (double)bytes / took / 1e6, got, took);
	printf("latency     p50 %.0f us, p90 %.0f us, p99 %.0f us, p99.9 %.0f us, max %.0f us; "
	       "candidates p50 %.0f p99 %.0f, offers p50 %.0f p99 %.0f\n",
	       hist_us(&h_all, .5), hist_us(&h_all, .9), hist_us(&h_all, .99),
	       hist_us(&h_all, .999), (double)h_all.max / 1e3, hist_us(&h_candidate, .5),
	       hist_us(&h_candidate, .99), hist_us(&h_offer, .5), hist_us(&h_offer, .99));
	if (opt.pid_count)
		printf("server      %.2f us CPU a message (user %.2f, sys %.2f), %.0f %% of a "
		       "core; rss %.1f MiB\n",
		       cpu * 1e6 / msgs, user * 1e6 / msgs, sys * 1e6 / msgs, cpu / took * 100,
		       (double)m.rss_kb / 1024);
	double others = (busy - own - cpu) / took;
	printf("client      %.2f us CPU a message, %.0f %% of a core; %s %.0f %% of a core\n",
	       own * 1e6 / msgs, own / took * 100,
	       opt.pid_count ? "other processes took" : "the server and others took", others * 100);
	printf("checks      sent %" PRIu64 ", received %" PRIu64 ", lost %" PRId64
	       ", wrong target %" PRIu64 ", wrong fromId %" PRIu64 ", out of order %" PRIu64
	       ", user-joined %" PRIu64 ", errors %" PRIu64 "\n",
	       total.sent, total.received, lost, total.bad_target, total.bad_from, total.bad_order,
	       total.user_joined, total.errors);
	if (first_error[0])
		printf("first error %s\n", first_error);

	json_add(",\"msgs_per_s\":%.0f,\"mb_per_s\":%.2f,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_"
		 "us\":%.1f,\"p999_us\":%.1f,"
		 "\"max_us\":%.1f,\"offer_p50_us\":%.1f,\"offer_p99_us\":%.1f",
		 (double)got / took, (double)bytes / took / 1e6, hist_us(&h_all, .5),
		 hist_us(&h_all, .9), hist_us(&h_all, .99), hist_us(&h_all, .999),
		 (double)h_all.max / 1e3, hist_us(&h_offer, .5), hist_us(&h_offer, .99));
	json_add(",\"server_cpu_us_per_msg\":%.3f,\"server_user_us\":%.3f,\"server_sys_us\":%.3f,"
		 "\"server_util\":%.3f,"
		 "\"server_rss_kb\":%" PRIu64
		 ",\"client_cpu_us_per_msg\":%.3f,\"client_util\":%.3f,\"others_util\":%.3f",
		 cpu * 1e6 / msgs, user * 1e6 / msgs, sys * 1e6 / msgs, cpu / took, m.rss_kb,
		 own * 1e6 / msgs, own / took, others);
	json_add(",\"sent\":%" PRIu64 ",\"received\":%" PRIu64 ",\"lost\":%" PRId64
		 ",\"bad_target\":%" PRIu64 ",\"bad_from\":%" PRIu64 ",\"bad_order\":%" PRIu64
		 ",\"errors\":%" PRIu64,
		 total.sent, total.received, lost, total.bad_target, total.bad_from,
		 total.bad_order, total.errors);

	bool bad = lost != 0 || total.bad_target || total.bad_from || total.bad_order ||
		   total.closed_by_server;
	leave_all();
	return bad ? 1 : 0;
}

int main(int argc, char **argv)
{
	parse_options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdout, NULL, _IOLBF, 0);

	struct rlimit lim;
	getrlimit(RLIMIT_NOFILE, &lim);
	lim.rlim_cur = lim.rlim_max;
	setrlimit(RLIMIT_NOFILE, &lim);

	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port)};
	if (inet_pton(AF_INET, opt.host, &to.sin_addr) != 1 ||
	    ntohl(to.sin_addr.s_addr) >> 24 != 127)
		die("--host must be a loopback IPv4 address");

	conn_count = opt.idle_steps ? opt.idle[opt.idle_steps - 1] : opt.rooms * opt.peers;
	if (conn_count > 99999)
		die("at most 99999 connections");
	if (lim.rlim_cur < conn_count + 16)
		die("ulimit -n is %lu, %u wanted", (unsigned long)lim.rlim_cur, conn_count + 16);
	char id[128];
	user_name(0, id, sizeof id);
	id_len = (uint32_t)strlen(id);

	conns = calloc(conn_count, sizeof *conns);
	dirty = calloc(conn_count, sizeof *dirty);
	read_buf = malloc(READ_BUF);
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (!conns || !dirty || !read_buf || ep < 0)
		die("cannot start");
	make_messages();

	json_add("{");
	int rc = opt.idle_steps ? run_idle(&to) : run_load(&to);
	json_add("}");
	if (opt.json)
		puts(json_text);
	return rc;
}
