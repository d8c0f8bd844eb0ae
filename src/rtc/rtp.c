// SPDX-License-Identifier: Apache-2.0
#include "rtc/rtp.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "rtc/wire.h"

#define FIXED_LEN 12
/* RFC 8285 4.2 and 4.3: how an extension block says which form its elements have. */
#define ONE_BYTE_PROFILE 0xbede
#define TWO_BYTE_PROFILE 0x1000
#define ONE_BYTE_STOP    15

enum tc_rtp_kind tc_rtp_classify(const uint8_t *data, size_t len)
{
	if (len < 2) {
		return TC_RTP_UNKNOWN;
	}
	if (data[0] <= 3) {
		return TC_RTP_STUN;
	}
	if (data[0] >= 20 && data[0] <= 63) {
		return TC_RTP_DTLS;
	}
	if (data[0] >= 64 && data[0] <= 79) {
		return TC_RTP_TURN_CHANNEL;
	}
	if (data[0] < 128 || data[0] > 191) {
		return TC_RTP_UNKNOWN;
	}
	/* Chromium uses payload types from 35 up, so only this range is RTCP's (RFC 5761 4). */
	if (data[1] >= 192 && data[1] <= 223) {
		return len >= 8 ? TC_RTP_RTCP : TC_RTP_UNKNOWN;
	}
	return len >= FIXED_LEN ? TC_RTP_RTP : TC_RTP_UNKNOWN;
}

int tc_rtp_parse(struct tc_rtp *out, const uint8_t *data, size_t len)
{
	if (len < FIXED_LEN || data[0] >> 6 != 2) {
		return -TC_EPARSE;
	}
	struct tc_rtp rtp = {
		.marker = data[1] >> 7,
		.pt = data[1] & 0x7f,
		.seq = tc_get16(data + 2),
		.ts = tc_get32(data + 4),
		.ssrc = tc_get32(data + 8),
		.csrc_count = data[0] & 0x0f,
	};
	size_t at = FIXED_LEN + 4u * rtp.csrc_count;
	if (data[0] & 0x10) {
		if (at + 4 > len) {
			return -TC_EPARSE;
		}
		rtp.ext_profile = tc_get16(data + at);
		rtp.ext_len = 4u * tc_get16(data + at + 2);
		rtp.ext = data + at + 4;
		at += 4 + rtp.ext_len;
	}
	if (at > len) {
		return -TC_EPARSE;
	}
	if (data[0] & 0x20) {
		rtp.padding_len = at < len ? data[len - 1] : 0;
		if (rtp.padding_len == 0 || rtp.padding_len > len - at) {
			return -TC_EPARSE;
		}
	}
	rtp.header_len = at;
	rtp.payload = data + at;
	rtp.payload_len = len - at - rtp.padding_len;
	*out = rtp;
	return 0;
}

static const uint8_t *find_one_byte(const struct tc_rtp *rtp, uint8_t id, size_t *len)
{
	const uint8_t *p = rtp->ext, *end = p + rtp->ext_len;
	while (p < end) {
		if (*p == 0) { /* padding between elements */
			p++;
			continue;
		}
		uint8_t found = *p >> 4;
		size_t n = (size_t)(*p & 0x0f) + 1;
		p++;
		if (found == ONE_BYTE_STOP || n > (size_t)(end - p)) {
			return NULL;
		}
		if (found == id) {
			*len = n;
			return p;
		}
		p += n;
	}
	return NULL;
}

static const uint8_t *find_two_byte(const struct tc_rtp *rtp, uint8_t id, size_t *len)
{
	const uint8_t *p = rtp->ext, *end = p + rtp->ext_len;
	while (p < end) {
		if (*p == 0) {
			p++;
			continue;
		}
		if (end - p < 2 || p[1] > end - p - 2) {
			return NULL;
		}
		if (*p == id) {
			*len = p[1];
			return p + 2;
		}
		p += 2 + p[1];
	}
	return NULL;
}

const uint8_t *tc_rtp_ext_find(const struct tc_rtp *rtp, uint8_t id, size_t *len)
{
	if (!rtp->ext || id == 0) {
		return NULL;
	}
	if (rtp->ext_profile == ONE_BYTE_PROFILE) {
		return id < ONE_BYTE_STOP ? find_one_byte(rtp, id, len) : NULL;
	}
	/* The low four bits are "appbits", to be ignored (RFC 8285 4.3). */
	if ((rtp->ext_profile & 0xfff0) == TWO_BYTE_PROFILE) {
		return find_two_byte(rtp, id, len);
	}
	return NULL;
}

int tc_rtp_level(const struct tc_rtp *rtp, uint8_t id, bool *voice)
{
	size_t len = 0;
	const uint8_t *p = tc_rtp_ext_find(rtp, id, &len);
	if (!p || len < 1) {
		return -1;
	}
	if (voice) {
		*voice = p[0] >> 7;
	}
	return p[0] & 0x7f;
}

bool tc_rtp_mid(const struct tc_rtp *rtp, uint8_t id, char out[TC_RTP_MID_MAX + 1])
{
	size_t len = 0;
	const uint8_t *p = tc_rtp_ext_find(rtp, id, &len);
	if (!p || len < 1 || len > TC_RTP_MID_MAX || memchr(p, 0, len)) {
		return false;
	}
	memcpy(out, p, len);
	out[len] = '\0';
	return true;
}

int32_t tc_rtp_abs_send_time(const struct tc_rtp *rtp, uint8_t id)
{
	size_t len = 0;
	const uint8_t *p = tc_rtp_ext_find(rtp, id, &len);
	return p && len == 3 ? (int32_t)tc_get24(p) : -1;
}

/* ---- writing ---- */

struct ext_writer {
	uint8_t *at, *end;
	bool two_byte;
	bool full;
};

static void put_element(struct ext_writer *w, uint8_t id, const void *data, size_t len)
{
	size_t head = w->two_byte ? 2 : 1;
	if (head + len > (size_t)(w->end - w->at)) {
		w->full = true;
		return;
	}
	if (w->two_byte) {
		w->at[0] = id;
		w->at[1] = (uint8_t)len;
	} else {
		w->at[0] = (uint8_t)(id << 4 | (len - 1));
	}
	memcpy(w->at + head, data, len);
	w->at += head + len;
}

/* 6.18 fixed-point seconds, 24 bits. */
static uint32_t abs_send_time(int64_t us)
{
	uint64_t u = (uint64_t)us;
	return (uint32_t)(((u / 1000000) << 18) + (((u % 1000000) << 18) / 1000000)) & 0xffffff;
}

static void put_elements(struct ext_writer *w, const struct tc_rtp_out *rtp,
			 const struct tc_rtp_ext_ids *ids)
{
	uint8_t b[3];
	size_t mid_len = rtp->mid ? strlen(rtp->mid) : 0;
	if (ids->mid && mid_len > 0 && mid_len <= TC_RTP_MID_MAX) {
		put_element(w, ids->mid, rtp->mid, mid_len);
	}
	if (ids->level && rtp->has_level) {
		b[0] = (uint8_t)((rtp->voice ? 0x80 : 0) | (rtp->level & 0x7f));
		put_element(w, ids->level, b, 1);
	}
	if (ids->abs_send_time && rtp->send_us) {
		tc_put24(b, abs_send_time(rtp->send_us));
		put_element(w, ids->abs_send_time, b, 3);
	}
	if (ids->playout_delay && rtp->has_playout_delay) {
		tc_put24(b, (uint32_t)(rtp->playout_min_ms / 10 & 0xfff) << 12 |
				    (rtp->playout_max_ms / 10 & 0xfff));
		put_element(w, ids->playout_delay, b, 3);
	}
}

static bool needs_two_byte(const struct tc_rtp_ext_ids *ids)
{
	const uint8_t all[] = {ids->mid, ids->level, ids->abs_send_time, ids->playout_delay};
	for (size_t i = 0; i < sizeof(all); i++) {
		if (all[i] >= ONE_BYTE_STOP) {
			return true;
		}
	}
	return false;
}

int tc_rtp_write_header(uint8_t *out, size_t size, const struct tc_rtp_out *rtp,
			const struct tc_rtp_ext_ids *ids)
{
	if (size < FIXED_LEN) {
		return -ENOSPC;
	}
	out[0] = 0x80;
	out[1] = (uint8_t)((rtp->marker ? 0x80 : 0) | (rtp->pt & 0x7f));
	tc_put16(out + 2, rtp->seq);
	tc_put32(out + 4, rtp->ts);
	tc_put32(out + 8, rtp->ssrc);

	uint8_t elements[TC_RTP_HEADER_MAX];
	struct ext_writer w = {
		.at = elements,
		.end = elements + sizeof(elements),
		.two_byte = needs_two_byte(ids),
	};
	put_elements(&w, rtp, ids);
	size_t len = (size_t)(w.at - elements);
	if (len == 0) {
		return FIXED_LEN;
	}
	size_t padded = (len + 3) & ~(size_t)3;
	if (w.full || FIXED_LEN + 4 + padded > size) {
		return -ENOSPC;
	}
	out[0] |= 0x10;
	tc_put16(out + 12, w.two_byte ? TWO_BYTE_PROFILE : ONE_BYTE_PROFILE);
	tc_put16(out + 14, (uint16_t)(padded / 4));
	memcpy(out + 16, elements, len);
	memset(out + 16 + len, 0, padded - len);
	return (int)(16 + padded);
}

bool tc_rtp_set_abs_send_time(uint8_t *packet, size_t len, uint8_t id, int64_t send_us)
{
	struct tc_rtp rtp;
	size_t n = 0;
	if (tc_rtp_parse(&rtp, packet, len) < 0) {
		return false;
	}
	const uint8_t *p = tc_rtp_ext_find(&rtp, id, &n);
	if (!p || n != 3) {
		return false;
	}
	tc_put24(packet + (p - packet), abs_send_time(send_us));
	return true;
}

/* ---- RTX ---- */

int tc_rtp_rtx_write(uint8_t *out, size_t size, const uint8_t *packet, size_t len, uint8_t rtx_pt,
		     uint32_t rtx_ssrc, uint16_t rtx_seq)
{
	struct tc_rtp rtp;
	int err = tc_rtp_parse(&rtp, packet, len);
	if (err < 0) {
		return err;
	}
	if (size < 2 || len > size - 2) {
		return -ENOSPC;
	}
	memcpy(out, packet, rtp.header_len);
	out[1] = (uint8_t)((packet[1] & 0x80) | (rtx_pt & 0x7f));
	tc_put16(out + 2, rtx_seq);
	tc_put32(out + 8, rtx_ssrc);
	tc_put16(out + rtp.header_len, rtp.seq); /* OSN, RFC 4588 4 */
	memcpy(out + rtp.header_len + 2, rtp.payload, len - rtp.header_len);
	return (int)(len + 2);
}

int tc_rtp_rtx_restore(uint8_t *out, size_t size, const uint8_t *packet, size_t len, uint8_t pt,
		       uint32_t ssrc)
{
	struct tc_rtp rtp;
	int err = tc_rtp_parse(&rtp, packet, len);
	if (err < 0) {
		return err;
	}
	if (rtp.payload_len < 2) {
		return rtp.payload_len == 0 ? -ENODATA : -TC_EPARSE;
	}
	size_t total = rtp.header_len + rtp.payload_len - 2;
	if (total > size) {
		return -ENOSPC;
	}
	memcpy(out, packet, rtp.header_len);
	/* The padding stays behind. */
	out[0] = (uint8_t)(packet[0] & ~0x20);
	out[1] = (uint8_t)((packet[1] & 0x80) | (pt & 0x7f));
	memcpy(out + 2, rtp.payload, 2);
	tc_put32(out + 8, ssrc);
	memcpy(out + rtp.header_len, rtp.payload + 2, rtp.payload_len - 2);
	return (int)total;
}

/* ---- counters ---- */

static int64_t unwrap(struct tc_rtp_unwrap *u, uint32_t value, int64_t step)
{
	if (!u->started) {
		u->started = true;
		u->highest = value;
		return value;
	}
	int64_t v = u->highest + step;
	if (v > u->highest) {
		u->highest = v;
	}
	return v;
}

int64_t tc_rtp_unwrap_seq(struct tc_rtp_unwrap *u, uint16_t seq)
{
	return unwrap(u, seq, tc_rtp_seq_diff(seq, (uint16_t)u->highest));
}

int64_t tc_rtp_unwrap_ts(struct tc_rtp_unwrap *u, uint32_t ts)
{
	return unwrap(u, ts, tc_rtp_ts_diff(ts, (uint32_t)u->highest));
}
