// SPDX-License-Identifier: Apache-2.0
#include "rtc/vp8_frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "rtc/rtp.h"
#include "rtc/vp8_payload.h"

#define MAX_PAYLOAD 1500
/* So long a hole is waited for, from the first packet behind it on. */
#define GIVE_UP_US 300000

struct slot {
	uint8_t data[MAX_PAYLOAD]; /* without the descriptor */
	size_t len;                /* 0: padding only */
	int64_t seq;               /* unwrapped; -1: empty */
	uint32_t ts;
	int picture_id;
	bool wide_id;
	bool marker, start, key;
	int64_t arrival_us;
};

struct tc_vp8_frames {
	struct slot slots[TC_VP8_FRAMES_SLOTS];
	struct {
		int64_t seq, at_us;
	} asked[TC_VP8_FRAMES_SLOTS];
	uint8_t frame[TC_VP8_FRAMES_MAX];
	struct tc_rtp_unwrap seqs;
	bool started;
	int64_t next;    /* first number not yet used */
	int64_t highest; /* newest held or used */
	bool wants_key;
	int last_id; /* picture id of the last frame given out; -1 */
};

static void restart(struct tc_vp8_frames *fr)
{
	for (size_t i = 0; i < TC_VP8_FRAMES_SLOTS; i++) {
		fr->slots[i].seq = -1;
		fr->asked[i].seq = -1;
	}
	fr->seqs = (struct tc_rtp_unwrap){0};
	fr->started = false;
	fr->wants_key = true;
	fr->last_id = -1;
}

int tc_vp8_frames_create(struct tc_vp8_frames **out)
{
	struct tc_vp8_frames *fr = calloc(1, sizeof(*fr));
	if (!fr) {
		return -ENOMEM;
	}
	restart(fr);
	*out = fr;
	return 0;
}

void tc_vp8_frames_destroy(struct tc_vp8_frames *frames)
{
	free(frames);
}

static struct slot *slot_of(struct tc_vp8_frames *fr, int64_t seq)
{
	return &fr->slots[(uint64_t)seq % TC_VP8_FRAMES_SLOTS];
}

static bool held(struct tc_vp8_frames *fr, int64_t seq)
{
	return slot_of(fr, seq)->seq == seq;
}

static void advance(struct tc_vp8_frames *fr, int64_t to)
{
	for (; fr->next < to; fr->next++) {
		if (held(fr, fr->next)) {
			slot_of(fr, fr->next)->seq = -1;
		}
	}
}

/* Where in the numbers a packet belongs; negative: it is not wanted. */
static int64_t place(struct tc_vp8_frames *fr, uint16_t seq16)
{
	int64_t seq = tc_rtp_unwrap_seq(&fr->seqs, seq16);
	if (fr->started && seq - fr->next >= TC_VP8_FRAMES_SLOTS) {
		restart(fr); /* too far ahead to wait for what is between */
		seq = tc_rtp_unwrap_seq(&fr->seqs, seq16);
	}
	if (!fr->started) {
		fr->started = true;
		fr->next = seq;
		fr->highest = seq;
	}
	if (seq < fr->next) {
		return -ETIME;
	}
	return held(fr, seq) ? -EALREADY : seq;
}

int tc_vp8_frames_push(struct tc_vp8_frames *fr, uint16_t seq16, uint32_t ts, bool marker,
		       const uint8_t *payload, size_t len, int64_t now_us)
{
	struct tc_vp8_payload vp8 = {.picture_id = -1};
	if (len > MAX_PAYLOAD) {
		return -EMSGSIZE;
	}
	if (len > 0 && tc_vp8_payload_parse(&vp8, payload, len) < 0) {
		return -TC_EPARSE;
	}
	int64_t seq = place(fr, seq16);
	if (seq < 0) {
		return (int)seq;
	}
	struct slot *slot = slot_of(fr, seq);
	if (vp8.len) {
		memcpy(slot->data, vp8.data, vp8.len);
	}
	slot->len = vp8.len;
	slot->seq = seq;
	slot->ts = ts;
	slot->picture_id = vp8.picture_id;
	slot->wide_id = vp8.picture_id_15;
	slot->marker = marker;
	slot->start = vp8.start && vp8.partition == 0;
	slot->key = slot->start && vp8.key;
	slot->arrival_us = now_us;
	if (seq > fr->highest) {
		fr->highest = seq;
	}
	return 0;
}

/* The newest key frame's beginning among what is held: all before it is of no use. */
static void skip_to_key(struct tc_vp8_frames *fr)
{
	for (int64_t seq = fr->highest; seq >= fr->next; seq--) {
		if (held(fr, seq) && slot_of(fr, seq)->key) {
			advance(fr, seq);
			return;
		}
	}
	while (fr->next <= fr->highest && held(fr, fr->next)) {
		advance(fr, fr->next + 1);
	}
}

static void lose(struct tc_vp8_frames *fr)
{
	fr->wants_key = true;
	fr->last_id = -1;
}

/* False: go on waiting for the number at `hole`. */
static bool give_up(struct tc_vp8_frames *fr, int64_t hole, int64_t now_us)
{
	int64_t after = hole;
	while (after <= fr->highest && !held(fr, after)) {
		after++;
	}
	if (after > fr->highest || now_us < slot_of(fr, after)->arrival_us + GIVE_UP_US) {
		return false;
	}
	advance(fr, after);
	lose(fr);
	return true;
}

/* The last number of the frame that begins at next, or -1 with *hole where it is incomplete. */
static int64_t frame_end(struct tc_vp8_frames *fr, int64_t *hole)
{
	uint32_t ts = slot_of(fr, fr->next)->ts;
	for (int64_t seq = fr->next; seq <= fr->highest; seq++) {
		const struct slot *slot = slot_of(fr, seq);
		if (!held(fr, seq)) {
			*hole = seq;
			return -1;
		}
		if (slot->ts != ts) {
			return seq - 1; /* a sender without markers */
		}
		if (slot->marker) {
			return seq;
		}
	}
	*hole = fr->highest + 1;
	return -1;
}

/* True if the frame can be shown on what was shown before. */
static bool follows(struct tc_vp8_frames *fr, const struct slot *first)
{
	if (!first->start) {
		return false;
	}
	if (first->key || first->picture_id < 0 || fr->last_id < 0) {
		return first->key || !fr->wants_key;
	}
	int mask = first->wide_id ? 0x7fff : 0x7f;
	return !fr->wants_key && first->picture_id == ((fr->last_id + 1) & mask);
}

static bool join(struct tc_vp8_frames *fr, int64_t end, struct tc_vp8_whole *out)
{
	const struct slot *first = slot_of(fr, fr->next);
	*out = (struct tc_vp8_whole){.data = fr->frame, .ts = first->ts, .key = first->key};
	if (!follows(fr, first)) {
		return false;
	}
	for (int64_t seq = fr->next; seq <= end; seq++) {
		const struct slot *slot = slot_of(fr, seq);
		if (slot->len > TC_VP8_FRAMES_MAX - out->len) {
			return false;
		}
		memcpy(fr->frame + out->len, slot->data, slot->len);
		out->len += slot->len;
	}
	fr->last_id = first->picture_id;
	fr->wants_key = false;
	return true;
}

bool tc_vp8_frames_pop(struct tc_vp8_frames *fr, int64_t now_us, struct tc_vp8_whole *out)
{
	while (fr->started && fr->next <= fr->highest) {
		if (fr->wants_key) {
			skip_to_key(fr);
		}
		if (fr->next > fr->highest) {
			return false;
		}
		int64_t hole = fr->next;
		if (held(fr, fr->next)) {
			if (slot_of(fr, fr->next)->len == 0) {
				advance(fr, fr->next + 1);
				continue;
			}
			int64_t end = frame_end(fr, &hole);
			if (end >= 0) {
				bool whole = join(fr, end, out);
				advance(fr, end + 1);
				if (whole) {
					return true;
				}
				lose(fr);
				continue;
			}
		}
		if (!give_up(fr, hole, now_us)) {
			return false;
		}
	}
	return false;
}

size_t tc_vp8_frames_missing(struct tc_vp8_frames *fr, int64_t now_us, int64_t rtt_us,
			     uint16_t *seqs, size_t max)
{
	size_t count = 0;
	for (int64_t seq = fr->next; fr->started && seq < fr->highest && count < max; seq++) {
		size_t i = (uint64_t)seq % TC_VP8_FRAMES_SLOTS;
		if (held(fr, seq) ||
		    (fr->asked[i].seq == seq && now_us - fr->asked[i].at_us < rtt_us)) {
			continue;
		}
		fr->asked[i].seq = seq;
		fr->asked[i].at_us = now_us;
		seqs[count++] = (uint16_t)seq;
	}
	return count;
}

bool tc_vp8_frames_wants_key(const struct tc_vp8_frames *frames)
{
	return frames->wants_key;
}
