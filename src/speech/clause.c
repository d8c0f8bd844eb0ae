// SPDX-License-Identifier: Apache-2.0
#include "speech/clause.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "speech/voice.h"

#define MARKER   "[pause"
#define LONG     120 /* without punctuation: the first sound must not wait for a whole story */
#define SOFT_CUT 70
#define HARD_CUT 180

static int gap_of(char c)
{
	switch (c) {
	case ',':
		return 130;
	case ';':
	case ':':
		return 220;
	case '.':
	case '!':
	case '?':
		return 320;
	default:
		return 0;
	}
}

/* Mr. and friends end no sentence. */
static bool is_title(const char *text, size_t dot)
{
	static const char *const titles[] = {"Mr", "Mrs", "Ms", "Dr", "St"};
	size_t start = dot;
	while (start && isalpha((unsigned char)text[start - 1])) {
		start--;
	}
	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++) {
		if (strlen(titles[i]) == dot - start &&
		    strncmp(text + start, titles[i], dot - start) == 0) {
			return true;
		}
	}
	return false;
}

static bool ends_at(const char *text, size_t i)
{
	return gap_of(text[i]) && (isspace((unsigned char)text[i + 1]) || !text[i + 1]) &&
	       !(text[i] == '.' && is_title(text, i));
}

static size_t with_blanks(const char *text, size_t len)
{
	return len + strspn(text + len, " \t\r\n");
}

/* A long run without punctuation: before a joining word, or at any blank. */
static size_t forced_cut(const char *text, size_t len)
{
	static const char *const joints[] = {" and ", " but ", " because ", " so ", " when "};
	for (size_t i = SOFT_CUT; i < len && i < HARD_CUT; i++) {
		for (size_t k = 0; k < sizeof(joints) / sizeof(joints[0]); k++) {
			if (strncmp(text + i, joints[k], strlen(joints[k])) == 0) {
				return i + 1;
			}
		}
	}
	size_t cut = len < HARD_CUT ? len : HARD_CUT;
	for (size_t i = cut; i > SOFT_CUT && len > HARD_CUT; i--) {
		if (text[i] == ' ') {
			return i + 1;
		}
	}
	/* Never inside a UTF-8 sequence. */
	while (cut < len && ((unsigned char)text[cut] & 0xc0) == 0x80) {
		cut++;
	}
	return cut;
}

static struct tc_clause marker(const char *text)
{
	const char *end = strchr(text, ']');
	long ms = strtol(text + strlen(MARKER), NULL, 10);
	ms = ms < 0 ? 0 : ms > TC_CLAUSE_MAX_PAUSE_MS ? TC_CLAUSE_MAX_PAUSE_MS : ms;
	return (struct tc_clause){.len = with_blanks(text, (size_t)(end - text) + 1),
				  .pause_ms = (int)ms};
}

struct tc_clause tc_clause_next(const char *text)
{
	size_t start = strspn(text, " \t\r\n");
	const char *from = text + start;
	struct tc_clause clause = {.pause_ms = -1};
	if (strncmp(from, MARKER, strlen(MARKER)) == 0 && strchr(from, ']')) {
		clause = marker(from);
		clause.len += start;
		return clause;
	}
	size_t len = 0;
	while (from[len] && !ends_at(from, len) &&
	       !(strncmp(from + len, MARKER, strlen(MARKER)) == 0 && strchr(from + len, ']'))) {
		len++;
	}
	if (len > LONG) {
		size_t cut = forced_cut(from, len);
		if (cut < len) {
			clause.len = start + with_blanks(from, cut);
			return clause;
		}
	}
	if (from[len] && gap_of(from[len])) {
		clause.gap_ms = gap_of(from[len]);
		len++;
	}
	clause.len = start + with_blanks(from, len);
	return clause;
}

size_t tc_voice_clause(const char *text)
{
	return tc_clause_next(text).len;
}
