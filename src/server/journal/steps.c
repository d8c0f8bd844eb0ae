// SPDX-License-Identifier: Apache-2.0
/* Reading a call back, and the summary of one whose orb has left none. On the thread pool. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "mind/mind.h"
#include "server/journal/journal_priv.h"

TC_LOG_TOPIC("server.journal");

#define ALL_AT_ONCE 100 /* calls without a summary that one step takes */

int tc_journal_read_back(struct tc_store *store, struct tc_journal_entry *entry)
{
	return tc_store_utterances(store, entry->call.id, &entry->said, &entry->said_count);
}

/* Who is nobody of the call is its orb: ours is ai-orb-SESSION, others name themselves. */
static struct tc_mind_said line_of(const struct tc_call *call, const struct tc_utterance *u)
{
	bool coach = call->coach[0] && strcmp(u->user_id, call->coach) == 0;
	bool client = call->client[0] && strcmp(u->user_id, call->client) == 0;
	bool orb = !coach && !client &&
		   (strncmp(u->user_id, "ai-", 3) == 0 || (call->coach[0] && call->client[0]));
	return (struct tc_mind_said){
		.user_id = u->user_id,
		.text = u->text,
		.start_ms = u->start_ms,
		.end_ms = u->end_ms,
		.orb = orb,
		.role = coach ? TC_MIND_COACH : TC_MIND_CLIENT,
	};
}

static int summarize(struct tc_store *store, const struct tc_call *call,
		     const struct tc_utterance *list, size_t count)
{
	struct tc_mind_said *said = calloc(count, sizeof(*said));
	struct tc_buf json;
	int64_t duration_ms = call->ended_ms - call->started_ms;
	if (!said) {
		return -ENOMEM;
	}
	tc_buf_init(&json);
	for (size_t i = 0; i < count; i++) {
		said[i] = line_of(call, &list[i]);
	}
	int err = tc_mind_summary_of(said, count, duration_ms > 0 ? duration_ms : 0, &json);
	err = err ? err : tc_store_summary_put(store, call->id, json.data, json.len);
	tc_buf_finish(&json);
	free(said);
	if (!err) {
		TC_INFO(call->room, "call %s: its summary was made of %zu utterances", call->id,
			count);
	}
	return err;
}

static int sum_up(struct tc_store *store, const struct tc_call *call)
{
	struct tc_utterance *list = NULL;
	size_t count = 0;
	int err = tc_store_utterances(store, call->id, &list, &count);
	if (!err && count > 0) {
		err = summarize(store, call, list, count);
	}
	tc_utterances_free(list, count);
	return err;
}

int tc_journal_write_summary(struct tc_store *store, struct tc_journal_entry *entry)
{
	int64_t missing = tc_store_summary_missing(store, entry->call.id);
	if (missing == 0 || (missing > 0 && !entry->stale_too)) {
		return 0;
	}
	return missing < 0 && missing != -ENOENT ? (int)missing : sum_up(store, &entry->call);
}

int tc_journal_write_summaries(struct tc_store *store, struct tc_journal_entry *entry)
{
	struct tc_call *list = NULL;
	size_t count = 0;
	int err = tc_store_calls_unsummed(store, entry->stale_too, ALL_AT_ONCE, &list, &count);
	for (size_t i = 0; !err && i < count; i++) {
		err = sum_up(store, &list[i]);
	}
	free(list);
	return err;
}
