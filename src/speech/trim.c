// SPDX-License-Identifier: Apache-2.0
#include "speech/trim.h"

#include <string.h>

#define LOUD_RMS  412 /* -38 dBFS: where speech begins */
#define QUIET_RMS 184 /* -45 dBFS: where a last syllable has faded */
#define TAIL      640 /* 40 ms */

void tc_trim_begin(struct tc_trim *trim)
{
	trim->begun = false;
	trim->filled = 0;
	trim->held_count = 0;
	memset(trim->lead, 0, sizeof(trim->lead));
}

static bool louder(const int16_t *block, int32_t rms)
{
	int64_t sum = 0;
	for (int i = 0; i < TC_TRIM_BLOCK; i++) {
		sum += (int32_t)block[i] * block[i];
	}
	return sum > (int64_t)rms * rms * TC_TRIM_BLOCK;
}

static bool flush(struct tc_trim *trim, size_t limit, tc_trim_fn out, void *user)
{
	size_t count = trim->held_count < limit ? trim->held_count : limit;
	trim->held_count = 0;
	return !count || out(user, trim->held, count);
}

static bool take_block(struct tc_trim *trim, tc_trim_fn out, void *user)
{
	const int16_t *block = trim->block;
	if (!trim->begun) {
		if (louder(block, LOUD_RMS)) {
			trim->begun = true;
			return out(user, trim->lead, 2 * TC_TRIM_BLOCK) &&
			       out(user, block, TC_TRIM_BLOCK);
		}
		memmove(trim->lead, trim->lead + TC_TRIM_BLOCK, sizeof(trim->block));
		memcpy(trim->lead + TC_TRIM_BLOCK, block, sizeof(trim->block));
		return true;
	}
	if (louder(block, QUIET_RMS)) {
		return flush(trim, TC_TRIM_HELD, out, user) && out(user, block, TC_TRIM_BLOCK);
	}
	if (trim->held_count + TC_TRIM_BLOCK > TC_TRIM_HELD &&
	    !flush(trim, TC_TRIM_HELD, out, user)) {
		return false;
	}
	memcpy(trim->held + trim->held_count, block, sizeof(trim->block));
	trim->held_count += TC_TRIM_BLOCK;
	return true;
}

bool tc_trim_push(struct tc_trim *trim, const int16_t *pcm, size_t samples, tc_trim_fn out,
		  void *user)
{
	while (samples) {
		size_t n = TC_TRIM_BLOCK - trim->filled;
		n = n < samples ? n : samples;
		memcpy(trim->block + trim->filled, pcm, n * sizeof(*pcm));
		trim->filled += n;
		pcm += n;
		samples -= n;
		if (trim->filled == TC_TRIM_BLOCK) {
			trim->filled = 0;
			if (!take_block(trim, out, user)) {
				return false;
			}
		}
	}
	return true;
}

bool tc_trim_end(struct tc_trim *trim, tc_trim_fn out, void *user)
{
	return flush(trim, TAIL, out, user);
}
