// SPDX-License-Identifier: Apache-2.0
#include "orb/names.h"

#include <stdbool.h>
#include <string.h>

#define SHORTEST 3 /* "al" would be heard in half of what is said */

/* U+00C0 to U+00FF without their accents; '.': no letter. */
static const char latin1[] = "aaaaaaaceeeeiiiidnooooo.ouuuuytsaaaaaaaceeeeiiiidnooooo.ouuuuyty";

enum { END = -1, BREAK = 0, FOREIGN = 1 }; /* else a letter */

/* The next letter, and past it. */
static int next_letter(const unsigned char **at)
{
	const unsigned char *p = *at;
	if (!*p) {
		return END;
	}
	*at = p + 1;
	if (*p >= 0x80) {
		bool accented = p[0] == 0xc3 && p[1] >= 0x80 && p[1] <= 0xbf;
		*at += accented;
		return accented && latin1[p[1] - 0x80] != '.' ? latin1[p[1] - 0x80] : FOREIGN;
	}
	int c = *p >= 'A' && *p <= 'Z' ? *p + 32 : *p;
	return c >= 'a' && c <= 'z' ? c : c >= '0' && c <= '9' ? FOREIGN : BREAK;
}

static bool known(const struct tc_names *names, const char *word)
{
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->word[i], word) == 0) {
			return true;
		}
	}
	return false;
}

size_t tc_names_add(struct tc_names *names, const char *name)
{
	const unsigned char *at = (const unsigned char *)name;
	size_t before = names->count;
	for (int c = BREAK; c != END && names->count < TC_NAMES_WORDS;) {
		char *word = names->word[names->count];
		size_t len = 0;
		bool whole = true;
		while ((c = next_letter(&at)) > BREAK) {
			whole = whole && c != FOREIGN && len + 1 < TC_NAMES_SIZE;
			if (whole) {
				word[len++] = (char)c;
			}
		}
		word[len] = '\0';
		if (whole && len >= SHORTEST && !known(names, word)) {
			names->count++;
		}
	}
	return names->count - before;
}
