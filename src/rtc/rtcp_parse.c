// SPDX-License-Identifier: Apache-2.0
#include "rtc/rtcp.h"

#include <string.h>

#include "base/err.h"
#include "rtc/rtcp_priv.h"
#include "rtc/wire.h"

#define SDES_CNAME 1

struct packet {
	uint8_t type, count; /* count, or the feedback format */
	const uint8_t *body; /* behind the 4-byte header, padding cut off */
	size_t len;
};

struct parser {
	const struct tc_rtcp_events *events; /* borrowed */
	void *user;
};

/* The next packet of a compound (RFC 3550 6.4.1, A.2); false at the end or where it breaks off. */
static bool next_packet(const uint8_t **at, const uint8_t *end, struct packet *out)
{
	const uint8_t *p = *at;
	if (end - p < 4 || p[0] >> 6 != 2) {
		return false;
	}
	size_t len = 4u * (tc_get16(p + 2) + 1u);
	if (len > (size_t)(end - p)) {
		return false;
	}
	*at = p + len;
	*out = (struct packet){.type = p[1], .count = p[0] & 0x1f, .body = p + 4, .len = len - 4};
	if (p[0] & 0x20) {
		size_t padding = out->len ? p[len - 1] : 0;
		if (padding == 0 || padding > out->len || padding % 4 != 0) {
			return false;
		}
		out->len -= padding;
	}
	return true;
}

static void parse_reports(const struct parser *parser, uint32_t from, const uint8_t *p, size_t len,
			  size_t count)
{
	if (!parser->events->report) {
		return;
	}
	for (size_t i = 0; i < count && len >= REPORT_LEN; i++) {
		struct tc_rtcp_report report = {
			.ssrc = tc_get32(p),
			.fraction_lost = p[4],
			/* 24 bits, signed */
			.lost = (int32_t)(tc_get24(p + 5) << 8) >> 8,
			.highest_seq = tc_get32(p + 8),
			.jitter = tc_get32(p + 12),
			.lsr = tc_get32(p + 16),
			.dlsr = tc_get32(p + 20),
		};
		parser->events->report(parser->user, from, &report);
		p += REPORT_LEN;
		len -= REPORT_LEN;
	}
}

static void parse_sr(const struct parser *parser, const struct packet *pk)
{
	if (pk->len < 24) {
		return;
	}
	struct tc_rtcp_sender sender = {
		.ssrc = tc_get32(pk->body),
		.ntp = (uint64_t)tc_get32(pk->body + 4) << 32 | tc_get32(pk->body + 8),
		.rtp_ts = tc_get32(pk->body + 12),
		.packets = tc_get32(pk->body + 16),
		.octets = tc_get32(pk->body + 20),
	};
	if (parser->events->sender) {
		parser->events->sender(parser->user, &sender);
	}
	parse_reports(parser, sender.ssrc, pk->body + 24, pk->len - 24, pk->count);
}

static void parse_rr(const struct parser *parser, const struct packet *pk)
{
	if (pk->len >= 4) {
		parse_reports(parser, tc_get32(pk->body), pk->body + 4, pk->len - 4, pk->count);
	}
}

/* One chunk: SSRC, items, a 0, padded to 32 bits. False where it breaks off. */
static bool parse_sdes_chunk(const struct parser *parser, struct tc_cursor *cur,
			     const uint8_t *base)
{
	uint32_t ssrc = tc_cursor_u32(cur);
	for (;;) {
		uint8_t item = tc_cursor_u8(cur);
		if (item == 0) {
			break;
		}
		uint8_t len = tc_cursor_u8(cur);
		const uint8_t *text = tc_cursor_bytes(cur, len);
		if (text && item == SDES_CNAME && parser->events->cname) {
			parser->events->cname(parser->user, ssrc, (const char *)text, len);
		}
	}
	while (!cur->err && (cur->at - base) % 4 != 0) {
		tc_cursor_skip(cur, 1);
	}
	return !cur->err;
}

static void parse_sdes(const struct parser *parser, const struct packet *pk)
{
	struct tc_cursor cur;
	tc_cursor_init(&cur, pk->body, pk->len);
	for (size_t i = 0; i < pk->count && parse_sdes_chunk(parser, &cur, pk->body); i++) {
	}
}

static void parse_bye(const struct parser *parser, const struct packet *pk)
{
	for (size_t i = 0; i < pk->count && 4 * (i + 1) <= pk->len; i++) {
		if (parser->events->bye) {
			parser->events->bye(parser->user, tc_get32(pk->body + 4 * i));
		}
	}
}

static void parse_nack(const struct parser *parser, const struct packet *pk)
{
	uint16_t seqs[TC_RTCP_MAX_NACKS];
	size_t count = 0;
	uint32_t media = tc_get32(pk->body + 4);
	if (!parser->events->nack) {
		return;
	}
	for (size_t at = FEEDBACK_LEN; at + 4 <= pk->len; at += 4) {
		uint16_t first = tc_get16(pk->body + at);
		uint16_t more = tc_get16(pk->body + at + 2);
		seqs[count++] = first;
		for (unsigned bit = 0; bit < 16; bit++) {
			if (more >> bit & 1) {
				seqs[count++] = (uint16_t)(first + bit + 1);
			}
		}
		if (count + NACK_ENTRY_SPAN > TC_RTCP_MAX_NACKS) {
			parser->events->nack(parser->user, media, seqs, count);
			count = 0;
		}
	}
	if (count) {
		parser->events->nack(parser->user, media, seqs, count);
	}
}

static void parse_fir(const struct parser *parser, const struct packet *pk)
{
	for (size_t at = FEEDBACK_LEN; at + 8 <= pk->len; at += 8) {
		if (parser->events->fir) {
			parser->events->fir(parser->user, tc_get32(pk->body + at),
					    pk->body[at + 4]);
		}
	}
}

/* draft-alvestrand-rmcat-remb-03 2.2 */
static void parse_remb(const struct parser *parser, const struct packet *pk)
{
	const uint8_t *fci = pk->body + FEEDBACK_LEN;
	size_t len = pk->len - FEEDBACK_LEN;
	if (len < 8 || memcmp(fci, "REMB", 4) != 0 || !parser->events->remb) {
		return;
	}
	unsigned exponent = fci[5] >> 2;
	uint64_t mantissa = (uint64_t)(fci[5] & 3) << 16 | tc_get16(fci + 6);
	uint64_t bps = exponent > 45 ? UINT64_MAX >> 1 : mantissa << exponent;
	uint32_t ssrcs[TC_RTCP_MAX_REMB];
	size_t count = 0;
	while (count < fci[4] && count < TC_RTCP_MAX_REMB && 8 + 4 * (count + 1) <= len) {
		ssrcs[count] = tc_get32(fci + 8 + 4 * count);
		count++;
	}
	parser->events->remb(parser->user, bps, ssrcs, count);
}

static void parse_feedback(const struct parser *parser, const struct packet *pk)
{
	if (pk->len < FEEDBACK_LEN) {
		return;
	}
	if (pk->type == RTCP_RTPFB) {
		if (pk->count == FMT_NACK) {
			parse_nack(parser, pk);
		}
		return;
	}
	if (pk->count == FMT_PLI && parser->events->pli) {
		parser->events->pli(parser->user, tc_get32(pk->body + 4));
	} else if (pk->count == FMT_FIR) {
		parse_fir(parser, pk);
	} else if (pk->count == FMT_AFB) {
		parse_remb(parser, pk);
	}
}

static void dispatch(const struct parser *parser, const struct packet *pk)
{
	switch (pk->type) {
	case RTCP_SR:
		parse_sr(parser, pk);
		break;
	case RTCP_RR:
		parse_rr(parser, pk);
		break;
	case RTCP_SDES:
		parse_sdes(parser, pk);
		break;
	case RTCP_BYE:
		parse_bye(parser, pk);
		break;
	case RTCP_RTPFB:
	case RTCP_PSFB:
		parse_feedback(parser, pk);
		break;
	default: /* APP, XR: nothing for us */
		break;
	}
}

int tc_rtcp_parse(const uint8_t *data, size_t len, const struct tc_rtcp_events *events, void *user)
{
	const struct parser parser = {.events = events, .user = user};
	const uint8_t *at = data, *end = data + len;
	struct packet pk;
	while (next_packet(&at, end, &pk)) {
	}
	if (at != end || len == 0) {
		return -TC_EPARSE;
	}
	for (at = data; next_packet(&at, end, &pk);) {
		dispatch(&parser, &pk);
	}
	return 0;
}
