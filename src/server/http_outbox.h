/* server/http_outbox.h -- bytes on their way to one reader, bounded. Pure; thread: its owner's. */
#ifndef TC_SERVER_HTTP_OUTBOX_H
#define TC_SERVER_HTTP_OUTBOX_H

#include <stddef.h>

#include "base/buf.h"

struct tc_outbox {
	struct tc_buf bytes;
	size_t sent; /* of them */
	size_t max;
};

void tc_outbox_init(struct tc_outbox *outbox, size_t max);
void tc_outbox_finish(struct tc_outbox *outbox);
/* All of it or nothing: 0, -ENOBUFS (more than max would wait), -ENOMEM. */
int tc_outbox_push(struct tc_outbox *outbox, const void *data, size_t len);
size_t tc_outbox_waiting(const struct tc_outbox *outbox);
/* Copies at most size of the first bytes; how many. tc_outbox_take() then drops those that went. */
size_t tc_outbox_peek(const struct tc_outbox *outbox, void *out, size_t size);
void tc_outbox_take(struct tc_outbox *outbox, size_t len);

#endif
