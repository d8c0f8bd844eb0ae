// SPDX-License-Identifier: Apache-2.0
/* What an orb is told on its channel, whenever that takes another line. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"
#include "proto/channel.h"
#include "server/orbs/priv.h"

TC_LOG_TOPIC("server.orbs");

/* For an orb that does not read: what it was not told stored it keeps, and tells again. */
#define TELL_MAX (16u * 1024 * 1024)
/* Of a memory, the newest: it has to fit into a line, with room for what else is in it. */
#define RESTORE_BYTES (TC_CHANNEL_MAX_LINE / 2)

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

static bool say_rest(struct tc_orb *orb, struct tc_buf *out)
{
	if (orb->tell.len == 0) {
		return false;
	}
	tc_buf_put(out, orb->tell.data, orb->tell.len);
	tc_buf_reset(&orb->tell);
	return true;
}

static bool say_ping(struct tc_orb *orb, struct tc_buf *out)
{
	if (!orb->health.tell_ping) {
		return false;
	}
	orb->health.tell_ping = false;
	tc_channel_put_ping(out, orb->health.ping);
	return true;
}

static bool say_shed(struct tc_orb *orb, struct tc_buf *out)
{
	if (!orb->load.tell_shed) {
		return false;
	}
	orb->load.tell_shed = false;
	tc_channel_put_shed(out, (enum tc_shed)orb->load.limit.shed);
	return true;
}

void tc_orb_next_line(void *user, struct tc_buf *out)
{
	/* In order of haste. */
	static bool (*const say[])(struct tc_orb *, struct tc_buf *) = {
		say_adopted, say_shutdown, say_rest, say_participants, say_ping, say_shed};
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

int64_t tc_orb_elapsed(const struct tc_orb *orb)
{
	int64_t elapsed = tc_clock_wall_ms(tc_clock_system()) - orb->now.began_ms;
	return orb->now.began_ms && elapsed > 0 ? elapsed : 0;
}

/* The first of the newest ones that fit; JSON makes a byte six at the worst. */
static size_t first_that_fits(const struct tc_channel_utterance *utterances, size_t count)
{
	size_t bytes = 0;
	size_t first = count;
	while (first > 0) {
		const struct tc_channel_utterance *u = &utterances[first - 1];
		bytes += 6 * strlen(u->text) + sizeof(u->id) + 2 * TC_ID_SIZE + 128;
		if (bytes > RESTORE_BYTES) {
			break;
		}
		first--;
	}
	return first;
}

void tc_orb_tell_memory(struct tc_orb *orb, const struct tc_channel_utterance *utterances,
			size_t count)
{
	size_t first = first_that_fits(utterances, count);
	TC_INFO(orb->tag, "orb process %d is told %zu utterances of %zu", tc_child_pid(orb->child),
		count - first, count);
	tc_channel_put_restore(&orb->tell, orb->mode[0] ? orb->mode : NULL, orb->muted,
			       tc_orb_elapsed(orb), utterances + first, count - first);
	tc_child_poke(orb->child);
}

void tc_orb_tell_stored(struct tc_orb *orb, const char *utterance_id)
{
	if (orb->tell.len > TELL_MAX) {
		TC_DEBUG(orb->tag, "it does not read: not told what is stored");
		return;
	}
	tc_channel_put_stored(&orb->tell, utterance_id);
	tc_child_poke(orb->child);
}
