// SPDX-License-Identifier: Apache-2.0
// The real recognizer and the hearing thread on real recordings; one model load for all.
#include "speech/recognizer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/queue.h"
#include "mock/oom.h"
#include "speech/hearing.h"
#include "speech/sound.h"

static struct tc_recognizer *model;
static const struct tc_recognizer_ops *const sphinx = &tc_recognizer_pocketsphinx;

static int load(void **state)
{
	const struct tc_recognizer_config config = {.domain_lm = DOMAIN_LM};
	return sphinx->open(&model, &config);
}

static int unload(void **state)
{
	sphinx->close(model);
	return 0;
}

static double now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void recognize(const struct sound *sound, struct tc_hypothesis *out)
{
	struct tc_recognizer_stream *stream;
	assert_int_equal(sphinx->stream_create(&stream, model, "a"), 0);
	assert_int_equal(sphinx->begin(stream), 0);
	for (size_t at = 0; at < sound->samples; at += 320) {
		size_t n = sound->samples - at < 320 ? sound->samples - at : 320;
		assert_int_equal(sphinx->push(stream, sound->pcm + at, n), 0);
	}
	assert_int_equal(sphinx->end(stream, out), 0);
	sphinx->stream_destroy(stream);
}

static void human_recordings_are_mostly_understood(void **state)
{
	static const struct {
		const char *file;
		size_t header;
		const char *words;
		int at_least;
	} cases[] = {
		{"goforward.raw", 0, "go forward ten meters", 4},
		{"something.raw", 0, "go somewhere and do something", 4},
		{"librivox/sense_and_sensibility_01_austen_64kb-0880.wav", 44,
		 "he was not an ill disposed young man", 6},
		{"librivox/sense_and_sensibility_01_austen_64kb-0870.wav", 44,
		 "and mister john dashwood had then leisure to consider how much there might be "
		 "prudently in his power to do for them",
		 15},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[256];
		struct sound sound = {0};
		struct tc_hypothesis h;
		snprintf(path, sizeof(path), SOUND_TESTDATA "%s", cases[i].file);
		assert_true(sound_add_file(&sound, path, cases[i].header));
		recognize(&sound, &h);
		if (words_right(cases[i].words, h.text) < cases[i].at_least) {
			print_error("%s: heard \"%s\"\n", cases[i].file, h.text);
			fail();
		}
		sound_finish(&sound);
	}
}

static void coaching_phrases_through_opus_are_understood(void **state)
{
	static const char *const phrases[] = {
		"i feel anxious before meetings",
		"can you help me with a breathing exercise",
		"i did not sleep well last night and i am exhausted",
		"how much time do we have left",
		"hello orb can you help me with my presentation",
	};
	int words = 0, right = 0;
	for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
		struct sound sound = {0};
		struct tc_hypothesis h;
		sound_add_speech(&sound, phrases[i]);
		recognize(&sound, &h);
		words += words_count(phrases[i]);
		right += words_right(phrases[i], h.text);
		sound_finish(&sound);
	}
	if (right < words * 85 / 100) {
		print_error("%d of %d words right\n", right, words);
		fail();
	}
}

static void a_final_has_words_with_times_and_confidence(void **state)
{
	struct sound sound = {0};
	struct tc_hypothesis h;
	assert_true(sound_add_file(&sound, SOUND_TESTDATA "goforward.raw", 0));
	recognize(&sound, &h);
	assert_int_equal(h.word_count, 4);
	for (int i = 0; i < h.word_count; i++) {
		assert_true(h.words[i].confidence > 0.3f && h.words[i].confidence <= 1.0f);
		assert_true(h.words[i].end_ms > h.words[i].start_ms);
		assert_true(i == 0 || h.words[i].start_ms >= h.words[i - 1].end_ms);
	}
	assert_true(h.confidence > 0.6f);
	assert_true(h.words[3].end_ms <= (int)(sound.samples / 16) + 20);
	sound_finish(&sound);
}

static void an_unfinished_sentence_scores_lower_than_a_finished_one(void **state)
{
	struct sound finished = {0}, open = {0};
	struct tc_hypothesis a, b;
	sound_add_speech(&finished, "i feel anxious before meetings");
	sound_add_speech(&open, "i had an argument with my");
	recognize(&finished, &a);
	recognize(&open, &b);
	assert_true(a.end_score > b.end_score + 0.5f);
	assert_true(a.end_score <= 0 && b.end_score >= -6.0f);
	sound_finish(&finished);
	sound_finish(&open);
}

static void there_are_two_streams_and_a_third_is_refused(void **state)
{
	struct tc_recognizer_stream *a, *b, *c = NULL;
	assert_int_equal(sphinx->stream_create(&a, model, "a"), 0);
	assert_int_equal(sphinx->stream_create(&b, model, "b"), 0);
	assert_int_equal(sphinx->stream_create(&c, model, "c"), -ENOSPC);
	sphinx->stream_destroy(a);
	assert_int_equal(sphinx->stream_create(&a, model, "a"), 0);
	sphinx->stream_destroy(a);
	sphinx->stream_destroy(b);
}

static void a_new_name_is_learnt(void **state)
{
	struct sound sound = {0};
	struct tc_hypothesis h;
	assert_int_equal(sphinx->add_word(model, "Zbigniewa"), 0);
	assert_int_equal(sphinx->add_word(model, "Zbigniewa"), 0);
	assert_int_equal(sphinx->add_word(model, "anna"), 0);
	assert_int_equal(sphinx->add_word(model, "42!"), -ENOENT);
	sound_add_speech(&sound, "i feel anxious before meetings");
	recognize(&sound, &h);
	assert_true(words_right("i feel anxious before meetings", h.text) >= 4);
	sound_finish(&sound);
}

static void with_less_effort_it_still_hears(void **state)
{
	struct sound sound = {0};
	struct tc_hypothesis h;
	sound_add_speech(&sound, "i feel anxious before meetings");
	for (int turn = 0; turn < 2; turn++) {
		assert_int_equal(sphinx->set_effort(model, turn == 0), 0);
		recognize(&sound, &h);
		assert_true(words_right("i feel anxious before meetings", h.text) >= 3);
	}
	sound_finish(&sound);
}

static void a_missing_model_is_enoent(void **state)
{
	struct tc_recognizer *r = NULL;
	const struct tc_recognizer_config no_model = {.model_dir = "/nonexistent"};
	const struct tc_recognizer_config no_domain = {.domain_lm = "/nonexistent.arpa"};
	assert_int_equal(sphinx->open(&r, &no_model), -ENOENT);
	assert_int_equal(sphinx->open(&r, &no_domain), -ENOENT);
	assert_null(r);
}

static void a_stream_survives_failed_allocations(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct tc_recognizer_stream *stream;
		if (!sphinx->stream_create(&stream, model, "a")) {
			sphinx->stream_destroy(stream);
		}
	}
}

/* Hearing: events are collected through a queue, as an owner would. */

static struct tc_queue *events;

/* Stands still, so that a busy machine is not taken for lost packets. */
static int64_t read_clock(void *user)
{
	return 1000000;
}

static const struct tc_clock still = {.now_us = read_clock, .wall_us = read_clock};

static void on_event(void *user, const struct tc_hearing_event *event)
{
	assert_int_equal(tc_queue_push(events, event), 0);
}

static void start_hearing(struct tc_hearing **hearing)
{
	assert_int_equal(tc_queue_create(&events, sizeof(struct tc_hearing_event), 1024, true), 0);
	const struct tc_hearing_config config = {
		.engine = sphinx, .recognizer = model, .clock = &still, .event = on_event};
	assert_int_equal(tc_hearing_create(hearing, &config), 0);
}

static void stop_hearing(struct tc_hearing *hearing)
{
	tc_hearing_destroy(hearing);
	tc_queue_destroy(events);
}

/* The next event of a kind on a lane (-1: any); others are skipped, partials remembered. */
static struct tc_hearing_event partial;
static int partials;

static void wait_event(struct tc_hearing_event *out, enum tc_hearing_kind kind, int lane)
{
	double deadline = now_ms() + 60000;
	while (now_ms() < deadline) {
		while (tc_queue_pop(events, out)) {
			if (out->kind == TC_HEARING_PARTIAL) {
				partial = *out;
				partials++;
			}
			if (out->kind == kind && (lane < 0 || out->lane == lane)) {
				return;
			}
		}
		tc_queue_wait(events, 1000);
	}
	fail_msg("no event %d on lane %d", (int)kind, lane);
}

/* Faster than life, but never more than the queue takes. Times are those of the sound. */
static void push_all(struct tc_hearing *h, int lane, const struct sound *sound, int64_t from_us)
{
	for (size_t at = 0; at < sound->samples; at += 960 / 3) {
		size_t n = sound->samples - at < 320 ? sound->samples - at : 320;
		while (tc_hearing_backlog_ms(h) > 2000) {
			usleep(1000);
		}
		assert_int_equal(tc_hearing_push(h, lane, sound->pcm + at, n,
						 from_us + (int64_t)at * 1000000 / 16000),
				 0);
	}
}

static void a_turn_is_heard_from_start_to_final(void **state)
{
	struct tc_hearing *h;
	struct sound sound = {0};
	struct tc_hearing_event event;
	int64_t t0 = tc_clock_us(&still);
	start_hearing(&h);
	partials = 0;
	sound_add_pause(&sound, 500);
	assert_true(sound_add_file(&sound, SOUND_TESTDATA "goforward.raw", 0));
	sound_add_pause(&sound, 600);
	int lane = tc_hearing_add(h, "anna");
	assert_int_equal(lane, 0);
	push_all(h, lane, &sound, t0);
	wait_event(&event, TC_HEARING_SPEECH_START, 0);
	/* The voice in goforward.raw begins at 0.45 s and ends at 2.1 s; 500 ms went before. */
	assert_in_range(event.time_ms - t0 / 1000, 700, 1150);
	wait_event(&event, TC_HEARING_SPEECH_END, 0);
	assert_in_range(event.time_ms - t0 / 1000, 2400, 2850);
	uint32_t utterance = event.utterance;
	while (tc_hearing_backlog_ms(h)) {
		usleep(1000);
	}
	tc_hearing_end_turn(h, lane, utterance + 1); /* of another turn: no effect */
	double asked = now_ms();
	tc_hearing_end_turn(h, lane, utterance);
	wait_event(&event, TC_HEARING_FINAL, 0);
	print_message("end_turn -> final %.1f ms\n", now_ms() - asked);
	assert_int_equal(event.utterance, utterance);
	assert_int_equal(words_right("go forward ten meters", event.hypothesis.text), 4);
	assert_true(event.hypothesis.confidence > 0.5f);
	assert_in_range(event.start_ms - t0 / 1000, 700, 1150);
	assert_in_range(event.end_ms - t0 / 1000, 2400, 2850);
	assert_true(partials >= 3 && event.cpu_us > 1000);
	assert_int_equal(partial.utterance, utterance);
	assert_true(partial.hypothesis.stable_ms >= 200);
	sound_finish(&sound);
	stop_hearing(h);
}

static void two_people_at_once_are_never_mixed_up(void **state)
{
	struct tc_hearing *h;
	struct sound a = {0}, b = {0};
	struct tc_hearing_event event;
	int64_t t0 = tc_clock_us(&still);
	start_hearing(&h);
	sound_add_pause(&a, 300);
	sound_add_speech(&a, "i want to set a goal for this week");
	sound_add_pause(&a, 500);
	sound_add_pause(&b, 300);
	assert_true(sound_add_file(&b, SOUND_TESTDATA "something.raw", 0));
	sound_add_pause(&b, 1000);
	int first = tc_hearing_add(h, "anna"), second = tc_hearing_add(h, "ben");
	assert_int_equal(tc_hearing_add(h, "carl"), -ENOSPC);
	size_t most = a.samples > b.samples ? a.samples : b.samples;
	for (size_t at = 0; at < most; at += 320) {
		while (tc_hearing_backlog_ms(h) > 1000) {
			usleep(1000);
		}
		int64_t t = t0 + (int64_t)at * 1000 / 16;
		if (at + 320 <= a.samples) {
			tc_hearing_push(h, first, a.pcm + at, 320, t);
		}
		if (at + 320 <= b.samples) {
			tc_hearing_push(h, second, b.pcm + at, 320, t);
		}
	}
	tc_hearing_end_turn(h, first, 1);
	tc_hearing_end_turn(h, second, 1);
	bool got[2] = {false, false};
	while (!got[0] || !got[1]) {
		wait_event(&event, TC_HEARING_FINAL, -1);
		const char *said = event.lane == first ? "i want to set a goal for this week"
						       : "go somewhere and do something";
		got[event.lane] = true;
		if (words_right(said, event.hypothesis.text) < words_count(said) - 2) {
			fail_msg("lane %d: \"%s\"", event.lane, event.hypothesis.text);
		}
	}
	assert_int_equal(tc_hearing_lost_ms(h), 0);
	sound_finish(&a);
	sound_finish(&b);
	stop_hearing(h);
}

static void noise_and_silence_cost_no_recognition(void **state)
{
	struct tc_hearing *h;
	struct sound sound = {0};
	struct tc_hearing_event event;
	start_hearing(&h);
	sound_add_pause(&sound, 3000);
	int16_t zeros[1600] = {0};
	for (int i = 0; i < 20; i++) {
		sound_add(&sound, zeros, 1600);
	}
	int lane = tc_hearing_add(h, "anna");
	push_all(h, lane, &sound, tc_clock_us(&still));
	while (tc_hearing_backlog_ms(h)) {
		usleep(1000);
	}
	assert_false(tc_queue_pop(events, &event));
	assert_true(tc_hearing_level_db(h, lane) <= -90.0f);
	sound_finish(&sound);
	stop_hearing(h);
}

static void a_lane_taken_away_in_mid_word_gives_its_words(void **state)
{
	struct tc_hearing *h;
	struct sound sound = {0};
	struct tc_hearing_event event;
	start_hearing(&h);
	assert_true(sound_add_file(&sound, SOUND_TESTDATA "goforward.raw", 0));
	sound.samples = 16000 * 17 / 10;
	int lane = tc_hearing_add(h, "anna");
	push_all(h, lane, &sound, tc_clock_us(&still));
	tc_hearing_remove(h, lane);
	wait_event(&event, TC_HEARING_FINAL, lane);
	assert_true(words_right("go forward", event.hypothesis.text) >= 1);
	assert_int_equal(tc_hearing_push(h, lane, sound.pcm, 320, 0), -EINVAL);
	assert_int_equal(tc_hearing_add(h, "ben"), lane);
	sound_finish(&sound);
	stop_hearing(h);
}

static void it_can_be_destroyed_at_any_moment(void **state)
{
	struct sound sound = {0};
	assert_true(sound_add_file(&sound, SOUND_TESTDATA "goforward.raw", 0));
	for (size_t cut = 0; cut < sound.samples; cut += 9000) {
		struct tc_hearing *h;
		struct sound part = {.pcm = sound.pcm, .samples = cut};
		start_hearing(&h);
		tc_hearing_add(h, "anna");
		push_all(h, 0, &part, tc_clock_us(&still));
		stop_hearing(h);
	}
	sound_finish(&sound);
}

static void creating_survives_failed_allocations(void **state)
{
	assert_int_equal(tc_queue_create(&events, sizeof(struct tc_hearing_event), 16, true), 0);
	const struct tc_hearing_config config = {
		.engine = sphinx, .recognizer = model, .event = on_event, .clock = &still};
	TC_OOM_LOOP(n)
	{
		struct tc_hearing *h = NULL;
		int err = tc_hearing_create(&h, &config);
		assert_true(err == 0 || err == -ENOMEM);
		if (!err) {
			tc_hearing_destroy(h);
		}
	}
	tc_queue_destroy(events);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(human_recordings_are_mostly_understood),
		cmocka_unit_test(coaching_phrases_through_opus_are_understood),
		cmocka_unit_test(a_final_has_words_with_times_and_confidence),
		cmocka_unit_test(an_unfinished_sentence_scores_lower_than_a_finished_one),
		cmocka_unit_test(there_are_two_streams_and_a_third_is_refused),
		cmocka_unit_test(a_missing_model_is_enoent),
		cmocka_unit_test(a_stream_survives_failed_allocations),
		cmocka_unit_test(a_turn_is_heard_from_start_to_final),
		cmocka_unit_test(two_people_at_once_are_never_mixed_up),
		cmocka_unit_test(noise_and_silence_cost_no_recognition),
		cmocka_unit_test(a_lane_taken_away_in_mid_word_gives_its_words),
		cmocka_unit_test(it_can_be_destroyed_at_any_moment),
		cmocka_unit_test(creating_survives_failed_allocations),
		cmocka_unit_test(a_new_name_is_learnt),
		cmocka_unit_test(with_less_effort_it_still_hears),
	};
	return cmocka_run_group_tests_name("recognizer", tests, load, unload);
}
