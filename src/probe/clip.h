/* probe/clip.h -- what the probe says: a recording, coded once for all rooms.
 *
 * After the recording there is silence, sent as a browser sends it: a packet each 20 ms. Thread:
 * any one; read only once made.
 */
#ifndef TC_PROBE_CLIP_H
#define TC_PROBE_CLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_CLIP_TEXT    "hello orb, can you help me"
#define TC_CLIP_MAX_S   60
#define TC_CLIP_SILENCE 50 /* packets of silence, sent round and round */

struct tc_clip_packet {
	const uint8_t *data; /* the clip's */
	size_t len;
	int level; /* RFC 6464 */
	bool voice;
};

struct tc_clip {
	struct tc_clip_packet *packets; /* owned: `count` of speech, then TC_CLIP_SILENCE */
	uint8_t *bytes;                 /* owned */
	size_t count;                   /* 0: nothing is said, ever */
	size_t spoken;                  /* of these, up to the last in which something is heard */
};

/* 16 kHz mono. -EINVAL: nothing to be heard in it, or longer than TC_CLIP_MAX_S; -ENOMEM,
 * -TC_EENGINE. pcm NULL: silence only. */
int tc_clip_encode(struct tc_clip *out, const int16_t *pcm, size_t samples);
/* A WAV of any rate. A line in `why` beside the error. */
int tc_clip_load(struct tc_clip *out, const char *path, char *why, size_t size);
/* The machine's own voice says TC_CLIP_TEXT. */
int tc_clip_speak(struct tc_clip *out, char *why, size_t size);
/* at: packets since the recording began; silence before (negative) and after it. */
const struct tc_clip_packet *tc_clip_at(const struct tc_clip *clip, int64_t at);
void tc_clip_finish(struct tc_clip *clip);

#endif
