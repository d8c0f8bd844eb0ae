// SPDX-License-Identifier: Apache-2.0
#include "uplink/uplink_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libwebsockets.h>

static struct uplink_message *make_message(const char *text, size_t len)
{
	struct uplink_message *m = malloc(sizeof(*m) + LWS_PRE + len);
	if (m) {
		m->next = NULL;
		m->len = len;
		m->text = (unsigned char *)(m + 1) + LWS_PRE;
		memcpy(m->text, text, len);
	}
	return m;
}

void tc_uplink_outbox_drop_first(struct uplink_outbox *box)
{
	struct uplink_message *m = box->first;
	box->first = m->next;
	if (!box->first) {
		box->last = NULL;
	}
	box->count--;
	free(m);
}

int tc_uplink_outbox_append(struct uplink_outbox *box, const char *text, size_t len)
{
	struct uplink_message *m = make_message(text, len);
	if (!m) {
		return -ENOMEM;
	}
	int dropped = box->count == TC_UPLINK_QUEUE_MAX;
	if (dropped) {
		tc_uplink_outbox_drop_first(box);
	}
	if (box->last) {
		box->last->next = m;
	} else {
		box->first = m;
	}
	box->last = m;
	box->count++;
	return dropped;
}

int tc_uplink_outbox_prepend(struct uplink_outbox *box, const char *text, size_t len)
{
	struct uplink_message *m = make_message(text, len);
	if (!m) {
		return -ENOMEM;
	}
	m->next = box->first;
	box->first = m;
	if (!box->last) {
		box->last = m;
	}
	box->count++;
	return 0;
}

void tc_uplink_outbox_finish(struct uplink_outbox *box)
{
	while (box->first) {
		tc_uplink_outbox_drop_first(box);
	}
}
