/* orb/symbols.h -- which function an address of our own program lies in.
 *
 * From the program's file, mapped: pages nobody asked for cost nothing. Lookups take no lock and no
 * memory, so signal handlers may ask, and find static functions, too.
 */
#ifndef TC_ORB_SYMBOLS_H
#define TC_ORB_SYMBOLS_H

#include <stdint.h>

/* Once, before threads. 0 or a negative error: then nothing is found. */
int tc_symbols_init(void);
/* NULL: not known, or not ours. *offset: from the function's beginning. */
const char *tc_symbols_find(uintptr_t address, uintptr_t *offset);

#endif
