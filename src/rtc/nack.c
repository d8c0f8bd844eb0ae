// SPDX-License-Identifier: Apache-2.0
#include "rtc/nack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rtc/rtp.h"

#define DEFAULT_PACKETS    512
#define DEFAULT_BYTES      (192 * 1024)
#define DEFAULT_BUDGET_BPS 200000
#define DEFAULT_MAX_AGE_MS 1000
#define MAX_PACKETS        32768 /* half the circle: a slot names one packet only */
#define UNKNOWN_RTT_US     50000
/* A browser asks again each 5-20 ms on a fast path: no use in answering faster than this. */
#define MIN_RESEND_US 10000
/* The budget may pile up for this long: a burst of loss is answered as a burst. */
#define BURST_US 250000

struct slot {
	size_t at, len; /* len 0: empty */
	int64_t pushed_us;
	int64_t resent_us; /* INT64_MIN: never */
	uint16_t seq;
};

struct tc_nack {
	struct slot *slots; /* owned, by seq & mask */
	uint8_t *bytes;     /* owned */
	size_t mask, size;
	/* Packets in the order pushed, so that the oldest are known: a ring of slot numbers. */
	uint16_t *order; /* owned */
	size_t oldest, count;
	size_t write_at;
	int budget_bps;
	int64_t max_age_us;
	double budget_bits;
	int64_t budget_us;
	struct tc_nack_stats stats;
};

static size_t power_of_two(size_t n)
{
	size_t p = 16;
	while (p < n && p < MAX_PACKETS) {
		p *= 2;
	}
	return p;
}

int tc_nack_create(struct tc_nack **out, const struct tc_nack_config *config)
{
	struct tc_nack *nack = calloc(1, sizeof(*nack));
	if (!nack) {
		return -ENOMEM;
	}
	size_t packets = power_of_two(config->packets ? config->packets : DEFAULT_PACKETS);
	nack->mask = packets - 1;
	nack->size = config->bytes ? config->bytes : DEFAULT_BYTES;
	nack->budget_bps = config->budget_bps ? config->budget_bps : DEFAULT_BUDGET_BPS;
	nack->max_age_us =
		1000 * (int64_t)(config->max_age_ms ? config->max_age_ms : DEFAULT_MAX_AGE_MS);
	nack->budget_us = INT64_MIN;
	nack->slots = calloc(packets, sizeof(*nack->slots));
	nack->order = calloc(packets, sizeof(*nack->order));
	nack->bytes = malloc(nack->size);
	if (!nack->slots || !nack->order || !nack->bytes) {
		tc_nack_destroy(nack);
		return -ENOMEM;
	}
	*out = nack;
	return 0;
}

void tc_nack_destroy(struct tc_nack *nack)
{
	if (!nack) {
		return;
	}
	free(nack->slots);
	free(nack->order);
	free(nack->bytes);
	free(nack);
}

static void drop_oldest(struct tc_nack *nack)
{
	nack->slots[nack->order[nack->oldest]].len = 0;
	nack->oldest = (nack->oldest + 1) & nack->mask;
	nack->count--;
}

/* Where `len` bytes may go. Packets never wrap: one that does not fit before the end goes to the
 * start. Everything it overwrites is the oldest, since writing only goes round. */
static size_t make_room(struct tc_nack *nack, size_t len)
{
	size_t at = nack->write_at;
	if (len > nack->size - at) {
		/* What lies between here and the end is from the last round, thus older. */
		while (nack->count && nack->slots[nack->order[nack->oldest]].at >= at) {
			drop_oldest(nack);
		}
		at = 0;
	}
	while (nack->count) {
		const struct slot *old = &nack->slots[nack->order[nack->oldest]];
		if (old->len && (old->at >= at + len || old->at + old->len <= at)) {
			break;
		}
		drop_oldest(nack);
	}
	return at;
}

int tc_nack_push(struct tc_nack *nack, uint16_t seq, const uint8_t *packet, size_t len,
		 int64_t now_us)
{
	struct tc_rtp rtp;
	if (tc_rtp_parse(&rtp, packet, len) < 0) {
		return -EINVAL;
	}
	if (len > nack->size) {
		return -EMSGSIZE;
	}
	struct slot *slot = &nack->slots[seq & nack->mask];
	while (nack->count && (slot->len || nack->count > nack->mask)) {
		drop_oldest(nack);
	}
	size_t at = make_room(nack, len);
	memcpy(nack->bytes + at, packet, len);
	nack->write_at = at + len;
	*slot = (struct slot){
		.at = at,
		.len = len,
		.seq = seq,
		.pushed_us = now_us,
		.resent_us = INT64_MIN,
	};
	nack->order[(nack->oldest + nack->count) & nack->mask] = (uint16_t)(seq & nack->mask);
	nack->count++;
	return 0;
}

static bool spend(struct tc_nack *nack, size_t len, int64_t now_us)
{
	double cap = nack->budget_bps * (BURST_US / 1e6);
	if (nack->budget_us == INT64_MIN) {
		nack->budget_bits = cap;
	} else if (now_us > nack->budget_us) {
		nack->budget_bits += nack->budget_bps * ((double)(now_us - nack->budget_us) / 1e6);
	}
	nack->budget_us = now_us;
	if (nack->budget_bits > cap) {
		nack->budget_bits = cap;
	}
	/* Goes below zero once: a packet larger than the burst is sent, and paid for after. */
	if (nack->budget_bits <= 0) {
		return false;
	}
	nack->budget_bits -= 8.0 * (double)len;
	return true;
}

static const uint8_t *refuse(uint64_t *counter, int *err, int why)
{
	(*counter)++;
	if (err) {
		*err = why;
	}
	return NULL;
}

const uint8_t *tc_nack_get(struct tc_nack *nack, uint16_t seq, int64_t now_us, int64_t rtt_us,
			   size_t *len, int *err)
{
	struct slot *slot = &nack->slots[seq & nack->mask];
	if (!slot->len || slot->seq != seq || now_us - slot->pushed_us > nack->max_age_us) {
		return refuse(&nack->stats.missing, err, -ENOENT);
	}
	int64_t apart_us = rtt_us < 0 ? UNKNOWN_RTT_US : rtt_us;
	if (apart_us < MIN_RESEND_US) {
		apart_us = MIN_RESEND_US;
	}
	if (slot->resent_us != INT64_MIN && now_us - slot->resent_us < apart_us) {
		return refuse(&nack->stats.too_soon, err, -EALREADY);
	}
	if (!spend(nack, slot->len, now_us)) {
		return refuse(&nack->stats.over_budget, err, -EAGAIN);
	}
	slot->resent_us = now_us;
	nack->stats.resent++;
	if (err) {
		*err = 0;
	}
	*len = slot->len;
	return nack->bytes + slot->at;
}

void tc_nack_stats(const struct tc_nack *nack, struct tc_nack_stats *out)
{
	*out = nack->stats;
}
