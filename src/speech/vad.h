/* speech/vad.h -- voice activity of one lane: WebRTC noise suppression + VAD where the library is
 * there, else an adaptive energy detector. Thread: one at a time; push is RT-safe.
 */
#ifndef TC_SPEECH_VAD_H
#define TC_SPEECH_VAD_H

#include <stdbool.h>
#include <stdint.h>

#define TC_VAD_FRAME    320 /* 20 ms at 16 kHz */
#define TC_VAD_FRAME_MS 20
/* When `speech` turns true the voice began this long before the end of that frame, ... */
#define TC_VAD_ONSET_MS 60
/* ... and when it turns false the voice stopped this long before. */
#define TC_VAD_HANG_MS 120

struct tc_vad;
struct tc_vad_result {
	bool speech;    /* smoothed: hang-over and minimum onset applied */
	float level_db; /* dBFS of the frame; -96 for digital silence */
};

enum tc_vad_detector {
	TC_VAD_BEST,   /* WebRTC, or energy where its library is missing */
	TC_VAD_ENERGY, /* always energy */
};

int tc_vad_create(struct tc_vad **out); /* TC_VAD_BEST. -ENOMEM */
int tc_vad_create_with(struct tc_vad **out, enum tc_vad_detector detector);
void tc_vad_destroy(struct tc_vad *vad);
struct tc_vad_result tc_vad_push(struct tc_vad *vad, const int16_t pcm[TC_VAD_FRAME]);
void tc_vad_reset(struct tc_vad *vad);

#endif
