/* server/orbs/launch.h -- one program is executed, with what no posix_spawn() can set.
 *
 * The child borrows our memory until exec (vfork): nothing is copied, however big we are, and a
 * program that cannot be executed is told here and now.
 */
#ifndef TC_SERVER_ORBS_LAUNCH_H
#define TC_SERVER_ORBS_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#define TC_LAUNCH_FDS 3

struct tc_launch {         /* all borrowed for the call */
	char *const *argv; /* argv[0] is looked up in PATH */
	char *const *envp;
	const char *work_dir; /* NULL: stay */
	/* They become 3 (the channel), 1 and 2; each is above these numbers. Standard input is
	 * /dev/null, and nothing else is open. */
	int fds[TC_LAUNCH_FDS];
	/* It dies with us (PR_SET_PDEATHSIG: with the thread that called, which has to live as long
	 * as the process), and is bound as a stranger's: no rights gained. Else it may outlive us.
	 */
	bool leashed;
};

/* It leads a process group of its own, has no core dumps, and signals are as they are by default.
 * 0 or a negative error; then nothing runs. */
int tc_launch(const struct tc_launch *launch, pid_t *pid);

#endif
