/* media/opus.h -- Opus (RFC 6716, RTP payload RFC 7587) around libopus. Mono, 20 ms frames.
 *
 * Thread: an object belongs to one thread at a time. encode/decode are RT-safe (no allocation).
 */
#ifndef TC_MEDIA_OPUS_H
#define TC_MEDIA_OPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_OPUS_MAX_PACKET 1275
#define TC_OPUS_RTP_RATE   48000 /* the RTP clock, whatever rate we encode or decode at */

struct tc_opus_encoder;
struct tc_opus_decoder;

struct tc_opus_encoder_config { /* zero: default */
	int rate;               /* samples/s of the input; 48000 */
	int bitrate;            /* bit/s; 32000 */
	int complexity;         /* 0-10; 5 */
	bool no_dtx;            /* DTX is on unless this */
	bool wideband;          /* nothing in it is above 8 kHz: no bits, no work there */
};

int tc_opus_encoder_create(struct tc_opus_encoder **out,
			   const struct tc_opus_encoder_config *config);
void tc_opus_encoder_destroy(struct tc_opus_encoder *enc);
/* One 20 ms frame. Bytes written; 0-2 bytes mean DTX: nothing need be sent. Or -TC_EENGINE. */
int tc_opus_encode(struct tc_opus_encoder *enc, const int16_t *pcm, uint8_t *out, size_t size);
/* Expected loss in percent turns in-band FEC on (> 0) or off. */
void tc_opus_encoder_set_loss(struct tc_opus_encoder *enc, int percent);
/* Forgets the past: call when speech starts again after a jump in time. */
void tc_opus_encoder_reset(struct tc_opus_encoder *enc);

/* rate: 8000, 12000, 16000, 24000 or 48000: what decode writes, whatever was sent. */
int tc_opus_decoder_create(struct tc_opus_decoder **out, int rate);
void tc_opus_decoder_destroy(struct tc_opus_decoder *dec);
/* Samples written (a packet may hold 2.5-120 ms), or -TC_EENGINE for a packet that is no Opus. */
int tc_opus_decode(struct tc_opus_decoder *dec, const uint8_t *packet, size_t len, int16_t *pcm,
		   size_t samples);
/* The frame before `next`, which was lost, from next's in-band FEC; `samples` = its length. */
int tc_opus_decode_fec(struct tc_opus_decoder *dec, const uint8_t *next, size_t len, int16_t *pcm,
		       size_t samples);
/* Conceals `samples` of a lost frame. */
int tc_opus_conceal(struct tc_opus_decoder *dec, int16_t *pcm, size_t samples);
/* Duration of a packet in 48 kHz ticks, or -TC_EPARSE. Pure. */
int tc_opus_packet_ticks(const uint8_t *packet, size_t len);
void tc_opus_decoder_reset(struct tc_opus_decoder *dec);

#endif
