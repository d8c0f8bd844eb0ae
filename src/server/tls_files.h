/* server/tls_files.h -- looks at the certificate and its key before libwebsockets does: it cannot
 * take a half-made context down again on a foreign loop (it frees handles after the context they
 * look into).
 */
#ifndef TC_SERVER_TLS_FILES_H
#define TC_SERVER_TLS_FILES_H

#include <stddef.h>

/* 0, or a negative error with one line in `why`: unreadable, no PEM, or not a pair. */
int tc_tls_files_check(const char *cert, const char *key, char *why, size_t size);

#endif
