/* server/data_lock.h -- one server a data folder: DATA_DIR/server.lock, held as long as it runs.
 *
 * The kernel lets go of it when the process ends, however that was, so none is ever left behind;
 * the file stays. Commands that only read or add do not take it. Thread: any.
 */
#ifndef TC_SERVER_DATA_LOCK_H
#define TC_SERVER_DATA_LOCK_H

#include <stddef.h>

/* Makes the folder if only its last part is missing. 0 and the descriptor that holds the lock until
 * it is closed; -EBUSY: another process has it; or what kept it from being tried. With a failure
 * `why` has the one line to print. */
int tc_data_lock_take(const char *dir, int *fd, char *why, size_t why_size);
/* The process that has it, as it wrote itself down; 0: nobody has. Takes nothing. A negative errno:
 * it cannot be told. */
int tc_data_lock_holder(const char *dir);

#endif
