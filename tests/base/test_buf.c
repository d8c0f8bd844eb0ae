// SPDX-License-Identifier: Apache-2.0
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "mock/oom.h"

static void it_grows_and_keeps_what_was_written(void **state)
{
	struct tc_buf buf;
	tc_buf_init(&buf);
	for (int i = 0; i < 1000; i++) {
		tc_buf_putf(&buf, "%d,", i);
	}
	assert_int_equal(buf.err, 0);
	assert_int_equal(buf.len, 10 * 2 + 90 * 3 + 900 * 4);
	assert_memory_equal(buf.data + buf.len - 8, "998,999,", 8);
	tc_buf_finish(&buf);
	assert_null(buf.data);
}

static void integers_are_big_endian(void **state)
{
	static const uint8_t expected[] = {1,    2, 3, 4, 5, 6, 0xff, 0xfe, 0xfd,
					   0xfc, 1, 2, 3, 4, 5, 6,    7,    8};
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_buf_u8(&buf, 1);
	tc_buf_u16(&buf, 0x0203);
	tc_buf_u24(&buf, 0x040506);
	tc_buf_u32(&buf, 0xfffefdfc);
	tc_buf_u64(&buf, 0x0102030405060708);
	assert_int_equal(buf.len, sizeof(expected));
	assert_memory_equal(buf.data, expected, sizeof(expected));
	struct tc_cursor cur;
	tc_cursor_init(&cur, buf.data, buf.len);
	assert_int_equal(tc_cursor_u8(&cur), 1);
	assert_int_equal(tc_cursor_u16(&cur), 0x0203);
	assert_int_equal(tc_cursor_u24(&cur), 0x040506);
	assert_int_equal(tc_cursor_u32(&cur), 0xfffefdfc);
	assert_true(tc_cursor_u64(&cur) == 0x0102030405060708);
	assert_int_equal(cur.err, 0);
	assert_int_equal(tc_cursor_left(&cur), 0);
	tc_buf_finish(&buf);
}

static void a_cursor_stops_at_the_end_and_stays_wrong(void **state)
{
	struct tc_cursor cur;
	tc_cursor_init(&cur, "abc", 3);
	assert_int_equal(tc_cursor_u16(&cur), 0x6162);
	assert_int_equal(tc_cursor_u16(&cur), 0);
	assert_int_equal(cur.err, -TC_EPARSE);
	assert_int_equal(tc_cursor_u8(&cur), 0); /* one byte is left, but the error sticks */
	assert_null(tc_cursor_bytes(&cur, 0));
	tc_cursor_init(&cur, "abc", 3);
	tc_cursor_skip(&cur, 2);
	assert_memory_equal(tc_cursor_bytes(&cur, 1), "c", 1);
	tc_cursor_skip(&cur, SIZE_MAX);
	assert_int_equal(cur.err, -TC_EPARSE);
}

static void fixed_memory_is_filled_and_never_passed(void **state)
{
	char memory[8] = "#######";
	struct tc_buf buf;
	tc_buf_init_fixed(&buf, memory, 7);
	tc_buf_puts(&buf, "1234567");
	assert_int_equal(buf.err, 0);
	tc_buf_u8(&buf, '8');
	assert_int_equal(buf.err, -ENOSPC);
	tc_buf_reset(&buf);
	tc_buf_puts(&buf, "12345678"); /* all or nothing */
	assert_int_equal(buf.len, 0);
	tc_buf_puts(&buf, "x"); /* would fit, but the error sticks */
	assert_int_equal(buf.len, 0);
	assert_string_equal(memory, "1234567");
	tc_buf_reset(&buf);
	tc_buf_putf(&buf, "%s", "abc");
	assert_string_equal(tc_buf_str(&buf), "abc");
	tc_buf_finish(&buf);
}

static void formatted_text_may_be_longer_than_the_small_buffer(void **state)
{
	char text[2001];
	struct tc_buf buf;
	memset(text, 'a', 2000);
	text[2000] = '\0';
	tc_buf_init(&buf);
	tc_buf_putf(&buf, "<%s>", text);
	assert_int_equal(buf.len, 2002);
	assert_int_equal(tc_buf_str(&buf)[2001], '>');
	assert_int_equal(strlen(tc_buf_str(&buf)), 2002);
	tc_buf_finish(&buf);
}

static void a_string_can_be_taken_over(void **state)
{
	char memory[16];
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_buf_puts(&buf, "mine");
	char *text = tc_buf_take_str(&buf);
	assert_string_equal(text, "mine");
	assert_int_equal(buf.len, 0);
	assert_null(buf.data);
	free(text);
	text = tc_buf_take_str(&buf); /* nothing written is the empty string */
	assert_string_equal(text, "");
	free(text);
	tc_buf_init_fixed(&buf, memory, sizeof(memory));
	tc_buf_puts(&buf, "copy");
	text = tc_buf_take_str(&buf);
	assert_string_equal(text, "copy");
	free(text);
}

static void without_memory_the_error_sticks_and_nothing_leaks(void **state)
{
	char text[600];
	memset(text, 'b', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	bool through = false;
	TC_OOM_LOOP(n)
	{
		struct tc_buf buf;
		tc_buf_init(&buf);
		tc_buf_puts(&buf, "start");
		tc_buf_putf(&buf, "%s", text);
		tc_buf_u32(&buf, 0x2e2e2e2e);
		char *all = tc_buf_take_str(&buf);
		through = all != NULL;
		assert_true(!all || strlen(all) == 5 + 599 + 4);
		free(all);
	}
	assert_true(through);
}

static void a_size_beyond_memory_is_refused(void **state)
{
	struct tc_buf buf;
	tc_buf_init(&buf);
	tc_buf_puts(&buf, "x");
	assert_null(tc_buf_reserve(&buf, SIZE_MAX));
	assert_int_equal(buf.err, -ENOMEM);
	assert_string_equal(tc_buf_str(&buf), "");
	tc_buf_finish(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_and_keeps_what_was_written),
		cmocka_unit_test(integers_are_big_endian),
		cmocka_unit_test(a_cursor_stops_at_the_end_and_stays_wrong),
		cmocka_unit_test(fixed_memory_is_filled_and_never_passed),
		cmocka_unit_test(formatted_text_may_be_longer_than_the_small_buffer),
		cmocka_unit_test(a_string_can_be_taken_over),
		cmocka_unit_test(without_memory_the_error_sticks_and_nothing_leaks),
		cmocka_unit_test(a_size_beyond_memory_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
