// SPDX-License-Identifier: Apache-2.0
#include "rtc/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <glib-unix.h>
#include <glib.h>

#include "base/assert.h"

/* A destroy runs what was posted before it (deferred frees post nothing new, or only once more). */
#define DRAIN_TURNS 64

struct tc_loop {
	GMainContext *context; /* owned */
	GMainLoop *main_loop;  /* owned; never run by us: libwebsockets asks for one to find the
				  context */
	struct tc_home home;
	atomic_bool quit;
};

struct tc_timer {
	GSource *source; /* owned */
	tc_loop_fn fn;
	void *user;
	bool repeat;
};

struct tc_watch {
	GSource *source; /* owned */
	tc_loop_fn fn;
	void *user;
};

struct posted {
	tc_loop_fn fn;
	void *user;
};

int tc_loop_create(struct tc_loop **out)
{
	struct tc_loop *loop = calloc(1, sizeof(*loop));
	if (!loop) {
		return -ENOMEM;
	}
	loop->context = g_main_context_new();
	loop->main_loop = g_main_loop_new(loop->context, FALSE);
	tc_home_init(&loop->home);
	atomic_init(&loop->quit, false);
	*out = loop;
	return 0;
}

void tc_loop_destroy(struct tc_loop *loop)
{
	if (!loop) {
		return;
	}
	for (int i = 0; i < DRAIN_TURNS && g_main_context_iteration(loop->context, FALSE); i++) {
	}
	g_main_loop_unref(loop->main_loop);
	g_main_context_unref(loop->context);
	free(loop);
}

void tc_loop_run(struct tc_loop *loop)
{
	tc_home_init(&loop->home);
	while (!atomic_load(&loop->quit)) {
		g_main_context_iteration(loop->context, TRUE);
	}
	atomic_store(&loop->quit, false);
}

bool tc_loop_turn(struct tc_loop *loop, bool block)
{
	return g_main_context_iteration(loop->context, block);
}

void tc_loop_quit(struct tc_loop *loop)
{
	atomic_store(&loop->quit, true);
	g_main_context_wakeup(loop->context);
}

void *tc_loop_native(struct tc_loop *loop)
{
	return loop->context;
}

void *tc_loop_native_main(struct tc_loop *loop)
{
	return loop->main_loop;
}

static gboolean on_timer(gpointer user)
{
	struct tc_timer *timer = user;
	/* The callback may cancel (and so free) the timer: read before. */
	bool repeat = timer->repeat;
	timer->fn(timer->user);
	return repeat ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

struct tc_timer *tc_loop_timer(struct tc_loop *loop, int64_t delay_ms, bool repeat, tc_loop_fn fn,
			       void *user)
{
	TC_ASSERT_HOME(loop);
	struct tc_timer *timer = calloc(1, sizeof(*timer));
	if (!timer) {
		return NULL;
	}
	int64_t ms = delay_ms < 0 ? 0 : delay_ms > G_MAXINT ? G_MAXINT : delay_ms;
	timer->fn = fn;
	timer->user = user;
	timer->repeat = repeat;
	timer->source = g_timeout_source_new((guint)ms);
	g_source_set_callback(timer->source, on_timer, timer, NULL);
	g_source_attach(timer->source, loop->context);
	return timer;
}

void tc_timer_cancel(struct tc_timer *timer)
{
	if (!timer) {
		return;
	}
	g_source_destroy(timer->source);
	g_source_unref(timer->source);
	free(timer);
}

static gboolean on_watch(gint fd, GIOCondition condition, gpointer user)
{
	struct tc_watch *watch = user;
	watch->fn(watch->user);
	return G_SOURCE_CONTINUE;
}

static struct tc_watch *watch_fd(struct tc_loop *loop, int fd, GIOCondition condition,
				 tc_loop_fn fn, void *user)
{
	TC_ASSERT_HOME(loop);
	struct tc_watch *watch = calloc(1, sizeof(*watch));
	if (!watch) {
		return NULL;
	}
	watch->fn = fn;
	watch->user = user;
	watch->source = g_unix_fd_source_new(fd, condition | G_IO_HUP | G_IO_ERR);
	g_source_set_callback(watch->source, G_SOURCE_FUNC(on_watch), watch, NULL);
	g_source_set_can_recurse(watch->source, TRUE); /* see tc_loop_spare_wakeups() */
	g_source_attach(watch->source, loop->context);
	return watch;
}

struct tc_watch *tc_loop_watch(struct tc_loop *loop, int fd, tc_loop_fn fn, void *user)
{
	return watch_fd(loop, fd, G_IO_IN, fn, user);
}

struct tc_watch *tc_loop_watch_write(struct tc_loop *loop, int fd, tc_loop_fn fn, void *user)
{
	return watch_fd(loop, fd, G_IO_OUT, fn, user);
}

void tc_watch_cancel(struct tc_watch *watch)
{
	if (!watch) {
		return;
	}
	g_source_destroy(watch->source);
	g_source_unref(watch->source);
	free(watch);
}

static gboolean on_posted(gpointer user)
{
	struct posted *posted = user;
	posted->fn(posted->user);
	return G_SOURCE_REMOVE;
}

int tc_loop_post(struct tc_loop *loop, tc_loop_fn fn, void *user)
{
	struct posted *posted = malloc(sizeof(*posted));
	if (!posted) {
		return -ENOMEM;
	}
	*posted = (struct posted){.fn = fn, .user = user};
	GSource *source = g_idle_source_new();
	/* Idle priority would starve behind packets; equal priorities run in the order attached. */
	g_source_set_priority(source, G_PRIORITY_DEFAULT);
	g_source_set_callback(source, on_posted, posted, free);
	g_source_attach(source, loop->context);
	g_source_unref(source);
	return 0;
}

static gboolean on_mark(gpointer user)
{
	return G_SOURCE_REMOVE;
}

/* A context numbers its sources as they are attached. */
unsigned tc_loop_mark(struct tc_loop *loop)
{
	TC_ASSERT_HOME(loop);
	GSource *source = g_idle_source_new();
	g_source_set_callback(source, on_mark, NULL, NULL);
	unsigned mark = g_source_attach(source, loop->context);
	g_source_destroy(source);
	g_source_unref(source);
	return mark;
}

void tc_loop_spare_wakeups(struct tc_loop *loop, unsigned mark)
{
	unsigned end = tc_loop_mark(loop);
	for (unsigned id = mark + 1; id < end; id++) {
		GSource *source = g_main_context_find_source_by_id(loop->context, id);
		if (source) {
			g_source_set_can_recurse(source, TRUE);
		}
	}
}
