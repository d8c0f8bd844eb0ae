// SPDX-License-Identifier: Apache-2.0
#include "uplink/uplink_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tc_uplink_inbox_add(struct uplink_inbox *box, const char *piece, size_t len)
{
	if (len > TC_UPLINK_RX_MAX - box->len) {
		return -EMSGSIZE;
	}
	if (box->len + len > box->room) {
		char *data = realloc(box->data, box->len + len);
		if (!data) {
			return -ENOMEM;
		}
		box->data = data;
		box->room = box->len + len;
	}
	if (len > 0) {
		memcpy(box->data + box->len, piece, len);
	}
	box->len += len;
	return 0;
}

size_t tc_uplink_inbox_take(struct uplink_inbox *box, const char **data)
{
	size_t len = box->len;
	*data = len ? box->data : "";
	box->len = 0;
	return len;
}

void tc_uplink_inbox_finish(struct uplink_inbox *box)
{
	free(box->data);
	*box = (struct uplink_inbox){0};
}
