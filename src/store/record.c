// SPDX-License-Identifier: Apache-2.0
#include "store/record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static int said_by(struct tc_store *store, struct tc_json line, struct tc_utterance *out)
{
	struct tc_json text;
	struct tc_user user;
	*out = (struct tc_utterance){0};
	if (!tc_json_get(line, "text", &text) || !(out->text = tc_json_strdup(text))) {
		return -TC_EPARSE;
	}
	tc_json_get_str(line, "userId", out->user_id, sizeof(out->user_id));
	(void)tc_json_get_int(line, "startMs", &out->start_ms);
	(void)tc_json_get_int(line, "endMs", &out->end_ms);
	if (tc_store_user(store, out->user_id, &user) == 0) {
		snprintf(out->user_name, sizeof(out->user_name), "%s", user.name);
	}
	return 0;
}

/* An orb that told nothing while people spoke (the guide's) may have it all in its summary. */
static void said_in_summary(struct tc_store *store, struct tc_record *s)
{
	struct tc_json summary, lines;
	if (tc_json_parse(&summary, s->summary, strlen(s->summary), NULL) ||
	    !tc_json_get(summary, "transcript", &lines)) {
		return;
	}
	struct tc_json_iter it = tc_json_iter(lines);
	for (size_t room_for = 0; tc_json_next(&it);) {
		if (s->count == room_for) {
			room_for = room_for ? room_for * 2 : 32;
			struct tc_utterance *grown = realloc(s->said, room_for * sizeof(*s->said));
			if (!grown) {
				return;
			}
			s->said = grown;
		}
		s->count += said_by(store, it.value, &s->said[s->count]) == 0;
	}
}

int tc_record_load(struct tc_record *out, struct tc_store *store, const char *id)
{
	struct tc_record r = {0};
	int err = tc_store_call(store, id, &r.call);
	if (!err) {
		err = tc_store_utterances(store, id, &r.said, &r.count);
	}
	if (!err) {
		int none = tc_store_summary(store, id, &r.summary);
		err = none == -ENOENT ? 0 : none;
	}
	if (err) {
		tc_record_finish(&r);
		return err;
	}
	if (r.summary && r.count == 0) {
		said_in_summary(store, &r);
	}
	*out = r;
	return 0;
}

void tc_record_finish(struct tc_record *record)
{
	tc_utterances_free(record->said, record->count);
	free(record->summary);
}
