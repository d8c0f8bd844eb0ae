// SPDX-License-Identifier: Apache-2.0
/* A stream of packets with steps of sequence number, RTP time and clock: the buffer always comes to
 * an end, promises a time it keeps, and gives out no more than came in. */
#include "rtc/jitter.h"

#include "base/assert.h"
#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void drain(struct tc_jitter *jitter, int64_t now, int *given)
{
	struct tc_jitter_out out;
	enum tc_jitter_what what;
	int pieces = 0;
	while ((what = tc_jitter_pop(jitter, now, &out)) != TC_JITTER_NOTHING) {
		TC_ASSERT(out.ticks > 0 && out.gap >= 0);
		TC_ASSERT((what == TC_JITTER_CONCEAL) == !out.data);
		TC_ASSERT(++pieces <= 4 * TC_JITTER_SLOTS);
		*given += what == TC_JITTER_PACKET;
	}
	int64_t next = tc_jitter_next_us(jitter);
	TC_ASSERT(next == -1 || next > now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tc_jitter *jitter = NULL;
	struct tc_cursor cur;
	uint16_t seq = 65000;
	uint32_t ts = 0xfff00000;
	int64_t now = 1000000;
	int taken = 0, given = 0;
	if (tc_jitter_create(&jitter, &(struct tc_jitter_config){0}) < 0) {
		return 0;
	}
	tc_cursor_init(&cur, data, size);
	while (tc_cursor_left(&cur) >= 5) {
		uint8_t flags = tc_cursor_u8(&cur);
		seq = (uint16_t)(seq + (int8_t)tc_cursor_u8(&cur) * (flags & 1 ? 300 : 1));
		int64_t step = (int8_t)tc_cursor_u8(&cur) * (flags & 2 ? 20000000LL : 120);
		ts += (uint32_t)step;
		now += tc_cursor_u8(&cur) * (flags & 4 ? 100000 : 1000);
		const struct tc_jitter_packet packet = {
			.seq = seq,
			.ts = ts,
			.level = -1,
			.data = &flags,
			.len = 1,
			.ticks = tc_cursor_u8(&cur) * 120,
			.arrival_us = now,
		};
		taken += tc_jitter_push(jitter, &packet) == 0;
		if (flags & 8) {
			drain(jitter, now, &given);
		}
		if (flags == 0xf0) {
			tc_jitter_reset(jitter);
		}
	}
	drain(jitter, now + 1000000, &given);
	TC_ASSERT(given <= taken);
	struct tc_jitter_stats stats;
	tc_jitter_stats(jitter, &stats);
	TC_ASSERT(stats.target_ms <= 200 && stats.waiting_ms == 0);
	tc_jitter_destroy(jitter);
	return 0;
}
