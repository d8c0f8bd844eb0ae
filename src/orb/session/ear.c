// SPDX-License-Identifier: Apache-2.0
/* Sound in, words out: each person on a lane of their own. */
#include "orb/session/session_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "orb/level.h"

TC_LOG_TOPIC("orb.ear");

#define LOST_TOLD_MS 60000
#define EXCUSE       "I could not keep up for a moment. Some of what you said is missing."

/* People call each other by names that no dictionary has. hearing.h learns them when nobody speaks.
 */
static void teach_name(struct tc_person *p)
{
	struct tc_session *s = p->session;
	size_t count = tc_names_add(&s->names, p->name);
	for (size_t i = s->names.count - count; i < s->names.count; i++) {
		int err = tc_hearing_add_word(s->hearing, s->names.word[i]);
		if (err) {
			TC_DEBUG(s->tag, "a name is not listened for: %s", tc_err_str(err));
		}
	}
}

void tc_ear_open(struct tc_person *p)
{
	struct tc_session *s = p->session;
	if (!s->hearing || p->lane >= 0) {
		return;
	}
	int lane = tc_hearing_add(s->hearing, p->id);
	if (lane < 0) {
		const char *why = lane == -ENOSPC ? "the orb listens to two people at a time"
						  : tc_err_str(lane);
		TC_WARN(s->tag, "%s is not heard: %s", p->id, why);
		tc_report_error(s, why, false);
		return;
	}
	teach_name(p);
	p->lane = lane;
	s->lanes[lane] = (struct tc_lane){0};
	snprintf(s->lanes[lane].user_id, sizeof(s->lanes[lane].user_id), "%s", p->id);
	if (p->early_count > 0) {
		tc_hearing_push(s->hearing, lane, p->early, p->early_count, p->first_sound_us);
	}
	free(p->early);
	p->early = NULL;
	p->early_count = 0;
}

void tc_ear_close(struct tc_person *p)
{
	if (p->lane >= 0 && p->session->hearing) {
		tc_hearing_remove(p->session->hearing, p->lane);
	}
	p->lane = -1;
	free(p->early);
	p->early = NULL;
	p->early_count = 0;
}

/* The models take a third of a second to load; what is said meanwhile is kept for them. */
static void keep_early(struct tc_person *p, const struct tc_peer_sound *sound)
{
	if (!p->early) {
		p->early = malloc(TC_EARLY_COUNT * sizeof(*p->early));
		p->first_sound_us = sound->time_us;
	}
	if (p->early && p->early_count + sound->samples <= TC_EARLY_COUNT) {
		memcpy(p->early + p->early_count, sound->pcm, sound->samples * sizeof(*p->early));
		p->early_count += sound->samples;
	}
}

/* --- falling behind --- */

void tc_ear_excuse(struct tc_session *s)
{
	if (s->excuse == TC_EXCUSE_OWED && s->state == TC_SESSION_LIVE &&
	    tc_mind_remark(s->mind, EXCUSE, tc_session_now(s))) {
		s->excuse = TC_EXCUSE_MADE;
	}
}

/* People are told once, whoever runs the server each minute, and both by the figures. */
static void sound_lost(struct tc_session *s)
{
	int64_t now = tc_session_now(s);
	if (s->excuse == TC_EXCUSE_NONE) {
		s->excuse = TC_EXCUSE_OWED;
	}
	if (s->lost_told_ms == 0 || now - s->lost_told_ms >= LOST_TOLD_MS) {
		s->lost_told_ms = now;
		TC_WARN(s->tag, "could not keep up: words are missing");
		tc_report_error(s, "could not keep up: some of what was said is missing", false);
		tc_report_soon(s);
	}
}

void tc_ear_sound(struct tc_person *p, const struct tc_peer_sound *sound)
{
	struct tc_session *s = p->session;
	/* Most browsers tell the level (RFC 6464), -dBov, which is what we would measure. */
	p->level = tc_level_scale(sound->level >= 0 ? (float)-sound->level
						    : tc_level_db(sound->pcm, sound->samples));
	if (p->lane >= 0) {
		if (tc_hearing_push(s->hearing, p->lane, sound->pcm, sound->samples,
				    sound->time_us) == -EAGAIN) {
			sound_lost(s);
		}
	} else if (!s->engines && s->state < TC_SESSION_ENDING) {
		keep_early(p, sound);
	}
}

void tc_ear_engines_ready(struct tc_session *s)
{
	if (s->state >= TC_SESSION_ENDING) {
		return;
	}
	struct tc_hearing_config config = {
		.engine = s->engines->recognizer_ops,
		.recognizer = s->engines->recognizer,
		.clock = s->clock,
		.pulse = &s->pulses[TC_WORKER_RECOGNIZER],
		.event = tc_ear_event,
		.user = s,
	};
	int err = tc_hearing_create(&s->hearing, &config);
	if (err) {
		TC_ERROR(s->tag, "nobody can be heard: %s", tc_err_str(err));
		tc_report_error(s, "the recognizer cannot start", true);
		tc_session_end(s, "error", TC_EXIT_DEFECT);
		return;
	}
	tc_shed_apply(s);
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		if (s->people[i].present) {
			tc_ear_open(&s->people[i]);
		}
	}
}

void tc_ear_end_turn(struct tc_person *p, uint32_t utterance)
{
	if (p->lane >= 0 && p->session->hearing) {
		tc_hearing_end_turn(p->session->hearing, p->lane, utterance);
	}
}

/* --- what the recognizer thread says --- */

void tc_ear_event(void *user, const struct tc_hearing_event *event)
{
	struct tc_hearing_event *copy = malloc(sizeof(*copy));
	if (!copy) {
		return;
	}
	*copy = *event;
	struct tc_session_event out = {.kind = TC_EVENT_HEARD, .ptr = copy};
	tc_session_push(user, &out);
}

static const char *utterance_id(struct tc_session *s, struct tc_lane *lane, uint32_t utterance)
{
	if (lane->utterance_id[0] == '\0' || lane->utterance != utterance) {
		tc_session_next_id(s, lane->utterance_id);
		lane->utterance = utterance;
		lane->shown[0] = '\0';
	}
	return lane->utterance_id;
}

static void show(struct tc_session *s, struct tc_lane *lane, const struct tc_hearing_event *event,
		 bool final)
{
	const char *text = event->hypothesis.text;
	const char *id = utterance_id(s, lane, event->utterance);
	if (text[0] == '\0' || (!final && strcmp(text, lane->shown) == 0)) {
		return;
	}
	snprintf(lane->shown, sizeof(lane->shown), "%s", text);
	lane->start_ms = event->start_ms;
	struct tc_signal_transcript t = {
		.utterance_id = id,
		.user_id = lane->user_id,
		.text = text,
		.final = final,
		.start_ms = tc_session_ms(s, event->start_ms),
		.end_ms = tc_session_ms(s, final ? event->end_ms : event->time_ms),
	};
	tc_report_transcript(s, &t);
}

/* Nothing of it was understood after all: what people saw of it is taken back. */
static void retract(struct tc_session *s, struct tc_lane *lane,
		    const struct tc_hearing_event *event)
{
	if (lane->shown[0] && lane->utterance_id[0] && lane->utterance == event->utterance) {
		struct tc_signal_transcript t = {
			.utterance_id = lane->utterance_id,
			.user_id = lane->user_id,
			.text = "",
			.final = true,
			.start_ms = tc_session_ms(s, event->start_ms),
			.end_ms = tc_session_ms(s, event->end_ms),
		};
		tc_report_transcript(s, &t);
	}
	lane->utterance_id[0] = '\0';
	lane->shown[0] = '\0';
}

static void set_voice(struct tc_session *s, const char *id, bool active)
{
	struct tc_person *p = tc_people_find(s, id);
	if (p) {
		p->voice = active;
	}
	if (!active && s->painter) {
		tc_painter_set_hearing(s->painter, 0);
	}
}

static struct tc_mind_words words_of(const struct tc_hearing_event *event)
{
	return (struct tc_mind_words){
		.utterance = event->utterance,
		.text = event->hypothesis.text,
		.confidence = event->hypothesis.confidence,
		.end_score = event->hypothesis.end_score,
		.stable_ms = event->hypothesis.stable_ms,
		.start_ms = event->start_ms,
		.end_ms = event->end_ms,
	};
}

void tc_ear_handle(struct tc_session *s, const struct tc_hearing_event *event)
{
	struct tc_lane *lane = &s->lanes[event->lane];
	const char *id = lane->user_id;
	int64_t now = tc_session_now(s);
	struct tc_mind_words words = words_of(event);
	switch (event->kind) {
	case TC_HEARING_SPEECH_START:
		set_voice(s, id, true);
		tc_mind_speech_start(s->mind, id, now);
		break;
	case TC_HEARING_SPEECH_END:
		set_voice(s, id, false);
		tc_mind_speech_end(s->mind, id, event->time_ms);
		break;
	case TC_HEARING_PARTIAL:
		show(s, lane, event, false);
		tc_mind_partial(s->mind, id, &words, now);
		break;
	case TC_HEARING_FINAL:
		show(s, lane, event, true);
		lane->utterance_id[0] = '\0';
		tc_mind_final(s->mind, id, &words, now);
		s->turn_ended_us = 0; /* answered by now, or not to be */
		break;
	case TC_HEARING_DISCARDED:
		retract(s, lane, event);
		tc_mind_discarded(s->mind, id, event->utterance, now);
		s->turn_ended_us = 0;
		break;
	case TC_HEARING_LOST:
		sound_lost(s);
		break;
	}
	tc_ear_excuse(s);
	tc_session_plan(s);
}

void tc_ear_settle(struct tc_session *s)
{
	for (int i = 0; i < TC_HEARING_LANES; i++) {
		struct tc_lane *lane = &s->lanes[i];
		if (lane->utterance_id[0] == '\0' || lane->shown[0] == '\0') {
			continue;
		}
		struct tc_hearing_event event = {
			.kind = TC_HEARING_FINAL,
			.lane = i,
			.start_ms = lane->start_ms,
			.end_ms = tc_session_now(s),
			.utterance = lane->utterance,
		};
		memcpy(event.hypothesis.text, lane->shown, sizeof(lane->shown));
		tc_ear_handle(s, &event);
	}
}
