/* rtc/jitter.h -- jitter buffer for received speech (Opus over RTP, RFC 7587).
 *
 * The listener is a recognizer, not a loudspeaker: packets in order leave at once, and only a
 * missing one is waited for, as long as packets of this path have lately been late (the target).
 * After that it is concealed, or rebuilt from the next packet's in-band FEC. Silence the sender
 * left out (DTX) and jumps of its clock are told as a gap, not filled.
 *
 *	push() a packet, then pop() until NOTHING; call pop() again at tc_jitter_next_us().
 *
 * Pure over the times passed in (monotonic microseconds), so clock drift only shifts a slow
 * minimum. Memory is bounded and taken once. RT-safe after create. Thread: one at a time.
 */
#ifndef TC_RTC_JITTER_H
#define TC_RTC_JITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TC_JITTER_SLOTS      32   /* packets that may wait behind a missing one */
#define TC_JITTER_MAX_PACKET 1500 /* longer ones are refused */

struct tc_jitter;

struct tc_jitter_config {   /* zero: default */
	int max_target_ms;  /* 200: never wait longer for a missing packet */
	int max_conceal_ms; /* 120: a longer hole is a gap, not concealed */
};

struct tc_jitter_packet {
	uint16_t seq;
	uint32_t ts; /* 48 kHz */
	bool marker;
	int level; /* RFC 6464, -1: none; handed through */
	const uint8_t *data;
	size_t len;
	int ticks; /* its duration, from tc_opus_packet_ticks(); <= 0: as the last one */
	int64_t arrival_us;
};

enum tc_jitter_what {
	TC_JITTER_NOTHING, /* empty, or waiting for a missing packet */
	TC_JITTER_PACKET,  /* decode data */
	TC_JITTER_FEC,     /* rebuild `ticks` from data: the packet after the lost one, which comes
			      next */
	TC_JITTER_CONCEAL, /* invent `ticks`; no data */
};

struct tc_jitter_out {
	const uint8_t *data; /* borrowed until the next push */
	size_t len;
	uint16_t seq;
	uint32_t ts;
	int ticks;   /* 48 kHz: how long this piece is */
	int level;   /* -1 for what was not received */
	int64_t gap; /* ticks of nothing between the last piece and this one (DTX, long loss) */
	bool reset;  /* the stream starts anew here: forget decoder state, gap says nothing */
	bool marker;
	int64_t arrival_us; /* not received: when it should have come */
};

int tc_jitter_create(struct tc_jitter **out, const struct tc_jitter_config *config); /* -ENOMEM */
void tc_jitter_destroy(struct tc_jitter *jitter);
/* 0 if taken; -EALREADY a duplicate, -ETIME too late, -EMSGSIZE; all counted. */
int tc_jitter_push(struct tc_jitter *jitter, const struct tc_jitter_packet *packet);
enum tc_jitter_what tc_jitter_pop(struct tc_jitter *jitter, int64_t now_us,
				  struct tc_jitter_out *out);
/* When pop() gives up on what it waits for; -1: it waits for nothing but packets. */
int64_t tc_jitter_next_us(const struct tc_jitter *jitter);
/* A new SSRC, or after a break: the next packet starts anew. */
void tc_jitter_reset(struct tc_jitter *jitter);

struct tc_jitter_stats {
	uint64_t received, late, duplicate, refused;
	uint64_t lost; /* packets given up on */
	uint64_t fec, concealed_ticks, resyncs;
	int target_ms;  /* how long a missing packet is waited for now */
	int waiting_ms; /* how much sound waits now */
};
void tc_jitter_stats(const struct tc_jitter *jitter, struct tc_jitter_stats *out);

#endif
