// SPDX-License-Identifier: Apache-2.0
#include "server/admin/board.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/json.h"
#include "mock/oom.h"
#include "server/http_outbox.h"

/* ---- the registry ---- */

static const char *const colours[] = {"red", "green", NULL};
static const char *const sizes[] = {"s", "m", "l", NULL};
static const double bounds[] = {0.1, 1, 10, 0};
static const struct tc_metric_family families[] = {
	{TC_METRIC_COUNTER, "hats_total", "Hats.", {{"colour", colours}, {"size", sizes}}},
	{TC_METRIC_GAUGE, "heads", "Heads."},
	{TC_METRIC_HISTOGRAM, "wait_seconds", "Waiting.", {{"colour", colours}}, bounds},
};

static char *text_of(const struct tc_registry *r)
{
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_registry_write(r, &buf);
	return tc_buf_take_str(&buf);
}

static void counters_keep_each_label_apart(void **state)
{
	struct tc_registry *r = NULL;
	assert_int_equal(tc_registry_create(&r, families, TC_COUNT(families)), 0);
	tc_registry_add(r, 0, 0, 2, 1);
	tc_registry_add(r, 0, 1, 0, 2);
	tc_registry_add(r, 0, 1, 0, 0.5);
	tc_registry_set(r, 1, 0, 0, 3);
	char *text = text_of(r);
	assert_non_null(strstr(text, "# HELP hats_total Hats.\n# TYPE hats_total counter\n"
				     "hats_total{colour=\"red\",size=\"s\"} 0\n"));
	assert_non_null(strstr(text, "hats_total{colour=\"red\",size=\"l\"} 1\n"));
	assert_non_null(strstr(text, "hats_total{colour=\"green\",size=\"s\"} 2.5\n"));
	assert_non_null(strstr(text, "# TYPE heads gauge\nheads 3\n"));
	assert_true(tc_registry_value(r, 0, 1, 0) == 2.5);
	free(text);
	tc_registry_destroy(r);
}

static void buckets_are_cumulative_and_take_their_bound(void **state)
{
	struct tc_registry *r = NULL;
	assert_int_equal(tc_registry_create(&r, families, TC_COUNT(families)), 0);
	const double seen[] = {0.05, 0.1, 0.5, 100, NAN, INFINITY};
	for (size_t i = 0; i < TC_COUNT(seen); i++) {
		tc_registry_observe(r, 2, 1, 0, seen[i]);
	}
	char *text = text_of(r);
	assert_non_null(strstr(text, "wait_seconds_bucket{colour=\"red\",le=\"0.1\"} 0\n"));
	assert_non_null(strstr(text, "wait_seconds_bucket{colour=\"green\",le=\"0.1\"} 2\n"
				     "wait_seconds_bucket{colour=\"green\",le=\"1\"} 3\n"
				     "wait_seconds_bucket{colour=\"green\",le=\"10\"} 3\n"
				     "wait_seconds_bucket{colour=\"green\",le=\"+Inf\"} 4\n"
				     "wait_seconds_sum{colour=\"green\"} 100.65\n"
				     "wait_seconds_count{colour=\"green\"} 4\n"));
	free(text);
	tc_registry_destroy(r);
}

static void numbers_never_have_an_exponent(void **state)
{
	struct tc_registry *r = NULL;
	assert_int_equal(tc_registry_create(&r, families, TC_COUNT(families)), 0);
	tc_registry_set(r, 1, 0, 0, 123456789012345.0);
	tc_registry_add(r, 0, 0, 0, 1e-7);
	char *text = text_of(r);
	assert_non_null(strstr(text, "heads 123456789012345\n"));
	assert_non_null(strstr(text, "size=\"s\"} 0.0000001\n"));
	free(text);
	tc_registry_destroy(r);
}

static void every_family_of_ours_is_filled_in(void **state)
{
	for (size_t i = 0; i < TC_METRIC_COUNT; i++) {
		const struct tc_metric_family *f = &tc_metric_families[i];
		assert_non_null(f->name);
		assert_non_null(f->help);
		assert_true(f->help[strlen(f->help) - 1] == '.');
		assert_int_equal(f->kind == TC_METRIC_HISTOGRAM, f->bounds != NULL);
		for (size_t k = 0; f->bounds && f->bounds[k] > 0 && f->bounds[k + 1] > 0; k++) {
			assert_true(f->bounds[k] < f->bounds[k + 1]);
		}
	}
}

/* ---- the outbox ---- */

static void an_outbox_is_full_at_its_limit_and_empties_in_order(void **state)
{
	struct tc_outbox box;
	char out[8];
	tc_outbox_init(&box, 10);
	assert_int_equal(tc_outbox_push(&box, "abcdef", 6), 0);
	assert_int_equal(tc_outbox_push(&box, "ghijk", 5), -ENOBUFS);
	assert_int_equal(tc_outbox_push(&box, "ghij", 4), 0);
	assert_int_equal(tc_outbox_peek(&box, out, 4), 4);
	assert_memory_equal(out, "abcd", 4);
	tc_outbox_take(&box, 3);
	assert_int_equal(tc_outbox_waiting(&box), 7);
	assert_int_equal(tc_outbox_push(&box, "klm", 3), 0);
	assert_int_equal(tc_outbox_push(&box, "n", 1), -ENOBUFS);
	assert_int_equal(tc_outbox_peek(&box, out, sizeof(out)), 8);
	assert_memory_equal(out, "defghijk", 8);
	tc_outbox_take(&box, 10);
	assert_int_equal(tc_outbox_waiting(&box), 0);
	assert_int_equal(tc_outbox_push(&box, "0123456789a", 11), -ENOBUFS);
	assert_int_equal(tc_outbox_push(&box, "0123456789", 10), 0);
	tc_outbox_finish(&box);
}

static void an_outbox_that_is_read_needs_no_more_memory(void **state)
{
	struct tc_outbox box;
	char piece[600] = {0};
	char out[1000];
	tc_outbox_init(&box, 4096);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(tc_outbox_push(&box, piece, sizeof(piece)), 0);
		tc_outbox_take(&box, tc_outbox_peek(&box, out, i % 3 ? sizeof(out) : 1));
		while (tc_outbox_waiting(&box) > 1500) {
			tc_outbox_take(&box, 500);
		}
	}
	assert_true(box.bytes.cap <= 8192);
	tc_outbox_finish(&box);
}

/* ---- the feed ---- */

struct ear {
	char heard[8192];
	size_t len;
	bool deaf;
};

static int hear(void *reader, const char *data, size_t len)
{
	struct ear *ear = reader;
	if (ear->deaf) {
		return -ENOBUFS;
	}
	assert_true(ear->len + len < sizeof(ear->heard));
	memcpy(ear->heard + ear->len, data, len);
	ear->len += len;
	ear->heard[ear->len] = '\0';
	return 0;
}

static void forget_heard(struct ear *ear)
{
	ear->len = 0;
	ear->heard[0] = '\0';
}

/* The id of the last message heard. */
static void last_id(const struct ear *ear, char out[64])
{
	const char *at = NULL;
	for (const char *p = ear->heard; (p = strstr(p, "id: ")); p++) {
		at = p + 4;
	}
	assert_non_null(at);
	snprintf(out, 64, "%.*s", (int)strcspn(at, "\n"), at);
}

static void a_reader_that_comes_back_is_told_what_it_missed(void **state)
{
	struct tc_feed *feed = NULL;
	struct tc_feed_reader *one = NULL;
	struct tc_feed_reader *two = NULL;
	struct ear a = {0}, b = {0};
	char id[64];
	bool missed = true;
	assert_int_equal(tc_feed_create(&feed, hear), 0);
	assert_int_equal(tc_feed_attach(feed, &one, &a, NULL, &missed), 0);
	assert_false(missed);
	assert_string_equal(a.heard, "retry: 2000\n\n");
	tc_feed_publish(feed, "step", "{\"n\":1}", 7);
	last_id(&a, id);
	tc_feed_detach(one);
	tc_feed_publish(feed, "step", "{\"n\":2}", 7);
	tc_feed_send(feed, "update", "{}", 2);
	tc_feed_publish(feed, "step", "{\"n\":3}", 7);
	assert_int_equal(tc_feed_attach(feed, &two, &b, id, &missed), 0);
	assert_true(missed);
	assert_null(strstr(b.heard, "{\"n\":1}"));
	assert_null(strstr(b.heard, "update"));
	const char *second = strstr(b.heard, "event: step\ndata: {\"n\":2}\n\n");
	const char *third = strstr(b.heard, "event: step\ndata: {\"n\":3}\n\n");
	assert_true(second && third && second < third);
	/* Up to date already: nothing, and yet nothing is unknown. */
	last_id(&b, id);
	forget_heard(&b);
	tc_feed_detach(two);
	assert_int_equal(tc_feed_attach(feed, &two, &b, id, &missed), 0);
	assert_true(missed);
	assert_string_equal(b.heard, "retry: 2000\n\n");
	tc_feed_detach(two);
	tc_feed_destroy(feed);
}

static void an_id_that_is_not_ours_or_too_old_is_no_id(void **state)
{
	struct tc_feed *feed = NULL;
	struct tc_feed_reader *reader = NULL;
	struct ear a = {0};
	char old[64];
	bool missed = true;
	assert_int_equal(tc_feed_create(&feed, hear), 0);
	assert_int_equal(tc_feed_attach(feed, &reader, &a, NULL, &missed), 0);
	tc_feed_publish(feed, "step", "{}", 2);
	last_id(&a, old);
	tc_feed_detach(reader);
	for (int i = 0; i < TC_FEED_KEPT + 1; i++) {
		tc_feed_publish(feed, "step", "{}", 2);
	}
	char ahead[64];
	snprintf(ahead, sizeof(ahead), "%.8s-99999", old);
	const char *const ids[] = {old,
				   ahead,
				   "abcdefgh-1",
				   "",
				   "-",
				   "1",
				   "999999999999999999999999999999999999999999999999999999999"};
	for (size_t i = 0; i < TC_COUNT(ids); i++) {
		forget_heard(&a);
		assert_int_equal(tc_feed_attach(feed, &reader, &a, ids[i], &missed), 0);
		assert_false(missed);
		assert_string_equal(a.heard, "retry: 2000\n\n");
		tc_feed_detach(reader);
	}
	size_t len = 0;
	size_t kept = 0;
	while (tc_feed_kept(feed, kept, &len)) {
		kept++;
	}
	assert_int_equal(kept, TC_FEED_KEPT);
	tc_feed_destroy(feed);
}

static void a_reader_that_is_lost_does_not_stop_the_others(void **state)
{
	struct tc_feed *feed = NULL;
	struct tc_feed_reader *readers[TC_FEED_READERS_MAX];
	struct tc_feed_reader *more = NULL;
	static struct ear ears[TC_FEED_READERS_MAX];
	bool missed = false;
	memset(ears, 0, sizeof(ears));
	assert_int_equal(tc_feed_create(&feed, hear), 0);
	for (size_t i = 0; i < TC_FEED_READERS_MAX; i++) {
		assert_int_equal(tc_feed_attach(feed, &readers[i], &ears[i], NULL, &missed), 0);
	}
	assert_int_equal(tc_feed_attach(feed, &more, &ears[0], NULL, &missed), -ENOBUFS);
	ears[3].deaf = true;
	tc_feed_send(feed, "update", "{}", 2);
	ears[3].deaf = false;
	tc_feed_beat(feed);
	for (size_t i = 0; i < TC_FEED_READERS_MAX; i++) {
		assert_int_equal(strstr(ears[i].heard, "event: update\ndata: {}\n\n:\n\n") != NULL,
				 i != 3);
		tc_feed_detach(readers[i]);
	}
	assert_int_equal(tc_feed_readers(feed), 0);
	tc_feed_destroy(feed);
}

/* ---- the history ---- */

struct day {
	uv_loop_t loop;
	char dir[64];
	struct tc_store *store;
	struct tc_fake_clock clock;
	struct tc_history *history;
};

static void open_history(struct day *d)
{
	struct tc_history_config config = {&d->loop, d->store, &d->clock.clock};
	assert_int_equal(tc_history_create(&d->history, &config), 0);
}

static int begin_day(void **state)
{
	struct day *d = calloc(1, sizeof(*d));
	struct tc_store_config config = {.data_dir = d->dir};
	uv_loop_init(&d->loop);
	snprintf(d->dir, sizeof(d->dir), "/tmp/tricall-board-XXXXXX");
	assert_non_null(mkdtemp(d->dir));
	assert_int_equal(tc_store_open(&d->store, &config, NULL, 0), 0);
	tc_fake_clock_init(&d->clock, 1000000ll * 60 * 1000000);
	open_history(d);
	*state = d;
	return 0;
}

static int end_day(void **state)
{
	struct day *d = *state;
	char command[128];
	tc_history_destroy(d->history);
	tc_store_close(d->store);
	uv_loop_close(&d->loop);
	snprintf(command, sizeof(command), "rm -r %s", d->dir);
	assert_int_equal(system(command), 0);
	free(d);
	return 0;
}

static bool pass(struct day *d, int64_t ms, const struct tc_history_now *now)
{
	tc_fake_clock_advance_ms(&d->clock, ms);
	bool over = tc_history_tick(d->history, now);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	return over;
}

static void a_minute_keeps_the_most_the_mean_and_the_quantiles(void **state)
{
	struct day *d = *state;
	size_t count = 0;
	struct tc_history_now now = {.rooms = 2,
				     .people = 3,
				     .orbs = 1,
				     .orb_cpu_percent = 10,
				     .orb_memory_mb = 50,
				     .cpu_s = 1,
				     .memory_bytes = 9e6};
	assert_false(pass(d, 0, &now));
	now.rooms = 5;
	now.orb_cpu_percent = 30;
	now.cpu_s = 2;
	now.lag_s = 0.02;
	assert_false(pass(d, 10000, &now));
	now.rooms = 1;
	now.lag_s = 0;
	now.orb_cpu_percent = 20;
	now.cpu_s = 3;
	assert_false(pass(d, 10000, &now));
	for (int i = 1; i <= 20; i++) {
		tc_history_answer(d->history, i);
	}
	tc_history_connection(d->history, true);
	tc_history_connection(d->history, true);
	tc_history_connection(d->history, false);
	assert_true(pass(d, 40000, &now));
	const struct tc_minute *m = tc_history_minutes(d->history, &count);
	assert_int_equal(count, 1);
	assert_int_equal(m->rooms, 5);
	assert_int_equal(m->people, 3);
	assert_int_equal(m->orb_cpu_permille, 200);
	assert_int_equal(m->orb_memory_kb, 50000);
	assert_int_equal(m->cpu_permille, 100);
	assert_int_equal(m->memory_kb, 9000);
	assert_int_equal(m->lag_us, 20000);
	assert_int_equal(m->answers, 20);
	assert_int_equal(m->answer_p50_us, 10000);
	assert_int_equal(m->answer_p95_us, 19000);
	struct tc_history_hour hour = tc_history_hour(d->history);
	assert_int_equal(hour.connected, 2);
	assert_int_equal(hour.failed, 1);
	assert_true(hour.answer_p95_ms == 19);
	pass(d, 59 * 60000, &now);
	hour = tc_history_hour(d->history);
	assert_int_equal(hour.connected + hour.failed + hour.answers, 0);
	assert_true(isnan(hour.answer_p50_ms));
}

static void a_restart_goes_on_where_it_was(void **state)
{
	struct day *d = *state;
	size_t count = 0;
	struct tc_history_now now = {.rooms = 4};
	struct tc_minute current;
	pass(d, 0, &now);
	pass(d, 60000, &now);
	tc_history_connection(d->history, true);
	tc_history_destroy(d->history);
	tc_fake_clock_advance_ms(&d->clock, 10000);
	open_history(d);
	const struct tc_minute *m = tc_history_minutes(d->history, &count);
	assert_int_equal(count, 1);
	assert_int_equal(m->rooms, 4);
	now.rooms = 1;
	pass(d, 1000, &now);
	tc_history_current(d->history, &current);
	assert_int_equal(current.rooms, 4);
	assert_int_equal(current.connected, 1);
	/* A day later nothing of it is left. */
	tc_history_destroy(d->history);
	tc_fake_clock_advance_ms(&d->clock, 24 * 3600 * 1000);
	open_history(d);
	(void)tc_history_minutes(d->history, &count);
	assert_int_equal(count, 0);
}

static void a_day_is_all_that_is_kept(void **state)
{
	struct day *d = *state;
	size_t count = 0;
	size_t stored = 0;
	static struct tc_minute list[2 * TC_MINUTES_MAX];
	struct tc_history_now now = {.rooms = 1};
	for (int i = 0; i < TC_MINUTES_MAX + 70; i++) {
		pass(d, 60000, &now);
	}
	const struct tc_minute *m = tc_history_minutes(d->history, &count);
	assert_int_equal(count, TC_MINUTES_MAX);
	assert_int_equal(m[count - 1].minute - m[0].minute, TC_MINUTES_MAX - 1);
	assert_int_equal(tc_store_minutes(d->store, 0, list, TC_COUNT(list), &stored), 0);
	assert_int_equal(stored, TC_MINUTES_MAX);
	/* The clock is set back by ten minutes: what is newer was never. */
	pass(d, -600000, &now);
	pass(d, 60000, &now);
	m = tc_history_minutes(d->history, &count);
	for (size_t i = 1; i < count; i++) {
		assert_true(m[i - 1].minute < m[i].minute);
	}
	assert_int_equal(tc_store_minutes(d->store, 0, list, TC_COUNT(list), &stored), 0);
	assert_true(stored <= TC_MINUTES_MAX);
	assert_int_equal(list[stored - 1].minute, m[count - 1].minute);
}

/* ---- orbs ---- */

struct watching {
	struct day *day;
	struct tc_registry *registry;
	struct tc_orb_watch *watch;
};

static void watch_begin(struct watching *w, struct day *day)
{
	w->day = day;
	assert_int_equal(tc_registry_create(&w->registry, tc_metric_families, TC_METRIC_COUNT), 0);
	struct tc_orb_watch_config config = {w->registry, day->history, &day->clock.clock};
	assert_int_equal(tc_orb_watch_create(&w->watch, &config), 0);
}

static void watch_end(struct watching *w)
{
	tc_orb_watch_destroy(w->watch);
	tc_registry_destroy(w->registry);
}

static void step(struct watching *w, int64_t after_ms, enum tc_orb_state from, enum tc_orb_state to,
		 int life, const char *reason)
{
	tc_fake_clock_advance_ms(&w->day->clock, after_ms);
	struct tc_orb_event event = {.room = "r1",
				     .session = "s1",
				     .life = life,
				     .pid = 7,
				     .from = from,
				     .to = to,
				     .reason = reason,
				     .wall_ms = 1};
	tc_orb_watch_event(w->watch, &event);
}

static double count_of(const struct watching *w, enum tc_metric metric, size_t label)
{
	return tc_registry_value(w->registry, metric, label, 0);
}

static size_t end_index(const char *word)
{
	return (size_t)tc_metric_index(tc_metric_ends, word, strlen(word));
}

static void joins_and_restarts_are_timed_from_what_began_them(void **state)
{
	struct watching w;
	watch_begin(&w, *state);
	step(&w, 0, TC_ORB_OFF, TC_ORB_SPAWNING, 1, "the first participant is here");
	step(&w, 12, TC_ORB_SPAWNING, TC_ORB_READY, 1, "in the room");
	step(&w, 9, TC_ORB_READY, TC_ORB_UNRESPONSIVE, 1, "no heartbeat");
	step(&w, 9, TC_ORB_UNRESPONSIVE, TC_ORB_READY, 1, "heartbeats are back");
	step(&w, 500, TC_ORB_READY, TC_ORB_RESTARTING, 1, "ended by SIGKILL");
	step(&w, 100, TC_ORB_RESTARTING, TC_ORB_SPAWNING, 2, "again");
	step(&w, 300, TC_ORB_SPAWNING, TC_ORB_READY, 2, "in the room");
	char *text = text_of(w.registry);
	assert_non_null(strstr(text, "tricall_orb_join_seconds_sum 0.012\n"
				     "tricall_orb_join_seconds_count 1\n"));
	assert_non_null(strstr(text, "tricall_orb_restart_seconds_sum 0.4\n"
				     "tricall_orb_restart_seconds_count 1\n"));
	free(text);
	assert_true(count_of(&w, TC_M_ORB_RESTARTS, 0) == 1);
	step(&w, 5, TC_ORB_READY, TC_ORB_DRAINING, 2, "max_lifetime");
	step(&w, 5, TC_ORB_DRAINING, TC_ORB_GONE, 2, "max_lifetime, ended by SIGKILL");
	assert_true(count_of(&w, TC_M_ORB_ENDS, end_index("max_lifetime")) == 1);
	step(&w, 5, TC_ORB_GONE, TC_ORB_SPAWNING, 1, "a participant joined");
	step(&w, 5, TC_ORB_SPAWNING, TC_ORB_FAILED, 1, "exited with 70: a defect");
	assert_true(count_of(&w, TC_M_ORB_ENDS, end_index("failed")) == 1);
	step(&w, 5, TC_ORB_FAILED, TC_ORB_SPAWNING, 1, "a participant joined");
	step(&w, 20, TC_ORB_SPAWNING, TC_ORB_READY, 1, "in the room");
	step(&w, 5, TC_ORB_READY, TC_ORB_GONE, 1, "it ended by itself");
	assert_true(count_of(&w, TC_M_ORB_ENDS, end_index("itself")) == 1);
	assert_true(count_of(&w, TC_M_ORB_JOIN, 0) == 2);
	watch_end(&w);
}

static void each_answer_is_counted_once_however_often_it_is_told(void **state)
{
	struct watching w;
	struct tc_channel_metrics m;
	watch_begin(&w, *state);
	tc_channel_metrics_init(&m);
	tc_orb_watch_heartbeat(w.watch, "r1", &m); /* of no orb: nothing happens */
	step(&w, 0, TC_ORB_OFF, TC_ORB_SPAWNING, 1, "here");
	m.latency_ms = 0;
	m.answers = 0;
	tc_orb_watch_heartbeat(w.watch, "r1", &m);
	m.latency_ms = 40;
	m.chosen_ms = 10;
	m.answers = 1;
	tc_orb_watch_heartbeat(w.watch, "r1", &m);
	tc_orb_watch_heartbeat(w.watch, "r1", &m);
	m.answers = 2; /* as fast as the one before */
	tc_orb_watch_heartbeat(w.watch, "r1", &m);
	assert_true(count_of(&w, TC_M_ORB_ANSWER, TC_M_STAGE_TOTAL) == 2);
	assert_true(count_of(&w, TC_M_ORB_ANSWER, TC_M_STAGE_CHOSEN) == 2);
	/* An orb after the guide tells a latency and no more. */
	step(&w, 0, TC_ORB_SPAWNING, TC_ORB_READY, 2, "another life");
	tc_channel_metrics_init(&m);
	m.latency_ms = 55;
	tc_orb_watch_heartbeat(w.watch, "r1", &m);
	tc_orb_watch_heartbeat(w.watch, "r1", &m);
	m.latency_ms = 56;
	tc_orb_watch_heartbeat(w.watch, "r1", &m);
	assert_true(count_of(&w, TC_M_ORB_ANSWER, TC_M_STAGE_TOTAL) == 4);
	assert_true(count_of(&w, TC_M_ORB_ANSWER, TC_M_STAGE_VOICED) == 2);
	assert_int_equal(tc_history_hour(w.day->history).answers, 4);
	watch_end(&w);
}

static void orbs_that_are_listed_no_more_are_forgotten(void **state)
{
	struct watching w;
	static struct tc_orb_info list[3];
	watch_begin(&w, *state);
	const char *const rooms[] = {"c", "a", "b"};
	for (size_t i = 0; i < 3; i++) {
		list[i] = (struct tc_orb_info){.pid = 1, .state = TC_ORB_READY, .memory_mb = 40};
		snprintf(list[i].room, sizeof(list[i].room), "%s", rooms[i]);
	}
	tc_orb_watch_sync(w.watch, list, 3);
	for (int i = 0; i < TC_ORB_SAMPLES + 5; i++) {
		tc_orb_watch_sample(w.watch);
	}
	assert_int_equal(tc_orb_watch_count(w.watch), 3);
	assert_string_equal(tc_orb_watch_at(w.watch, 0)->room, "a");
	assert_int_equal(tc_orb_watch_find(w.watch, "b")->sample_count, TC_ORB_SAMPLES);
	assert_true(isnan(tc_orb_watch_find(w.watch, "b")->samples[0].latency_ms));
	tc_orb_watch_sync(w.watch, &list[1], 1); /* sorted by now: b */
	assert_int_equal(tc_orb_watch_count(w.watch), 1);
	assert_string_equal(tc_orb_watch_at(w.watch, 0)->room, "b");
	tc_orb_watch_sync(w.watch, list, 0);
	assert_int_equal(tc_orb_watch_count(w.watch), 0);
	watch_end(&w);
}

/* ---- reports ---- */

static int parse(const char *text, struct tc_link_report out[TC_QUALITY_MAX_CONNECTIONS],
		 const char **field)
{
	return tc_quality_parse(text, strlen(text), out, field);
}

#define LINK "{\"id\":\"a1\",\"peer\":\"orb\",\"state\":\"connected\""

static void a_report_is_read_as_it_was_sent(void **state)
{
	struct tc_link_report l[TC_QUALITY_MAX_CONNECTIONS];
	const char *field = NULL;
	assert_int_equal(parse("{\"connections\":[]}", l, &field), 0);
	assert_int_equal(parse("{\"connections\":[" LINK ",\"outcome\":\"connected\","
			       "\"connectMs\":412,\"path\":\"relay\",\"loss\":0.015,"
			       "\"jitterMs\":3.5,\"rttMs\":20,\"freezes\":2,\"concealed\":0.01}]}",
			       l, &field),
			 1);
	assert_string_equal(l[0].id, "a1");
	assert_int_equal(l[0].peer, TC_M_PEER_ORB);
	assert_int_equal(l[0].state, TC_LINK_CONNECTED);
	assert_int_equal(l[0].outcome, TC_M_CONNECTED);
	assert_string_equal(tc_metric_paths[l[0].path], "relay");
	assert_true(l[0].connect_ms == 412 && l[0].loss == 0.015 && l[0].freezes == 2);
	assert_int_equal(parse("{\"connections\":[" LINK "}]}", l, &field), 1);
	assert_true(l[0].outcome == -1 && l[0].path == -1 && isnan(l[0].rtt_ms));
}

static void a_report_that_is_not_exact_is_refused_and_says_where(void **state)
{
	static const char *const bad[][2] = {
		{"", "connections"},
		{"[]", "connections"},
		{"{}", "connections"},
		{"{\"connections\":{}}", "connections"},
		{"{\"connections\":[],\"more\":1}", "connections"},
		{"{\"connections\":[1]}", "connections"},
		{"{\"connections\":[{\"id\":\"a\",\"peer\":\"orb\"}]}", "state"},
		{"{\"connections\":[{\"peer\":\"orb\",\"state\":\"closed\"}]}", "id"},
		{"{\"connections\":[" LINK ",\"user\":\"u1\"}]}", "user"},
		{"{\"connections\":[" LINK ",\"loss\":1.5}]}", "loss"},
		{"{\"connections\":[" LINK ",\"loss\":-0.1}]}", "loss"},
		{"{\"connections\":[" LINK ",\"loss\":\"0\"}]}", "loss"},
		{"{\"connections\":[" LINK ",\"rttMs\":1e300}]}", "rttMs"},
		{"{\"connections\":[" LINK ",\"path\":\"tcp\"}]}", "path"},
		{"{\"connections\":[" LINK ",\"outcome\":null}]}", "outcome"},
		{"{\"connections\":[" LINK "}," LINK "}," LINK "}," LINK "}," LINK "}]}",
		 "connections"},
		{"{\"connections\":[{\"id\":\"../x\",\"peer\":\"orb\",\"state\":\"closed\"}]}",
		 "id"},
		{"{\"connections\":[{\"id\":\"\",\"peer\":\"orb\",\"state\":\"closed\"}]}", "id"},
	};
	struct tc_link_report l[TC_QUALITY_MAX_CONNECTIONS];
	for (size_t i = 0; i < TC_COUNT(bad); i++) {
		const char *field = NULL;
		assert_int_equal(parse(bad[i][0], l, &field), -TC_EPARSE);
		assert_string_equal(field, bad[i][1]);
	}
}

static void take(struct tc_quality *q, struct watching *w, const char *room, const char *id,
		 enum tc_link_state link_state, int outcome)
{
	struct tc_link_seen seen = {.from = TC_ROLE_COACH,
				    .report = {.peer = TC_M_PEER_HUMAN,
					       .state = link_state,
					       .outcome = outcome,
					       .path = 0,
					       .connect_ms = outcome >= 0 ? 300 : NAN,
					       .rtt_ms = NAN,
					       .jitter_ms = NAN,
					       .loss = NAN,
					       .concealed = NAN,
					       .freezes = NAN}};
	snprintf(seen.room, sizeof(seen.room), "%s", room);
	snprintf(seen.report.id, sizeof(seen.report.id), "%s", id);
	tc_quality_take(q, w->registry, w->day->history, &seen);
}

static void outcomes_are_counted_and_the_newest_connection_is_shown(void **state)
{
	struct watching w;
	struct tc_quality q;
	size_t at = 0;
	watch_begin(&w, *state);
	assert_int_equal(tc_quality_init(&q), 0);
	take(&q, &w, "r1", "one", TC_LINK_CONNECTED, TC_M_CONNECTED);
	take(&q, &w, "r1", "one", TC_LINK_CONNECTED, -1);
	assert_true(count_of(&w, TC_M_RTC_CONNECTIONS, TC_M_PEER_HUMAN) == 1);
	assert_true(count_of(&w, TC_M_RTC_CONNECT, TC_M_PEER_HUMAN) == 1);
	const struct tc_link_seen *seen = tc_quality_next(&q, "r1", &at);
	assert_true(seen && seen->report.connect_ms == 300); /* told once, still known */
	assert_null(tc_quality_next(&q, "r1", &at));
	take(&q, &w, "r1", "two", TC_LINK_FAILED, TC_M_FAILED);
	assert_true(tc_registry_value(w.registry, TC_M_RTC_CONNECTIONS, TC_M_PEER_HUMAN,
				      TC_M_FAILED) == 1);
	take(&q, &w, "r1", "one", TC_LINK_CLOSED, -1); /* the old one's end */
	at = 0;
	assert_string_equal(tc_quality_next(&q, "r1", &at)->report.id, "two");
	take(&q, &w, "r1", "two", TC_LINK_CLOSED, -1);
	assert_int_equal(q.count, 0);
	for (int i = 0; i < TC_QUALITY_KEPT + 10; i++) {
		char room[16];
		snprintf(room, sizeof(room), "room%d", i);
		take(&q, &w, room, "x", TC_LINK_CONNECTED, -1);
	}
	assert_int_equal(q.count, TC_QUALITY_KEPT);
	tc_quality_forget(&q, "room3");
	assert_int_equal(q.count, TC_QUALITY_KEPT - 1);
	tc_quality_finish(&q);
	watch_end(&w);
}

/* ---- the board ---- */

static struct tc_json heard_json(const struct ear *ear, const char *event)
{
	char mark[64];
	struct tc_json json = {0};
	snprintf(mark, sizeof(mark), "event: %s\ndata: ", event);
	const char *at = strstr(ear->heard, mark);
	assert_non_null(at);
	at += strlen(mark);
	assert_int_equal(tc_json_parse(&json, at, strcspn(at, "\n"), NULL), 0);
	return json;
}

static void dashboards_hear_what_changed_and_nothing_else(void **state)
{
	struct day *d = *state;
	struct tc_board *board = NULL;
	struct tc_feed_reader *reader = NULL;
	static struct ear ear;
	bool missed = false;
	struct tc_board_config config = {.loop = &d->loop,
					 .reads = d->store,
					 .work = d->store,
					 .clock = &d->clock.clock,
					 .write = hear,
					 .places = 8};
	memset(&ear, 0, sizeof(ear));
	assert_int_equal(tc_board_create(&board, &config), 0);
	assert_int_equal(tc_feed_attach(board->feed, &reader, &ear, NULL, &missed), 0);
	struct tc_orb_event event = {.room = "r1",
				     .session = "s1",
				     .life = 1,
				     .pid = 0,
				     .from = TC_ORB_OFF,
				     .to = TC_ORB_FULL,
				     .reason = "all \"places\" are taken",
				     .wall_ms = 5};
	tc_board_event(board, &event);
	char reason[64];
	assert_true(tc_json_get_str(heard_json(&ear, "step"), "reason", reason, sizeof(reason)) >
		    0);
	assert_string_equal(reason, "all \"places\" are taken");
	/* The manager lists nothing: what is not there is not shown. */
	forget_heard(&ear);
	tc_board_tick(board);
	struct tc_json totals;
	assert_true(tc_json_get(heard_json(&ear, "update"), "totals", &totals));
	int64_t places = 0;
	assert_int_equal(tc_json_get_int(totals, "places", &places), 0);
	assert_int_equal(places, 8);
	struct tc_buf json;
	struct tc_json all, steps;
	tc_buf_init(&json);
	tc_board_snapshot(board, &json, true, true);
	assert_int_equal(tc_json_parse(&all, json.data, json.len, NULL), 0);
	assert_true(tc_json_get(all, "steps", &steps));
	struct tc_json_iter it = tc_json_iter(steps);
	assert_true(tc_json_next(&it));
	assert_false(tc_json_next(&it));
	tc_buf_finish(&json);
	tc_feed_detach(reader);
	uv_run(&d->loop, UV_RUN_DEFAULT);
	tc_board_destroy(board);
}

static void memory_that_is_short_is_told(void **state)
{
	struct day *d = *state;
	struct tc_board_config config = {
		.loop = &d->loop, .clock = &d->clock.clock, .write = hear, .places = 1};
	TC_OOM_LOOP(n)
	{
		struct tc_board *board = NULL;
		int err = tc_board_create(&board, &config);
		assert_true(err == 0 || err == -ENOMEM);
		tc_board_destroy(board);
	}
}

int main(void)
{
#define ON_A_DAY(test) cmocka_unit_test_setup_teardown(test, begin_day, end_day)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_keep_each_label_apart),
		cmocka_unit_test(buckets_are_cumulative_and_take_their_bound),
		cmocka_unit_test(numbers_never_have_an_exponent),
		cmocka_unit_test(every_family_of_ours_is_filled_in),
		cmocka_unit_test(an_outbox_is_full_at_its_limit_and_empties_in_order),
		cmocka_unit_test(an_outbox_that_is_read_needs_no_more_memory),
		cmocka_unit_test(a_reader_that_comes_back_is_told_what_it_missed),
		cmocka_unit_test(an_id_that_is_not_ours_or_too_old_is_no_id),
		cmocka_unit_test(a_reader_that_is_lost_does_not_stop_the_others),
		ON_A_DAY(a_minute_keeps_the_most_the_mean_and_the_quantiles),
		ON_A_DAY(a_restart_goes_on_where_it_was),
		ON_A_DAY(a_day_is_all_that_is_kept),
		ON_A_DAY(joins_and_restarts_are_timed_from_what_began_them),
		ON_A_DAY(each_answer_is_counted_once_however_often_it_is_told),
		ON_A_DAY(orbs_that_are_listed_no_more_are_forgotten),
		cmocka_unit_test(a_report_is_read_as_it_was_sent),
		cmocka_unit_test(a_report_that_is_not_exact_is_refused_and_says_where),
		ON_A_DAY(outcomes_are_counted_and_the_newest_connection_is_shown),
		ON_A_DAY(dashboards_hear_what_changed_and_nothing_else),
		ON_A_DAY(memory_that_is_short_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
