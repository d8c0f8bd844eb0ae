// SPDX-License-Identifier: Apache-2.0
#include "server/access_gate.h"

#include <errno.h>
#include <string.h>

bool tc_cookie_next(const char **at, struct tc_cookie *out)
{
	const char *p = *at;
	while (p && *p) {
		p += strspn(p, " \t;");
		size_t len = strcspn(p, ";");
		const char *eq = memchr(p, '=', len);
		const char *pair = p;
		p += len;
		if (!eq) {
			continue;
		}
		while (len && (pair[len - 1] == ' ' || pair[len - 1] == '\t')) {
			len--;
		}
		*out = (struct tc_cookie){
			.name = pair,
			.name_len = (size_t)(eq - pair),
			.value = eq + 1,
			.value_len = pair + len > eq + 1 ? (size_t)(pair + len - eq - 1) : 0,
		};
		*at = p;
		return true;
	}
	*at = p;
	return false;
}

int tc_cookie_get(const char *header, const char *name, char *out, size_t size)
{
	struct tc_cookie cookie;
	size_t n = strlen(name);
	while (tc_cookie_next(&header, &cookie)) {
		if (cookie.name_len != n || memcmp(cookie.name, name, n) != 0) {
			continue;
		}
		if (cookie.value_len >= size) {
			return -ENOSPC;
		}
		memcpy(out, cookie.value, cookie.value_len);
		out[cookie.value_len] = '\0';
		return (int)cookie.value_len;
	}
	return -ENOENT;
}
