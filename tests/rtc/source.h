/* tests/rtc/source.h -- something to hear and to see: a tone and a moving picture, encoded. */
#ifndef TC_TEST_RTC_SOURCE_H
#define TC_TEST_RTC_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "media/opus.h"
#include "media/picture.h"
#include "media/vp8.h"
#include "rtc/peer.h"

struct tc_test_source {
	struct tc_opus_encoder *opus;
	struct tc_vp8_encoder *vp8;
	struct tc_picture picture;
	uint8_t packet[TC_OPUS_MAX_PACKET];
	double phase;
	int hz, side;
	uint32_t audio_ticks, video_ticks;
	bool spoke;
	int frame;
};

void tc_test_source_init(struct tc_test_source *source, int hz, int side);
void tc_test_source_finish(struct tc_test_source *source);
/* The next 20 ms: a tone, or silence (then false: there is nothing to send). */
bool tc_test_source_audio(struct tc_test_source *source, bool loud, struct tc_audio_out *out);
/* The next picture, 1/30 s later. False: the encoder dropped it. */
bool tc_test_source_video(struct tc_test_source *source, bool key, struct tc_video_out *out);

#endif
