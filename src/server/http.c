// SPDX-License-Identifier: Apache-2.0
#include "server/http.h"

#include <string.h>

const size_t tc_http_session_size = 0;

static int answer(struct lws *wsi, unsigned status, const char *body)
{
	unsigned char head[LWS_PRE + 512];
	unsigned char *start = head + LWS_PRE, *at = start, *end = head + sizeof(head);
	size_t len = strlen(body);
	if (lws_add_http_common_headers(wsi, status, "text/plain; charset=utf-8", len, &at, end) ||
	    lws_finalize_write_http_header(wsi, start, &at, end)) {
		return 1;
	}
	unsigned char out[LWS_PRE + 64];
	memcpy(out + LWS_PRE, body, len);
	if (lws_write(wsi, out + LWS_PRE, len, LWS_WRITE_HTTP_FINAL) != (int)len) {
		return 1;
	}
	return lws_http_transaction_completed(wsi);
}

int tc_http_callback(struct lws *wsi, enum lws_callback_reasons reason, void *session, void *in,
		     size_t len)
{
	if (reason == LWS_CALLBACK_HTTP) {
		if (strcmp(in, "/healthz") == 0) {
			return answer(wsi, 200, "ok\n");
		}
		return answer(wsi, 404, "not found\n");
	}
	return lws_callback_http_dummy(wsi, reason, session, in, len);
}
