/* base/memory.h -- giving memory back that a library took and only zeroed.
 *
 * libvpx clears 5.4 MiB for the worst picture there can be, and frames that it never uses in real
 * time: all of it is resident from then on. A page of zeros in private anonymous memory reads the
 * same after the kernel has taken it back, and comes back by itself when it is written to.
 */
#ifndef TC_BASE_MEMORY_H
#define TC_BASE_MEMORY_H

#include <sys/types.h>

/* Gives back the pages of zeros of all large allocations of this process. Bytes; -EBUSY when there
 * is a second thread, which might be writing to such a page; -errno of reading /proc. Nothing but
 * the size of the process changes, so a failure may be ignored. */
ssize_t tc_memory_return_zeros(void);

#endif
