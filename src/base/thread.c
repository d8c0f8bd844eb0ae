// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void tc_thread_begin(const char *name, enum tc_thread_share share)
{
	prctl(PR_SET_NAME, name);
	if (share != TC_THREAD_USUAL) {
		/* On Linux "process 0" is the calling thread alone. From where we were started: an
		 * orb may be niced as a whole. */
		(void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + (int)share);
	}
}
