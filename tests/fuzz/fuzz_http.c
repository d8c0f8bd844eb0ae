// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a Cookie header, a form, a path, a return address, a list header. */
#include "server/access_gate.h"
#include "server/http_parse.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void cookies(const char *text)
{
	const char *at = text;
	const char *end = text + strlen(text);
	struct tc_cookie cookie;
	char value[64];
	while (tc_cookie_next(&at, &cookie)) {
		TC_ASSERT(cookie.name >= text && cookie.value + cookie.value_len <= end);
	}
	int n = tc_cookie_get(text, "a", value, sizeof(value));
	TC_ASSERT(n < 0 || strlen(value) == (size_t)n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char small[16];
	char out[256];
	char room[TC_ID_SIZE] = "";
	if (!text) {
		return 0;
	}
	memcpy(text, data, size);
	text[size] = '\0';
	cookies(text);
	int n = tc_form_get(text, size, "email", out, sizeof(out));
	TC_ASSERT(n < 0 || strlen(out) == (size_t)n);
	n = tc_form_get(text, size, "email", small, sizeof(small));
	TC_ASSERT(n < (int)sizeof(small));
	if (tc_route_match("/room/:id/leave", text, room)) {
		TC_ASSERT(tc_id_valid(room));
	}
	tc_return_path(text, out, sizeof(out));
	TC_ASSERT(out[0] == '/' && out[1] != '/' && out[1] != '\\');
	(void)tc_header_accepts(text, "gzip");
	size_t length;
	(void)tc_content_length(text, &length);
	(void)tc_forwarded_for(text, out, sizeof(out));
	free(text);
	return 0;
}
