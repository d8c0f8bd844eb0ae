/* server/http_limit.h -- how often somebody may fail: token buckets by key, in bounded memory.
 *
 * Keys are hashed with a random key of ours, so nobody can aim at another's bucket. When all places
 * of a row are taken the fullest bucket goes: the one with the least to forget. Thread: its
 * owner's.
 */
#ifndef TC_SERVER_HTTP_LIMIT_H
#define TC_SERVER_HTTP_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct tc_limit;

int tc_limit_create(struct tc_limit **out); /* about 200 KiB; -ENOMEM */
void tc_limit_destroy(struct tc_limit *limit);
/* Seconds to wait before this key may try again (0: now). burst failures are free, then one more
 * every refill_ms. Takes nothing. */
int64_t tc_limit_wait_s(struct tc_limit *limit, const char *key, int burst, int64_t refill_ms,
			int64_t now_ms);
void tc_limit_failed(struct tc_limit *limit, const char *key, int burst, int64_t refill_ms,
		     int64_t now_ms);
void tc_limit_forget(struct tc_limit *limit, const char *key);

#endif
