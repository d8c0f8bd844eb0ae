// SPDX-License-Identifier: Apache-2.0
/* The end, step by step, each with a deadline and none of them waited for on the loop: people hear
 * no break in RTCP and pings, and a model that hangs does not keep the others.
 *
 * ENDING: sound fades, lanes are closed, the closer joins the threads; their last events come in.
 * FLUSHING: the summary goes to the manager. LEAVING: `leave` goes to the server. OVER.
 */
#include "orb/session/session_priv.h"

#include <stdio.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("orb.end");

#define COLLECT_MS 3000 /* a sentence's final takes over a second on a busy machine */
#define FLUSH_MS   2000

static void cancel_deadline(struct tc_session *s)
{
	tc_timer_cancel(s->end_timer);
	s->end_timer = NULL;
}

/* --- leaving --- */

static void left(void *user)
{
	struct tc_session *s = user;
	tc_session_set_state(s, TC_SESSION_OVER, "left");
	tc_loop_quit(s->loop);
}

static void leave(struct tc_session *s, const char *why)
{
	cancel_deadline(s);
	tc_session_set_state(s, TC_SESSION_LEAVING, why);
	tc_people_close(s);
	tc_uplink_leave(s->uplink, left, s);
}

/* --- the manager gets the summary --- */

/* Written is not stored: a manager of ours tells, and its socket dies with what is in it. */
void tc_end_flushed(struct tc_session *s)
{
	if (s->state == TC_SESSION_FLUSHING && tc_keep_empty(s) &&
	    !tc_manager_link_busy(s->manager)) {
		leave(s, "the manager has it all");
	}
}

void tc_end_channel_lost(struct tc_session *s)
{
	if (s->state == TC_SESSION_FLUSHING) {
		tc_keep_spool(s);
		leave(s, "there is no manager");
	}
}

static void flush_late(void *user)
{
	struct tc_session *s = user;
	TC_WARN(s->tag, "the manager did not take the last messages");
	tc_keep_spool(s);
	leave(s, "too late");
}

static void flush(struct tc_session *s, const char *why)
{
	cancel_deadline(s);
	if (s->exit_code == TC_EXIT_OK) {
		tc_report_summary(s);
	}
	tc_session_set_state(s, TC_SESSION_FLUSHING, why);
	if (s->manager && !tc_manager_link_up(s->manager)) {
		tc_end_channel_lost(s);
		return;
	}
	tc_end_flushed(s);
	if (s->state != TC_SESSION_FLUSHING) {
		return;
	}
	s->end_timer = tc_loop_timer(s->loop, FLUSH_MS, false, flush_late, s);
	if (!s->end_timer) {
		flush_late(s);
	}
}

/* --- last words --- */

/* Each of these joins a thread. What it still had to say is queued when they return. */
static void close_all(struct tc_closer *closer)
{
	tc_voice_destroy(closer->voice);
	tc_painter_destroy(closer->painter); /* reads the speaker's level: before it */
	tc_speaker_destroy(closer->speaker);
	tc_hearing_destroy(closer->hearing);
}

static void *closer_main(void *arg)
{
	struct tc_closer *closer = arg;
	close_all(closer);
	struct tc_session_event event = {.kind = TC_EVENT_CLOSED};
	tc_session_push(closer->session, &event);
	return NULL;
}

static void log_sound(struct tc_session *s)
{
	struct tc_speaker_stats stats;
	tc_speaker_stats(s->speaker, &stats);
	TC_INFO(s->tag, "sound: %llu packets, %llu late, worst %lld us, %llu underruns%s",
		(unsigned long long)stats.packets, (unsigned long long)stats.late,
		(long long)stats.worst_late_us, (unsigned long long)stats.underruns,
		stats.realtime ? "" : ", no real-time priority");
}

/* What has threads is the closer's from here on, and nothing of it the loop's. */
static void hand_over(struct tc_session *s)
{
	s->closer = (struct tc_closer){
		.session = s,
		.painter = s->painter,
		.voice = s->voice,
		.speaker = s->speaker,
		.hearing = s->hearing,
		.started = true,
	};
	s->painter = NULL;
	s->voice = NULL;
	s->speaker = NULL;
	s->hearing = NULL;
}

static void start_closer(struct tc_session *s)
{
	hand_over(s);
	int err = pthread_create(&s->closer.thread, NULL, closer_main, &s->closer);
	if (err) {
		TC_WARN(s->tag, "no thread to end with: %s", tc_err_str(-err));
		s->closer.joined = true;
		closer_main(&s->closer);
	}
}

static void collect_late(void *user)
{
	struct tc_session *s = user;
	tc_session_drain(s);
	if (s->state == TC_SESSION_ENDING) {
		TC_WARN(s->tag, "a thread does not end: its last words are what was shown of them");
		tc_mouth_settle(s);
		tc_ear_settle(s);
		flush(s, "too late");
	}
}

void tc_end_closed(struct tc_session *s)
{
	if (!s->closer.joined) {
		pthread_join(s->closer.thread, NULL); /* it has nothing left to do */
		s->closer.joined = true;
	}
	if (s->state == TC_SESSION_ENDING) {
		flush(s, "all is said");
	}
}

void tc_session_end(struct tc_session *s, const char *reason, int exit_code)
{
	if (s->state >= TC_SESSION_ENDING) {
		return;
	}
	snprintf(s->reason, sizeof(s->reason), "%s", reason);
	s->exit_code = exit_code;
	tc_session_set_state(s, TC_SESSION_ENDING, reason);
	if (s->speaker) {
		log_sound(s);
		tc_mouth_hush(s);
	}
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		tc_ear_close(&s->people[i]);
	}
	start_closer(s);
	s->end_timer = tc_loop_timer(s->loop, COLLECT_MS, false, collect_late, s);
}

bool tc_end_join(struct tc_session *s)
{
	if (!s->closer.started) {
		hand_over(s); /* the session failed to start: nobody is there to be served */
		close_all(&s->closer);
	} else if (!s->closer.joined) {
		return pthread_tryjoin_np(s->closer.thread, NULL) == 0;
	}
	return true;
}
