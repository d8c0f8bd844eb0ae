/* server/orbs/child.h -- one orb program as a child process: spawn, channel, output lines, reaping.
 *
 * Knows processes and descriptors, not rooms or states. The child gets /dev/null, two pipes and the
 * channel socket as descriptor 3, nothing else; it leads a process group of its own. Signals go
 * through its pidfd while it is not reaped, so none can hit a stranger.
 * Thread: the loop's. Owner: the manager, one for each life of an orb.
 */
#ifndef TC_SERVER_ORBS_CHILD_H
#define TC_SERVER_ORBS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/json.h"

struct tc_child;
struct tc_nest;
struct uv_loop_s;

struct tc_child_config {
	struct uv_loop_s *loop; /* borrowed, outlives us */
	char *const *argv;      /* argv[0] is looked up in PATH; borrowed for the call */
	char *const *envp;      /* borrowed for the call */
	const char *work_dir;   /* NULL: stay; borrowed for the call */
	const char *tag;        /* for log lines; copied */
	struct tc_nest *nest;   /* NULL: always executed; else forked where that can be; borrowed,
				   outlives the wait for it */
	bool leashed;           /* it dies with us, and is bound; see launch.h */
	bool packets;           /* the channel keeps messages apart (SOCK_SEQPACKET) */
};

struct tc_child_exit {
	bool unknown; /* it was not our child (tc_child_adopt): nobody told us */
	bool never;   /* there was no process: killed before, or, with err, it could not be had */
	int err;
	bool signaled;
	int status; /* exit code, or the signal's number */
};

struct tc_child_events { /* never called from inside spawn */
	/* An object came through the channel; borrowed for the call. */
	void (*message)(void *user, struct tc_json object);
	/* The channel can take more: append whole lines to `out`, or nothing when all is said. */
	void (*next_line)(void *user, struct tc_buf *out);
	/* It ended, all it had written was read, and it is reaped. The last event. */
	void (*exited)(void *user, struct tc_child_exit how);
	/* There is a process now: only where there was none (pid 0) when spawn returned. */
	void (*started)(void *user);
};

/* 0, or a negative error with one line about it in `why`; then nothing was started. It may have to
 * wait for its process; what it is told meanwhile, that will read. */
int tc_child_spawn(struct tc_child **out, const struct tc_child_config *config,
		   const struct tc_child_events *events, void *user, char *why, size_t why_size);
/* Takes a process that another server started: fd is its channel, ours from here on; its output
 * goes where it went. 0; -ESRCH: there is no such process (any more). */
int tc_child_adopt(struct tc_child **out, struct uv_loop_s *loop, const char *tag, int pid, int fd,
		   const struct tc_child_events *events, void *user);
/* Lets it run, and closes what ties it to us; the next manager may adopt it. Frees on later turns
 * of the loop, then calls done. No event follows. */
void tc_child_let_go(struct tc_child *child, void (*done)(void *user), void *user);
/* After `exited`: frees on later turns of the loop, then calls done. */
void tc_child_close(struct tc_child *child, void (*done)(void *user), void *user);

int tc_child_pid(const struct tc_child *child); /* 0: it waits for one */
bool tc_child_channel_open(const struct tc_child *child);
/* Something is to be said: asks next_line when the channel is free. */
void tc_child_poke(struct tc_child *child);
/* The program alone; nothing where there is none yet. */
void tc_child_signal(struct tc_child *child, int signal_number);
/* SIGKILL to it and all of its group. One that waits for its process gets none: exited, later. */
void tc_child_kill(struct tc_child *child);

#endif
