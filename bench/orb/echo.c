// SPDX-License-Identifier: Apache-2.0
/* bench_echo: an orb that answers a sound with a tone at once, for the delay of the media path.
 *
 * Everything between the network and the ear, and between the mouth and the network, is the orb's
 * own: signaling, peer, decoder, audio thread, video thread. Only what lies between hearing and
 * speaking (voice activity, words, mind) is left out. Takes the orb's flags; prints JSON lines:
 *	{"t":MS,"event":"heard","arrived":MS}   a loud frame is decoded; when its packet came
 *	{"t":MS,"event":"sent"}                 the answer's first packet is out
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/id.h"
#include "base/log.h"
#include "base/queue.h"
#include "orb/args.h"
#include "orb/painter.h"
#include "orb/roster.h"
#include "orb/speaker.h"
#include "uplink/uplink.h"
#include "rtc/peer.h"

TC_LOG_TOPIC("bench.echo");

#define LOUD     1638       /* 0.05 of full scale, as the page's probe has it */
#define QUIET    (16 * 150) /* samples without a loud one before the next sound counts */
#define TONE     (48 * 100) /* 100 ms */
#define TONE_LOW 24         /* samples of half a period: 1 kHz */
#define HALF     16384

struct sent {
	uint32_t answer;
	int64_t time_us;
};

struct echo {
	struct tc_loop *loop;
	const struct tc_clock *clock;
	struct tc_rtc *rtc;
	struct tc_roster *roster;
	struct tc_speaker *speaker;
	struct tc_painter *painter;
	struct tc_uplink *uplink;
	struct tc_queue *sent; /* from the audio thread */
	struct tc_peer *peer;  /* one person at a time; NULL */
	char person[TC_ID_SIZE];
	size_t quiet;
	uint32_t answer;
};

static double wall_ms(const struct echo *e, int64_t mono_us)
{
	int64_t offset = e->clock->wall_us(e->clock->user) - tc_clock_us(e->clock);
	return (double)(mono_us + offset) / 1000;
}

/* --- the mouth --- */

static void on_started(void *user, uint32_t answer, int64_t time_us)
{
	struct echo *e = user;
	tc_queue_push(e->sent, &(struct sent){answer, time_us});
}

static void on_clause(void *user, uint32_t answer, size_t offset, size_t len)
{
}

static void on_ended(void *user, uint32_t answer, size_t heard, bool cut)
{
}

static void print_sent(void *user)
{
	struct echo *e = user;
	struct sent sent;
	tc_queue_clear_wake(e->sent);
	while (tc_queue_pop(e->sent, &sent)) {
		printf("{\"t\":%.3f,\"event\":\"sent\"}\n", wall_ms(e, sent.time_us));
	}
}

static void reply(struct echo *e)
{
	int16_t tone[TONE];
	for (size_t i = 0; i < TONE; i++) {
		tone[i] = i / TONE_LOW % 2 ? -HALF : HALF;
	}
	if (e->answer > 0) {
		tc_speaker_close(e->speaker, e->answer);
	}
	if (tc_speaker_open(e->speaker, ++e->answer) == 0) {
		tc_speaker_feed(e->speaker, e->answer, tone, TONE);
		tc_speaker_finish(e->speaker, e->answer);
		tc_speaker_play(e->speaker, e->answer);
	}
}

/* --- the ear --- */

static void on_sound(void *user, const struct tc_peer_sound *sound)
{
	struct echo *e = user;
	size_t loud = 0;
	while (loud < sound->samples && abs(sound->pcm[loud]) < LOUD) {
		loud++;
	}
	if (loud == sound->samples) {
		e->quiet += sound->samples;
		return;
	}
	if (e->quiet >= QUIET) {
		int64_t now = tc_clock_us(e->clock);
		reply(e);
		printf("{\"t\":%.3f,\"event\":\"heard\",\"arrived\":%.3f}\n", wall_ms(e, now),
		       wall_ms(e, sound->time_us));
	}
	e->quiet = 0;
}

static void on_keyframe(void *user)
{
	tc_painter_keyframe(((struct echo *)user)->painter);
}

static void on_state(void *user, enum tc_peer_state now, enum tc_peer_state was, const char *why)
{
	tc_painter_wake(((struct echo *)user)->painter);
}

/* --- signaling --- */

static void drop(struct echo *e)
{
	if (e->peer) {
		tc_roster_remove(e->roster, e->peer);
		tc_peer_close(e->peer, NULL, NULL);
		e->peer = NULL;
	}
}

static void send_answer(struct echo *e, const char *sdp)
{
	struct tc_buf out;
	struct tc_json_writer w;
	tc_buf_init(&out);
	tc_json_writer_init(&w, &out);
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "type", "answer");
	tc_json_field_str(&w, "toId", e->person);
	tc_json_key(&w, "answer");
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "type", "answer");
	tc_json_field_str(&w, "sdp", sdp);
	tc_json_end_object(&w);
	tc_json_end_object(&w);
	tc_uplink_send(e->uplink, out.data, out.len);
	tc_buf_finish(&out);
}

static void take_offer(struct echo *e, struct tc_json message)
{
	static const struct tc_peer_events events = {
		.state = on_state, .sound = on_sound, .keyframe = on_keyframe};
	struct tc_peer_config config = {.rtc = e->rtc, .tag = "echo"};
	struct tc_json offer, value;
	drop(e);
	tc_json_get_str(message, "fromId", e->person, sizeof(e->person));
	if (!tc_json_get(message, "offer", &offer) || !tc_json_get(offer, "sdp", &value) ||
	    tc_peer_create(&e->peer, &config, &events, e) != 0) {
		return;
	}
	char *sdp = tc_json_strdup(value), *answer = NULL;
	tc_roster_add(e->roster, e->peer);
	if (sdp && tc_peer_answer(e->peer, sdp, &answer) == 0) {
		send_answer(e, answer);
	}
	free(sdp);
	free(answer);
}

static void on_message(void *user, const char *type, struct tc_json message)
{
	struct echo *e = user;
	struct tc_json candidate;
	char line[1024] = "";
	if (strcmp(type, "offer") == 0) {
		take_offer(e, message);
	} else if (strcmp(type, "ice-candidate") == 0 && e->peer &&
		   tc_json_get(message, "candidate", &candidate)) {
		tc_json_get_str(candidate, "candidate", line, sizeof(line));
		tc_peer_add_candidate(e->peer, line);
	}
}

static void on_joined(void *user, struct tc_json message, bool again)
{
}

static void on_failed(void *user, const char *why, bool unreachable)
{
	TC_ERROR(NULL, "no way into the room: %s", why);
	tc_loop_quit(((struct echo *)user)->loop);
}

/* --- life: ends with its process --- */

static int create(struct echo *e, const struct tc_orb_args *args)
{
	static const struct tc_speaker_events mouth = {on_started, on_clause, on_ended};
	static const struct tc_uplink_events events = {on_joined, on_message, on_failed};
	char url[512];
	snprintf(url, sizeof(url), "ws://%.400s", args->cpu_host);
	int64_t epoch = tc_clock_us(e->clock);
	struct tc_rtc_config rtc = {.loop = e->loop, .loopback = true};
	int err = tc_rtc_create(&e->rtc, &rtc);
	err = err ? err : tc_roster_create(&e->roster);
	err = err ? err : tc_queue_create(&e->sent, sizeof(struct sent), 64, true);
	struct tc_painter_config painter = {
		.roster = e->roster, .clock = e->clock, .epoch_us = epoch};
	err = err ? err : tc_painter_create(&e->painter, &painter);
	struct tc_speaker_config speaker = {e->roster, e->clock, epoch};
	err = err ? err : tc_speaker_create(&e->speaker, &speaker, &mouth, e);
	err = err ? err : tc_painter_start(e->painter, e->speaker);
	struct tc_uplink_config uplink = {.loop = e->loop,
					  .url = url,
					  .room = args->room,
					  .user_id = args->user_id,
					  .user_name = "Echo",
					  .role = "ai",
					  .participant_type = "ai"};
	err = err ? err : tc_uplink_create(&e->uplink, &uplink, &events, e);
	if (!err && !tc_loop_watch(e->loop, tc_queue_wake_fd(e->sent), print_sent, e)) {
		err = -TC_EENGINE;
	}
	return err;
}

int main(int argc, char **argv)
{
	struct tc_orb_args args;
	char error[256] = "";
	struct echo e = {.clock = tc_clock_system(), .quiet = QUIET};
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (tc_orb_args_parse(&args, argc, argv, error, sizeof(error)) != 0 ||
	    tc_log_init(args.log_level, TC_LOG_TEXT) != 0) {
		fprintf(stderr, "bench_echo: %s\n", error);
		return 64;
	}
	int err = tc_loop_create(&e.loop);
	err = err ? err : create(&e, &args);
	if (err) {
		fprintf(stderr, "bench_echo: %s\n", tc_err_str(err));
		return 70;
	}
	tc_loop_run(e.loop);
	return 69;
}
