/* speech/recognizer.h -- speech to text, as an interface: push 16 kHz sound, ask for partials and
 * the final.
 *
 * Engines: pocketsphinx (embedded default), null (scripted, for tests). Each is one
 * `tc_recognizer_ops` table in a file of its own. An engine and all of its streams live on one
 * thread (the recognizer thread): PocketSphinx language models keep a cache and are not safe to
 * share between threads.
 */
#ifndef TC_SPEECH_RECOGNIZER_H
#define TC_SPEECH_RECOGNIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_HYPOTHESIS_WORDS 128
#define TC_HYPOTHESIS_TEXT  1024

struct tc_word {
	char text[32];
	int start_ms, end_ms; /* since tc_recognizer_begin() */
	float confidence;     /* 0..1; partials: 0 = not known yet */
};

struct tc_hypothesis {
	char text[TC_HYPOTHESIS_TEXT]; /* lower case, no punctuation, "" = nothing understood */
	struct tc_word words[TC_HYPOTHESIS_WORDS];
	int word_count;
	float confidence; /* mean over words; finals */
	float end_score; /* log10 P(sentence end | last two words): 0 = surely complete, -3 = surely
			    not */
	int stable_ms;   /* how long the words have not changed */
};

struct tc_recognizer_config {
	const char *model_dir; /* acoustic model, dictionary, language model; NULL: Debian's */
	const char *domain_lm; /* ARPA file mixed in, NULL: none */
	const char *script;    /* null engine only: see speech/null.h */
	bool forked;           /* orbs are forked from this process, which has one thread */
};

struct tc_recognizer;
struct tc_recognizer_stream;

struct tc_recognizer_ops {
	const char *name;
	int (*open)(struct tc_recognizer **out,
		    const struct tc_recognizer_config *config); /* -ENOENT: model missing */
	void (*close)(struct tc_recognizer *r);
	int (*stream_create)(struct tc_recognizer_stream **out, struct tc_recognizer *r,
			     const char *speaker);
	void (*stream_destroy)(struct tc_recognizer_stream *s);
	int (*begin)(struct tc_recognizer_stream *s);
	int (*push)(struct tc_recognizer_stream *s, const int16_t *pcm, size_t samples);
	int (*partial)(struct tc_recognizer_stream *s, struct tc_hypothesis *out);
	int (*end)(struct tc_recognizer_stream *s,
		   struct tc_hypothesis *out); /* the final; begin() starts the next */
	void (*cancel)(struct tc_recognizer_stream *s);
	int (*add_word)(struct tc_recognizer *r,
			const char *word); /* a name; -ENOENT: no pronunciation found */
	/* Tries less hard, or as hard as ever; no utterance is open. Takes ~0.1 s. NULL: it knows
	 * one way only. */
	int (*set_effort)(struct tc_recognizer *r, bool less);
	/* No utterance is open, for a while: gives memory back. Takes ~10 ms. NULL: has none. */
	void (*rest)(struct tc_recognizer *r);
};

extern const struct tc_recognizer_ops tc_recognizer_pocketsphinx;
extern const struct tc_recognizer_ops tc_recognizer_null;
const struct tc_recognizer_ops *tc_recognizer_find(const char *name); /* NULL: no such engine */

#endif
