/* Sound for tests: recordings of Debian's pocketsphinx-testdata, and sentences flite speaks. */
#ifndef TC_TEST_SPEECH_SOUND_H
#define TC_TEST_SPEECH_SOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOUND_RATE     16000
#define SOUND_TESTDATA "/usr/share/pocketsphinx/test/data/"

struct sound {
	int16_t *pcm; /* owned */
	size_t samples, room;
};

void sound_finish(struct sound *sound);
void sound_add(struct sound *sound, const int16_t *pcm, size_t samples);
/* `ms` of noise at about -60 dBFS: what a quiet room sounds like. */
void sound_add_pause(struct sound *sound, int ms);
/* 16-bit PCM at 16 kHz after `header` bytes. false: not there. */
bool sound_add_file(struct sound *sound, const char *path, size_t header);
/* Spoken by flite, with room noise, through Opus as in a call. */
void sound_add_speech(struct sound *sound, const char *text);
/* How many of the words of `expected` are in `got`, in order. */
int words_right(const char *expected, const char *got);
int words_count(const char *text);

#endif
