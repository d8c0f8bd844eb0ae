// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json_priv.h"
#include "base/utf8.h"

static uint32_t hex4(const char *p)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++) {
		v = v << 4 | (uint32_t)tc_hex_digit((unsigned char)p[i]);
	}
	return v;
}

/* One escape at p (behind the backslash) to UTF-8 in out[4]; *used = bytes of input taken. */
static size_t unescape(const char *p, const char *end, char out[4], size_t *used)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	*used = 1;
	if (*p != 'u') {
		out[0] = to[strchr(from, *p) - from];
		return 1;
	}
	uint32_t code = hex4(p + 1);
	*used = 5;
	if (code >= 0xd800 && code < 0xdc00 && end - p >= 11 && p[5] == '\\' && p[6] == 'u') {
		uint32_t low = hex4(p + 7);
		if (low >= 0xdc00 && low < 0xe000) {
			code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
			*used = 11;
		}
	}
	if (code >= 0xd800 && code < 0xe000) {
		code = 0xfffd; /* a lone surrogate has no UTF-8 */
	}
	return tc_utf8_put(out, code);
}

/* Feeds the unescaped pieces of a string value to `take` until it returns false. */
struct piece {
	const char *data;
	size_t len;
};
static bool next_piece(const char **at, const char *end, char tmp[4], struct piece *piece)
{
	if (*at >= end) {
		return false;
	}
	if (**at == '\\') {
		size_t used;
		piece->len = unescape(*at + 1, end, tmp, &used);
		piece->data = tmp;
		*at += 1 + used;
		return true;
	}
	const char *stop = memchr(*at, '\\', (size_t)(end - *at));
	if (!stop) {
		stop = end;
	}
	*piece = (struct piece){*at, (size_t)(stop - *at)};
	*at = stop;
	return true;
}

bool tc_json_str_eq(struct tc_json value, const char *text)
{
	if (tc_json_type(value) != TC_JSON_STRING) {
		return false;
	}
	const char *at = value.at + 1;
	const char *end = value.at + value.len - 1;
	size_t left = strlen(text);
	if ((size_t)(end - at) < left) {
		return false;
	}
	char tmp[4];
	struct piece piece;
	while (next_piece(&at, end, tmp, &piece)) {
		if (piece.len > left || memcmp(piece.data, text, piece.len) != 0) {
			return false;
		}
		text += piece.len;
		left -= piece.len;
	}
	return left == 0;
}

int tc_json_str(struct tc_json value, char *out, size_t size)
{
	if (tc_json_type(value) != TC_JSON_STRING) {
		return -EINVAL;
	}
	const char *at = value.at + 1;
	const char *end = value.at + value.len - 1;
	size_t len = 0;
	char tmp[4];
	struct piece piece;
	while (next_piece(&at, end, tmp, &piece)) {
		if (piece.len >= size - len) {
			return -ENOSPC;
		}
		memcpy(out + len, piece.data, piece.len);
		len += piece.len;
	}
	if (memchr(out, '\0', len)) {
		return -EINVAL;
	}
	out[len] = '\0';
	return (int)len;
}

char *tc_json_strdup(struct tc_json value)
{
	if (tc_json_type(value) != TC_JSON_STRING) {
		return NULL;
	}
	char *out = malloc(value.len); /* unescaping only shortens; two quotes pay for the 0 */
	if (out && tc_json_str(value, out, value.len) < 0) {
		free(out);
		out = NULL;
	}
	return out;
}
