// SPDX-License-Identifier: Apache-2.0
#include "base/id.h"

#include <stdint.h>
#include <string.h>
#include <sys/random.h>

#include "base/assert.h"

static bool id_char(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == ':' || c == '@' || c == '-';
}

bool tc_id_valid_n(const char *id, size_t len)
{
	if (len < 1 || len > TC_ID_MAX) {
		return false;
	}
	for (size_t i = 0; i < len; i++) {
		if (!id_char((unsigned char)id[i])) {
			return false;
		}
	}
	return true;
}

bool tc_id_valid(const char *id)
{
	return tc_id_valid_n(id, strnlen(id, TC_ID_MAX + 1));
}

void tc_random_bytes(void *out, size_t len)
{
	unsigned char *p = out;
	while (len > 0) {
		size_t chunk = len < 256 ? len : 256;
		ssize_t n = getrandom(p, chunk, 0);
		TC_ASSERT(n > 0 || len == 0);
		p += n;
		len -= (size_t)n;
	}
}

void tc_id_random(char *out, size_t digits)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	for (size_t i = 0; i < digits; i++) {
		uint8_t byte;
		tc_random_bytes(&byte, 1);
		out[i] = alphabet[byte & 31];
	}
	out[digits] = '\0';
}
