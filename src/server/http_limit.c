// SPDX-License-Identifier: Apache-2.0
#include "server/http_limit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/id.h"

#define ROWS 1024
#define WAYS 8

/* A bucket that was full at `full_ms` and has been filling since it was last taken from: the time
 * at which it is full again says everything. */
struct bucket {
	uint64_t key; /* 0: free */
	int64_t full_ms;
};

struct tc_limit {
	struct bucket row[ROWS][WAYS];
	uint64_t seed;
};

int tc_limit_create(struct tc_limit **out)
{
	struct tc_limit *limit = calloc(1, sizeof(*limit));
	if (!limit) {
		return -ENOMEM;
	}
	tc_random_bytes(&limit->seed, sizeof(limit->seed));
	*out = limit;
	return 0;
}

void tc_limit_destroy(struct tc_limit *limit)
{
	free(limit);
}

/* Seeded; never 0. */
static uint64_t hash(const struct tc_limit *limit, const char *key)
{
	uint64_t h = limit->seed;
	for (const char *p = key; *p; p++) {
		unsigned char c = (unsigned char)*p;
		/* As emails compare: without case. */
		c = c >= 'A' && c <= 'Z' ? c + 32 : c;
		h = tc_hash_byte(h, c);
	}
	h = tc_hash_mix(h);
	return h ? h : 1;
}

static struct bucket *find(struct tc_limit *limit, uint64_t key)
{
	struct bucket *row = limit->row[key % ROWS];
	for (int i = 0; i < WAYS; i++) {
		if (row[i].key == key) {
			return &row[i];
		}
	}
	return NULL;
}

static struct bucket *take_place(struct tc_limit *limit, uint64_t key)
{
	struct bucket *row = limit->row[key % ROWS];
	struct bucket *best = &row[0];
	for (int i = 1; i < WAYS; i++) {
		if (row[i].full_ms < best->full_ms) {
			best = &row[i];
		}
	}
	*best = (struct bucket){.key = key};
	return best;
}

int64_t tc_limit_wait_s(struct tc_limit *limit, const char *key, int burst, int64_t refill_ms,
			int64_t now_ms)
{
	const struct bucket *bucket = find(limit, hash(limit, key));
	int64_t owed_ms = bucket ? bucket->full_ms - now_ms : 0;
	int64_t over_ms = owed_ms - (int64_t)(burst - 1) * refill_ms;
	return over_ms > 0 ? (over_ms + 999) / 1000 : 0;
}

void tc_limit_failed(struct tc_limit *limit, const char *key, int burst, int64_t refill_ms,
		     int64_t now_ms)
{
	uint64_t h = hash(limit, key);
	struct bucket *bucket = find(limit, h);
	if (!bucket) {
		bucket = take_place(limit, h);
	}
	int64_t from = bucket->full_ms > now_ms ? bucket->full_ms : now_ms;
	int64_t most = now_ms + (int64_t)burst * refill_ms;
	bucket->full_ms = from + refill_ms < most ? from + refill_ms : most;
}

void tc_limit_forget(struct tc_limit *limit, const char *key)
{
	struct bucket *bucket = find(limit, hash(limit, key));
	if (bucket) {
		*bucket = (struct bucket){0};
	}
}
