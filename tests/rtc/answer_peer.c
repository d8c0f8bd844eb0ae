// SPDX-License-Identifier: Apache-2.0
/* An orb without a mind, for browsers to call: a tone and a moving picture, JSON lines in and out.
 *
 *	answer_peer [--bind=ADDRESS] [--loopback]
 *	in:  {"cmd":"offer","peer":N,"sdp":...} {"cmd":"candidate","peer":N,"candidate":...}
 *	     {"cmd":"bye","peer":N} {"cmd":"stats","peer":N} {"cmd":"quit"}
 *	     {"cmd":"loss","percent":N}: of what we send, on purpose
 *	out: {"ev":"ready"|"answer"|"candidate"|"state"|"sound"|"keyframe"|"stats"|"closed",...}
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/json.h"
#include "base/log.h"
#include "rtc/ice.h"
#include "rtc/peer.h"
#include "source.h"

#define MAX_PEERS    8
#define SOUND_REPORT 10 /* frames in one "sound" line */

struct program;

struct slot {
	struct program *program;
	struct tc_peer *peer;
	int id;
	double energy;
	int frames;
	int level;
};

struct program {
	struct tc_loop *loop;
	struct tc_rtc *rtc;
	struct tc_ice_factory *ice;
	struct slot slots[MAX_PEERS];
	pthread_mutex_t lock; /* slots[].peer against the media threads; want_key */
	pthread_cond_t wake;
	bool want_key;
	atomic_bool ending;
	struct tc_watch *input;
	struct tc_buf line;
};

static void say(struct tc_json_writer *w)
{
	tc_json_end_object(w);
	tc_buf_u8(w->buf, '\n');
	fwrite(w->buf->data, 1, w->buf->len, stdout);
	fflush(stdout);
	tc_buf_finish(w->buf);
}

static struct tc_json_writer begin(struct tc_buf *buf, const char *event, int peer)
{
	struct tc_json_writer w;
	tc_buf_init(buf);
	tc_json_writer_init(&w, buf);
	tc_json_begin_object(&w);
	tc_json_field_str(&w, "ev", event);
	tc_json_field_int(&w, "peer", peer);
	return w;
}

static void on_state(void *user, enum tc_peer_state now, enum tc_peer_state was, const char *why)
{
	struct slot *slot = user;
	struct tc_buf buf;
	struct tc_json_writer w = begin(&buf, "state", slot->id);
	tc_json_field_str(&w, "state", tc_peer_state_str(now));
	tc_json_field_str(&w, "why", why);
	say(&w);
}

static void on_candidate(void *user, const char *line, const char *mid)
{
	struct slot *slot = user;
	struct tc_buf buf;
	struct tc_json_writer w = begin(&buf, "candidate", slot->id);
	tc_json_field_str(&w, "candidate", line ? line : "");
	tc_json_field_str(&w, "mid", mid);
	say(&w);
}

static void on_sound(void *user, const struct tc_peer_sound *sound)
{
	struct slot *slot = user;
	for (size_t i = 0; i < sound->samples; i++) {
		slot->energy += (double)sound->pcm[i] * sound->pcm[i] / (double)sound->samples;
	}
	slot->level = sound->level;
	if (++slot->frames < SOUND_REPORT) {
		return;
	}
	struct tc_buf buf;
	struct tc_json_writer w = begin(&buf, "sound", slot->id);
	tc_json_field_double(&w, "rms", sqrt(slot->energy / slot->frames));
	tc_json_field_int(&w, "level", slot->level);
	say(&w);
	slot->energy = 0;
	slot->frames = 0;
}

static void on_keyframe(void *user)
{
	struct slot *slot = user;
	struct tc_buf buf;
	struct tc_json_writer w = begin(&buf, "keyframe", slot->id);
	say(&w);
	pthread_mutex_lock(&slot->program->lock);
	slot->program->want_key = true;
	pthread_cond_signal(&slot->program->wake);
	pthread_mutex_unlock(&slot->program->lock);
}

static const struct tc_peer_events events = {
	.state = on_state,
	.candidate = on_candidate,
	.sound = on_sound,
	.keyframe = on_keyframe,
};

/* The real link, but for what it loses. STUN goes past us, so the path itself holds. */
static struct tc_link_ops lossy_link;
static atomic_int loss_percent;
static atomic_uint sent_count;

static int lossy_send(struct tc_link *link, const uint8_t *data, size_t len)
{
	unsigned n = atomic_fetch_add(&sent_count, 1) * 2654435761u;
	bool lost = (int)(n >> 16) % 100 < atomic_load(&loss_percent);
	return lost ? 0 : tc_ice_link.send(link, data, len);
}

static void add_ms(struct timespec *at, long ms)
{
	at->tv_nsec += ms * 1000000L;
	at->tv_sec += at->tv_nsec / 1000000000L;
	at->tv_nsec %= 1000000000L;
}

static void *audio_thread(void *user)
{
	struct program *p = user;
	struct tc_test_source source;
	struct timespec next;
	tc_test_source_init(&source, 440, 16);
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!atomic_load(&p->ending)) {
		struct tc_audio_out out;
		if (tc_test_source_audio(&source, true, &out)) {
			pthread_mutex_lock(&p->lock);
			for (int i = 0; i < MAX_PEERS; i++) {
				if (p->slots[i].peer) {
					tc_peer_send_audio(p->slots[i].peer, &out);
				}
			}
			pthread_mutex_unlock(&p->lock);
		}
		add_ms(&next, 20);
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	tc_test_source_finish(&source);
	return NULL;
}

/* Waits for the picture's time, or for somebody who needs a key frame at once. */
static bool wait_tick(struct program *p, struct timespec *next)
{
	add_ms(next, 33);
	pthread_mutex_lock(&p->lock);
	int rc = 0;
	while (!p->want_key && rc != ETIMEDOUT) {
		rc = pthread_cond_timedwait(&p->wake, &p->lock, next);
	}
	bool key = p->want_key;
	p->want_key = false;
	pthread_mutex_unlock(&p->lock);
	return key;
}

static void *video_thread(void *user)
{
	struct program *p = user;
	struct tc_test_source source;
	struct timespec next;
	tc_test_source_init(&source, 440, 320);
	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!atomic_load(&p->ending)) {
		struct tc_video_out out;
		bool key = wait_tick(p, &next);
		if (key) {
			clock_gettime(CLOCK_MONOTONIC, &next);
		}
		if (tc_test_source_video(&source, key, &out)) {
			pthread_mutex_lock(&p->lock);
			for (int i = 0; i < MAX_PEERS; i++) {
				if (p->slots[i].peer) {
					tc_peer_send_video(p->slots[i].peer, &out);
				}
			}
			pthread_mutex_unlock(&p->lock);
		}
	}
	tc_test_source_finish(&source);
	return NULL;
}

static struct tc_peer *peer_of(struct slot *slot)
{
	if (slot->peer) {
		return slot->peer;
	}
	char tag[16];
	snprintf(tag, sizeof(tag), "peer %d", slot->id);
	struct tc_peer *peer;
	const struct tc_peer_config config = {.rtc = slot->program->rtc,
					      .tag = tag,
					      .link = &lossy_link,
					      .link_factory = slot->program->ice};
	TC_ASSERT(tc_peer_create(&peer, &config, &events, slot) == 0);
	pthread_mutex_lock(&slot->program->lock);
	slot->peer = peer;
	pthread_mutex_unlock(&slot->program->lock);
	return peer;
}

static void answer(struct slot *slot, const char *sdp)
{
	char *text = NULL;
	int err = tc_peer_answer(peer_of(slot), sdp, &text);
	struct tc_buf buf;
	struct tc_json_writer w = begin(&buf, "answer", slot->id);
	tc_json_field_int(&w, "err", err);
	tc_json_field_str(&w, "sdp", text);
	say(&w);
	free(text);
}

static void on_closed(void *user)
{
	struct slot *slot = user;
	struct tc_buf buf;
	struct tc_json_writer w = begin(&buf, "closed", slot->id);
	say(&w);
}

static void hang_up(struct slot *slot)
{
	pthread_mutex_lock(&slot->program->lock);
	struct tc_peer *peer = slot->peer;
	slot->peer = NULL;
	pthread_mutex_unlock(&slot->program->lock);
	tc_peer_close(peer, on_closed, slot);
}

static void tell_stats(struct slot *slot)
{
	struct tc_peer_stats s = {0};
	if (slot->peer) {
		tc_peer_stats(slot->peer, &s);
	}
	struct tc_buf buf;
	struct tc_json_writer w = begin(&buf, "stats", slot->id);
	tc_json_field_str(&w, "state", tc_peer_state_str(s.state));
	tc_json_field_int(&w, "audioSent", (int64_t)s.audio_packets_sent);
	tc_json_field_int(&w, "videoSent", (int64_t)s.video_packets_sent);
	tc_json_field_int(&w, "audioReceived", (int64_t)s.audio_packets_received);
	tc_json_field_int(&w, "nacks", (int64_t)s.nacks);
	tc_json_field_int(&w, "plis", (int64_t)s.plis);
	tc_json_field_int(&w, "retransmitted", (int64_t)s.retransmitted);
	tc_json_field_int(&w, "refused", (int64_t)s.send_refused);
	tc_json_field_int(&w, "rejected", (int64_t)s.srtp_rejected);
	tc_json_field_int(&w, "rttMs", s.rtt_ms);
	tc_json_field_int(&w, "connectMs", s.connect_ms);
	tc_json_field_int(&w, "estimate", s.estimate_bps);
	say(&w);
}

static void do_command(struct program *p, const char *line, size_t len)
{
	struct tc_json json;
	char command[16];
	int64_t id = 0;
	if (tc_json_parse(&json, line, len, NULL) ||
	    tc_json_get_str(json, "cmd", command, sizeof(command)) < 0) {
		fprintf(stderr, "not a command: %.*s\n", (int)len, line);
		return;
	}
	tc_json_get_int(json, "peer", &id);
	struct slot *slot = &p->slots[id >= 0 && id < MAX_PEERS ? id : 0];
	struct tc_json value;
	char *text = NULL;
	if (strcmp(command, "quit") == 0) {
		tc_loop_quit(p->loop);
	} else if (strcmp(command, "offer") == 0 && tc_json_get(json, "sdp", &value)) {
		text = tc_json_strdup(value);
		answer(slot, text ? text : "");
	} else if (strcmp(command, "candidate") == 0 && tc_json_get(json, "candidate", &value)) {
		text = tc_json_strdup(value);
		tc_peer_add_candidate(peer_of(slot), text);
	} else if (strcmp(command, "bye") == 0) {
		hang_up(slot);
	} else if (strcmp(command, "loss") == 0) {
		tc_json_get_int(json, "percent", &id);
		atomic_store(&loss_percent, (int)id);
	} else if (strcmp(command, "stats") == 0) {
		tell_stats(slot);
	}
	free(text);
}

static void on_input(void *user)
{
	struct program *p = user;
	char *room = tc_buf_reserve(&p->line, 65536);
	ssize_t n = room ? read(STDIN_FILENO, room, 65536) : -1;
	if (n <= 0) {
		tc_loop_quit(p->loop);
		return;
	}
	p->line.len += (size_t)n;
	char *end;
	while ((end = memchr(p->line.data, '\n', p->line.len))) {
		size_t len = (size_t)(end - p->line.data);
		do_command(p, p->line.data, len);
		p->line.len -= len + 1;
		memmove(p->line.data, end + 1, p->line.len);
	}
}

int main(int argc, char **argv)
{
	static struct program p = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct tc_rtc_config config = {0};
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--bind=", 7) == 0) {
			config.bind_address = argv[i] + 7;
		} else if (strcmp(argv[i], "--loopback") == 0) {
			config.loopback = true;
		}
	}
	const char *log = getenv("LOG");
	tc_log_init(log ? log : "warn", TC_LOG_TEXT);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p.wake, &attr);
	TC_ASSERT(tc_loop_create(&p.loop) == 0);
	config.loop = p.loop;
	lossy_link = tc_ice_link;
	lossy_link.send = lossy_send;
	const struct tc_ice_config ice = {
		.loop = p.loop, .bind_address = config.bind_address, .loopback = config.loopback};
	int err = tc_ice_factory_create(&p.ice, &ice);
	err = err ? err : tc_rtc_create(&p.rtc, &config);
	if (err) {
		fprintf(stderr, "answer_peer: %s\n", tc_err_str(err));
		return 1;
	}
	for (int i = 0; i < MAX_PEERS; i++) {
		p.slots[i] = (struct slot){.program = &p, .id = i};
	}
	tc_buf_init(&p.line);
	p.input = tc_loop_watch(p.loop, STDIN_FILENO, on_input, &p);
	pthread_t audio, video;
	pthread_create(&audio, NULL, audio_thread, &p);
	pthread_create(&video, NULL, video_thread, &p);
	struct tc_buf buf;
	struct tc_json_writer w = begin(&buf, "ready", 0);
	tc_json_field_int(&w, "pid", getpid());
	say(&w);
	tc_loop_run(p.loop);
	for (int i = 0; i < MAX_PEERS; i++) {
		hang_up(&p.slots[i]);
	}
	atomic_store(&p.ending, true);
	pthread_join(audio, NULL);
	pthread_join(video, NULL);
	tc_watch_cancel(p.input);
	tc_buf_finish(&p.line);
	tc_rtc_destroy(p.rtc);
	tc_ice_factory_destroy(p.ice);
	tc_loop_destroy(p.loop);
	return 0;
}
