/* server/orbs/inspect.h -- what the kernel tells of a process that hangs, into the log: of each
 * thread its name, state, where in the kernel it waits and in which system call. It needs no help
 * of the process, so it works for one that is stopped, too. Read on the thread pool. Thread: the
 * loop's.
 */
#ifndef TC_SERVER_ORBS_INSPECT_H
#define TC_SERVER_ORBS_INSPECT_H

#include <stddef.h>

struct tc_inspection;
struct uv_loop_s;

struct tc_inspect_config {
	struct uv_loop_s *loop; /* borrowed, outlives us */
	int pid;
	const char *tag;            /* for the log; copied */
	void (*looked)(void *user); /* it is in the log, and the inspection gone */
	void (*over)(void *user);   /* the same, called even where it was forgotten */
	void *user, *over_user;
};

int tc_inspect_start(struct tc_inspection **out, const struct tc_inspect_config *config);
void tc_inspect_forget(struct tc_inspection *inspection); /* `looked` does not come. NULL-safe */
/* One line about a thread; `dir` is its folder below /proc. 0 or -ENOENT: it is gone. */
int tc_inspect_thread(const char *dir, char *out, size_t size);

#endif
