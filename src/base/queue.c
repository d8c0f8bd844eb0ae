// SPDX-License-Identifier: Apache-2.0
#include "base/queue.h"

#include <errno.h>
#include <poll.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Each cell's sequence number says whose turn it is: == position: free for the producer of that
 * position; == position + 1: filled, for its consumer. https://www.1024cores.net (bounded MPMC). */
struct cell {
	_Atomic size_t seq;
	alignas(16) unsigned char item[];
};

struct tc_queue {
	unsigned char *cells; /* owned */
	size_t stride;
	size_t item_size;
	size_t mask;
	int wake_fd;
	alignas(64) _Atomic size_t head; /* producers */
	alignas(64) _Atomic size_t tail; /* consumers */
};

static struct cell *cell_at(const struct tc_queue *queue, size_t pos)
{
	return (struct cell *)(void *)(queue->cells + (pos & queue->mask) * queue->stride);
}

int tc_queue_create(struct tc_queue **out, size_t item_size, size_t capacity, bool with_wake)
{
	if (item_size == 0 || capacity == 0 || capacity > SIZE_MAX / 4) {
		return -EINVAL;
	}
	size_t n = 2;
	while (n < capacity) {
		n *= 2;
	}
	/* aligned_alloc is not wrapped by the failing allocator of the tests; malloc is. */
	struct tc_queue *queue = NULL;
	if (posix_memalign((void **)&queue, 64, sizeof(*queue)) != 0) {
		return -ENOMEM;
	}
	memset(queue, 0, sizeof(*queue));
	queue->wake_fd = -1;
	queue->item_size = item_size;
	queue->stride = (sizeof(struct cell) + item_size + 15) & ~(size_t)15;
	queue->mask = n - 1;
	queue->cells = calloc(n, queue->stride);
	if (!queue->cells) {
		tc_queue_destroy(queue);
		return -ENOMEM;
	}
	for (size_t i = 0; i < n; i++) {
		atomic_init(&cell_at(queue, i)->seq, i);
	}
	if (with_wake) {
		queue->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (queue->wake_fd < 0) {
			int err = -errno;
			tc_queue_destroy(queue);
			return err;
		}
	}
	*out = queue;
	return 0;
}

void tc_queue_destroy(struct tc_queue *queue)
{
	if (!queue) {
		return;
	}
	if (queue->wake_fd >= 0) {
		close(queue->wake_fd);
	}
	free(queue->cells);
	free(queue);
}

int tc_queue_push(struct tc_queue *queue, const void *item)
{
	size_t pos = atomic_load_explicit(&queue->head, memory_order_relaxed);
	struct cell *cell;
	for (;;) {
		cell = cell_at(queue, pos);
		size_t seq = atomic_load_explicit(&cell->seq, memory_order_acquire);
		intptr_t diff = (intptr_t)(seq - pos);
		if (diff < 0) {
			return -EAGAIN;
		}
		if (diff > 0) {
			pos = atomic_load_explicit(&queue->head, memory_order_relaxed);
		} else if (atomic_compare_exchange_weak_explicit(&queue->head, &pos, pos + 1,
								 memory_order_relaxed,
								 memory_order_relaxed)) {
			break;
		}
	}
	memcpy(cell->item, item, queue->item_size);
	atomic_store_explicit(&cell->seq, pos + 1, memory_order_release);
	tc_queue_wake(queue);
	return 0;
}

bool tc_queue_pop(struct tc_queue *queue, void *item)
{
	size_t pos = atomic_load_explicit(&queue->tail, memory_order_relaxed);
	struct cell *cell;
	for (;;) {
		cell = cell_at(queue, pos);
		size_t seq = atomic_load_explicit(&cell->seq, memory_order_acquire);
		intptr_t diff = (intptr_t)(seq - (pos + 1));
		if (diff < 0) {
			return false;
		}
		if (diff > 0) {
			pos = atomic_load_explicit(&queue->tail, memory_order_relaxed);
		} else if (atomic_compare_exchange_weak_explicit(&queue->tail, &pos, pos + 1,
								 memory_order_relaxed,
								 memory_order_relaxed)) {
			break;
		}
	}
	memcpy(item, cell->item, queue->item_size);
	atomic_store_explicit(&cell->seq, pos + queue->mask + 1, memory_order_release);
	return true;
}

size_t tc_queue_count(const struct tc_queue *queue)
{
	size_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
	size_t head = atomic_load_explicit(&queue->head, memory_order_acquire);
	return head - tail;
}

int tc_queue_wake_fd(const struct tc_queue *queue)
{
	return queue->wake_fd;
}

void tc_queue_wake(struct tc_queue *queue)
{
	if (queue->wake_fd >= 0) {
		uint64_t one = 1;
		ssize_t n = write(queue->wake_fd, &one, sizeof(one));
		(void)n; /* EAGAIN: 2^64 - 1 wake-ups are pending, which is as good as one */
	}
}

void tc_queue_clear_wake(struct tc_queue *queue)
{
	uint64_t count;
	if (queue->wake_fd >= 0) {
		ssize_t n = read(queue->wake_fd, &count, sizeof(count));
		(void)n;
	}
}

void tc_queue_wait(struct tc_queue *queue, int timeout_ms)
{
	struct pollfd pfd = {.fd = queue->wake_fd, .events = POLLIN};
	poll(&pfd, 1, timeout_ms);
	tc_queue_clear_wake(queue);
}
