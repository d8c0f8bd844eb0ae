/* speech/model.h -- where the recognizer's model lies, and whether all of it is there. Known to the
 * orb, which loads it, and to the server, which warns; so no speech library is needed here. Thread:
 * any.
 */
#ifndef TC_SPEECH_MODEL_H
#define TC_SPEECH_MODEL_H

#include <stddef.h>

#define TC_SPEECH_MODEL_DIR  "/usr/share/pocketsphinx/model/en-us" /* Debian's */
#define TC_SPEECH_MODEL_HMM  "en-us"
#define TC_SPEECH_MODEL_LM   "en-us.lm.bin"
#define TC_SPEECH_MODEL_DICT "cmudict-en-us.dict"

/* 0, or a negative errno and in `why` what is missing and how to get it; of each file its beginning
 * is looked at. dir NULL: Debian's. */
int tc_speech_model_check(const char *dir, char *why, size_t size);

#endif
