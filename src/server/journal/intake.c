// SPDX-License-Identifier: Apache-2.0
/* What was said: an orb may tell it on the channel, as a transcript, or both ways. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"
#include "server/journal/journal_priv.h"

#define MAX_TEXT (64 * 1024) /* of one utterance */

static const struct tc_journal_recent *find_recent(const struct tc_journal *journal,
						   const char *call_id, const char *id)
{
	for (size_t i = 1; i <= TC_JOURNAL_RECENT; i++) {
		const struct tc_journal_recent *recent =
			&journal->recent[(journal->recent_at + TC_JOURNAL_RECENT - i) %
					 TC_JOURNAL_RECENT];
		if (!recent->id[0]) {
			return NULL;
		}
		if (strcmp(recent->id, id) == 0 && strcmp(recent->call, call_id) == 0) {
			return recent;
		}
	}
	return NULL;
}

static void remember(struct tc_journal *journal, const struct tc_journal_entry *entry)
{
	struct tc_journal_recent *recent = &journal->recent[journal->recent_at];
	journal->recent_at = (journal->recent_at + 1) % TC_JOURNAL_RECENT;
	memcpy(recent->call, entry->call.id, sizeof(recent->call));
	memcpy(recent->id, entry->utterance.id, sizeof(recent->id));
	recent->text = tc_hash_text(TC_HASH_START, entry->utterance.text);
}

static int read_utterance(struct tc_json json, struct tc_utterance *out)
{
	struct tc_json text;
	if (tc_json_get_str(json, "utteranceId", out->id, sizeof(out->id)) < 0 ||
	    tc_json_get_str(json, "userId", out->user_id, sizeof(out->user_id)) < 0 ||
	    !tc_id_valid(out->id) || !tc_id_valid(out->user_id) ||
	    !tc_json_get(json, "text", &text) || text.len > MAX_TEXT) {
		return -TC_EPARSE;
	}
	out->text = tc_json_strdup(text);
	return out->text ? 0 : -TC_EPARSE;
}

static int keep_json(struct tc_journal_entry *entry, const char *json, size_t len)
{
	entry->json = malloc(len);
	if (!entry->json) {
		return -ENOMEM;
	}
	memcpy(entry->json, json, len);
	entry->len = len;
	return 0;
}

/* Once the entry is read: into the queue, unless its words are there already. */
static int add_utterance(struct tc_journal *journal, struct tc_journal_entry *entry)
{
	const struct tc_journal_recent *told =
		find_recent(journal, entry->call.id, entry->utterance.id);
	bool known = told && told->text == tc_hash_text(TC_HASH_START, entry->utterance.text);
	/* Nothing was understood after all: the page takes its line back, and there is none to
	 * keep. */
	if (known || (entry->room[0] && !entry->utterance.text[0])) {
		entry->kind = TC_ENTRY_NOTHING; /* the same, the other way: told in its turn */
	} else {
		remember(journal, entry);
	}
	return tc_journal_add(journal, entry);
}

/* room "": an `utterance`, of which nobody is told. */
static int keep_words(struct tc_journal *journal, const char *call_id, const char *room,
		      const char *text, size_t len)
{
	struct tc_json json;
	if (tc_json_parse(&json, text, len, NULL)) {
		return -TC_EPARSE;
	}
	struct tc_journal_entry *entry = tc_journal_new(TC_ENTRY_UTTERANCE, call_id);
	if (!entry) {
		return -ENOMEM;
	}
	struct tc_utterance *u = &entry->utterance;
	snprintf(entry->room, sizeof(entry->room), "%s", room);
	entry->ack = !room[0];
	entry->told = journal->counts.failing != 0;
	int err = read_utterance(json, u);
	if (!err && (tc_json_get_int(json, "startMs", &u->start_ms) ||
		     tc_json_get_int(json, "endMs", &u->end_ms))) {
		err = -TC_EPARSE;
	}
	err = err || !room[0] ? err : keep_json(entry, text, len);
	if (err) {
		tc_journal_free(entry);
		return err;
	}
	return add_utterance(journal, entry);
}

int tc_journal_utterance(struct tc_journal *journal, const char *call_id, const char *text,
			 size_t len)
{
	return keep_words(journal, call_id, "", text, len);
}

int tc_journal_transcript(struct tc_journal *journal, const char *call_id, const char *room,
			  const char *text, size_t len)
{
	/* Two people who talk need the words more than the record does. */
	bool failing = journal->counts.failing != 0;
	int err = keep_words(journal, call_id, room, text, len);
	return !err && failing ? -EAGAIN : err;
}

int tc_journal_summary(struct tc_journal *journal, const char *call_id, const char *text,
		       size_t len)
{
	struct tc_json json, summary;
	if (tc_json_parse(&json, text, len, NULL) || !tc_json_get(json, "summary", &summary) ||
	    tc_json_type(summary) != TC_JSON_OBJECT) {
		return -TC_EPARSE;
	}
	struct tc_journal_entry *entry = tc_journal_new(TC_ENTRY_SUMMARY, call_id);
	if (!entry) {
		return -ENOMEM;
	}
	entry->ack = true;
	if (keep_json(entry, summary.at, summary.len)) {
		tc_journal_free(entry);
		return -ENOMEM;
	}
	return tc_journal_add(journal, entry);
}
