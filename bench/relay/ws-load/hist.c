// SPDX-License-Identifier: Apache-2.0
/* Latencies, counted. */
#define _GNU_SOURCE
#include "load.h"

/* ---------------------------------------------------------------- latency histogram
 * Log-linear: 64 buckets an octave (1.6 % wide), nanoseconds, whole 64-bit range. */

static unsigned hist_index(uint64_t v)
{
	if (v < SUB)
		return (unsigned)v;
	unsigned shift = 63u - (unsigned)__builtin_clzll(v) - SUB_BITS;
	return (shift + 1) * SUB + (unsigned)((v >> shift) - SUB);
}

static uint64_t hist_value(unsigned i)
{ /* middle of bucket i */
	if (i < SUB)
		return i;
	unsigned shift = i / SUB - 1;
	return ((uint64_t)(i % SUB + SUB) << shift) + ((1ull << shift) >> 1);
}

void hist_add(struct hist *h, uint64_t v)
{
	h->count++;
	h->sum += v;
	if (v > h->max)
		h->max = v;
	h->bucket[hist_index(v)]++;
}

double hist_us(const struct hist *h, double q)
{
	if (h->count == 0)
		return 0;
	uint64_t want = (uint64_t)(q * (double)h->count), seen = 0;
	if (want >= h->count)
		want = h->count - 1;
	for (unsigned i = 0; i < BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen > want)
			return (double)(hist_value(i) < h->max ? hist_value(i) : h->max) / 1e3;
	}
	return (double)h->max / 1e3;
}
