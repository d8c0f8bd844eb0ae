/* base/assert.h -- our own mistakes. Release builds keep the checks; per-sample loops go without.
 */
#ifndef TC_BASE_ASSERT_H
#define TC_BASE_ASSERT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

_Noreturn void tc_assert_failed(const char *expr, const char *file, int line);

#define TC_ASSERT(expr) ((expr) ? (void)0 : tc_assert_failed(#expr, __FILE__, __LINE__))

/* An object's home thread: the one that made it, and the only one that may call it. */
struct tc_home {
	pthread_t thread;
};

static inline void tc_home_init(struct tc_home *home)
{
	home->thread = pthread_self();
}

#define TC_ASSERT_HOME(object) TC_ASSERT(pthread_equal((object)->home.thread, pthread_self()))

#define TC_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif
