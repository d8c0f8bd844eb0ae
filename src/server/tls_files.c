// SPDX-License-Identifier: Apache-2.0
#include "server/tls_files.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/err.h"

static int check_readable(const char *file, char *why, size_t size)
{
	if (access(file, R_OK) == 0) {
		return 0;
	}
	int err = -errno;
	snprintf(why, size, "cannot read %s: %s", file, tc_err_str(err));
	return err;
}

static int check_pair(SSL_CTX *ctx, const char *cert, const char *key, char *why, size_t size)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1) {
		snprintf(why, size, "TLS does not start: %s holds no PEM certificate", cert);
	} else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
		/* OpenSSL compares them here already. */
		bool differ = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
		snprintf(why, size, "TLS does not start: %s %s", key,
			 differ ? "is the key of another certificate" : "holds no PEM key");
	} else if (SSL_CTX_check_private_key(ctx) != 1) {
		snprintf(why, size, "TLS does not start: %s is not the key of %s", key, cert);
	} else {
		return 0;
	}
	ERR_clear_error();
	return -EINVAL;
}

int tc_tls_files_check(const char *cert, const char *key, char *why, size_t size)
{
	int err = check_readable(cert, why, size);
	err = err ? err : check_readable(key, why, size);
	if (err) {
		return err;
	}
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx) {
		snprintf(why, size, "out of memory");
		return -ENOMEM;
	}
	err = check_pair(ctx, cert, key, why, size);
	SSL_CTX_free(ctx);
	return err;
}
