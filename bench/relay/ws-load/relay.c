// SPDX-License-Identifier: Apache-2.0
/* Messages that other connections send, and the checks on them. */
#define _GNU_SOURCE
#include "load.h"

#include <stdio.h>
#include <string.h>

static char *put_digits(char *p, uint64_t v, int width)
{
	for (int i = width - 1; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + width;
}

static uint64_t get_digits(const uint8_t *p, int width)
{
	uint64_t v = 0;
	for (int i = 0; i < width; i++)
		v = v * 10 + (uint64_t)(p[i] - '0');
	return v;
}

void send_message(struct conn *c, uint32_t slot, uint64_t when)
{
	struct conn *to = &conns[c->idx / opt.peers * opt.peers + slot];
	if (c->state != JOINED || to->state != JOINED)
		return;
	offer_debt += opt.offer_pct / 100;
	struct message *m = &candidate_msg;
	if (offer_debt >= 1) {
		offer_debt -= 1;
		m = &offer_msg;
	}
	char id[128], mark[MARK_LEN + 1];
	user_name(to->idx, id, sizeof id);
	memcpy(mark, "wslT", 4);
	char *p = put_digits(mark + 4, when, 19);
	*p++ = 'F';
	p = put_digits(p, c->idx, 5);
	*p++ = 'D';
	p = put_digits(p, to->idx, 5);
	*p++ = 'Q';
	put_digits(p, c->tx_seq[slot]++ % 100000000u, 8);

	out_reserve(c, m->frame_len);
	uint8_t *f = c->out + c->out_len;
	memcpy(f, m->frame, m->frame_len);
	patch(m, f, m->id_at, id, id_len);
	patch(m, f, m->mark_at, mark, MARK_LEN);
	c->out_len += m->frame_len;
	total.sent++;
	mark_dirty(c);
}

static void on_relayed(struct conn *c, const uint8_t *msg, uint32_t len, const uint8_t *mark)
{
	uint64_t now = now_ns(), sent = get_digits(mark + 4, 19);
	uint32_t from = (uint32_t)get_digits(mark + 24, 5), to = (uint32_t)get_digits(mark + 30, 5);
	uint32_t seq = (uint32_t)get_digits(mark + 36, 8), slot = from % opt.peers;

	total.received++;
	total.bytes_received += len;
	if (to != c->idx || from >= conn_count || from / opt.peers != c->idx / opt.peers) {
		total.bad_target++;
		return;
	}
	if (seq != c->rx_seq[slot]++ % 100000000u) {
		total.bad_order++;
		c->rx_seq[slot] = seq + 1;
	}
	if (opt.check_from) {
		char want[160];
		int n = snprintf(want, sizeof want, "\"fromId\":\"%s%07u\"", opt.user_prefix, from);
		if (memmem(msg, len, want, (size_t)n) == NULL)
			total.bad_from++;
	}
	if (measuring) {
		uint64_t lat = now > sent ? now - sent : 0;
		hist_add(&h_all, lat);
		hist_add(len > opt.candidate_bytes + 200 ? &h_offer : &h_candidate, lat);
	}
	if (sending && opt.rate == 0)
		send_message(&conns[from], c->idx % opt.peers, now);
}

void on_text(struct conn *c, const uint8_t *msg, uint32_t len)
{
	const uint8_t *mark = memmem(msg, len, "wslT", 4);
	if (mark && mark + MARK_LEN <= msg + len) {
		on_relayed(c, msg, len, mark);
		return;
	}
	if (memmem(msg, len, "\"peer-discovery\"", 16)) {
		if (c->state == JOINING) {
			c->state = JOINED;
			joined++;
			hist_add(&h_join, now_ns() - c->t_join);
		}
	} else if (memmem(msg, len, "\"user-joined\"", 13)) {
		total.user_joined++;
	} else if (memmem(msg, len, "\"user-left\"", 11)) {
		total.user_left++;
	} else if (memmem(msg, len, "\"error\"", 7)) {
		total.errors++;
		if (!first_error[0])
			snprintf(first_error, sizeof first_error, "%.*s",
				 (int)(len > 500 ? 500 : len), msg);
	} else {
		total.other++;
	}
}
