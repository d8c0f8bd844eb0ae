// SPDX-License-Identifier: Apache-2.0
#include "rtc/dtls.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/id.h"
#include "base/log.h"

TC_LOG_TOPIC("rtc.dtls");

#define MTU 1200
/* Chromium's ClientHello alone is two datagrams (1200 + 263), and it repeats itself. */
#define MAX_HELD 8
/* RFC 6347 section 4.2.4.1 starts at 1 s; on a path ICE has just proven, a lost flight need not
 * cost that much (section 3 of RFC 9147 agrees). */
#define FIRST_TIMEOUT_US 100000u
#define LAST_TIMEOUT_US  2000000u
#define CERT_DAYS        30
#define DATAGRAM_MAX     2048
#define EXPORTER_LABEL   "EXTRACTOR-dtls_srtp" /* RFC 5764 section 4.2 */
/* GCM costs a third of AES-CM; but Chromium as the server picks AES-CM though GCM is offered first,
 * so both are needed. */
#define SRTP_PROFILES "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"

struct tc_dtls_identity {
	SSL_CTX *ctx;          /* owned */
	BIO_METHOD *transport; /* owned */
	uint8_t fingerprint[TC_DTLS_FINGERPRINT];
};

enum dtls_state { HOLDING, HANDSHAKE, CONNECTED, ENDED };

struct held {
	size_t len;
	uint8_t data[DATAGRAM_MAX];
};

struct tc_dtls {
	struct tc_loop *loop; /* borrowed */
	struct tc_home home;
	struct tc_dtls_events events;
	void *user;
	SSL *ssl; /* owned */
	enum dtls_state state;
	bool client;
	uint8_t fingerprint[TC_DTLS_FINGERPRINT]; /* theirs */
	struct tc_timer *timer;                   /* owned; the handshake's retransmission */
	struct held *held;                        /* owned; MAX_HELD of them while HOLDING */
	int held_count;
	const uint8_t *in; /* the datagram OpenSSL may read, borrowed */
	size_t in_len;
	int depth; /* > 0: inside OpenSSL or an event; destroy waits */
	bool dead;
};

/* A BIO of our own keeps one write one datagram; memory BIOs glue records together. */
static int bio_write(BIO *bio, const char *data, int len)
{
	struct tc_dtls *dtls = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	dtls->events.send(dtls->user, (const uint8_t *)data, (size_t)len);
	return len; /* what the path refuses is lost, as datagrams are */
}

static int bio_read(BIO *bio, char *out, int size)
{
	struct tc_dtls *dtls = BIO_get_data(bio);
	BIO_clear_retry_flags(bio);
	if (!dtls->in) {
		BIO_set_retry_read(bio);
		return -1;
	}
	size_t n = dtls->in_len < (size_t)size ? dtls->in_len : (size_t)size;
	memcpy(out, dtls->in, n);
	dtls->in = NULL;
	return (int)n;
}

static long bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	switch (command) {
	case BIO_CTRL_FLUSH:
		return 1;
	case BIO_CTRL_DGRAM_QUERY_MTU:
	case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
		return MTU;
	default:
		return 0;
	}
}

static BIO_METHOD *make_transport(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tc_dtls");
	if (method) {
		BIO_meth_set_write(method, bio_write);
		BIO_meth_set_read(method, bio_read);
		BIO_meth_set_ctrl(method, bio_ctrl);
	}
	return method;
}

/* Whom it belongs to is decided by the fingerprint, not by any authority. */
static int accept_any(int preverified, X509_STORE_CTX *store)
{
	return 1;
}

static int digest(const X509 *cert, uint8_t out[TC_DTLS_FINGERPRINT])
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

static unsigned int next_timeout(SSL *ssl, unsigned int timer_us)
{
	unsigned int next = timer_us ? timer_us * 2 : FIRST_TIMEOUT_US;
	return next < LAST_TIMEOUT_US ? next : LAST_TIMEOUT_US;
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
	identity->transport = make_transport();
	if (cert && identity->ctx && identity->transport) {
		err = set_up_context(identity->ctx, cert, key);
		err = err ? err : digest(cert, identity->fingerprint);
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

static int make_ssl(struct tc_dtls *dtls, const struct tc_dtls_identity *identity)
{
	dtls->ssl = SSL_new(identity->ctx);
	BIO *bio = dtls->ssl ? BIO_new(identity->transport) : NULL;
	if (!bio) {
		return -ENOMEM;
	}
	BIO_set_data(bio, dtls);
	BIO_set_init(bio, 1);
	SSL_set_bio(dtls->ssl, bio, bio);
	SSL_set_mtu(dtls->ssl, MTU);
	DTLS_set_link_mtu(dtls->ssl, MTU);
	DTLS_set_timer_cb(dtls->ssl, next_timeout);
	if (dtls->client) {
		SSL_set_connect_state(dtls->ssl);
	} else {
		SSL_set_accept_state(dtls->ssl);
	}
	return 0;
}

static void free_dtls(struct tc_dtls *dtls)
{
	tc_timer_cancel(dtls->timer);
	SSL_free(dtls->ssl);
	free(dtls->held);
	free(dtls);
}

int tc_dtls_create(struct tc_dtls **out, const struct tc_dtls_config *config,
		   const struct tc_dtls_events *events, void *user)
{
	struct tc_dtls *dtls = calloc(1, sizeof(*dtls));
	if (!dtls) {
		return -ENOMEM;
	}
	tc_home_init(&dtls->home);
	dtls->loop = config->loop;
	dtls->client = config->client;
	dtls->events = *events;
	dtls->user = user;
	memcpy(dtls->fingerprint, config->fingerprint, sizeof(dtls->fingerprint));
	dtls->held = calloc(MAX_HELD, sizeof(*dtls->held));
	int err = dtls->held ? make_ssl(dtls, config->identity) : -ENOMEM;
	if (err) {
		free_dtls(dtls);
		return err;
	}
	*out = dtls;
	return 0;
}

static void enter(struct tc_dtls *dtls)
{
	TC_ASSERT_HOME(dtls);
	dtls->depth++;
}

static void leave(struct tc_dtls *dtls)
{
	if (--dtls->depth == 0 && dtls->dead) {
		free_dtls(dtls);
	}
}

static void fail(struct tc_dtls *dtls, const char *why)
{
	dtls->state = ENDED;
	ERR_clear_error();
	if (!dtls->dead) {
		dtls->events.failed(dtls->user, why);
	}
}

static bool fingerprint_matches(struct tc_dtls *dtls)
{
	X509 *cert = SSL_get1_peer_certificate(dtls->ssl);
	uint8_t seen[TC_DTLS_FINGERPRINT];
	bool same =
		cert && !digest(cert, seen) && memcmp(seen, dtls->fingerprint, sizeof(seen)) == 0;
	X509_free(cert);
	return same;
}

static int export_keys(struct tc_dtls *dtls, struct tc_srtp_keys *keys)
{
	const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(dtls->ssl);
	if (!profile) {
		return -TC_ECRYPTO;
	}
	keys->profile = (enum tc_srtp_profile)profile->id;
	keys->client = dtls->client;
	size_t len = 2 * (TC_SRTP_KEY_LEN + tc_srtp_salt_len(keys->profile));
	return SSL_export_keying_material(dtls->ssl, keys->material, len, EXPORTER_LABEL,
					  strlen(EXPORTER_LABEL), NULL, 0, 0) == 1
		       ? 0
		       : -TC_ECRYPTO;
}

static void finish_handshake(struct tc_dtls *dtls)
{
	struct tc_srtp_keys keys = {0};
	if (!fingerprint_matches(dtls)) {
		fail(dtls, "certificate is not the one in the description");
		return;
	}
	if (export_keys(dtls, &keys)) {
		fail(dtls, "no SRTP profile in common");
		return;
	}
	dtls->state = CONNECTED;
	TC_DEBUG(NULL, "%s %s, SRTP profile %d", SSL_get_version(dtls->ssl),
		 SSL_get_cipher(dtls->ssl), (int)keys.profile);
	dtls->events.connected(dtls->user, &keys);
	explicit_bzero(&keys, sizeof(keys));
}

static void arm_timer(struct tc_dtls *dtls);

/* A ClientHello in two datagrams is put together in here; DTLSv1_listen() could not. */
static void step_handshake(struct tc_dtls *dtls)
{
	int rc = SSL_do_handshake(dtls->ssl);
	if (rc == 1) {
		finish_handshake(dtls);
		return;
	}
	int error = SSL_get_error(dtls->ssl, rc);
	if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
		char text[160] = "handshake failed";
		unsigned long code = ERR_peek_error();
		if (code) {
			ERR_error_string_n(code, text, sizeof(text));
		}
		fail(dtls, text);
	}
}

/* After the handshake: alerts, and a repeated last flight, which OpenSSL answers by itself. One
 * datagram may hold several records. */
static void read_records(struct tc_dtls *dtls)
{
	uint8_t data[DATAGRAM_MAX];
	int rc = 1;
	while (rc > 0) {
		rc = SSL_read(dtls->ssl, data, sizeof(data));
	}
	int error = SSL_get_error(dtls->ssl, rc);
	if (error == SSL_ERROR_ZERO_RETURN) {
		dtls->state = ENDED;
		dtls->events.closed(dtls->user);
	} else if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) {
		fail(dtls, "ended by an alert");
	}
}

static void pump(struct tc_dtls *dtls)
{
	ERR_clear_error();
	switch (dtls->state) {
	case HANDSHAKE:
		step_handshake(dtls);
		break;
	case CONNECTED:
		read_records(dtls);
		break;
	case HOLDING:
	case ENDED:
		break;
	}
	if (!dtls->dead) {
		arm_timer(dtls);
	}
}

static void on_timer(void *user)
{
	struct tc_dtls *dtls = user;
	enter(dtls);
	if (dtls->state == HANDSHAKE) {
		ERR_clear_error();
		if (DTLSv1_handle_timeout(dtls->ssl) < 0) {
			fail(dtls, "the other side does not answer");
		} else {
			arm_timer(dtls);
		}
	}
	leave(dtls);
}

static void arm_timer(struct tc_dtls *dtls)
{
	struct timeval left;
	tc_timer_cancel(dtls->timer);
	dtls->timer = NULL;
	if (dtls->state == HANDSHAKE && DTLSv1_get_timeout(dtls->ssl, &left)) {
		int64_t ms = (int64_t)left.tv_sec * 1000 + left.tv_usec / 1000 + 1;
		dtls->timer = tc_loop_timer(dtls->loop, ms, false, on_timer, dtls);
	}
}

static void feed(struct tc_dtls *dtls, const uint8_t *data, size_t len)
{
	dtls->in = data;
	dtls->in_len = len;
	pump(dtls);
	dtls->in = NULL;
}

void tc_dtls_start(struct tc_dtls *dtls)
{
	if (dtls->state != HOLDING) {
		return;
	}
	enter(dtls);
	dtls->state = HANDSHAKE;
	if (dtls->client) {
		pump(dtls);
	}
	for (int i = 0; i < dtls->held_count && !dtls->dead; i++) {
		feed(dtls, dtls->held[i].data, dtls->held[i].len);
	}
	free(dtls->held);
	dtls->held = NULL;
	leave(dtls);
}

void tc_dtls_input(struct tc_dtls *dtls, const uint8_t *data, size_t len)
{
	if (len > DATAGRAM_MAX || dtls->dead) {
		return;
	}
	if (dtls->state == HOLDING) {
		if (dtls->held_count < MAX_HELD) {
			struct held *held = &dtls->held[dtls->held_count++];
			held->len = len;
			memcpy(held->data, data, len);
		}
		return;
	}
	enter(dtls);
	feed(dtls, data, len);
	leave(dtls);
}

void tc_dtls_destroy(struct tc_dtls *dtls)
{
	if (!dtls || dtls->dead) {
		return;
	}
	TC_ASSERT_HOME(dtls);
	if (dtls->state == CONNECTED) {
		SSL_shutdown(dtls->ssl);
		ERR_clear_error();
	}
	dtls->state = ENDED;
	dtls->dead = true;
	if (dtls->depth == 0) {
		free_dtls(dtls);
	}
}

bool tc_dtls_is_client(const struct tc_dtls *dtls)
{
	return dtls->client;
}
