// SPDX-License-Identifier: Apache-2.0
#include "speech/lane.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("speech.lane");

#define FRAME          TC_VAD_FRAME
#define FRAME_US       20000
#define ONSET_FRAMES   (TC_VAD_ONSET_MS / TC_VAD_FRAME_MS)
#define PREROLL_FRAMES (300 / TC_VAD_FRAME_MS + ONSET_FRAMES)
/* A pause inside a turn is decoded this long (a word needs what follows it), then waited out. */
#define PAUSE_FED_US  1000000
#define PAUSE_LATE_US 200000 /* when there is much to catch up with */
/* Nobody's monologue may grow for ever: cut at the next pause, at last anywhere. */
#define LONG_TURN_US    40000000
#define LONGEST_TURN_US 50000000
#define STABLE_STEP_MS  100
#define QUIET_DB        (-62.0f)
#define NOISE_PEAK      56 /* uniform: about -60 dBFS */

enum lane_state {
	LANE_IDLE,   /* no stream: nobody is on the lane; until start */
	LANE_QUIET,  /* no turn open; until voice */
	LANE_SPEECH, /* a turn is open and the voice is on; until it stops or the turn is ended */
	LANE_PAUSE, /* a turn is open, the voice is off; until it comes back or the turn is ended */
};

struct tc_lane {
	const struct tc_hearing_config *config; /* borrowed */
	int number;
	enum lane_state state;
	struct tc_vad *vad;                  /* owned */
	struct tc_recognizer_stream *stream; /* owned; NULL in LANE_IDLE */
	_Atomic float level_db;
	uint32_t noise; /* state of the dither */

	int16_t frame[FRAME]; /* being filled */
	size_t filled;
	int64_t frame_us;  /* when its first sample was heard */
	int64_t latest_us; /* end of the newest complete frame */

	int16_t preroll[PREROLL_FRAMES][FRAME]; /* ring of what was heard before the voice began */
	int preroll_next, preroll_count;

	uint32_t utterance;
	int64_t begin_us;           /* where the recognizer's time 0 is */
	int64_t voice_us, quiet_us; /* the voice of this turn: from, to */
	int64_t cpu_us;
	bool late;
	char last_text[TC_HYPOTHESIS_TEXT];
	int last_stable_ms;
	struct tc_hearing_event event; /* scratch: a hypothesis is 7 KB */
};

int tc_lane_create(struct tc_lane **out, int number, const struct tc_hearing_config *config)
{
	struct tc_lane *lane = calloc(1, sizeof(*lane));
	if (!lane) {
		return -ENOMEM;
	}
	int err = tc_vad_create(&lane->vad);
	if (err) {
		free(lane);
		return err;
	}
	lane->number = number;
	lane->config = config;
	lane->noise = 0x2545f491;
	atomic_init(&lane->level_db, -96.0f);
	*out = lane;
	return 0;
}

void tc_lane_destroy(struct tc_lane *lane)
{
	if (lane) {
		tc_vad_destroy(lane->vad);
		free(lane);
	}
}

static int64_t thread_cpu_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void emit(struct tc_lane *lane, enum tc_hearing_kind kind, int64_t time_us)
{
	struct tc_hearing_event *event = &lane->event;
	event->kind = kind;
	event->lane = lane->number;
	event->time_ms = time_us / 1000;
	event->start_ms = lane->voice_us / 1000;
	event->end_ms = (lane->state == LANE_SPEECH ? lane->latest_us : lane->quiet_us) / 1000;
	event->begin_ms = lane->begin_us / 1000;
	event->utterance = lane->utterance;
	event->cpu_us = lane->cpu_us;
	lane->config->event(lane->config->user, event);
}

int tc_lane_start(struct tc_lane *lane, const char *speaker)
{
	int err = lane->config->engine->stream_create(&lane->stream, lane->config->recognizer,
						      speaker);
	if (err) {
		return err;
	}
	tc_vad_reset(lane->vad);
	lane->filled = 0;
	lane->preroll_count = 0;
	lane->latest_us = 0;
	lane->state = LANE_QUIET;
	return 0;
}

void tc_lane_abandon(struct tc_lane *lane)
{
	if (lane->stream) {
		lane->config->engine->stream_destroy(lane->stream);
		lane->stream = NULL;
	}
	lane->state = LANE_IDLE;
	atomic_store(&lane->level_db, -96.0f);
}

/* The final, or where the engine finds no way to the end of what it heard (PocketSphinx has no
 * lattice for a sentence cut in the middle), the words it was sure enough of to show. One word that
 * is gone in the end was a cough. */
static void ask_final(struct tc_lane *lane, bool cut)
{
	struct tc_hypothesis *h = &lane->event.hypothesis, so_far;
	const struct tc_recognizer_ops *engine = lane->config->engine;
	bool had = engine->partial(lane->stream, &so_far) == 0 && so_far.word_count > !cut;
	int err = engine->end(lane->stream, h);
	if (err) {
		TC_WARN(NULL, "lane %d: no final: %s", lane->number, tc_err_str(err));
		memset(h, 0, sizeof(*h));
	}
	if (h->word_count == 0 && had) {
		*h = so_far;
	}
}

static void finish_turn(struct tc_lane *lane, bool cut)
{
	int64_t cpu = thread_cpu_us();
	ask_final(lane, cut);
	lane->cpu_us += thread_cpu_us() - cpu;
	bool understood = lane->event.hypothesis.word_count > 0;
	lane->quiet_us = lane->state == LANE_SPEECH ? lane->latest_us : lane->quiet_us;
	emit(lane, understood ? TC_HEARING_FINAL : TC_HEARING_DISCARDED, lane->latest_us);
	lane->preroll_count = 0; /* no word may be heard twice */
	bool talking = lane->state == LANE_SPEECH;
	lane->state = LANE_QUIET;
	if (talking) { /* if the voice goes on, the next frame begins a turn */
		emit(lane, TC_HEARING_SPEECH_END, lane->latest_us);
	}
}

void tc_lane_cut(struct tc_lane *lane)
{
	if (tc_lane_is_open(lane)) {
		finish_turn(lane, true);
	}
	lane->preroll_count = 0;
	lane->filled = 0;
}

void tc_lane_hurry(struct tc_lane *lane, bool late)
{
	lane->late = late;
}

void tc_lane_stop(struct tc_lane *lane)
{
	if (tc_lane_is_open(lane)) {
		finish_turn(lane, false);
	}
	tc_lane_abandon(lane);
}

void tc_lane_end_turn(struct tc_lane *lane, uint32_t utterance)
{
	if (!tc_lane_is_open(lane)) {
		lane->event.hypothesis.word_count = 0; /* who asks is answered */
		lane->event.hypothesis.text[0] = '\0';
		emit(lane, TC_HEARING_DISCARDED, lane->latest_us);
	} else if (!utterance || lane->utterance == utterance) {
		finish_turn(lane, false);
	}
}

/* Digital silence derails the recognizer's noise estimate: a floor as of a quiet room instead. */
static void feed(struct tc_lane *lane, const int16_t *pcm, float level_db)
{
	int16_t dithered[FRAME];
	if (level_db < QUIET_DB) {
		for (int i = 0; i < FRAME; i++) {
			lane->noise = lane->noise * 1664525u + 1013904223u;
			int noise = (int)(lane->noise >> 16) % (2 * NOISE_PEAK + 1) - NOISE_PEAK;
			dithered[i] = (int16_t)(pcm[i] + noise);
		}
		pcm = dithered;
	}
	int err = lane->config->engine->push(lane->stream, pcm, FRAME);
	if (err) {
		TC_DEBUG(NULL, "lane %d: push: %s", lane->number, tc_err_str(err));
	}
}

static void report_partial(struct tc_lane *lane, bool always)
{
	struct tc_hypothesis *h = &lane->event.hypothesis;
	if (lane->config->engine->partial(lane->stream, h)) {
		return;
	}
	bool changed = strcmp(h->text, lane->last_text) != 0;
	bool moved = lane->state == LANE_PAUSE &&
		     h->stable_ms / STABLE_STEP_MS > lane->last_stable_ms / STABLE_STEP_MS;
	if (!changed && !(h->word_count && (moved || always))) {
		return;
	}
	strcpy(lane->last_text, h->text);
	lane->last_stable_ms = h->stable_ms;
	emit(lane, TC_HEARING_PARTIAL, lane->latest_us);
}

static void keep_preroll(struct tc_lane *lane, const int16_t *pcm, float level_db)
{
	if (level_db <= -96.0f) {
		lane->preroll_count = 0; /* muted: what was before is no run-up any more */
		return;
	}
	memcpy(lane->preroll[lane->preroll_next], pcm, sizeof(lane->preroll[0]));
	lane->preroll_next = (lane->preroll_next + 1) % PREROLL_FRAMES;
	lane->preroll_count += lane->preroll_count < PREROLL_FRAMES;
}

/* The newest frame is the last of the pre-roll. */
static void begin_turn(struct tc_lane *lane)
{
	if (lane->config->engine->begin(lane->stream)) {
		TC_WARN(NULL, "lane %d: the recognizer does not begin", lane->number);
		return;
	}
	lane->utterance++;
	lane->cpu_us = 0;
	lane->last_text[0] = '\0';
	lane->last_stable_ms = 0;
	lane->begin_us = lane->latest_us - (int64_t)lane->preroll_count * FRAME_US;
	lane->voice_us = lane->latest_us - TC_VAD_ONSET_MS * 1000;
	lane->state = LANE_SPEECH;
	emit(lane, TC_HEARING_SPEECH_START, lane->voice_us);
	for (int i = lane->preroll_count; i > 0; i--) {
		int at = (lane->preroll_next - i + PREROLL_FRAMES) % PREROLL_FRAMES;
		feed(lane, lane->preroll[at], 0);
	}
	lane->preroll_count = 0;
}

static void voice_off(struct tc_lane *lane, int64_t since_us)
{
	lane->state = LANE_PAUSE;
	lane->quiet_us = since_us > lane->voice_us ? since_us : lane->voice_us;
	emit(lane, TC_HEARING_SPEECH_END, lane->quiet_us);
	report_partial(lane, true);
}

static void in_speech(struct tc_lane *lane, bool voice, float level_db)
{
	feed(lane, lane->frame, level_db);
	if (!voice) {
		voice_off(lane, lane->latest_us - TC_VAD_HANG_MS * 1000);
		return;
	}
	report_partial(lane, false);
	if (lane->latest_us - lane->begin_us > LONGEST_TURN_US) {
		finish_turn(lane, false);
	}
}

static void in_pause(struct tc_lane *lane, bool voice, float level_db)
{
	if (voice) {
		lane->state = LANE_SPEECH;
		emit(lane, TC_HEARING_SPEECH_START, lane->latest_us - TC_VAD_ONSET_MS * 1000);
		in_speech(lane, voice, level_db);
		return;
	}
	if (lane->latest_us - lane->quiet_us < (lane->late ? PAUSE_LATE_US : PAUSE_FED_US)) {
		feed(lane, lane->frame, level_db);
		report_partial(lane, false);
	}
	if (lane->latest_us - lane->begin_us > LONG_TURN_US) {
		finish_turn(lane, false);
	}
}

static void on_frame(struct tc_lane *lane)
{
	struct tc_vad_result r = tc_vad_push(lane->vad, lane->frame);
	atomic_store(&lane->level_db, r.level_db);
	lane->latest_us = lane->frame_us + FRAME_US;
	int64_t cpu = thread_cpu_us();
	switch (lane->state) {
	case LANE_IDLE:
		break;
	case LANE_QUIET:
		keep_preroll(lane, lane->frame, r.level_db);
		if (r.speech) {
			begin_turn(lane);
		}
		break;
	case LANE_SPEECH:
		in_speech(lane, r.speech, r.level_db);
		break;
	case LANE_PAUSE:
		in_pause(lane, r.speech, r.level_db);
		break;
	}
	if (tc_lane_is_open(lane)) {
		lane->cpu_us += thread_cpu_us() - cpu;
	}
}

void tc_lane_sound(struct tc_lane *lane, const int16_t *pcm, size_t samples, int64_t time_us)
{
	while (samples) {
		if (!lane->filled) {
			lane->frame_us = time_us;
		}
		size_t n = FRAME - lane->filled;
		n = n < samples ? n : samples;
		memcpy(lane->frame + lane->filled, pcm, n * sizeof(*pcm));
		lane->filled += n;
		pcm += n;
		samples -= n;
		time_us += (int64_t)n * 1000000 / 16000;
		if (lane->filled == FRAME) {
			lane->filled = 0;
			on_frame(lane);
		}
	}
}

void tc_lane_starved(struct tc_lane *lane, int64_t now_us, int64_t limit_us)
{
	if (lane->state == LANE_SPEECH && now_us - lane->latest_us > limit_us) {
		tc_vad_reset(lane->vad);
		voice_off(lane, lane->latest_us);
	}
}

bool tc_lane_is_open(const struct tc_lane *lane)
{
	return lane->state == LANE_SPEECH || lane->state == LANE_PAUSE;
}

float tc_lane_level_db(const struct tc_lane *lane)
{
	return atomic_load(&lane->level_db);
}
