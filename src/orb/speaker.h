/* orb/speaker.h -- the audio thread: takes speech from the voice, sends it to everyone on time.
 *
 * An answer is a clip: opened by main, filled by the voice thread (which waits while it is full),
 * played by the audio thread on absolute 20 ms deadlines. In silence nothing is sent and the thread
 * sleeps; a play command wakes it at once, RTP time jumps to the wall clock and the first packet
 * carries the marker (this halves the delay people hear). Ducking and cutting are ramps, never
 * clicks.
 *
 * Threads: open/play/cancel/duck from main; feed/finish/mark from the voice thread; events come on
 * the audio thread (or, for a clip that never played, not at all) and must only queue.
 */
#ifndef TC_ORB_SPEAKER_H
#define TC_ORB_SPEAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/pulse.h"
#include "orb/roster.h"

struct tc_speaker;

struct tc_speaker_events {
	void (*started)(void *user, uint32_t answer,
			int64_t time_us); /* its first packet went out */
	void (*clause)(void *user, uint32_t answer, size_t offset,
		       size_t len); /* heard from now on */
	/* Played to the end, or cut after `heard` bytes of its text. The clip is still main's to
	 * close. */
	void (*ended)(void *user, uint32_t answer, size_t heard, bool cut);
};

struct tc_speaker_config {
	struct tc_roster *roster;     /* borrowed */
	const struct tc_clock *clock; /* borrowed */
	int64_t epoch_us;             /* where the media clock starts */
	struct tc_pulse *pulse;       /* of the audio thread; borrowed, or NULL */
};

struct tc_speaker_stats {
	uint64_t packets; /* Opus packets encoded and offered to peers */
	uint64_t late;    /* frames that were out over 10 ms after their deadline */
	int64_t worst_late_us;
	uint64_t underruns; /* the voice was not there in time */
	bool realtime;      /* SCHED_RR was allowed */
};

int tc_speaker_create(struct tc_speaker **out, const struct tc_speaker_config *config,
		      const struct tc_speaker_events *events, void *user);
/* Fades out what plays and tells its `ended`, then joins (up to 40 ms); feed() returns false from
 * now on. Any one thread, once nobody else calls. */
void tc_speaker_destroy(struct tc_speaker *sp);
void tc_speaker_stop_feeding(struct tc_speaker *sp); /* before the voice thread is joined */

int tc_speaker_open(struct tc_speaker *sp, uint32_t answer); /* -ENOSPC: too many answers at once */
void tc_speaker_close(struct tc_speaker *sp, uint32_t answer); /* of a clip that is not playing */
int tc_speaker_play(struct tc_speaker *sp, uint32_t answer);   /* -ENOENT */
void tc_speaker_cut(struct tc_speaker *sp, uint32_t answer);   /* playing: fade out, then `ended` */
void tc_speaker_duck(struct tc_speaker *sp, bool down);
bool tc_speaker_is_open(struct tc_speaker *sp, uint32_t answer);

bool tc_speaker_feed(struct tc_speaker *sp, uint32_t answer, const int16_t *pcm, size_t samples);
void tc_speaker_mark(struct tc_speaker *sp, uint32_t answer, size_t offset, size_t len);
void tc_speaker_finish(struct tc_speaker *sp, uint32_t answer);

void tc_speaker_set_loss(struct tc_speaker *sp, int percent); /* any thread */
float tc_speaker_level(const struct tc_speaker *sp); /* 0..1 of what goes out now; any thread */
void tc_speaker_stats(const struct tc_speaker *sp, struct tc_speaker_stats *out);

#endif
