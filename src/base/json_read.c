// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/utf8.h"

/* --- checking: one pass over the text, no recursion --- */

struct scan {
	const unsigned char *at;
	const unsigned char *end;
};

static void skip_space(struct scan *s)
{
	while (s->at < s->end &&
	       (*s->at == ' ' || *s->at == '\t' || *s->at == '\n' || *s->at == '\r')) {
		s->at++;
	}
}

static int hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool scan_escape(struct scan *s)
{
	if (s->at >= s->end) {
		return false;
	}
	unsigned char c = *s->at++;
	if (c != 'u') {
		return c && strchr("\"\\/bfnrt", c) != NULL;
	}
	for (int i = 0; i < 4; i++, s->at++) {
		if (s->at >= s->end || hex_digit(*s->at) < 0) {
			return false;
		}
	}
	return true;
}

/* Eight bytes at a time, since strings are most of a message (Warren, Hacker's Delight, 6-1): a
 * byte of `word` equals c, or is below n (n <= 128), wherever the result has its top bit set. A hit
 * may have false ones above it, never below. */
#define EACH           0x0101010101010101u
#define TOPS           0x8080808080808080u
#define ZERO(word)     (((word)-EACH) & ~(word)&TOPS)
#define EQUAL(word, c) ZERO((word) ^ (EACH * (unsigned char)(c)))
#define BELOW(word, n) (((word)-EACH * (n)) & ~(word)&TOPS)

static uint64_t load8(const void *at)
{
	uint64_t word;
	memcpy(&word, at, sizeof(word));
	return word;
}

/* Past what needs no look at all: ASCII that is no control character, quote or backslash. */
static const unsigned char *skip_plain(const unsigned char *at, const unsigned char *end)
{
	while (end - at >= 8) {
		uint64_t word = load8(at);
		if ((word & TOPS) | EQUAL(word, '"') | EQUAL(word, '\\') | BELOW(word, 0x20)) {
			break;
		}
		at += 8;
	}
	return at;
}

/* Past the closing quote; s->at is behind the opening one. */
static bool scan_string(struct scan *s)
{
	s->at = skip_plain(s->at, s->end);
	while (s->at < s->end) {
		unsigned char c = *s->at;
		if (c == '"') {
			s->at++;
			return true;
		}
		if (c == '\\') {
			s->at++;
			if (!scan_escape(s)) {
				return false;
			}
			s->at = skip_plain(s->at, s->end);
		} else if (c < 0x20) {
			return false;
		} else if (c < 0x80) {
			s->at++;
		} else {
			size_t n = tc_utf8_len(s->at, (size_t)(s->end - s->at));
			if (n == 0) {
				return false;
			}
			s->at += n;
		}
	}
	return false;
}

static bool scan_digits(struct scan *s)
{
	const unsigned char *start = s->at;
	while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
		s->at++;
	}
	return s->at > start;
}

static bool scan_number(struct scan *s)
{
	if (*s->at == '-') {
		s->at++;
	}
	if (s->at < s->end && *s->at == '0') {
		s->at++;
	} else if (!scan_digits(s)) {
		return false;
	}
	if (s->at < s->end && *s->at == '.') {
		s->at++;
		if (!scan_digits(s)) {
			return false;
		}
	}
	if (s->at < s->end && (*s->at | 0x20) == 'e') {
		s->at++;
		if (s->at < s->end && (*s->at == '+' || *s->at == '-')) {
			s->at++;
		}
		return scan_digits(s);
	}
	return true;
}

static bool scan_word(struct scan *s, const char *word)
{
	size_t n = strlen(word);
	if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0) {
		return false;
	}
	s->at += n;
	return true;
}

static bool scan_scalar(struct scan *s)
{
	switch (*s->at) {
	case '"':
		s->at++;
		return scan_string(s);
	case 't':
		return scan_word(s, "true");
	case 'f':
		return scan_word(s, "false");
	case 'n':
		return scan_word(s, "null");
	default:
		return scan_number(s);
	}
}

static bool scan_key(struct scan *s)
{
	skip_space(s);
	if (s->at >= s->end || *s->at != '"') {
		return false;
	}
	s->at++;
	if (!scan_string(s)) {
		return false;
	}
	skip_space(s);
	if (s->at >= s->end || *s->at != ':') {
		return false;
	}
	s->at++;
	return true;
}

/* After a value: takes commas and closings. 1: another value follows; 0: all closed; -1: malformed.
 */
static int scan_after(struct scan *s, const char *stack, int *depth)
{
	while (*depth > 0) {
		skip_space(s);
		if (s->at >= s->end) {
			return -1;
		}
		char open = stack[*depth - 1];
		unsigned char c = *s->at++;
		if (c == ',') {
			return open == '{' && !scan_key(s) ? -1 : 1;
		}
		if (c != (open == '{' ? '}' : ']')) {
			s->at--;
			return -1;
		}
		(*depth)--;
	}
	return 0;
}

static int scan_value(struct scan *s)
{
	char stack[TC_JSON_MAX_DEPTH];
	int depth = 0;
	for (;;) {
		skip_space(s);
		if (s->at >= s->end) {
			return -TC_EPARSE;
		}
		unsigned char c = *s->at;
		if (c == '{' || c == '[') {
			if (depth == TC_JSON_MAX_DEPTH) {
				return -TC_ELIMIT;
			}
			stack[depth++] = (char)c;
			s->at++;
			skip_space(s);
			if (s->at < s->end && *s->at == (c == '{' ? '}' : ']')) {
				s->at++;
				depth--;
			} else if (c == '{' && !scan_key(s)) {
				return -TC_EPARSE;
			} else {
				continue;
			}
		} else if (!scan_scalar(s)) {
			return -TC_EPARSE;
		}
		int more = scan_after(s, stack, &depth);
		if (more <= 0) {
			return more < 0 ? -TC_EPARSE : 0;
		}
	}
}

int tc_json_parse(struct tc_json *out, const char *text, size_t len, size_t *error_at)
{
	struct scan s = {(const unsigned char *)text, (const unsigned char *)text + len};
	skip_space(&s);
	const unsigned char *start = s.at;
	int err = scan_value(&s);
	const unsigned char *stop = s.at;
	if (!err) {
		skip_space(&s);
		if (s.at < s.end) {
			err = -TC_EPARSE;
		}
	}
	if (err) {
		if (error_at) {
			*error_at = (size_t)(s.at - (const unsigned char *)text);
		}
		return err;
	}
	*out = (struct tc_json){(const char *)start, (size_t)(stop - start)};
	return 0;
}

/* --- walking: the text is known to be well-formed --- */

static const char *next_token(const char *p, const char *end)
{
	while (p < end &&
	       (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r' || *p == ',' || *p == ':')) {
		p++;
	}
	return p;
}

static const char *string_end(const char *p, const char *end)
{
	p++;
	while (p < end && *p != '"') {
		if (*p == '\\') {
			p++;
		}
		p++;
		while (end - p >= 8 && !(EQUAL(load8(p), '"') | EQUAL(load8(p), '\\'))) {
			p += 8;
		}
	}
	return p < end ? p + 1 : end;
}

static const char *value_end(const char *p, const char *end)
{
	if (p >= end) {
		return end;
	}
	if (*p == '"') {
		return string_end(p, end);
	}
	if (*p != '{' && *p != '[') {
		while (p < end && !strchr(",]} \t\r\n", *p)) {
			p++;
		}
		return p;
	}
	int depth = 0;
	while (p < end) {
		if (*p == '"') {
			p = string_end(p, end);
			continue;
		}
		if (*p == '{' || *p == '[') {
			depth++;
		} else if (*p == '}' || *p == ']') {
			depth--;
		}
		p++;
		if (depth == 0) {
			break;
		}
	}
	return p;
}

enum tc_json_type tc_json_type(struct tc_json value)
{
	if (value.len == 0) {
		return TC_JSON_NONE;
	}
	switch (value.at[0]) {
	case '{':
		return TC_JSON_OBJECT;
	case '[':
		return TC_JSON_ARRAY;
	case '"':
		return TC_JSON_STRING;
	case 't':
	case 'f':
		return TC_JSON_BOOL;
	case 'n':
		return TC_JSON_NULL;
	default:
		return TC_JSON_NUMBER;
	}
}

const char *tc_json_type_str(enum tc_json_type type)
{
	static const char *const names[] = {"nothing",  "null",     "a boolean", "a number",
					    "a string", "an array", "an object"};
	return names[type];
}

struct tc_json_iter tc_json_iter(struct tc_json container)
{
	struct tc_json_iter it = {0};
	enum tc_json_type type = tc_json_type(container);
	if (type == TC_JSON_OBJECT || type == TC_JSON_ARRAY) {
		it.at = container.at + 1;
		it.end = container.at + container.len - 1;
		it.object = type == TC_JSON_OBJECT;
	}
	return it;
}

bool tc_json_next(struct tc_json_iter *it)
{
	if (!it->at) {
		return false;
	}
	const char *p = next_token(it->at, it->end);
	if (p >= it->end) {
		return false;
	}
	if (it->object) {
		const char *stop = string_end(p, it->end);
		it->key = (struct tc_json){p, (size_t)(stop - p)};
		p = next_token(stop, it->end);
	}
	const char *stop = value_end(p, it->end);
	it->value = (struct tc_json){p, (size_t)(stop - p)};
	it->at = stop;
	return true;
}

bool tc_json_get(struct tc_json object, const char *key, struct tc_json *out)
{
	bool found = false;
	*out = (struct tc_json){0};
	if (tc_json_type(object) != TC_JSON_OBJECT) {
		return false;
	}
	struct tc_json_iter it = tc_json_iter(object);
	while (tc_json_next(&it)) {
		if (tc_json_str_eq(it.key, key)) {
			*out = it.value;
			found = true;
		}
	}
	return found;
}

static uint32_t hex4(const char *p)
{
	uint32_t v = 0;
	for (int i = 0; i < 4; i++) {
		v = v << 4 | (uint32_t)hex_digit((unsigned char)p[i]);
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

int tc_json_double(struct tc_json value, double *out)
{
	char text[64];
	if (tc_json_type(value) != TC_JSON_NUMBER || value.len >= sizeof(text)) {
		return -EINVAL;
	}
	memcpy(text, value.at, value.len);
	text[value.len] = '\0';
	*out = strtod(text, NULL);
	return isfinite(*out) ? 0 : -EINVAL;
}

int tc_json_int(struct tc_json value, int64_t *out)
{
	double v;
	int err = tc_json_double(value, &v);
	if (err) {
		return err;
	}
	/* The range JavaScript keeps exact; ids and times of ours stay far inside it. */
	if (v != floor(v) || fabs(v) > 9007199254740991.0) {
		return -EINVAL;
	}
	*out = (int64_t)v;
	return 0;
}

int tc_json_bool(struct tc_json value, bool *out)
{
	if (tc_json_type(value) != TC_JSON_BOOL) {
		return -EINVAL;
	}
	*out = value.at[0] == 't';
	return 0;
}

int tc_json_get_str(struct tc_json object, const char *key, char *out, size_t size)
{
	struct tc_json v;
	return tc_json_get(object, key, &v) ? tc_json_str(v, out, size) : -ENOENT;
}

int tc_json_get_int(struct tc_json object, const char *key, int64_t *out)
{
	struct tc_json v;
	return tc_json_get(object, key, &v) ? tc_json_int(v, out) : -ENOENT;
}

int tc_json_get_bool(struct tc_json object, const char *key, bool *out)
{
	struct tc_json v;
	return tc_json_get(object, key, &v) ? tc_json_bool(v, out) : -ENOENT;
}
