// SPDX-License-Identifier: Apache-2.0
#include "server/http_framing.h"

#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "server/http.h"
#include "server/http_parse.h"

/* The field of this name that came as number `index`, also when it is empty. */
static bool is_there(struct lws *wsi, enum lws_token_indexes name, int index)
{
	char none[1];
	return lws_hdr_fragment_length(wsi, name, index) > 0 ||
	       lws_hdr_copy_fragment(wsi, none, sizeof(none), name, index) == 0;
}

/* RFC 9112 section 5.1: no space before the colon. libwebsockets takes such a field for another
 * one that it does not know, and lists those to nobody: each way to write up to BLANKS_MAX of them
 * is asked for. */
#define BLANKS_MAX 4

static bool hides(struct lws *wsi, const char *name)
{
	for (unsigned count = 1; count <= BLANKS_MAX; count++) {
		for (unsigned tabs = 0; tabs < 1u << count; tabs++) {
			char field[32];
			size_t len = (size_t)snprintf(field, sizeof(field), "%s", name);
			for (unsigned i = 0; i < count; i++) {
				field[len++] = tabs >> i & 1 ? '\t' : ' ';
			}
			field[len++] = ':';
			if (lws_hdr_custom_length(wsi, field, (int)len) >= 0) {
				return true;
			}
		}
	}
	return false;
}

static bool hides_framing(struct lws *wsi)
{
	return hides(wsi, "content-length") || hides(wsi, "transfer-encoding") ||
	       hides(wsi, "host");
}

/* RFC 9112 section 3.2: exactly one; HTTP/1.0 knows none. */
static bool host_is_clear(struct lws *wsi)
{
	char version[16] = "";
	(void)lws_hdr_copy_fragment(wsi, version, sizeof(version), WSI_TOKEN_HTTP, 0);
	bool needed = strcmp(version, "HTTP/1.0") != 0;
	return !is_there(wsi, WSI_TOKEN_HOST, 1) && (!needed || is_there(wsi, WSI_TOKEN_HOST, 0));
}

/* RFC 9112 section 6.3: a length that is none, or two of them, cannot be recovered from. */
static bool read_length(struct lws *wsi, size_t *out)
{
	char text[64];
	int len = lws_hdr_copy_fragment(wsi, text, sizeof(text), WSI_TOKEN_HTTP_CONTENT_LENGTH, 0);
	return len > 0 && strlen(text) == (size_t)len &&
	       !is_there(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, 1) &&
	       tc_content_length(text, out) == 0;
}

/* RFC 6585 section 5. */
static bool is_too_long(struct lws *wsi)
{
	size_t len = 0;
	for (int i = 0; i < WSI_TOKEN_COUNT; i++) {
		len += (size_t)lws_hdr_total_length(wsi, (enum lws_token_indexes)i);
	}
	return len > TC_HTTP_MAX_HEAD;
}

int tc_http_framing(struct lws *wsi, struct tc_http_framing *out, const char **why)
{
	*out = (struct tc_http_framing){.has_length =
						is_there(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, 0)};
	bool coded = is_there(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING, 0);
	if (is_too_long(wsi)) {
		*why = "the address and the headers are too long";
		return 431;
	}
	if (!host_is_clear(wsi)) {
		*why = "send one Host";
		return 400;
	}
	/* RFC 9112 section 6.1: both of them are an attempt at smuggling. */
	if (hides_framing(wsi) || (coded && out->has_length)) {
		*why = "it is not clear where this request ends";
		return 400;
	}
	if (coded) { /* libwebsockets reads no chunks */
		*why = "send a Content-Length";
		return 411;
	}
	if (out->has_length && !read_length(wsi, &out->length)) {
		*why = "Content-Length is not one number";
		return 400;
	}
	if (out->length > TC_HTTP_MAX_BODY) {
		*why = "the body is too large";
		return 413;
	}
	return 0;
}
