/* server/orbs/nest.h -- the nest: a process with the speech engines loaded, from which orbs are
 * forked, and the spares it keeps ready.
 *
 * Started, pinged, started again when it dies, replaced when its settings or its program change.
 * Spares are our own children (we are a subreaper), so an orb that came from the nest is reaped
 * like one that was executed, and outlives the nest. Who finds no spare waits for a fork, while the
 * nest is up or coming up and not for long; else the caller executes. Thread: the loop's. Owner:
 * the manager.
 */
#ifndef TC_SERVER_ORBS_NEST_H
#define TC_SERVER_ORBS_NEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct tc_nest;
struct tc_child_config;
struct uv_loop_s;

struct tc_nest_config {         /* times in ms; 0: the default */
	struct uv_loop_s *loop; /* borrowed, outlives us */
	const char *program;    /* our aiorb; copied */
	char *const *envp;      /* what its orbs will have, but for the room; copied */
	int spares;             /* kept ready; 1 */
	/* As tc_orbs_events has it: while something is missing no nest is started. NULL: nothing
	 * is ever missing. */
	int (*needs)(void *user, char *why, size_t size);
	void *user;
	int64_t load_ms;     /* to load the engines, before it counts as hung; 60000 */
	int64_t ping_ms;     /* between pings; 5000. One not answered by the next: hung */
	int64_t warm_ms;     /* for a spare to be ready; 10000 */
	int64_t take_ms;     /* for who waits to have a spare, before he executes; 2000 */
	int64_t back_off_ms; /* first wait after an early death, doubled each time; 500 */
	int64_t proven_ms;   /* a life this long is no early death; 60000 */
};

struct tc_nest_info {
	int pid;    /* of the nest; 0: down */
	int spares; /* ready */
	int spare;  /* pid of the next to be taken; 0: none is ready */
	uint64_t starts, taken;
	uint64_t waited; /* of them: forked for who found no spare ready */
	uint64_t missed; /* executed instead */
};

/* Starts it. 0, -ENOMEM, or what PR_SET_CHILD_SUBREAPER said. */
int tc_nest_create(struct tc_nest **out, const struct tc_nest_config *config);
/* Ends it and its spare, not the orbs; frees on later turns of the loop, then calls done. NULL-safe
 * (done is not called then). */
void tc_nest_close(struct tc_nest *nest, void (*done)(void *user), void *user);
/* Other settings: the nest and its spare are replaced, unless they are the same. 0 or -ENOMEM. */
int tc_nest_renew(struct tc_nest *nest, char *const *envp);
/* Turns the spare into this orb, with these descriptors (channel, stdout, stderr; the caller's
 * still). It leads a process group of its own then, as an executed one does. 0; -EAGAIN: no spare
 * now; or another negative error: see tc_nest_wait(). NULL nest: -EAGAIN. */
int tc_nest_take(struct tc_nest *nest, const struct tc_child_config *config, const int theirs[3],
		 pid_t *pid, int *pidfd);

struct tc_nest_taker;
struct tc_nest_order;
/* The process; or err, and then `order` is to be executed (borrowed; NULL: no memory). */
typedef void (*tc_nest_taken_fn)(void *user, int err, pid_t pid, int pidfd,
				 const struct tc_nest_order *order);
/* For whom tc_nest_take() had none: one is forked. `taken` is called once, later; until then the
 * descriptors stay. 0; -EAGAIN: no spare can come; or another negative error: execute instead. */
int tc_nest_wait(struct tc_nest_taker **out, struct tc_nest *nest,
		 const struct tc_child_config *config, const int theirs[3], tc_nest_taken_fn taken,
		 void *user);
void tc_nest_leave(struct tc_nest_taker *taker); /* before `taken`, which is not called then */
struct tc_nest_info tc_nest_info(const struct tc_nest *nest); /* NULL: all 0 */

#endif
