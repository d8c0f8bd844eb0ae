// SPDX-License-Identifier: Apache-2.0
/* When a voice begins, and how evenly its packets come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "probe/hear.h"

#define PIECE (TC_HEAR_RATE / 50)
#define MS    1000

static int16_t voice[PIECE], hiss[PIECE], nothing[PIECE];

static int setup(void **state)
{
	for (int i = 0; i < PIECE; i++) {
		voice[i] = (int16_t)(3000 * sin(i * 0.1));
		hiss[i] = (int16_t)(i * 7919 % 61 - 30);
	}
	return 0;
}

static bool hear(struct tc_hear *h, const int16_t *pcm, int64_t at_ms, int64_t skipped_us)
{
	const struct tc_hear_piece piece = {
		.pcm = pcm, .samples = PIECE, .time_us = at_ms * MS, .skipped_us = skipped_us};
	return tc_hear_sound(h, &piece);
}

static void a_voice_begins_with_its_first_packet(void **state)
{
	struct tc_hear h = {0};
	assert_true(tc_hear_quiet(&h, 0, TC_HEAR_QUIET_US));
	assert_false(hear(&h, hiss, 1000, -1));
	assert_false(hear(&h, nothing, 1020, 0));
	assert_false(hear(&h, voice, 1040, 0));
	assert_true(hear(&h, voice, 1060, 0));
	assert_false(hear(&h, voice, 1080, 0));
	assert_int_equal(h.onset_us, 1040 * MS);
	assert_int_equal(h.onsets, 1);
	assert_false(tc_hear_quiet(&h, 1110 * MS, TC_HEAR_QUIET_US));
	assert_true(tc_hear_quiet(&h, 1500 * MS, TC_HEAR_QUIET_US));
}

static void a_click_is_no_voice(void **state)
{
	struct tc_hear h = {0};
	for (int i = 0; i < 10; i++) {
		assert_false(hear(&h, voice, 1000 + 60 * i, 0));
		assert_false(hear(&h, nothing, 1020 + 60 * i, 0));
		assert_false(hear(&h, hiss, 1040 + 60 * i, 0));
	}
	assert_int_equal(h.onsets, 0);
	/* Nor are two of them that come far apart, with nothing sent between. */
	assert_false(hear(&h, voice, 3000, 0));
	assert_false(hear(&h, voice, 4000, 980000));
	assert_true(hear(&h, voice, 4020, 0));
	assert_int_equal(h.onset_us, 4000 * MS);
}

static void pauses_between_words_begin_no_other_voice(void **state)
{
	struct tc_hear h = {0};
	int64_t t = 1000;
	for (int word = 0; word < 3; word++, t += 300) {
		for (int i = 0; i < 5; i++, t += 20) {
			hear(&h, voice, t, i ? 0 : 300000);
		}
	}
	assert_int_equal(h.onsets, 1);
	t += 500;
	assert_false(hear(&h, voice, t, 800000));
	assert_true(hear(&h, voice, t + 20, 0));
	assert_int_equal(h.onsets, 2);
	assert_int_equal(h.onset_us, t * MS);
}

static void concealed_sound_is_no_voice(void **state)
{
	struct tc_hear h = {0};
	for (int i = 0; i < 10; i++) {
		const struct tc_hear_piece piece = {
			.pcm = voice, .samples = PIECE, .time_us = i * 20 * MS, .concealed = true};
		assert_false(tc_hear_sound(&h, &piece));
	}
	assert_int_equal(h.onsets, 0);
	assert_int_equal(h.late, 0);
}

static void late_packets_are_counted_by_the_streams_own_time(void **state)
{
	struct tc_hear h = {0};
	hear(&h, voice, 1000, -1);
	hear(&h, voice, 1020, 0);
	hear(&h, voice, 1075, 0); /* 35 ms late */
	hear(&h, voice, 1075, 0); /* 15 */
	hear(&h, voice, 1080, 0);
	assert_int_equal(h.late, 1);
	assert_int_equal(h.worst_us, 35 * MS);
	hear(&h, voice, 1160, 60000); /* silence that was not sent is no delay */
	assert_int_equal(h.late, 1);
	hear(&h, voice, 1170, 0); /* sooner than any: from now on this is in time */
	hear(&h, voice, 1211, 0); /* 21 behind that */
	assert_int_equal(h.late, 2);
	assert_int_equal(h.pieces, 8);
}

static void after_a_long_silence_time_begins_anew(void **state)
{
	struct tc_hear h = {0};
	hear(&h, voice, 1000, -1);
	hear(&h, voice, 1020, 0);
	hear(&h, voice, 5100, 4000000); /* their clock was set by the wall's, with an error */
	hear(&h, voice, 5120, 0);
	hear(&h, voice, 9000, -1);
	assert_int_equal(h.late, 0);
	assert_int_equal(h.worst_us, 0);
}

static void levels_are_those_of_rfc_6464(void **state)
{
	int16_t full[PIECE];
	for (int i = 0; i < PIECE; i++) {
		full[i] = i % 2 ? 32767 : -32768;
	}
	assert_int_equal(tc_hear_level(full, PIECE), 0);
	assert_int_equal(tc_hear_level(nothing, PIECE), 127);
	assert_in_range(tc_hear_level(voice, PIECE), 22, 25);
	assert_int_equal(tc_hear_level(nothing, 0), 127);
	assert_true(tc_hear_loud(voice, PIECE));
	assert_false(tc_hear_loud(hiss, PIECE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_voice_begins_with_its_first_packet),
		cmocka_unit_test(a_click_is_no_voice),
		cmocka_unit_test(pauses_between_words_begin_no_other_voice),
		cmocka_unit_test(concealed_sound_is_no_voice),
		cmocka_unit_test(late_packets_are_counted_by_the_streams_own_time),
		cmocka_unit_test(after_a_long_silence_time_begins_anew),
		cmocka_unit_test(levels_are_those_of_rfc_6464),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
