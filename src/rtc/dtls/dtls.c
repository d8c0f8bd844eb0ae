// SPDX-License-Identifier: Apache-2.0
#include "rtc/dtls/dtls_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("rtc.dtls");

/* Chromium's ClientHello alone is two datagrams (1200 + 263), and it repeats itself. */
#define MAX_HELD 8
/* RFC 6347 section 4.2.4.1 starts at 1 s; on a path ICE has just proven, a lost flight need not
 * cost that much (section 3 of RFC 9147 agrees). */
#define FIRST_TIMEOUT_US 100000u
#define LAST_TIMEOUT_US  2000000u
#define EXPORTER_LABEL   "EXTRACTOR-dtls_srtp" /* RFC 5764 section 4.2 */

static unsigned int next_timeout(SSL *ssl, unsigned int timer_us)
{
	unsigned int next = timer_us ? timer_us * 2 : FIRST_TIMEOUT_US;
	return next < LAST_TIMEOUT_US ? next : LAST_TIMEOUT_US;
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
	SSL_set_mtu(dtls->ssl, TC_DTLS_MTU);
	DTLS_set_link_mtu(dtls->ssl, TC_DTLS_MTU);
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
	dtls->state = DTLS_ENDED;
	ERR_clear_error();
	if (!dtls->dead) {
		dtls->events.failed(dtls->user, why);
	}
}

static bool fingerprint_matches(struct tc_dtls *dtls)
{
	X509 *cert = SSL_get1_peer_certificate(dtls->ssl);
	uint8_t seen[TC_DTLS_FINGERPRINT];
	bool same = cert && !tc_dtls_digest(cert, seen) &&
		    memcmp(seen, dtls->fingerprint, sizeof(seen)) == 0;
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
	dtls->state = DTLS_CONNECTED;
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
	uint8_t data[TC_DTLS_DATAGRAM_MAX];
	int rc = 1;
	while (rc > 0) {
		rc = SSL_read(dtls->ssl, data, sizeof(data));
	}
	int error = SSL_get_error(dtls->ssl, rc);
	if (error == SSL_ERROR_ZERO_RETURN) {
		dtls->state = DTLS_ENDED;
		dtls->events.closed(dtls->user);
	} else if (error == SSL_ERROR_SSL || error == SSL_ERROR_SYSCALL) {
		fail(dtls, "ended by an alert");
	}
}

static void pump(struct tc_dtls *dtls)
{
	ERR_clear_error();
	switch (dtls->state) {
	case DTLS_HANDSHAKE:
		step_handshake(dtls);
		break;
	case DTLS_CONNECTED:
		read_records(dtls);
		break;
	case DTLS_HOLDING:
	case DTLS_ENDED:
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
	if (dtls->state == DTLS_HANDSHAKE) {
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
	if (dtls->state == DTLS_HANDSHAKE && DTLSv1_get_timeout(dtls->ssl, &left)) {
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
	if (dtls->state != DTLS_HOLDING) {
		return;
	}
	enter(dtls);
	dtls->state = DTLS_HANDSHAKE;
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
	if (len > TC_DTLS_DATAGRAM_MAX || dtls->dead) {
		return;
	}
	if (dtls->state == DTLS_HOLDING) {
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
	if (dtls->state == DTLS_CONNECTED) {
		SSL_shutdown(dtls->ssl);
		ERR_clear_error();
	}
	dtls->state = DTLS_ENDED;
	dtls->dead = true;
	if (dtls->depth == 0) {
		free_dtls(dtls);
	}
}

bool tc_dtls_is_client(const struct tc_dtls *dtls)
{
	return dtls->client;
}
