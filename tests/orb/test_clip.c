// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock/oom.h"
#include "orb/clip.h"

static int16_t sample_at(uint64_t i)
{
	return (int16_t)(i * 7919 % 65536);
}

static void sound_comes_out_as_it_went_in_round_the_ring(void **state)
{
	struct tc_clip clip;
	assert_int_equal(tc_clip_init(&clip), 0);
	int16_t in[1000], out[960];
	uint64_t written = 0, read = 0;
	while (read < 3 * (uint64_t)TC_CLIP_SAMPLES) {
		for (size_t i = 0; i < 1000; i++) {
			in[i] = sample_at(written + i);
		}
		written += tc_clip_write(&clip, in, 1000);
		size_t n = tc_clip_read(&clip, out, 960);
		for (size_t i = 0; i < n; i++) {
			assert_int_equal(out[i], sample_at(read + i));
		}
		read += n;
	}
	tc_clip_finish(&clip);
}

static void a_full_clip_takes_no_more(void **state)
{
	struct tc_clip clip;
	assert_int_equal(tc_clip_init(&clip), 0);
	int16_t in[4096] = {0};
	size_t taken = 0;
	for (size_t n; (n = tc_clip_write(&clip, in, 4096)) > 0;) {
		taken += n;
	}
	assert_int_equal(taken, TC_CLIP_SAMPLES);
	assert_int_equal(tc_clip_read(&clip, in, 100), 100);
	assert_int_equal(tc_clip_write(&clip, in, 4096), 100);
	tc_clip_finish(&clip);
}

static void a_clause_counts_as_heard_when_its_first_sample_is_out(void **state)
{
	struct tc_clip clip;
	struct tc_clip_mark mark;
	int16_t pcm[960] = {0};
	assert_int_equal(tc_clip_init(&clip), 0);
	tc_clip_mark(&clip, 0, 5);
	tc_clip_write(&clip, pcm, 960);
	tc_clip_mark(&clip, 6, 4);
	tc_clip_write(&clip, pcm, 960);
	assert_false(tc_clip_next_mark(&clip, &mark));
	tc_clip_read(&clip, pcm, 960);
	assert_true(tc_clip_next_mark(&clip, &mark));
	assert_int_equal(mark.offset, 0);
	assert_false(tc_clip_next_mark(&clip, &mark));
	assert_int_equal(clip.heard, 5);
	tc_clip_read(&clip, pcm, 1);
	assert_true(tc_clip_next_mark(&clip, &mark));
	assert_int_equal(clip.heard, 10);
	tc_clip_finish(&clip);
}

static void no_memory_is_said(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct tc_clip clip;
		if (tc_clip_init(&clip) == 0) {
			tc_clip_finish(&clip);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_comes_out_as_it_went_in_round_the_ring),
		cmocka_unit_test(a_full_clip_takes_no_more),
		cmocka_unit_test(a_clause_counts_as_heard_when_its_first_sample_is_out),
		cmocka_unit_test(no_memory_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
