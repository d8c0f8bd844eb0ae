// SPDX-License-Identifier: Apache-2.0
#include "rtc/jitter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rtc/rtp.h"

#define TICKS_PER_MS           48
#define DEFAULT_TICKS          (20 * TICKS_PER_MS)
#define DEFAULT_MAX_TARGET_MS  200
#define DEFAULT_MAX_CONCEAL_MS 120
/* A step of this much in RTP time against the sequence numbers is a new start, not silence: DTX
 * pauses of minutes are fine, going back in time is not. */
#define MAX_PAUSE_TICKS (600LL * 1000 * TICKS_PER_MS)
/* So many packets in a row, in order, and this far back (RFC 3550 A.1 MAX_MISORDER) are a sender
 * that started anew; nearer ones are merely late. */
#define RESTART_RUN  4
#define RESTART_BACK 100
/* Lateness is counted in buckets that fade: after about 5 s of 20 ms packets half is forgotten. */
#define BUCKET_MS 5
#define BUCKETS   64
#define FADE      0.997
/* One packet in 33 may come later than the target. */
#define PERCENTILE 0.97
/* The least delay seen, what lateness is measured from, is forgotten after one to two of these, so
 * that clocks may drift apart (100 ppm are 1 ms in 10 s). */
#define FLOOR_WINDOW_US 10000000

struct slot {
	uint8_t data[TC_JITTER_MAX_PACKET];
	size_t len;
	int64_t seq; /* unwrapped; -1: empty */
	uint32_t ts;
	int ticks, level;
	bool marker;
	int64_t arrival_us;
};

struct floor_window { /* a minimum over the last one to two windows */
	int64_t now, before;
	int64_t since_us;
	bool started;
};

struct tc_jitter {
	struct slot slots[TC_JITTER_SLOTS];
	struct tc_jitter_config config;
	struct tc_rtp_unwrap seqs, stamps;
	bool started;
	bool fresh;   /* the next piece starts the stream anew */
	int64_t next; /* the sequence number due */
	int64_t end;  /* RTP time (unwrapped) up to which sound was given out */
	bool has_end;
	int held;
	int64_t highest;      /* the newest number held or given out */
	int ticks;            /* duration of the last packet */
	int64_t conceal_left; /* ticks still to invent before the next packet held */
	uint16_t late_next;
	int late_run;
	struct floor_window floor;
	double bucket[BUCKETS];
	double bucket_sum;
	int64_t last_arrival_us;
	struct tc_jitter_stats stats;
};

int tc_jitter_create(struct tc_jitter **out, const struct tc_jitter_config *config)
{
	struct tc_jitter *j = calloc(1, sizeof(*j));
	if (!j) {
		return -ENOMEM;
	}
	j->config = *config;
	if (!j->config.max_target_ms) {
		j->config.max_target_ms = DEFAULT_MAX_TARGET_MS;
	}
	if (!j->config.max_conceal_ms) {
		j->config.max_conceal_ms = DEFAULT_MAX_CONCEAL_MS;
	}
	tc_jitter_reset(j);
	*out = j;
	return 0;
}

void tc_jitter_destroy(struct tc_jitter *jitter)
{
	free(jitter);
}

/* Forgets the packets and where we were; what was learnt of the path stays. */
static void restart(struct tc_jitter *j)
{
	for (size_t i = 0; i < TC_JITTER_SLOTS; i++) {
		j->slots[i].seq = -1;
	}
	j->seqs = j->stamps = (struct tc_rtp_unwrap){0};
	j->started = false;
	j->fresh = true;
	j->has_end = false;
	j->held = 0;
	j->late_run = 0;
	j->floor.started = false;
}

void tc_jitter_reset(struct tc_jitter *j)
{
	restart(j);
	j->ticks = DEFAULT_TICKS;
	memset(j->bucket, 0, sizeof(j->bucket));
	j->bucket_sum = 0;
}

/* ---- how long to wait ---- */

static int64_t floor_of(struct floor_window *w, int64_t value, int64_t now_us)
{
	if (!w->started) {
		*w = (struct floor_window){value, value, now_us, true};
	}
	if (now_us - w->since_us > FLOOR_WINDOW_US) {
		w->before = w->now;
		w->now = value;
		w->since_us = now_us;
	}
	if (value < w->now) {
		w->now = value;
	}
	return w->now < w->before ? w->now : w->before;
}

/* How much later than the fastest packet of late this one came. */
static void learn_lateness(struct tc_jitter *j, int64_t ts, int64_t arrival_us)
{
	int64_t relative = arrival_us - ts * 1000 / TICKS_PER_MS;
	int64_t late_ms = (relative - floor_of(&j->floor, relative, arrival_us)) / 1000;
	/* Far beyond any jitter: their clock or ours stood still. Learn the new relation. */
	if (late_ms > 4 * (int64_t)BUCKET_MS * BUCKETS) {
		j->floor = (struct floor_window){relative, relative, arrival_us, true};
		return;
	}
	size_t i = (size_t)(late_ms / BUCKET_MS);
	for (size_t k = 0; k < BUCKETS; k++) {
		j->bucket[k] *= FADE;
	}
	j->bucket[i < BUCKETS ? i : BUCKETS - 1] += 1;
	j->bucket_sum = j->bucket_sum * FADE + 1;
}

static int target_ms(const struct tc_jitter *j)
{
	int frame_ms = j->ticks / TICKS_PER_MS;
	double sum = 0;
	int ms = 0;
	for (int i = 0; i < BUCKETS && j->bucket_sum > 0; i++) {
		sum += j->bucket[i];
		ms = (i + 1) * BUCKET_MS;
		if (sum >= PERCENTILE * j->bucket_sum) {
			break;
		}
	}
	ms = ms < frame_ms ? frame_ms : ms;
	return ms < j->config.max_target_ms ? ms : j->config.max_target_ms;
}

/* ---- in ---- */

static struct slot *slot_of(struct tc_jitter *j, int64_t seq)
{
	return &j->slots[(uint64_t)seq % TC_JITTER_SLOTS];
}

static void start(struct tc_jitter *j, int64_t seq)
{
	j->started = true;
	j->next = seq;
	j->highest = seq - 1;
}

/* True if a packet that seems late shows that the sender went back: then we start anew with it. */
static bool is_restart(struct tc_jitter *j, uint16_t seq, int64_t back)
{
	j->late_run = seq == j->late_next ? j->late_run + 1 : 1;
	j->late_next = (uint16_t)(seq + 1);
	return back >= RESTART_BACK && j->late_run >= RESTART_RUN;
}

static void store(struct tc_jitter *j, const struct tc_jitter_packet *packet, int64_t seq)
{
	struct slot *slot = slot_of(j, seq);
	memcpy(slot->data, packet->data, packet->len);
	slot->len = packet->len;
	slot->seq = seq;
	slot->ts = packet->ts;
	slot->ticks = packet->ticks > 0 ? packet->ticks : j->ticks;
	slot->level = packet->level;
	slot->marker = packet->marker;
	slot->arrival_us = packet->arrival_us;
	j->ticks = slot->ticks;
	j->held++;
	if (seq > j->highest) {
		j->highest = seq;
	}
}

/* A late packet teaches to wait longer; one from far back is no measure of anything. */
static void note_late(struct tc_jitter *j, const struct tc_jitter_packet *packet, int64_t back)
{
	j->stats.late++;
	if (back < TC_JITTER_SLOTS) {
		learn_lateness(j, tc_rtp_unwrap_ts(&j->stamps, packet->ts), packet->arrival_us);
	}
}

int tc_jitter_push(struct tc_jitter *j, const struct tc_jitter_packet *packet)
{
	if (packet->len > TC_JITTER_MAX_PACKET) {
		j->stats.refused++;
		return -EMSGSIZE;
	}
	int64_t seq = tc_rtp_unwrap_seq(&j->seqs, packet->seq);
	bool jump = j->started && seq - j->next >= TC_JITTER_SLOTS;
	if (j->started && seq < j->next) {
		jump = is_restart(j, packet->seq, j->next - seq);
		if (!jump) {
			note_late(j, packet, j->next - seq);
			return -ETIME;
		}
	}
	if (jump) {
		restart(j);
		j->stats.resyncs++;
		seq = tc_rtp_unwrap_seq(&j->seqs, packet->seq);
	}
	if (!j->started) {
		start(j, seq);
	}
	if (slot_of(j, seq)->seq == seq) {
		j->stats.duplicate++;
		return -EALREADY;
	}
	j->late_run = 0;
	learn_lateness(j, tc_rtp_unwrap_ts(&j->stamps, packet->ts), packet->arrival_us);
	store(j, packet, seq);
	j->stats.received++;
	return 0;
}

/* ---- out ---- */

static void free_slot(struct tc_jitter *j, struct slot *slot)
{
	slot->seq = -1;
	j->held--;
}

/* The earliest packet held; there is one. */
static const struct slot *first_held(const struct tc_jitter *j)
{
	for (int64_t seq = j->next; seq <= j->highest; seq++) {
		const struct slot *slot = &j->slots[(uint64_t)seq % TC_JITTER_SLOTS];
		if (slot->seq == seq) {
			return slot;
		}
	}
	return NULL;
}

/* RTP time given out so far, against a packet's: ticks between, negative where it overlaps. */
static int64_t ticks_until(const struct tc_jitter *j, uint32_t ts)
{
	return j->has_end ? tc_rtp_ts_diff(ts, (uint32_t)j->end) : 0;
}

static enum tc_jitter_what give_packet(struct tc_jitter *j, struct slot *slot,
				       struct tc_jitter_out *out)
{
	int64_t gap = ticks_until(j, slot->ts);
	/* Time that runs backwards, or by ten minutes: another stream under the same SSRC. */
	if (gap < -(int64_t)slot->ticks * TC_JITTER_SLOTS || gap > MAX_PAUSE_TICKS) {
		j->fresh = true;
		j->stats.resyncs++;
	}
	*out = (struct tc_jitter_out){
		.data = slot->data,
		.len = slot->len,
		.seq = (uint16_t)slot->seq,
		.ts = slot->ts,
		.ticks = slot->ticks,
		.level = slot->level,
		.gap = gap > 0 && !j->fresh ? gap : 0,
		.reset = j->fresh,
		.marker = slot->marker,
		.arrival_us = slot->arrival_us,
	};
	j->fresh = false;
	j->end = slot->ts + (uint32_t)slot->ticks;
	j->has_end = true;
	j->next = slot->seq + 1;
	free_slot(j, slot);
	return TC_JITTER_PACKET;
}

/* The packet due is given up. What stands in for it: the next one's FEC if that is here, else an
 * invention; nothing where the hole is long or the sender was silent in it. */
static enum tc_jitter_what give_up_one(struct tc_jitter *j, const struct slot *after,
				       struct tc_jitter_out *out)
{
	int64_t missing = after->seq - j->next;
	int64_t hole = ticks_until(j, after->ts);
	int64_t each = j->has_end ? hole / missing : 0;
	j->next++;
	j->stats.lost++;
	/* Lost packets each of a sane length; else DTX lies between, or it was long: a gap. */
	if (each < 120 || each > 120 * TICKS_PER_MS ||
	    hole > (int64_t)j->config.max_conceal_ms * TICKS_PER_MS) {
		return TC_JITTER_NOTHING;
	}
	int64_t before_next = (hole * 1000 / TICKS_PER_MS);
	*out = (struct tc_jitter_out){
		.seq = (uint16_t)(j->next - 1),
		.ts = (uint32_t)j->end,
		.ticks = (int)(missing == 1 ? hole : each),
		.level = -1,
		.arrival_us = after->arrival_us - before_next,
	};
	j->end = (uint32_t)j->end + (uint32_t)out->ticks;
	if (missing > 1) {
		j->stats.concealed_ticks += (uint64_t)out->ticks;
		return TC_JITTER_CONCEAL;
	}
	out->data = after->data;
	out->len = after->len;
	j->stats.fec++;
	return TC_JITTER_FEC;
}

enum tc_jitter_what tc_jitter_pop(struct tc_jitter *j, int64_t now_us, struct tc_jitter_out *out)
{
	while (j->held > 0) {
		struct slot *due = slot_of(j, j->next);
		if (due->seq == j->next) {
			return give_packet(j, due, out);
		}
		const struct slot *after = first_held(j);
		if (now_us < after->arrival_us + (int64_t)target_ms(j) * 1000) {
			return TC_JITTER_NOTHING;
		}
		enum tc_jitter_what what = give_up_one(j, after, out);
		if (what != TC_JITTER_NOTHING) {
			return what;
		}
	}
	return TC_JITTER_NOTHING;
}

int64_t tc_jitter_next_us(const struct tc_jitter *j)
{
	if (j->held == 0) {
		return -1;
	}
	const struct slot *after = first_held(j);
	return after->seq == j->next ? after->arrival_us
				     : after->arrival_us + (int64_t)target_ms(j) * 1000;
}

void tc_jitter_stats(const struct tc_jitter *j, struct tc_jitter_stats *out)
{
	*out = j->stats;
	out->target_ms = target_ms(j);
	int64_t ticks = 0;
	for (size_t i = 0; i < TC_JITTER_SLOTS; i++) {
		ticks += j->slots[i].seq >= 0 ? j->slots[i].ticks : 0;
	}
	out->waiting_ms = (int)(ticks / TICKS_PER_MS);
}
