// SPDX-License-Identifier: Apache-2.0
#include "media/picture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/oom.h"

static void planes_are_aligned_and_do_not_overlap(void **state)
{
	struct tc_picture p;
	assert_int_equal(tc_picture_init(&p, 336, 48), 0);
	assert_int_equal((uintptr_t)p.y % 32, 0);
	assert_int_equal((uintptr_t)p.u % 32, 0);
	assert_int_equal((uintptr_t)p.v % 32, 0);
	assert_int_equal(p.y_stride % 32, 0);
	assert_int_equal(p.uv_stride % 32, 0);
	assert_true(p.y_stride >= 336 && p.uv_stride >= 168);
	memset(p.y, 1, (size_t)p.y_stride * 48);
	memset(p.u, 2, (size_t)p.uv_stride * 24);
	memset(p.v, 3, (size_t)p.uv_stride * 24);
	assert_int_equal(p.y[(size_t)p.y_stride * 48 - 1], 1);
	assert_int_equal(p.u[0], 2);
	assert_int_equal(p.u[(size_t)p.uv_stride * 24 - 1], 2);
	tc_picture_finish(&p);
	assert_null(p.y);
	tc_picture_finish(&p);
}

static void a_new_picture_is_black(void **state)
{
	struct tc_picture p;
	assert_int_equal(tc_picture_init(&p, 32, 32), 0);
	assert_int_equal(p.y[31 * p.y_stride + 31], 16);
	assert_int_equal(p.u[15 * p.uv_stride + 15], 128);
	assert_int_equal(p.v[15 * p.uv_stride + 15], 128);
	tc_picture_finish(&p);
}

static void sides_must_be_multiples_of_16(void **state)
{
	static const int bad[][2] = {{0, 16}, {16, 0}, {17, 16}, {-16, 16}, {16, 1 << 20}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct tc_picture p;
		assert_int_equal(tc_picture_init(&p, bad[i][0], bad[i][1]), -EINVAL);
		tc_picture_finish(&p);
	}
}

static void failed_allocation_is_reported(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct tc_picture p;
		int err = tc_picture_init(&p, 64, 64);
		assert_true(err == 0 || err == -ENOMEM);
		tc_picture_finish(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(planes_are_aligned_and_do_not_overlap),
		cmocka_unit_test(a_new_picture_is_black),
		cmocka_unit_test(sides_must_be_multiples_of_16),
		cmocka_unit_test(failed_allocation_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
