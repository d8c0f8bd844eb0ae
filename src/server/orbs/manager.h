/* server/orbs/manager.h -- the orb manager: one orb process a room, from spawn to reaping.
 *
 * Rooms tell it who comes and goes; it spawns, watches, asks to end, and kills (ask -> SIGTERM ->
 * SIGKILL), and says what people should be told. An orb counts against capacity until it is reaped.
 * Thread: the server's loop (libuv). Owner: main.
 */
#ifndef TC_SERVER_ORBS_MANAGER_H
#define TC_SERVER_ORBS_MANAGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tc_channel_metrics;
struct tc_orbs;
struct uv_loop_s;

enum tc_orb_state {
	TC_ORB_OFF,          /* none asked for */
	TC_ORB_SPAWNING,     /* process started, not in the room yet */
	TC_ORB_READY,        /* orb_ready came */
	TC_ORB_UNRESPONSIVE, /* heartbeats are missing */
	TC_ORB_DRAINING,     /* asked to end; the kill ladder runs */
	TC_ORB_GONE,         /* reaped */
	TC_ORB_FAILED,       /* could not start, or died too often: tc_orbs_restart() tries again */
	TC_ORB_FULL,         /* capacity is taken; waiting for a place */
	TC_ORB_RESTARTING,   /* it died while people were in the room: a new process follows */
};

/* One step of one orb's state. Its strings are borrowed for the call. */
struct tc_orb_event {
	const char *room, *session;
	int life; /* which process of this session it is about, from 1 */
	int pid;  /* 0: none runs */
	enum tc_orb_state from, to;
	const char *reason;
	int64_t wall_ms; /* since 1970 */
};

struct tc_strings; /* orbs/argv.h */

struct tc_orbs_config { /* copied; times in ms, 0 or less: that limit is off (graces: at once) */
	struct uv_loop_s *loop;
	bool enabled;
	int max_orbs;
	const char *orb_command;   /* NULL: our own aiorb; else a shell-free command line, split at
				      spaces/quotes */
	const char *aiorb_path;    /* absolute path of our own program */
	bool nest;                 /* our own program is forked where it can be (nest.h) */
	int spares;                /* of the nest, kept ready; 0: 1 */
	const char *work_dir;      /* GPU_SERVER_PATH; NULL: stay */
	const char *host_port;     /* what --cpu-host says */
	const char *websocket_url; /* CPU_WEBSOCKET_URL; NULL: ws://host_port */
	const char *log_level;
	int64_t max_lifetime_ms, idle_timeout_ms, heartbeat_ms, cleanup_grace_ms, active_cleanup_ms;
	int64_t test_timeout_ms, unresponsive_after_ms, kill_after_ms, kill_grace_ms;
	int64_t term_grace_ms;    /* SIGTERM to SIGKILL; 0: 5000 */
	int64_t ready_timeout_ms; /* from its start to orb_ready */
	/* One that dies with people there is started again, this often in the window; then it has
	 * failed. 0: never. */
	int restart_limit;
	int64_t restart_window_ms;
	const char *manager_socket; /* where orbs of our own find the next server; NULL: nowhere */
	const char *spool_dir;      /* where they put last words that none takes; NULL: nowhere */
	/* What each may use; 0: no limit. Measured every sample_ms; 0: never. */
	int64_t sample_ms;
	double max_memory_mb, max_cpu_percent;
	const char *proc;       /* NULL: /proc; tests show another; must stay */
	bool cgroups;           /* limits are kept by the kernel where it can be had */
	bool admission;         /* a machine that has nothing left takes no more of them */
	const char *const *env; /* more for the orb's environment, "NAME=value", NULL at the end;
				   NULL: none (what the server's environment has, it gets anyway) */
};

/* Any may be NULL, but token where orbs are enabled. They may come from inside joined, left and
 * end, and must not call back into the manager. */
struct tc_orbs_events {
	/* Asked before a program is started: 0, or a negative error and in `why`, for people, what
	 * it cannot work without and is missing. */
	int (*needs)(void *user, char *why, size_t size);
	/* A token for this life of this orb; writes at most `size` bytes. 0 or a negative error. */
	int (*token)(void *user, const char *room, const char *session, char *out, size_t size);
	/* More for this life's environment: "NAME=value" each; what expires, as credentials do. */
	void (*environment)(void *user, const char *session, struct tc_strings *out);
	void (*token_revoked)(void *user, const char *room, const char *session);
	void (*state)(void *user, const char *room, enum tc_orb_state state, const char *reason);
	/* The same step, with all that operators want to know of it. */
	void (*event)(void *user, const struct tc_orb_event *event);
	void (*heartbeat)(void *user, const char *room, const struct tc_channel_metrics *metrics);
	/* Is one of the room's people connected? NULL: they all are. Of rooms that wait for a
	 * place, one where nobody is keeps its turn and is passed over; see tc_orbs_back(). */
	bool (*attended)(void *user, const char *room);
	/* This life begins in a session that is not new: what was said in it is wanted, by
	 * tc_orbs_recalled(). false: there is nothing to recall. */
	bool (*recall)(void *user, const char *room, const char *session, int life);
	/* utterance and session_summary messages, as JSON, to be stored. */
	void (*message)(void *user, const char *room, const char *type, const char *json,
			size_t len);
};

struct tc_orb_room {
	const char *room, *session, *coach, *client; /* ids */
	bool test;                                   /* appointment status "test" */
	int64_t ends_ms;  /* when their time is up, ms since 1970 (ORB_SESSION_ENDS); 0: no fixed
			     end */
	int64_t began_ms; /* the session, ms since 1970; 0: not known */
};

struct tc_orb_info { /* for metrics and, later, the dashboard */
	char room[129], session[129];
	int pid;
	int life; /* which process of the session, from 1; 0: none was started */
	enum tc_orb_state state;
	int64_t started_ms; /* since 1970; 0: not running */
	/* Of the newest sample (its share of memory, PSS), or of its heartbeat where nothing is
	 * measured; 0: not known. */
	double cpu_percent, memory_mb, latency_ms;
};

/* -EINVAL: an unclosed quote in orb_command, or neither it nor aiorb_path; -ENOMEM. */
int tc_orbs_create(struct tc_orbs **out, const struct tc_orbs_config *config,
		   const struct tc_orbs_events *events, void *user);
/* Asks all to end (reason server_shutdown), kills what does not, frees, then calls done on a later
 * turn of the loop. NULL-safe (done is not called then). */
void tc_orbs_close(struct tc_orbs *orbs, void (*done)(void *user), void *user);
/* As tc_orbs_close(), but orbs of our own go on: they look for the next server's manager. Programs
 * of orb_command are asked to end, and waited for. */
void tc_orbs_hand_over(struct tc_orbs *orbs, void (*done)(void *user), void *user);
/* A server before us had an orb in this room: for wait_ms nobody starts another, it may come. */
void tc_orbs_expect(struct tc_orbs *orbs, const char *room, int64_t wait_ms);
/* One came: `adopt`, on a socket that is ours from here on, from the process `pid` (as the socket
 * says). It is taken up, or told that it is replaced. 0, or why not: -EEXIST, -EPERM, -ESRCH,
 * -EINVAL, -ENOMEM. */
struct tc_channel_message;
int tc_orbs_adopt(struct tc_orbs *orbs, int fd, int pid, const struct tc_channel_message *adopt);
/* A second signal: SIGKILL now. */
void tc_orbs_kill_all(struct tc_orbs *orbs);
/* The first human came in (or another): make sure there is an orb, tell it who is there. */
void tc_orbs_joined(struct tc_orbs *orbs, const struct tc_orb_room *room, const char *user_id);
void tc_orbs_left(struct tc_orbs *orbs, const char *room, const char *user_id);
/* Somebody who had lost the connection has it again. */
void tc_orbs_back(struct tc_orbs *orbs);
/* People talk there: what counts as nothing happening (active_cleanup_ms) starts again. */
void tc_orbs_active(struct tc_orbs *orbs, const char *room);
void tc_orbs_end(struct tc_orbs *orbs, const char *room, const char *reason);
/* The coach's orb-control, which a later life is to keep to: mode, mute, unmute. */
void tc_orbs_controlled(struct tc_orbs *orbs, const char *room, const char *action,
			const char *value);
/* What was said in the session before this life of the room's orb; told it, unless another has
 * begun since. */
struct tc_channel_utterance;
void tc_orbs_recalled(struct tc_orbs *orbs, const char *room, int life,
		      const struct tc_channel_utterance *utterances, size_t count);
/* What our own orb of this session told is on disk: an utterance, or (NULL) its summary. */
void tc_orbs_stored(struct tc_orbs *orbs, const char *session, const char *utterance_id);
/* Is there a process that may still tell something of this session? */
bool tc_orbs_serve(const struct tc_orbs *orbs, const char *session);
/* People want it again, whatever became of it: one that runs gives way to a new process, and how
 * often it died before counts no longer. -ENOENT: nobody is there; -EBUSY: it waits for a place. */
int tc_orbs_restart(struct tc_orbs *orbs, const char *room, const char *why);
/* How lives ended. */
enum tc_orb_end {
	TC_ORB_END_ASKED,  /* gracefully, when asked */
	TC_ORB_END_ITSELF, /* gracefully, by its own limits */
	TC_ORB_END_FORCED, /* by SIGTERM or SIGKILL, as it did not end when asked */
	TC_ORB_END_HUNG,   /* killed: it hung, or never was in the room */
	TC_ORB_END_ERROR,  /* with an exit status, or before it was in the room */
	TC_ORB_END_CRASH,  /* by a signal that was not ours */
	TC_ORB_END_COUNT,
};
/* What an orb that no longer works hangs in. */
enum tc_orb_hang {
	TC_ORB_HANG_MAIN,  /* the main loop; a program of orb_command: no heartbeats */
	TC_ORB_HANG_AUDIO, /* from here on in the order of enum tc_worker */
	TC_ORB_HANG_VIDEO,
	TC_ORB_HANG_RECOGNIZER,
	TC_ORB_HANG_VOICE,
	TC_ORB_HANG_COUNT,
};
struct tc_orbs_counts { /* since the start */
	uint64_t spawned, not_spawned;
	uint64_t ended[TC_ORB_END_COUNT];
	uint64_t hangs[TC_ORB_HANG_COUNT];
};
struct tc_orbs_counts tc_orbs_counts(const struct tc_orbs *orbs);
size_t tc_orbs_list(const struct tc_orbs *orbs, struct tc_orb_info *out, size_t max);
const char *tc_orb_state_str(enum tc_orb_state state); /* the word of `orb-state` */
/* For operators: each state its own word. */
const char *tc_orb_state_name(enum tc_orb_state state);

#endif
