// SPDX-License-Identifier: Apache-2.0
/* What an orb is told on its channel, whenever that takes another line. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "proto/channel.h"
#include "server/orbs/priv.h"

static bool say_adopted(struct tc_orb *orb, struct tc_buf *out)
{
	if (!orb->new_token) {
		return false;
	}
	tc_channel_put_adopted(out, orb->new_token[0] ? orb->new_token : NULL);
	explicit_bzero(orb->new_token, strlen(orb->new_token));
	free(orb->new_token);
	orb->new_token = NULL;
	return true;
}

static bool say_shutdown(struct tc_orb *orb, struct tc_buf *out)
{
	if (!orb->tell_shutdown) {
		return false;
	}
	orb->tell_shutdown = orb->tell_participants = false;
	tc_channel_put_shutdown(out, orb->end_reason);
	return true;
}

static bool say_participants(struct tc_orb *orb, struct tc_buf *out)
{
	const char *ids[TC_ORB_MAX_HUMANS];
	if (!orb->tell_participants) {
		return false;
	}
	for (int i = 0; i < orb->human_count; i++) {
		ids[i] = orb->humans[i];
	}
	orb->tell_participants = false;
	tc_channel_put_participants(out, ids, (size_t)orb->human_count);
	return true;
}

void tc_orb_next_line(void *user, struct tc_buf *out)
{
	/* In order of haste. */
	static bool (*const say[])(struct tc_orb *, struct tc_buf *) = {say_adopted, say_shutdown,
									say_participants};
	for (size_t i = 0; i < TC_COUNT(say); i++) {
		if (say[i](user, out)) {
			return;
		}
	}
}

void tc_orb_tell_participants(struct tc_orb *orb)
{
	if (tc_orb_running(orb)) {
		orb->tell_participants = true;
		tc_child_poke(orb->child);
	}
}
