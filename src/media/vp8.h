/* media/vp8.h -- VP8 (RFC 6386) around libvpx: one real-time encoder for all peers, a decoder for
 * tests and the probe. Settings and their reasons: webrtc measurements in docs/adr. Thread: one at
 * a time.
 */
#ifndef TC_MEDIA_VP8_H
#define TC_MEDIA_VP8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/picture.h"

struct tc_vp8_encoder;
struct tc_vp8_decoder;

struct tc_vp8_config {     /* zero: default */
	int width, height; /* 480, 480 */
	int bitrate;       /* bit/s; 400000 */
	int fps;           /* 30 */
};

struct tc_vp8_frame {
	const uint8_t *data; /* borrowed until the next encode */
	size_t len;
	bool key;
};

int tc_vp8_encoder_create(struct tc_vp8_encoder **out, const struct tc_vp8_config *config);
void tc_vp8_encoder_destroy(struct tc_vp8_encoder *enc);
/* pts: 90 kHz ticks. force_key: make this one a key frame. 1 with *out filled; 0: the encoder
 * dropped it; -TC_EENGINE. */
int tc_vp8_encode(struct tc_vp8_encoder *enc, const struct tc_picture *picture, int64_t pts,
		  bool force_key, struct tc_vp8_frame *out);
int tc_vp8_encoder_set_rate(struct tc_vp8_encoder *enc, int bitrate, int fps);

int tc_vp8_decoder_create(struct tc_vp8_decoder **out);
void tc_vp8_decoder_destroy(struct tc_vp8_decoder *dec);
/* 0 and *out borrowed until the next call; -TC_EENGINE for what does not decode. */
int tc_vp8_decode(struct tc_vp8_decoder *dec, const uint8_t *data, size_t len,
		  struct tc_picture *out);

#endif
