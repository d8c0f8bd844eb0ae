/* speech/webrtc_dsp.h -- noise suppression and voice activity of libwebrtc-audio-processing, taken
 * from the library at run time so that a machine without it still hears (speech/vad.c falls back).
 * Thread: one at a time an object.
 */
#ifndef TC_SPEECH_WEBRTC_DSP_H
#define TC_SPEECH_WEBRTC_DSP_H

#include <stdbool.h>
#include <stdint.h>

struct tc_webrtc_dsp;

/* -ENOENT: the library is not there or not the one we know; -ENOMEM. */
int tc_webrtc_dsp_create(struct tc_webrtc_dsp **out);
void tc_webrtc_dsp_destroy(struct tc_webrtc_dsp *dsp);
/* Is there voice in this 20 ms frame at 16 kHz? RT-safe. */
bool tc_webrtc_dsp_voice(struct tc_webrtc_dsp *dsp, const int16_t pcm[320]);
int tc_webrtc_dsp_reset(struct tc_webrtc_dsp *dsp);

#endif
