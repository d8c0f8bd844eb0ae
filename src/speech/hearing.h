/* speech/hearing.h -- the recognizer thread: a lane per person, sound in, words out.
 *
 * Each lane: 20 ms frames -> voice activity -> (300 ms pre-roll) recognizer. It knows nothing of
 * answers: when a turn ends is decided outside (mind/endpointing) and told by
 * tc_hearing_end_turn(). Never mixes people. A lane in silence costs no recognition. Where the
 * machine is too busy it falls behind by up to 20 s and catches up; words shown are never dropped.
 *
 * Threads: open/add/remove/push/end_turn from the owner's (main) thread; events come on the
 * recognizer thread and must only queue.
 */
#ifndef TC_SPEECH_HEARING_H
#define TC_SPEECH_HEARING_H

#include "base/clock.h"
#include "base/pulse.h"
#include "speech/recognizer.h"

#define TC_HEARING_LANES 2

enum tc_hearing_kind {
	TC_HEARING_SPEECH_START, /* time_ms: when the voice began (before detection) */
	TC_HEARING_SPEECH_END,   /* the voice stopped; time_ms: when. The turn is still open */
	TC_HEARING_PARTIAL, /* words so far; also sent when only stable_ms or end_score moved on */
	TC_HEARING_FINAL,   /* answer to end_turn, or a turn of over 40 s cut; start_ms..end_ms is
			       where the voice was */
	TC_HEARING_DISCARDED, /* answer to end_turn when nothing was understood (a cough, or no
				 turn was open) */
	TC_HEARING_LOST,      /* it fell so far behind that lost_ms of sound (of any lane) went; the
				 finals of what was understood before came first */
};

struct tc_hearing_event {
	enum tc_hearing_kind kind;
	int lane;
	int64_t time_ms;          /* monotonic */
	int64_t start_ms, end_ms; /* monotonic, of the utterance */
	int64_t begin_ms;         /* monotonic, what the words' times count from */
	uint32_t utterance; /* counts per lane, the same for partials and the final of one turn */
	int64_t lost_ms;    /* LOST */
	struct tc_hypothesis hypothesis; /* PARTIAL, FINAL */
	int64_t cpu_us;                  /* CPU this utterance has cost so far */
};

struct tc_hearing_config {
	const struct tc_recognizer_ops *engine;
	struct tc_recognizer
		*recognizer; /* already open (the nest loads it before the fork); borrowed */
	const struct tc_clock *clock;
	struct tc_pulse *pulse; /* of the recognizer thread; borrowed, or NULL */
	void (*event)(void *user,
		      const struct tc_hearing_event *event); /* on the recognizer thread */
	void *user;
};

struct tc_hearing;
int tc_hearing_create(struct tc_hearing **out, const struct tc_hearing_config *config);
/* Takes what was pushed before (the finals of removed lanes come out), then joins the thread. Any
 * one thread, once nobody else calls. */
void tc_hearing_destroy(struct tc_hearing *h);
int tc_hearing_add(struct tc_hearing *h, const char *speaker); /* a lane number 0..1, or -ENOSPC */
void tc_hearing_remove(struct tc_hearing *h,
		       int lane); /* open words are finalised first (an event) */
/* 16 kHz, any number of samples; time_us: monotonic, of the first of them. -EAGAIN: the queue was
 * full and this was lost (counted). */
int tc_hearing_push(struct tc_hearing *h, int lane, const int16_t *pcm, size_t samples,
		    int64_t time_us);
/* Asks for the final of this utterance; 0: of the open one. FINAL or DISCARDED follows, unless
 * another utterance is open by now. */
void tc_hearing_end_turn(struct tc_hearing *h, int lane, uint32_t utterance);
/* A name to listen for; learnt when nobody speaks (it takes ~0.1 s). -EINVAL: too long. */
int tc_hearing_add_word(struct tc_hearing *h, const char *word);
/* Whether to try less hard, for less CPU; done when nobody speaks. */
void tc_hearing_set_effort(struct tc_hearing *h, bool less);
float tc_hearing_level_db(const struct tc_hearing *h, int lane); /* newest frame, any thread */
size_t tc_hearing_backlog_ms(const struct tc_hearing *h);        /* any thread */
uint64_t tc_hearing_lost_ms(const struct tc_hearing *h); /* refused or thrown away; any thread */

#endif
