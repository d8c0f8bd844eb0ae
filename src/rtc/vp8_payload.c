// SPDX-License-Identifier: Apache-2.0
#include "rtc/vp8_payload.h"

#include <errno.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "rtc/wire.h"

/* First byte of the payload descriptor (RFC 7741 4.2). */
#define BIT_X 0x80
#define BIT_N 0x20
#define BIT_S 0x10
/* The extension byte. */
#define BIT_I 0x80
#define BIT_L 0x40
#define BIT_T 0x20
#define BIT_K 0x10
/* A picture id of 15 bits. */
#define BIT_M 0x80

void tc_vp8_packetizer_init(struct tc_vp8_packetizer *pack, const uint8_t *frame, size_t len,
			    uint16_t picture_id, size_t max)
{
	size_t room = max > TC_VP8_DESCRIPTOR_LEN ? max - TC_VP8_DESCRIPTOR_LEN : 1;
	size_t pieces = len ? (len + room - 1) / room : 1;
	*pack = (struct tc_vp8_packetizer){
		.at = frame,
		.left = len,
		.each = (len + pieces - 1) / pieces,
		.picture_id = picture_id & 0x7fff,
		.first = true,
	};
}

int tc_vp8_packetizer_next(struct tc_vp8_packetizer *pack, uint8_t *out, size_t size, bool *last)
{
	size_t n = pack->left < pack->each ? pack->left : pack->each;
	if (n == 0) {
		return 0;
	}
	if (size < TC_VP8_DESCRIPTOR_LEN + n) {
		return -ENOSPC;
	}
	/* All pieces say partition 0: RFC 7741 4.4 allows it, and the encoder writes one. */
	out[0] = BIT_X | (pack->first ? BIT_S : 0);
	out[1] = BIT_I;
	tc_put16(out + 2, 0x8000 | pack->picture_id);
	memcpy(out + TC_VP8_DESCRIPTOR_LEN, pack->at, n);
	pack->at += n;
	pack->left -= n;
	pack->first = false;
	*last = pack->left == 0;
	return (int)(TC_VP8_DESCRIPTOR_LEN + n);
}

static void parse_extension(struct tc_vp8_payload *out, struct tc_cursor *cur)
{
	uint8_t bits = tc_cursor_u8(cur);
	if (bits & BIT_I) {
		uint8_t id = tc_cursor_u8(cur);
		out->picture_id = id & 0x7f;
		if (id & BIT_M) {
			out->picture_id_15 = true;
			out->picture_id = out->picture_id << 8 | tc_cursor_u8(cur);
		}
	}
	if (bits & BIT_L) {
		out->tl0_pic_idx = tc_cursor_u8(cur);
	}
	if (bits & (BIT_T | BIT_K)) {
		uint8_t b = tc_cursor_u8(cur);
		if (bits & BIT_T) {
			out->temporal_id = b >> 6;
			out->layer_sync = b >> 5 & 1;
		}
		if (bits & BIT_K) {
			out->key_index = b & 0x1f;
		}
	}
}

/* The frame tag: RFC 6386 9.1. A key frame's is followed by a start code and its size. */
static void parse_frame_tag(struct tc_vp8_payload *out)
{
	out->key = !(out->data[0] & 1);
	if (out->key && out->len >= 10 && out->data[3] == 0x9d && out->data[4] == 0x01 &&
	    out->data[5] == 0x2a) {
		out->width = (uint16_t)((out->data[7] << 8 | out->data[6]) & 0x3fff);
		out->height = (uint16_t)((out->data[9] << 8 | out->data[8]) & 0x3fff);
	}
}

int tc_vp8_payload_parse(struct tc_vp8_payload *out, const uint8_t *payload, size_t len)
{
	struct tc_cursor cur;
	tc_cursor_init(&cur, payload, len);
	uint8_t head = tc_cursor_u8(&cur);
	*out = (struct tc_vp8_payload){
		.non_reference = head & BIT_N,
		.start = head & BIT_S,
		.partition = head & 0x07,
		.picture_id = -1,
		.tl0_pic_idx = -1,
		.temporal_id = -1,
		.key_index = -1,
	};
	if (head & BIT_X) {
		parse_extension(out, &cur);
	}
	out->data = cur.at;
	out->len = tc_cursor_left(&cur);
	if (cur.err || out->len == 0) {
		return -TC_EPARSE;
	}
	if (out->start && out->partition == 0) {
		parse_frame_tag(out);
	}
	return 0;
}
