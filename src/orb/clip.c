// SPDX-License-Identifier: Apache-2.0
#include "orb/clip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tc_clip_init(struct tc_clip *clip)
{
	*clip = (struct tc_clip){0};
	clip->pcm = malloc(TC_CLIP_SAMPLES * sizeof(*clip->pcm));
	return clip->pcm ? 0 : -ENOMEM;
}

void tc_clip_finish(struct tc_clip *clip)
{
	free(clip->pcm);
	clip->pcm = NULL;
}

void tc_clip_reset(struct tc_clip *clip)
{
	atomic_store(&clip->written, 0);
	atomic_store(&clip->read, 0);
	atomic_store(&clip->finished, false);
	atomic_store(&clip->mark_count, 0);
	clip->next_mark = 0;
	clip->heard = 0;
}

size_t tc_clip_available(const struct tc_clip *clip)
{
	uint64_t read = atomic_load_explicit(&clip->read, memory_order_acquire);
	return (size_t)(atomic_load_explicit(&clip->written, memory_order_acquire) - read);
}

size_t tc_clip_write(struct tc_clip *clip, const int16_t *pcm, size_t samples)
{
	uint64_t at = atomic_load_explicit(&clip->written, memory_order_relaxed);
	size_t room = TC_CLIP_SAMPLES - tc_clip_available(clip);
	size_t n = samples < room ? samples : room;
	for (size_t i = 0; i < n;) {
		size_t pos = (size_t)((at + i) % TC_CLIP_SAMPLES);
		size_t run = TC_CLIP_SAMPLES - pos < n - i ? TC_CLIP_SAMPLES - pos : n - i;
		memcpy(clip->pcm + pos, pcm + i, run * sizeof(*pcm));
		i += run;
	}
	atomic_store_explicit(&clip->written, at + n, memory_order_release);
	return n;
}

void tc_clip_mark(struct tc_clip *clip, size_t offset, size_t len)
{
	size_t count = atomic_load_explicit(&clip->mark_count, memory_order_relaxed);
	if (count == TC_CLIP_MARKS) {
		/* The last one grows instead: a cut then reports more as heard, never less. */
		return;
	}
	clip->marks[count] = (struct tc_clip_mark){
		.at = atomic_load_explicit(&clip->written, memory_order_relaxed),
		.offset = offset,
		.len = len,
	};
	atomic_store_explicit(&clip->mark_count, count + 1, memory_order_release);
}

size_t tc_clip_read(struct tc_clip *clip, int16_t *pcm, size_t samples)
{
	uint64_t at = atomic_load_explicit(&clip->read, memory_order_relaxed);
	size_t have = tc_clip_available(clip);
	size_t n = samples < have ? samples : have;
	for (size_t i = 0; i < n;) {
		size_t pos = (size_t)((at + i) % TC_CLIP_SAMPLES);
		size_t run = TC_CLIP_SAMPLES - pos < n - i ? TC_CLIP_SAMPLES - pos : n - i;
		memcpy(pcm + i, clip->pcm + pos, run * sizeof(*pcm));
		i += run;
	}
	atomic_store_explicit(&clip->read, at + n, memory_order_release);
	return n;
}

bool tc_clip_next_mark(struct tc_clip *clip, struct tc_clip_mark *out)
{
	size_t count = atomic_load_explicit(&clip->mark_count, memory_order_acquire);
	uint64_t read = atomic_load_explicit(&clip->read, memory_order_relaxed);
	if (clip->next_mark >= count || clip->marks[clip->next_mark].at >= read) {
		return false;
	}
	*out = clip->marks[clip->next_mark++];
	clip->heard = out->offset + out->len;
	return true;
}
