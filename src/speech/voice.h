/* speech/voice.h -- the voice thread: answers in, 48 kHz sound out, clause by clause.
 *
 * Leading silence of each answer is trimmed; a pause marker "[pause 1500]" in the text becomes that
 * many ms of silence. tc_voice_say() may be called for an answer that is only being prepared: the
 * sound waits in the receiver until it is wanted. Threads: say/cancel from any one thread; `sound`
 * and `done` come on the voice thread.
 */
#ifndef TC_SPEECH_VOICE_H
#define TC_SPEECH_VOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/pulse.h"
#include "speech/synthesizer.h"

struct tc_voice;

struct tc_voice_events {
	/* 48 kHz mono, any count; blocks the voice thread while the receiver is full: return false
	 * to end the answer. */
	bool (*sound)(void *user, uint32_t answer, const int16_t *pcm, size_t samples);
	/* From here on the sound is of the text at `offset`..`offset+len` of the answer (a clause).
	 */
	void (*clause)(void *user, uint32_t answer, size_t offset, size_t len);
	void (*done)(void *user, uint32_t answer, int err); /* 0, 1 = cancelled, -TC_EENGINE */
};

/* Before the first tc_voice_say(): who watches the voice thread; borrowed. */
void tc_voice_set_pulse(struct tc_voice *v, struct tc_pulse *pulse);
int tc_voice_create(struct tc_voice **out, const struct tc_synthesizer_ops *engine,
		    struct tc_synthesizer *synth, const struct tc_voice_events *events, void *user);
void tc_voice_destroy(struct tc_voice *v); /* cancels all, joins the thread */
int tc_voice_say(struct tc_voice *v, uint32_t answer,
		 const char *text); /* text copied; -EAGAIN: queue full */
void tc_voice_cancel(struct tc_voice *v, uint32_t answer);
void tc_voice_cancel_all(struct tc_voice *v);
/* Splits at clause punctuation; pure, for tests: the length of the first clause of text. */
size_t tc_voice_clause(const char *text);

#endif
