// SPDX-License-Identifier: Apache-2.0
#include "speech/vad.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "speech/webrtc_dsp.h"

#define ONSET_FRAMES (TC_VAD_ONSET_MS / TC_VAD_FRAME_MS)
#define HANG_FRAMES  (TC_VAD_HANG_MS / TC_VAD_FRAME_MS)
#define SILENCE_DB   (-96.0f)
#define GATE_DB      (-60.0f) /* below this no microphone hears a person; it is hiss */

/* The energy detector: voice is what stands this far above a floor that falls at once and rises
 * slowly, so that a pause resets it and a steady noise is learnt in a few seconds. */
#define ENERGY_ABOVE_DB   9.0f
#define ONSET_ABOVE_DB    6.0f
#define ENERGY_FLOOR_DB   (-75.0f)
#define ENERGY_RISE_DB    0.06f /* a frame: 3 dB/s */
#define ENERGY_FALL_SHARE 0.3f

struct tc_vad {
	struct tc_webrtc_dsp *dsp; /* owned; NULL: the energy detector */
	float floor_db;            /* 0: not known yet */
	unsigned onset;            /* the last raw decisions, newest in bit 0 */
	int quiet;                 /* raw silent frames in a row */
	bool speech;
};

int tc_vad_create_with(struct tc_vad **out, enum tc_vad_detector detector)
{
	struct tc_vad *vad = calloc(1, sizeof(*vad));
	if (!vad) {
		return -ENOMEM;
	}
	if (detector == TC_VAD_BEST) {
		int err = tc_webrtc_dsp_create(&vad->dsp);
		if (err && err != -ENOENT) {
			free(vad);
			return err;
		}
	}
	tc_vad_reset(vad);
	*out = vad;
	return 0;
}

int tc_vad_create(struct tc_vad **out)
{
	return tc_vad_create_with(out, TC_VAD_BEST);
}

void tc_vad_destroy(struct tc_vad *vad)
{
	if (vad) {
		tc_webrtc_dsp_destroy(vad->dsp);
		free(vad);
	}
}

void tc_vad_reset(struct tc_vad *vad)
{
	if (vad->dsp) {
		tc_webrtc_dsp_reset(vad->dsp);
	}
	vad->floor_db = 0;
	vad->onset = 0;
	vad->quiet = HANG_FRAMES;
	vad->speech = false;
}

static float level_of(const int16_t *pcm)
{
	int64_t sum = 0;
	for (int i = 0; i < TC_VAD_FRAME; i++) {
		sum += (int32_t)pcm[i] * pcm[i];
	}
	if (!sum) {
		return SILENCE_DB;
	}
	float db = 10.0f * log10f((float)sum / TC_VAD_FRAME / (32768.0f * 32768.0f));
	return db < SILENCE_DB ? SILENCE_DB : db;
}

static void follow_floor(struct tc_vad *vad, float level_db)
{
	if (vad->floor_db == 0) {
		vad->floor_db = level_db; /* should it be speech, the first pause puts it right */
	} else if (level_db < vad->floor_db) {
		vad->floor_db += (level_db - vad->floor_db) * ENERGY_FALL_SHARE;
	} else {
		vad->floor_db += ENERGY_RISE_DB;
	}
	if (vad->floor_db < ENERGY_FLOOR_DB) {
		vad->floor_db = ENERGY_FLOOR_DB; /* muted: the floor must not sink out of reach */
	}
}

struct tc_vad_result tc_vad_push(struct tc_vad *vad, const int16_t pcm[TC_VAD_FRAME])
{
	struct tc_vad_result result = {.level_db = level_of(pcm)};
	follow_floor(vad, result.level_db);
	float above_db = result.level_db - vad->floor_db;
	bool voice = vad->dsp ? tc_webrtc_dsp_voice(vad->dsp, pcm) : above_db > ENERGY_ABOVE_DB;
	voice = voice && result.level_db > GATE_DB;
	/* WebRTC's detector hangs on for some frames, so a click alone would make an onset. */
	bool onset = voice && above_db > ONSET_ABOVE_DB;

	vad->onset = (vad->onset << 1 | onset) & ((1u << ONSET_FRAMES) - 1);
	vad->quiet = voice ? 0 : vad->quiet + 1;
	if (vad->onset == (1u << ONSET_FRAMES) - 1) {
		vad->speech = true;
	} else if (vad->quiet >= HANG_FRAMES) {
		vad->speech = false;
	}
	result.speech = vad->speech;
	return result;
}
