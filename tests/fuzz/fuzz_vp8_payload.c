// SPDX-License-Identifier: Apache-2.0
/* VP8 payloads: as one, and as a stream of packets (a step in sequence number, flags, a length, the
 * payload) into the frame builder, whose frames must be cut and joined again to the same. */
#include "rtc/vp8_payload.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "rtc/vp8_frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_cut(const struct tc_vp8_whole *whole, size_t max)
{
	struct tc_vp8_packetizer pack;
	uint8_t out[300];
	bool last = false;
	size_t at = 0;
	int n;
	tc_vp8_packetizer_init(&pack, whole->data, whole->len, 77, max);
	while ((n = tc_vp8_packetizer_next(&pack, out, sizeof(out), &last)) > 0) {
		struct tc_vp8_payload p;
		TC_ASSERT((size_t)n <= max);
		TC_ASSERT(tc_vp8_payload_parse(&p, out, (size_t)n) == 0 && p.picture_id == 77);
		TC_ASSERT(p.start == (at == 0));
		TC_ASSERT(memcmp(p.data, whole->data + at, p.len) == 0);
		at += p.len;
	}
	TC_ASSERT(n == 0 && at == whole->len && last);
}

static void run_stream(struct tc_vp8_frames *frames, const uint8_t *data, size_t size)
{
	struct tc_cursor cur;
	uint16_t seq = 65530;
	int64_t now = 0;
	tc_cursor_init(&cur, data, size);
	while (tc_cursor_left(&cur) >= 3) {
		uint8_t step = tc_cursor_u8(&cur), flags = tc_cursor_u8(&cur);
		size_t len = tc_cursor_u8(&cur);
		len = len < tc_cursor_left(&cur) ? len : tc_cursor_left(&cur);
		const uint8_t *payload = tc_cursor_bytes(&cur, len);
		struct tc_vp8_whole whole;
		uint16_t asked[32];
		seq = (uint16_t)(seq + (int8_t)step * (flags & 4 ? 50 : 1));
		now += (flags >> 4) * 20000;
		tc_vp8_frames_push(frames, seq, flags & 2 ? seq : 5, flags & 1, payload, len, now);
		TC_ASSERT(tc_vp8_frames_missing(frames, now, 50000, asked, 32) <= 32);
		while (tc_vp8_frames_pop(frames, now, &whole)) {
			TC_ASSERT(whole.len > 0 && whole.len <= TC_VP8_FRAMES_MAX);
			check_cut(&whole, 5 + (size_t)flags);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tc_vp8_payload p;
	struct tc_vp8_frames *frames = NULL;
	if (tc_vp8_payload_parse(&p, data, size) == 0) {
		TC_ASSERT(p.len > 0 && p.data + p.len == data + size);
	}
	if (tc_vp8_frames_create(&frames) == 0) {
		run_stream(frames, data, size);
	}
	tc_vp8_frames_destroy(frames);
	return 0;
}
