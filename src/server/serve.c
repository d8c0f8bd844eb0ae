// SPDX-License-Identifier: Apache-2.0
#include "server/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

#include "base/log.h"
#include "server/app/app.h"

TC_LOG_TOPIC("server");

static void raise_limits(void)
{
	struct rlimit files;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error, as a full disk is */
	/* Each connection is a descriptor, and the usual soft limit is 1024. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = files.rlim_max < 65536 ? files.rlim_max : 65536;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	/* Two hashing passwords must leave room for the journal. */
	(void)setenv("UV_THREADPOOL_SIZE", "6", 0);
}

int tc_serve(const struct tc_config_set *set)
{
	static struct tc_app app;
	app = (struct tc_app){.config = &set->config, .clock = tc_clock_system(), .data_lock = -1};
	raise_limits();
	if (uv_loop_init(&app.loop) != 0 || tc_config_export(set) != 0) {
		tc_app_complain("out of memory");
		return 1;
	}
	app.loop_made = true;
	(void)uv_loop_configure(&app.loop, UV_METRICS_IDLE_TIME);
	int err = tc_app_load_pages(&app);
	err = err ? err : tc_app_open_port(&app);
	if (!err) {
		tc_app_name_addresses(&app);
		err = tc_app_lock_data(&app);
		err = err ? err : tc_app_open_stores(&app);
	}
	err = err ? err : tc_app_make_services(&app);
	err = err ? err : tc_app_make_spool(&app);
	err = err ? err : tc_app_make_orbs(&app);
	err = err ? err : tc_app_make_site(&app);
	err = err ? err : tc_app_make_demo(&app);
	if (!err) {
		tc_listener_announce(app.listener);
		tc_app_warn(&app);
		tc_app_take_up(&app);
		tc_app_start_handles(&app);
		printf("tricall ready on %s\n", app.url);
		fflush(stdout);
		uv_run(&app.loop, UV_RUN_DEFAULT);
		TC_INFO(NULL, "ended");
	}
	tc_app_finish(&app);
	return err ? 1 : 0;
}
