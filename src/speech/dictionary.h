/* speech/dictionary.h -- a pronouncing dictionary, cut to what a language model knows: any other
 * word is never heard, and costs memory only. Thread: any.
 */
#ifndef TC_SPEECH_DICTIONARY_H
#define TC_SPEECH_DICTIONARY_H

#include <stdbool.h>

/* Reads `path` (lines of a word and its phones; "and(2)" is another way to say "and") and copies
 * what is known, in its order, into a file in memory. Returns its descriptor, close-on-exec, or a
 * negative errno; -ENOENT also when nothing is known. */
int tc_dictionary_cut(const char *path, bool (*known)(void *user, const char *word), void *user);

#endif
