/* server/orbs/nest_priv.h -- inside the nest: nest.c keeps one running, nest_process.c is one run
 * of it, nest_spare.c the orb it keeps ready, nest_takers.c who wants one.
 */
#ifndef TC_SERVER_ORBS_NEST_PRIV_H
#define TC_SERVER_ORBS_NEST_PRIV_H

#include <sys/queue.h>
#include <sys/stat.h>
#include <uv.h>

#include "proto/nest.h"
#include "server/orbs/argv.h"
#include "server/orbs/lines.h"
#include "server/orbs/nest.h"

enum tc_nest_state {
	TC_NEST_DOWN,    /* no process; until the back-off is over */
	TC_NEST_LOADING, /* it loads the engines; until its hello */
	TC_NEST_UP,      /* it forks when asked; until it dies */
	TC_NEST_ENDING,  /* we let go of it; until it is reaped */
	TC_NEST_CLOSED,  /* after tc_nest_close() and the last reaping */
};

enum tc_nest_stream { TC_NEST_CONTROL, TC_NEST_OUT, TC_NEST_ERR, TC_NEST_STREAMS };

struct tc_nest_source {
	struct tc_nest_process *process; /* borrowed: the one it is part of */
	enum tc_nest_stream which;
	uv_poll_t poll;
	int fd; /* -1: closed */
};

/* One run of the program. */
struct tc_nest_process {
	struct tc_nest *nest; /* borrowed, outlives us */
	pid_t pid;
	int pidfd;
	uv_poll_t exit_poll;
	uv_timer_t strays; /* what it left in its group is reaped */
	struct tc_nest_source source[TC_NEST_STREAMS];
	struct tc_lines out, err;
	int open_handles;
};

struct tc_spare {
	struct tc_nest *nest; /* borrowed, outlives us */
	TAILQ_ENTRY(tc_spare) in_nest;
	pid_t pid;
	int pidfd, sock; /* -1: handed over */
	bool ready, condemned;
	uv_poll_t exit_poll, sock_poll;
	int open_handles;
};

TAILQ_HEAD(tc_spare_list, tc_spare);

/* One that waits for a spare. */
struct tc_nest_taker {
	struct tc_nest *nest; /* borrowed, outlives us */
	TAILQ_ENTRY(tc_nest_taker) in_queue;
	char tag[160];
	struct tc_buf order; /* a token is in it */
	int theirs[3];       /* borrowed */
	int64_t until_ms;
	tc_nest_taken_fn taken;
	void *user;
};

TAILQ_HEAD(tc_taker_queue, tc_nest_taker);

struct tc_nest {
	struct tc_nest_config config; /* its strings are owned below */
	struct tc_strings argv, env;
	enum tc_nest_state state;
	struct tc_nest_process *process; /* owned; NULL: DOWN */
	struct tc_spare_list spares; /* owned; oldest first, until they are reaped or handed over */
	struct tc_nest_info info;
	struct stat program; /* as it was when the nest was started */
	int64_t started_ms;
	int64_t wait_ms, spare_wait_ms; /* before the next one; see back_off() */
	uint32_t pinged, ponged;
	bool want_again;        /* replaced: another follows at once */
	bool lacks;             /* what it needs is missing: it is looked for now and then */
	int asked;              /* spares that have not come yet */
	bool pausing;           /* none is asked for before spare_timer fires */
	uv_timer_t timer;       /* back-off, loading or ping, as the state says */
	uv_timer_t spare_timer; /* the next spare may be asked for, or those asked for are late */
	struct tc_taker_queue takers; /* owned; who came first is first */
	int taker_count;
	uv_timer_t take_timer; /* the first of them has waited long enough */
	int open_handles;
	bool closing;
	void (*done)(void *user);
	void *done_user;
};

/* nest.c */
void tc_nest_on_hello(struct tc_nest *nest);
void tc_nest_on_spare(struct tc_nest *nest, pid_t pid, int sock); /* takes sock */
void tc_nest_on_process_end(struct tc_nest *nest, const char *how);
void tc_nest_on_spare_ready(struct tc_nest *nest, struct tc_spare *spare);
void tc_nest_on_spare_end(struct tc_nest *nest, struct tc_spare *spare, const char *how);
void tc_nest_handle_closed(struct tc_nest *nest);
void tc_nest_ask(struct tc_nest *nest); /* for as many spares as are wanted */
/* The first that is ready, and alive in spite of what we know so far; NULL: none. */
struct tc_spare *tc_nest_find_ready(struct tc_nest *nest);
void tc_nest_drop(struct tc_nest *nest, struct tc_spare *spare);
void tc_nest_on_taken(struct tc_nest *nest); /* a spare was handed over */

/* nest_takers.c */
void tc_nest_takers_init(struct tc_nest *nest);
void tc_nest_serve(struct tc_nest *nest);   /* those who wait, as far as spares are ready */
void tc_nest_dismiss(struct tc_nest *nest); /* they all execute */
void tc_nest_takers_close(struct tc_nest *nest);

/* nest_process.c */
int tc_nest_process_start(struct tc_nest *nest, char *why, size_t why_size);
void tc_nest_process_tell(struct tc_nest_process *process, enum tc_nest_word word, uint32_t value);
void tc_nest_process_end(struct tc_nest_process *process, bool at_once);

/* nest_spare.c */
/* 0; -ECHILD: it is no child of ours; or another negative error. Takes sock in any case. */
int tc_spare_create(struct tc_nest *nest, pid_t pid, int sock);
/* Kills it; it is reaped, and tc_nest_on_spare_end() comes. */
void tc_spare_condemn(struct tc_spare *spare);
bool tc_spare_alive(const struct tc_spare *spare);
/* By a signal or a debugger: it may go on, or never. */
bool tc_spare_stopped(const struct tc_spare *spare);
/* Its process is the caller's from here on; the rest is freed. */
void tc_spare_hand_over(struct tc_spare *spare, pid_t *pid, int *pidfd);

#endif
