// SPDX-License-Identifier: Apache-2.0
#include "rtc/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "mock/oom.h"
#include "rig.h"
#include "rtc/peer/peer_priv.h"

#define DEADLINE_MS 60000 /* generous; nothing waits this long when all is well */

static const struct tc_mock_net_config perfect = {0};

static void start(struct rig *rig, const struct tc_mock_net_config *net)
{
	rig_init(rig, &(struct rig_options){.net = net});
	rig_negotiate(rig, false);
	assert_true(rig_wait(rig, rig_connected, DEADLINE_MS));
}

static void forget_media(struct rig *rig)
{
	rig->a.loud_sounds = rig->b.loud_sounds = rig->a.pictures = 0;
}

static bool media_flows(struct rig *rig)
{
	return rig->a.loud_sounds >= 15 && rig->b.loud_sounds >= 15 && rig->a.pictures >= 10;
}

static bool much_was_repaired(struct rig *rig)
{
	struct tc_peer_stats stats;
	tc_peer_stats(rig->b.peer, &stats);
	return rig->a.loud_sounds >= 50 && rig->b.loud_sounds >= 50 && rig->a.pictures >= 30 &&
	       rig->a.concealed > 0 && stats.retransmitted > 2;
}

static void sound_and_picture_arrive_both_ways(void **state)
{
	struct rig rig;
	start(&rig, &perfect);
	assert_true(rig_wait(&rig, media_flows, DEADLINE_MS));
	assert_int_equal(rig.a.broken, 0);
	assert_in_range(rig.a.keys, 1, 2); /* a slow machine may ask once more */
	assert_int_equal(rig.a.concealed + rig.b.concealed, 0);
	struct tc_peer_stats stats;
	tc_peer_stats(rig.b.peer, &stats);
	assert_int_equal(stats.state, TC_PEER_CONNECTED);
	assert_true(stats.audio_packets_received >= 15);
	assert_int_equal(stats.srtp_rejected, 0);
	assert_true(stats.connect_ms >= 0);
	rig_finish(&rig);
}

static bool both_know_the_round_trip(struct rig *rig)
{
	struct tc_peer_stats a, b;
	tc_peer_stats(rig->a.peer, &a);
	tc_peer_stats(rig->b.peer, &b);
	return a.rtt_ms >= 0 && b.rtt_ms >= 0;
}

/* It takes a report of each and one more: none of them may be the last. */
static void reports_go_on_both_ways(void **state)
{
	struct rig rig;
	start(&rig, &perfect);
	assert_true(rig_wait(&rig, both_know_the_round_trip, DEADLINE_MS));
	rig_finish(&rig);
}

static void loss_and_reordering_are_repaired(void **state)
{
	struct rig rig;
	const struct tc_mock_net_config bad = {
		.loss_percent = 5, .reorder_percent = 5, .delay_ms = 15, .seed = 7};
	start(&rig, &bad);
	assert_true(rig_wait(&rig, much_was_repaired, DEADLINE_MS));
	struct tc_peer_stats stats;
	tc_peer_stats(rig.b.peer, &stats);
	assert_true(stats.nacks >= stats.retransmitted);
	assert_int_equal(rig.a.broken, 0);
	/* A lost frame that came too late may cost a key frame; each costing one is no repair. */
	assert_true(rig.a.keys <= 1 + rig.a.pictures / 10);
	rig_finish(&rig);
}

static bool key_came(struct rig *rig)
{
	return rig->a.keys >= 2;
}

static void a_picture_loss_indication_makes_a_key_frame(void **state)
{
	struct rig rig;
	start(&rig, &perfect);
	assert_true(rig_wait(&rig, media_flows, DEADLINE_MS));
	int asked = rig.b.key_requests;
	for (int i = 0; i < 5; i++) {
		tc_peer_request_keyframe(rig.a.peer);
	}
	assert_true(rig_wait(&rig, key_came, DEADLINE_MS));
	assert_int_equal(rig.b.key_requests, asked + 1);
	rig_finish(&rig);
}

static bool other_end_noticed(struct rig *rig)
{
	return tc_peer_state(rig->b.peer) == TC_PEER_FAILED;
}

static void closing_is_noticed_and_does_not_disturb_another(void **state)
{
	struct rig one, two;
	start(&one, &perfect);
	rig_init(&two, &(struct rig_options){.beside = &one, .net = &perfect});
	rig_negotiate(&two, false);
	assert_true(rig_wait(&two, rig_connected, DEADLINE_MS));
	rig_close(&two.a);
	assert_true(rig_wait(&two, other_end_noticed, DEADLINE_MS));
	assert_string_equal(two.b.why, "closed by the other side");
	forget_media(&one);
	rig_close(&two.b);
	assert_true(rig_wait(&one, media_flows, DEADLINE_MS));
	assert_int_equal(one.a.state_count, 2);
	assert_int_equal(one.b.state_count, 2);
	rig_finish(&two);
	rig_finish(&one);
}

static void an_ice_restart_keeps_media_and_keys(void **state)
{
	struct rig rig;
	start(&rig, &perfect);
	rig_negotiate(&rig, true);
	forget_media(&rig);
	assert_true(rig_wait(&rig, media_flows, DEADLINE_MS));
	struct tc_mock_net_stats net;
	tc_mock_net_stats(rig.net, &net);
	assert_int_equal(net.restarts[0], 1);
	assert_int_equal(net.restarts[1], 1);
	assert_int_equal(rig.b.state_count, 2); /* CONNECTING, CONNECTED, and nothing since */
	rig_finish(&rig);
}

static void a_renegotiation_keeps_media_and_path(void **state)
{
	struct rig rig;
	start(&rig, &perfect);
	rig_negotiate(&rig, false);
	forget_media(&rig);
	assert_true(rig_wait(&rig, media_flows, DEADLINE_MS));
	struct tc_mock_net_stats net;
	tc_mock_net_stats(rig.net, &net);
	assert_int_equal(net.restarts[1], 0);
	assert_int_equal(rig.b.state_count, 2);
	rig_finish(&rig);
}

/* Replaces every `from` in text by `to` of the same length. */
static void replace_all(char *text, const char *from, const char *to)
{
	for (char *at = text; (at = strstr(at, from)); at += strlen(to)) {
		memcpy(at, to, strlen(to));
	}
}

static bool b_failed(struct rig *rig)
{
	return tc_peer_state(rig->b.peer) == TC_PEER_FAILED;
}

static void a_wrong_fingerprint_fails_without_media(void **state)
{
	struct rig rig;
	rig_init(&rig, &(struct rig_options){.net = &perfect});
	char *offer, *answer;
	assert_int_equal(tc_peer_offer(rig.a.peer, false, &offer), 0);
	char *at = strstr(offer, "a=fingerprint:sha-256 ") + strlen("a=fingerprint:sha-256 ");
	char good[7];
	snprintf(good, sizeof(good), "%.6s", at);
	const char *bad = strncmp(good, "00:00:", 6) ? "00:00:" : "11:11:";
	replace_all(offer, good, bad);
	assert_int_equal(tc_peer_answer(rig.b.peer, offer, &answer), 0);
	assert_int_equal(tc_peer_accept(rig.a.peer, answer), 0);
	assert_true(rig_wait(&rig, b_failed, DEADLINE_MS));
	assert_string_equal(rig.b.why, "certificate is not the one in the description");
	const struct tc_audio_out audio = {.data = (const uint8_t *)"x", .len = 1};
	assert_int_equal(tc_peer_send_audio(rig.b.peer, &audio), -ENOTCONN);
	assert_int_equal(rig.b.sounds + rig.a.sounds + rig.a.pictures, 0);
	struct tc_peer_stats stats;
	tc_peer_stats(rig.b.peer, &stats);
	assert_int_equal(stats.audio_packets_sent, 0);
	free(offer);
	free(answer);
	rig_finish(&rig);
}

static void garbage_on_the_wire_changes_nothing(void **state)
{
	struct rig rig;
	start(&rig, &perfect);
	uint32_t random = 1;
	for (int i = 0; i < 600; i++) {
		uint8_t data[300];
		for (size_t k = 0; k < sizeof(data); k++) {
			random = random * 1664525u + 1013904223u;
			data[k] = (uint8_t)(random >> 24);
		}
		/* As STUN, DTLS, RTP, RTCP and nothing known, of many lengths. */
		static const uint8_t first[] = {0x00, 0x16, 0x80, 0x81, 0xf0, 0x14};
		data[0] = first[i % 6];
		data[1] = i % 6 == 3 ? (uint8_t)(200 + i % 8) : data[1];
		tc_mock_net_inject(rig.net, i & 1, data, (size_t)(i % 299) + 1);
	}
	forget_media(&rig);
	assert_true(rig_wait(&rig, media_flows, DEADLINE_MS));
	struct tc_peer_stats stats;
	tc_peer_stats(rig.b.peer, &stats);
	assert_true(stats.srtp_rejected > 50);
	assert_int_equal(rig.a.broken, 0);
	assert_int_equal(rig.a.state_count, 2);
	assert_int_equal(rig.b.state_count, 2);
	rig_finish(&rig);
}

static void a_bad_offer_leaves_the_connection_as_it_was(void **state)
{
	struct rig rig;
	start(&rig, &perfect);
	char *answer = NULL;
	assert_int_equal(tc_peer_answer(rig.b.peer, "nonsense", &answer), -TC_EPARSE);
	assert_int_equal(tc_peer_answer(rig.b.peer, "", &answer), -TC_EPARSE);
	const char *nothing = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
	assert_true(tc_peer_answer(rig.b.peer, nothing, &answer) < 0);
	assert_null(answer);
	forget_media(&rig);
	assert_true(rig_wait(&rig, media_flows, DEADLINE_MS));
	assert_int_equal(rig.b.state_count, 2);
	rig_finish(&rig);
}

static void the_answerer_may_be_the_dtls_server(void **state)
{
	struct rig rig;
	rig_init(&rig, &(struct rig_options){.net = &perfect});
	char *offer, *answer;
	assert_int_equal(tc_peer_offer(rig.a.peer, false, &offer), 0);
	for (char *at = offer; (at = strstr(at, ":actpass")); at++) {
		memmove(at + strlen(":active"), at + strlen(":actpass"),
			strlen(at + strlen(":actpass")) + 1);
		memcpy(at, ":active", strlen(":active"));
	}
	assert_int_equal(tc_peer_answer(rig.b.peer, offer, &answer), 0);
	assert_non_null(strstr(answer, "a=setup:passive"));
	assert_int_equal(tc_peer_accept(rig.a.peer, answer), 0);
	assert_true(rig_wait(&rig, media_flows, DEADLINE_MS));
	free(offer);
	free(answer);
	rig_finish(&rig);
}

static bool page_has_media(struct rig *page)
{
	return page->a.loud_sounds >= 10 && page->a.pictures >= 5 && page->a.broken == 0;
}

/* A reloaded page is another browser to us: other certificate, other SSRCs, same signaling. */
static void a_page_that_reloads_is_answered_anew(void **state)
{
	struct rig rig, page;
	start(&rig, &perfect);
	assert_true(rig_wait(&rig, media_flows, DEADLINE_MS));
	rig_init(&page, &(struct rig_options){.loop = rig.loop, .net = &perfect});
	struct tc_peer *reloaded;
	const struct tc_peer_config config = {.rtc = page.rtc,
					      .offerer = true,
					      .no_video = true,
					      .receive_video = true,
					      .link = &tc_mock_link,
					      .link_factory = rig.net};
	assert_int_equal(tc_peer_create(&reloaded, &config, &rig_events, &page.a), 0);
	tc_peer_close(page.a.peer, NULL, NULL);
	page.a.peer = reloaded;
	rig_close(&rig.a);
	char *offer, *answer;
	assert_int_equal(tc_peer_offer(reloaded, false, &offer), 0);
	assert_int_equal(tc_peer_answer(rig.b.peer, offer, &answer), 0);
	assert_int_equal(tc_peer_accept(reloaded, answer), 0);
	forget_media(&rig);
	assert_true(rig_wait(&page, page_has_media, DEADLINE_MS));
	assert_int_equal(tc_peer_state(rig.b.peer), TC_PEER_CONNECTED);
	free(offer);
	free(answer);
	rig_finish(&page);
	rig_finish(&rig);
}

static void candidates_before_the_offer_are_kept(void **state)
{
	struct rig rig;
	rig_init(&rig, &(struct rig_options){.net = &perfect});
	const char *line = "candidate:1 1 udp 2130706431 192.0.2.9 9 typ host";
	assert_int_equal(tc_peer_add_candidate(rig.b.peer, line), 0);
	assert_int_equal(tc_peer_add_candidate(rig.b.peer, ""), 0);
	assert_int_equal(tc_peer_add_candidate(rig.b.peer, NULL), 0);
	struct tc_mock_net_stats net;
	tc_mock_net_stats(rig.net, &net);
	assert_int_equal(net.candidates[1], 0);
	rig_negotiate(&rig, false);
	tc_mock_net_stats(rig.net, &net);
	assert_int_equal(net.candidates[1], 2); /* with the one in the offer */
	rig_finish(&rig);
}

static bool both_gone(struct rig *rig)
{
	return rig->b.closed && tc_peer_state(rig->a.peer) == TC_PEER_FAILED;
}

static void a_peer_may_be_closed_from_its_own_event(void **state)
{
	struct rig rig;
	rig_init(&rig, &(struct rig_options){.net = &perfect});
	rig.b.close_when_connected = true;
	rig_negotiate(&rig, false);
	assert_true(rig_wait(&rig, both_gone, DEADLINE_MS));
	assert_int_equal(rig.b.state_count, 2); /* no event after close */
	rig_finish(&rig);
}

static void states_follow_what_is_heard(void **state)
{
	struct rig rig;
	struct tc_fake_clock clock;
	tc_fake_clock_init(&clock, 1000000000);
	rig_init(&rig, &(struct rig_options){.net = &perfect, .clock = &clock.clock});
	rig.silent = true;
	rig_negotiate(&rig, false);
	assert_true(rig_wait(&rig, rig_connected, DEADLINE_MS));
	tc_mock_net_set_loss(rig.net, 100);
	struct tc_peer *b = rig.b.peer;
	const struct tc_audio_out audio = {.data = (const uint8_t *)"\xf8\xff\xfe", .len = 3};
	tc_fake_clock_advance_ms(&clock, 5100);
	tc_peer_check_liveness(b);
	assert_int_equal(tc_peer_state(b), TC_PEER_STALLED);
	assert_int_equal(tc_peer_send_audio(b, &audio), 0);
	tc_fake_clock_advance_ms(&clock, 10000);
	tc_peer_check_liveness(b);
	assert_string_equal(rig.b.why, "nothing heard for 15 s");
	assert_int_equal(tc_peer_state(b), TC_PEER_STALLED);
	tc_fake_clock_advance_ms(&clock, 15000);
	tc_peer_check_liveness(b);
	assert_int_equal(tc_peer_state(b), TC_PEER_SILENT);
	assert_int_equal(tc_peer_send_audio(b, &audio), -ENOTCONN);
	tc_mock_net_set_loss(rig.net, 0);
	rig.silent = false;
	assert_true(rig_wait(&rig, rig_connected, DEADLINE_MS));
	assert_string_equal(rig.b.why, "heard again");
	rig_finish(&rig);
}

static void a_new_offer_revives_a_silent_peer(void **state)
{
	struct rig rig;
	struct tc_fake_clock clock;
	tc_fake_clock_init(&clock, 1000000000);
	rig_init(&rig, &(struct rig_options){.net = &perfect, .clock = &clock.clock});
	rig.silent = true;
	rig_negotiate(&rig, false);
	assert_true(rig_wait(&rig, rig_connected, DEADLINE_MS));
	tc_fake_clock_advance_ms(&clock, 5100);
	tc_peer_check_liveness(rig.b.peer);
	tc_fake_clock_advance_ms(&clock, 30000);
	tc_peer_check_liveness(rig.b.peer);
	assert_int_equal(tc_peer_state(rig.b.peer), TC_PEER_SILENT);
	rig_negotiate(&rig, true);
	assert_int_equal(tc_peer_state(rig.b.peer), TC_PEER_CONNECTED);
	rig_finish(&rig);
}

static bool loss_told(struct rig *rig)
{
	return rig->b.last_loss > 0;
}

static void loss_of_our_sound_is_told_for_forward_error_correction(void **state)
{
	struct rig rig;
	start(&rig, &perfect);
	tc_mock_net_set_loss(rig.net, 20);
	assert_true(rig_wait(&rig, loss_told, DEADLINE_MS));
	rig_finish(&rig);
}

static void feed_remb(struct tc_peer *peer, uint64_t bps)
{
	uint8_t memory[128];
	struct tc_buf buf;
	tc_buf_init_fixed(&buf, memory, sizeof(memory));
	const uint32_t ssrc = 1;
	tc_rtcp_write_rr(&buf, 2, NULL, 0);
	tc_rtcp_write_remb(&buf, 2, bps, &ssrc, 1);
	assert_int_equal(buf.err, 0);
	tc_peer_on_rtcp(peer, memory, buf.len);
}

/* Chromium said 79 kbit/s on a free path because that was what it had got. */
static void an_estimate_limits_only_what_we_steadily_send(void **state)
{
	struct rig rig;
	start(&rig, &perfect);
	rig.silent = true;
	struct tc_peer *b = rig.b.peer;
	int free_path = rig.b.last_estimate = 400000;
	b->sent_bps = b->sent_bps_before = 40000;
	feed_remb(b, 79000);
	assert_true(rig.b.last_estimate >= free_path);
	b->sent_bps_before = 300000; /* a key frame passed */
	feed_remb(b, 79000);
	assert_true(rig.b.last_estimate >= free_path);
	b->sent_bps = 300000;
	feed_remb(b, 130000);
	assert_in_range(rig.b.last_estimate, 100000, 130000);
	rig_finish(&rig);
}

static void a_thin_path_stops_the_picture_and_never_the_sound(void **state)
{
	struct rig rig;
	struct tc_fake_clock clock;
	tc_fake_clock_init(&clock, 1000000000);
	rig_init(&rig, &(struct rig_options){.net = &perfect, .clock = &clock.clock});
	rig.silent = true;
	rig_negotiate(&rig, false);
	assert_true(rig_wait(&rig, rig_connected, DEADLINE_MS));
	struct tc_peer *b = rig.b.peer;
	const struct tc_audio_out audio = {.data = (const uint8_t *)"\xf8\xff\xfe", .len = 3};
	const struct tc_video_out video = {
		.data = (const uint8_t *)"\x10xx", .len = 3, .key = true};
	for (int i = 0; i < 4; i++) { /* a dip is not enough, three seconds are */
		assert_int_equal(tc_peer_send_video(b, &video), 0);
		b->sent_bps = b->sent_bps_before = 300000;
		feed_remb(b, 40000);
		tc_fake_clock_advance_ms(&clock, 700);
	}
	assert_int_equal(tc_peer_send_video(b, &video), -ENOTCONN);
	assert_int_equal(tc_peer_send_audio(b, &audio), 0);
	int asked = rig.b.key_requests;
	for (int i = 0; i < 30 && tc_peer_send_video(b, &video); i++) {
		b->sent_bps = b->sent_bps_before = 35000;
		feed_remb(b, 50000);
		tc_fake_clock_advance_ms(&clock, 700);
	}
	assert_int_equal(tc_peer_send_video(b, &video), 0);
	assert_int_equal(rig.b.key_requests, asked + 1);
	rig_finish(&rig);
}

static const struct tc_video_out key_frame = {
	.data = (const uint8_t *)"\x10xx", .len = 3, .key = true};

/* `ms` during which the browser says that the path takes 40 kbit/s. */
static void be_told_of_little(struct rig *rig, struct tc_fake_clock *clock, int ms)
{
	struct tc_peer *b = rig->b.peer;
	for (int t = 0; t < ms; t += 500) {
		b->sent_bps = b->sent_bps_before = 300000;
		feed_remb(b, 40000);
		tc_fake_clock_advance_ms(clock, 500);
	}
}

static void a_path_without_loss_and_delay_is_not_thin(void **state)
{
	struct rig rig;
	struct tc_fake_clock clock;
	tc_fake_clock_init(&clock, 1000000000);
	rig_init(&rig, &(struct rig_options){.net = &perfect, .clock = &clock.clock});
	rig.silent = true;
	rig_negotiate(&rig, false);
	assert_true(rig_wait(&rig, rig_connected, DEADLINE_MS));
	struct tc_peer *b = rig.b.peer;
	b->rtt_best_ms = 2;
	atomic_store(&b->count.rtt_ms, 90); /* a busy machine */
	be_told_of_little(&rig, &clock, 5000);
	assert_int_equal(tc_peer_send_video(b, &key_frame), 0);
	atomic_store(&b->count.rtt_ms, 900); /* its queue is full */
	be_told_of_little(&rig, &clock, 4000);
	assert_int_equal(tc_peer_send_video(b, &key_frame), -ENOTCONN);
	be_told_of_little(&rig, &clock, 4000);
	assert_int_equal(tc_peer_send_video(b, &key_frame), -ENOTCONN);
	atomic_store(&b->count.rtt_ms, 20); /* and empty: whatever the browser says */
	be_told_of_little(&rig, &clock, 500);
	assert_int_equal(tc_peer_send_video(b, &key_frame), 0);
	atomic_store(&b->count.rtt_ms, 900); /* so it was too thin: next time a longer rest */
	be_told_of_little(&rig, &clock, 3000);
	assert_int_equal(tc_peer_send_video(b, &key_frame), -ENOTCONN);
	atomic_store(&b->count.rtt_ms, 20);
	be_told_of_little(&rig, &clock, 3000);
	assert_int_equal(tc_peer_send_video(b, &key_frame), -ENOTCONN);
	be_told_of_little(&rig, &clock, 1500);
	assert_int_equal(tc_peer_send_video(b, &key_frame), 0);
	rig_finish(&rig);
}

struct sender {
	pthread_mutex_t lock; /* around a send, as the orb's roster has it */
	struct tc_peer *peer;
	pthread_t thread;
	atomic_bool stop;
	atomic_int sent;
};

static void *send_on(void *user)
{
	struct sender *sender = user;
	uint8_t frame[20000] = {0x10};
	for (uint32_t ticks = 0; !atomic_load(&sender->stop); ticks += 960) {
		const struct tc_audio_out audio = {.data = frame, .len = 60, .ticks = ticks};
		const struct tc_video_out video = {
			.data = frame, .len = sizeof(frame), .ticks = ticks, .key = true};
		struct tc_peer_stats stats;
		pthread_mutex_lock(&sender->lock);
		if (sender->peer) {
			int err = tc_peer_send_audio(sender->peer, &audio);
			tc_peer_send_video(sender->peer, &video);
			tc_peer_stats(sender->peer, &stats);
			atomic_fetch_add(&sender->sent, err == 0);
		}
		pthread_mutex_unlock(&sender->lock);
	}
	return NULL;
}

static struct sender senders[2];

static bool threads_have_sent(struct rig *rig)
{
	return atomic_load(&senders[0].sent) > 20 && atomic_load(&senders[1].sent) > 20;
}

static bool b_closed(struct rig *rig)
{
	return rig->b.closed;
}

static void a_close_in_the_middle_of_sending_threads_is_safe(void **state)
{
	struct rig rig;
	start(&rig, &perfect);
	rig.silent = true;
	for (int i = 0; i < 2; i++) {
		pthread_mutex_init(&senders[i].lock, NULL);
		senders[i].peer = rig.b.peer;
		assert_int_equal(pthread_create(&senders[i].thread, NULL, send_on, &senders[i]), 0);
	}
	assert_true(rig_wait(&rig, threads_have_sent, DEADLINE_MS));
	rig_close(&rig.b); /* they are inside now, perhaps between two bursts of a frame */
	for (int i = 0; i < 2; i++) {
		pthread_mutex_lock(&senders[i].lock);
		senders[i].peer = NULL;
		pthread_mutex_unlock(&senders[i].lock);
	}
	assert_true(rig_wait(&rig, b_closed, DEADLINE_MS));
	for (int i = 0; i < 2; i++) {
		atomic_store(&senders[i].stop, true);
		pthread_join(senders[i].thread, NULL);
	}
	rig_finish(&rig);
}

static void creating_survives_each_failed_allocation(void **state)
{
	struct tc_loop *loop;
	struct tc_rtc *rtc;
	assert_int_equal(tc_loop_create(&loop), 0);
	assert_int_equal(tc_rtc_create(&rtc, &(struct tc_rtc_config){.loop = loop}), 0);
	TC_OOM_LOOP(n)
	{
		struct tc_peer *peer = NULL;
		const struct tc_peer_config config = {.rtc = rtc, .receive_video = true};
		int err = tc_peer_create(&peer, &config, NULL, NULL);
		tc_oom_disarm();
		assert_true(err == 0 || err == -ENOMEM);
		tc_peer_close(peer, NULL, NULL);
		while (tc_loop_turn(loop, false)) {
		}
	}
	tc_rtc_destroy(rtc);
	tc_loop_destroy(loop);
}

int main(void)
{
	tc_log_init("error", TC_LOG_TEXT);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sound_and_picture_arrive_both_ways),
		cmocka_unit_test(reports_go_on_both_ways),
		cmocka_unit_test(loss_and_reordering_are_repaired),
		cmocka_unit_test(a_picture_loss_indication_makes_a_key_frame),
		cmocka_unit_test(closing_is_noticed_and_does_not_disturb_another),
		cmocka_unit_test(an_ice_restart_keeps_media_and_keys),
		cmocka_unit_test(a_renegotiation_keeps_media_and_path),
		cmocka_unit_test(a_wrong_fingerprint_fails_without_media),
		cmocka_unit_test(garbage_on_the_wire_changes_nothing),
		cmocka_unit_test(a_bad_offer_leaves_the_connection_as_it_was),
		cmocka_unit_test(the_answerer_may_be_the_dtls_server),
		cmocka_unit_test(a_page_that_reloads_is_answered_anew),
		cmocka_unit_test(candidates_before_the_offer_are_kept),
		cmocka_unit_test(a_peer_may_be_closed_from_its_own_event),
		cmocka_unit_test(states_follow_what_is_heard),
		cmocka_unit_test(a_new_offer_revives_a_silent_peer),
		cmocka_unit_test(loss_of_our_sound_is_told_for_forward_error_correction),
		cmocka_unit_test(an_estimate_limits_only_what_we_steadily_send),
		cmocka_unit_test(a_thin_path_stops_the_picture_and_never_the_sound),
		cmocka_unit_test(a_path_without_loss_and_delay_is_not_thin),
		cmocka_unit_test(a_close_in_the_middle_of_sending_threads_is_safe),
		cmocka_unit_test(creating_survives_each_failed_allocation),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
