/* server/http_parse.h -- what a browser sends, taken apart: paths, forms, return addresses. Pure;
 * thread: any. */
#ifndef TC_SERVER_HTTP_PARSE_H
#define TC_SERVER_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/id.h"

/* "/room/:id/leave": one ":id" stands for a room's id, which goes to room (TC_ID_SIZE). */
bool tc_route_match(const char *pattern, const char *path, char room[TC_ID_SIZE]);
/* One field of an application/x-www-form-urlencoded body, decoded and 0-terminated. Its length, or
 * -ENOENT, -ENOSPC, -TC_EPARSE (a broken escape, a NUL). */
int tc_form_get(const char *body, size_t len, const char *name, char *out, size_t size);
/* Where to go after sign-in: "/", "/admin" or "/room/ID" and nothing else, so that no address can
 * lead away from us. Writes "/" for all others. */
void tc_return_path(const char *wanted, char *out, size_t size);
/* The value of Content-Length: digits and nothing else but space around them. -TC_EPARSE; a number
 * beyond any body of ours becomes SIZE_MAX. */
int tc_content_length(const char *text, size_t *out);
/* Does a list header ("gzip, br;q=0") accept this word? A quality of 0 refuses. */
bool tc_header_accepts(const char *list, const char *word);
/* The address that a proxy of ours put last into X-Forwarded-For; false: none. */
bool tc_forwarded_for(const char *header, char *out, size_t size);

#endif
