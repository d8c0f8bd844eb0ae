/* rtc/vp8_payload.h -- VP8 in RTP (RFC 7741): frames to payloads and back.
 *
 * Payloads are the same for all peers: one frame is cut once, each peer puts its own RTP header
 * before each piece. The picture id counts encoded frames, not sent ones: a receiver that was left
 * out of a frame sees the gap and asks for a key frame instead of drawing on a wrong reference.
 * Pure, no allocation, RT-safe. Thread: any.
 */
#ifndef TC_RTC_VP8_PAYLOAD_H
#define TC_RTC_VP8_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_VP8_DESCRIPTOR_LEN 4 /* what we write: one byte, X, a 15-bit picture id */

struct tc_vp8_packetizer {
	const uint8_t *at; /* borrowed frame */
	size_t left;
	size_t each; /* pieces of nearly one size: no tiny last packet */
	uint16_t picture_id;
	bool first;
};
/* max: bytes of payload with descriptor; at least TC_VP8_DESCRIPTOR_LEN + 1. */
void tc_vp8_packetizer_init(struct tc_vp8_packetizer *pack, const uint8_t *frame, size_t len,
			    uint16_t picture_id, size_t max);
/* The next payload's length, 0 when the frame is through, -ENOSPC. *last: set the marker. */
int tc_vp8_packetizer_next(struct tc_vp8_packetizer *pack, uint8_t *out, size_t size, bool *last);

struct tc_vp8_payload {
	bool non_reference; /* N */
	bool start;         /* S: of a partition */
	uint8_t partition;
	int picture_id; /* -1: none; 7 or 15 bits */
	bool picture_id_15;
	int tl0_pic_idx; /* -1 */
	int temporal_id; /* -1 */
	bool layer_sync;
	int key_index;          /* -1 */
	bool key;               /* only where a frame begins: start and partition 0 */
	uint16_t width, height; /* of a key frame's start, else 0 */
	const uint8_t *data;    /* borrowed */
	size_t len;
};
/* 0 or -TC_EPARSE. */
int tc_vp8_payload_parse(struct tc_vp8_payload *out, const uint8_t *payload, size_t len);

#endif
