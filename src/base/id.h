/* base/id.h -- opaque ids: 1-128 bytes of [A-Za-z0-9_.:@-] (protocol.md), and random ones. */
#ifndef TC_BASE_ID_H
#define TC_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>

#define TC_ID_MAX  128
#define TC_ID_SIZE (TC_ID_MAX + 1)

bool tc_id_valid(const char *id);
bool tc_id_valid_n(const char *id, size_t len);
/* Writes `digits` random lower-case base-32 characters (5 bits each) and a 0. From getrandom(2). */
void tc_id_random(char *out, size_t digits);
void tc_random_bytes(void *out, size_t len);

#endif
