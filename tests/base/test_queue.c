// SPDX-License-Identifier: Apache-2.0
#include "base/queue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock/oom.h"

static void items_come_out_in_order_and_full_says_so(void **state)
{
	struct tc_queue *queue;
	assert_int_equal(tc_queue_create(&queue, sizeof(int), 3, false), 0);
	assert_int_equal(tc_queue_wake_fd(queue), -1);
	for (int round = 0; round < 10; round++) { /* over the ring's end several times */
		int v;
		assert_false(tc_queue_pop(queue, &v));
		for (int i = 0; i < 4; i++) { /* 3 became 4 */
			assert_int_equal(tc_queue_push(queue, &i), 0);
		}
		assert_int_equal(tc_queue_push(queue, &round), -EAGAIN);
		assert_int_equal(tc_queue_count(queue), 4);
		for (int i = 0; i < 4; i++) {
			assert_true(tc_queue_pop(queue, &v));
			assert_int_equal(v, i);
		}
	}
	tc_queue_destroy(queue);
}

static void bad_sizes_are_refused(void **state)
{
	struct tc_queue *queue = NULL;
	assert_int_equal(tc_queue_create(&queue, 0, 4, false), -EINVAL);
	assert_int_equal(tc_queue_create(&queue, 4, 0, false), -EINVAL);
	assert_int_equal(tc_queue_create(&queue, 4, SIZE_MAX, false), -EINVAL);
	assert_null(queue);
	tc_queue_destroy(NULL);
}

static bool readable(struct tc_queue *queue)
{
	struct pollfd pfd = {.fd = tc_queue_wake_fd(queue), .events = POLLIN};
	return poll(&pfd, 1, 0) == 1;
}

static void a_push_wakes_until_it_is_cleared(void **state)
{
	struct tc_queue *queue;
	int v = 7;
	assert_int_equal(tc_queue_create(&queue, sizeof(v), 4, true), 0);
	assert_false(readable(queue));
	tc_queue_push(queue, &v);
	tc_queue_push(queue, &v);
	assert_true(readable(queue));
	tc_queue_clear_wake(queue);
	assert_false(readable(queue)); /* one clearing for both; the items are still there */
	assert_int_equal(tc_queue_count(queue), 2);
	tc_queue_wake(queue);
	tc_queue_wait(queue, -1); /* returns, for it was woken without an item */
	assert_false(readable(queue));
	tc_queue_wait(queue, 0);
	tc_queue_destroy(queue);
}

#define PRODUCERS 3
#define CONSUMERS 3
#define EACH      20000

struct item {
	unsigned producer, number;
	char more[40]; /* torn copies would show */
};

struct crowd {
	struct tc_queue *queue;
	_Atomic unsigned next_producer;
	_Atomic long taken, sum;
	_Atomic bool torn, disordered;
};

static void *produce(void *arg)
{
	struct crowd *crowd = arg;
	struct item item = {.producer = atomic_fetch_add(&crowd->next_producer, 1)};
	for (item.number = 1; item.number <= EACH; item.number++) {
		memset(item.more, (int)(item.number & 0x7f), sizeof(item.more));
		while (tc_queue_push(crowd->queue, &item)) {
			sched_yield();
		}
	}
	return NULL;
}

static void *consume(void *arg)
{
	struct crowd *crowd = arg;
	unsigned newest[PRODUCERS] = {0};
	while (atomic_load(&crowd->taken) < (long)PRODUCERS * EACH) {
		struct item item;
		if (!tc_queue_pop(crowd->queue, &item)) {
			sched_yield();
			continue;
		}
		atomic_fetch_add(&crowd->taken, 1);
		atomic_fetch_add(&crowd->sum, (long)item.number);
		for (size_t i = 0; i < sizeof(item.more); i++) {
			if (item.more[i] != (char)(item.number & 0x7f)) {
				atomic_store(&crowd->torn, true);
			}
		}
		/* What one consumer sees of one producer is in order. */
		if (item.producer >= PRODUCERS || item.number <= newest[item.producer]) {
			atomic_store(&crowd->disordered, true);
		} else {
			newest[item.producer] = item.number;
		}
	}
	return NULL;
}

static void many_threads_lose_nothing_and_double_nothing(void **state)
{
	struct crowd crowd = {0};
	pthread_t threads[PRODUCERS + CONSUMERS];
	assert_int_equal(tc_queue_create(&crowd.queue, sizeof(struct item), 64, false), 0);
	for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL,
						i < PRODUCERS ? produce : consume, &crowd),
				 0);
	}
	for (int i = 0; i < PRODUCERS + CONSUMERS; i++) {
		pthread_join(threads[i], NULL);
	}
	assert_int_equal(crowd.taken, (long)PRODUCERS * EACH);
	assert_true(crowd.sum == (long)PRODUCERS * EACH * (EACH + 1) / 2);
	assert_false(crowd.torn);
	assert_false(crowd.disordered);
	assert_int_equal(tc_queue_count(crowd.queue), 0);
	tc_queue_destroy(crowd.queue);
}

static void *push_numbers(void *arg)
{
	struct tc_queue *queue = arg;
	for (int i = 1; i <= 1000; i++) {
		while (tc_queue_push(queue, &i)) {
			sched_yield();
		}
	}
	return NULL;
}

static void who_waits_is_never_left_asleep(void **state)
{
	struct tc_queue *queue;
	pthread_t thread;
	int expected = 1;
	assert_int_equal(tc_queue_create(&queue, sizeof(int), 8, true), 0);
	assert_int_equal(pthread_create(&thread, NULL, push_numbers, queue), 0);
	while (expected <= 1000) {
		int v;
		tc_queue_wait(queue, -1);
		while (tc_queue_pop(queue, &v)) {
			assert_int_equal(v, expected++);
		}
	}
	pthread_join(thread, NULL);
	tc_queue_destroy(queue);
}

static void without_memory_there_is_no_queue(void **state)
{
	int err = -1;
	TC_OOM_LOOP(n)
	{
		struct tc_queue *queue = NULL;
		err = tc_queue_create(&queue, 16, 16, true);
		assert_true(err == 0 || (err == -ENOMEM && !queue));
		tc_queue_destroy(queue);
	}
	assert_int_equal(err, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_come_out_in_order_and_full_says_so),
		cmocka_unit_test(bad_sizes_are_refused),
		cmocka_unit_test(a_push_wakes_until_it_is_cleared),
		cmocka_unit_test(many_threads_lose_nothing_and_double_nothing),
		cmocka_unit_test(who_waits_is_never_left_asleep),
		cmocka_unit_test(without_memory_there_is_no_queue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
