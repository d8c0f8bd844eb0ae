// SPDX-License-Identifier: Apache-2.0
#include "speech/recognizer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "speech/null.h"

TC_LOG_TOPIC("speech.null");

#define MAX_LINES       512
#define MAX_SCRIPT_FILE 65536

struct line {
	char *speaker; /* owned by the script text; NULL: anybody */
	char *words;
	float confidence;
	float end_score;
	bool taken;
};

struct tc_recognizer {
	char *script; /* owned; cut up in place */
	struct line *lines;
	size_t count;
	bool hangs;
};

struct tc_recognizer_stream {
	struct tc_recognizer *r;
	char *speaker;
	struct line *line; /* what this utterance says; NULL: nothing */
	bool open;
	int64_t samples;
	int shown; /* words in the last partial */
	int64_t changed_at;
};

static char *trim(char *text)
{
	text += strspn(text, " \t");
	size_t len = strlen(text);
	while (len && strchr(" \t\r", text[len - 1])) {
		text[--len] = '\0';
	}
	return text;
}

static void parse_line(struct tc_recognizer *r, char *text)
{
	text = trim(text);
	if (!*text || *text == '#' || r->count == MAX_LINES) {
		return;
	}
	if (strcmp(text, "!hang") == 0) {
		r->hangs = true;
		return;
	}
	struct line *line = &r->lines[r->count++];
	*line = (struct line){.confidence = 0.9f, .end_score = -0.5f};
	char *bar = strchr(text, '|');
	if (bar) {
		*bar++ = '\0';
		line->confidence = strtof(bar, &bar);
		bar = strchr(bar, '|');
		line->end_score = bar ? strtof(bar + 1, NULL) : line->end_score;
	}
	char *colon = strchr(text, ':');
	if (colon) {
		*colon = '\0';
		line->speaker = trim(text);
		text = colon + 1;
	}
	line->words = trim(text);
	if (strcmp(line->words, "-") == 0) {
		*line->words = '\0';
	}
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = file ? malloc(MAX_SCRIPT_FILE) : NULL;
	if (text) {
		size_t len = fread(text, 1, MAX_SCRIPT_FILE - 1, file);
		text[len] = '\0';
	}
	if (file) {
		fclose(file);
	}
	return text;
}

static void null_close(struct tc_recognizer *r)
{
	if (r) {
		free(r->script);
		free(r->lines);
		free(r);
	}
}

static int null_open(struct tc_recognizer **out, const struct tc_recognizer_config *config)
{
	const char *script = config->script ? config->script : "";
	struct tc_recognizer *r = calloc(1, sizeof(*r));
	if (!r) {
		return -ENOMEM;
	}
	r->script = *script == '@' ? read_file(script + 1) : strdup(script);
	r->lines = calloc(MAX_LINES, sizeof(*r->lines));
	if (!r->script || !r->lines) {
		int err = !r->script && *script == '@' ? -ENOENT : -ENOMEM;
		if (err == -ENOENT) {
			TC_ERROR(NULL, "cannot read the script %s", script + 1);
		}
		null_close(r);
		return err;
	}
	for (char *save = NULL, *line = strtok_r(r->script, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		parse_line(r, line);
	}
	*out = r;
	return 0;
}

static void null_stream_destroy(struct tc_recognizer_stream *s)
{
	if (s) {
		free(s->speaker);
		free(s);
	}
}

static int null_stream_create(struct tc_recognizer_stream **out, struct tc_recognizer *r,
			      const char *speaker)
{
	while (r->hangs) {
		pause();
	}
	struct tc_recognizer_stream *s = calloc(1, sizeof(*s));
	if (!s) {
		return -ENOMEM;
	}
	s->r = r;
	s->speaker = strdup(speaker);
	if (!s->speaker) {
		free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

static int null_begin(struct tc_recognizer_stream *s)
{
	s->line = NULL;
	s->samples = 0;
	s->shown = 0;
	s->changed_at = 0;
	s->open = true;
	for (size_t i = 0; i < s->r->count && !s->line; i++) {
		struct line *line = &s->r->lines[i];
		if (!line->taken && (!line->speaker || strcmp(line->speaker, s->speaker) == 0)) {
			line->taken = true;
			s->line = line;
		}
	}
	return 0;
}

static int null_push(struct tc_recognizer_stream *s, const int16_t *pcm, size_t samples)
{
	s->samples += (int64_t)samples;
	return 0;
}

/* The first `limit` words of the line. */
static void fill(const struct tc_recognizer_stream *s, struct tc_hypothesis *out, int limit)
{
	memset(out, 0, sizeof(*out));
	out->end_score = -3.0f;
	if (!s->line) {
		return;
	}
	size_t len = 0;
	for (const char *p = s->line->words; *p && out->word_count < limit;) {
		size_t word = strcspn(p, " ");
		if (len + word + 2 > sizeof(out->text)) {
			break;
		}
		struct tc_word *w = &out->words[out->word_count];
		snprintf(w->text, sizeof(w->text), "%.*s", (int)word, p);
		w->start_ms = out->word_count * TC_NULL_WORD_MS;
		w->end_ms = w->start_ms + TC_NULL_WORD_MS;
		w->confidence = s->line->confidence;
		len += (size_t)snprintf(out->text + len, sizeof(out->text) - len, "%s%.*s",
					len ? " " : "", (int)word, p);
		out->word_count++;
		p += word;
		p += strspn(p, " ");
	}
	out->end_score = s->line->end_score;
}

static int null_partial(struct tc_recognizer_stream *s, struct tc_hypothesis *out)
{
	int64_t ms = s->samples * 1000 / TC_NULL_RATE;
	int64_t words = ms / TC_NULL_WORD_MS;
	fill(s, out, words < TC_HYPOTHESIS_WORDS ? (int)words : TC_HYPOTHESIS_WORDS);
	if (out->word_count != s->shown) {
		s->shown = out->word_count;
		s->changed_at = ms;
	}
	for (int i = 0; i < out->word_count; i++) {
		out->words[i].confidence = 0;
	}
	out->stable_ms = (int)(ms - s->changed_at);
	return 0;
}

static int null_end(struct tc_recognizer_stream *s, struct tc_hypothesis *out)
{
	fill(s, out, TC_HYPOTHESIS_WORDS);
	out->confidence = out->word_count ? s->line->confidence : 0;
	s->open = false;
	return 0;
}

static void null_cancel(struct tc_recognizer_stream *s)
{
	s->open = false;
}

static int null_add_word(struct tc_recognizer *r, const char *word)
{
	return 0;
}

const struct tc_recognizer_ops tc_recognizer_null = {
	.name = "null",
	.open = null_open,
	.close = null_close,
	.stream_create = null_stream_create,
	.stream_destroy = null_stream_destroy,
	.begin = null_begin,
	.push = null_push,
	.partial = null_partial,
	.end = null_end,
	.cancel = null_cancel,
	.add_word = null_add_word,
};
