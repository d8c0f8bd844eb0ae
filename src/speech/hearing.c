// SPDX-License-Identifier: Apache-2.0
#include "speech/hearing.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "base/queue.h"
#include "base/thread.h"
#include "speech/lane.h"

TC_LOG_TOPIC("speech.hearing");

#define RATE         16000
#define PIECE        TC_VAD_FRAME
#define QUEUE_ITEMS  512 /* 5 s of two lanes */
#define COMMAND_ROOM 32  /* sound is refused before commands have no place */
#define HOARD_ABOVE                                                                               \
	64              /* so far behind, the queue is emptied into memory, so that it takes more \
			 */
#define HOARD_MAX  2000 /* 20 s of two lanes: beyond, the older half is thrown away */
#define SHED_TO    1000
#define LATE_ABOVE 50  /* pauses are cut short to catch up */
#define STARVED_MS 200 /* a lane whose packets stopped arriving is not speaking any more */
#define WAIT_MS    50
#define WORDS      16

enum command {
	COMMAND_SOUND,
	COMMAND_ADD,
	COMMAND_REMOVE,
	COMMAND_END_TURN,
	COMMAND_WORD,
};

struct item {
	enum command command;
	int lane;
	uint32_t utterance;
	size_t samples;
	int64_t time_us;
	union {
		int16_t pcm[PIECE];
		char text[PIECE * sizeof(int16_t)];
	};
};

struct late {
	STAILQ_ENTRY(late) next;
	struct item item;
};

struct tc_hearing {
	struct tc_hearing_config config;
	struct tc_queue *queue; /* owned */
	pthread_t thread;
	bool thread_runs;
	atomic_bool stop;
	atomic_int_fast64_t waiting[TC_HEARING_LANES]; /* samples pushed and not yet taken */
	atomic_uint_fast64_t lost;                     /* samples refused or thrown away */
	bool used[TC_HEARING_LANES];                   /* owner's thread */
	struct tc_home home;
	/* The rest belongs to the recognizer thread (but a lane's level, which is atomic). */
	struct tc_lane *lanes[TC_HEARING_LANES];
	STAILQ_HEAD(, late) hoard; /* owned; older than what is in the queue */
	size_t hoard_count;
	struct tc_hearing_event event; /* scratch: 7 KB */
	bool live[TC_HEARING_LANES];
	char words[WORDS][TC_LANE_NAME]; /* names to learn when nobody speaks */
	int word_count;
	bool less;             /* effort that is set */
	atomic_bool want_less; /* and that is wanted; any thread */
};

static void add_lane(struct tc_hearing *h, const struct item *item)
{
	int err = tc_lane_start(h->lanes[item->lane], item->text);
	h->live[item->lane] = !err;
	if (err) {
		TC_ERROR(NULL, "lane %d cannot be heard: %s", item->lane, tc_err_str(err));
	}
}

static bool anybody_speaks(const struct tc_hearing *h)
{
	for (int i = 0; i < TC_HEARING_LANES; i++) {
		if (h->live[i] && tc_lane_is_open(h->lanes[i])) {
			return true;
		}
	}
	return false;
}

static void set_effort(struct tc_hearing *h)
{
	bool less = atomic_load(&h->want_less);
	h->less = less;
	if (h->config.engine->set_effort) {
		int err = h->config.engine->set_effort(h->config.recognizer, less);
		TC_INFO(NULL, "recognition with %s effort%s%s", less ? "less" : "full",
			err ? ": " : "", err ? tc_err_str(err) : "");
	}
}

/* What rebuilds the search, which must not happen in mid-word. */
static void learn_words(struct tc_hearing *h)
{
	int learnt = 0;
	for (int i = 0; i < h->word_count; i++) {
		int err = h->config.engine->add_word(h->config.recognizer, h->words[i]);
		learnt += !err;
		if (err) {
			TC_DEBUG(NULL, "a name was not learnt: %s", tc_err_str(err));
		}
	}
	TC_DEBUG(NULL, "%d of %d words of names are known", learnt, h->word_count);
	h->word_count = 0;
}

static void take(struct tc_hearing *h, const struct item *item)
{
	struct tc_lane *lane = h->lanes[item->lane];
	tc_pulse_begin(h->config.pulse);
	switch (item->command) {
	case COMMAND_SOUND:
		atomic_fetch_sub(&h->waiting[item->lane], (int_fast64_t)item->samples);
		if (h->live[item->lane]) {
			tc_lane_sound(lane, item->pcm, item->samples, item->time_us);
		}
		break;
	case COMMAND_ADD:
		add_lane(h, item);
		break;
	case COMMAND_REMOVE:
		if (h->live[item->lane]) {
			tc_lane_stop(lane);
			h->live[item->lane] = false;
		}
		break;
	case COMMAND_END_TURN:
		if (h->live[item->lane]) {
			tc_lane_end_turn(lane, item->utterance);
		}
		break;
	case COMMAND_WORD:
		if (h->word_count < WORDS) {
			memcpy(h->words[h->word_count++], item->text, TC_LANE_NAME);
		}
		break;
	}
}

/* --- falling behind ---
 *
 * On a busy machine this thread may get less than the tenth of a core it needs while somebody
 * speaks. People pause, so what waits is taken in later: late words are better than none, and it is
 * ten times as fast as they speak once it gets its share. Only beyond HOARD_MAX is sound lost. */

static size_t behind(const struct tc_hearing *h)
{
	return h->hoard_count + tc_queue_count(h->queue);
}

static bool next_item(struct tc_hearing *h, struct item *item)
{
	struct late *late = STAILQ_FIRST(&h->hoard);
	if (!late) {
		return tc_queue_pop(h->queue, item);
	}
	STAILQ_REMOVE_HEAD(&h->hoard, next);
	h->hoard_count--;
	*item = late->item;
	free(late);
	return true;
}

/* Without memory the queue fills up, and refuses. */
static void hoard(struct tc_hearing *h)
{
	while (tc_queue_count(h->queue) > 0) {
		struct late *late = malloc(sizeof(*late));
		if (!late || !tc_queue_pop(h->queue, &late->item)) {
			free(late);
			return;
		}
		STAILQ_INSERT_TAIL(&h->hoard, late, next);
		h->hoard_count++;
	}
}

static void tell_lost(struct tc_hearing *h, int64_t lost_ms)
{
	TC_WARN(NULL, "the recognizer is too slow: %lld ms of sound thrown away",
		(long long)lost_ms);
	h->event = (struct tc_hearing_event){
		.kind = TC_HEARING_LOST,
		.time_ms = tc_clock_us(h->config.clock) / 1000,
		.lost_ms = lost_ms,
	};
	h->config.event(h->config.user, &h->event);
}

/* What was understood of the open turns stands; the oldest of the rest goes. */
static void shed(struct tc_hearing *h)
{
	uint64_t samples = 0;
	struct item item;
	for (int i = 0; i < TC_HEARING_LANES; i++) {
		if (h->live[i]) {
			tc_lane_cut(h->lanes[i]);
		}
	}
	while (behind(h) > SHED_TO && next_item(h, &item)) {
		if (item.command == COMMAND_SOUND) {
			atomic_fetch_sub(&h->waiting[item.lane], (int_fast64_t)item.samples);
			samples += item.samples;
		} else {
			take(h, &item);
		}
	}
	atomic_fetch_add(&h->lost, samples);
	tell_lost(h, (int64_t)(samples * 1000 / RATE));
}

static void catch_up(struct tc_hearing *h)
{
	if (tc_queue_count(h->queue) > HOARD_ABOVE) {
		hoard(h);
	}
	if (h->hoard_count > HOARD_MAX) {
		shed(h);
	}
	for (int i = 0; i < TC_HEARING_LANES; i++) {
		tc_lane_hurry(h->lanes[i], behind(h) > LATE_ABOVE);
	}
}

static void check_starved(struct tc_hearing *h)
{
	int64_t now_us = tc_clock_us(h->config.clock);
	for (int i = 0; i < TC_HEARING_LANES; i++) {
		if (h->live[i] && !atomic_load(&h->waiting[i])) {
			tc_lane_starved(h->lanes[i], now_us, STARVED_MS * 1000);
		}
	}
}

static void *run(void *arg)
{
	struct tc_hearing *h = arg;
	struct item item;
	tc_thread_begin("recognizer", TC_THREAD_WORDS);
	bool last = false; /* what was pushed before the stop is still taken: it holds last words */
	while (!last) {
		tc_pulse_rest(h->config.pulse);
		tc_queue_wait(h->queue, anybody_speaks(h) ? WAIT_MS : -1);
		last = atomic_load(&h->stop);
		while (next_item(h, &item)) {
			take(h, &item);
			catch_up(h);
		}
		tc_pulse_begin(h->config.pulse);
		check_starved(h);
		bool quiet = !last && !anybody_speaks(h);
		if (quiet && h->word_count) {
			learn_words(h);
		}
		if (quiet && h->less != atomic_load(&h->want_less)) {
			set_effort(h);
		}
		if (quiet && h->config.engine->rest) {
			h->config.engine->rest(h->config.recognizer);
		}
	}
	for (int i = 0; i < TC_HEARING_LANES; i++) {
		if (h->live[i]) {
			tc_lane_abandon(h->lanes[i]);
		}
	}
	tc_pulse_rest(h->config.pulse);
	return NULL;
}

int tc_hearing_create(struct tc_hearing **out, const struct tc_hearing_config *config)
{
	TC_ASSERT(config->engine && config->recognizer && config->event);
	struct tc_hearing *h = calloc(1, sizeof(*h));
	if (!h) {
		return -ENOMEM;
	}
	tc_home_init(&h->home);
	h->config = *config;
	STAILQ_INIT(&h->hoard);
	if (!h->config.clock) {
		h->config.clock = tc_clock_system();
	}
	int err = tc_queue_create(&h->queue, sizeof(struct item), QUEUE_ITEMS, true);
	for (int i = 0; !err && i < TC_HEARING_LANES; i++) {
		err = tc_lane_create(&h->lanes[i], i, &h->config);
	}
	if (err) {
		goto fail;
	}
	err = -pthread_create(&h->thread, NULL, run, h);
	if (err) {
		goto fail;
	}
	h->thread_runs = true;
	*out = h;
	return 0;
fail:
	tc_hearing_destroy(h);
	return err;
}

void tc_hearing_destroy(struct tc_hearing *h)
{
	if (!h) {
		return;
	}
	if (h->thread_runs) {
		atomic_store(&h->stop, true);
		tc_queue_wake(h->queue);
		pthread_join(h->thread, NULL);
	}
	for (int i = 0; i < TC_HEARING_LANES; i++) {
		tc_lane_destroy(h->lanes[i]);
	}
	tc_queue_destroy(h->queue);
	free(h);
}

static int send(struct tc_hearing *h, const struct item *item)
{
	int err = tc_queue_push(h->queue, item);
	if (err) {
		TC_WARN(NULL, "command %d lost: %s", (int)item->command, tc_err_str(err));
	}
	return err;
}

int tc_hearing_add(struct tc_hearing *h, const char *speaker)
{
	TC_ASSERT_HOME(h);
	for (int i = 0; i < TC_HEARING_LANES; i++) {
		if (h->used[i]) {
			continue;
		}
		struct item item = {.command = COMMAND_ADD, .lane = i};
		snprintf(item.text, sizeof(item.text), "%s", speaker);
		int err = send(h, &item);
		if (err) {
			return err;
		}
		h->used[i] = true;
		return i;
	}
	return -ENOSPC;
}

static bool is_lane(const struct tc_hearing *h, int lane)
{
	return lane >= 0 && lane < TC_HEARING_LANES && h->used[lane];
}

void tc_hearing_remove(struct tc_hearing *h, int lane)
{
	TC_ASSERT_HOME(h);
	struct item item = {.command = COMMAND_REMOVE, .lane = lane};
	if (is_lane(h, lane) && !send(h, &item)) {
		h->used[lane] = false;
	}
}

int tc_hearing_push(struct tc_hearing *h, int lane, const int16_t *pcm, size_t samples,
		    int64_t time_us)
{
	if (!is_lane(h, lane)) {
		return -EINVAL;
	}
	struct item item = {.command = COMMAND_SOUND, .lane = lane};
	while (samples) {
		item.samples = samples < PIECE ? samples : PIECE;
		item.time_us = time_us;
		memcpy(item.pcm, pcm, item.samples * sizeof(*pcm));
		atomic_fetch_add(&h->waiting[lane], (int_fast64_t)item.samples);
		if (tc_queue_count(h->queue) >= QUEUE_ITEMS - COMMAND_ROOM ||
		    tc_queue_push(h->queue, &item)) {
			atomic_fetch_sub(&h->waiting[lane], (int_fast64_t)item.samples);
			atomic_fetch_add(&h->lost, samples);
			return -EAGAIN;
		}
		pcm += item.samples;
		samples -= item.samples;
		time_us += (int64_t)item.samples * 1000000 / RATE;
	}
	return 0;
}

void tc_hearing_end_turn(struct tc_hearing *h, int lane, uint32_t utterance)
{
	struct item item = {.command = COMMAND_END_TURN, .lane = lane, .utterance = utterance};
	if (is_lane(h, lane)) {
		send(h, &item);
	}
}

int tc_hearing_add_word(struct tc_hearing *h, const char *word)
{
	struct item item = {.command = COMMAND_WORD};
	if (strlen(word) >= TC_LANE_NAME) {
		return -EINVAL;
	}
	strcpy(item.text, word);
	return send(h, &item);
}

void tc_hearing_set_effort(struct tc_hearing *h, bool less)
{
	atomic_store(&h->want_less, less);
	tc_queue_wake(h->queue);
}

float tc_hearing_level_db(const struct tc_hearing *h, int lane)
{
	return lane >= 0 && lane < TC_HEARING_LANES ? tc_lane_level_db(h->lanes[lane]) : -96.0f;
}

size_t tc_hearing_backlog_ms(const struct tc_hearing *h)
{
	int_fast64_t most = 0;
	for (int i = 0; i < TC_HEARING_LANES; i++) {
		int_fast64_t samples = atomic_load(&h->waiting[i]);
		most = samples > most ? samples : most;
	}
	return (size_t)(most * 1000 / RATE);
}

uint64_t tc_hearing_lost_ms(const struct tc_hearing *h)
{
	return atomic_load(&h->lost) * 1000 / RATE;
}
