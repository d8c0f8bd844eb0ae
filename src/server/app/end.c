// SPDX-License-Identifier: Apache-2.0
#include "server/app/app.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"

TC_LOG_TOPIC("server");

#define TICK_MS     1000
#define SPOOL_TICKS 30 /* between two looks; what is in it was late anyway */
/* At the end people's sockets get their close frame; whoever does not answer it waits no longer. */
#define FAREWELL_MS       1000
#define FAREWELL_CHECK_MS 20

static void close_when_done(struct tc_app *app)
{
	bool alone = tc_rooms_counts(app->rooms).connections == 0;
	if (!app->listener || !app->written ||
	    (!alone && tc_clock_ms(app->clock) < app->farewell_by)) {
		return;
	}
	uv_close((uv_handle_t *)&app->tick, NULL);
	uv_close((uv_handle_t *)&app->term, NULL);
	uv_close((uv_handle_t *)&app->interrupt, NULL);
	uv_close((uv_handle_t *)&app->hangup, NULL);
	tc_board_stop(app->board);
	tc_listener_close(app->listener);
	app->listener = NULL;
	tc_ws_close(app->ws);
	app->ws = NULL;
}

static void on_farewell(uv_timer_t *timer)
{
	close_when_done(timer->data);
}

static void on_journal_flushed(void *user)
{
	struct tc_app *app = user;
	TC_INFO(NULL, "everything is written");
	app->written = true;
	close_when_done(app);
}

static void on_orbs_closed(void *user)
{
	struct tc_app *app = user;
	app->closing = NULL;
	app->site->config.orbs = NULL;
	app->board->orbs = NULL;
	tc_admin_end_streams(app->site);
	if (!app->handing_over) {
		tc_calls_end_all(app->calls);
	}
	tc_app_sum_up_tick(app); /* no orb is left to wait for */
	tc_control_close(app->control);
	app->control = NULL;
	/* Told so, pages come back to the next server; their media, between them, never stops. */
	tc_rooms_go_away(app->rooms);
	app->farewell_by = tc_clock_ms(app->clock) + FAREWELL_MS;
	uv_timer_start(&app->tick, on_farewell, FAREWELL_CHECK_MS, FAREWELL_CHECK_MS);
	tc_journal_flush(app->journal, on_journal_flushed, app);
}

void tc_app_end(struct tc_app *app, bool hand_over)
{
	if (app->closing || app->farewell_by) {
		return;
	}
	app->site->draining = true;
	app->handing_over = hand_over;
	app->closing = app->orbs;
	app->orbs = NULL;
	if (!app->closing) {
		on_orbs_closed(app);
	} else if (hand_over) {
		TC_INFO(NULL, "handing over: calls and their orbs go on");
		tc_orbs_hand_over(app->closing, on_orbs_closed, app);
	} else {
		TC_INFO(NULL, "ending: orbs are asked to end");
		tc_orbs_close(app->closing, on_orbs_closed, app);
	}
}

/* SIGTERM drains, SIGHUP hands over to the next server, SIGINT ends gracefully; a second one, at
 * once. */
static void on_signal(uv_signal_t *handle, int number)
{
	struct tc_app *app = handle->data;
	/* A drain that takes too long may still become a restart. */
	bool instead = number == SIGHUP && !app->closing && !app->farewell_by;
	if (++app->signals > 1 && !instead) {
		TC_WARN(NULL, "ending at once");
		if (app->closing && !app->handing_over) {
			tc_orbs_kill_all(app->closing);
		} else if (app->orbs) {
			tc_orbs_kill_all(app->orbs);
		}
		_exit(1);
	}
	if (number == SIGTERM) {
		tc_app_drain(app, "SIGTERM");
		tc_app_check_drained(app);
	} else {
		tc_app_end(app, number == SIGHUP);
	}
}

static void on_tick(uv_timer_t *timer)
{
	struct tc_app *app = timer->data;
	tc_calls_tick(app->calls);
	tc_board_tick(app->board);
	tc_admin_tick(app->site);
	tc_control_touch(app->control);
	tc_spool_tick(app->spool);
	if (app->control && ++app->spool_tick % SPOOL_TICKS == 0) {
		tc_spool_take(app->spool);
	}
	tc_app_sum_up_tick(app);
	tc_journal_tick(app->journal);
	tc_app_check_drained(app);
}

void tc_app_start_handles(struct tc_app *app)
{
	uv_signal_init(&app->loop, &app->term);
	uv_signal_init(&app->loop, &app->interrupt);
	uv_timer_init(&app->loop, &app->tick);
	uv_signal_init(&app->loop, &app->hangup);
	app->term.data = app->interrupt.data = app->hangup.data = app->tick.data = app;
	uv_signal_start(&app->term, on_signal, SIGTERM);
	uv_signal_start(&app->interrupt, on_signal, SIGINT);
	uv_signal_start(&app->hangup, on_signal, SIGHUP);
	uv_timer_start(&app->tick, on_tick, TICK_MS, TICK_MS);
	tc_board_start(app->board);
}

void tc_app_finish(struct tc_app *app)
{
	tc_listener_close(app->listener);
	tc_ws_close(app->ws);
	tc_control_close(app->control);
	if (app->orbs) {
		tc_orbs_close(app->orbs, NULL, NULL);
	}
	if (app->loop_made) {
		uv_run(&app->loop, UV_RUN_DEFAULT);
	}
	tc_site_destroy(app->site);
	tc_board_destroy(app->board);
	tc_http_destroy(app->http);
	tc_rooms_destroy(app->rooms);
	tc_spool_destroy(app->spool);
	tc_journal_destroy(app->journal);
	tc_calls_destroy(app->calls);
	free(app->unsummed);
	tc_gate_destroy(app->gate);
	tc_static_free(app->files);
	tc_store_close(app->log);
	tc_store_close(app->work);
	tc_store_close(app->reads);
	if (app->data_lock >= 0) {
		close(app->data_lock);
	}
	if (app->loop_made) {
		(void)uv_loop_close(&app->loop);
	}
}
