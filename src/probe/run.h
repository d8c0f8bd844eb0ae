/* probe/run.h -- all rooms of one run of the probe: begun one after another, paced together, ended.
 *
 * Thread: the loop's, which it makes and runs.
 */
#ifndef TC_PROBE_RUN_H
#define TC_PROBE_RUN_H

#include <stdbool.h>
#include <stddef.h>

#include "probe/args.h"
#include "probe/clip.h"
#include "probe/pace.h"
#include "probe/room.h"

struct tc_run {
	const struct tc_probe_args *args; /* borrowed */
	struct tc_loop *loop;             /* owned, as all here */
	struct tc_rtc *rtc;
	struct tc_clip clip;
	struct tc_probe_room *rooms;
	size_t count, started;
	struct tc_pace pace;
	struct tc_timer *timer;
	int64_t began_us, ended_us;
	int signal_fd, signals;
	struct tc_watch *watch;
};

/* 0, or -EINVAL and other errors with a line in `why`; the caller destroys it then, too. */
int tc_run_create(struct tc_run *run, const struct tc_probe_args *args, char *why, size_t size);
void tc_run_loop(struct tc_run *run); /* until all rooms are done */
size_t tc_run_failed(const struct tc_run *run);
void tc_run_destroy(struct tc_run *run);

#endif
