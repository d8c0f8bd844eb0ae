// SPDX-License-Identifier: Apache-2.0
#include "orb/speaker/speaker_priv.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "orb/level.h"

#define FRAME_US 20000
#define TAIL_FRAMES                                                                  \
	3 /* silence after the last word, so that concealment has nothing to conceal \
	   */
#define DUCK_GAIN     0.2f
#define RAMP_PER_STEP (1.0f / 480) /* full scale in 10 ms */
#define LATE_US       10000
#define STARVED_MAX   10 /* frames of silence before a starved answer is treated as a pause */
#define RT_PRIORITY   10

static void set_level(struct tc_speaker *sp, float level)
{
	atomic_store_explicit(&sp->level, level, memory_order_relaxed);
}

static void end_current(struct tc_speaker *sp, bool cut)
{
	struct speaker_slot *slot = sp->current;
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

static void take_command(struct tc_speaker *sp, const struct speaker_command *cmd)
{
	switch (cmd->kind) {
	case SPEAKER_PLAY:
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
	case SPEAKER_CUT:
		if (sp->current && sp->current_answer == cmd->answer) {
			cut_current(sp);
		}
		break;
	case SPEAKER_DUCK:
		sp->gain_target = sp->cutting ? 0 : DUCK_GAIN;
		break;
	case SPEAKER_RESTORE:
		sp->gain_target = sp->cutting ? 0 : 1;
		break;
	case SPEAKER_WAKE:
		break;
	case SPEAKER_QUIT:
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
	for (int i = 0; i < SPEAKER_FRAME; i++) {
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
	float db = tc_level_db(pcm, SPEAKER_FRAME);
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
	return tc_clip_available(clip) >= SPEAKER_FRAME || atomic_load(&clip->finished);
}

/* One 20 ms step of the current answer. */
static void step(struct tc_speaker *sp)
{
	struct tc_clip *clip = &sp->current->clip;
	int16_t pcm[SPEAKER_FRAME];
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
	size_t n = tc_clip_read(clip, pcm, SPEAKER_FRAME);
	memset(pcm + n, 0, (SPEAKER_FRAME - n) * sizeof(pcm[0]));
	tc_speaker_wake_feeder(sp);
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

void *tc_speaker_audio_main(void *arg)
{
	struct tc_speaker *sp = arg;
	prctl(PR_SET_NAME, "audio");
	ask_for_realtime(sp);
	while (!sp->quit || sp->current) {
		struct speaker_command cmd;
		tc_pulse_begin(sp->config.pulse);
		while (tc_queue_pop(sp->commands, &cmd)) {
			take_command(sp, &cmd);
		}
		if (sp->quit && !sp->current) {
			break;
		}
		if (!sp->current || (!sp->sending && !ready_to_start(sp))) {
			tc_pulse_rest(sp->config.pulse);
			tc_queue_wait(sp->commands, -1);
			continue;
		}
		step(sp);
		tc_pulse_rest(sp->config.pulse);
		if (sp->current && sp->sending) {
			sleep_until(sp->deadline_us);
		}
	}
	tc_pulse_rest(sp->config.pulse);
	return NULL;
}
