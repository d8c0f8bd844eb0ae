// SPDX-License-Identifier: Apache-2.0
#include "orb/ice_urls.h"

#include <string.h>

static bool by_tcp(const char *url, size_t len)
{
	static const char tcp[] = "?transport=tcp";
	return len >= sizeof(tcp) - 1 &&
	       strncmp(url + len - (sizeof(tcp) - 1), tcp, sizeof(tcp) - 1) == 0;
}

bool tc_ice_url_first(const char *urls, const char *scheme, char *out, size_t size)
{
	size_t prefix = strlen(scheme);
	for (const char *at = urls ? urls : ""; *at;) {
		at += strspn(at, ", ");
		size_t len = strcspn(at, ", ");
		size_t host = len > prefix ? strcspn(at + prefix, "?, ") : 0;
		if (host > 0 && host < size && strncmp(at, scheme, prefix) == 0 &&
		    !by_tcp(at, len)) {
			memcpy(out, at + prefix, host);
			out[host] = '\0';
			return true;
		}
		at += len;
	}
	return false;
}
