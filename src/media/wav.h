/* media/wav.h -- RIFF WAVE, 16-bit PCM, any rate, mono (more channels are mixed down). */
#ifndef TC_MEDIA_WAV_H
#define TC_MEDIA_WAV_H

#include <stddef.h>
#include <stdint.h>

struct tc_wav {
	int rate;
	size_t samples;
	int16_t *pcm; /* owned */
};

/* Pure: from memory. -TC_EPARSE for what is no 16-bit PCM WAV, -ENOMEM. */
int tc_wav_parse(struct tc_wav *out, const void *data, size_t len);
int tc_wav_load(struct tc_wav *out, const char *path);
int tc_wav_save(const char *path, int rate, const int16_t *pcm, size_t samples);
void tc_wav_finish(struct tc_wav *wav);

#endif
