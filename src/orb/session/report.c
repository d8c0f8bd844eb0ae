// SPDX-License-Identifier: Apache-2.0
/* What server, manager and people are told: status, transcripts, heartbeats, the summary. */
#include "orb/session/session_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "proto/signal.h"

TC_LOG_TOPIC("orb.report");

#define SOON_MS 500

static void send_out(struct tc_session *s)
{
	if (s->uplink && !s->out.err) {
		tc_uplink_send(s->uplink, s->out.data, s->out.len);
	}
}

/* "speaking" is what packets say; the rest is what the conversation says. */
static enum tc_face_state face_of(const struct tc_session *s)
{
	if (s->playing) {
		return TC_FACE_SPEAKING;
	}
	switch (s->mind_status) {
	case TC_MIND_READY:
		return TC_FACE_READY;
	case TC_MIND_LISTENING:
		return TC_FACE_LISTENING;
	case TC_MIND_PROCESSING:
		return TC_FACE_PROCESSING;
	}
	return TC_FACE_READY;
}

void tc_report_status(struct tc_session *s)
{
	static const char *const words[] = {"ready", "listening", "processing", "speaking"};
	enum tc_face_state face = face_of(s);
	const char *status = words[face];
	if (s->painter) {
		tc_painter_set_state(s->painter, face);
	}
	bool muted = s->mind && tc_mind_muted(s->mind);
	bool told = strcmp(status, s->told_status) == 0 && muted == s->told_muted;
	if (s->state != TC_SESSION_LIVE || told) {
		return;
	}
	s->told_status = status;
	s->told_muted = muted;
	tc_report_soon(s);
	tc_buf_reset(&s->out);
	tc_signal_write_ai_status(&s->out, status, muted, s->args->session);
	send_out(s);
}

void tc_report_transcript(struct tc_session *s, const struct tc_signal_transcript *t)
{
	if (t->final && t->text[0]) {
		/* Journal first: what is stored may be shown, not the other way round. */
		struct tc_channel_utterance utterance = {.id = t->utterance_id,
							 .user_id = t->user_id,
							 .text = t->text,
							 .start_ms = t->start_ms,
							 .end_ms = t->end_ms};
		tc_buf_reset(&s->out);
		tc_channel_put_utterance(&s->out, s->args->room, s->args->session, &utterance);
		tc_keep_add(s, t->utterance_id, &s->out);
		tc_manager_link_send(s->manager, &s->out);
	}
	tc_buf_reset(&s->out);
	tc_signal_write_transcript(&s->out, t);
	send_out(s);
}

static size_t present_ids(const struct tc_session *s, const char *ids[TC_PEOPLE_MAX])
{
	size_t count = 0;
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		if (s->people[i].present) {
			ids[count++] = s->people[i].id;
		}
	}
	return count;
}

void tc_report_ready(struct tc_session *s)
{
	const char *ids[TC_PEOPLE_MAX];
	size_t count = present_ids(s, ids);
	tc_buf_reset(&s->out);
	tc_channel_put_ready(&s->out, s->args->room,
			     tc_roster_connected(s->roster) ? "connected" : "ready", ids, count);
	tc_manager_link_send(s->manager, &s->out);
	tc_report_soon(s);
}

static double cpu_percent(struct tc_session *s)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	int64_t cpu = ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
		      usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
	int64_t now = tc_clock_us(s->clock);
	int64_t since = s->cpu_at_us ? s->cpu_at_us : s->began_us;
	double percent =
		now > since ? 100.0 * (double)(cpu - s->cpu_us) / (double)(now - since) : 0;
	s->cpu_us = cpu;
	s->cpu_at_us = now;
	return percent;
}

static double memory_mb(void)
{
	long pages = 0, resident = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	if (!file || fscanf(file, "%ld %ld", &pages, &resident) != 2) {
		resident = 0;
	}
	if (file) {
		fclose(file);
	}
	return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static void add_media(const struct tc_session *s, struct tc_channel_metrics *m)
{
	m->packets_sent = m->packets_received = 0;
	m->loss_percent = m->jitter_ms = 0;
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		struct tc_peer_stats stats;
		if (!s->people[i].peer) {
			continue;
		}
		tc_peer_stats(s->people[i].peer, &stats);
		m->packets_sent += (int64_t)(stats.audio_packets_sent + stats.video_packets_sent);
		m->packets_received += (int64_t)stats.audio_packets_received;
		m->loss_percent = fmax(m->loss_percent, stats.remote_loss_percent);
		m->jitter_ms = fmax(m->jitter_ms, (double)stats.remote_jitter_us / 1000);
	}
}

/* Counted on while the recognizer's thread ends. */
static int64_t sound_lost_ms(struct tc_session *s)
{
	if (s->hearing) {
		s->sound_lost_ms = (int64_t)tc_hearing_lost_ms(s->hearing);
	}
	return s->sound_lost_ms;
}

void tc_report_heartbeat(struct tc_session *s)
{
	tc_timer_cancel(s->soon_timer);
	s->soon_timer = NULL;
	struct tc_channel_metrics m;
	tc_channel_metrics_init(&m);
	m.cpu_percent = cpu_percent(s);
	m.memory_mb = memory_mb();
	m.latency_ms = s->latency_count ? s->latency_ms : 0;
	if (s->latency_count > 0) {
		m.chosen_ms = s->chosen_ms;
	}
	m.answers = (int64_t)s->latency_count;
	m.sound_lost_ms = sound_lost_ms(s);
	m.speaking = s->playing != 0;
	m.queue_depth = (int64_t)tc_queue_count(s->events);
	add_media(s, &m);
	tc_buf_reset(&s->out);
	tc_channel_put_heartbeat(&s->out, s->args->room, tc_clock_wall_ms(s->clock), &m);
	tc_manager_link_send(s->manager, &s->out);
}

static void soon_due(void *user)
{
	tc_report_heartbeat(user);
}

void tc_report_soon(struct tc_session *s)
{
	if (!s->soon_timer && s->state < TC_SESSION_ENDING) {
		s->soon_timer = tc_loop_timer(s->loop, SOON_MS, false, soon_due, s);
	}
}

void tc_report_pong(struct tc_session *s, int64_t id)
{
	int64_t busy[TC_WORKERS];
	for (int i = 0; i < TC_WORKERS; i++) {
		busy[i] = tc_pulse_busy_ms(&s->pulses[i]);
	}
	tc_buf_reset(&s->out);
	tc_channel_put_pong(&s->out, id, busy);
	tc_manager_link_send(s->manager, &s->out);
}

void tc_report_error(struct tc_session *s, const char *what, bool fatal)
{
	tc_buf_reset(&s->out);
	tc_channel_put_error(&s->out, s->args->room, what, fatal);
	tc_manager_link_send(s->manager, &s->out);
}

static int by_value(const void *a, const void *b)
{
	double d = *(const double *)a - *(const double *)b;
	return d < 0 ? -1 : d > 0;
}

static void log_latency(struct tc_session *s)
{
	size_t n = s->latency_count < TC_LATENCIES ? s->latency_count : TC_LATENCIES;
	if (n > 0) {
		qsort(s->latencies, n, sizeof(s->latencies[0]), by_value);
		TC_INFO(s->tag,
			"%zu answers, end of turn -> first packet: p50 %.1f ms, p95 %.1f ms",
			s->latency_count, s->latencies[n / 2],
			s->latencies[n * 95 / 100 < n ? n * 95 / 100 : n - 1]);
	}
}

void tc_report_summary(struct tc_session *s)
{
	struct tc_buf summary;
	log_latency(s);
	tc_buf_init(&summary);
	tc_mind_summary(s->mind, tc_session_now(s), &summary);
	if (summary.err) {
		TC_ERROR(s->tag, "no summary: out of memory");
	} else {
		tc_buf_reset(&s->out);
		tc_channel_put_summary(&s->out, &(struct tc_channel_summary){
							.room = s->args->room,
							.session = s->args->session,
							.client = s->args->client,
							.summary = {summary.data, summary.len},
						});
		tc_keep_add(s, "", &s->out);
		tc_manager_link_send(s->manager, &s->out);
	}
	tc_buf_finish(&summary);
}
