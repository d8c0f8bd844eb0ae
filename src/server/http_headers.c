// SPDX-License-Identifier: Apache-2.0
#include "server/http_headers.h"

#include <string.h>

#include "base/assert.h"
#include "base/buf.h"

const char *const tc_http_security_headers[][2] = {
	/* 'self' covers our WebSocket (CSP 3 section 6.7.2.8). */
	{"content-security-policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
	 "media-src 'self' blob:; connect-src 'self'; font-src 'self'; worker-src 'self'; "
	 "manifest-src 'self'; form-action 'self'; base-uri 'none'; "
	 "frame-ancestors 'none'"},
	{"permissions-policy", "camera=(self), microphone=(self), autoplay=(self), "
			       "speaker-selection=(self), display-capture=(), "
			       "geolocation=(), usb=(), payment=()"},
	{"referrer-policy", "no-referrer"},
	{"x-content-type-options", "nosniff"},
	{"x-frame-options", "DENY"},
	{"cross-origin-opener-policy", "same-origin"},
	{"cross-origin-resource-policy", "same-origin"},
	{NULL, NULL},
};

const char *tc_http_status_title(int status)
{
	static const struct {
		int status;
		const char *title;
	} titles[] = {
		{400, "Bad request"},         {401, "Not signed in"},
		{403, "Not allowed"},         {404, "Not found"},
		{405, "Method not allowed"},  {409, "Not now"},
		{411, "Length required"},     {413, "Too large"},
		{415, "Unsupported content"}, {426, "Upgrade required"},
		{429, "Too many attempts"},   {431, "Head too large"},
		{500, "Server error"},        {503, "Not available"},
	};
	for (size_t i = 0; i < TC_COUNT(titles); i++) {
		if (titles[i].status == status) {
			return titles[i].title;
		}
	}
	return "Error";
}

/* Not lws_return_http_status(): before the request is looked at that says HTTP/1.0, and its page
 * links to a style sheet that nobody has. */
void tc_http_say_no(struct lws *wsi, int status, const char *why, const char *more)
{
	char space[LWS_PRE + 2048];
	struct tc_buf buf;
	tc_buf_init_fixed(&buf, space + LWS_PRE, sizeof(space) - LWS_PRE);
	tc_buf_putf(&buf,
		    "HTTP/1.1 %d %s\r\ncontent-type: text/plain; charset=utf-8\r\n"
		    "content-length: %zu\r\ncache-control: no-store\r\nconnection: close\r\n%s",
		    status, tc_http_status_title(status), strlen(why) + 1, more);
	for (size_t i = 0; tc_http_security_headers[i][0]; i++) {
		tc_buf_putf(&buf, "%s: %s\r\n", tc_http_security_headers[i][0],
			    tc_http_security_headers[i][1]);
	}
	if (lws_is_ssl(wsi)) {
		tc_buf_putf(&buf, "%s: %s\r\n", TC_HTTP_HSTS_NAME, TC_HTTP_HSTS_VALUE);
	}
	tc_buf_putf(&buf, "\r\n%s\n", why);
	TC_ASSERT(!buf.err);
	/* Cut short or not: the connection ends next. */
	(void)!lws_write(wsi, (unsigned char *)buf.data, buf.len, LWS_WRITE_HTTP);
}
