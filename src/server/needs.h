/* server/needs.h -- what orbs need that is not part of the server: looked at by `tricall doctor`,
 * and at the start, so that nobody learns it from a silent call. Thread: any.
 */
#ifndef TC_SERVER_NEEDS_H
#define TC_SERVER_NEEDS_H

#include "base/buf.h"
#include "server/config.h"

/* The speech model of our own orbs. 0, or a negative errno and in `why` what is missing and how to
 * get it. */
int tc_needs_speech(const struct tc_config *config, char *why, size_t size);
/* The program that is run as an orb. 0 and its path in `out`; or a negative errno and the reason.
 */
int tc_needs_orb(const struct tc_config *config, char *out, size_t size);
/* The names of settings that have a value and no use yet, with ", " between them. */
void tc_needs_unused(const struct tc_config *config, struct tc_buf *out);

#endif
