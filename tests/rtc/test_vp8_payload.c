// SPDX-License-Identifier: Apache-2.0
#include "rtc/vp8_payload.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "mock/oom.h"
#include "rtc/vp8_frames.h"

#define MS         1000
#define MAX_PIECES 600

struct piece {
	uint16_t seq;
	uint32_t ts;
	bool marker;
	uint8_t data[1200];
	size_t len;
};

static uint16_t next_seq;
static struct piece pieces[MAX_PIECES];
static size_t piece_count;
static uint8_t frame[60000];

/* A frame that says its number, cut into pieces appended to the list. */
static size_t send(unsigned number, bool key, size_t len, size_t max)
{
	struct tc_vp8_packetizer pack;
	bool last = false;
	memset(frame, (int)(number & 0xff), len);
	frame[0] = key ? 0 : 1;
	size_t before = piece_count;
	tc_vp8_packetizer_init(&pack, frame, len, (uint16_t)number, max);
	for (;;) {
		struct piece *p = &pieces[piece_count];
		int n = tc_vp8_packetizer_next(&pack, p->data, sizeof(p->data), &last);
		if (n == 0) {
			break;
		}
		assert_true(n > TC_VP8_DESCRIPTOR_LEN && (size_t)n <= max);
		p->len = (size_t)n;
		p->seq = next_seq++;
		p->ts = number * 3000;
		p->marker = last;
		piece_count++;
	}
	assert_true(last);
	return piece_count - before;
}

static int start(void **state)
{
	piece_count = 0;
	next_seq = 65500;
	return tc_vp8_frames_create((struct tc_vp8_frames **)state);
}

static int stop(void **state)
{
	tc_vp8_frames_destroy(*state);
	return 0;
}

static int push(struct tc_vp8_frames *fr, size_t i, int64_t now)
{
	const struct piece *p = &pieces[i];
	return tc_vp8_frames_push(fr, p->seq, p->ts, p->marker, p->data, p->len, now);
}

/* The next frame is this one; -1: there is none. */
static void expect(struct tc_vp8_frames *fr, int number, size_t len, int64_t now)
{
	struct tc_vp8_whole whole;
	bool got = tc_vp8_frames_pop(fr, now, &whole);
	assert_int_equal(got, number >= 0);
	if (got) {
		assert_int_equal(whole.ts, (uint32_t)number * 3000);
		assert_int_equal(whole.len, len);
		for (size_t i = 1; i < len; i++) {
			assert_int_equal(whole.data[i], number & 0xff);
		}
	}
}

static void a_frame_is_cut_evenly_and_says_where_it_begins(void **state)
{
	static const size_t lengths[] = {1, 10, 1196, 1197, 2393, 50000};
	for (size_t k = 0; k < 6; k++) {
		piece_count = 0;
		size_t count = send(300, true, lengths[k], 1200);
		assert_int_equal(count, (lengths[k] + 1195) / 1196);
		for (size_t i = 0; i < count; i++) {
			struct tc_vp8_payload p;
			assert_int_equal(tc_vp8_payload_parse(&p, pieces[i].data, pieces[i].len),
					 0);
			assert_int_equal(p.start, i == 0);
			assert_int_equal(p.key, i == 0);
			assert_int_equal(p.picture_id, 300);
			assert_true(p.picture_id_15);
			assert_int_equal(pieces[i].marker, i + 1 == count);
			assert_true(p.len + 1 + count >= pieces[0].len - TC_VP8_DESCRIPTOR_LEN);
		}
	}
	struct tc_vp8_packetizer pack;
	uint8_t small[8];
	bool last;
	tc_vp8_packetizer_init(&pack, frame, 100, 0, 1200);
	assert_int_equal(tc_vp8_packetizer_next(&pack, small, sizeof(small), &last), -ENOSPC);
}

static void every_descriptor_field_is_read(void **state)
{
	static const uint8_t all[] = {0xb3, 0xf0, 0x92, 0x34, 0x56, 0xbf, 0x01, 0, 0};
	struct tc_vp8_payload p;
	assert_int_equal(tc_vp8_payload_parse(&p, all, sizeof(all)), 0);
	assert_true(p.non_reference && p.start);
	assert_int_equal(p.partition, 3);
	assert_int_equal(p.picture_id, 0x1234);
	assert_int_equal(p.tl0_pic_idx, 0x56);
	assert_int_equal(p.temporal_id, 2);
	assert_true(p.layer_sync);
	assert_int_equal(p.key_index, 31);
	assert_int_equal(p.len, 3);
	for (size_t n = 0; n <= 6; n++) {
		assert_int_equal(tc_vp8_payload_parse(&p, all, n), -TC_EPARSE);
	}
	static const uint8_t key[] = {0x90, 0x80, 0x05, 0x10, 0,    0,   0x9d,
				      0x01, 0x2a, 0xe0, 0x01, 0xe0, 0x41};
	assert_int_equal(tc_vp8_payload_parse(&p, key, sizeof(key)), 0);
	assert_true(p.key);
	assert_int_equal(p.picture_id, 5);
	assert_int_equal(p.width, 480);
	assert_int_equal(p.height, 480);
}

static void frames_come_out_whole_though_packets_came_backwards(void **state)
{
	struct tc_vp8_frames *fr = *state;
	size_t n = send(1, true, 5000, 1000);
	push(fr, 0, 0); /* where the stream begins must be known */
	for (size_t i = n; i-- > 1;) {
		expect(fr, -1, 0, 0);
		assert_int_equal(push(fr, i, 0), 0);
	}
	expect(fr, 1, 5000, 0);
	expect(fr, -1, 0, 0);
	assert_false(tc_vp8_frames_wants_key(fr));
	assert_int_equal(push(fr, 2, 0), -ETIME);
}

static void before_a_key_frame_nothing_is_shown(void **state)
{
	struct tc_vp8_frames *fr = *state;
	size_t n = send(1, false, 3000, 1000);
	n += send(2, false, 3000, 1000);
	assert_true(tc_vp8_frames_wants_key(fr));
	for (size_t i = 1; i < n; i++) {
		push(fr, i, 0);
	}
	expect(fr, -1, 0, 0);
	size_t m = send(3, true, 3000, 1000);
	for (size_t i = n; i < n + m; i++) {
		push(fr, i, 10 * MS);
	}
	expect(fr, 3, 3000, 10 * MS);
	assert_false(tc_vp8_frames_wants_key(fr));
}

static void a_hole_is_asked_for_waited_for_and_filled(void **state)
{
	struct tc_vp8_frames *fr = *state;
	uint16_t seqs[16];
	size_t a = send(1, true, 3000, 1000), b = send(2, false, 3000, 1000);
	for (size_t i = 0; i < a + b; i++) {
		if (i != 1 && i != a + 1) {
			push(fr, i, 0);
		}
	}
	expect(fr, -1, 0, 0);
	assert_int_equal(tc_vp8_frames_missing(fr, 0, 50 * MS, seqs, 16), 2);
	assert_int_equal(seqs[0], pieces[1].seq);
	assert_int_equal(seqs[1], pieces[a + 1].seq);
	assert_int_equal(tc_vp8_frames_missing(fr, 49 * MS, 50 * MS, seqs, 16), 0);
	assert_int_equal(tc_vp8_frames_missing(fr, 50 * MS, 50 * MS, seqs, 1), 1);
	push(fr, 1, 60 * MS);
	assert_int_equal(push(fr, 1, 60 * MS), -EALREADY);
	expect(fr, 1, 3000, 60 * MS);
	expect(fr, -1, 0, 60 * MS);
	push(fr, a + 1, 70 * MS);
	expect(fr, 2, 3000, 70 * MS);
}

static void a_hole_that_stays_costs_the_frames_up_to_the_next_key(void **state)
{
	struct tc_vp8_frames *fr = *state;
	size_t n = send(1, true, 3000, 1000);
	for (size_t i = 0; i < n; i++) {
		push(fr, i, 0);
	}
	expect(fr, 1, 3000, 0);
	size_t lost = n;
	n += send(2, false, 3000, 1000);
	n += send(3, false, 3000, 1000);
	for (size_t i = lost + 1; i < n; i++) {
		push(fr, i, 30 * MS);
	}
	expect(fr, -1, 0, 329 * MS);
	assert_false(tc_vp8_frames_wants_key(fr));
	expect(fr, -1, 0, 331 * MS);
	assert_true(tc_vp8_frames_wants_key(fr));
	size_t m = send(4, true, 500, 1000);
	assert_int_equal(m, 1);
	push(fr, n, 340 * MS);
	expect(fr, 4, 500, 340 * MS);
}

static void a_frame_the_sender_left_out_asks_for_a_key(void **state)
{
	struct tc_vp8_frames *fr = *state;
	send(0x7fff, true, 500, 1000);
	send(0x8000, false, 500, 1000); /* the picture id wraps to 0 */
	send(0x8002, false, 500, 1000); /* sequence numbers have no gap, picture ids do */
	for (size_t i = 0; i < 3; i++) {
		push(fr, i, 0);
	}
	expect(fr, 0x7fff, 500, 0);
	expect(fr, 0x8000, 500, 0);
	expect(fr, -1, 0, 0);
	assert_true(tc_vp8_frames_wants_key(fr));
}

static void padding_fills_its_number(void **state)
{
	struct tc_vp8_frames *fr = *state;
	send(1, true, 500, 1000);
	uint16_t pad = next_seq++;
	send(2, false, 500, 1000);
	push(fr, 0, 0);
	assert_int_equal(tc_vp8_frames_push(fr, pad, 3000, false, NULL, 0, 0), 0);
	push(fr, 1, 0);
	expect(fr, 1, 500, 0);
	expect(fr, 2, 500, 0);
}

static void a_jump_in_numbers_starts_anew(void **state)
{
	struct tc_vp8_frames *fr = *state;
	send(1, true, 500, 1000);
	push(fr, 0, 0);
	expect(fr, 1, 500, 0);
	next_seq = (uint16_t)(next_seq + 5000);
	send(2, true, 500, 1000);
	push(fr, 1, 0);
	expect(fr, 2, 500, 0);
	uint8_t big[1501] = {0x10};
	assert_int_equal(tc_vp8_frames_push(fr, 1, 1, true, big, sizeof(big), 0), -EMSGSIZE);
	assert_int_equal(tc_vp8_frames_push(fr, 1, 1, true, big, 1, 0), -TC_EPARSE);
}

/* 5 % lost and resent 40 ms later, neighbours swapped: every frame comes, in order. */
static void with_loss_and_resends_every_frame_comes(void **state)
{
	struct tc_vp8_frames *fr = *state;
	unsigned first = 1, expected = 1;
	int64_t due[MAX_PIECES], now = 0;
	srand(3);
	for (unsigned f = 0; f < 100; f++) {
		size_t at = piece_count, n = send(first + f, f == 0, 3500, 1000);
		for (size_t i = at; i < at + n; i++) {
			int dice = i == 0 ? 99 : rand() % 100;
			due[i] = f * 33LL + (dice < 5 ? 60 : dice < 15 ? 3 : 0);
		}
	}
	for (; now < 100 * 33 + 200; now++) {
		for (size_t i = 0; i < piece_count; i++) {
			if (due[i] == now) {
				assert_int_equal(push(fr, i, now * MS), 0);
			}
		}
		struct tc_vp8_whole whole;
		while (tc_vp8_frames_pop(fr, now * MS, &whole)) {
			assert_int_equal(whole.ts, expected++ * 3000);
			assert_int_equal(whole.len, 3500);
		}
	}
	assert_int_equal(expected, 101);
}

static void without_memory_there_is_nothing(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct tc_vp8_frames *fr = NULL;
		int err = tc_vp8_frames_create(&fr);
		assert_true(err == 0 || (err == -ENOMEM && !fr));
		tc_vp8_frames_destroy(fr);
	}
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		CASE(a_frame_is_cut_evenly_and_says_where_it_begins),
		CASE(every_descriptor_field_is_read),
		CASE(frames_come_out_whole_though_packets_came_backwards),
		CASE(before_a_key_frame_nothing_is_shown),
		CASE(a_hole_is_asked_for_waited_for_and_filled),
		CASE(a_hole_that_stays_costs_the_frames_up_to_the_next_key),
		CASE(a_frame_the_sender_left_out_asks_for_a_key),
		CASE(padding_fills_its_number),
		CASE(a_jump_in_numbers_starts_anew),
		CASE(with_loss_and_resends_every_frame_comes),
		CASE(without_memory_there_is_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
