// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <string.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/json_priv.h"
#include "base/utf8.h"

/* One pass over the text, no recursion. */

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
		if (s->at >= s->end || tc_hex_digit(*s->at) < 0) {
			return false;
		}
	}
	return true;
}

/* Past what needs no look at all: ASCII that is no control character, quote or backslash. */
static const unsigned char *skip_plain(const unsigned char *at, const unsigned char *end)
{
	while (end - at >= 8) {
		uint64_t word = tc_load8(at);
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
