// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZE (4096 * 1024)

static uint8_t *make_block(uint8_t fill)
{
	uint8_t *block =
		mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(block, MAP_FAILED);
	memset(block, 1, SIZE); /* the kernel has to give each page */
	memset(block, fill, SIZE);
	return block;
}

static size_t resident_pages(void *block)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), count = 0;
	unsigned char *there = malloc(SIZE / page);
	assert_non_null(there);
	assert_int_equal(mincore(block, SIZE, there), 0);
	for (size_t i = 0; i < SIZE / page; i++) {
		count += there[i] & 1;
	}
	free(there);
	return count;
}

static void pages_of_zeros_go_back_and_still_read_as_zeros(void **state)
{
	uint8_t *block = make_block(0);
	assert_int_equal(resident_pages(block), SIZE / sysconf(_SC_PAGESIZE));
	assert_true(tc_memory_return_zeros() >= SIZE);
	assert_int_equal(resident_pages(block), 0);
	for (size_t i = 0; i < SIZE; i++) {
		assert_int_equal(block[i], 0);
	}
	block[SIZE / 2] = 7; /* and it comes back when it is needed */
	assert_int_equal(block[SIZE / 2], 7);
	munmap(block, SIZE);
}

static void a_page_with_one_byte_set_stays(void **state)
{
	long page = sysconf(_SC_PAGESIZE);
	uint8_t *block = make_block(0);
	block[0] = 1;            /* the first byte of the first page */
	block[5 * page - 1] = 2; /* the last of the fifth */
	block[SIZE - 1] = 3;     /* the last of all */
	block[9 * page + page / 2] = 4;
	assert_true(tc_memory_return_zeros() > 0);
	assert_int_equal(resident_pages(block), 4);
	assert_int_equal(block[0], 1);
	assert_int_equal(block[5 * page - 1], 2);
	assert_int_equal(block[SIZE - 1], 3);
	assert_int_equal(block[9 * page + page / 2], 4);
	munmap(block, SIZE);
}

static void full_memory_is_left_alone(void **state)
{
	uint8_t *block = make_block(0x5a);
	assert_true(tc_memory_return_zeros() >= 0);
	assert_int_equal(resident_pages(block), SIZE / sysconf(_SC_PAGESIZE));
	for (size_t i = 0; i < SIZE; i++) {
		assert_int_equal(block[i], 0x5a);
	}
	munmap(block, SIZE);
}

static void *wait_for_end(void *arg)
{
	pthread_mutex_lock(arg);
	pthread_mutex_unlock(arg);
	return NULL;
}

static void nothing_is_touched_while_a_second_thread_might_write(void **state)
{
	pthread_mutex_t running = PTHREAD_MUTEX_INITIALIZER;
	pthread_t thread;
	uint8_t *block = make_block(0);
	pthread_mutex_lock(&running);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_end, &running), 0);
	assert_int_equal(tc_memory_return_zeros(), -EBUSY);
	assert_int_equal(resident_pages(block), SIZE / sysconf(_SC_PAGESIZE));
	pthread_mutex_unlock(&running);
	pthread_join(thread, NULL);
	munmap(block, SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_of_zeros_go_back_and_still_read_as_zeros),
		cmocka_unit_test(a_page_with_one_byte_set_stays),
		cmocka_unit_test(full_memory_is_left_alone),
		cmocka_unit_test(nothing_is_touched_while_a_second_thread_might_write),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
