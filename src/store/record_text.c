// SPDX-License-Identifier: Apache-2.0
#include "store/record.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int tc_record_format_parse(const char *word, enum tc_record_format *out)
{
	static const char *const words[] = {"json", "md", "vtt"};
	for (int i = 0; i < 3; i++) {
		if (strcmp(word, words[i]) == 0) {
			*out = (enum tc_record_format)i;
			return 0;
		}
	}
	return -EINVAL;
}

void tc_record_time(int64_t ms, char out[32])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

void tc_record_put_call(struct tc_json_writer *w, const struct tc_call *call)
{
	tc_json_field_str(w, "id", call->id);
	tc_json_field_str(w, "room", call->room);
	tc_json_field_str(w, "coach", call->coach);
	tc_json_field_str(w, "client", call->client);
	tc_json_field_int(w, "startedMs", call->started_ms);
	tc_json_key(w, "endedMs");
	if (call->ended_ms) {
		tc_json_put_int(w, call->ended_ms);
	} else {
		tc_json_put_str(w, NULL);
	}
}

static const char *speaker(const struct tc_record *s, const struct tc_utterance *u)
{
	if (u->user_name[0]) {
		return u->user_name;
	}
	/* Neither of the two and nobody we know: the orb, whose id is of its session. */
	return strncmp(u->user_id, "ai-orb-", 7) == 0 ? "Orb" : u->user_id;
}

static void write_json(struct tc_buf *out, const struct tc_record *s, bool words)
{
	struct tc_json_writer w;
	tc_json_writer_init(&w, out);
	tc_json_begin_object(&w);
	tc_record_put_call(&w, &s->call);
	tc_json_field_int(&w, "utterances", (int64_t)s->count);
	struct tc_json summary;
	tc_json_key(&w, "summary");
	if (s->summary && tc_json_parse(&summary, s->summary, strlen(s->summary), NULL) == 0) {
		tc_json_put_raw(&w, summary);
	} else {
		tc_json_put_str(&w, NULL);
	}
	if (words) {
		tc_json_key(&w, "transcript");
		tc_json_begin_array(&w);
		for (size_t i = 0; i < s->count; i++) {
			tc_json_begin_object(&w);
			tc_json_field_str(&w, "utteranceId", s->said[i].id);
			tc_json_field_str(&w, "userId", s->said[i].user_id);
			tc_json_field_str(&w, "userName", speaker(s, &s->said[i]));
			tc_json_field_str(&w, "text", s->said[i].text);
			tc_json_field_int(&w, "startMs", s->said[i].start_ms);
			tc_json_field_int(&w, "endMs", s->said[i].end_ms);
			tc_json_end_object(&w);
		}
		tc_json_end_array(&w);
	}
	tc_json_end_object(&w);
	tc_buf_puts(out, "\n");
}

static void write_head(struct tc_buf *out, const struct tc_record *s)
{
	char started[32];
	char ended[32] = "still open";
	tc_record_time(s->call.started_ms, started);
	if (s->call.ended_ms) {
		tc_record_time(s->call.ended_ms, ended);
	}
	tc_buf_putf(out, "# Session %s\n\n- room: %s\n- started: %s\n- ended: %s\n", s->call.id,
		    s->call.room, started, ended);
	tc_buf_putf(out, "- utterances: %zu\n", s->count);
}

static void write_summary(struct tc_buf *out, const struct tc_record *s)
{
	if (!s->summary) {
		return;
	}
	struct tc_json summary, value;
	if (tc_json_parse(&summary, s->summary, strlen(s->summary), NULL)) {
		return;
	}
	tc_buf_puts(out, "\n## Summary\n\n");
	static const char *const parts[] = {"keyTopics", "progress", "recommendations"};
	for (size_t i = 0; i < 3; i++) {
		if (!tc_json_get(summary, parts[i], &value)) {
			continue;
		}
		char text[2048];
		bool list = tc_json_type(value) == TC_JSON_ARRAY;
		tc_buf_putf(out, "- %s:", parts[i]);
		struct tc_json_iter it = tc_json_iter(value);
		while (list && tc_json_next(&it)) {
			if (tc_json_str(it.value, text, sizeof(text)) >= 0) {
				tc_buf_putf(out, "\n  - %s", text);
			}
		}
		if (!list && tc_json_str(value, text, sizeof(text)) >= 0) {
			tc_buf_putf(out, " %s", text);
		}
		tc_buf_puts(out, "\n");
	}
}

static void put_stamp(struct tc_buf *out, int64_t ms)
{
	ms = ms < 0 ? 0 : ms;
	tc_buf_putf(out, "%02" PRId64 ":%02d:%02d.%03d", ms / 3600000, (int)(ms / 60000 % 60),
		    (int)(ms / 1000 % 60), (int)(ms % 1000));
}

static void write_transcript(struct tc_buf *out, const struct tc_record *s)
{
	tc_buf_puts(out, "\n## Transcript\n\n");
	for (size_t i = 0; i < s->count; i++) {
		int64_t seconds = s->said[i].start_ms / 1000;
		tc_buf_putf(out, "- **%02" PRId64 ":%02d %s:** %s\n", seconds / 60,
			    (int)(seconds % 60), speaker(s, &s->said[i]), s->said[i].text);
	}
}

/* WebVTT cue text: "&" and "<" are markup; a line break or "-->" would end the cue. */
static void put_cue_text(struct tc_buf *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p == '&') {
			tc_buf_puts(out, "&amp;");
		} else if (*p == '<') {
			tc_buf_puts(out, "&lt;");
		} else if (*p == '>') {
			tc_buf_puts(out, "&gt;");
		} else {
			tc_buf_put(out, *p == '\n' || *p == '\r' ? " " : p, 1);
		}
	}
}

static void write_vtt(struct tc_buf *out, const struct tc_record *s)
{
	tc_buf_puts(out, "WEBVTT\n");
	for (size_t i = 0; i < s->count; i++) {
		const struct tc_utterance *u = &s->said[i];
		tc_buf_puts(out, "\n");
		put_stamp(out, u->start_ms);
		tc_buf_puts(out, " --> ");
		put_stamp(out, u->end_ms > u->start_ms ? u->end_ms : u->start_ms + 1);
		tc_buf_puts(out, "\n<v ");
		put_cue_text(out, speaker(s, u));
		tc_buf_puts(out, ">");
		put_cue_text(out, u->text);
		tc_buf_puts(out, "\n");
	}
}

static void write_out(struct tc_buf *out, const struct tc_record *s, enum tc_record_format format,
		      bool words)
{
	if (format == TC_RECORD_JSON) {
		write_json(out, s, words);
	} else if (format == TC_RECORD_VTT) {
		write_vtt(out, s);
	} else {
		write_head(out, s);
		write_summary(out, s);
		if (words) {
			write_transcript(out, s);
		}
	}
}

void tc_record_write(struct tc_buf *out, const struct tc_record *record,
		     enum tc_record_format format)
{
	write_out(out, record, format, true);
}

void tc_record_write_head(struct tc_buf *out, const struct tc_record *record,
			  enum tc_record_format format)
{
	write_out(out, record, format, false);
}
