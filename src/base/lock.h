/* base/lock.h -- a mutex that a real-time thread may wait for.
 *
 * Whoever holds it inherits the priority of whoever waits: else a busy neighbour that preempts the
 * holder holds up the sound. For short stretches only; all that is held longer is a queue's
 * business.
 */
#ifndef TC_BASE_LOCK_H
#define TC_BASE_LOCK_H

#include <pthread.h>

static inline void tc_lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
}

#endif
