/* mind/words.h -- recognised text as words, and small patterns over them. Pure; no allocation. */
#ifndef TC_MIND_WORDS_H
#define TC_MIND_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#define TC_WORDS_MAX  160
#define TC_WORDS_TEXT 1200

struct tc_words {
	char text[TC_WORDS_TEXT]; /* the words, each 0-terminated */
	const char *at[TC_WORDS_MAX];
	int count;
};

/* Lower-cases; what is not a letter, digit or ' separates. Too much is cut off. */
void tc_words_split(struct tc_words *out, const char *text);
/* Is `word` one of "a|b|c"? */
bool tc_word_in(const char *word, const char *list);
bool tc_words_have(const struct tc_words *words, const char *list);
bool tc_words_all_in(const struct tc_words *words, const char *list);
/* Does the pattern occur? Its parts, separated by blanks, are each a list as above, or `*`: up to
 * three words of any kind. `^` first: only at the start; `$` last: only at the end.
 * The index of the first word matched, or -1; *end (may be NULL): behind the last. */
int tc_words_find(const struct tc_words *words, const char *pattern, int *end);
/* Forgets the words from..to. */
void tc_words_cut(struct tc_words *words, int from, int to);
/* Joins from..to with blanks; 0-terminated, cut if too long. Returns the length. */
size_t tc_words_join(const struct tc_words *words, int from, int to, char *out, size_t size);

#endif
