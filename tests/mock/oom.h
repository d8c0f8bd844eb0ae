/* mock/oom.h -- makes the n-th allocation fail, n = 0, 1, 2... until the code under test gets
 *through.
 *
 *	TC_OOM_LOOP(run) { err = thing_create(&thing); if (!err) {...destroy} }
 *
 * Counts malloc, calloc, realloc, strdup and strndup called from our own objects (linker --wrap);
 *what a shared library allocates for itself is not failed. The body must leave nothing behind: run
 *under ASan.
 */
#ifndef TC_TEST_OOM_H
#define TC_TEST_OOM_H

#include <stdbool.h>

/* From now on the n-th allocation (0 = the next one) returns NULL, once; -1 disarms. */
void tc_oom_arm(long n);
/* Disarms. True if the armed allocation was reached. */
bool tc_oom_disarm(void);

#define TC_OOM_LOOP(n)                                                         \
	for (long n = 0, n##_more = 1; n##_more && (tc_oom_arm(n), n < 10000); \
	     n##_more = tc_oom_disarm(), n++)

#endif
