// SPDX-License-Identifier: Apache-2.0
#include "cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"

#define LIST_MAX 10000

static void write_call(struct tc_json_writer *w, const struct tc_call *call)
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

static void list_text(struct tc_buf *out, const struct tc_call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char started[32];
		char length[32] = "open";
		tc_cli_format_time(calls[i].started_ms, started);
		if (calls[i].ended_ms) {
			int64_t s = (calls[i].ended_ms - calls[i].started_ms) / 1000;
			snprintf(length, sizeof(length), "%" PRId64 ":%02d", s / 60, (int)(s % 60));
		}
		tc_buf_putf(out, "%s  %s  %8s  %s\n", calls[i].id, started, length, calls[i].room);
	}
}

static void list_json(struct tc_buf *out, const struct tc_call *calls, size_t count)
{
	struct tc_json_writer w;
	tc_json_writer_init(&w, out);
	tc_json_begin_array(&w);
	for (size_t i = 0; i < count; i++) {
		tc_json_begin_object(&w);
		write_call(&w, &calls[i]);
		tc_json_end_object(&w);
	}
	tc_json_end_array(&w);
	tc_buf_puts(out, "\n");
}

int tc_cli_session_list(const struct tc_cli *cli)
{
	struct tc_store *store = tc_cli_store(cli, true);
	if (!store) {
		return TC_EXIT_FAILED;
	}
	struct tc_call *calls = NULL;
	size_t count = 0;
	int err = tc_store_calls(store, cli->args->room, LIST_MAX, &calls, &count);
	tc_store_close(store);
	if (err) {
		return tc_cli_fail_store(cli, "cannot read the sessions", err);
	}
	if (count == 0 && !cli->args->json) {
		/* Not on stdout: there it would be taken for a session. */
		fprintf(stderr, "no sessions%s%s yet\n", cli->args->room ? " in room " : "",
			cli->args->room ? cli->args->room : "");
	}
	struct tc_buf out;
	tc_buf_init(&out);
	(cli->args->json ? list_json : list_text)(&out, calls, count);
	free(calls);
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}

/* One session with all that belongs to it. */
struct session {
	struct tc_call call;
	struct tc_utterance *said; /* owned */
	size_t count;
	char *summary; /* owned; NULL: none */
};

static void session_finish(struct session *s)
{
	tc_utterances_free(s->said, s->count);
	free(s->summary);
}

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
static void said_in_summary(struct tc_store *store, struct session *s)
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

static int session_load(const struct tc_cli *cli, struct session *s)
{
	*s = (struct session){0};
	struct tc_store *store = tc_cli_store(cli, true);
	if (!store) {
		return TC_EXIT_FAILED;
	}
	int err = tc_store_call(store, cli->operand, &s->call);
	if (!err) {
		err = tc_store_utterances(store, cli->operand, &s->said, &s->count);
	}
	if (!err) {
		int none = tc_store_summary(store, cli->operand, &s->summary);
		err = none == -ENOENT ? 0 : none;
	}
	if (!err && s->summary && s->count == 0) {
		said_in_summary(store, s);
	}
	tc_store_close(store);
	if (err) {
		session_finish(s);
		if (err != -ENOENT) {
			return tc_cli_fail_store(cli, "cannot read the session", err);
		}
		return tc_cli_fail(TC_EXIT_FAILED, "session %s: there is none", cli->operand);
	}
	return TC_EXIT_OK;
}

static const char *speaker(const struct session *s, const struct tc_utterance *u)
{
	if (u->user_name[0]) {
		return u->user_name;
	}
	/* Neither of the two and nobody we know: the orb, whose id is of its session. */
	return strncmp(u->user_id, "ai-orb-", 7) == 0 ? "Orb" : u->user_id;
}

static void write_json(struct tc_buf *out, const struct session *s, bool words)
{
	struct tc_json_writer w;
	tc_json_writer_init(&w, out);
	tc_json_begin_object(&w);
	write_call(&w, &s->call);
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

static void write_head(struct tc_buf *out, const struct session *s)
{
	char started[32];
	char ended[32] = "still open";
	tc_cli_format_time(s->call.started_ms, started);
	if (s->call.ended_ms) {
		tc_cli_format_time(s->call.ended_ms, ended);
	}
	tc_buf_putf(out, "# Session %s\n\n- room: %s\n- started: %s\n- ended: %s\n", s->call.id,
		    s->call.room, started, ended);
	tc_buf_putf(out, "- utterances: %zu\n", s->count);
}

static void write_summary(struct tc_buf *out, const struct session *s)
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

static void write_transcript(struct tc_buf *out, const struct session *s)
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

static void write_vtt(struct tc_buf *out, const struct session *s)
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

int tc_cli_session_show(const struct tc_cli *cli)
{
	struct session s;
	int exit_code = session_load(cli, &s);
	if (exit_code) {
		return exit_code;
	}
	struct tc_buf out;
	tc_buf_init(&out);
	if (cli->args->json) {
		write_json(&out, &s, false);
	} else {
		write_head(&out, &s);
		write_summary(&out, &s);
	}
	session_finish(&s);
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}

int tc_cli_session_export(const struct tc_cli *cli)
{
	struct session s;
	int exit_code = session_load(cli, &s);
	if (exit_code) {
		return exit_code;
	}
	struct tc_buf out;
	tc_buf_init(&out);
	if (cli->args->json || strcmp(cli->args->format, "json") == 0) {
		write_json(&out, &s, true);
	} else if (strcmp(cli->args->format, "vtt") == 0) {
		write_vtt(&out, &s);
	} else {
		write_head(&out, &s);
		write_summary(&out, &s);
		write_transcript(&out, &s);
	}
	session_finish(&s);
	return tc_cli_print(&out) ? TC_EXIT_OK : TC_EXIT_FAILED;
}
