/* speech/flite.h -- what else of flite is used: how a name is pronounced. */
#ifndef TC_SPEECH_FLITE_H
#define TC_SPEECH_FLITE_H

#include <stddef.h>

/* The phones of one word (a-z and ' only) in CMU notation, "AO R B", by lexicon, else by
 * letter-to-sound rules. The length, or -ENOENT, -ENOSPC. Any thread. */
int tc_flite_pronounce(const char *word, char *out, size_t size);

#endif
