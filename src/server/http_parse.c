// SPDX-License-Identifier: Apache-2.0
#include "server/http_parse.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"

bool tc_route_match(const char *pattern, const char *path, char room[TC_ID_SIZE])
{
	while (*pattern) {
		if (*pattern != ':') {
			if (*pattern++ != *path++) {
				return false;
			}
			continue;
		}
		size_t n = strcspn(path, "/");
		if (!tc_id_valid_n(path, n)) {
			return false;
		}
		memcpy(room, path, n);
		room[n] = '\0';
		path += n;
		pattern += strcspn(pattern, "/");
	}
	return *path == '\0';
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* %XX and + back into bytes. */
static int decode(const char *text, size_t len, char *out, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		char c = text[i] == '+' ? ' ' : text[i];
		if (text[i] == '%') {
			int high = len - i > 2 ? hex(text[i + 1]) : -1;
			int low = high < 0 ? -1 : hex(text[i + 2]);
			if (low < 0) {
				return -TC_EPARSE;
			}
			c = (char)(high << 4 | low);
			i += 2;
		}
		if (c == '\0') {
			return -TC_EPARSE;
		}
		if (n + 1 >= size) {
			return -ENOSPC;
		}
		out[n++] = c;
	}
	out[n] = '\0';
	return (int)n;
}

int tc_form_get(const char *body, size_t len, const char *name, char *out, size_t size)
{
	size_t name_len = strlen(name);
	while (len > 0) {
		const char *amp = memchr(body, '&', len);
		size_t n = amp ? (size_t)(amp - body) : len;
		if (n > name_len && memcmp(body, name, name_len) == 0 && body[name_len] == '=') {
			return decode(body + name_len + 1, n - name_len - 1, out, size);
		}
		n += amp != NULL;
		body += n;
		len -= n;
	}
	return -ENOENT;
}

void tc_return_path(const char *wanted, char *out, size_t size)
{
	char room[TC_ID_SIZE];
	bool ok = wanted &&
		  (tc_route_match("/room/:id", wanted, room) || strcmp(wanted, "/admin") == 0);
	snprintf(out, size, "%s", ok ? wanted : "/");
}

int tc_content_length(const char *text, size_t *out)
{
	text += strspn(text, " \t");
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || text[digits + strspn(text + digits, " \t")] != '\0') {
		return -TC_EPARSE;
	}
	*out = digits < 16 ? strtoull(text, NULL, 10) : SIZE_MAX;
	return 0;
}

bool tc_header_accepts(const char *list, const char *word)
{
	size_t n = strlen(word);
	for (const char *p = list ? list : ""; *p;) {
		p += strspn(p, " \t,");
		size_t len = strcspn(p, ",");
		size_t name = strcspn(p, " \t;,");
		if (name == n && strncasecmp(p, word, n) == 0) {
			const char *q = strcasestr(p, "q=");
			return !q || q >= p + len || strtod(q + 2, NULL) > 0;
		}
		p += len;
	}
	return false;
}

bool tc_forwarded_for(const char *header, char *out, size_t size)
{
	const char *comma = header ? strrchr(header, ',') : NULL;
	const char *last = comma ? comma + 1 : header;
	if (!last) {
		return false;
	}
	last += strspn(last, " \t");
	size_t n = strcspn(last, " \t");
	if (n == 0 || n >= size || strspn(last, "0123456789abcdefABCDEF.:[]") < n) {
		return false;
	}
	memcpy(out, last, n);
	out[n] = '\0';
	return true;
}
