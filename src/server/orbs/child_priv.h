/* server/orbs/child_priv.h -- inside a child: spawn.c starts it, channel.c talks, child.c ends it.
 */
#ifndef TC_SERVER_ORBS_CHILD_PRIV_H
#define TC_SERVER_ORBS_CHILD_PRIV_H

#include <sys/types.h>
#include <uv.h>

#include "proto/channel.h"
#include "server/orbs/child.h"
#include "server/orbs/lines.h"

/* Of one child no more than this is read in a window, so that a flood never holds up the loop: it
 * waits in the pipe, and in the end the flooding program does. */
#define TC_CHILD_WINDOW_MS    10
#define TC_CHILD_WINDOW_BYTES (64 * 1024)

enum tc_child_stream {
	TC_CHILD_CHANNEL,
	TC_CHILD_STDOUT,
	TC_CHILD_STDERR,
	TC_CHILD_STREAMS,
};

struct tc_child_source {
	struct tc_child *child; /* borrowed: the one it is part of */
	enum tc_child_stream which;
	uv_poll_t poll;
	int fd; /* -1: closed, or never opened */
};

struct tc_child {
	char tag[160];
	struct tc_child_events events;
	void *user;
	pid_t pid;                    /* 0: none yet */
	int pidfd;                    /* -1: none */
	struct tc_nest_taker *taker;  /* waits for a process; NULL: not, or not any more */
	int theirs[TC_CHILD_STREAMS]; /* what that gets; -1 afterwards */
	bool reaped, closing;
	bool adopted; /* not our child: it cannot be waited for */
	uv_poll_t exit_poll;
	uv_timer_t window; /* running: reading pauses until it fires */
	int64_t window_start_ms;
	size_t window_bytes;
	struct tc_child_source source[TC_CHILD_STREAMS];
	struct tc_channel_framer framer;
	struct tc_lines out, err;
	struct tc_buf unsent; /* whole lines; the first `sent` bytes are gone */
	size_t sent;
	bool hung_up; /* it takes no more of our words; some of its own may still be unread */
	int open_handles;
	void (*done)(void *user);
	void *done_user;
};

/* spawn.c */
struct tc_child_ends {
	int ours[TC_CHILD_STREAMS]; /* close-on-exec, non-blocking */
	int theirs[TC_CHILD_STREAMS];
};
int tc_child_open_ends(const struct tc_child_config *config, struct tc_child_ends *ends, char *why,
		       size_t why_size);
void tc_child_close_all(int fds[TC_CHILD_STREAMS]);
int tc_child_execute(const struct tc_child_config *config, const int theirs[TC_CHILD_STREAMS],
		     pid_t *pid, int *pidfd);
/* Opens, executes, and closes theirs. */
int tc_child_start(const struct tc_child_config *config, pid_t *pid, int *pidfd,
		   int fds[TC_CHILD_STREAMS], char *why, size_t why_size);
/* child.c */
void tc_child_on_source_closed(uv_handle_t *handle);
/* channel.c */
extern const struct tc_channel_events tc_child_channel_events;
void tc_child_on_readable(uv_poll_t *poll, int status, int events);
void tc_child_watch(struct tc_child *child, struct tc_child_source *source);
void tc_child_read_rest(struct tc_child *child);
void tc_child_source_end(struct tc_child_source *source);

#endif
