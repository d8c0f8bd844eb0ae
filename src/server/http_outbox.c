// SPDX-License-Identifier: Apache-2.0
#include "server/http_outbox.h"

#include <errno.h>
#include <string.h>

#include "base/assert.h"

/* Memory of an outbox that is empty again is kept up to this. */
#define KEEP 16384

void tc_outbox_init(struct tc_outbox *outbox, size_t max)
{
	*outbox = (struct tc_outbox){.max = max};
	tc_buf_init(&outbox->bytes);
}

void tc_outbox_finish(struct tc_outbox *outbox)
{
	tc_buf_finish(&outbox->bytes);
}

size_t tc_outbox_waiting(const struct tc_outbox *outbox)
{
	return outbox->bytes.len - outbox->sent;
}

int tc_outbox_push(struct tc_outbox *outbox, const void *data, size_t len)
{
	struct tc_buf *bytes = &outbox->bytes;
	size_t waiting = tc_outbox_waiting(outbox);
	if (len > outbox->max || waiting > outbox->max - len) {
		return -ENOBUFS;
	}
	/* What went is given up before more memory is asked for. */
	if (outbox->sent > 0 && bytes->len + len > bytes->cap) {
		memmove(bytes->data, bytes->data + outbox->sent, waiting);
		bytes->len = waiting;
		outbox->sent = 0;
	}
	tc_buf_put(bytes, data, len);
	return bytes->err;
}

size_t tc_outbox_peek(const struct tc_outbox *outbox, void *out, size_t size)
{
	size_t n = tc_outbox_waiting(outbox);
	n = n < size ? n : size;
	if (n > 0) {
		memcpy(out, outbox->bytes.data + outbox->sent, n);
	}
	return n;
}

void tc_outbox_take(struct tc_outbox *outbox, size_t len)
{
	TC_ASSERT(len <= tc_outbox_waiting(outbox));
	outbox->sent += len;
	if (tc_outbox_waiting(outbox) > 0) {
		return;
	}
	outbox->sent = 0;
	if (outbox->bytes.cap > KEEP) {
		tc_buf_finish(&outbox->bytes);
		tc_buf_init(&outbox->bytes);
	} else {
		tc_buf_reset(&outbox->bytes);
	}
}
