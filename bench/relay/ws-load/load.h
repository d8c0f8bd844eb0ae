/* ws-load/load.h -- what the parts of ws-load share. One thread, one load, one process: its state
 * is global.
 */
#ifndef WS_LOAD_H
#define WS_LOAD_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr_in;

enum { MAX_ROLES = 8, MAX_STEPS = 8, MAX_PIDS = 8, MAX_HEADERS = 16, MAX_PAYLOAD = 65536 };

#define MS  1000000ull
#define SEC 1000000000ull

enum { SUB_BITS = 6, SUB = 1 << SUB_BITS, BUCKETS = (64 - SUB_BITS + 1) * SUB };

struct hist {
	uint64_t count, sum, max;
	uint64_t bucket[BUCKETS];
};

extern struct options {
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
} opt;

struct memory {
	uint64_t rss_kb, pss_kb, dirty_kb;
};

struct cpu {
	uint64_t run_ns, user_ticks, sys_ticks;
};

enum { MARK_LEN = 4 + 19 + 1 + 5 + 1 + 5 + 1 + 8 };

struct message {
	uint8_t *frame; /* header and masked payload */
	uint32_t frame_len, head_len, id_at, mark_at;
};
extern struct message candidate_msg, offer_msg;
extern uint32_t id_len;
extern const uint8_t mask_key[4];

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

extern struct conn *conns;
extern uint32_t conn_count, connected, joined;
extern struct conn **dirty;
extern uint32_t dirty_count;
extern int ep;
extern uint8_t *read_buf;
enum { READ_BUF = 1 << 20 };

extern struct total {
	uint64_t sent, received, bytes_received, pongs;
	uint64_t user_joined, user_left, other, errors;
	uint64_t bad_target, bad_from, bad_order, closed_by_server;
} total;
extern char first_error[512];

extern struct hist h_upgrade, h_join, h_candidate, h_offer, h_all;
extern bool sending, measuring;
extern double offer_debt;
extern uint64_t t_origin; /* open loop: latency counts from the scheduled time */

extern char json_text[16384];

/* util.c: what each part uses */
uint64_t now_ns(void);
_Noreturn void die(const char *fmt, ...);
void *xrealloc(void *p, size_t n);

/* hist.c: latencies, counted */
void hist_add(struct hist *h, uint64_t v);
double hist_us(const struct hist *h, double q);

/* options.c: what is asked for */
void parse_options(int argc, char **argv);

/* server.c: what /proc tells of the server */
struct memory read_memory(void);
struct cpu read_cpu(void);

/* message.c: what is sent, made once */
uint32_t frame_head(uint8_t *out, uint8_t opcode, uint32_t len);
void patch(struct message *m, uint8_t *frame, uint32_t at, const char *text, uint32_t len);
void make_messages(void);

/* conn.c: one connection: its names, what waits to be sent */
void room_name(uint32_t idx, char *out, size_t n);
void user_name(uint32_t idx, char *out, size_t n);
void expand(char *out, size_t cap, const char *src, uint32_t idx);
void out_reserve(struct conn *c, uint32_t more);
void mark_dirty(struct conn *c);
void drop(struct conn *c, bool by_server);
void flush_conn(struct conn *c);
void flush_dirty(void);
void put_frame(struct conn *c, uint8_t opcode, const void *data, uint32_t len);

/* relay.c: messages that other connections send, and the checks on them */
void send_message(struct conn *c, uint32_t slot, uint64_t when);
void on_text(struct conn *c, const uint8_t *msg, uint32_t len);

/* wire.c: HTTP upgrade and WebSocket frames, as little as is needed */
void send_upgrade(struct conn *c);
void on_readable(struct conn *c);

/* loop.c: connections come, work and go */
void turn(uint64_t wait_ns);
void wait_for(double seconds);
void join_up_to(uint32_t count, const struct sockaddr_in *to);
void leave_all(void);

/* report.c: figures of the client itself, and the JSON */
void json_add(const char *fmt, ...);
double machine_busy(void);
double own_cpu(void);

/* run.c: the two kinds of run */
int run_idle(const struct sockaddr_in *to);
int run_load(const struct sockaddr_in *to);

#endif
