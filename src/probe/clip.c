// SPDX-License-Identifier: Apache-2.0
#include "probe/clip.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "media/opus.h"
#include "media/resample.h"
#include "media/wav.h"
#include "probe/hear.h"
#include "speech/synthesizer.h"

#define RATE        16000
#define FRAME       (RATE / 50)
#define BITRATE     32000
#define MAX_SAMPLES ((size_t)TC_CLIP_MAX_S * RATE)

struct pieces {
	struct tc_opus_encoder *encoder;
	struct tc_buf bytes;
};

/* The bytes may still move: data is set when all are there. */
static int encode_frame(struct pieces *to, const int16_t *pcm, struct tc_clip_packet *packet)
{
	uint8_t bytes[TC_OPUS_MAX_PACKET];
	int len = tc_opus_encode(to->encoder, pcm, bytes, sizeof(bytes));
	if (len < 0) {
		return len;
	}
	tc_buf_put(&to->bytes, bytes, (size_t)len);
	*packet = (struct tc_clip_packet){
		.len = (size_t)len,
		.level = tc_hear_level(pcm, FRAME),
		.voice = tc_hear_loud(pcm, FRAME),
	};
	return to->bytes.err;
}

static int encode_all(struct tc_clip *clip, struct pieces *to, const int16_t *pcm, size_t samples)
{
	for (size_t i = 0; i < clip->count + TC_CLIP_SILENCE; i++) {
		int16_t frame[FRAME] = {0};
		size_t at = i * FRAME;
		if (at < samples) {
			size_t left = samples - at;
			memcpy(frame, pcm + at, (left < FRAME ? left : FRAME) * sizeof(*pcm));
		}
		int err = encode_frame(to, frame, &clip->packets[i]);
		if (err) {
			return err;
		}
		clip->spoken = clip->packets[i].voice ? i + 1 : clip->spoken;
	}
	return 0;
}

static void point_into(struct tc_clip *clip)
{
	const uint8_t *at = clip->bytes;
	for (size_t i = 0; i < clip->count + TC_CLIP_SILENCE; i++) {
		clip->packets[i].data = at;
		at += clip->packets[i].len;
	}
}

int tc_clip_encode(struct tc_clip *out, const int16_t *pcm, size_t samples)
{
	if (samples > MAX_SAMPLES) {
		return -EINVAL;
	}
	/* A browser's encoder has no DTX unless it is asked for. */
	const struct tc_opus_encoder_config config = {
		.rate = RATE, .bitrate = BITRATE, .no_dtx = true, .wideband = true};
	struct tc_clip clip = {.count = (samples + FRAME - 1) / FRAME};
	struct pieces to = {0};
	tc_buf_init(&to.bytes);
	clip.packets = calloc(clip.count + TC_CLIP_SILENCE, sizeof(*clip.packets));
	int err = clip.packets ? tc_opus_encoder_create(&to.encoder, &config) : -ENOMEM;
	err = err ? err : encode_all(&clip, &to, pcm, samples);
	err = err || !samples || clip.spoken ? err : -EINVAL;
	tc_opus_encoder_destroy(to.encoder);
	if (err) {
		tc_buf_finish(&to.bytes);
		free(clip.packets);
		return err;
	}
	clip.bytes = (uint8_t *)to.bytes.data;
	point_into(&clip);
	*out = clip;
	return 0;
}

static int encode_or_say_why(struct tc_clip *out, const int16_t *pcm, size_t samples,
			     const char *what, char *why, size_t size)
{
	int err = samples ? tc_clip_encode(out, pcm, samples) : -EINVAL;
	if (err == -EINVAL) {
		snprintf(why, size, samples > MAX_SAMPLES ? "%s: longer than %d s" : "%s: silent",
			 what, TC_CLIP_MAX_S);
	} else if (err) {
		snprintf(why, size, "%s: %s", what, tc_err_str(err));
	}
	return err;
}

/* Takes over wav->pcm; the result is the caller's to free. */
static int to_our_rate(struct tc_wav *wav)
{
	if (wav->rate == RATE) {
		return 0;
	}
	struct tc_resampler *resampler;
	size_t room = (size_t)((double)wav->samples * RATE / wav->rate) + 64;
	int16_t *pcm = malloc(room * sizeof(*pcm));
	int err = pcm ? tc_resampler_create(&resampler, wav->rate, RATE) : -ENOMEM;
	if (err) {
		free(pcm);
		return err;
	}
	size_t samples = tc_resample(resampler, wav->pcm, wav->samples, pcm, room);
	tc_resampler_destroy(resampler);
	free(wav->pcm);
	*wav = (struct tc_wav){.rate = RATE, .samples = samples, .pcm = pcm};
	return 0;
}

int tc_clip_load(struct tc_clip *out, const char *path, char *why, size_t size)
{
	struct tc_wav wav;
	int err = tc_wav_load(&wav, path);
	if (err) {
		snprintf(why, size, "%s: %s", path,
			 err == -TC_EPARSE ? "no 16-bit PCM WAV file" : tc_err_str(err));
		return err;
	}
	err = to_our_rate(&wav);
	if (err) {
		snprintf(why, size, "%s: %s", path, tc_err_str(err));
	} else {
		err = encode_or_say_why(out, wav.pcm, wav.samples, path, why, size);
	}
	tc_wav_finish(&wav);
	return err;
}

static bool take_chunk(void *user, const int16_t *pcm, size_t samples)
{
	struct tc_buf *buf = user;
	tc_buf_put(buf, pcm, samples * sizeof(*pcm));
	return !buf->err;
}

int tc_clip_speak(struct tc_clip *out, char *why, size_t size)
{
	const struct tc_synthesizer_ops *voice = tc_synthesizer_find("flite");
	struct tc_synthesizer *synth = NULL;
	struct tc_buf sound;
	tc_buf_init(&sound);
	int err = voice ? voice->open(&synth, NULL) : -ENOENT;
	err = err ? err : voice->say(synth, TC_CLIP_TEXT, take_chunk, &sound);
	err = err ? err : sound.err;
	if (synth) {
		voice->close(synth);
	}
	if (err) {
		snprintf(why, size, "flite is not there to speak (%s): give --play FILE.wav",
			 tc_err_str(err));
	} else {
		err = encode_or_say_why(out, (const int16_t *)(const void *)sound.data,
					sound.len / sizeof(int16_t), "flite", why, size);
	}
	tc_buf_finish(&sound);
	return err;
}

const struct tc_clip_packet *tc_clip_at(const struct tc_clip *clip, int64_t at)
{
	int64_t count = (int64_t)clip->count;
	if (at >= 0 && at < count) {
		return &clip->packets[at];
	}
	int64_t past = (at < 0 ? -at : at - count) % TC_CLIP_SILENCE;
	return &clip->packets[count + past];
}

void tc_clip_finish(struct tc_clip *clip)
{
	free(clip->packets);
	free(clip->bytes);
	*clip = (struct tc_clip){0};
}
