/* orb/speaker/speaker_priv.h -- what the files of the speaker share.
 *
 * speaker.c life · feed.c answers in, from main and the voice thread · audio.c packets out, on the
 * audio thread.
 */
#ifndef TC_ORB_SPEAKER_PRIV_H
#define TC_ORB_SPEAKER_PRIV_H

#include "orb/speaker.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/assert.h"
#include "base/queue.h"
#include "media/opus.h"
#include "orb/clip.h"

#define SPEAKER_CLIPS 4 /* one playing, one prepared, two being dropped */
#define SPEAKER_FRAME 960

enum speaker_command_kind {
	SPEAKER_PLAY,
	SPEAKER_CUT,
	SPEAKER_DUCK,
	SPEAKER_RESTORE,
	SPEAKER_WAKE, /* sound arrived for a clip that waits for it */
	SPEAKER_QUIT,
};

struct speaker_command {
	enum speaker_command_kind kind;
	int clip;
	uint32_t answer;
};

struct speaker_slot {
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
	struct speaker_slot slots[SPEAKER_CLIPS];
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
	struct speaker_slot *current;
	uint32_t current_answer;
	bool sending; /* between the first packet of a spurt and its end */
	bool started; /* `started` was told for this answer */
	bool cutting, quit;
	int starved, tail, loss_set;
	int64_t deadline_us;
	float gain, gain_target;
};

/* feed.c */
void tc_speaker_command(struct tc_speaker *sp, enum speaker_command_kind kind, int clip,
			uint32_t answer);           /* main and voice thread */
void tc_speaker_wake_feeder(struct tc_speaker *sp); /* any thread */

/* audio.c */
void *tc_speaker_audio_main(void *speaker);

#endif
