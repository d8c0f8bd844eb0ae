/* base/hash.h -- FNV-1a, 64 bits: short keys to buckets, contents to a name. Not for what must be
 * hard to guess: where strangers choose the keys of a table, begin with a random seed and mix.
 * Thread: any. */
#ifndef TC_BASE_HASH_H
#define TC_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define TC_HASH_START 0xcbf29ce484222325u

static inline uint64_t tc_hash_byte(uint64_t hash, unsigned char byte)
{
	return (hash ^ byte) * 0x100000001b3u;
}

static inline uint64_t tc_hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t hash = TC_HASH_START;
	for (size_t i = 0; i < len; i++) {
		hash = tc_hash_byte(hash, p[i]);
	}
	return hash;
}

/* Goes on from `hash`: TC_HASH_START, or a seed. */
static inline uint64_t tc_hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++) {
		hash = tc_hash_byte(hash, (unsigned char)*text);
	}
	return hash;
}

/* Spreads over all bits what FNV-1a leaves in some of them (splitmix64's last steps). */
static inline uint64_t tc_hash_mix(uint64_t hash)
{
	hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9u;
	hash = (hash ^ hash >> 27) * 0x94d049bb133111ebu;
	return hash ^ hash >> 31;
}

#endif
