// SPDX-License-Identifier: Apache-2.0
#include "speech/webrtc_dsp.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/assert.h"
#include "base/log.h"
#include "speech/library.h"

TC_LOG_TOPIC("speech.vad");

#define RATE      16000
#define NS_FRAME  160 /* the suppressor works on 10 ms, the detector on 20 */
#define VAD_FRAME 320
#define NS_POLICY 2 /* 0 mild .. 3 very strong; 2 then mode 3 was best in noise */
#define VAD_MODE  3 /* 0 .. 3: fewest false alarms */
#define LIBRARY   "libwebrtc_audio_processing.so.1"

/* The C entry points of release 0.3, which its installed (C++) header does not declare. */
struct library {
	void *(*vad_create)(void);
	int (*vad_init)(void *vad);
	int (*vad_set_mode)(void *vad, int mode);
	int (*vad_process)(void *vad, int rate, const int16_t *pcm, size_t len);
	void (*vad_free)(void *vad);
	void *(*ns_create)(void);
	int (*ns_init)(void *ns, uint32_t rate);
	int (*ns_set_policy)(void *ns, int policy);
	void (*ns_analyze)(void *ns, const float *pcm);
	void (*ns_process)(void *ns, const float *const *in, size_t bands, float *const *out);
	void (*ns_free)(void *ns);
};

static struct library library;
static bool library_loaded;
static pthread_once_t library_once = PTHREAD_ONCE_INIT;

struct tc_webrtc_dsp {
	void *vad; /* owned */
	void *ns;  /* owned */
};

static void load_library(void)
{
	const struct tc_symbol symbols[] = {
		{"WebRtcVad_Create", &library.vad_create},
		{"WebRtcVad_Init", &library.vad_init},
		{"WebRtcVad_set_mode", &library.vad_set_mode},
		{"WebRtcVad_Process", &library.vad_process},
		{"WebRtcVad_Free", &library.vad_free},
		{"WebRtcNs_Create", &library.ns_create},
		{"WebRtcNs_Init", &library.ns_init},
		{"WebRtcNs_set_policy", &library.ns_set_policy},
		{"WebRtcNs_Analyze", &library.ns_analyze},
		{"WebRtcNs_Process", &library.ns_process},
		{"WebRtcNs_Free", &library.ns_free},
	};
	library_loaded = !tc_library_open(LIBRARY, symbols, TC_COUNT(symbols));
	if (!library_loaded) {
		TC_WARN(NULL, "voice activity by energy only");
	}
}

int tc_webrtc_dsp_reset(struct tc_webrtc_dsp *dsp)
{
	if (library.vad_init(dsp->vad) || library.vad_set_mode(dsp->vad, VAD_MODE) ||
	    library.ns_init(dsp->ns, RATE) || library.ns_set_policy(dsp->ns, NS_POLICY)) {
		return -ENOENT;
	}
	return 0;
}

int tc_webrtc_dsp_create(struct tc_webrtc_dsp **out)
{
	pthread_once(&library_once, load_library);
	if (!library_loaded) {
		return -ENOENT;
	}
	struct tc_webrtc_dsp *dsp = calloc(1, sizeof(*dsp));
	if (!dsp) {
		return -ENOMEM;
	}
	int err = -ENOMEM;
	dsp->vad = library.vad_create();
	dsp->ns = library.ns_create();
	if (!dsp->vad || !dsp->ns) {
		goto fail;
	}
	err = tc_webrtc_dsp_reset(dsp);
	if (err) {
		goto fail;
	}
	*out = dsp;
	return 0;
fail:
	tc_webrtc_dsp_destroy(dsp);
	return err;
}

void tc_webrtc_dsp_destroy(struct tc_webrtc_dsp *dsp)
{
	if (!dsp) {
		return;
	}
	if (dsp->vad) {
		library.vad_free(dsp->vad);
	}
	if (dsp->ns) {
		library.ns_free(dsp->ns);
	}
	free(dsp);
}

static int16_t clip(float v)
{
	return v > 32767.0f ? INT16_MAX : v < -32768.0f ? INT16_MIN : (int16_t)v;
}

bool tc_webrtc_dsp_voice(struct tc_webrtc_dsp *dsp, const int16_t pcm[320])
{
	int16_t clean[VAD_FRAME];
	for (size_t at = 0; at < VAD_FRAME; at += NS_FRAME) {
		float in[NS_FRAME], out[NS_FRAME];
		for (size_t i = 0; i < NS_FRAME; i++) {
			in[i] = pcm[at + i];
		}
		const float *bands_in[1] = {in};
		float *bands_out[1] = {out};
		library.ns_analyze(dsp->ns, in);
		library.ns_process(dsp->ns, bands_in, 1, bands_out);
		for (size_t i = 0; i < NS_FRAME; i++) {
			clean[at + i] = clip(out[i]);
		}
	}
	return library.vad_process(dsp->vad, RATE, clean, VAD_FRAME) == 1;
}
