/* rtc/dtls/dtls_priv.h -- what the files of DTLS share.
 *
 * identity.c our certificate · transport.c one write, one datagram · dtls.c an association.
 */
#ifndef TC_RTC_DTLS_PRIV_H
#define TC_RTC_DTLS_PRIV_H

#include "rtc/dtls.h"

#include <openssl/ssl.h>

#include "base/assert.h"

#define TC_DTLS_MTU          1200
#define TC_DTLS_DATAGRAM_MAX 2048

struct tc_dtls_identity {
	SSL_CTX *ctx;          /* owned */
	BIO_METHOD *transport; /* owned */
	uint8_t fingerprint[TC_DTLS_FINGERPRINT];
};

enum tc_dtls_state { DTLS_HOLDING, DTLS_HANDSHAKE, DTLS_CONNECTED, DTLS_ENDED };

struct held {
	size_t len;
	uint8_t data[TC_DTLS_DATAGRAM_MAX];
};

struct tc_dtls {
	struct tc_loop *loop; /* borrowed */
	struct tc_home home;
	struct tc_dtls_events events;
	void *user;
	SSL *ssl; /* owned */
	enum tc_dtls_state state;
	bool client;
	uint8_t fingerprint[TC_DTLS_FINGERPRINT]; /* theirs */
	struct tc_timer *timer;                   /* owned; the handshake's retransmission */
	struct held *held;                        /* owned; MAX_HELD of them while holding */
	int held_count;
	const uint8_t *in; /* the datagram OpenSSL may read, borrowed */
	size_t in_len;
	int depth; /* > 0: inside OpenSSL or an event; destroy waits */
	bool dead;
};

/* identity.c */
int tc_dtls_digest(const X509 *cert, uint8_t out[TC_DTLS_FINGERPRINT]); /* -TC_ECRYPTO */

/* transport.c: the BIO's data is the struct tc_dtls *. NULL: no memory. */
BIO_METHOD *tc_dtls_transport_create(void);

#endif
