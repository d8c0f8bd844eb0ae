// SPDX-License-Identifier: Apache-2.0
// The pure parts of the mind, and the whole of it under random events.
#include "mind/mind.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "mind/clause.h"
#include "mind/endpointing.h"
#include "mind/intent.h"
#include "mind/memory.h"
#include "mind/policy.h"
#include "mind/reflect.h"
#include "mind/topics.h"
#include "mind/words.h"
#include "mock/oom.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int found(const char *text, const char *pattern)
{
	struct tc_words words;
	tc_words_split(&words, text);
	return tc_words_find(&words, pattern, NULL);
}

static void patterns_find_words_gaps_and_anchors(void **state)
{
	assert_int_equal(found("how much time do we have left", "time * left"), 2);
	assert_int_equal(found("time a b c d left", "time * left"), -1);
	assert_int_equal(found("please stop it", "stop it|that $"), 1);
	assert_int_equal(found("please stop it now", "stop it|that $"), -1);
	assert_int_equal(found("i said stop", "^stop"), -1);
	assert_int_equal(found("", "^$"), 0);
	assert_int_equal(found("", "stop"), -1);
	assert_int_equal(found("the stopper", "stop"), -1);
}

static void text_becomes_words_however_long(void **state)
{
	struct tc_words words;
	tc_words_split(&words, "  I'm FINE,  thanks -- and \xc3\xa9t\xc3\xa9? ");
	assert_int_equal(words.count, 5);
	assert_string_equal(words.at[0], "i'm");
	assert_string_equal(words.at[4], "\xc3\xa9t\xc3\xa9");
	char many[5000] = "";
	memset(many, 'a', sizeof(many) - 1);
	tc_words_split(&words, many);
	assert_int_equal(words.count, 0);
	for (size_t i = 1; i < sizeof(many); i += 2) {
		many[i] = ' ';
	}
	many[sizeof(many) - 1] = '\0';
	tc_words_split(&words, many);
	assert_int_equal(words.count, TC_WORDS_MAX);
}

static void what_people_want_is_told_apart(void **state)
{
	static const struct {
		const char *text;
		enum tc_intent intent;
	} cases[] = {
		{"stop", TC_INTENT_STOP},
		{"please stop talking", TC_INTENT_STOP},
		{"stop it please", TC_INTENT_STOP},
		{"be quiet", TC_INTENT_STOP},
		{"i want to stop smoking this year", TC_INTENT_NONE},
		{"can you help me with a breathing exercise", TC_INTENT_BREATHE},
		{"let's breathe together", TC_INTENT_BREATHE},
		{"i cannot breathe in these meetings", TC_INTENT_NONE},
		{"how much time do we have left", TC_INTENT_TIME},
		{"how long do we have", TC_INTENT_TIME},
		{"i have no time for my family", TC_INTENT_NONE},
		{"can you say that again please", TC_INTENT_REPEAT},
		{"i repeat the same mistakes every day", TC_INTENT_NONE},
		{"what can you do for me", TC_INTENT_HELP},
		{"help", TC_INTENT_HELP},
		{"i would like to help my sister", TC_INTENT_NONE},
		{"who are you", TC_INTENT_WHO},
		{"how are you today", TC_INTENT_HOW_ARE_YOU},
		{"thank you very much", TC_INTENT_THANKS},
		{"can you hear me", TC_INTENT_HEAR_ME},
		{"are you there", TC_INTENT_HEAR_ME},
		{"can you hear the birds", TC_INTENT_NONE},
		{"what time is left", TC_INTENT_TIME},
		{"is my working time over", TC_INTENT_NONE},
		{"goodbye", TC_INTENT_GOODBYE},
		{"hello", TC_INTENT_HELLO},
		{"good morning", TC_INTENT_HELLO},
		{"yes please", TC_INTENT_YES},
		{"no not really", TC_INTENT_NO},
		{"continue", TC_INTENT_CONTINUE},
		{"sometimes i want to die", TC_INTENT_DANGER},
		{"i could kill myself for that", TC_INTENT_DANGER},
		{"i feel anxious before meetings", TC_INTENT_NONE},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tc_words words;
		tc_words_split(&words, cases[i].text);
		enum tc_intent intent = tc_intent_of(&words);
		if (intent != cases[i].intent) {
			fail_msg("\"%s\": %s", cases[i].text, tc_intent_str(intent));
		}
	}
}

static void people_are_given_back_their_own_words(void **state)
{
	static const char *const cases[][2] = {
		{"i am tired", "you are tired"},
		{"i was never asked", "you were never asked"},
		{"my boss was angry with me", "your boss was angry with you"},
		{"i'm sure you are right", "you are sure I am right"},
		{"you said it to me", "I said it to you"},
		{"nobody listens to you", "nobody listens to me"},
		{"i really am trying", "you really are trying"},
		{"we had our first argument", "you had your first argument"},
		{"i hurt myself", "you hurt yourself"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char out[200];
		struct tc_words words;
		tc_words_split(&words, cases[i][0]);
		tc_reflect_swap(&words, 0, words.count, out, sizeof(out));
		assert_string_equal(out, cases[i][1]);
	}
}

static void the_clause_that_carries_most_is_picked(void **state)
{
	static const char *const cases[][2] = {
		{"well i went home and then i felt so lonely", "i felt so lonely"},
		{"i feel anxious before meetings and my boss comes in at nine",
		 "i feel anxious before meetings"},
		{"i think i am stuck", "i am stuck"},
		{"um yeah so i want to change my", "i want to change"},
		{"my presentation", "my presentation"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char out[200];
		int from, to;
		struct tc_words words;
		tc_words_split(&words, cases[i][0]);
		tc_reflect_salient(&words, &from, &to);
		tc_words_join(&words, from, to, out, sizeof(out));
		assert_string_equal(out, cases[i][1]);
	}
}

static void no_reply_ignores_the_words_nor_repeats_its_phrasing(void **state)
{
	static const char *const said[] = {
		"i feel anxious before meetings", "my father does not listen",
		"the garden needs water",         "tomatoes",
		"how do i tell my wife",          "why is it so cold in march",
	};
	static const char *const kept[] = {"anxious",  "listen", "garden",
					   "tomatoes", "wife",   "march"};
	char before[600] = "";
	struct tc_phrasing last = {-1, -1, -1}, used;
	for (uint32_t pick = 0; pick < 400; pick++) {
		char out[600], small[600];
		struct tc_words words, reply;
		size_t i = pick / 20 % COUNT(said);
		tc_words_split(&words, said[i]);
		assert_true(tc_reflect(&words, false, pick * 2654435761u, &last, &used, out,
				       sizeof(out)));
		tc_words_split(&reply, out);
		snprintf(small, sizeof(small), "%s", kept[i]);
		assert_true(tc_words_have(&reply, small));
		assert_string_not_equal(out, before);
		strcpy(before, out);
		last = used;
	}
}

static int required(const char *text, float score, int stable_ms, bool to_orb)
{
	struct tc_words words;
	tc_words_split(&words, text);
	struct tc_endpoint_input input = {
		.words = &words, .end_score = score, .stable_ms = stable_ms, .to_orb = to_orb};
	return tc_endpoint_required_ms(&input);
}

static void the_wait_grows_with_what_is_unfinished(void **state)
{
	assert_int_equal(required("i feel tired", -0.5f, 500, false), 300);
	assert_int_equal(required("i feel tired", -1.2f, 500, false), 500);
	assert_int_equal(required("i feel tired", -2.5f, 500, false), 700);
	assert_int_equal(required("i feel tired and", -0.5f, 500, false), 600);
	assert_int_equal(required("i feel tired and", -2.5f, 500, false), 900);
	assert_int_equal(required("how much time is left", -0.5f, 500, true), 200);
	assert_int_equal(required("how much time is left", -0.5f, 500, false), 300);
	assert_int_equal(required("i feel tired", -0.5f, 0, false), 400);
	assert_int_equal(required("", -3.0f, 500, false), 700);
	for (float score = -6; score <= 0; score += 0.1f) {
		int ms = required("and because", score, 0, true);
		assert_in_range(ms, TC_ENDPOINT_FLOOR_MS, TC_ENDPOINT_CAP_MS);
	}
}

static void who_is_answered_is_a_table(void **state)
{
	static const struct {
		enum tc_mind_mode mode;
		enum tc_mind_role role;
		bool alone, addressed, answered;
	} rows[] = {
		{TC_MIND_ACTIVE, TC_MIND_CLIENT, false, false, true},
		{TC_MIND_ACTIVE, TC_MIND_COACH, false, false, false},
		{TC_MIND_ACTIVE, TC_MIND_COACH, true, false, true},
		{TC_MIND_ACTIVE, TC_MIND_COACH, false, true, true},
		{TC_MIND_ON_CALL, TC_MIND_CLIENT, true, false, false},
		{TC_MIND_ON_CALL, TC_MIND_CLIENT, false, true, true},
		{TC_MIND_ON_CALL, TC_MIND_COACH, false, true, true},
		{TC_MIND_SILENT, TC_MIND_CLIENT, true, true, false},
		{TC_MIND_SILENT, TC_MIND_COACH, true, true, false},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(tc_policy_answers(rows[i].mode, rows[i].role, rows[i].alone,
						   rows[i].addressed),
				 rows[i].answered);
	}
}

static void to_be_called_is_not_to_be_mentioned(void **state)
{
	static const struct {
		const char *text;
		bool called;
	} cases[] = {
		{"orb", true},
		{"hey orb", true},
		{"orb what time is it", true},
		{"what do you think orb", true},
		{"so hey orb can you help", true},
		{"the orb said that", false},
		{"i like the orb", false},
		{"orbs are round", false},
		{"orb lights are nice", false},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tc_words words;
		tc_words_split(&words, cases[i].text);
		if (tc_policy_addressed(&words, "orb", NULL, NULL) != cases[i].called) {
			fail_msg("%s", cases[i].text);
		}
	}
}

static void add(struct tc_memory *memory, const char *text, bool client, bool orb, int64_t start)
{
	struct tc_utterance u = {.user_id = (char *)"a",
				 .text = (char *)text,
				 .client = client,
				 .orb = orb,
				 .confidence = 0.9f,
				 .start_ms = start,
				 .end_ms = start + 1000};
	assert_int_equal(tc_memory_add(memory, &u), 0);
}

static void memory_is_in_order_and_bounded(void **state)
{
	struct tc_memory memory = {0};
	add(&memory, "second", true, false, 2000);
	add(&memory, "first", true, false, 1000);
	assert_string_equal(memory.at[0].text, "first");
	for (int i = 0; i < TC_MEMORY_MAX + 10; i++) {
		add(&memory, "more", true, false, 3000 + i);
	}
	assert_int_equal(memory.count, TC_MEMORY_MAX);
	assert_string_equal(memory.at[0].text, "more");
	tc_memory_finish(&memory);
}

static void topics_are_stems_of_what_people_said(void **state)
{
	struct tc_memory memory = {0};
	struct tc_topics topics;
	add(&memory, "i feel anxious before every meeting", true, false, 0);
	add(&memory, "these meetings make me anxious and my sleep is bad", true, false, 1000);
	add(&memory, "when did the meetings begin", false, false, 2000);
	add(&memory, "elephants elephants elephants", false, true, 3000); /* the orb's own */
	assert_int_equal(tc_topics_find(&memory, &topics), 0);
	assert_true(topics.count >= 2);
	assert_string_equal(topics.at[0], "anxious");
	assert_string_equal(topics.at[1], "meeting");
	for (int i = 0; i < topics.count; i++) {
		assert_string_not_equal(topics.at[i], "elephants");
	}
	tc_memory_finish(&memory);
}

static void hear_into(struct tc_memory *memory, const char *text, float confidence, int64_t start)
{
	struct tc_utterance u = {.user_id = (char *)"a",
				 .text = (char *)text,
				 .client = true,
				 .confidence = confidence,
				 .start_ms = start};
	assert_int_equal(tc_memory_add(memory, &u), 0);
}

static void what_was_misheard_is_no_topic(void **state)
{
	struct tc_memory memory = {0};
	struct tc_topics topics;
	hear_into(&memory, "walrus walrus anchovy", 0.3f, 0);
	hear_into(&memory, "the lantern in my boss", 0.55f, 1000); /* "the pattern with my boss" */
	hear_into(&memory, "my boss never listens", 0.6f, 2000);
	hear_into(&memory, "walrus please", 0.4f, 3000);
	hear_into(&memory, "the office is loud", 0.8f, 4000);
	assert_int_equal(tc_topics_find(&memory, &topics), 0);
	assert_int_equal(topics.count, 3);
	assert_string_equal(topics.at[0], "boss"); /* twice */
	assert_string_equal(topics.at[1], "loud");
	assert_string_equal(topics.at[2], "office");
	tc_memory_finish(&memory);
}

static void a_summary_tells_times_as_people_do(void **state)
{
	static const struct {
		int64_t ms;
		const char *told;
	} cases[] = {
		{0, "The client spoke 1 time, 1 second in all."},
		{34400, "The client spoke 1 time, 34 seconds in all."},
		{89000, "The client spoke 1 time, 89 seconds in all."},
		{90000, "The client spoke 1 time, 2 minutes in all."},
		{720000, "The client spoke 1 time, 12 minutes in all."},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tc_mind_said said = {.user_id = "a",
					    .text = "so it goes",
					    .end_ms = cases[i].ms,
					    .role = TC_MIND_CLIENT};
		struct tc_buf out;
		tc_buf_init(&out);
		assert_int_equal(tc_mind_summary_of(&said, 1, cases[i].ms, &out), 0);
		if (!strstr(tc_buf_str(&out), cases[i].told)) {
			fail_msg("%s not in %s", cases[i].told, tc_buf_str(&out));
		}
		tc_buf_finish(&out);
	}
}

/* --- the whole --- */

struct world {
	struct tc_mind *mind;
	uint32_t speaking, prepared; /* answers the mind has under way */
	uint32_t asked[2];           /* end_turn of whom */
	bool due[2];
	int64_t now;
	bool humans[2];
};

static void on_end_turn(void *user, const char *id, uint32_t utterance)
{
	struct world *w = user;
	w->due[id[0] == 'b'] = true;
}

static void on_prepare(void *user, uint32_t answer, const char *text)
{
	struct world *w = user;
	assert_true(text[0] && answer);
	w->prepared = answer;
}

static void on_speak(void *user, uint32_t answer, const char *text)
{
	struct world *w = user;
	assert_true(text[0] && answer);
	assert_int_equal(w->speaking, 0);           /* never two at once */
	assert_false(w->humans[0] || w->humans[1]); /* never over a speaking human */
	w->speaking = answer;
}

static void on_cancel(void *user, uint32_t answer)
{
	struct world *w = user;
	assert_true(answer == w->speaking || answer == w->prepared);
	if (answer == w->speaking) {
		w->speaking = 0;
		/* As an owner may: it says how far it came from inside the call. */
		tc_mind_play_ended(w->mind, answer, 5, true, w->now);
	}
}

static const struct tc_mind_events world_events = {
	.end_turn = on_end_turn,
	.prepare = on_prepare,
	.speak = on_speak,
	.cancel = on_cancel,
};

static uint32_t rnd(uint32_t *r, uint32_t below)
{
	*r = *r * 1664525u + 1013904223u;
	return (*r >> 10) % below;
}

static void random_step(struct world *w, uint32_t *r)
{
	static const char *const texts[] = {
		"i feel tired",
		"stop",
		"hey orb how much time is left",
		"yeah",
		"breathing exercise",
		"what can you do",
		"and",
		"continue",
		"",
	};
	const char *id = rnd(r, 2) ? "b" : "a";
	int who = id[0] == 'b';
	struct tc_mind_words words = {.utterance = 1,
				      .text = texts[rnd(r, COUNT(texts))],
				      .confidence = (float)rnd(r, 100) / 100,
				      .end_score = -(float)rnd(r, 3),
				      .stable_ms = (int)rnd(r, 300),
				      .start_ms = w->now - 500,
				      .end_ms = w->now};
	switch (rnd(r, 12)) {
	case 0:
		w->humans[who] = true;
		tc_mind_speech_start(w->mind, id, w->now);
		break;
	case 1:
	case 2:
		w->humans[who] = false;
		tc_mind_speech_end(w->mind, id, w->now);
		break;
	case 3:
	case 4:
		tc_mind_partial(w->mind, id, &words, w->now);
		break;
	case 5:
	case 6:
		if (!w->due[who]) {
			break;
		}
		w->due[who] = false;
		if (words.text[0]) {
			tc_mind_final(w->mind, id, &words, w->now);
		} else {
			tc_mind_discarded(w->mind, id, 1, w->now);
		}
		break;
	case 7:
		if (w->speaking) {
			tc_mind_play_started(w->mind, w->speaking, w->now);
		}
		break;
	case 8:
		if (w->speaking) {
			uint32_t answer = w->speaking;
			w->speaking = 0;
			tc_mind_play_ended(w->mind, answer, 1000, false, w->now);
		}
		break;
	case 9:
		w->humans[who] = false;
		if (rnd(r, 4) == 0) {
			tc_mind_left(w->mind, id, w->now);
		}
		tc_mind_joined(w->mind, id, who ? TC_MIND_COACH : TC_MIND_CLIENT, "Eva", w->now);
		tc_mind_connected(w->mind, id, w->now);
		break;
	case 10:
		tc_mind_set_muted(w->mind, rnd(r, 3) == 0, w->now);
		tc_mind_set_mode(w->mind, (enum tc_mind_mode)rnd(r, 3), w->now);
		break;
	default:
		w->now += rnd(r, 400);
		while (tc_mind_next(w->mind) <= w->now) {
			tc_mind_tick(w->mind, w->now);
		}
	}
}

static void random_events_never_break_its_promises(void **state)
{
	for (uint32_t seed = 1; seed <= 60; seed++) {
		struct world w = {.now = 1000};
		uint32_t r = seed;
		struct tc_mind_config config = {.now_ms = w.now, .seed = seed};
		assert_int_equal(tc_mind_create(&w.mind, &config, &world_events, &w), 0);
		tc_mind_joined(w.mind, "a", TC_MIND_CLIENT, "Anna", w.now);
		tc_mind_joined(w.mind, "b", TC_MIND_COACH, "Ben", w.now);
		for (int i = 0; i < 2000; i++) {
			random_step(&w, &r);
		}
		struct tc_buf out;
		struct tc_json json;
		tc_buf_init(&out);
		tc_mind_summary(w.mind, w.now, &out);
		assert_int_equal(tc_json_parse(&json, out.data, out.len, NULL), 0);
		tc_buf_finish(&out);
		tc_mind_destroy(w.mind);
	}
}

/* --- a session that is not new --- */

struct listener {
	struct tc_mind *mind;
	char said[4][1024];
	int count;
};

static void on_said(void *user, uint32_t answer, const char *text)
{
	struct listener *l = user;
	assert_true(l->count < 4);
	snprintf(l->said[l->count++], sizeof(l->said[0]), "%s", text);
	tc_mind_play_started(l->mind, answer, 900000);
	tc_mind_play_ended(l->mind, answer, strlen(text), false, 900000);
}

static const struct tc_mind_events listening = {.speak = on_said};

static struct tc_mind *restored_mind(struct listener *l, bool hold)
{
	struct tc_mind_config config = {
		.orb_user_id = "orb", .now_ms = 900000, .began_ms = 300000, .hold = hold};
	assert_int_equal(tc_mind_create(&l->mind, &config, &listening, l), 0);
	return l->mind;
}

static const struct tc_mind_said before[] = {
	{"orb", "Hello Anna. I am the orb.", 1000, 3000, .orb = true},
	{"a", "i want to sleep", 4000, 6000, .role = TC_MIND_CLIENT},
	{"orb", "You would like to sleep. What is in your way?", 6500, 9000, .orb = true},
};

static void run_to(struct tc_mind *mind, int64_t until)
{
	for (int64_t next; (next = tc_mind_next(mind)) <= until;) {
		tc_mind_tick(mind, next);
	}
}

static void hear(struct tc_mind *mind, const char *text, int64_t now)
{
	struct tc_mind_words words = {.utterance = 9,
				      .text = text,
				      .confidence = 0.9f,
				      .start_ms = now - 900,
				      .end_ms = now};
	tc_mind_speech_start(mind, "a", now - 900);
	tc_mind_partial(mind, "a", &words, now);
	tc_mind_speech_end(mind, "a", now);
	run_to(mind, now + 5000);
	tc_mind_final(mind, "a", &words, now + 5000);
}

static void a_restored_mind_knows_who_was_there_and_what_was_said(void **state)
{
	struct listener l = {0};
	struct tc_mind *mind = restored_mind(&l, true);
	tc_mind_joined(mind, "a", TC_MIND_CLIENT, "Anna", 900000);
	tc_mind_connected(mind, "a", 900000);
	run_to(mind, 902000);
	assert_int_equal(l.count, 0); /* the memory may still come */
	assert_int_equal(tc_mind_restore(mind, before, 3, 902000), 0);
	tc_mind_go(mind, 902000);
	run_to(mind, 930000);
	assert_int_equal(l.count, 0); /* she was greeted in the life before */

	tc_mind_joined(mind, "b", TC_MIND_COACH, "Ben Coach", 930000);
	tc_mind_connected(mind, "b", 930000);
	run_to(mind, 940000);
	assert_int_equal(l.count, 1);
	assert_string_equal(l.said[0], "Hello Ben. Good to have you here.");

	hear(mind, "how much time is left", 945000);
	assert_int_equal(l.count, 2);
	assert_string_equal(l.said[1],
			    "This session has no fixed end. We have been talking for 10 minutes.");

	struct tc_buf out;
	tc_buf_init(&out);
	tc_mind_summary(mind, 960000, &out);
	const char *json = tc_buf_str(&out);
	assert_non_null(strstr(json, "\"duration\":660000"));
	assert_non_null(strstr(json, "{\"userId\":\"orb\",\"text\":\"Hello Anna. I am the orb.\","
				     "\"startMs\":1000,\"endMs\":3000}"));
	assert_non_null(strstr(json, "i want to sleep"));
	assert_non_null(strstr(json, "Good to have you here."));
	tc_buf_finish(&out);
	tc_mind_destroy(mind);
}

static void a_restored_mind_can_repeat_what_it_said_in_an_earlier_life(void **state)
{
	struct listener l = {0};
	struct tc_mind *mind = restored_mind(&l, true);
	assert_int_equal(tc_mind_restore(mind, before, 3, 900000), 0);
	tc_mind_joined(mind, "a", TC_MIND_CLIENT, "Anna", 900000);
	tc_mind_knows(mind, "a");
	tc_mind_go(mind, 900000);
	tc_mind_connected(mind, "a", 900000);
	hear(mind, "can you repeat that please", 902000);
	assert_int_equal(l.count, 1);
	assert_string_equal(l.said[0], "I said: You would like to sleep. What is in your way?");
	tc_mind_destroy(mind);
}

static void without_a_memory_people_are_greeted_in_the_end(void **state)
{
	struct listener l = {0};
	struct tc_mind *mind = restored_mind(&l, true);
	tc_mind_joined(mind, "a", TC_MIND_CLIENT, "Anna", 900000);
	tc_mind_connected(mind, "a", 900000);
	run_to(mind, 920000);
	assert_int_equal(l.count, 0);
	tc_mind_go(mind, 920000);
	run_to(mind, 921000);
	assert_int_equal(l.count, 1);
	assert_non_null(strstr(l.said[0], "I am the orb"));
	tc_mind_destroy(mind);
}

/* The voice fails: one warning, not one each time it is tried anew. */
static void a_greeting_that_cannot_be_said_is_not_tried_for_ever(void **state)
{
	struct world w = {.now = 1000};
	struct tc_mind_config config = {.now_ms = w.now};
	assert_int_equal(tc_mind_create(&w.mind, &config, &world_events, &w), 0);
	tc_mind_joined(w.mind, "a", TC_MIND_CLIENT, "Anna", w.now);
	tc_mind_connected(w.mind, "a", w.now);
	run_to(w.mind, 2000);
	uint32_t answer = w.speaking;
	assert_int_not_equal(answer, 0);
	w.speaking = 0;
	tc_mind_play_ended(w.mind, answer, 0, true, 2010);
	run_to(w.mind, 30000);
	assert_int_equal(w.speaking, 0);
	tc_mind_destroy(w.mind);
}

static void a_summary_needs_no_mind(void **state)
{
	struct tc_buf out, same;
	struct listener l = {0};
	struct tc_mind *mind = restored_mind(&l, false);
	assert_int_equal(tc_mind_restore(mind, before, 3, 900000), 0);
	tc_buf_init(&out);
	tc_buf_init(&same);
	tc_mind_summary(mind, 900000, &out);
	assert_int_equal(tc_mind_summary_of(before, 3, 600000, &same), 0);
	assert_string_equal(tc_buf_str(&out), tc_buf_str(&same));
	tc_buf_finish(&out);
	tc_buf_finish(&same);
	tc_mind_destroy(mind);
	int err = -1;
	TC_OOM_LOOP(n)
	{
		tc_buf_init(&out);
		err = tc_mind_summary_of(before, 3, 600000, &out);
		tc_buf_finish(&out);
	}
	assert_int_equal(err, 0);
}

static void failed_allocations_cost_memory_but_no_answer(void **state)
{
	TC_OOM_LOOP(n)
	{
		struct world w = {.now = 1000};
		struct tc_mind_config config = {.now_ms = w.now};
		struct tc_buf out;
		int err = tc_mind_create(&w.mind, &config, &world_events, &w);
		if (err) {
			assert_int_equal(err, -ENOMEM);
			continue;
		}
		struct tc_mind_words words = {.text = "what can you do",
					      .confidence = 0.9f,
					      .start_ms = 1000,
					      .end_ms = 1500};
		tc_mind_joined(w.mind, "a", TC_MIND_CLIENT, "Anna", w.now);
		tc_mind_final(w.mind, "a", &words, 2000);
		assert_int_not_equal(w.speaking, 0);
		tc_mind_play_started(w.mind, w.speaking, 2020);
		tc_mind_play_ended(w.mind, w.speaking, 10, false, 3000);
		tc_buf_init(&out);
		tc_mind_summary(w.mind, 4000, &out);
		tc_buf_finish(&out);
		tc_mind_destroy(w.mind);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_find_words_gaps_and_anchors),
		cmocka_unit_test(text_becomes_words_however_long),
		cmocka_unit_test(what_people_want_is_told_apart),
		cmocka_unit_test(people_are_given_back_their_own_words),
		cmocka_unit_test(the_clause_that_carries_most_is_picked),
		cmocka_unit_test(no_reply_ignores_the_words_nor_repeats_its_phrasing),
		cmocka_unit_test(the_wait_grows_with_what_is_unfinished),
		cmocka_unit_test(who_is_answered_is_a_table),
		cmocka_unit_test(to_be_called_is_not_to_be_mentioned),
		cmocka_unit_test(memory_is_in_order_and_bounded),
		cmocka_unit_test(topics_are_stems_of_what_people_said),
		cmocka_unit_test(what_was_misheard_is_no_topic),
		cmocka_unit_test(a_summary_tells_times_as_people_do),
		cmocka_unit_test(random_events_never_break_its_promises),
		cmocka_unit_test(a_restored_mind_knows_who_was_there_and_what_was_said),
		cmocka_unit_test(a_restored_mind_can_repeat_what_it_said_in_an_earlier_life),
		cmocka_unit_test(without_a_memory_people_are_greeted_in_the_end),
		cmocka_unit_test(a_greeting_that_cannot_be_said_is_not_tried_for_ever),
		cmocka_unit_test(a_summary_needs_no_mind),
		cmocka_unit_test(failed_allocations_cost_memory_but_no_answer),
	};
	return cmocka_run_group_tests_name("mind", tests, NULL, NULL);
}
