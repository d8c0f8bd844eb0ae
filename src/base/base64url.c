// SPDX-License-Identifier: Apache-2.0
#include "base/base64url.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int tc_base64url_encode(const void *data, size_t len, char *out, size_t size)
{
	const uint8_t *from = data;
	size_t n = 0;
	uint32_t bits = 0;
	unsigned held = 0;
	if (len > SIZE_MAX / 2 || size < (len * 4 + 2) / 3 + 1) {
		return -ENOSPC;
	}
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | from[i];
		for (held += 8; held >= 6; held -= 6) {
			out[n++] = digits[bits >> (held - 6) & 63];
		}
	}
	if (held > 0) {
		out[n++] = digits[bits << (6 - held) & 63];
	}
	out[n] = '\0';
	return (int)n;
}

int tc_base64url_decode(const char *text, size_t len, void *out, size_t size)
{
	uint8_t *to = out;
	size_t n = 0;
	uint32_t bits = 0;
	unsigned held = 0;
	if (len / 4 * 3 > size) {
		return -ENOSPC;
	}
	for (size_t i = 0; i < len; i++) {
		const char *digit = text[i] ? strchr(digits, text[i]) : NULL;
		if (!digit) {
			return -TC_EPARSE;
		}
		bits = bits << 6 | (uint32_t)(digit - digits);
		held += 6;
		if (held >= 8) {
			held -= 8;
			if (n == size) {
				return -ENOSPC;
			}
			to[n++] = (uint8_t)(bits >> held);
		}
	}
	bool stray = held >= 6 || (bits & ((1u << held) - 1)) != 0;
	return stray ? -TC_EPARSE : (int)n;
}
