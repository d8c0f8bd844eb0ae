// SPDX-License-Identifier: Apache-2.0
#include "rtc/rtcp.h"

#include <string.h>

#include "rtc/rtcp_priv.h"
#include "rtc/rtp.h"

#define REMB_MANTISSA_MAX 0x3ffff

/* `words`: 32-bit words behind the header, which is what the length field counts. */
static void put_header(struct tc_buf *buf, unsigned count, uint8_t type, size_t words)
{
	tc_buf_u8(buf, (uint8_t)(0x80 | count));
	tc_buf_u8(buf, type);
	tc_buf_u16(buf, (uint16_t)words);
}

static void put_reports(struct tc_buf *buf, const struct tc_rtcp_report *reports, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct tc_rtcp_report *r = &reports[i];
		/* RFC 3550 6.4.1: 24 bits signed, held at its ends instead of wrapping. */
		int32_t lost = r->lost > 0x7fffff    ? 0x7fffff
			       : r->lost < -0x800000 ? -0x800000
						     : r->lost;
		tc_buf_u32(buf, r->ssrc);
		tc_buf_u8(buf, r->fraction_lost);
		tc_buf_u24(buf, (uint32_t)lost & 0xffffff);
		tc_buf_u32(buf, r->highest_seq);
		tc_buf_u32(buf, r->jitter);
		tc_buf_u32(buf, r->lsr);
		tc_buf_u32(buf, r->dlsr);
	}
}

static size_t at_most(size_t count, size_t max)
{
	return count < max ? count : max;
}

void tc_rtcp_write_sr(struct tc_buf *buf, const struct tc_rtcp_sender *sender,
		      const struct tc_rtcp_report *reports, size_t count)
{
	count = at_most(count, TC_RTCP_MAX_REPORTS);
	put_header(buf, (unsigned)count, RTCP_SR, 6 + count * (REPORT_LEN / 4));
	tc_buf_u32(buf, sender->ssrc);
	tc_buf_u64(buf, sender->ntp);
	tc_buf_u32(buf, sender->rtp_ts);
	tc_buf_u32(buf, sender->packets);
	tc_buf_u32(buf, sender->octets);
	put_reports(buf, reports, count);
}

void tc_rtcp_write_rr(struct tc_buf *buf, uint32_t ssrc, const struct tc_rtcp_report *reports,
		      size_t count)
{
	count = at_most(count, TC_RTCP_MAX_REPORTS);
	put_header(buf, (unsigned)count, RTCP_RR, 1 + count * (REPORT_LEN / 4));
	tc_buf_u32(buf, ssrc);
	put_reports(buf, reports, count);
}

void tc_rtcp_write_cname(struct tc_buf *buf, uint32_t ssrc, const char *cname)
{
	size_t len = at_most(strlen(cname), TC_RTCP_MAX_CNAME);
	/* SSRC, item type and length, text, at least one 0, to a whole number of words. */
	size_t words = (4 + 2 + len + 1 + 3) / 4;
	put_header(buf, 1, RTCP_SDES, words);
	tc_buf_u32(buf, ssrc);
	tc_buf_u8(buf, 1);
	tc_buf_u8(buf, (uint8_t)len);
	tc_buf_put(buf, cname, len);
	for (size_t n = 6 + len; n < 4 * words; n++) {
		tc_buf_u8(buf, 0);
	}
}

void tc_rtcp_write_bye(struct tc_buf *buf, const uint32_t *ssrcs, size_t count)
{
	count = at_most(count, TC_RTCP_MAX_REPORTS);
	put_header(buf, (unsigned)count, RTCP_BYE, count);
	for (size_t i = 0; i < count; i++) {
		tc_buf_u32(buf, ssrcs[i]);
	}
}

void tc_rtcp_write_pli(struct tc_buf *buf, uint32_t ssrc, uint32_t media_ssrc)
{
	put_header(buf, FMT_PLI, RTCP_PSFB, 2);
	tc_buf_u32(buf, ssrc);
	tc_buf_u32(buf, media_ssrc);
}

void tc_rtcp_write_fir(struct tc_buf *buf, uint32_t ssrc, uint32_t media_ssrc, uint8_t seq)
{
	put_header(buf, FMT_FIR, RTCP_PSFB, 4);
	tc_buf_u32(buf, ssrc);
	tc_buf_u32(buf, 0); /* RFC 5104 4.3.1.2: whose is meant stands in the entry */
	tc_buf_u32(buf, media_ssrc);
	tc_buf_u8(buf, seq);
	tc_buf_u24(buf, 0);
}

/* One entry from seqs[i] on; returns how many it took. */
static size_t nack_entry(const uint16_t *seqs, size_t count, uint16_t *first, uint16_t *more)
{
	size_t i = 1;
	*first = seqs[0];
	*more = 0;
	for (; i < count; i++) {
		int distance = tc_rtp_seq_diff(seqs[i], *first);
		if (distance < 1 || distance > 16) {
			break;
		}
		*more |= (uint16_t)(1u << (distance - 1));
	}
	return i;
}

void tc_rtcp_write_nack(struct tc_buf *buf, uint32_t ssrc, uint32_t media_ssrc,
			const uint16_t *seqs, size_t count)
{
	uint16_t first, more;
	size_t entries = 0;
	for (size_t i = 0; i < count; entries++) {
		i += nack_entry(seqs + i, count - i, &first, &more);
	}
	if (entries == 0) {
		return;
	}
	put_header(buf, FMT_NACK, RTCP_RTPFB, 2 + entries);
	tc_buf_u32(buf, ssrc);
	tc_buf_u32(buf, media_ssrc);
	for (size_t i = 0; i < count;) {
		i += nack_entry(seqs + i, count - i, &first, &more);
		tc_buf_u16(buf, first);
		tc_buf_u16(buf, more);
	}
}

void tc_rtcp_write_remb(struct tc_buf *buf, uint32_t ssrc, uint64_t bps, const uint32_t *ssrcs,
			size_t count)
{
	count = at_most(count, TC_RTCP_MAX_REMB);
	unsigned exponent = 0;
	while (bps >> exponent > REMB_MANTISSA_MAX) {
		exponent++;
	}
	put_header(buf, FMT_AFB, RTCP_PSFB, 4 + count);
	tc_buf_u32(buf, ssrc);
	tc_buf_u32(buf, 0);
	tc_buf_put(buf, "REMB", 4);
	tc_buf_u8(buf, (uint8_t)count);
	tc_buf_u24(buf, exponent << 18 | (uint32_t)(bps >> exponent));
	for (size_t i = 0; i < count; i++) {
		tc_buf_u32(buf, ssrcs[i]);
	}
}
