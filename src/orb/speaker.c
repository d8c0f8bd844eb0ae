// SPDX-License-Identifier: Apache-2.0
#include "orb/speaker.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/log.h"
#include "base/queue.h"
#include "media/opus.h"
#include "orb/clip.h"
#include "orb/level.h"

TC_LOG_TOPIC("orb.speaker");

#define CLIPS    4 /* one playing, one prepared, two being dropped */
#define FRAME    960
#define FRAME_US 20000
#define TAIL_FRAMES                                                                  \
	3 /* silence after the last word, so that concealment has nothing to conceal \
	   */
#define DUCK_GAIN     0.2f
#define RAMP_PER_STEP (1.0f / 480) /* full scale in 10 ms */
#define LATE_US       10000
#define STARVED_MAX   10 /* frames of silence before a starved answer is treated as a pause */
#define RT_PRIORITY   10

enum command_kind {
	PLAY,
	CUT,
	DUCK,
	RESTORE,
	WAKE, /* sound arrived for a clip that waits for it */
	QUIT,
};

struct command {
	enum command_kind kind;
	int clip;
	uint32_t answer;
};

struct slot {
	struct tc_clip clip;
	_Atomic uint32_t answer; /* 0: free. Changed by main only, under `owners` */
	_Atomic bool
		playing; /* the audio thread has it; set by main, cleared by the audio thread */
};

struct tc_speaker {
	struct tc_speaker_config config;
	struct tc_speaker_events events;
	void *user;
	struct tc_home home;
	struct slot slots[CLIPS];
	pthread_mutex_t
		owners; /* between main and the voice thread; the audio thread never takes it */
	_Atomic bool stop_feeding;
	int space_fd; /* the voice thread waits here while a clip is full */
	struct tc_queue *commands;
	pthread_t thread;
	_Atomic float level;
	_Atomic int loss;
	_Atomic uint64_t packets, late, underruns;
	_Atomic int64_t worst_late_us;
	_Atomic bool realtime;

	/* the audio thread's own */
	struct tc_opus_encoder *encoder;
	struct slot *current;
	uint32_t current_answer;
	bool sending; /* between the first packet of a spurt and its end */
	bool started; /* `started` was told for this answer */
	bool cutting, quit;
	int starved, tail, loss_set;
	int64_t deadline_us;
	float gain, gain_target;
};

/* --- main and voice thread --- */

static struct slot *find_slot(struct tc_speaker *sp, uint32_t answer)
{
	for (int i = 0; i < CLIPS; i++) {
		if (atomic_load(&sp->slots[i].answer) == answer) {
			return &sp->slots[i];
		}
	}
	return NULL;
}

int tc_speaker_open(struct tc_speaker *sp, uint32_t answer)
{
	TC_ASSERT(answer != 0);
	int err = -ENOSPC;
	pthread_mutex_lock(&sp->owners);
	for (int i = 0; i < CLIPS && err; i++) {
		struct slot *slot = &sp->slots[i];
		if (atomic_load(&slot->answer) == 0 && !atomic_load(&slot->playing)) {
			tc_clip_reset(&slot->clip);
			atomic_store(&slot->answer, answer);
			err = 0;
		}
	}
	pthread_mutex_unlock(&sp->owners);
	return err;
}

bool tc_speaker_is_open(struct tc_speaker *sp, uint32_t answer)
{
	return find_slot(sp, answer) != NULL;
}

static void wake_feeder(struct tc_speaker *sp)
{
	uint64_t one = 1;
	ssize_t n = write(sp->space_fd, &one, sizeof(one));
	(void)n;
}

void tc_speaker_close(struct tc_speaker *sp, uint32_t answer)
{
	pthread_mutex_lock(&sp->owners);
	struct slot *slot = find_slot(sp, answer);
	if (slot) {
		atomic_store(&slot->answer, 0);
	}
	pthread_mutex_unlock(&sp->owners);
	wake_feeder(sp);
}

static void command(struct tc_speaker *sp, enum command_kind kind, int clip, uint32_t answer)
{
	struct command cmd = {kind, clip, answer};
	if (tc_queue_push(sp->commands, &cmd) != 0) {
		/* 256 commands behind: the audio thread hangs, and its counters say so. */
		TC_ERROR(NULL, "the audio thread does not take commands");
	}
}

int tc_speaker_play(struct tc_speaker *sp, uint32_t answer)
{
	struct slot *slot = find_slot(sp, answer);
	if (!slot) {
		return -ENOENT;
	}
	atomic_store(&slot->playing, true);
	command(sp, PLAY, (int)(slot - sp->slots), answer);
	return 0;
}

void tc_speaker_cut(struct tc_speaker *sp, uint32_t answer)
{
	command(sp, CUT, 0, answer);
}

void tc_speaker_duck(struct tc_speaker *sp, bool down)
{
	command(sp, down ? DUCK : RESTORE, 0, 0);
}

void tc_speaker_stop_feeding(struct tc_speaker *sp)
{
	atomic_store(&sp->stop_feeding, true);
	wake_feeder(sp);
}

bool tc_speaker_feed(struct tc_speaker *sp, uint32_t answer, const int16_t *pcm, size_t samples)
{
	while (samples > 0) {
		pthread_mutex_lock(&sp->owners);
		struct slot *slot = answer ? find_slot(sp, answer) : NULL;
		bool open = slot && !atomic_load(&sp->stop_feeding);
		size_t before = open ? tc_clip_available(&slot->clip) : 0;
		size_t n = open ? tc_clip_write(&slot->clip, pcm, samples) : 0;
		pthread_mutex_unlock(&sp->owners);
		if (!open) {
			return false;
		}
		if (n > 0 && before < FRAME) {
			command(sp, WAKE, 0, answer);
		}
		pcm += n;
		samples -= n;
		if (samples > 0) {
			/* The timeout only guards against a lost wake-up. */
			struct pollfd pfd = {.fd = sp->space_fd, .events = POLLIN};
			poll(&pfd, 1, 200);
			uint64_t count;
			ssize_t got = read(sp->space_fd, &count, sizeof(count));
			(void)got;
		}
	}
	return true;
}

void tc_speaker_mark(struct tc_speaker *sp, uint32_t answer, size_t offset, size_t len)
{
	pthread_mutex_lock(&sp->owners);
	struct slot *slot = find_slot(sp, answer);
	if (slot) {
		tc_clip_mark(&slot->clip, offset, len);
	}
	pthread_mutex_unlock(&sp->owners);
}

void tc_speaker_finish(struct tc_speaker *sp, uint32_t answer)
{
	pthread_mutex_lock(&sp->owners);
	struct slot *slot = find_slot(sp, answer);
	if (slot) {
		atomic_store(&slot->clip.finished, true);
	}
	pthread_mutex_unlock(&sp->owners);
	command(sp, WAKE, 0, answer);
}

/* --- the audio thread --- */

static void set_level(struct tc_speaker *sp, float level)
{
	atomic_store_explicit(&sp->level, level, memory_order_relaxed);
}

static void end_current(struct tc_speaker *sp, bool cut)
{
	struct slot *slot = sp->current;
	uint32_t answer = sp->current_answer;
	size_t heard = slot->clip.heard;
	sp->current = NULL;
	sp->sending = false;
	sp->cutting = false;
	sp->gain_target = 1;
	set_level(sp, 0);
	atomic_store(&slot->playing, false);
	sp->events.ended(sp->user, answer, heard, cut);
}

/* Fades out; at once if nothing of it is on its way. */
static void cut_current(struct tc_speaker *sp)
{
	if (sp->sending) {
		sp->cutting = true;
		sp->gain_target = 0;
	} else {
		end_current(sp, true);
	}
}

static void take_command(struct tc_speaker *sp, const struct command *cmd)
{
	switch (cmd->kind) {
	case PLAY:
		if (sp->current) {
			end_current(sp, true); /* one voice only: the newer answer wins */
		}
		sp->current = &sp->slots[cmd->clip];
		sp->current_answer = cmd->answer;
		sp->started = false;
		sp->cutting = false;
		sp->tail = 0;
		sp->starved = 0;
		sp->gain = sp->gain_target;
		break;
	case CUT:
		if (sp->current && sp->current_answer == cmd->answer) {
			cut_current(sp);
		}
		break;
	case DUCK:
		sp->gain_target = sp->cutting ? 0 : DUCK_GAIN;
		break;
	case RESTORE:
		sp->gain_target = sp->cutting ? 0 : 1;
		break;
	case WAKE:
		break;
	case QUIT:
		sp->quit = true;
		if (sp->current) {
			cut_current(sp); /* what was heard of it is told before we are gone */
		}
		break;
	}
}

static void apply_gain(struct tc_speaker *sp, int16_t *pcm)
{
	if (sp->gain == sp->gain_target && sp->gain == 1) {
		return;
	}
	for (int i = 0; i < FRAME; i++) {
		float step = sp->gain_target - sp->gain;
		step = fminf(RAMP_PER_STEP, fmaxf(-RAMP_PER_STEP, step));
		sp->gain += step;
		pcm[i] = (int16_t)lrintf((float)pcm[i] * sp->gain);
	}
}

static void send_frame(struct tc_speaker *sp, int16_t *pcm, bool first)
{
	int loss = atomic_load_explicit(&sp->loss, memory_order_relaxed);
	if (loss != sp->loss_set) {
		tc_opus_encoder_set_loss(sp->encoder, loss);
		sp->loss_set = loss;
	}
	apply_gain(sp, pcm);
	float db = tc_level_db(pcm, FRAME);
	set_level(sp, tc_level_scale(db));
	uint8_t packet[TC_OPUS_MAX_PACKET];
	int n = tc_opus_encode(sp->encoder, pcm, packet, sizeof(packet));
	if (n <= 2) {
		return; /* DTX: silence is not sent, or the encoder failed */
	}
	int64_t media_us = sp->deadline_us - sp->config.epoch_us;
	struct tc_audio_out audio = {
		.data = packet,
		.len = (size_t)n,
		.ticks = (uint32_t)(uint64_t)(media_us * 48 / 1000),
		.marker = first,
		.level = db <= -127 ? 127 : (int)-db,
		.voice = db > -60,
	};
	tc_roster_send_audio(sp->config.roster, &audio);
	atomic_fetch_add_explicit(&sp->packets, 1, memory_order_relaxed);
}

static void tell_marks(struct tc_speaker *sp)
{
	struct tc_clip_mark mark;
	while (tc_clip_next_mark(&sp->current->clip, &mark)) {
		sp->events.clause(sp->user, sp->current_answer, mark.offset, mark.len);
	}
}

/* What counts is when the packet is out, with all it waited for: our turn to run, and locks. */
static void note_lateness(struct tc_speaker *sp, int64_t late)
{
	if (late > LATE_US) {
		atomic_fetch_add_explicit(&sp->late, 1, memory_order_relaxed);
	}
	if (late > atomic_load_explicit(&sp->worst_late_us, memory_order_relaxed)) {
		atomic_store_explicit(&sp->worst_late_us, late, memory_order_relaxed);
	}
}

/* True: there is sound enough to begin a spurt with. */
static bool ready_to_start(const struct tc_speaker *sp)
{
	const struct tc_clip *clip = &sp->current->clip;
	return tc_clip_available(clip) >= FRAME || atomic_load(&clip->finished);
}

/* One 20 ms step of the current answer. */
static void step(struct tc_speaker *sp)
{
	struct tc_clip *clip = &sp->current->clip;
	int16_t pcm[FRAME];
	bool first = !sp->sending;
	int64_t now = tc_clock_us(sp->config.clock);
	int64_t due = first ? now : sp->deadline_us;
	if (first) {
		sp->deadline_us = now;
		sp->sending = true;
		tc_opus_encoder_reset(sp->encoder);
	} else if (now - due > 5 * FRAME_US) {
		/* A stall: bursting old frames would only raise the receiver's buffer, for tens of
		 * seconds in Chromium. */
		sp->deadline_us = now;
	}
	bool finished =
		atomic_load(&clip->finished); /* before reading: what is there then is all */
	size_t n = tc_clip_read(clip, pcm, FRAME);
	memset(pcm + n, 0, (FRAME - n) * sizeof(pcm[0]));
	wake_feeder(sp);
	send_frame(sp, pcm, first);
	note_lateness(sp, tc_clock_us(sp->config.clock) - due);
	if (!sp->started) {
		sp->started = true;
		sp->events.started(sp->user, sp->current_answer, tc_clock_us(sp->config.clock));
	}
	tell_marks(sp);
	sp->deadline_us += FRAME_US;
	if (sp->cutting && sp->gain <= 0) {
		end_current(sp, true);
	} else if (n == 0 && finished && ++sp->tail >= TAIL_FRAMES) {
		end_current(sp, false);
	} else if (n == 0 && !finished && ++sp->starved >= STARVED_MAX) {
		atomic_fetch_add_explicit(&sp->underruns, 1, memory_order_relaxed);
		sp->sending = false; /* a pause; the next sound starts a new spurt */
		sp->starved = 0;
	} else if (n > 0) {
		sp->starved = 0;
	}
}

/* Absolute: what one step takes does not delay the next. */
static void sleep_until(int64_t us)
{
	struct timespec ts = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR) {
	}
}

/* Among busy neighbours the wake-up comes 0.3 ms late with SCHED_RR, 4 ms and more without; not
 * every machine allows it (LimitRTPRIO), and without it sound still goes out. */
static void ask_for_realtime(struct tc_speaker *sp)
{
	struct sched_param param = {.sched_priority = RT_PRIORITY};
	bool allowed = pthread_setschedparam(pthread_self(), SCHED_RR, &param) == 0;
	atomic_store(&sp->realtime, allowed);
}

static void *audio_main(void *arg)
{
	struct tc_speaker *sp = arg;
	prctl(PR_SET_NAME, "audio");
	ask_for_realtime(sp);
	while (!sp->quit || sp->current) {
		struct command cmd;
		while (tc_queue_pop(sp->commands, &cmd)) {
			take_command(sp, &cmd);
		}
		if (sp->quit && !sp->current) {
			break;
		}
		if (!sp->current || (!sp->sending && !ready_to_start(sp))) {
			tc_queue_wait(sp->commands, -1);
			continue;
		}
		step(sp);
		if (sp->current && sp->sending) {
			sleep_until(sp->deadline_us);
		}
	}
	return NULL;
}

/* --- life --- */

static void free_speaker(struct tc_speaker *sp)
{
	for (int i = 0; i < CLIPS; i++) {
		tc_clip_finish(&sp->slots[i].clip);
	}
	tc_queue_destroy(sp->commands);
	tc_opus_encoder_destroy(sp->encoder);
	if (sp->space_fd >= 0) {
		close(sp->space_fd);
	}
	pthread_mutex_destroy(&sp->owners);
	free(sp);
}

int tc_speaker_create(struct tc_speaker **out, const struct tc_speaker_config *config,
		      const struct tc_speaker_events *events, void *user)
{
	struct tc_speaker *sp = calloc(1, sizeof(*sp));
	if (!sp) {
		return -ENOMEM;
	}
	sp->config = *config;
	sp->events = *events;
	sp->user = user;
	sp->gain = sp->gain_target = 1;
	sp->loss_set = -1;
	pthread_mutex_init(&sp->owners, NULL);
	tc_home_init(&sp->home);
	sp->space_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int err = sp->space_fd < 0 ? -errno : 0;
	for (int i = 0; i < CLIPS && !err; i++) {
		err = tc_clip_init(&sp->slots[i].clip);
	}
	if (!err) {
		err = tc_queue_create(&sp->commands, sizeof(struct command), 256, true);
	}
	if (!err) {
		/* Voices come at 16 kHz, so there is nothing above 8. */
		struct tc_opus_encoder_config opus = {.wideband = true};
		err = tc_opus_encoder_create(&sp->encoder, &opus);
	}
	if (!err) {
		err = -pthread_create(&sp->thread, NULL, audio_main, sp);
	}
	if (err) {
		free_speaker(sp);
		return err;
	}
	*out = sp;
	return 0;
}

void tc_speaker_destroy(struct tc_speaker *sp)
{
	if (!sp) {
		return;
	}
	tc_speaker_stop_feeding(sp);
	command(sp, QUIT, 0, 0);
	pthread_join(sp->thread, NULL);
	free_speaker(sp);
}

void tc_speaker_set_loss(struct tc_speaker *sp, int percent)
{
	atomic_store_explicit(&sp->loss, percent, memory_order_relaxed);
}

float tc_speaker_level(const struct tc_speaker *sp)
{
	return atomic_load_explicit(&sp->level, memory_order_relaxed);
}

void tc_speaker_stats(const struct tc_speaker *sp, struct tc_speaker_stats *out)
{
	*out = (struct tc_speaker_stats){
		.packets = atomic_load_explicit(&sp->packets, memory_order_relaxed),
		.late = atomic_load_explicit(&sp->late, memory_order_relaxed),
		.worst_late_us = atomic_load_explicit(&sp->worst_late_us, memory_order_relaxed),
		.underruns = atomic_load_explicit(&sp->underruns, memory_order_relaxed),
		.realtime = atomic_load(&sp->realtime),
	};
}
