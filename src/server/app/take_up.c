// SPDX-License-Identifier: Apache-2.0
/* What a server before us left: calls that go on without one, orbs in them, last words in the
 * spool.
 */
#include "server/app/app.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("server");

/* A call whose server has been away for longer is over, whatever its people still do. */
#define TAKE_UP_MS (5 * 60 * 1000)
#define OPEN_MAX   1000
/* Orbs ask ten times a second. One that is not here by then is not alive. */
#define EXPECT_MS 3000

/* Whole: orbs may run in another folder. */
static int path_in(const struct tc_app *app, const char *name, char *out, size_t size)
{
	char dir[PATH_MAX];
	if (!realpath(app->config->data_dir, dir)) {
		return -errno;
	}
	int n = snprintf(out, size, "%s/%s", dir, name);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static void resume_calls(struct tc_app *app)
{
	struct tc_call *calls = NULL;
	size_t count = 0;
	int resumed = 0;
	int err = tc_store_calls(app->work, NULL, OPEN_MAX, &calls, &count);
	for (size_t i = 0; !err && i < count; i++) {
		if (calls[i].ended_ms == 0 && tc_calls_resume(app->calls, &calls[i]) == 0) {
			resumed++;
			if (app->orbs) {
				tc_orbs_expect(app->orbs, calls[i].room, EXPECT_MS);
			}
		}
	}
	free(calls);
	calls = NULL;
	int64_t since_ms = tc_clock_wall_ms(app->clock) - TAKE_UP_MS;
	err = err ? err : tc_store_calls_cut(app->work, since_ms, &calls, &count);
	for (size_t i = 0; !err && i < count; i++) {
		/* Its orb ended with its server, and has told all. */
		resumed += tc_calls_resume(app->calls, &calls[i]) == 0;
	}
	free(calls);
	if (err) {
		TC_WARN(NULL, "calls of the server before were not read: %s", tc_err_str(err));
	} else if (resumed) {
		TC_INFO(NULL, "%d calls of the server before are taken up", resumed);
	}
}

static void close_calls(struct tc_app *app)
{
	int closed = tc_store_calls_close_open(app->work);
	if (closed > 0) {
		TC_INFO(NULL, "%d calls were open when the server ended; closed", closed);
	}
}

static void on_adopt(void *user, int fd, int pid, const struct tc_channel_message *adopt)
{
	struct tc_app *app = user;
	if (!app->orbs) {
		TC_INFO(adopt->room, "the orb process %d was not taken over: no orbs here", pid);
		close(fd);
		return;
	}
	(void)tc_orbs_adopt(app->orbs, fd, pid, adopt);
}

static bool on_request(void *user, const char *request, struct tc_buf *reply)
{
	struct tc_app *app = user;
	if (strcmp(request, "orbs") == 0) {
		tc_app_tell_orbs(app, reply);
	} else if (strcmp(request, "status") == 0) {
		tc_app_tell_status(app, reply);
	} else if (strcmp(request, "drain") == 0) {
		tc_app_drain(app, "asked on the command line");
		tc_app_tell_status(app, reply);
	} else {
		return false;
	}
	return true;
}

/* False: another server lives here, and what is in the folder is its business. */
static bool open_control(struct tc_app *app, const char *path)
{
	static const struct tc_control_events events = {.adopt = on_adopt, .request = on_request};
	int err = tc_control_create(&app->control, &app->loop, path, &events, app);
	if (err == -EADDRINUSE) {
		/* One from before there was a lock. */
		TC_WARN(NULL, "another server has this data folder: orbs and `tricall drain` "
			      "find that one, and its calls are left to it");
	} else if (err) {
		TC_WARN(NULL, "%s: %s: calls do not outlive a restart of this server", path,
			tc_err_str(err));
	}
	return err != -EADDRINUSE;
}

void tc_app_take_up(struct tc_app *app)
{
	const char *path = app->manager_socket;
	int64_t alive_ms = tc_control_last_life(path);
	if (!open_control(app, path)) {
		return;
	}
	if (alive_ms && tc_clock_wall_ms(app->clock) - alive_ms < TAKE_UP_MS) {
		resume_calls(app);
	} else {
		close_calls(app);
	}
	tc_spool_take(app->spool);
	/* Behind what the spool has brought. */
	(void)tc_journal_sum_up_all(app->journal, app->config->orb_command == NULL);
}

int tc_app_make_spool(struct tc_app *app)
{
	int err = path_in(app, TC_CONTROL_SOCKET, app->manager_socket, sizeof(app->manager_socket));
	err = err ? err : path_in(app, "spool", app->spool_dir, sizeof(app->spool_dir));
	if (!err && mkdir(app->spool_dir, 0700) < 0 && errno != EEXIST) {
		err = -errno;
	}
	err = err ? err : tc_spool_create(&app->spool, app->spool_dir, app->journal);
	return err ? tc_app_complain("%s: %s", app->spool_dir, tc_err_str(err)) : 0;
}
