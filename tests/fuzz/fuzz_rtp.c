// SPDX-License-Identifier: Apache-2.0
/* An RTP packet: parsed, its extensions looked for, resent as RTX and restored to what it was. */
#include "rtc/rtp.h"

#include <string.h>

#include "base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rtx(const struct tc_rtp *rtp, const uint8_t *data, size_t size)
{
	static uint8_t rtx[70000], back[70000];
	int n = tc_rtp_rtx_write(rtx, sizeof(rtx), data, size, 97, 7, 8);
	TC_ASSERT(n == (int)size + 2);
	int m = tc_rtp_rtx_restore(back, sizeof(back), rtx, (size_t)n, rtp->pt, rtp->ssrc);
	TC_ASSERT(m == (int)(size - rtp->padding_len));
	TC_ASSERT(memcmp(back + 1, data + 1, (size_t)m - 1) == 0);
	tc_rtp_rtx_restore(back, sizeof(back), data, size, 96, 1);
}

static void write_with(const struct tc_rtp *rtp)
{
	const struct tc_rtp_ext_ids ids = {
		.mid = rtp->ssrc & 0xff,
		.level = rtp->ssrc >> 8 & 0xff,
		.abs_send_time = rtp->ssrc >> 16 & 0xff,
		.playout_delay = rtp->ssrc >> 24,
	};
	const struct tc_rtp_out out = {
		.mid = "mid",
		.has_level = true,
		.level = rtp->pt,
		.send_us = 1 + (int64_t)rtp->ts,
		.has_playout_delay = true,
		.playout_max_ms = 100,
	};
	uint8_t packet[TC_RTP_HEADER_MAX];
	struct tc_rtp again;
	int n = tc_rtp_write_header(packet, sizeof(packet), &out, &ids);
	TC_ASSERT(n >= 12);
	TC_ASSERT(tc_rtp_parse(&again, packet, (size_t)n) == 0 && again.payload_len == 0);
	tc_rtp_write_header(packet, rtp->seq % sizeof(packet), &out, &ids);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tc_rtp rtp;
	tc_rtp_classify(data, size);
	if (size > 65535 || tc_rtp_parse(&rtp, data, size) < 0) {
		return 0;
	}
	TC_ASSERT(rtp.header_len + rtp.payload_len + rtp.padding_len == size);
	for (int id = 0; id < 256; id++) {
		size_t len = 0;
		const uint8_t *p = tc_rtp_ext_find(&rtp, (uint8_t)id, &len);
		TC_ASSERT(!p || (p >= rtp.ext && p + len <= rtp.ext + rtp.ext_len));
		char mid[TC_RTP_MID_MAX + 1];
		tc_rtp_mid(&rtp, (uint8_t)id, mid);
		tc_rtp_level(&rtp, (uint8_t)id, NULL);
		tc_rtp_abs_send_time(&rtp, (uint8_t)id);
	}
	check_rtx(&rtp, data, size);
	write_with(&rtp);
	return 0;
}
