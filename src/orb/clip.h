/* orb/clip.h -- the sound of one answer on its way from the voice thread to the audio thread.
 *
 * A single-producer single-consumer ring of 48 kHz samples with the places where clauses begin. The
 * consumer side is RT-safe. Reuse (reset) is the owner's business, when neither side is inside.
 */
#ifndef TC_ORB_CLIP_H
#define TC_ORB_CLIP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_CLIP_SAMPLES (1u << 17) /* 2.7 s; the voice waits while it is full */
#define TC_CLIP_MARKS   128

struct tc_clip_mark {
	uint64_t at; /* sample number */
	size_t offset, len;
};

struct tc_clip {
	int16_t *pcm; /* owned, TC_CLIP_SAMPLES */
	_Atomic uint64_t written, read;
	_Atomic bool finished;
	struct tc_clip_mark marks[TC_CLIP_MARKS];
	_Atomic size_t mark_count;
	size_t next_mark; /* consumer's */
	size_t heard;     /* consumer's: text up to here has begun to be heard */
};

int tc_clip_init(struct tc_clip *clip); /* -ENOMEM */
void tc_clip_finish(struct tc_clip *clip);
void tc_clip_reset(struct tc_clip *clip);
/* Producer: how many samples were taken (0: full). */
size_t tc_clip_write(struct tc_clip *clip, const int16_t *pcm, size_t samples);
void tc_clip_mark(struct tc_clip *clip, size_t offset, size_t len);
/* Consumer: up to `samples`; returns how many. */
size_t tc_clip_read(struct tc_clip *clip, int16_t *pcm, size_t samples);
size_t tc_clip_available(const struct tc_clip *clip);
/* Consumer: the next clause whose first sample was read; false: none new. */
bool tc_clip_next_mark(struct tc_clip *clip, struct tc_clip_mark *out);

#endif
