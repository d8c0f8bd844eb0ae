// SPDX-License-Identifier: Apache-2.0
// Lanes and turns with the scripted recognizer: no model, exact words.
#include "speech/hearing.h"

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
#include "speech/null.h"
#include "speech/sound.h"

static struct tc_queue *events;
static struct tc_recognizer *recognizer;
static struct tc_hearing *hearing;
static struct tc_recognizer_ops engine; /* null, some of it replaced */
static atomic_bool gate_closed;
static atomic_int tickets; /* frames that pass the closed gate */

/* Stands still unless a test moves it, so that a busy machine is not taken for lost packets. */
static atomic_int_fast64_t clock_now_us;

static int64_t read_clock(void *user)
{
	return atomic_load(&clock_now_us);
}

static const struct tc_clock still = {.now_us = read_clock, .wall_us = read_clock};

static void on_event(void *user, const struct tc_hearing_event *event)
{
	assert_int_equal(tc_queue_push(events, event), 0);
}

static int gated_push(struct tc_recognizer_stream *s, const int16_t *pcm, size_t samples)
{
	while (atomic_load(&gate_closed)) {
		if (atomic_load(&tickets) > 0) {
			atomic_fetch_sub(&tickets, 1);
			break;
		}
		nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	}
	return tc_recognizer_null.push(s, pcm, samples);
}

static void start(const char *script)
{
	const struct tc_recognizer_config model = {.script = script};
	engine = tc_recognizer_null;
	engine.push = gated_push;
	atomic_store(&gate_closed, false);
	atomic_store(&clock_now_us, 1000000);
	assert_int_equal(tc_queue_create(&events, sizeof(struct tc_hearing_event), 2048, true), 0);
	assert_int_equal(engine.open(&recognizer, &model), 0);
	const struct tc_hearing_config config = {
		.engine = &engine, .recognizer = recognizer, .event = on_event, .clock = &still};
	assert_int_equal(tc_hearing_create(&hearing, &config), 0);
}

static void finish(void)
{
	tc_hearing_destroy(hearing);
	engine.close(recognizer);
	tc_queue_destroy(events);
}

static struct tc_hearing_event wait_event(enum tc_hearing_kind kind)
{
	static struct tc_hearing_event event;
	for (int waits = 0; waits < 60;) {
		while (tc_queue_pop(events, &event)) {
			if (event.kind == kind) {
				return event;
			}
		}
		tc_queue_wait(events, 1000);
		waits++;
	}
	fail_msg("no event %d", (int)kind);
	return event;
}

static void drain(void)
{
	while (tc_hearing_backlog_ms(hearing)) {
		nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
	}
}

static int64_t sound_us; /* where the sound pushed so far ends */

static void push(int lane, const struct sound *sound)
{
	for (size_t at = 0; at < sound->samples; at += 320) {
		size_t n = sound->samples - at < 320 ? sound->samples - at : 320;
		while (tc_hearing_backlog_ms(hearing) > 2000) {
			nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
		}
		assert_int_equal(tc_hearing_push(hearing, lane, sound->pcm + at, n, sound_us), 0);
		sound_us += (int64_t)n * 1000000 / 16000;
	}
}

/* Something voiced with the rhythm of syllables, which both detectors take for speech. */
static void add_voice(struct sound *sound, int ms)
{
	for (int i = 0; i < ms * 16; i++) {
		double t = i / 16000.0;
		double envelope = 0.6 + 0.4 * sin(2 * M_PI * 4 * t);
		double value = 0;
		for (int k = 1; k < 12; k++) {
			value += sin(2 * M_PI * 130 * k * t + k) / k;
		}
		int16_t sample = (int16_t)(5000 * envelope * value / 2);
		sound_add(sound, &sample, 1);
	}
}

static void talk(int lane, int voice_ms, int pause_ms)
{
	struct sound sound = {0};
	sound_add_pause(&sound, 400);
	add_voice(&sound, voice_ms);
	sound_add_pause(&sound, pause_ms);
	push(lane, &sound);
	sound_finish(&sound);
}

static void the_script_comes_word_by_word(void **state)
{
	start("# a comment\n\nanna: i feel tired | 0.7 | -1.25\nanna: and so on\n");
	sound_us = tc_clock_us(&still);
	int64_t t0 = sound_us / 1000;
	int lane = tc_hearing_add(hearing, "anna");
	talk(lane, 1000, 500);
	struct tc_hearing_event event = wait_event(TC_HEARING_SPEECH_START);
	assert_int_equal(event.utterance, 1);
	assert_in_range(event.time_ms - t0, 340, 560);
	event = wait_event(TC_HEARING_PARTIAL);
	assert_string_equal(event.hypothesis.text, "i");
	event = wait_event(TC_HEARING_SPEECH_END);
	assert_in_range(event.time_ms - t0, 1300, 1600);
	drain();
	tc_hearing_end_turn(hearing, lane, 1);
	event = wait_event(TC_HEARING_FINAL);
	assert_string_equal(event.hypothesis.text, "i feel tired");
	assert_int_equal(event.hypothesis.word_count, 3);
	assert_true(fabsf(event.hypothesis.confidence - 0.7f) < 0.01f);
	assert_true(event.hypothesis.end_score == -1.25f);
	talk(lane, 500, 500);
	drain();
	tc_hearing_end_turn(hearing, lane, 2);
	event = wait_event(TC_HEARING_FINAL);
	assert_int_equal(event.utterance, 2);
	assert_string_equal(event.hypothesis.text, "and so on");
	finish();
}

static void a_pause_inside_a_turn_does_not_end_it(void **state)
{
	start("one two three four five six seven eight nine ten eleven twelve");
	sound_us = tc_clock_us(&still);
	int lane = tc_hearing_add(hearing, "anna");
	talk(lane, 600, 300);
	talk(lane, 600, 300);
	assert_int_equal(wait_event(TC_HEARING_SPEECH_START).utterance, 1);
	assert_int_equal(wait_event(TC_HEARING_SPEECH_END).utterance, 1);
	assert_int_equal(wait_event(TC_HEARING_SPEECH_START).utterance, 1);
	assert_int_equal(wait_event(TC_HEARING_SPEECH_END).utterance, 1);
	drain();
	tc_hearing_end_turn(hearing, lane, 0);
	assert_int_equal(wait_event(TC_HEARING_FINAL).utterance, 1);
	finish();
}

static void a_noise_is_discarded_and_every_question_answered(void **state)
{
	start("-");
	sound_us = tc_clock_us(&still);
	int lane = tc_hearing_add(hearing, "anna");
	tc_hearing_end_turn(hearing, lane, 0); /* nothing is open */
	wait_event(TC_HEARING_DISCARDED);
	talk(lane, 400, 400);
	wait_event(TC_HEARING_SPEECH_END);
	tc_hearing_end_turn(hearing, lane, 1);
	assert_int_equal(wait_event(TC_HEARING_DISCARDED).utterance, 1);
	finish();
}

static void a_turn_ended_in_mid_voice_goes_on_as_another(void **state)
{
	start("anna: first\nanna: second\n");
	sound_us = tc_clock_us(&still);
	int lane = tc_hearing_add(hearing, "anna");
	talk(lane, 600, 0);
	wait_event(TC_HEARING_SPEECH_START);
	drain();
	tc_hearing_end_turn(hearing, lane, 1);
	assert_string_equal(wait_event(TC_HEARING_FINAL).hypothesis.text, "first");
	wait_event(TC_HEARING_SPEECH_END);
	struct sound more = {0};
	add_voice(&more, 400);
	push(lane, &more);
	sound_finish(&more);
	assert_int_equal(wait_event(TC_HEARING_SPEECH_START).utterance, 2);
	drain();
	tc_hearing_end_turn(hearing, lane, 2);
	assert_string_equal(wait_event(TC_HEARING_FINAL).hypothesis.text, "second");
	finish();
}

static void a_voice_whose_packets_stop_has_stopped(void **state)
{
	start("hello there");
	sound_us = tc_clock_us(&still);
	int lane = tc_hearing_add(hearing, "anna");
	talk(lane, 600, 0);
	wait_event(TC_HEARING_SPEECH_START);
	drain();
	atomic_store(&clock_now_us, sound_us + 300000);
	struct tc_hearing_event event = wait_event(TC_HEARING_SPEECH_END);
	assert_int_equal(event.time_ms, sound_us / 1000);
	finish();
}

/* Lets two frames pass: between them the recognizer looks at what waits. */
static void let_it_look(void)
{
	atomic_store(&tickets, 2);
	while (atomic_load(&tickets) > 0) {
		nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	}
}

/* The recognizer is so slow that it has done next to nothing of this many ms when they were said.
 */
static void talk_to_a_slow_one(int lane, int ms)
{
	struct sound sound = {0};
	add_voice(&sound, ms);
	atomic_store(&gate_closed, true);
	for (size_t at = 0, n = 0; at + 320 <= sound.samples; at += 320, n++) {
		assert_int_equal(tc_hearing_push(hearing, lane, sound.pcm + at, 320, sound_us), 0);
		sound_us += 20000;
		if (n % 100 == 99) {
			let_it_look();
		}
	}
	sound_finish(&sound);
}

static void sound_waits_until_there_is_time_for_it(void **state)
{
	start("anna: all of it");
	sound_us = tc_clock_us(&still);
	int lane = tc_hearing_add(hearing, "anna");
	talk(lane, 400, 0);
	wait_event(TC_HEARING_SPEECH_START);
	talk_to_a_slow_one(lane, 15000);
	assert_true(tc_hearing_backlog_ms(hearing) > 14000);
	tc_hearing_end_turn(hearing, lane, 0);
	atomic_store(&gate_closed, false);
	struct tc_hearing_event event = wait_event(TC_HEARING_FINAL);
	assert_string_equal(event.hypothesis.text, "all of it");
	assert_in_range(event.end_ms - event.start_ms, 15000, 16000);
	assert_int_equal(tc_hearing_lost_ms(hearing), 0);
	assert_int_equal(tc_hearing_backlog_ms(hearing), 0);
	finish();
}

static void what_was_understood_stands_when_sound_is_lost(void **state)
{
	start("anna: so far\nanna: caught up");
	sound_us = tc_clock_us(&still);
	int lane = tc_hearing_add(hearing, "anna");
	talk(lane, 2000, 0);
	while (strcmp(wait_event(TC_HEARING_PARTIAL).hypothesis.text, "so far") != 0) {
	}
	drain();
	talk_to_a_slow_one(lane, 42000);
	struct tc_hearing_event event = wait_event(TC_HEARING_FINAL);
	assert_string_equal(event.hypothesis.text, "so far");
	event = wait_event(TC_HEARING_LOST);
	assert_in_range(event.lost_ms, 19000, 25000); /* and not all */
	assert_int_equal(tc_hearing_lost_ms(hearing), event.lost_ms);
	atomic_store(&gate_closed, false);
	tc_hearing_end_turn(hearing, lane, 0);
	assert_string_equal(wait_event(TC_HEARING_FINAL).hypothesis.text, "caught up");
	finish();
}

static void sound_is_refused_before_commands_are(void **state)
{
	start("anna: caught up");
	sound_us = tc_clock_us(&still);
	int lane = tc_hearing_add(hearing, "anna");
	struct sound sound = {0};
	add_voice(&sound, 15000);
	talk(lane, 400, 0);
	wait_event(TC_HEARING_SPEECH_START);
	atomic_store(&gate_closed, true); /* the recognizer is stuck from here on */
	int err = 0;
	for (size_t at = 0; !err && at + 320 <= sound.samples; at += 320) {
		err = tc_hearing_push(hearing, lane, sound.pcm + at, 320, sound_us);
		sound_us += 20000;
	}
	assert_int_equal(err, -EAGAIN);
	assert_true(tc_hearing_backlog_ms(hearing) > 8000);
	tc_hearing_end_turn(hearing, lane, 0); /* commands have room still */
	atomic_store(&gate_closed, false);
	assert_string_equal(wait_event(TC_HEARING_FINAL).hypothesis.text, "caught up");
	assert_int_equal(tc_hearing_lost_ms(hearing), 20);
	sound_finish(&sound);
	finish();
}

static int no_words_in_the_end(struct tc_recognizer_stream *s, struct tc_hypothesis *out)
{
	int err = tc_recognizer_null.end(s, out);
	out->word_count = 0;
	out->text[0] = '\0';
	return err;
}

static void words_shown_stand_if_the_engine_finds_no_end(void **state)
{
	start("anna: we were there\nanna: uh");
	engine.end = no_words_in_the_end;
	sound_us = tc_clock_us(&still);
	int lane = tc_hearing_add(hearing, "anna");
	talk(lane, 2000, 400);
	wait_event(TC_HEARING_SPEECH_END);
	tc_hearing_end_turn(hearing, lane, 0);
	assert_string_equal(wait_event(TC_HEARING_FINAL).hypothesis.text, "we were there");
	talk(lane, 1000, 400);
	wait_event(TC_HEARING_SPEECH_END);
	tc_hearing_end_turn(hearing, lane, 0);
	wait_event(TC_HEARING_DISCARDED); /* a single word that is gone was a cough */
	finish();
}

static void last_words_come_before_the_end_however_far_behind_it_is(void **state)
{
	start("these are my last words\n");
	int lane = tc_hearing_add(hearing, "ann");
	atomic_store(&gate_closed, true); /* the recognizer is busy with the first of it */
	talk(lane, 1200, 0);
	tc_hearing_remove(hearing, lane);
	atomic_store(&gate_closed, false);
	tc_hearing_destroy(hearing);
	struct tc_hearing_event event = {0};
	bool final = false;
	while (!final && tc_queue_pop(events, &event)) {
		final = event.kind == TC_HEARING_FINAL;
	}
	assert_true(final);
	assert_string_equal(event.hypothesis.text, "these are my last words");
	engine.close(recognizer);
	tc_queue_destroy(events);
}

static void lanes_are_given_and_taken(void **state)
{
	start("");
	assert_int_equal(tc_hearing_add(hearing, "a"), 0);
	assert_int_equal(tc_hearing_add(hearing, "b"), 1);
	assert_int_equal(tc_hearing_add(hearing, "c"), -ENOSPC);
	tc_hearing_remove(hearing, 0);
	tc_hearing_remove(hearing, 0);
	tc_hearing_remove(hearing, 7);
	assert_int_equal(tc_hearing_add(hearing, "c"), 0);
	int16_t pcm[320] = {0};
	assert_int_equal(tc_hearing_push(hearing, 5, pcm, 320, 0), -EINVAL);
	assert_int_equal(tc_hearing_push(hearing, 0, pcm, 0, 0), 0);
	assert_int_equal(tc_hearing_add_word(hearing, "Zbigniew"), 0);
	char longer[200];
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(tc_hearing_add_word(hearing, longer), -EINVAL);
	finish();
}

static void scripts_are_read_from_files_and_bad_ones_refused(void **state)
{
	struct tc_recognizer *r;
	struct tc_recognizer_config config = {.script = "@/nonexistent"};
	assert_int_equal(tc_recognizer_null.open(&r, &config), -ENOENT);
	TC_OOM_LOOP(n)
	{
		config.script = "a: b | 0.5\nc | x | y\n:\n|";
		int err = tc_recognizer_null.open(&r, &config);
		assert_true(err == 0 || err == -ENOMEM);
		if (!err) {
			struct tc_recognizer_stream *s;
			if (!tc_recognizer_null.stream_create(&s, r, "a")) {
				tc_recognizer_null.stream_destroy(s);
			}
			tc_recognizer_null.close(r);
		}
	}
	assert_ptr_equal(tc_recognizer_find("null"), &tc_recognizer_null);
	assert_ptr_equal(tc_recognizer_find("pocketsphinx"), &tc_recognizer_pocketsphinx);
	assert_null(tc_recognizer_find("whisper"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_script_comes_word_by_word),
		cmocka_unit_test(a_pause_inside_a_turn_does_not_end_it),
		cmocka_unit_test(a_noise_is_discarded_and_every_question_answered),
		cmocka_unit_test(a_turn_ended_in_mid_voice_goes_on_as_another),
		cmocka_unit_test(a_voice_whose_packets_stop_has_stopped),
		cmocka_unit_test(sound_waits_until_there_is_time_for_it),
		cmocka_unit_test(what_was_understood_stands_when_sound_is_lost),
		cmocka_unit_test(sound_is_refused_before_commands_are),
		cmocka_unit_test(words_shown_stand_if_the_engine_finds_no_end),
		cmocka_unit_test(last_words_come_before_the_end_however_far_behind_it_is),
		cmocka_unit_test(lanes_are_given_and_taken),
		cmocka_unit_test(scripts_are_read_from_files_and_bad_ones_refused),
	};
	return cmocka_run_group_tests_name("hearing", tests, NULL, NULL);
}
