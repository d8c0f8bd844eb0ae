// SPDX-License-Identifier: Apache-2.0
#include "rtc/dtls/dtls_priv.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/x509.h>

#include "base/err.h"
#include "base/id.h"

#define CERT_DAYS 30
/* GCM costs a third of AES-CM; but Chromium as the server picks AES-CM though GCM is offered first,
 * so both are needed. */
#define SRTP_PROFILES "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"

/* Whom it belongs to is decided by the fingerprint, not by any authority. */
static int accept_any(int preverified, X509_STORE_CTX *store)
{
	return 1;
}

int tc_dtls_digest(const X509 *cert, uint8_t out[TC_DTLS_FINGERPRINT])
{
	unsigned len = 0;
	return X509_digest(cert, EVP_sha256(), out, &len) == 1 && len == TC_DTLS_FINGERPRINT
		       ? 0
		       : -TC_ECRYPTO;
}

static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	if (!cert) {
		return NULL;
	}
	uint64_t serial;
	tc_random_bytes(&serial, sizeof(serial));
	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -24L * 3600); /* clocks differ */
	X509_gmtime_adj(X509_getm_notAfter(cert), 24L * 3600 * CERT_DAYS);
	X509_NAME *name = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"tricall", -1,
				   -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	if (!X509_sign(cert, key, EVP_sha256())) {
		X509_free(cert);
		return NULL;
	}
	return cert;
}

static int set_up_context(SSL_CTX *ctx, X509 *cert, EVP_PKEY *key)
{
	SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, accept_any);
	SSL_CTX_set_options(ctx, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(ctx, 1);
	bool ok = SSL_CTX_use_certificate(ctx, cert) == 1 &&
		  SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
		  SSL_CTX_set_tlsext_use_srtp(ctx, SRTP_PROFILES) == 0; /* 0 is success */
	return ok ? 0 : -TC_ECRYPTO;
}

int tc_dtls_identity_create(struct tc_dtls_identity **out)
{
	struct tc_dtls_identity *identity = calloc(1, sizeof(*identity));
	if (!identity) {
		return -ENOMEM;
	}
	int err = -TC_ECRYPTO;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key ? make_certificate(key) : NULL;
	identity->ctx = SSL_CTX_new(DTLS_method());
	identity->transport = tc_dtls_transport_create();
	if (cert && identity->ctx && identity->transport) {
		err = set_up_context(identity->ctx, cert, key);
		err = err ? err : tc_dtls_digest(cert, identity->fingerprint);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	if (err) {
		tc_dtls_identity_destroy(identity);
		return err;
	}
	*out = identity;
	return 0;
}

void tc_dtls_identity_destroy(struct tc_dtls_identity *identity)
{
	if (!identity) {
		return;
	}
	SSL_CTX_free(identity->ctx);
	BIO_meth_free(identity->transport);
	free(identity);
}

const uint8_t *tc_dtls_fingerprint(const struct tc_dtls_identity *identity)
{
	return identity->fingerprint;
}
