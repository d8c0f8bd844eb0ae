// SPDX-License-Identifier: Apache-2.0
// Clauses, trimming, voice activity, and the voice thread with both synthesizers.
#include "speech/voice.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/queue.h"
#include "mock/oom.h"
#include "speech/clause.h"
#include "speech/flite.h"
#include "speech/null.h"
#include "speech/sound.h"
#include "speech/trim.h"
#include "speech/vad.h"

/* --- clauses --- */

static void text_is_cut_at_clause_punctuation(void **state)
{
	static const struct {
		const char *text, *first;
		int gap_ms;
	} cases[] = {
		{"Hello Anna, I am the orb.", "Hello Anna, ", 130},
		{"How are you? Good.", "How are you? ", 320},
		{"One; two", "One; ", 220},
		{"It costs 3,000 a year. Yes.", "It costs 3,000 a year. ", 320},
		{"Ask Dr. Stone. Now.", "Ask Dr. Stone. ", 320},
		{"no end", "no end", 0},
		{"Breathe in. [pause 500] Hold.", "Breathe in. ", 320},
		{"Breathe [pause 500] Hold.", "Breathe ", 0},
		{"an open [pause mark.", "an open [pause mark.", 320},
		{"", "", 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tc_clause clause = tc_clause_next(cases[i].text);
		assert_int_equal(clause.len, strlen(cases[i].first));
		assert_int_equal(clause.gap_ms, cases[i].gap_ms);
		assert_int_equal(clause.pause_ms, -1);
		assert_int_equal(tc_voice_clause(cases[i].text), clause.len);
	}
}

static void a_pause_mark_is_a_clause_of_silence(void **state)
{
	struct tc_clause clause = tc_clause_next(" [pause 1500] Hold.");
	assert_int_equal(clause.pause_ms, 1500);
	assert_int_equal(clause.len, strlen(" [pause 1500] "));
	assert_int_equal(tc_clause_next("[pause -7]").pause_ms, 0);
	assert_int_equal(tc_clause_next("[pause 999999999]").pause_ms, TC_CLAUSE_MAX_PAUSE_MS);
}

static void any_text_is_covered_by_its_clauses(void **state)
{
	char text[600];
	static const char bits[] = "ab ,.;:!?[]pause 19\xc3\xa9\n";
	uint32_t r = 7;
	for (int round = 0; round < 3000; round++) {
		size_t len = (size_t)(r >> 8) % (sizeof(text) - 1);
		for (size_t i = 0; i < len; i++) {
			r = r * 1664525u + 1013904223u;
			text[i] = bits[(r >> 20) % (sizeof(bits) - 1)];
		}
		text[len] = '\0';
		size_t at = 0;
		while (text[at]) {
			size_t step = tc_voice_clause(text + at);
			assert_in_range(step, 1, len - at);
			at += step;
		}
		assert_int_equal(at, len);
	}
}

static void a_long_run_without_punctuation_is_cut_between_words(void **state)
{
	char text[700] = "";
	while (strlen(text) < 600) {
		strcat(text, "wonderful ");
	}
	size_t len = tc_voice_clause(text);
	assert_in_range(len, 70, 190);
	assert_int_equal(text[len - 1], ' ');
}

/* --- trimming --- */

static bool collect(void *user, const int16_t *pcm, size_t samples)
{
	sound_add(user, pcm, samples);
	return true;
}

static void add_tone(struct sound *sound, int ms, double amplitude)
{
	for (int i = 0; i < ms * 16; i++) {
		int16_t sample = (int16_t)(amplitude * sin(i * 0.2));
		sound_add(sound, &sample, 1);
	}
}

static void silence_goes_from_both_ends_but_stays_inside(void **state)
{
	struct sound in = {0}, out = {0};
	static struct tc_trim trim;
	add_tone(&in, 200, 20);
	add_tone(&in, 300, 8000);
	add_tone(&in, 100, 20);
	add_tone(&in, 300, 8000);
	add_tone(&in, 190, 20);
	tc_trim_begin(&trim);
	for (size_t at = 0; at < in.samples; at += 333) {
		size_t n = in.samples - at < 333 ? in.samples - at : 333;
		assert_true(tc_trim_push(&trim, in.pcm + at, n, collect, &out));
	}
	assert_true(tc_trim_end(&trim, collect, &out));
	/* 10 ms before, 700 ms, 40 ms after; the grain is 5 ms. */
	assert_in_range(out.samples, 740 * 16, 760 * 16);
	sound_finish(&in);
	sound_finish(&out);
}

static void silence_alone_leaves_nothing(void **state)
{
	struct sound in = {0}, out = {0};
	static struct tc_trim trim;
	add_tone(&in, 500, 30);
	tc_trim_begin(&trim);
	assert_true(tc_trim_push(&trim, in.pcm, in.samples, collect, &out));
	assert_true(tc_trim_end(&trim, collect, &out));
	assert_int_equal(out.samples, 0);
	sound_finish(&in);
}

/* --- voice activity --- */

struct activity {
	int starts, ends;
	int first_start_ms, last_end_ms;
};

static struct activity activity_of(enum tc_vad_detector detector, const struct sound *sound)
{
	struct tc_vad *vad;
	struct activity a = {0};
	bool was = false;
	assert_int_equal(tc_vad_create_with(&vad, detector), 0);
	for (size_t at = 0; at + TC_VAD_FRAME <= sound->samples; at += TC_VAD_FRAME) {
		int end_ms = (int)(at / 16) + TC_VAD_FRAME_MS;
		bool speech = tc_vad_push(vad, sound->pcm + at).speech;
		if (speech && !was && !a.starts++) {
			a.first_start_ms = end_ms - TC_VAD_ONSET_MS;
		}
		if (was && !speech) {
			a.ends++;
			a.last_end_ms = end_ms - TC_VAD_HANG_MS;
		}
		was = speech;
	}
	tc_vad_destroy(vad);
	return a;
}

static void speech_is_found_by_both_detectors(void **state)
{
	struct sound sound = {0};
	sound_add_pause(&sound, 1000);
	assert_true(sound_add_file(&sound, SOUND_TESTDATA "goforward.raw", 0));
	sound_add_pause(&sound, 1000);
	for (int d = TC_VAD_BEST; d <= TC_VAD_ENERGY; d++) {
		struct activity a = activity_of((enum tc_vad_detector)d, &sound);
		assert_true(a.starts >= 1 && a.starts == a.ends);
		/* The recording's own noise, 15 dB over the room's, fools the energy detector. */
		assert_in_range(a.first_start_ms, d == TC_VAD_BEST ? 1250 : 1000, 1650);
		assert_in_range(a.last_end_ms, 2900, 3400);
	}
	sound_finish(&sound);
}

static void steady_noise_and_clicks_are_no_speech(void **state)
{
	struct sound sound = {0};
	sound_add_pause(&sound, 2000);
	for (int i = 0; i < 5; i++) {
		int16_t click[80];
		memset(click, 0x0f, sizeof(click)); /* -18 dBFS, 5 ms */
		sound_add(&sound, click, 80);
		sound_add_pause(&sound, 400);
	}
	for (int d = TC_VAD_BEST; d <= TC_VAD_ENERGY; d++) {
		assert_int_equal(activity_of((enum tc_vad_detector)d, &sound).starts, 0);
	}
	sound_finish(&sound);
}

static void levels_are_dbfs(void **state)
{
	struct tc_vad *vad;
	int16_t frame[TC_VAD_FRAME] = {0};
	assert_int_equal(tc_vad_create(&vad), 0);
	assert_true(tc_vad_push(vad, frame).level_db == -96.0f);
	for (int i = 0; i < TC_VAD_FRAME; i++) {
		frame[i] = i % 2 ? 3277 : -3277; /* a tenth of full scale */
	}
	assert_true(fabsf(tc_vad_push(vad, frame).level_db + 20.0f) < 0.1f);
	tc_vad_destroy(vad);
}

static void a_detector_survives_failed_allocations(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct tc_vad *vad;
		if (!tc_vad_create(&vad)) {
			tc_vad_destroy(vad);
		}
	}
}

/* --- the voice thread --- */

struct note {
	enum { SOUND, CLAUSE, DONE } kind;
	uint32_t answer;
	size_t a, b; /* samples; offset, len */
	int err;
	double at_ms;
};

static struct tc_queue *notes;
static struct sound heard;    /* the voice thread's until done */
static atomic_int stop_after; /* sounds until the receiver has enough; -1: never */
static atomic_bool hold;      /* the receiver is full */

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static bool on_sound(void *user, uint32_t answer, const int16_t *pcm, size_t samples)
{
	struct note note = {.kind = SOUND, .answer = answer, .a = samples, .at_ms = now_ms()};
	sound_add(&heard, pcm, samples);
	tc_queue_push(notes, &note);
	while (atomic_load(&hold)) {
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	}
	return atomic_load(&stop_after) < 0 || atomic_fetch_sub(&stop_after, 1) > 1;
}

static void on_clause(void *user, uint32_t answer, size_t offset, size_t len)
{
	struct note note = {.kind = CLAUSE, .answer = answer, .a = offset, .b = len};
	tc_queue_push(notes, &note);
}

static void on_done(void *user, uint32_t answer, int err)
{
	struct note note = {.kind = DONE, .answer = answer, .err = err, .at_ms = now_ms()};
	assert_int_equal(tc_queue_push(notes, &note), 0);
}

static const struct tc_voice_events voice_events = {
	.sound = on_sound,
	.clause = on_clause,
	.done = on_done,
};

struct fixture {
	struct tc_voice *voice;
	struct tc_synthesizer *synth;
	const struct tc_synthesizer_ops *engine;
};

static void start(struct fixture *f, const struct tc_synthesizer_ops *engine)
{
	atomic_store(&stop_after, -1);
	atomic_store(&hold, false);
	sound_finish(&heard);
	f->engine = engine;
	assert_int_equal(tc_queue_create(&notes, sizeof(struct note), 4096, true), 0);
	assert_int_equal(engine->open(&f->synth, NULL), 0);
	assert_int_equal(tc_voice_create(&f->voice, engine, f->synth, &voice_events, NULL), 0);
}

static void finish(struct fixture *f)
{
	tc_voice_destroy(f->voice);
	f->engine->close(f->synth);
	tc_queue_destroy(notes);
	sound_finish(&heard);
}

static struct note wait_note(int kind)
{
	struct note note;
	for (double deadline = now_ms() + 30000; now_ms() < deadline;) {
		while (tc_queue_pop(notes, &note)) {
			if ((int)note.kind == kind) {
				return note;
			}
		}
		tc_queue_wait(notes, 1000);
	}
	fail_msg("no note %d", kind);
	return note;
}

static void an_answer_is_spoken_clause_by_clause(void **state)
{
	struct fixture f;
	start(&f, &tc_synthesizer_null);
	const char *text = "ab cd, ef. [pause 100] gh";
	assert_int_equal(tc_voice_say(f.voice, 7, text), 0);
	static const size_t offsets[] = {0, 7, 11, 23};
	for (int i = 0; i < 4; i++) {
		struct note clause = wait_note(CLAUSE);
		assert_int_equal(clause.answer, 7);
		assert_int_equal(clause.a, offsets[i]);
		assert_true(clause.b > 0 && clause.a + clause.b <= strlen(text));
	}
	struct note done = wait_note(DONE);
	assert_int_equal(done.answer, 7);
	assert_int_equal(done.err, 0);
	/* Of "ab cd, ": 6 letters' worth of tone and a blank of 40 ms inside, and so on: tones 40
	 * ms a byte; gaps 130, 320 and 0 ms; the pause; 10 ms at the end. At 48 kHz. */
	assert_in_range(heard.samples / 48, (6 + 3 + 2) * 40 + 130 + 320 + 100, 1300);
	finish(&f);
}

static void flite_speaks_soon_and_without_leading_silence(void **state)
{
	struct fixture f;
	start(&f, &tc_synthesizer_flite);
	assert_int_equal(tc_voice_say(f.voice, 1, "Hello Anna, I am listening to you."), 0);
	wait_note(DONE);
	double asked = now_ms();
	size_t before = heard.samples;
	assert_int_equal(tc_voice_say(f.voice, 2, "You feel anxious before meetings."), 0);
	struct note first = wait_note(SOUND);
	print_message("say -> first sound %.1f ms\n", first.at_ms - asked);
	assert_int_equal(wait_note(DONE).err, 0);
	size_t loud = before;
	while (loud < heard.samples && abs(heard.pcm[loud]) < 400) {
		loud++;
	}
	assert_true(loud - before < 48 * 40); /* flite alone: 205 ms */
	assert_in_range((heard.samples - before) / 48, 1000, 4000);
	finish(&f);
}

static void a_cancelled_answer_ends_within_a_chunk(void **state)
{
	struct fixture f;
	start(&f, &tc_synthesizer_flite);
	atomic_store(&hold, true);
	assert_int_equal(tc_voice_say(f.voice, 1, "This sentence is much too long to be heard."),
			 0);
	assert_int_equal(tc_voice_say(f.voice, 2, "So is this."), 0);
	wait_note(SOUND);
	tc_voice_cancel(f.voice, 1);
	tc_voice_cancel(f.voice, 99); /* nobody's */
	atomic_store(&hold, false);
	struct note done = wait_note(DONE);
	assert_int_equal(done.answer, 1);
	assert_int_equal(done.err, 1);
	done = wait_note(DONE);
	assert_int_equal(done.answer, 2);
	assert_int_equal(done.err, 0);
	finish(&f);
}

static void a_receiver_can_have_enough(void **state)
{
	struct fixture f;
	start(&f, &tc_synthesizer_null);
	atomic_store(&stop_after, 3);
	assert_int_equal(tc_voice_say(f.voice, 1, "abcdefghijklmnop"), 0);
	assert_int_equal(wait_note(DONE).err, 1);
	atomic_store(&stop_after, -1);
	assert_int_equal(tc_voice_say(f.voice, 2, "abc"), 0);
	assert_int_equal(wait_note(DONE).err, 0);
	finish(&f);
}

static void a_full_voice_refuses_and_cancel_all_empties_it(void **state)
{
	struct fixture f;
	int err = 0;
	uint32_t taken = 0;
	start(&f, &tc_synthesizer_null);
	atomic_store(&hold, true);
	while (!(err = tc_voice_say(f.voice, taken + 1, "abcdefgh")) && taken < 100) {
		taken++;
	}
	assert_int_equal(err, -EAGAIN);
	tc_voice_cancel_all(f.voice);
	atomic_store(&hold, false);
	for (uint32_t i = 0; i < taken; i++) {
		assert_int_equal(wait_note(DONE).err, 1);
	}
	assert_int_equal(tc_voice_say(f.voice, 500, "ab"), 0);
	assert_int_equal(wait_note(DONE).err, 0);
	finish(&f);
}

static void text_without_words_is_done_without_sound(void **state)
{
	struct fixture f;
	start(&f, &tc_synthesizer_flite);
	static const char *const texts[] = {"", "...", " , ; ", "\xf0\x9f\x99\x82"};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(tc_voice_say(f.voice, 1, texts[i]), 0);
		assert_int_equal(wait_note(DONE).err, 0);
	}
	finish(&f);
}

static void a_voice_can_be_destroyed_while_it_speaks(void **state)
{
	for (int i = 0; i < 6; i++) {
		struct fixture f;
		start(&f, i % 2 ? &tc_synthesizer_flite : &tc_synthesizer_null);
		tc_voice_say(f.voice, 1, "One two three four five six seven.");
		tc_voice_say(f.voice, 2, "And more.");
		if (i > 1) {
			wait_note(SOUND);
		}
		finish(&f);
	}
}

static void there_is_one_flite_voice(void **state)
{
	struct tc_synthesizer *a, *b = NULL;
	assert_int_equal(tc_synthesizer_flite.open(&a, "nobody"), -ENOENT);
	assert_int_equal(tc_synthesizer_flite.open(&a, "slt"), 0);
	assert_int_equal(tc_synthesizer_flite.open(&b, NULL), -EBUSY);
	tc_synthesizer_flite.close(a);
	assert_int_equal(tc_synthesizer_flite.open(&a, NULL), 0);
	tc_synthesizer_flite.close(a);
}

static void engines_are_found_by_name(void **state)
{
	assert_ptr_equal(tc_synthesizer_find("flite"), &tc_synthesizer_flite);
	assert_ptr_equal(tc_synthesizer_find("null"), &tc_synthesizer_null);
	assert_null(tc_synthesizer_find("espeak"));
}

static void names_have_a_pronunciation(void **state)
{
	char phones[64];
	assert_true(tc_flite_pronounce("Orb", phones, sizeof(phones)) > 0);
	assert_string_equal(phones, "AO R B");
	assert_true(tc_flite_pronounce("anna", phones, sizeof(phones)) > 0);
	assert_string_equal(phones, "AE N AH");
	assert_int_equal(tc_flite_pronounce("m\xc3\xbcller", phones, sizeof(phones)), -ENOENT);
	assert_int_equal(tc_flite_pronounce("", phones, sizeof(phones)), -ENOENT);
	assert_int_equal(tc_flite_pronounce("orb", phones, 3), -ENOSPC);
}

static void creating_and_saying_survive_failed_allocations(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct tc_synthesizer *synth = NULL;
		struct tc_voice *voice = NULL;
		int err = tc_synthesizer_null.open(&synth, NULL);
		if (!err) {
			err = tc_voice_create(&voice, &tc_synthesizer_null, synth, &voice_events,
					      NULL);
		}
		assert_true(err == 0 || err == -ENOMEM);
		tc_voice_destroy(voice);
		tc_synthesizer_null.close(synth);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_cut_at_clause_punctuation),
		cmocka_unit_test(a_pause_mark_is_a_clause_of_silence),
		cmocka_unit_test(any_text_is_covered_by_its_clauses),
		cmocka_unit_test(a_long_run_without_punctuation_is_cut_between_words),
		cmocka_unit_test(silence_goes_from_both_ends_but_stays_inside),
		cmocka_unit_test(silence_alone_leaves_nothing),
		cmocka_unit_test(speech_is_found_by_both_detectors),
		cmocka_unit_test(steady_noise_and_clicks_are_no_speech),
		cmocka_unit_test(levels_are_dbfs),
		cmocka_unit_test(a_detector_survives_failed_allocations),
		cmocka_unit_test(an_answer_is_spoken_clause_by_clause),
		cmocka_unit_test(flite_speaks_soon_and_without_leading_silence),
		cmocka_unit_test(a_cancelled_answer_ends_within_a_chunk),
		cmocka_unit_test(a_receiver_can_have_enough),
		cmocka_unit_test(a_full_voice_refuses_and_cancel_all_empties_it),
		cmocka_unit_test(text_without_words_is_done_without_sound),
		cmocka_unit_test(a_voice_can_be_destroyed_while_it_speaks),
		cmocka_unit_test(there_is_one_flite_voice),
		cmocka_unit_test(engines_are_found_by_name),
		cmocka_unit_test(names_have_a_pronunciation),
		cmocka_unit_test(creating_and_saying_survive_failed_allocations),
	};
	return cmocka_run_group_tests_name("voice", tests, NULL, NULL);
}
