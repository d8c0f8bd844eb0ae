/* base/pristine.h -- memory of a process that others are forked from, to which they can go back.
 *
 * A page that a fork has written to is its own from then on, even when it reads as it did before.
 * Here what was allocated becomes a private mapping of a file in memory: the kernel then gives the
 * page of the file again for one that is dropped. PocketSphinx writes into its whole search tree
 * while somebody speaks, and clears every node that it leaves: nearly all of it can go back.
 *
 * Thread: what is kept is one thread's from then on, as nobody may write between the comparison and
 * the dropping. That thread calls tc_pristine_return().
 */
#ifndef TC_BASE_PRISTINE_H
#define TC_BASE_PRISTINE_H

#include <sys/types.h>

struct tc_pristine;

/* Notes what there is; large blocks (malloc's mappings) that come after are of interest. */
int tc_pristine_begin(struct tc_pristine **out);
/* They are kept as they are now. While there is one thread only: -EBUSY; -ENOTSUP with a sanitizer,
 * or when malloc has no heap and its small blocks might lie among them. Nothing has changed then.
 */
int tc_pristine_keep(struct tc_pristine *p);
/* Gives back the pages that read as they did when they were kept. Bytes, or a negative errno:
 * nothing but the size of the process changes, so a failure may be ignored. */
ssize_t tc_pristine_return(struct tc_pristine *p);
/* What was kept goes on to exist as long as it is mapped. NULL-safe. */
void tc_pristine_destroy(struct tc_pristine *p);

#endif
