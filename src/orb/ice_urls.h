/* orb/ice_urls.h -- STUN and TURN servers as configuration names them (RFC 7064, RFC 7065). Pure.
 */
#ifndef TC_ORB_ICE_URLS_H
#define TC_ORB_ICE_URLS_H

#include <stdbool.h>
#include <stddef.h>

#define TC_ICE_URL_HOST 256

/* "HOST[:PORT]" of the first of the comma- or space-separated `urls` (NULL: none) that has this
 * scheme ("stun:") and is not for TCP, which we do not speak. False: there is none, or it is too
 * long. */
bool tc_ice_url_first(const char *urls, const char *scheme, char *out, size_t size);

#endif
