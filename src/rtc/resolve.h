/* rtc/resolve.h -- the addresses of a host name, looked up beside the loop: neither libnice nor
 * libwebsockets can be trusted with a name, the one takes none, the other waits for its answer.
 *
 * Thread: the loop's.
 */
#ifndef TC_RTC_RESOLVE_H
#define TC_RTC_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>

#include "rtc/loop.h"

struct tc_resolve;

/* IPv4 first: a v6 address is of no use to those who have only v4, and more have. Borrowed for the
 * call. None: `error` says why. */
typedef void (*tc_resolve_fn)(void *user, const char *const *addresses, size_t count,
			      const char *error);

bool tc_resolve_is_address(const char *host); /* nothing to look up */
/* done comes once, on a later turn of the loop, unless cancelled; the request is gone then.
 * -ENOMEM. */
int tc_resolve_start(struct tc_resolve **out, struct tc_loop *loop, const char *host,
		     tc_resolve_fn done, void *user);
void tc_resolve_cancel(struct tc_resolve *resolve); /* NULL-safe; done does not come */

#endif
