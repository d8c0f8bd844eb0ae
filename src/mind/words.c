// SPDX-License-Identifier: Apache-2.0
#include "mind/words.h"

#include <ctype.h>
#include <string.h>

#define GAP 3 /* words a `*` may stand for */

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || c == '\'' || (unsigned char)c >= 0x80;
}

void tc_words_split(struct tc_words *out, const char *text)
{
	size_t len = 0;
	out->count = 0;
	while (*text && out->count < TC_WORDS_MAX) {
		while (*text && !is_word_byte(*text)) {
			text++;
		}
		size_t size = 0;
		while (text[size] && is_word_byte(text[size])) {
			size++;
		}
		if (!size || len + size + 1 > sizeof(out->text)) {
			break;
		}
		out->at[out->count++] = out->text + len;
		for (size_t i = 0; i < size; i++) {
			out->text[len++] = (char)tolower((unsigned char)text[i]);
		}
		out->text[len++] = '\0';
		text += size;
	}
}

bool tc_word_in(const char *word, const char *list)
{
	size_t len = strlen(word);
	while (*list) {
		size_t size = strcspn(list, "| ");
		if (size == len && memcmp(list, word, len) == 0) {
			return true;
		}
		if (list[size] != '|') {
			return false;
		}
		list += size + 1;
	}
	return false;
}

bool tc_words_have(const struct tc_words *words, const char *list)
{
	for (int i = 0; i < words->count; i++) {
		if (tc_word_in(words->at[i], list)) {
			return true;
		}
	}
	return false;
}

bool tc_words_all_in(const struct tc_words *words, const char *list)
{
	for (int i = 0; i < words->count; i++) {
		if (!tc_word_in(words->at[i], list)) {
			return false;
		}
	}
	return words->count > 0;
}

/* Behind the last word matched, or -1. */
static int match_at(const struct tc_words *words, int at, const char *pattern)
{
	pattern += strspn(pattern, " ");
	if (!*pattern) {
		return at;
	}
	if (*pattern == '$') {
		return at == words->count ? at : -1;
	}
	const char *rest = pattern + strcspn(pattern, " ");
	if (*pattern == '*') {
		for (int skip = 0; skip <= GAP && at + skip <= words->count; skip++) {
			int end = match_at(words, at + skip, rest);
			if (end >= 0) {
				return end;
			}
		}
		return -1;
	}
	if (at < words->count && tc_word_in(words->at[at], pattern)) {
		return match_at(words, at + 1, rest);
	}
	return -1;
}

int tc_words_find(const struct tc_words *words, const char *pattern, int *end)
{
	bool anchored = *pattern == '^';
	pattern += anchored;
	for (int at = 0; at <= (anchored ? 0 : words->count); at++) {
		int behind = match_at(words, at, pattern);
		if (behind >= 0) {
			if (end) {
				*end = behind;
			}
			return at;
		}
	}
	return -1;
}

void tc_words_cut(struct tc_words *words, int from, int to)
{
	memmove(words->at + from, words->at + to,
		(size_t)(words->count - to) * sizeof(words->at[0]));
	words->count -= to - from;
}

size_t tc_words_join(const struct tc_words *words, int from, int to, char *out, size_t size)
{
	size_t len = 0;
	out[0] = '\0';
	for (int i = from; i < to; i++) {
		size_t word = strlen(words->at[i]);
		if (len + word + 2 > size) {
			break;
		}
		if (len) {
			out[len++] = ' ';
		}
		memcpy(out + len, words->at[i], word + 1);
		len += word;
	}
	return len;
}
