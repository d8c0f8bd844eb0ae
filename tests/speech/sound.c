// SPDX-License-Identifier: Apache-2.0
#include "speech/sound.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "media/opus.h"
#include "speech/synthesizer.h"

#define FRAME      320
#define NOISE_PEAK 56
#define MAX_WORDS  200

static uint32_t noise_state = 1;

static int16_t noise(void)
{
	noise_state = noise_state * 1664525u + 1013904223u;
	return (int16_t)((int)(noise_state >> 16) % (2 * NOISE_PEAK + 1) - NOISE_PEAK);
}

void sound_finish(struct sound *sound)
{
	free(sound->pcm);
	*sound = (struct sound){0};
}

void sound_add(struct sound *sound, const int16_t *pcm, size_t samples)
{
	if (sound->samples + samples > sound->room) {
		sound->room = (sound->samples + samples) * 2;
		sound->pcm = realloc(sound->pcm, sound->room * sizeof(*pcm));
		TC_ASSERT(sound->pcm);
	}
	memcpy(sound->pcm + sound->samples, pcm, samples * sizeof(*pcm));
	sound->samples += samples;
}

void sound_add_pause(struct sound *sound, int ms)
{
	for (int i = 0; i < ms * SOUND_RATE / 1000; i++) {
		int16_t sample = noise();
		sound_add(sound, &sample, 1);
	}
}

bool sound_add_file(struct sound *sound, const char *path, size_t header)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		return false;
	}
	fseek(file, (long)header, SEEK_SET);
	int16_t pcm[FRAME];
	for (size_t n; (n = fread(pcm, sizeof(*pcm), FRAME, file)) > 0;) {
		sound_add(sound, pcm, n);
	}
	fclose(file);
	return true;
}

static bool on_chunk(void *user, const int16_t *pcm, size_t samples)
{
	sound_add(user, pcm, samples);
	return true;
}

static void through_opus(struct sound *out, const struct sound *in)
{
	struct tc_opus_encoder *encoder;
	struct tc_opus_decoder *decoder;
	struct tc_opus_encoder_config config = {
		.rate = SOUND_RATE, .bitrate = 24000, .no_dtx = true};
	TC_ASSERT(!tc_opus_encoder_create(&encoder, &config));
	TC_ASSERT(!tc_opus_decoder_create(&decoder, SOUND_RATE));
	for (size_t at = 0; at + FRAME <= in->samples; at += FRAME) {
		int16_t pcm[FRAME];
		uint8_t packet[TC_OPUS_MAX_PACKET];
		for (int i = 0; i < FRAME; i++) {
			pcm[i] = (int16_t)(in->pcm[at + i] * 0.8 + noise());
		}
		int len = tc_opus_encode(encoder, pcm, packet, sizeof(packet));
		TC_ASSERT(len > 0);
		TC_ASSERT(tc_opus_decode(decoder, packet, (size_t)len, pcm, FRAME) == FRAME);
		sound_add(out, pcm, FRAME);
	}
	tc_opus_encoder_destroy(encoder);
	tc_opus_decoder_destroy(decoder);
}

void sound_add_speech(struct sound *sound, const char *text)
{
	struct tc_synthesizer *flite;
	struct sound dry = {0};
	TC_ASSERT(!tc_synthesizer_flite.open(&flite, NULL));
	TC_ASSERT(!tc_synthesizer_flite.say(flite, text, on_chunk, &dry));
	tc_synthesizer_flite.close(flite);
	through_opus(sound, &dry);
	sound_finish(&dry);
}

static int split(char *text, char **words)
{
	int count = 0;
	for (char *save, *w = strtok_r(text, " ", &save); w && count < MAX_WORDS;
	     w = strtok_r(NULL, " ", &save)) {
		words[count++] = w;
	}
	return count;
}

int words_count(const char *text)
{
	char copy[4096], *words[MAX_WORDS];
	snprintf(copy, sizeof(copy), "%s", text);
	return split(copy, words);
}

int words_right(const char *expected, const char *got)
{
	char a[4096], b[4096], *want[MAX_WORDS], *have[MAX_WORDS];
	int best[MAX_WORDS + 1][MAX_WORDS + 1] = {0}; /* longest common subsequence */
	snprintf(a, sizeof(a), "%s", expected);
	snprintf(b, sizeof(b), "%s", got);
	int wants = split(a, want), haves = split(b, have);
	for (int i = 1; i <= wants; i++) {
		for (int j = 1; j <= haves; j++) {
			int skip =
				best[i - 1][j] > best[i][j - 1] ? best[i - 1][j] : best[i][j - 1];
			int both = best[i - 1][j - 1] + 1;
			bool same = strcmp(want[i - 1], have[j - 1]) == 0;
			best[i][j] = same && both > skip ? both : skip;
		}
	}
	return best[wants][haves];
}
