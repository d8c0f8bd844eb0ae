/* rtc/vp8_frames.h -- received VP8 packets back into whole frames, in order.
 *
 * Reordering is undone, holes are told (for NACK) and waited for a while; then the frames behind
 * them are dropped up to the next key frame, and `wants_key` says to ask for one. For the probe
 * and tests: the orb declines video. Memory is taken at create and bounded. Pure over the times
 * passed in (monotonic microseconds). Thread: one at a time.
 */
#ifndef TC_RTC_VP8_FRAMES_H
#define TC_RTC_VP8_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_VP8_FRAMES_SLOTS 512          /* packets kept */
#define TC_VP8_FRAMES_MAX   (512 * 1024) /* bytes of one frame */

struct tc_vp8_frames;

struct tc_vp8_whole {
	const uint8_t *data; /* borrowed until the next call */
	size_t len;
	uint32_t ts;
	bool key;
};

int tc_vp8_frames_create(struct tc_vp8_frames **out); /* -ENOMEM */
void tc_vp8_frames_destroy(struct tc_vp8_frames *frames);
/* One RTP payload (RTX undone). Empty payloads (padding) are fine: they fill their number. 0,
 * -EALREADY, -ETIME, -EMSGSIZE, -TC_EPARSE. */
int tc_vp8_frames_push(struct tc_vp8_frames *frames, uint16_t seq, uint32_t ts, bool marker,
		       const uint8_t *payload, size_t len, int64_t now_us);
/* True: *out is the next whole frame. Call until false. */
bool tc_vp8_frames_pop(struct tc_vp8_frames *frames, int64_t now_us, struct tc_vp8_whole *out);
/* Sequence numbers to ask for now, each at most once per rtt_us, ascending; their count. */
size_t tc_vp8_frames_missing(struct tc_vp8_frames *frames, int64_t now_us, int64_t rtt_us,
			     uint16_t *seqs, size_t max);
/* Nothing can be shown before a key frame: send PLI (the caller limits its rate). */
bool tc_vp8_frames_wants_key(const struct tc_vp8_frames *frames);

#endif
