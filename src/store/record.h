/* store/record.h -- one session with all that belongs to it: read, and written out for people
 * (Markdown), players (WebVTT) and programs (JSON).
 *
 * Thread: any; reading takes as long as the session was talkative.
 */
#ifndef TC_STORE_RECORD_H
#define TC_STORE_RECORD_H

#include "base/buf.h"
#include "base/json.h"
#include "store/store.h"

struct tc_record {
	struct tc_call call;
	struct tc_utterance *said; /* owned; by time */
	size_t count;
	char *summary; /* owned; NULL: none */
};

enum tc_record_format {
	TC_RECORD_JSON,
	TC_RECORD_MARKDOWN,
	TC_RECORD_VTT,
};

/* -EINVAL */
int tc_record_format_parse(const char *word, enum tc_record_format *out);

/* *out is to be finished on success only. -ENOENT: no such session, else what the store says. */
int tc_record_load(struct tc_record *out, struct tc_store *store, const char *id);
void tc_record_finish(struct tc_record *record);

void tc_record_write(struct tc_buf *out, const struct tc_record *record,
		     enum tc_record_format format);
/* Without what was said. */
void tc_record_write_head(struct tc_buf *out, const struct tc_record *record,
			  enum tc_record_format format);
/* The fields of a call, into an object that is open. */
void tc_record_put_call(struct tc_json_writer *w, const struct tc_call *call);
/* 2026-11-23T18:00:00Z */
void tc_record_time(int64_t ms, char out[32]);

#endif
