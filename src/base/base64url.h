/* base/base64url.h -- RFC 4648 section 5, without padding: what tokens are written in. Thread: any.
 */
#ifndef TC_BASE_BASE64URL_H
#define TC_BASE_BASE64URL_H

#include <stddef.h>

/* Bytes written (with a 0 behind), or -ENOSPC. */
int tc_base64url_encode(const void *data, size_t len, char *out, size_t size);
/* Strict: no padding, no other character, no stray bits. Bytes written, or -TC_EPARSE, -ENOSPC. */
int tc_base64url_decode(const char *text, size_t len, void *out, size_t size);

#endif
