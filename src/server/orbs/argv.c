// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/argv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"

void tc_strings_finish(struct tc_strings *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->list[i]);
	}
	free(s->list);
	*s = (struct tc_strings){0};
}

static void take(struct tc_strings *s, char *text)
{
	if (!s->err && s->count + 2 > s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 16;
		char **list = realloc(s->list, cap * sizeof(*list));
		if (list) {
			s->list = list;
			s->cap = cap;
		} else {
			s->err = -ENOMEM;
		}
	}
	if (!text || s->err) {
		s->err = -ENOMEM;
		free(text);
		return;
	}
	s->list[s->count++] = text;
	s->list[s->count] = NULL;
}

void tc_strings_addn(struct tc_strings *s, const char *text, size_t len)
{
	take(s, strndup(text, len));
}

void tc_strings_addf(struct tc_strings *s, const char *fmt, ...)
{
	struct tc_buf buf;
	va_list ap;
	tc_buf_init(&buf);
	va_start(ap, fmt);
	tc_buf_vputf(&buf, fmt, ap);
	va_end(ap);
	take(s, tc_buf_take_str(&buf));
}

/* One word at *at into `word`; false: a quote is not closed. */
static bool split_word(const char **at, struct tc_buf *word)
{
	const char *p = *at;
	char quote = 0;
	for (; *p && (quote || *p != ' '); p++) {
		if (*p == '\\' && quote != '\'' && p[1]) {
			tc_buf_put(word, ++p, 1);
		} else if (quote && *p == quote) {
			quote = 0;
		} else if (!quote && (*p == '"' || *p == '\'')) {
			quote = *p;
		} else {
			tc_buf_put(word, p, 1);
		}
	}
	*at = p;
	return !quote;
}

int tc_orb_split_command(struct tc_strings *out, const char *command)
{
	const char *at = command + strspn(command, " ");
	while (*at) {
		struct tc_buf word;
		tc_buf_init(&word);
		if (!split_word(&at, &word)) {
			tc_buf_finish(&word);
			return -EINVAL;
		}
		take(out, tc_buf_take_str(&word));
		at += strspn(at, " ");
	}
	return out->err;
}

static bool names(const char *entry, const char *name, size_t len)
{
	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

/* An orb is the process that meets the network's media: it holds no key it has no use for. */
static bool is_private(const char *entry)
{
	static const char *const ours[] = {"API_KEYS",  "TURN_SECRET", "DATABASE_URL",
					   "REDIS_URL", "TLS_KEY",     "NOTIFY_SOCKET"};
	for (size_t i = 0; i < TC_COUNT(ours); i++) {
		if (names(entry, ours[i], strlen(ours[i]))) {
			return true;
		}
	}
	return false;
}

static bool is_set_anew(const char *entry, const struct tc_strings *extra)
{
	for (size_t i = 0; i < extra->count; i++) {
		if (names(entry, extra->list[i], strcspn(extra->list[i], "="))) {
			return true;
		}
	}
	return false;
}

void tc_orb_environment(struct tc_strings *out, char *const *base, const struct tc_strings *extra)
{
	for (; *base; base++) {
		if (!is_private(*base) && !is_set_anew(*base, extra)) {
			tc_strings_addn(out, *base, strlen(*base));
		}
	}
	for (size_t i = 0; i < extra->count; i++) {
		tc_strings_addn(out, extra->list[i], strlen(extra->list[i]));
	}
}
