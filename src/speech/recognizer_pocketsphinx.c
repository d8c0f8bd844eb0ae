// SPDX-License-Identifier: Apache-2.0
#include "speech/recognizer.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pocketsphinx.h>
#include <sphinxbase/err.h>
#include <sphinxbase/ngram_model.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "base/pristine.h"
#include "speech/dictionary.h"
#include "speech/flite.h"
#include "speech/library.h"
#include "speech/model.h"

TC_LOG_TOPIC("speech.pocketsphinx");

#define DECODERS       2 /* one a person; both made at open, so that a fork shares them */
#define RATE           16000
#define FRAME_MS       10
#define GENERIC_WEIGHT 0.7f
#define DOMAIN_WEIGHT  0.3f
#define NO_END         (-3.0f)
#define STATES         "3000" /* looked at per frame, at most */
#define STATES_FULL    3000
#define STATES_LESS    1000
#define WORST_END      (-6.0f)
#define LIBRARY        "libpocketsphinx.so.3"

/* All that is called of libpocketsphinx and, below it, libsphinxbase. */
#define SPHINX(X)               \
	X(cmd_ln_free_r)        \
	X(cmd_ln_init)          \
	X(cmd_ln_set_int_r)     \
	X(cmd_ln_set_str_r)     \
	X(err_set_logfp)        \
	X(logmath_exp)          \
	X(logmath_log_to_log10) \
	X(ngram_model_free)     \
	X(ngram_model_read)     \
	X(ngram_model_retain)   \
	X(ngram_model_set_init) \
	X(ngram_ng_prob)        \
	X(ngram_unknown_wid)    \
	X(ngram_wid)            \
	X(ps_add_word)          \
	X(ps_args)              \
	X(ps_end_utt)           \
	X(ps_free)              \
	X(ps_get_logmath)       \
	X(ps_init)              \
	X(ps_lookup_word)       \
	X(ps_process_raw)       \
	X(ps_seg_frames)        \
	X(ps_seg_iter)          \
	X(ps_seg_next)          \
	X(ps_seg_prob)          \
	X(ps_seg_word)          \
	X(ps_set_lm)            \
	X(ps_set_search)        \
	X(ps_start_stream)      \
	X(ps_start_utt)

static struct {
#define X(name) __typeof__(name) *name;
	SPHINX(X)
#undef X
} sphinx;

static int load_library(void)
{
#define X(name) TC_SYMBOL(sphinx, name),
	static const struct tc_symbol symbols[] = {SPHINX(X)};
#undef X
	return tc_library_open(LIBRARY, symbols, TC_COUNT(symbols));
}

struct tc_recognizer {
	ps_decoder_t *decoders[DECODERS]; /* owned; NULL while a stream has it */
	ps_decoder_t *all[DECODERS];      /* the same, always there */
	ps_decoder_t *wordless;           /* owned; see load_language() */
	cmd_ln_t *config;                 /* owned */
	/* One object for both decoders: it is 34 MB and both live on one thread (its cache makes
	 * sharing between threads wrong). */
	ngram_model_t *mix;
	ngram_model_t *generic;       /* owned; also inside mix */
	int32 end_wid;                /* of </s> */
	struct tc_pristine *pristine; /* owned; NULL: nobody is forked from here */
	bool written;                 /* since pages were given back */
};

struct tc_recognizer_stream {
	struct tc_recognizer *r;
	ps_decoder_t *decoder; /* lent by r */
	bool open;
	int64_t samples;
	int64_t changed_at; /* samples when the words last changed */
	char last[TC_HYPOTHESIS_TEXT];
};

static void sphinx_close(struct tc_recognizer *r)
{
	if (!r) {
		return;
	}
	for (int i = 0; i < DECODERS; i++) {
		if (r->all[i]) {
			sphinx.ps_free(r->all[i]);
		}
	}
	if (r->mix) {
		sphinx.ngram_model_free(r->mix);
	}
	if (r->generic) {
		sphinx.ngram_model_free(r->generic);
	}
	if (r->wordless) {
		sphinx.ps_free(r->wordless);
	}
	if (r->config) {
		sphinx.cmd_ln_free_r(r->config);
	}
	tc_pristine_destroy(r->pristine);
	free(r);
}

/* Settings as measured (docs/adr): the second pass off, because it makes finals slow; the number of
 * states capped, which bounds the worst chunk; its silence remover off, because ours gates. */
static cmd_ln_t *make_config(const char *hmm)
{
	return sphinx.cmd_ln_init(NULL, sphinx.ps_args(), TRUE, "-hmm", hmm, "-dict", "/dev/null",
				  "-fwdflat", "no", "-bestpath", "yes", "-maxhmmpf", STATES,
				  "-maxwpf", "5", "-remove_silence", "no", NULL);
}

static int load_models(struct tc_recognizer *r, logmath_t *lmath, const char *generic,
		       const char *domain)
{
	r->generic = sphinx.ngram_model_read(r->config, generic, NGRAM_AUTO, lmath);
	if (!r->generic) {
		TC_ERROR(NULL, "no language model: %s", generic);
		return -TC_EENGINE;
	}
	r->end_wid = sphinx.ngram_wid(r->generic, "</s>");
	if (!domain) {
		r->mix = sphinx.ngram_model_retain(r->generic);
		return 0;
	}
	ngram_model_t *ours = sphinx.ngram_model_read(r->config, domain, NGRAM_AUTO, lmath);
	if (!ours) {
		TC_ERROR(NULL, "no language model: %s", domain);
		return -TC_EENGINE;
	}
	ngram_model_t *models[2] = {r->generic, ours};
	char *names[2] = {(char[]){"generic"}, (char[]){"domain"}};
	const float32 weights[2] = {GENERIC_WEIGHT, DOMAIN_WEIGHT};
	r->mix = sphinx.ngram_model_set_init(r->config, models, names, weights, 2);
	sphinx.ngram_model_free(ours); /* the set holds it */
	return r->mix ? 0 : -TC_EENGINE;
}

/* ps_init() completes the settings by those of the acoustic model, and models are read by them: so
 * a decoder that knows no word comes first. It stays: without it, what is heard changes. */
static int load_language(struct tc_recognizer *r, const char *generic, const char *domain)
{
	r->wordless = sphinx.ps_init(r->config);
	return r->wordless ? load_models(r, sphinx.ps_get_logmath(r->wordless), generic, domain)
			   : -TC_EENGINE;
}

static bool is_in_language(void *user, const char *word)
{
	const struct tc_recognizer *r = user;
	return sphinx.ngram_wid(r->mix, word) != sphinx.ngram_unknown_wid(r->mix);
}

/* Returns the descriptor that the decoders read, to be closed, or -1: they read the file as it is.
 */
static int cut_dictionary(struct tc_recognizer *r, const char *dict)
{
	char path[32];
	int fd = tc_dictionary_cut(dict, is_in_language, r);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd >= 0 && access(path, R_OK) != 0) {
		close(fd);
		fd = -ENOENT;
	}
	if (fd < 0) {
		TC_WARN(NULL, "the whole dictionary is loaded: %s", tc_err_str(fd));
	}
	sphinx.cmd_ln_set_str_r(r->config, "-dict", fd < 0 ? dict : path);
	return fd < 0 ? -1 : fd;
}

static int make_decoders(struct tc_recognizer *r)
{
	for (int i = 0; i < DECODERS; i++) {
		r->all[i] = sphinx.ps_init(r->config);
		if (!r->all[i] || sphinx.ps_set_lm(r->all[i], "mix", r->mix) < 0 ||
		    sphinx.ps_set_search(r->all[i], "mix") < 0) {
			return -TC_EENGINE;
		}
		r->decoders[i] = r->all[i];
	}
	return 0;
}

/* What the first utterance sets up is part of what is shared. No sound: nothing is learnt of it. */
static void begin_once(struct tc_recognizer *r)
{
	for (int i = 0; i < DECODERS; i++) {
		if (sphinx.ps_start_utt(r->all[i]) == 0) {
			sphinx.ps_end_utt(r->all[i]);
		}
	}
}

static void keep_pristine(struct tc_recognizer *r)
{
	begin_once(r);
	int err = tc_pristine_keep(r->pristine);
	if (err) {
		TC_WARN(NULL, "what is written to will not be shared again: %s", tc_err_str(err));
	}
}

static int sphinx_open(struct tc_recognizer **out, const struct tc_recognizer_config *config)
{
	if (load_library()) {
		TC_ERROR(NULL, "no recognizer: " LIBRARY " (Debian package libpocketsphinx3)");
		return -ENOENT;
	}
	sphinx.err_set_logfp(NULL); /* it tells its life story on stderr */
	const char *dir = config->model_dir ? config->model_dir : TC_SPEECH_MODEL_DIR;
	char hmm[4096], dict[4096], lm[4096];
	char why[4600];
	int err = tc_speech_model_check(dir, why, sizeof(why));
	if (!err && config->domain_lm && access(config->domain_lm, R_OK) != 0) {
		err = -errno;
		snprintf(why, sizeof(why), "no language model: %s: %s", config->domain_lm,
			 strerror(-err));
	}
	if (err) {
		TC_ERROR(NULL, "%s", why);
		return err;
	}
	snprintf(hmm, sizeof(hmm), "%s/" TC_SPEECH_MODEL_HMM, dir);
	snprintf(dict, sizeof(dict), "%s/" TC_SPEECH_MODEL_DICT, dir);
	snprintf(lm, sizeof(lm), "%s/" TC_SPEECH_MODEL_LM, dir);
	struct tc_recognizer *r = calloc(1, sizeof(*r));
	if (!r) {
		return -ENOMEM;
	}
	if (config->forked && tc_pristine_begin(&r->pristine) != 0) {
		TC_WARN(NULL, "what is written to will not be shared again");
	}
	r->config = make_config(hmm);
	err = r->config ? load_language(r, lm, config->domain_lm) : -TC_EENGINE;
	if (err) {
		goto fail;
	}
	int fd = cut_dictionary(r, dict);
	err = make_decoders(r);
	if (fd >= 0) {
		close(fd);
	}
	if (err) {
		TC_ERROR(NULL, "the speech model in %s does not load", dir);
		goto fail;
	}
	if (r->pristine) {
		keep_pristine(r);
	}
	*out = r;
	return 0;
fail:
	sphinx_close(r);
	return err;
}

static int sphinx_stream_create(struct tc_recognizer_stream **out, struct tc_recognizer *r,
				const char *speaker)
{
	int slot = 0;
	while (slot < DECODERS && !r->decoders[slot]) {
		slot++;
	}
	if (slot == DECODERS) {
		return -ENOSPC;
	}
	struct tc_recognizer_stream *s = calloc(1, sizeof(*s));
	if (!s) {
		return -ENOMEM;
	}
	s->r = r;
	s->decoder = r->decoders[slot];
	if (sphinx.ps_start_stream(s->decoder) < 0) {
		free(s);
		return -TC_EENGINE;
	}
	r->decoders[slot] = NULL;
	*out = s;
	return 0;
}

static void sphinx_cancel(struct tc_recognizer_stream *s)
{
	if (s->open) {
		sphinx.ps_end_utt(s->decoder);
		s->open = false;
	}
}

static void sphinx_stream_destroy(struct tc_recognizer_stream *s)
{
	if (!s) {
		return;
	}
	sphinx_cancel(s);
	for (int i = 0; i < DECODERS; i++) {
		if (s->r->all[i] == s->decoder) {
			s->r->decoders[i] = s->decoder;
		}
	}
	free(s);
}

static int sphinx_begin(struct tc_recognizer_stream *s)
{
	sphinx_cancel(s);
	if (sphinx.ps_start_utt(s->decoder) < 0) {
		return -TC_EENGINE;
	}
	s->open = true;
	s->samples = 0;
	s->changed_at = 0;
	s->last[0] = '\0';
	return 0;
}

/* Nodes of the search tree that were left read as they did before anybody spoke. In pauses only: a
 * page that was given back costs a copy to have again. */
static void sphinx_rest(struct tc_recognizer *r)
{
	if (r->pristine && r->written) {
		tc_pristine_return(r->pristine);
		r->written = false;
	}
}

static int sphinx_push(struct tc_recognizer_stream *s, const int16_t *pcm, size_t samples)
{
	if (!s->open) {
		return -TC_ESTATE;
	}
	s->samples += (int64_t)samples;
	s->r->written = true;
	return sphinx.ps_process_raw(s->decoder, pcm, samples, FALSE, FALSE) < 0 ? -TC_EENGINE : 0;
}

/* <s>, <sil>, [NOISE] and ++UH++ are no words. */
static bool is_word(const char *word)
{
	return *word != '<' && *word != '[' && *word != '+';
}

static void add_segment(struct tc_recognizer_stream *s, struct tc_hypothesis *out, size_t *len,
			ps_seg_t *segment, bool final)
{
	const char *text = sphinx.ps_seg_word(segment);
	size_t size = strcspn(text, "("); /* "and(2)" is another way to say "and" */
	if (!is_word(text) || out->word_count == TC_HYPOTHESIS_WORDS ||
	    *len + size + 2 > sizeof(out->text)) {
		return;
	}
	struct tc_word *word = &out->words[out->word_count++];
	snprintf(word->text, sizeof(word->text), "%.*s", (int)size, text);
	int first, last;
	sphinx.ps_seg_frames(segment, &first, &last);
	word->start_ms = first * FRAME_MS;
	word->end_ms = (last + 1) * FRAME_MS;
	int32 acoustic, language, backoff;
	int32 posterior = sphinx.ps_seg_prob(segment, &acoustic, &language, &backoff);
	if (final) {
		double p = sphinx.logmath_exp(sphinx.ps_get_logmath(s->decoder), posterior);
		word->confidence = p > 1.0 ? 1.0f : (float)p;
	}
	*len += (size_t)snprintf(out->text + *len, sizeof(out->text) - *len, "%s%.*s",
				 *len ? " " : "", (int)size, text);
}

/* log10 P(sentence ends here | the last two words), from the generic model: how finished it
 * sounds. */
static float end_score(struct tc_recognizer *r, const struct tc_hypothesis *h)
{
	if (!h->word_count) {
		return NO_END;
	}
	int32 history[2];
	int known = 0;
	for (int i = h->word_count - 1; i >= 0 && known < 2; i--) {
		history[known++] = sphinx.ngram_wid(r->generic, h->words[i].text);
	}
	int32 used;
	int32 p = sphinx.ngram_ng_prob(r->generic, r->end_wid, history, known, &used);
	float score = (float)sphinx.logmath_log_to_log10(sphinx.ps_get_logmath(r->all[0]), p);
	return score < WORST_END ? WORST_END : score > 0 ? 0 : score;
}

static void fill(struct tc_recognizer_stream *s, struct tc_hypothesis *out, bool final)
{
	out->text[0] = '\0';
	out->word_count = 0;
	out->confidence = 0;
	size_t len = 0;
	for (ps_seg_t *segment = sphinx.ps_seg_iter(s->decoder); segment;
	     segment = sphinx.ps_seg_next(segment)) {
		add_segment(s, out, &len, segment, final);
	}
	for (int i = 0; final && i < out->word_count; i++) {
		out->confidence += out->words[i].confidence / (float)out->word_count;
	}
	out->end_score = end_score(s->r, out);
	if (strcmp(out->text, s->last) != 0) {
		memcpy(s->last, out->text, len + 1);
		s->changed_at = s->samples;
	}
	out->stable_ms = (int)((s->samples - s->changed_at) * 1000 / RATE);
}

static int sphinx_partial(struct tc_recognizer_stream *s, struct tc_hypothesis *out)
{
	if (!s->open) {
		return -TC_ESTATE;
	}
	fill(s, out, false);
	return 0;
}

static int sphinx_end(struct tc_recognizer_stream *s, struct tc_hypothesis *out)
{
	if (!s->open) {
		return -TC_ESTATE;
	}
	s->open = false;
	if (sphinx.ps_end_utt(s->decoder) < 0) {
		return -TC_EENGINE;
	}
	fill(s, out, true);
	return 0;
}

static int sphinx_add_word(struct tc_recognizer *r, const char *word)
{
	char lower[sizeof(((struct tc_word *)0)->text)];
	size_t len = 0;
	for (; word[len] && len + 1 < sizeof(lower); len++) {
		lower[len] = (char)tolower((unsigned char)word[len]);
	}
	lower[len] = '\0';
	char phones[256];
	if (word[len] || tc_flite_pronounce(lower, phones, sizeof(phones)) < 0) {
		return -ENOENT;
	}
	for (int i = 0; i < DECODERS; i++) {
		char *there = sphinx.ps_lookup_word(r->all[i], lower);
		if (!there && sphinx.ps_add_word(r->all[i], lower, phones, TRUE) < 0) {
			return -ENOENT;
		}
		free(there);
	}
	return 0;
}

/* A search reads its limits when it is made: so it is made anew, names it was taught included (they
 * live in dictionary and language model). */
static int sphinx_set_effort(struct tc_recognizer *r, bool less)
{
	sphinx.cmd_ln_set_int_r(r->config, "-maxhmmpf", less ? STATES_LESS : STATES_FULL);
	for (int i = 0; i < DECODERS; i++) {
		if (sphinx.ps_set_lm(r->all[i], "mix", r->mix) < 0 ||
		    sphinx.ps_set_search(r->all[i], "mix") < 0) {
			return -TC_EENGINE;
		}
	}
	return 0;
}

const struct tc_recognizer_ops tc_recognizer_pocketsphinx = {
	.name = "pocketsphinx",
	.open = sphinx_open,
	.close = sphinx_close,
	.stream_create = sphinx_stream_create,
	.stream_destroy = sphinx_stream_destroy,
	.begin = sphinx_begin,
	.push = sphinx_push,
	.partial = sphinx_partial,
	.end = sphinx_end,
	.cancel = sphinx_cancel,
	.add_word = sphinx_add_word,
	.set_effort = sphinx_set_effort,
	.rest = sphinx_rest,
};
