// SPDX-License-Identifier: Apache-2.0
#include "media/wav.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "mock/oom.h"

/* 4 samples, 16 kHz, mono. */
static const uint8_t mono[] = "RIFF\x2c\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0"
			      "\x02\0\x10\0"
			      "data\x08\0\0\0\x01\0\xff\xff\xff\x7f\x00\x80";
#define MONO_SIZE (sizeof(mono) - 1)

static int with_byte(struct tc_wav *wav, size_t at, uint8_t value)
{
	uint8_t copy[MONO_SIZE];
	memcpy(copy, mono, MONO_SIZE);
	copy[at] = value;
	return tc_wav_parse(wav, copy, MONO_SIZE);
}

static void samples_are_read(void **state)
{
	struct tc_wav wav;
	assert_int_equal(tc_wav_parse(&wav, mono, MONO_SIZE), 0);
	assert_int_equal(wav.rate, 16000);
	assert_int_equal(wav.samples, 4);
	assert_int_equal(wav.pcm[0], 1);
	assert_int_equal(wav.pcm[1], -1);
	assert_int_equal(wav.pcm[2], 32767);
	assert_int_equal(wav.pcm[3], -32768);
	tc_wav_finish(&wav);
	assert_null(wav.pcm);
}

static void stereo_is_mixed_down(void **state)
{
	struct tc_wav wav;
	assert_int_equal(with_byte(&wav, 22, 2), 0);
	assert_int_equal(wav.samples, 2);
	assert_int_equal(wav.pcm[0], 0);
	assert_int_equal(wav.pcm[1], 0);
	tc_wav_finish(&wav);
}

static void unknown_chunks_are_skipped_with_their_padding(void **state)
{
	uint8_t data[MONO_SIZE + 12];
	memcpy(data, mono, 12);
	memcpy(data + 12, "LIST\x03\0\0\0abc\0", 12);
	memcpy(data + 24, mono + 12, MONO_SIZE - 12);
	struct tc_wav wav;
	assert_int_equal(tc_wav_parse(&wav, data, sizeof(data)), 0);
	assert_int_equal(wav.samples, 4);
	tc_wav_finish(&wav);
}

static void a_stream_of_unknown_length_is_read_to_its_end(void **state)
{
	struct tc_wav wav;
	assert_int_equal(with_byte(&wav, 43, 0xff), 0);
	assert_int_equal(wav.samples, 4);
	tc_wav_finish(&wav);
}

static void what_is_no_16_bit_pcm_is_refused(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} bad[] = {
		{0, 'X'},   /* RIFF */
		{8, 'X'},   /* WAVE */
		{12, 'X'},  /* no fmt */
		{16, 15},   /* fmt too short */
		{17, 0xff}, /* fmt longer than the file */
		{20, 3},    /* float */
		{22, 0},    /* no channel */
		{22, 9},    /* too many */
		{26, 0xff}, /* 16 million samples a second */
		{34, 8},    /* 8 bit */
		{36, 'X'},  /* no data */
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tc_wav wav = {0};
		assert_int_equal(with_byte(&wav, bad[i].at, bad[i].value), -TC_EPARSE);
		assert_null(wav.pcm);
	}
}

static void every_truncation_is_safe(void **state)
{
	for (size_t len = 0; len < MONO_SIZE; len++) {
		uint8_t *exact =
			malloc(len ? len : 1); /* its own block, so that ASan sees a step over */
		assert_non_null(exact);
		memcpy(exact, mono, len);
		struct tc_wav wav = {0};
		int err = tc_wav_parse(&wav, exact, len);
		assert_int_equal(err, len < 44 ? -TC_EPARSE : 0);
		tc_wav_finish(&wav);
		free(exact);
	}
}

static void what_is_saved_is_loaded_again(void **state)
{
	static int16_t pcm[5000];
	for (int i = 0; i < 5000; i++) {
		pcm[i] = (int16_t)(i * 13 - 32000);
	}
	char path[] = "/tmp/tc-wav-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	struct tc_wav wav;
	assert_int_equal(tc_wav_save(path, 22050, pcm, 5000), 0);
	assert_int_equal(tc_wav_load(&wav, path), 0);
	assert_int_equal(wav.rate, 22050);
	assert_int_equal(wav.samples, 5000);
	assert_memory_equal(wav.pcm, pcm, sizeof(pcm));
	tc_wav_finish(&wav);
	unlink(path);
	assert_int_equal(tc_wav_load(&wav, path), -ENOENT);
	assert_int_equal(tc_wav_load(&wav, "/tmp"), -EINVAL);
	assert_int_equal(tc_wav_save("/nonexistent/x.wav", 16000, pcm, 1), -ENOENT);
	assert_int_equal(tc_wav_save(path, 0, pcm, 1), -EINVAL);
}

static void a_full_disk_is_reported(void **state)
{
	static int16_t pcm[50000];
	assert_int_equal(tc_wav_save("/dev/full", 16000, pcm, 50000), -EIO);
}

static void failed_allocation_is_reported(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct tc_wav wav = {0};
		int err = tc_wav_parse(&wav, mono, MONO_SIZE);
		assert_true(err == 0 || err == -ENOMEM);
		tc_wav_finish(&wav);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_read),
		cmocka_unit_test(stereo_is_mixed_down),
		cmocka_unit_test(unknown_chunks_are_skipped_with_their_padding),
		cmocka_unit_test(a_stream_of_unknown_length_is_read_to_its_end),
		cmocka_unit_test(what_is_no_16_bit_pcm_is_refused),
		cmocka_unit_test(every_truncation_is_safe),
		cmocka_unit_test(what_is_saved_is_loaded_again),
		cmocka_unit_test(a_full_disk_is_reported),
		cmocka_unit_test(failed_allocation_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
