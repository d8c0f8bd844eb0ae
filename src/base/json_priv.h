/* base/json_priv.h -- what checking, walking and unescaping share. */
#ifndef TC_BASE_JSON_PRIV_H
#define TC_BASE_JSON_PRIV_H

#include <stdint.h>
#include <string.h>

static inline int tc_hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Eight bytes at a time, since strings are most of a message (Warren, Hacker's Delight, 6-1): a
 * byte of `word` equals c, or is below n (n <= 128), wherever the result has its top bit set. A hit
 * may have false ones above it, never below. */
#define EACH           0x0101010101010101u
#define TOPS           0x8080808080808080u
#define ZERO(word)     (((word)-EACH) & ~(word)&TOPS)
#define EQUAL(word, c) ZERO((word) ^ (EACH * (unsigned char)(c)))
#define BELOW(word, n) (((word)-EACH * (n)) & ~(word)&TOPS)

static inline uint64_t tc_load8(const void *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

#endif
