/* speech/synthesizer.h -- text to speech, as an interface. Engines: flite (slt), null (tones, for
 * tests). */
#ifndef TC_SPEECH_SYNTHESIZER_H
#define TC_SPEECH_SYNTHESIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tc_synthesizer;

/* A chunk of sound; return false to stop the synthesis after it. */
typedef bool (*tc_pcm_fn)(void *user, const int16_t *pcm, size_t samples);

struct tc_synthesizer_ops {
	const char *name;
	int rate; /* samples/s of the chunks */
	int (*open)(struct tc_synthesizer **out,
		    const char *voice); /* NULL: the engine's default voice */
	void (*close)(struct tc_synthesizer *s);
	/* Speaks one clause; returns when all chunks were taken, or 1 when stopped, or -TC_EENGINE.
	 */
	int (*say)(struct tc_synthesizer *s, const char *clause, tc_pcm_fn chunk, void *user);
};

extern const struct tc_synthesizer_ops tc_synthesizer_flite;
extern const struct tc_synthesizer_ops tc_synthesizer_null;
const struct tc_synthesizer_ops *tc_synthesizer_find(const char *name);

#endif
