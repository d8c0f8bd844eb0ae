/* rtc/rtp.h -- RTP packets (RFC 3550), their header extensions (RFC 8285) and RTX (RFC 4588).
 *
 * Pure functions over memory of the caller's: nothing is kept, allocated or locked. RT-safe.
 * Thread: any. What the network sent wrongly is -TC_EPARSE; a too small `size` is -ENOSPC.
 */
#ifndef TC_RTC_RTP_H
#define TC_RTC_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_RTP_MID_MAX    16   /* bytes a one-byte extension element holds (RFC 8285 4.2) */
#define TC_RTP_HEADER_MAX 88   /* the longest header tc_rtp_write_header() makes */
#define TC_RTP_MTU        1200 /* what we put into one datagram before SRTP's tag */

/* What a datagram is, by its first byte (RFC 7983 7), RTCP by its second (RFC 5761 4). */
enum tc_rtp_kind {
	TC_RTP_UNKNOWN,
	TC_RTP_STUN,
	TC_RTP_DTLS,
	TC_RTP_TURN_CHANNEL,
	TC_RTP_RTP,
	TC_RTP_RTCP,
};
enum tc_rtp_kind tc_rtp_classify(const uint8_t *data, size_t len);

/* Extension ids as negotiated; 0: not negotiated. */
struct tc_rtp_ext_ids {
	uint8_t mid;           /* RFC 8843 15 */
	uint8_t level;         /* RFC 6464, client to mixer */
	uint8_t abs_send_time; /* 6.18 seconds, what REMB is computed from */
	uint8_t playout_delay;
};

/* A parsed packet; pointers go into the packet. */
struct tc_rtp {
	bool marker;
	uint8_t pt;
	uint16_t seq;
	uint32_t ts, ssrc;
	uint8_t csrc_count;
	uint16_t ext_profile; /* 0xbede, 0x100x; 0 without an extension */
	const uint8_t *ext;   /* the elements, or NULL */
	size_t ext_len;
	const uint8_t *payload; /* without padding */
	size_t payload_len;
	size_t header_len; /* CSRCs and extension included */
	size_t padding_len;
};
int tc_rtp_parse(struct tc_rtp *out, const uint8_t *data, size_t len);

/* One extension element, or NULL; an element may be 0 bytes long (two-byte form). */
const uint8_t *tc_rtp_ext_find(const struct tc_rtp *rtp, uint8_t id, size_t *len);
/* RFC 6464: 0 loudest .. 127 silence, -1: not there. *voice may be NULL. */
int tc_rtp_level(const struct tc_rtp *rtp, uint8_t id, bool *voice);
/* The mid as a string of at most TC_RTP_MID_MAX bytes; false: not there. */
bool tc_rtp_mid(const struct tc_rtp *rtp, uint8_t id, char out[TC_RTP_MID_MAX + 1]);
/* 24 bits of 6.18 seconds, -1: not there. */
int32_t tc_rtp_abs_send_time(const struct tc_rtp *rtp, uint8_t id);

/* What a header we write carries. Zero: nothing of it. An extension is written if its id in `ids`
 * is not 0 and its value is given here. */
struct tc_rtp_out {
	bool marker;
	uint8_t pt;
	uint16_t seq;
	uint32_t ts, ssrc;
	const char *mid; /* NULL or "": none; at most TC_RTP_MID_MAX bytes, longer ones are left out
			  */
	bool has_level;
	uint8_t level; /* 0-127 */
	bool voice;
	int64_t send_us; /* wall or monotonic clock for abs-send-time; 0: none */
	bool has_playout_delay;
	uint16_t playout_min_ms, playout_max_ms; /* 10 ms steps, at most 40950 */
};
/* Header length, or -ENOSPC. One-byte elements; two-byte ones if an id needs it (> 14). */
int tc_rtp_write_header(uint8_t *out, size_t size, const struct tc_rtp_out *rtp,
			const struct tc_rtp_ext_ids *ids);
/* Writes a new abs-send-time into a packet that carries one (resends, shared packets); false if it
 * carries none. */
bool tc_rtp_set_abs_send_time(uint8_t *packet, size_t len, uint8_t id, int64_t send_us);

/* RFC 4588: the same packet as a retransmission on its own SSRC. Length, -ENOSPC or -TC_EPARSE. */
int tc_rtp_rtx_write(uint8_t *out, size_t size, const uint8_t *packet, size_t len, uint8_t rtx_pt,
		     uint32_t rtx_ssrc, uint16_t rtx_seq);
/* Back again: the original packet. Length; -ENODATA for padding without an original (Chromium
 * probes bandwidth with such); -ENOSPC; -TC_EPARSE. */
int tc_rtp_rtx_restore(uint8_t *out, size_t size, const uint8_t *packet, size_t len, uint8_t pt,
		       uint32_t ssrc);

/* Turns 16 (or 32) bit counters into ones that do not wrap: the value nearest to the highest seen.
 * Zero is a good start; the first value is returned as it is. */
struct tc_rtp_unwrap {
	int64_t highest;
	bool started;
};
int64_t tc_rtp_unwrap_seq(struct tc_rtp_unwrap *unwrap, uint16_t seq);
int64_t tc_rtp_unwrap_ts(struct tc_rtp_unwrap *unwrap, uint32_t ts);
/* a - b on the circle: > 0 if a is newer. */
static inline int tc_rtp_seq_diff(uint16_t a, uint16_t b)
{
	return (int16_t)(uint16_t)(a - b);
}
static inline int32_t tc_rtp_ts_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

#endif
