// SPDX-License-Identifier: Apache-2.0
#include "speech/voice.h"

#include <ctype.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "base/queue.h"
#include "base/thread.h"
#include "media/resample.h"
#include "speech/clause.h"
#include "speech/trim.h"

TC_LOG_TOPIC("speech.voice");

#define OUT_RATE 48000
#define SLOTS    8
#define PIECE    320 /* of the engine's samples, resampled at a time */
#define OUT_ROOM (PIECE * 6 + 64)

struct slot { /* an answer; owned by the owner's thread while free, by ours while busy */
	atomic_bool busy;
	atomic_bool cancelled;
	uint32_t answer;
	char *text; /* owned */
};

struct tc_voice {
	const struct tc_synthesizer_ops *engine;
	struct tc_synthesizer *synth; /* borrowed */
	struct tc_voice_events events;
	void *user;
	struct tc_pulse *_Atomic pulse; /* borrowed */
	struct tc_home home;
	struct tc_queue *queue; /* of slot numbers; owned */
	struct slot slots[SLOTS];
	pthread_t thread;
	bool thread_runs;
	atomic_bool stop;
	/* The voice thread's. */
	struct tc_resampler *resampler; /* owned; NULL: the engine speaks at 48 kHz */
	struct tc_trim trim;
	struct slot *current;
};

static bool wanted(const struct tc_voice *v)
{
	return !atomic_load(&v->stop) && !atomic_load(&v->current->cancelled);
}

static bool put(struct tc_voice *v, const int16_t *pcm, size_t samples)
{
	if (!wanted(v)) {
		return false;
	}
	tc_pulse_rest(v->pulse); /* it may wait long for a place: that is not our doing */
	bool more = v->events.sound(v->user, v->current->answer, pcm, samples);
	tc_pulse_begin(v->pulse);
	return more;
}

/* tc_trim_fn: from the engine's rate to ours. */
static bool convert(void *user, const int16_t *pcm, size_t samples)
{
	struct tc_voice *v = user;
	if (!v->resampler) {
		return put(v, pcm, samples);
	}
	while (samples) {
		int16_t out[OUT_ROOM];
		size_t n = samples < PIECE ? samples : PIECE;
		size_t count = tc_resample(v->resampler, pcm, n, out, OUT_ROOM);
		if (count && !put(v, out, count)) {
			return false;
		}
		pcm += n;
		samples -= n;
	}
	return true;
}

static bool silence(struct tc_voice *v, int ms)
{
	static const int16_t zeros[PIECE];
	size_t samples = (size_t)ms * (size_t)v->engine->rate / 1000;
	while (samples) {
		size_t n = samples < PIECE ? samples : PIECE;
		if (!convert(v, zeros, n)) {
			return false;
		}
		samples -= n;
	}
	return true;
}

static bool on_chunk(void *user, const int16_t *pcm, size_t samples)
{
	struct tc_voice *v = user;
	return wanted(v) && tc_trim_push(&v->trim, pcm, samples, convert, v);
}

static bool has_words(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (isalnum((unsigned char)text[i])) {
			return true;
		}
	}
	return false;
}

/* 0, 1 when stopped, -TC_EENGINE. */
static int speak_clause(struct tc_voice *v, const char *text, const struct tc_clause *clause)
{
	if (clause->pause_ms >= 0) {
		return silence(v, clause->pause_ms) ? 0 : 1;
	}
	if (!has_words(text, clause->len)) {
		return 0; /* flite fails on nothing to say */
	}
	char *copy = strndup(text, clause->len);
	if (!copy) {
		return -ENOMEM;
	}
	tc_trim_begin(&v->trim);
	int err = v->engine->say(v->synth, copy, on_chunk, v);
	free(copy);
	if (err) {
		return err;
	}
	return tc_trim_end(&v->trim, convert, v) ? 0 : 1;
}

static int speak(struct tc_voice *v, const char *text)
{
	if (v->resampler) {
		tc_resampler_reset(v->resampler);
	}
	for (size_t at = 0; text[at];) {
		if (!wanted(v)) {
			return 1;
		}
		struct tc_clause clause = tc_clause_next(text + at);
		if (v->events.clause) {
			v->events.clause(v->user, v->current->answer, at, clause.len);
		}
		int err = speak_clause(v, text + at, &clause);
		if (err) {
			return err;
		}
		at += clause.len;
		/* The last clause gets 10 ms, which also empties the resampler. */
		if (!silence(v, text[at] ? clause.gap_ms : 10)) {
			return 1;
		}
	}
	return 0;
}

static void *run(void *arg)
{
	struct tc_voice *v = arg;
	tc_thread_begin("voice", TC_THREAD_WORDS);
	while (!atomic_load(&v->stop)) {
		tc_queue_wait(v->queue, -1);
		size_t number;
		while (!atomic_load(&v->stop) && tc_queue_pop(v->queue, &number)) {
			struct slot *slot = v->current = &v->slots[number];
			tc_pulse_begin(v->pulse);
			int err = speak(v, slot->text);
			tc_pulse_rest(v->pulse);
			uint32_t answer = slot->answer;
			if (err < 0) {
				TC_WARN(NULL, "an answer was not spoken: %s", tc_err_str(err));
			}
			free(slot->text);
			slot->text = NULL;
			atomic_store(&slot->busy, false);
			if (v->events.done && !atomic_load(&v->stop)) {
				v->events.done(v->user, answer, err);
			}
		}
	}
	return NULL;
}

int tc_voice_create(struct tc_voice **out, const struct tc_synthesizer_ops *engine,
		    struct tc_synthesizer *synth, const struct tc_voice_events *events, void *user)
{
	TC_ASSERT(events->sound);
	struct tc_voice *v = calloc(1, sizeof(*v));
	if (!v) {
		return -ENOMEM;
	}
	tc_home_init(&v->home);
	v->engine = engine;
	v->synth = synth;
	v->events = *events;
	v->user = user;
	int err = tc_queue_create(&v->queue, sizeof(size_t), SLOTS, true);
	if (!err && engine->rate != OUT_RATE) {
		err = tc_resampler_create(&v->resampler, engine->rate, OUT_RATE);
	}
	if (err) {
		goto fail;
	}
	err = -pthread_create(&v->thread, NULL, run, v);
	if (err) {
		goto fail;
	}
	v->thread_runs = true;
	*out = v;
	return 0;
fail:
	tc_voice_destroy(v);
	return err;
}

void tc_voice_set_pulse(struct tc_voice *v, struct tc_pulse *pulse)
{
	v->pulse = pulse;
}

void tc_voice_destroy(struct tc_voice *v)
{
	if (!v) {
		return;
	}
	if (v->thread_runs) {
		atomic_store(&v->stop, true);
		tc_queue_wake(v->queue);
		pthread_join(v->thread, NULL);
	}
	for (int i = 0; i < SLOTS; i++) {
		free(v->slots[i].text);
	}
	tc_resampler_destroy(v->resampler);
	tc_queue_destroy(v->queue);
	free(v);
}

int tc_voice_say(struct tc_voice *v, uint32_t answer, const char *text)
{
	TC_ASSERT_HOME(v);
	size_t number = 0;
	while (number < SLOTS && atomic_load(&v->slots[number].busy)) {
		number++;
	}
	if (number == SLOTS) {
		return -EAGAIN;
	}
	struct slot *slot = &v->slots[number];
	slot->text = strdup(text);
	if (!slot->text) {
		return -ENOMEM;
	}
	slot->answer = answer;
	atomic_store(&slot->cancelled, false);
	atomic_store(&slot->busy, true);
	int err = tc_queue_push(v->queue, &number);
	if (err) { /* as many places as slots: does not happen */
		free(slot->text);
		slot->text = NULL;
		atomic_store(&slot->busy, false);
	}
	return err;
}

void tc_voice_cancel(struct tc_voice *v, uint32_t answer)
{
	TC_ASSERT_HOME(v);
	for (int i = 0; i < SLOTS; i++) {
		if (atomic_load(&v->slots[i].busy) && v->slots[i].answer == answer) {
			atomic_store(&v->slots[i].cancelled, true);
		}
	}
}

void tc_voice_cancel_all(struct tc_voice *v)
{
	TC_ASSERT_HOME(v);
	for (int i = 0; i < SLOTS; i++) {
		atomic_store(&v->slots[i].cancelled, true);
	}
}
