// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/log.h"
#include "server/app/app.h"

TC_LOG_TOPIC("server");

/* More calls than orbs end at one time only if something is wrong. */
#define UNSUMMED_MAX 1000

static void sum_up(struct tc_app *app, const struct tc_call *call)
{
	/* A program of ORB_COMMAND may tell words after its summary, by another way: it knows what
	 * it did. Our own does not. */
	bool stale_too = app->config->orb_command == NULL;
	if (tc_journal_sum_up(app->journal, call, stale_too)) {
		TC_WARN(call->room, "call %s: whether it has a summary was not looked at",
			call->id);
	}
}

static bool may_still_come(const struct tc_app *app, const struct tc_call *call)
{
	const struct tc_orbs *orbs = app->orbs ? app->orbs : app->closing;
	return orbs && tc_orbs_serve(orbs, call->id);
}

void tc_app_sum_up(struct tc_app *app, const struct tc_call *call)
{
	struct tc_call *grown =
		may_still_come(app, call) && app->unsummed_count < UNSUMMED_MAX
			? realloc(app->unsummed, (app->unsummed_count + 1) * sizeof(*grown))
			: NULL;
	if (grown) {
		app->unsummed = grown;
		app->unsummed[app->unsummed_count++] = *call;
	} else {
		sum_up(app, call);
	}
}

void tc_app_sum_up_tick(struct tc_app *app)
{
	size_t kept = 0;
	for (size_t i = 0; i < app->unsummed_count; i++) {
		if (may_still_come(app, &app->unsummed[i])) {
			app->unsummed[kept++] = app->unsummed[i];
		} else {
			sum_up(app, &app->unsummed[i]);
		}
	}
	app->unsummed_count = kept;
}
