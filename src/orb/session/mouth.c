// SPDX-License-Identifier: Apache-2.0
/* Answers out: from the mind's decision to the packets people hear, and back to what was heard. */
#include "orb/session/session_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("orb.mouth");

/* --- the answers on their way --- */

static struct tc_answer *find_answer(struct tc_session *s, uint32_t id)
{
	for (size_t i = 0; i < TC_ANSWERS_MAX; i++) {
		if (s->answers[i].state != TC_ANSWER_NONE && s->answers[i].id == id) {
			return &s->answers[i];
		}
	}
	return NULL;
}

static void forget(struct tc_session *s, struct tc_answer *a)
{
	if (s->voice) {
		tc_voice_cancel(s->voice, a->id);
	}
	if (s->speaker) {
		tc_speaker_close(s->speaker, a->id);
	}
	free(a->text);
	*a = (struct tc_answer){0};
}

/* Hands an answer to the voice. Before the voice is loaded it waits in the table. */
static void synthesise(struct tc_session *s, struct tc_answer *a)
{
	int err = tc_speaker_open(s->speaker, a->id);
	if (!err && s->voice) {
		err = tc_voice_say(s->voice, a->id, a->text);
	}
	if (err) {
		TC_WARN(s->tag, "an answer cannot be spoken: %s", tc_err_str(err));
		tc_report_error(s, "an answer cannot be spoken", false);
	}
}

static struct tc_answer *add_answer(struct tc_session *s, uint32_t id, const char *text)
{
	for (size_t i = 0; i < TC_ANSWERS_MAX; i++) {
		struct tc_answer *a = &s->answers[i];
		if (a->state == TC_ANSWER_NONE) {
			*a = (struct tc_answer){
				.state = TC_ANSWER_PREPARING, .id = id, .text = strdup(text)};
			if (!a->text) {
				*a = (struct tc_answer){0};
				return NULL;
			}
			synthesise(s, a);
			return a;
		}
	}
	return NULL;
}

/* --- what the mind wants --- */

static void on_prepare(void *user, uint32_t id, const char *text)
{
	struct tc_session *s = user;
	if (s->state < TC_SESSION_ENDING) {
		add_answer(s, id, text);
	}
}

static void on_speak(void *user, uint32_t id, const char *text)
{
	struct tc_session *s = user;
	if (s->state >= TC_SESSION_ENDING) {
		return;
	}
	struct tc_answer *a = find_answer(s, id);
	if (!a) {
		a = add_answer(s, id, text);
	}
	if (!a || tc_speaker_play(s->speaker, id) != 0) {
		/* The mind hears of it on a later turn, not inside its own call. */
		TC_WARN(s->tag, "answer %u has nowhere to go", id);
		struct tc_session_event event = {
			.kind = TC_EVENT_PLAY_ENDED, .answer = id, .b = true};
		tc_session_push(s, &event);
		return;
	}
	a->state = TC_ANSWER_PLAYING;
	a->decided_us = tc_clock_us(s->clock);
	a->turn_us = s->turn_ended_us;
}

static void on_cancel(void *user, uint32_t id)
{
	struct tc_session *s = user;
	struct tc_answer *a = find_answer(s, id);
	if (!a || !s->speaker) {
		return;
	}
	if (a->state == TC_ANSWER_PLAYING) {
		if (s->voice) {
			tc_voice_cancel(s->voice, id);
		}
		tc_speaker_cut(s->speaker, id); /* `ended` comes when the fade is out */
	} else {
		forget(s, a);
	}
}

static void on_duck(void *user, bool down)
{
	struct tc_session *s = user;
	if (s->speaker) {
		tc_speaker_duck(s->speaker, down);
	}
}

static void on_end_turn(void *user, const char *user_id, uint32_t utterance)
{
	struct tc_session *s = user;
	struct tc_person *p = tc_people_find(s, user_id);
	if (p) {
		s->turn_ended_us = tc_clock_us(s->clock);
		tc_ear_end_turn(p, utterance);
	}
}

static void on_status(void *user, enum tc_mind_status status)
{
	struct tc_session *s = user;
	s->mind_status = status;
	tc_report_status(s);
}

const struct tc_mind_events tc_session_mind_events = {
	.end_turn = on_end_turn,
	.prepare = on_prepare,
	.speak = on_speak,
	.cancel = on_cancel,
	.duck = on_duck,
	.status = on_status,
};

/* --- the voice thread --- */

static bool on_voice_sound(void *user, uint32_t answer, const int16_t *pcm, size_t samples)
{
	struct tc_session *s = user;
	return tc_speaker_feed(s->voice_out, answer, pcm, samples);
}

static void on_voice_clause(void *user, uint32_t answer, size_t offset, size_t len)
{
	struct tc_session *s = user;
	tc_speaker_mark(s->voice_out, answer, offset, len);
}

static void on_voice_done(void *user, uint32_t answer, int err)
{
	struct tc_session *s = user;
	tc_speaker_finish(s->voice_out, answer);
	if (err < 0) {
		struct tc_session_event event = {
			.kind = TC_EVENT_VOICE_DONE, .answer = answer, .a = err};
		tc_session_push(s, &event);
	}
}

const struct tc_voice_events tc_session_voice_events = {
	.sound = on_voice_sound,
	.clause = on_voice_clause,
	.done = on_voice_done,
};

/* --- the audio thread --- */

static void on_started(void *user, uint32_t answer, int64_t time_us)
{
	struct tc_session_event event = {
		.kind = TC_EVENT_PLAY_STARTED, .answer = answer, .a = time_us};
	tc_session_push(user, &event);
}

static void on_clause(void *user, uint32_t answer, size_t offset, size_t len)
{
	struct tc_session_event event = {
		.kind = TC_EVENT_CLAUSE, .answer = answer, .a = (int64_t)offset, .b = (int64_t)len};
	tc_session_push(user, &event);
}

static void on_ended(void *user, uint32_t answer, size_t heard, bool cut)
{
	struct tc_session_event event = {
		.kind = TC_EVENT_PLAY_ENDED, .answer = answer, .a = (int64_t)heard, .b = cut};
	tc_session_push(user, &event);
}

const struct tc_speaker_events tc_session_speaker_events = {
	.started = on_started,
	.clause = on_clause,
	.ended = on_ended,
};

/* --- and back on the loop --- */

/* What people read of an answer has no [pause] marks in it. */
static size_t readable(const char *text, size_t len, char *out, size_t size)
{
	size_t n = 0;
	for (size_t i = 0; i < len && text[i] && n + 1 < size; i++) {
		if (text[i] == '[') {
			size_t skip = strcspn(text + i, "]");
			i += text[i + skip] ? skip : 0;
		} else if (text[i] != ' ' || (n > 0 && out[n - 1] != ' ')) {
			out[n++] = text[i];
		}
	}
	while (n > 0 && out[n - 1] == ' ') {
		n--;
	}
	out[n] = '\0';
	return n;
}

static void show_answer(struct tc_session *s, struct tc_answer *a, size_t heard, bool final)
{
	char text[4096];
	size_t len = readable(a->text, heard, text, sizeof(text));
	if (len == 0) {
		return;
	}
	if (a->utterance_id[0] == '\0') {
		tc_session_next_id(s, a->utterance_id);
	}
	struct tc_signal_transcript t = {
		.utterance_id = a->utterance_id,
		.user_id = s->args->user_id,
		.text = text,
		.final = final,
		.start_ms = a->started_ms,
		.end_ms = tc_session_ms(s, tc_session_now(s)),
	};
	tc_report_transcript(s, &t);
}

static void note_latency(struct tc_session *s, const struct tc_answer *a, int64_t time_us)
{
	double chosen_ms = (double)(time_us - a->decided_us) / 1000;
	if (a->turn_us == 0) {
		TC_DEBUG(s->tag, "answer %u: first packet after %.1f ms", a->id, chosen_ms);
		return;
	}
	s->latency_ms = (double)(time_us - a->turn_us) / 1000;
	/* Prepared while the person still spoke: then nothing was left to choose. */
	s->chosen_ms = s->latency_ms > chosen_ms ? s->latency_ms - chosen_ms : 0;
	s->latencies[s->latency_count++ % TC_LATENCIES] = s->latency_ms;
	TC_DEBUG(s->tag, "answer %u: end of turn -> first packet %.1f ms, %.1f of it since chosen",
		 a->id, s->latency_ms, chosen_ms);
}

static void play_started(struct tc_session *s, struct tc_answer *a, int64_t time_us)
{
	note_latency(s, a, time_us);
	a->started_ms = tc_session_ms(s, time_us / 1000);
	s->playing = a->id;
	tc_mind_play_started(s->mind, a->id, time_us / 1000);
	tc_report_status(s);
	tc_report_soon(s);
}

static void play_ended(struct tc_session *s, struct tc_answer *a, size_t heard, bool cut)
{
	uint32_t id = a->id;
	size_t len = strlen(a->text);
	heard = heard < len ? heard : len;
	show_answer(s, a, heard, true);
	if (s->playing == id) {
		s->playing = 0;
	}
	forget(s, a);
	tc_mind_play_ended(s->mind, id, heard, cut, tc_session_now(s));
	tc_ear_excuse(s);
	tc_report_status(s);
}

void tc_mouth_handle(struct tc_session *s, const struct tc_session_event *event)
{
	struct tc_answer *a = find_answer(s, event->answer);
	if (!a) {
		if (event->kind == TC_EVENT_PLAY_ENDED) {
			tc_mind_play_ended(s->mind, event->answer, 0, true, tc_session_now(s));
			tc_session_plan(s);
		}
		return;
	}
	switch (event->kind) {
	case TC_EVENT_PLAY_STARTED:
		play_started(s, a, event->a);
		break;
	case TC_EVENT_CLAUSE:
		a->heard = (size_t)(event->a + event->b);
		show_answer(s, a, a->heard, false);
		break;
	case TC_EVENT_PLAY_ENDED:
		play_ended(s, a, (size_t)event->a, event->b != 0);
		break;
	case TC_EVENT_VOICE_DONE:
		TC_WARN(s->tag, "the voice failed: %s", tc_err_str((int)event->a));
		tc_report_error(s, "the voice failed", false);
		break;
	case TC_EVENT_HEARD:
	case TC_EVENT_ENGINES:
	case TC_EVENT_CLOSED:
		break;
	}
	tc_session_plan(s);
}

void tc_mouth_engines_ready(struct tc_session *s)
{
	int err = tc_voice_create(&s->voice, s->engines->synthesizer_ops, s->engines->synthesizer,
				  &tc_session_voice_events, s);
	if (err) {
		TC_ERROR(s->tag, "the orb has no voice: %s", tc_err_str(err));
		tc_report_error(s, "the voice cannot start", false);
		return;
	}
	tc_voice_set_pulse(s->voice, &s->pulses[TC_WORKER_VOICE]);
	for (size_t i = 0; i < TC_ANSWERS_MAX; i++) {
		if (s->answers[i].state != TC_ANSWER_NONE) {
			tc_voice_say(s->voice, s->answers[i].id, s->answers[i].text);
		}
	}
}

void tc_mouth_hush(struct tc_session *s)
{
	tc_speaker_stop_feeding(s->speaker);
	if (s->voice) {
		tc_voice_cancel_all(s->voice);
	}
	for (size_t i = 0; i < TC_ANSWERS_MAX; i++) {
		struct tc_answer *a = &s->answers[i];
		if (a->state == TC_ANSWER_PLAYING) {
			tc_speaker_cut(s->speaker, a->id);
		} else if (a->state == TC_ANSWER_PREPARING) {
			forget(s, a);
		}
	}
}

void tc_mouth_settle(struct tc_session *s)
{
	for (size_t i = 0; i < TC_ANSWERS_MAX; i++) {
		struct tc_answer *a = &s->answers[i];
		if (a->state == TC_ANSWER_PLAYING) {
			play_ended(s, a, a->heard, true);
		}
	}
}
