/* server/orbs/priv.h -- inside the manager: the books (manager.c), what is asked of it (asks.c),
 * one orb's states (state.c), its timers (timers.c) and its life as a process: how it begins and
 * ended (life.c), what it says (hear.c) and is told (tell.c), how it is made to end (ladder.c),
 * what follows its death (restart.c).
 */
#ifndef TC_SERVER_ORBS_PRIV_H
#define TC_SERVER_ORBS_PRIV_H

#include <sys/queue.h>
#include <uv.h>

#include "base/buf.h"
#include "base/id.h"
#include "proto/channel.h"
#include "server/orbs/argv.h"
#include "server/orbs/cgroup.h"
#include "server/orbs/child.h"
#include "server/orbs/health.h"
#include "server/orbs/manager.h"
#include "server/orbs/measure.h"

#define TC_ORB_MAX_HUMANS                                                       \
	8 /* a room has at most three people; more than that is a caller's slip \
	   */
#define TC_ORB_BUCKETS       256
#define TC_ORB_RESTARTS_MAX  32 /* that are remembered; restart_limit is no higher */
#define TC_ORB_MESSAGE_BURST 2000

/* What may come due for an orb; each at most once at a time. */
enum tc_orb_due {
	TC_ORB_DUE_CLEANUP,  /* the room was empty, or nothing happened, for long */
	TC_ORB_DUE_LIFETIME, /* maximum life, or the test mode's */
	TC_ORB_DUE_READY,    /* it should be in the room by now */
	TC_ORB_DUE_HEALTH,   /* it was silent for long */
	TC_ORB_DUE_PING,     /* it is pinged */
	TC_ORB_DUE_DOOM,     /* it hangs; what is to be seen of it was seen */
	TC_ORB_DUE_LADDER,   /* the next rung of ask -> SIGTERM -> SIGKILL */
	TC_ORB_DUE_RESTART,  /* no process; the next one begins */
	TC_ORB_DUE_EXPECTED, /* the orb of a server before us should have come */
	TC_ORB_DUES,
};

enum tc_orb_rung {
	TC_ORB_RUNG_NONE,
	TC_ORB_RUNG_ASKED,
	TC_ORB_RUNG_TERM,
	TC_ORB_RUNG_KILL,
};

struct tc_orb_facts {
	char session[TC_ID_SIZE], coach[TC_ID_SIZE], client[TC_ID_SIZE];
	bool test;
	int64_t ends_ms;  /* wall clock; 0: no fixed end */
	int64_t began_ms; /* wall clock; 0: not known */
};

/* The orb of one room: it outlives the processes that are its lives. */
struct tc_orb {
	struct tc_orbs *all; /* borrowed */
	LIST_ENTRY(tc_orb) in_bucket;
	TAILQ_ENTRY(tc_orb) in_list;
	TAILQ_ENTRY(tc_orb) in_waiting; /* FULL only */
	char room[TC_ID_SIZE];
	char tag[TC_ID_SIZE + 8];
	struct tc_orb_facts next; /* for its next life: as the last join said */
	enum tc_orb_state state;
	char humans[TC_ORB_MAX_HUMANS][TC_ID_SIZE];
	int human_count;

	/* restarts */
	int64_t restarts[TC_ORB_RESTARTS_MAX]; /* loop time of each, a ring; 0: none */
	int next_restart;
	int64_t back_off_ms; /* before the one that was decided on */
	bool holds_place;    /* no process, but its place is kept for the next */
	int64_t began_ms;    /* loop time: the first of the lives that followed each other */
	char mode[16];       /* as the coach wished it; "": as it is by itself */
	bool muted;

	/* this life */
	struct tc_orb_facts now;
	int life;               /* of this session's processes */
	struct tc_child *child; /* owned; NULL: no process, or one that is reaped */
	bool was_ready;
	bool again; /* somebody joined while it was ending: a new life follows */
	bool killed_as_hung;
	bool fails; /* ended on purpose, and not to come back */
	struct tc_orb_health health;
	struct tc_orb_load load;
	int64_t started_ms;
	double cpu_percent, memory_mb, latency_ms;
	char end_reason[64]; /* the word it was asked to end with */
	char end_why[128];   /* and what we say of it */
	char own_reason[64]; /* why it says it ended by itself; "": it did not say */
	char own_error[128]; /* what it says it cannot go on with, likewise */
	enum tc_orb_rung rung;
	bool tell_participants, tell_shutdown;
	char *new_token;    /* owned; to be told, adopted; NULL: nothing is */
	struct tc_buf tell; /* whole lines: restore and stored; empty: nothing to tell */
	double message_tokens;
	int64_t message_filled_ms;
	uint64_t messages_lost;

	int64_t due[TC_ORB_DUES]; /* loop time; 0: not set */
	uv_timer_t timer;
};

LIST_HEAD(tc_orb_bucket, tc_orb);
TAILQ_HEAD(tc_orb_queue, tc_orb);

struct tc_orbs {
	struct tc_orbs_config config; /* its strings are owned below */
	struct tc_orbs_events events;
	void *user;
	struct tc_strings command;  /* program and its leading arguments */
	struct tc_strings env;      /* the same for all orbs */
	bool foreign;               /* ORB_COMMAND: knows nothing of tokens */
	struct tc_nest *nest;       /* owned; NULL: orbs are executed */
	struct tc_measure *measure; /* owned; NULL: nothing is measured */
	struct tc_cgroups *cgroups; /* owned; NULL: not delegated to us, or not wanted */
	char *work_dir, *host_port; /* owned */
	struct tc_orb_bucket buckets[TC_ORB_BUCKETS];
	struct tc_orb_queue list, waiting;
	int live; /* processes not yet reaped */
	int held; /* places kept for restarts */
	struct tc_orbs_counts counts;
	int open_handles; /* orbs and children that are still closing, and `closer` */
	bool closing;
	uv_timer_t closer; /* gives the end of close a turn of its own */
	void (*done)(void *user);
	void *done_user;
};

/* state.c */
bool tc_orb_may_step(enum tc_orb_state from, enum tc_orb_state to);
void tc_orb_set_state(struct tc_orb *orb, enum tc_orb_state next, const char *why);

/* timers.c */
void tc_orb_due_in(struct tc_orb *orb, enum tc_orb_due which, int64_t ms);
void tc_orb_not_due(struct tc_orb *orb, enum tc_orb_due which);
void tc_orb_nothing_due(struct tc_orb *orb);

/* life.c */
bool tc_orb_running(const struct tc_orb *orb); /* a process that nobody asked to end */
void tc_orb_start(struct tc_orb *orb, const char *why);
void tc_orb_forget_life(struct tc_orb *orb); /* what the process before was like */
void tc_orb_set_limits(struct tc_orb *orb);  /* of a life that begins */
extern const struct tc_child_events tc_orb_child_events;

/* hear.c */
void tc_orb_hear(void *orb, struct tc_json object);
void tc_orb_active(struct tc_orb *orb); /* something is going on in its room */

/* tell.c */
void tc_orb_next_line(void *orb, struct tc_buf *out);
void tc_orb_tell_participants(struct tc_orb *orb);
void tc_orb_tell_memory(struct tc_orb *orb, const struct tc_channel_utterance *utterances,
			size_t count);
void tc_orb_tell_stored(struct tc_orb *orb, const char *utterance_id);
/* ms since its session began; 0: it is new, or not known. */
int64_t tc_orb_elapsed(const struct tc_orb *orb);

/* ladder.c. All of them do nothing to a process that is ending already. */
/* reason: of the guide's list, for the orb; why: for people. One that would be restarted is not. */
void tc_orb_ask_to_end(struct tc_orb *orb, const char *reason, const char *why);
/* SIGKILL now: it hangs. Restarted if people are there and the limit allows, else failed. */
void tc_orb_kill_hung(struct tc_orb *orb, const char *why);
/* The same for one that still listens: it is asked first, and takes in its last words. */
void tc_orb_restart(struct tc_orb *orb, const char *why);
void tc_orb_next_rung(struct tc_orb *orb);

/* restart.c */
/* Whether a restart is called for and allowed; if so it is counted. */
bool tc_orb_take_restart(struct tc_orb *orb);
void tc_orb_forgive(struct tc_orb *orb); /* as if it had never died */
/* -> RESTARTING or FAILED */
void tc_orb_died(struct tc_orb *orb, const char *why);
void tc_orb_restart_soon(struct tc_orb *orb); /* after its back-off; it has no process */
void tc_orb_restart_now(struct tc_orb *orb);
void tc_orb_no_restart(struct tc_orb *orb, const char *why);
void tc_orb_hold_place(struct tc_orb *orb); /* counts against capacity, without a process */
void tc_orb_release_place(struct tc_orb *orb);

/* adopt.c */
void tc_orb_expected_in_vain(struct tc_orb *orb);

/* manager.c */
struct tc_orb *tc_orbs_find(struct tc_orbs *orbs, const char *room); /* NULL: none */
struct tc_orb *tc_orbs_need(struct tc_orbs *orbs, const char *room); /* NULL: no memory */
void tc_orb_forget(struct tc_orb *orb);                              /* it has no process */
void tc_orb_start_or_wait(struct tc_orb *orb, const char *why);
void tc_orbs_begin_close(struct tc_orbs *orbs, void (*done)(void *user), void *user);
void tc_orbs_end_close(struct tc_orbs *orbs);
void tc_orbs_child_closed(void *orbs);
int64_t tc_orb_now(const struct tc_orb *orb);
void tc_orbs_reaped(struct tc_orb *orb); /* a place is free; the orb may be gone afterwards */
void tc_orbs_serve_waiting(struct tc_orbs *orbs);
void tc_orbs_handle_closed(struct tc_orbs *orbs);

#endif
