// SPDX-License-Identifier: Apache-2.0
/* The journal with a real store: order, acknowledgements, a disk that takes nothing, summaries. */
#include "server/journal.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <uv.h>

#include <cmocka.h>

#include "base/err.h"
#include "mock/oom.h"

struct world {
	uv_loop_t loop;
	char dir[64];
	struct tc_store *store;
	struct tc_journal *journal;
	char told[64][128]; /* what happened, in order */
	int count;
	bool flushed;
};

static void note(struct world *w, const char *what, const char *id)
{
	assert_true(w->count < 64);
	snprintf(w->told[w->count++], sizeof(w->told[0]), "%s %s", what, id);
}

static void on_shown(void *user, const char *room, const char *json, size_t len, int err)
{
	note(user, err ? "shown unstored" : "shown", room);
}

static void on_stored(void *user, const char *call_id, const char *utterance_id)
{
	note(user, "stored", utterance_id ? utterance_id : "summary");
}

static void on_flushed(void *user)
{
	((struct world *)user)->flushed = true;
}

static void on_recalled(void *user, const char *room, int life, const struct tc_utterance *list,
			size_t count, int err)
{
	char text[64];
	assert_int_equal(err, 0);
	snprintf(text, sizeof(text), "%s/%d %zu %s", room, life, count,
		 count ? list[count - 1].text : "");
	note(user, "recalled", text);
}

static int set_up(void **state)
{
	static const struct tc_journal_events events = {.shown = on_shown, .stored = on_stored};
	struct world *w = calloc(1, sizeof(*w));
	strcpy(w->dir, "/tmp/tc-journal-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	struct tc_store_config config = {.data_dir = w->dir, .durable = true};
	assert_int_equal(tc_store_open(&w->store, &config, NULL, 0), 0);
	assert_int_equal(uv_loop_init(&w->loop), 0);
	assert_int_equal(tc_journal_create(&w->journal, &w->loop, w->store, &events, w), 0);
	*state = w;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static int tear_down(void **state)
{
	struct world *w = *state;
	tc_journal_destroy(w->journal);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	tc_store_close(w->store);
	nftw(w->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

static const struct tc_call call = {
	.id = "s1", .room = "r1", .coach = "co", .client = "cl", .started_ms = 1000};

static int say(struct world *w, const char *id, const char *text)
{
	char json[256];
	int n = snprintf(json, sizeof(json),
			 "{\"type\":\"utterance\",\"utteranceId\":\"%s\",\"userId\":\"cl\","
			 "\"text\":\"%s\",\"startMs\":%d,\"endMs\":%d}",
			 id, text, w->count * 10, w->count * 10 + 5);
	return tc_journal_utterance(w->journal, "s1", json, (size_t)n);
}

static int show(struct world *w, const char *id, const char *text)
{
	char json[256];
	int n = snprintf(json, sizeof(json),
			 "{\"type\":\"transcript\",\"utteranceId\":\"%s\",\"userId\":\"cl\","
			 "\"text\":\"%s\",\"startMs\":0,\"endMs\":5,\"final\":true}",
			 id, text);
	return tc_journal_transcript(w->journal, "s1", "r1", json, (size_t)n);
}

static void run(struct world *w)
{
	uv_run(&w->loop, UV_RUN_DEFAULT);
}

static size_t words_in_store(struct world *w)
{
	struct tc_utterance *list = NULL;
	size_t count = 0;
	assert_int_equal(tc_store_utterances(w->store, "s1", &list, &count), 0);
	tc_utterances_free(list, count);
	return count;
}

static void expect_told(const struct world *w, int at, const char *what)
{
	assert_true(at < w->count);
	assert_string_equal(w->told[at], what);
}

static void what_the_orb_tells_is_stored_acknowledged_and_then_shown(void **state)
{
	struct world *w = *state;
	static const char summary[] = "{\"type\":\"session_summary\",\"summary\":{\"a\":1}}";
	assert_int_equal(tc_journal_call_began(w->journal, &call), 0);
	assert_int_equal(say(w, "u1", "one"), 0);
	assert_int_equal(show(w, "u1", "one"), 0);
	assert_int_equal(say(w, "u1", "one"), 0); /* told again, by an orb that was taken over */
	assert_int_equal(tc_journal_summary(w->journal, "s1", summary, sizeof(summary) - 1), 0);
	assert_int_equal(w->count, 0); /* nothing from inside the calls */
	run(w);
	expect_told(w, 0, "stored u1");
	expect_told(w, 1, "shown r1");
	expect_told(w, 2, "stored u1");
	expect_told(w, 3, "stored summary");
	assert_int_equal(w->count, 4);
	assert_int_equal(words_in_store(w), 1);
	assert_int_equal(tc_journal_counts(w->journal).written, 3);
	assert_int_equal(tc_journal_counts(w->journal).waiting, 0);
}

static void a_memory_holds_all_that_was_queued_before(void **state)
{
	struct world *w = *state;
	assert_int_equal(tc_journal_call_began(w->journal, &call), 0);
	assert_int_equal(say(w, "u1", "one"), 0);
	assert_int_equal(say(w, "u2", "two"), 0);
	assert_int_equal(tc_journal_recall(w->journal, "s1", "r1", 2, on_recalled, w), 0);
	assert_int_equal(tc_journal_recall(w->journal, "none", "r2", 1, on_recalled, w), 0);
	run(w);
	expect_told(w, 2, "recalled r1/2 2 two");
	expect_told(w, 3, "recalled r2/1 0 ");
}

/* What is refused by a rule is no reason to hold up the rest. */
static void words_of_an_unknown_call_are_counted_and_passed_over(void **state)
{
	struct world *w = *state;
	assert_int_equal(say(w, "u1", "lost"), 0);
	assert_int_equal(tc_journal_call_began(w->journal, &call), 0);
	run(w);
	struct tc_journal_counts counts = tc_journal_counts(w->journal);
	assert_int_equal(counts.failed, 1);
	assert_int_equal(counts.written, 1);
	assert_int_equal(counts.failing, 0);
	assert_int_equal(w->count, 0);
}

static void set_file_limit(rlim_t bytes)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN); /* as the server does */
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_disk_that_takes_nothing_holds_up_nobody_and_loses_nothing(void **state)
{
	struct world *w = *state;
	assert_int_equal(tc_journal_call_began(w->journal, &call), 0);
	run(w);
	set_file_limit(0);
	assert_int_equal(say(w, "u1", "one"), 0);
	assert_int_equal(show(w, "u1", "one"), 0);
	run(w); /* ends: nothing is tried again and again */
	assert_true(tc_journal_counts(w->journal).failing < 0);
	assert_int_equal(tc_journal_counts(w->journal).waiting, 2);
	expect_told(w, 0, "shown unstored r1");
	assert_int_equal(show(w, "u2", "two"), -EAGAIN); /* show it yourself */
	tc_journal_tick(w->journal);
	run(w);
	assert_int_equal(w->count, 1); /* once */
	assert_int_equal(tc_journal_counts(w->journal).failed, 0);
	assert_int_equal(words_in_store(w), 0);
	/* A memory does not wait for the disk, and knows what waits for it. */
	assert_int_equal(tc_journal_recall(w->journal, "s1", "r1", 2, on_recalled, w), 0);
	tc_journal_tick(w->journal);
	run(w);
	expect_told(w, 1, "recalled r1/2 2 two");

	set_file_limit(RLIM_INFINITY);
	tc_journal_tick(w->journal);
	run(w);
	assert_int_equal(tc_journal_counts(w->journal).failing, 0);
	assert_int_equal(tc_journal_counts(w->journal).waiting, 0);
	assert_int_equal(words_in_store(w), 2);
	expect_told(w, 2, "stored u1");
	assert_int_equal(w->count, 3);
	assert_int_equal(show(w, "u3", "three"), 0);
	run(w);
	expect_told(w, 3, "shown r1");
}

static void a_flush_tries_once_more_and_then_ends(void **state)
{
	struct world *w = *state;
	assert_int_equal(tc_journal_call_began(w->journal, &call), 0);
	run(w);
	set_file_limit(0);
	assert_int_equal(say(w, "u1", "one"), 0);
	run(w);
	tc_journal_flush(w->journal, on_flushed, w);
	run(w);
	set_file_limit(RLIM_INFINITY);
	assert_true(w->flushed);
	assert_int_equal(tc_journal_counts(w->journal).failed, 1);
	assert_int_equal(tc_journal_counts(w->journal).waiting, 0);
}

static char *summary_of(struct world *w)
{
	char *json = NULL;
	int err = tc_store_summary(w->store, "s1", &json);
	assert_true(err == 0 || err == -ENOENT);
	return json;
}

static void a_call_without_a_summary_gets_one_of_its_words(void **state)
{
	struct world *w = *state;
	struct tc_call over = call;
	over.ended_ms = 61000;
	assert_int_equal(tc_journal_call_began(w->journal, &call), 0);
	assert_int_equal(tc_journal_call_ended(w->journal, &over), 0);
	assert_int_equal(tc_journal_sum_up(w->journal, &over, true), 0);
	run(w);
	assert_null(summary_of(w)); /* nobody said anything */
	assert_int_equal(say(w, "u1", "i want to sleep"), 0);
	assert_int_equal(tc_journal_sum_up(w->journal, &over, false), 0);
	run(w);
	char *json = summary_of(w);
	assert_non_null(json);
	assert_non_null(strstr(json, "\"duration\":60000"));
	assert_non_null(strstr(json, "i want to sleep"));
	assert_non_null(strstr(json, "The client spoke 1 time"));
	free(json);
}

static void a_summary_that_misses_the_last_words_is_made_again_where_it_is_ours(void **state)
{
	struct world *w = *state;
	static const char summary[] = "{\"type\":\"session_summary\",\"summary\":{\"mine\":1}}";
	assert_int_equal(tc_journal_call_began(w->journal, &call), 0);
	assert_int_equal(say(w, "u1", "one"), 0);
	assert_int_equal(tc_journal_summary(w->journal, "s1", summary, sizeof(summary) - 1), 0);
	assert_int_equal(tc_journal_sum_up(w->journal, &call, true), 0);
	run(w);
	char *json = summary_of(w);
	assert_string_equal(json, "{\"mine\":1}"); /* it is of all words: it stays */
	free(json);
	assert_int_equal(say(w, "u2", "two"), 0);
	assert_int_equal(tc_journal_sum_up(w->journal, &call, false), 0);
	run(w);
	json = summary_of(w);
	assert_string_equal(json, "{\"mine\":1}");
	free(json);
	assert_int_equal(tc_journal_sum_up(w->journal, &call, true), 0);
	run(w);
	json = summary_of(w);
	assert_non_null(strstr(json, "\"text\":\"two\""));
	free(json);
}

static void calls_of_a_server_that_crashed_are_summed_up_at_the_next_start(void **state)
{
	struct world *w = *state;
	assert_int_equal(tc_journal_call_began(w->journal, &call), 0);
	assert_int_equal(say(w, "u1", "one"), 0);
	run(w);
	assert_int_equal(tc_store_calls_close_open(w->store), 1);
	assert_int_equal(tc_journal_sum_up_all(w->journal, true), 0);
	run(w);
	char *json = summary_of(w);
	assert_non_null(json);
	free(json);
}

static void without_memory_an_entry_is_refused_whole(void **state)
{
	struct world *w = *state;
	struct tc_orb_step step = {.session = "s1"};
	int err = -1;
	assert_int_equal(tc_journal_call_began(w->journal, &call), 0);
	run(w);
	TC_OOM_LOOP(n)
	{
		err = say(w, "u1", "one");
		err = err ? err : tc_journal_orb_event(w->journal, &step);
		err = err ? err : tc_journal_recall(w->journal, "s1", "r1", 1, on_recalled, w);
		if (!err) {
			tc_oom_disarm(); /* what the pool does without memory is the store's test */
		}
		run(w);
		w->count = 0;
	}
	assert_int_equal(err, 0);
	assert_int_equal(words_in_store(w), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(what_the_orb_tells_is_stored_acknowledged_and_then_shown),
		TEST(a_memory_holds_all_that_was_queued_before),
		TEST(words_of_an_unknown_call_are_counted_and_passed_over),
		TEST(a_disk_that_takes_nothing_holds_up_nobody_and_loses_nothing),
		TEST(a_flush_tries_once_more_and_then_ends),
		TEST(a_call_without_a_summary_gets_one_of_its_words),
		TEST(a_summary_that_misses_the_last_words_is_made_again_where_it_is_ours),
		TEST(calls_of_a_server_that_crashed_are_summed_up_at_the_next_start),
		TEST(without_memory_an_entry_is_refused_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
