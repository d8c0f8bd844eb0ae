// SPDX-License-Identifier: Apache-2.0
#include "proto/nest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "mock/oom.h"

static char *const argv_of_one[] = {(char[]){"/usr/bin/aiorb"}, (char[]){"--room=r1"},
				    (char[]){"--client="}, NULL};
static char *const env_of_one[] = {(char[]){"A=1"}, (char[]){"EMPTY="}, NULL};

static void packet(struct tc_buf *out, const char *dir)
{
	tc_buf_init(out);
	tc_nest_order_put(out, argv_of_one, env_of_one, dir);
	assert_int_equal(out->err, 0);
}

static void an_order_comes_out_as_it_went_in(void **state)
{
	struct tc_buf buf;
	struct tc_nest_order order;
	packet(&buf, "/tmp");
	assert_int_equal(tc_nest_order_take(&order, buf.data, buf.len), 0);
	assert_int_equal(order.argc, 3);
	assert_string_equal(order.argv[0], "/usr/bin/aiorb");
	assert_string_equal(order.argv[2], "--client=");
	assert_null(order.argv[3]);
	assert_string_equal(order.envp[0], "A=1");
	assert_string_equal(order.envp[1], "EMPTY=");
	assert_null(order.envp[2]);
	assert_string_equal(order.dir, "/tmp");
	tc_nest_order_finish(&order);
	tc_buf_finish(&buf);
}

static void an_order_may_leave_the_folder_as_it_is(void **state)
{
	struct tc_buf buf;
	struct tc_nest_order order;
	packet(&buf, NULL);
	assert_int_equal(tc_nest_order_take(&order, buf.data, buf.len), 0);
	assert_null(order.dir);
	tc_nest_order_finish(&order);
	tc_buf_finish(&buf);
}

static void an_order_cut_anywhere_is_refused(void **state)
{
	struct tc_buf buf;
	struct tc_nest_order order;
	packet(&buf, "/tmp");
	for (size_t len = 0; len < buf.len; len++) {
		char *part = malloc(len ? len : 1); /* its end is where a sanitizer sees it */
		assert_non_null(part);
		memcpy(part, buf.data, len);
		assert_int_equal(tc_nest_order_take(&order, part, len), -TC_EPARSE);
		free(part);
	}
	tc_buf_put(&buf, "x", 1);
	assert_int_equal(tc_nest_order_take(&order, buf.data, buf.len), -TC_EPARSE);
	tc_buf_finish(&buf);
}

static void counts_beyond_the_packet_are_refused(void **state)
{
	struct tc_buf buf;
	struct tc_nest_order order;
	packet(&buf, NULL);
	for (size_t at = sizeof(struct tc_nest_note); at < sizeof(struct tc_nest_note) + 8;
	     at += 4) {
		char *copy = malloc(buf.len);
		assert_non_null(copy);
		memcpy(copy, buf.data, buf.len);
		memset(copy + at, 0xff, 4);
		assert_int_equal(tc_nest_order_take(&order, copy, buf.len), -TC_EPARSE);
		memset(copy + at, 0, 4);
		assert_int_equal(tc_nest_order_take(&order, copy, buf.len), -TC_EPARSE);
		free(copy);
	}
	tc_buf_finish(&buf);
}

static void another_build_is_told_by_its_version(void **state)
{
	struct tc_nest_note note, taken;
	tc_nest_note_set(&note, TC_NEST_PING, 7);
	assert_int_equal(tc_nest_note_take(&taken, &note, sizeof(note)), 0);
	assert_int_equal(taken.word, TC_NEST_PING);
	assert_int_equal(taken.value, 7);
	assert_int_equal(tc_nest_note_take(&taken, &note, sizeof(note) - 1), -TC_EPARSE);
	note.version++;
	assert_int_equal(tc_nest_note_take(&taken, &note, sizeof(note)), -TC_EVERSION);
}

static void a_note_is_no_order(void **state)
{
	struct tc_nest_note note;
	struct tc_nest_order order;
	tc_nest_note_set(&note, TC_NEST_PING, 0);
	assert_int_equal(tc_nest_order_take(&order, (char *)&note, sizeof(note)), -TC_EPARSE);
}

static void taking_survives_a_failed_allocation(void **state)
{
	struct tc_buf buf;
	packet(&buf, NULL);
	TC_OOM_LOOP(n)
	{
		struct tc_nest_order order;
		int err = tc_nest_order_take(&order, buf.data, buf.len);
		assert_true(err == 0 || err == -ENOMEM);
		tc_nest_order_finish(&order);
	}
	tc_buf_finish(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_order_comes_out_as_it_went_in),
		cmocka_unit_test(an_order_may_leave_the_folder_as_it_is),
		cmocka_unit_test(an_order_cut_anywhere_is_refused),
		cmocka_unit_test(counts_beyond_the_packet_are_refused),
		cmocka_unit_test(another_build_is_told_by_its_version),
		cmocka_unit_test(a_note_is_no_order),
		cmocka_unit_test(taking_survives_a_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
