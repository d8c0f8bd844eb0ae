// SPDX-License-Identifier: Apache-2.0
/* What hearing and speaking cost, beside the named baseline: PocketSphinx as it comes (all
 * defaults, its own language model), in the same run on the same sound.
 *
 *	bench-speech DOMAIN_LM [WAV...]      (16 kHz mono; default: pocketsphinx-testdata)
 *
 * Times of finals are CPU of the recognizing thread, so that a busy machine does not blur them;
 * "say -> first sound" is wall clock.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <pocketsphinx.h>
#include <sphinxbase/err.h>

#include "media/wav.h"
#include "speech/recognizer.h"
#include "speech/voice.h"

#define MODEL "/usr/share/pocketsphinx/model/en-us/"
#define DATA  "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-"
#define MAX   64
#define FRAME 320

static const char *const default_files[] = {DATA "0870.wav", DATA "0880.wav", DATA "0890.wav",
					    DATA "0920.wav", DATA "0930.wav"};

struct result {
	double audio_s, cpu_s, load_ms;
	double final_ms[MAX], worst_ms;
	int count;
};

static double clock_ms(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double cpu_ms(void)
{
	return clock_ms(CLOCK_THREAD_CPUTIME_ID);
}

static void print_memory(const char *what)
{
	char line[200];
	long rss = 0, pss = 0;
	FILE *file = fopen("/proc/self/smaps_rollup", "r");
	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "Rss: %ld", &rss);
		sscanf(line, "Pss: %ld", &pss);
	}
	if (file) {
		fclose(file);
	}
	printf("memory, %s: RSS %ld MB, PSS %ld MB\n", what, rss / 1024, pss / 1024);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double quantile(double *v, int count, double q)
{
	qsort(v, (size_t)count, sizeof(*v), by_value);
	return count ? v[(int)((count - 1) * q + 0.5)] : 0;
}

static void count_chunk(struct result *r, double since)
{
	double took = cpu_ms() - since;
	r->cpu_s += took / 1e3;
	r->worst_ms = took > r->worst_ms ? took : r->worst_ms;
}

static void run_baseline(ps_decoder_t *ps, const struct tc_wav *wav, struct result *r)
{
	int32 score;
	ps_start_utt(ps);
	for (size_t at = 0; at < wav->samples; at += FRAME) {
		size_t n = wav->samples - at < FRAME ? wav->samples - at : FRAME;
		double since = cpu_ms();
		ps_process_raw(ps, wav->pcm + at, n, FALSE, FALSE);
		ps_get_hyp(ps, &score);
		count_chunk(r, since);
	}
	double since = cpu_ms();
	ps_end_utt(ps);
	ps_get_hyp(ps, &score);
	r->final_ms[r->count++] = cpu_ms() - since;
	r->cpu_s += (cpu_ms() - since) / 1e3;
	r->audio_s += (double)wav->samples / 16000;
}

static void run_ours(struct tc_recognizer_stream *s, const struct tc_wav *wav, struct result *r)
{
	static struct tc_hypothesis h;
	const struct tc_recognizer_ops *ops = &tc_recognizer_pocketsphinx;
	ops->begin(s);
	for (size_t at = 0; at < wav->samples; at += FRAME) {
		size_t n = wav->samples - at < FRAME ? wav->samples - at : FRAME;
		double since = cpu_ms();
		ops->push(s, wav->pcm + at, n);
		ops->partial(s, &h);
		count_chunk(r, since);
	}
	double since = cpu_ms();
	ops->end(s, &h);
	r->final_ms[r->count++] = cpu_ms() - since;
	r->cpu_s += (cpu_ms() - since) / 1e3;
	r->audio_s += (double)wav->samples / 16000;
}

static void print_result(const char *name, struct result *r)
{
	printf("%-10s load %4.0f ms  RTF %.3f  worst 20 ms chunk %5.1f ms  final p50 %5.1f  p90 "
	       "%5.1f"
	       "  max %6.1f ms\n",
	       name, r->load_ms, r->cpu_s / r->audio_s, r->worst_ms,
	       quantile(r->final_ms, r->count, 0.5), quantile(r->final_ms, r->count, 0.9),
	       quantile(r->final_ms, r->count, 1.0));
}

static void bench_hearing(const char *domain_lm, char **files, int count)
{
	struct result base = {0}, ours = {0};
	struct tc_recognizer *recognizer;
	struct tc_recognizer_stream *stream;
	struct tc_recognizer_config config = {.domain_lm = domain_lm};
	print_memory("no model");
	double since = clock_ms(CLOCK_MONOTONIC);
	if (tc_recognizer_pocketsphinx.open(&recognizer, &config) ||
	    tc_recognizer_pocketsphinx.stream_create(&stream, recognizer, "a")) {
		exit(1);
	}
	ours.load_ms = clock_ms(CLOCK_MONOTONIC) - since;
	print_memory("both lanes' decoders");
	since = clock_ms(CLOCK_MONOTONIC);
	cmd_ln_t *args = cmd_ln_init(NULL, ps_args(), TRUE, "-hmm", MODEL "en-us", "-dict",
				     MODEL "cmudict-en-us.dict", "-lm", MODEL "en-us.lm.bin", NULL);
	ps_decoder_t *ps = ps_init(args);
	base.load_ms = clock_ms(CLOCK_MONOTONIC) - since;
	for (int i = 0; i < count && i < MAX; i++) {
		struct tc_wav wav;
		if (tc_wav_load(&wav, files[i])) {
			fprintf(stderr, "%s: cannot be read\n", files[i]);
			exit(1);
		}
		run_baseline(ps, &wav, &base);
		run_ours(stream, &wav, &ours);
		tc_wav_finish(&wav);
	}
	double ratio =
		quantile(base.final_ms, base.count, 0.5) / quantile(ours.final_ms, ours.count, 0.5);
	print_result("defaults", &base);
	print_result("ours", &ours);
	printf("CPU: %.2f of the defaults; final p50: 1/%.1f of theirs\n", ours.cpu_s / base.cpu_s,
	       ratio);
	ps_free(ps);
	cmd_ln_free_r(args);
	tc_recognizer_pocketsphinx.stream_destroy(stream);
	tc_recognizer_pocketsphinx.close(recognizer);
}

static _Atomic double first_ms;
static atomic_bool done;

static bool on_sound(void *user, uint32_t answer, const int16_t *pcm, size_t samples)
{
	if (atomic_load(&first_ms) == 0) {
		atomic_store(&first_ms, clock_ms(CLOCK_MONOTONIC));
	}
	return true;
}

static void on_done(void *user, uint32_t answer, int err)
{
	atomic_store(&done, true);
}

static void bench_speaking(void)
{
	static const char *const texts[] = {
		"We have about twelve minutes left.",
		"You feel anxious before meetings. What do you notice in your body?",
		"I hear that your manager never listens to you. How is that for you?",
		"Hello Anna, I am the orb.",
	};
	struct tc_synthesizer *synth;
	struct tc_voice *voice;
	const struct tc_voice_events events = {.sound = on_sound, .done = on_done};
	double first[MAX];
	if (tc_synthesizer_flite.open(&synth, NULL) ||
	    tc_voice_create(&voice, &tc_synthesizer_flite, synth, &events, NULL)) {
		exit(1);
	}
	for (uint32_t i = 0; i < 40; i++) {
		atomic_store(&first_ms, 0);
		atomic_store(&done, false);
		double since = clock_ms(CLOCK_MONOTONIC);
		tc_voice_say(voice, i + 1, texts[i % 4]);
		while (!atomic_load(&done)) {
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		}
		first[i] = atomic_load(&first_ms) - since;
	}
	printf("say -> first sound (trimmed, 48 kHz): p50 %.1f  p90 %.1f  max %.1f ms\n",
	       quantile(first, 40, 0.5), quantile(first, 40, 0.9), quantile(first, 40, 1.0));
	tc_voice_destroy(voice);
	tc_synthesizer_flite.close(synth);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: bench-speech DOMAIN_LM [WAV...]\n");
		return 64;
	}
	err_set_logfp(NULL);
	if (argc > 2) {
		bench_hearing(argv[1], argv + 2, argc - 2);
	} else {
		bench_hearing(argv[1], (char **)default_files, 5);
	}
	bench_speaking();
	return 0;
}
