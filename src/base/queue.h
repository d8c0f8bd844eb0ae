/* base/queue.h -- the one way data crosses threads: a bounded ring of fixed-size items.
 *
 * Any number of producers and consumers, no locks (D. Vyukov's bounded MPMC ring). RT-safe: push
 * and pop neither allocate nor block. `wake` (an eventfd, or -1) becomes readable after a push; the
 * consumer clears it with tc_queue_clear_wake() before it pops until empty.
 */
#ifndef TC_BASE_QUEUE_H
#define TC_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct tc_queue;

/* capacity: rounded up to a power of two. with_wake: also make an eventfd. -EINVAL, -ENOMEM, errno.
 */
int tc_queue_create(struct tc_queue **out, size_t item_size, size_t capacity, bool with_wake);
/* NULL-safe. No thread may use it any more; items still inside are dropped unseen. */
void tc_queue_destroy(struct tc_queue *queue);
/* Copies *item in. -EAGAIN when full: the caller decides what is lost, and counts it. */
int tc_queue_push(struct tc_queue *queue, const void *item);
/* Copies the oldest out; false when empty. */
bool tc_queue_pop(struct tc_queue *queue, void *item);
size_t tc_queue_count(const struct tc_queue *queue); /* a snapshot */
int tc_queue_wake_fd(const struct tc_queue *queue);
void tc_queue_clear_wake(struct tc_queue *queue);
/* Makes wake_fd readable without an item (to end a consumer that waits). */
void tc_queue_wake(struct tc_queue *queue);
/* Blocks until the wake fd is readable or timeout_ms passed (-1: for ever); clears it. */
void tc_queue_wait(struct tc_queue *queue, int timeout_ms);

#endif
