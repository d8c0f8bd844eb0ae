// SPDX-License-Identifier: Apache-2.0
#include "rtc/dtls/dtls_priv.h"

#include <string.h>

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
		return TC_DTLS_MTU;
	default:
		return 0;
	}
}

BIO_METHOD *tc_dtls_transport_create(void)
{
	BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "tc_dtls");
	if (method) {
		BIO_meth_set_write(method, bio_write);
		BIO_meth_set_read(method, bio_read);
		BIO_meth_set_ctrl(method, bio_ctrl);
	}
	return method;
}
