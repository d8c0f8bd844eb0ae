// SPDX-License-Identifier: Apache-2.0
// Who calls the orb by its name is answered, whatever the recognizer made of the words; and a
// client is never met by silence.
#include "mind/mind.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct call {
	struct tc_mind *mind;
	int64_t now;
	uint32_t playing;
	char said[1024]; /* the newest answer; "": none since it was asked */
};

static void on_speak(void *user, uint32_t answer, const char *text)
{
	struct call *call = user;
	call->playing = answer;
	snprintf(call->said, sizeof(call->said), "%s", text);
}

static const struct tc_mind_events events = {.speak = on_speak};

/* Coach Carl and client Anna, long since greeted. */
static void begin(struct call *call, uint32_t seed)
{
	*call = (struct call){.now = 60000};
	struct tc_mind_config config = {.session_end_ms = 660000, .now_ms = 1000, .seed = seed};
	assert_int_equal(tc_mind_create(&call->mind, &config, &events, call), 0);
	tc_mind_joined(call->mind, "carl", TC_MIND_COACH, "Carl", 1000);
	tc_mind_joined(call->mind, "anna", TC_MIND_CLIENT, "Anna", 1000);
}

static void end(struct call *call)
{
	tc_mind_destroy(call->mind);
}

static void play_to_the_end(struct call *call)
{
	while (call->playing) {
		uint32_t answer = call->playing;
		call->playing = 0;
		tc_mind_play_started(call->mind, answer, call->now += 20);
		tc_mind_play_ended(call->mind, answer, strlen(call->said), false,
				   call->now += 2000);
	}
}

static struct tc_mind_words words_of(const struct call *call, const char *text, float confidence)
{
	return (struct tc_mind_words){.utterance = 1,
				      .text = text,
				      .confidence = confidence,
				      .end_score = -0.5f,
				      .stable_ms = 300,
				      .start_ms = call->now - 1500,
				      .end_ms = call->now};
}

/* What is said to it, "": nothing. */
static const char *answer_to(struct call *call, const char *who, const char *text, float confidence)
{
	struct tc_mind_words words = words_of(call, text, confidence);
	call->said[0] = '\0';
	tc_mind_final(call->mind, who, &words, call->now);
	return call->said;
}

/* As PocketSphinx heard four voices of flite through Opus, a coach asking the orb. */
static void a_coach_who_is_misheard_is_answered(void **state)
{
	static const struct {
		const char *heard, *answered;
	} cases[] = {
		{"orb ago much time is left", "minutes left"},
		{"orb on much time is left", "minutes left"},
		{"orb calm much time is left", "minutes left"},
		{"orb them much time is left", "minutes left"},
		{"org on much time do we have lived", "minutes left"},
		{"orb them much time do we have left", "minutes left"},
		{"hey orb can much time is left", "minutes left"},
		{"there orb calm much time is left", "minutes left"},
		{"hey aren't how much time is left", "minutes left"},
		{"have much time do we have left orb", "minutes left"},
		{"hello much time do we have left orb", "minutes left"},
		{"orb how much time is left", "minutes left"},
		{"or become much time is left", "minutes left"},
		{"orb know much time is left", "minutes left"},
		{"orb down much time is left", "minutes left"},
		{"orb much time", "minutes left"},
		{"orb the time left please", "minutes left"},
		{"orb is there any time left", "minutes left"},
		{"orb can you repeat that please", "I have not said"},
		{"orb can hear repeat that plays", "I have not said"},
		{"aren't can you repeat that please", "I have not said"},
		{"orange please repeat that", "I have not said"},
		{"orb repeat", "I have not said"},
		{"orb say it to me again", "I have not said"},
		{"orb help", "I can guide"},
		{"aren't help", "I can guide"},
		{"orange can you help us", "I can guide"},
		{"orange what can you do", "I can guide"},
		{"hey orb which do breathing exercise", "Let's breathe together"},
		{"i wear orb what's do a breathing exercise", "Let's breathe together"},
		{"orb by does to breathing exercise", "Let's breathe together"},
		{"orange guide us through a breathing exercise", "Let's breathe together"},
		{"hello orb can you hear me", "Yes, I can hear you"},
		{"orb", "Yes, I am listening."},
		{"there orb", "Yes, I am listening."},
		{"hey orb", "Yes, I am listening."},
		{"ah orb what can you give", "what can I give"},
		{"orb what that you said", "I have not said"},
		{"orb what do you think about that", "what do I think about that"},
		{"what do you think orb", "what do I think"},
		{"orb i feel tired", "you feel tired"},
		{"orb does anna sound stressed", "does anna sound stressed"},
		{"orb has anna spoken", "has anna spoken"},
		{"orb has she finished", "has she finished"},
		{"orb is anna still here", "is anna still here"},
		{"orb is everything okay", "is everything okay"},
		{"orb is time up", "minutes left"},
		{"orb is our session over", "minutes left"},
		{"orb was that clear", "was that clear"},
		{"orb was anna sad", "was anna sad"},
		{"orb will anna come back", "will anna come back"},
		{"orb who is speaking", "who is speaking"},
		{"orb which exercise can we do", "I can guide"},
		{"orb which exercises do you know", "I can guide"},
		{"orb can you help was", "I can guide"},
		{"orb i want you to guide anna through a breathing exercise for a while because "
		 "she "
		 "had a hard week and was not well",
		 "Let's breathe together"},
		{"orb could you please start a breathing exercise because we had a long and tiring "
		 "day yesterday",
		 "Let's breathe together"},
		{"orb tell anna that she did well", "I cannot pass that on"},
		{"orb tell her i am proud of her", "I cannot pass that on"},
		{"orb can you ask anna how she feels", "I cannot pass that on"},
		{"orb tell anna how much time is left", "minutes left"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct call call;
		begin(&call, (uint32_t)i);
		const char *said = answer_to(&call, "carl", cases[i].heard, 0.7f);
		if (!strcasestr(said, cases[i].answered)) {
			fail_msg("\"%s\": \"%s\"", cases[i].heard, said);
		}
		end(&call);
	}
}

static void to_talk_about_the_orb_is_no_call(void **state)
{
	static const char *const cases[] = {
		"the orb is listening",
		"orb is listening",
		"he orb is listening",
		"the orb is listening to",
		"orb was listening the whole time",
		"orb is listening to us",
		"orb said so",
		"orb has not said much today",
		"orb has already spoken to me",
		"orb is really good at this",
		"orb is a computer program",
		"orb did a good job",
		"orb does not listen to me",
		"orb didn't answer me yesterday",
		"orb had the answer ready",
		"i like the orb",
		"i like what the orb said",
		"i like what he orb said",
		"orb said there is time left",
		"you can ask the orb how much time is left",
		"the orb can repeat that",
		"orb lights are nice",
		"orbs are round",
		"i told orb to repeat that",
		"say hello to the orb",
		"aren't you tired",
		"aren't we out of time",
		"aren't there some minutes left",
		"orange is the new black",
		"an orange would help",
		"or can you say that again",
		"or we could do a breathing exercise",
		"or most of the time you left",
		"or stop it",
		"how much time is left",
		"how was your week",
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct call call;
		begin(&call, 1);
		const char *said = answer_to(&call, "carl", cases[i], 0.9f);
		if (said[0]) {
			fail_msg("\"%s\": \"%s\"", cases[i], said);
		}
		end(&call);
	}
}

static void what_was_not_caught_is_named(void **state)
{
	struct call call;
	begin(&call, 1);
	const char *said = answer_to(&call, "carl", "orb ago munch team in lift", 0.7f);
	assert_non_null(
		strstr(said, "I did not quite catch that. I heard: ago munch team in lift."));
	assert_non_null(strstr(said, "breathing exercise"));
	play_to_the_end(&call);
	call.now += 3000;
	said = answer_to(&call, "carl", "orb a lunch beam", 0.3f);
	assert_non_null(strstr(said, "still did not catch that"));
	assert_non_null(strstr(said, "a lunch beam"));
	end(&call);
}

static void a_half_guess_is_asked_about_and_yes_means_it(void **state)
{
	struct call call;
	begin(&call, 1);
	const char *said = answer_to(&call, "carl", "orb on time in a", 0.7f);
	assert_string_equal(said, "I did not quite catch that. Did you ask for the time left?");
	play_to_the_end(&call);
	call.now += 2000;
	assert_non_null(strstr(answer_to(&call, "carl", "yes please", 0.9f), "minutes left"));
	play_to_the_end(&call);
	call.now += 2000;
	assert_string_equal(answer_to(&call, "carl", "yes please", 0.9f), ""); /* said to Anna */
	end(&call);
}

/* A request heard too badly to be acted on. */
static void a_doubtful_request_is_asked_about(void **state)
{
	struct call call;
	begin(&call, 1);
	const char *said = answer_to(&call, "carl", "orb how much time is left", 0.4f);
	assert_non_null(strstr(said, "Did you ask for the time left?"));
	play_to_the_end(&call);
	call.now += 2000;
	said = answer_to(&call, "carl", "no", 0.9f);
	assert_true(said[0] && !strstr(said, "left"));
	end(&call);
}

static void who_was_asked_to_say_it_again_need_not_call_again(void **state)
{
	struct call call;
	begin(&call, 1);
	answer_to(&call, "carl", "orb ago munch team in lift", 0.7f);
	play_to_the_end(&call);
	call.now += 3000;
	assert_string_equal(answer_to(&call, "carl", "anna how was your week", 0.9f), "");
	assert_non_null(strstr(answer_to(&call, "carl", "how much time is left", 0.9f), "left"));
	play_to_the_end(&call);
	answer_to(&call, "carl", "orb ago munch team in lift", 0.7f);
	play_to_the_end(&call);
	call.now += 30000; /* too late: it may be for Anna */
	assert_string_equal(answer_to(&call, "carl", "how much time is left", 0.9f), "");
	end(&call);
}

static void who_only_called_it_goes_on_without_its_name(void **state)
{
	struct call call;
	begin(&call, 1);
	assert_string_equal(answer_to(&call, "carl", "hey orb", 0.9f), "Yes, I am listening.");
	play_to_the_end(&call);
	call.now += 3000;
	assert_non_null(strstr(answer_to(&call, "carl", "ago much time in left", 0.7f), "left"));
	play_to_the_end(&call);
	call.now += 3000;
	assert_string_equal(answer_to(&call, "carl", "how much time is left", 0.9f), "");
	end(&call);
}

static void a_muted_or_silent_orb_does_not_answer_its_name(void **state)
{
	struct call call;
	begin(&call, 1);
	tc_mind_set_muted(call.mind, true, call.now);
	assert_string_equal(answer_to(&call, "carl", "orb how much time is left", 0.9f), "");
	tc_mind_set_muted(call.mind, false, call.now);
	tc_mind_set_mode(call.mind, TC_MIND_SILENT, call.now);
	assert_string_equal(answer_to(&call, "carl", "orb how much time is left", 0.9f), "");
	tc_mind_set_mode(call.mind, TC_MIND_ON_CALL, call.now);
	assert_string_not_equal(answer_to(&call, "carl", "orb how much time is left", 0.9f), "");
	end(&call);
}

/* Anna spoke over it: she is answered first, as she has the floor, and the coach after her. */
static void a_call_by_name_is_not_forgotten_while_somebody_else_speaks(void **state)
{
	struct call call;
	begin(&call, 1);
	tc_mind_speech_start(call.mind, "anna", call.now - 1000);
	assert_string_equal(answer_to(&call, "carl", "orb how much time is left", 0.9f), "");
	call.now += 9000;
	tc_mind_speech_end(call.mind, "anna", call.now);
	while (tc_mind_next(call.mind) < INT64_MAX && tc_mind_next(call.mind) < call.now + 2000) {
		tc_mind_tick(call.mind, tc_mind_next(call.mind));
	}
	call.now += 2000;
	assert_non_null(strstr(answer_to(&call, "anna", "i feel tired", 0.9f), "tired"));
	uint32_t first = call.playing;
	tc_mind_play_started(call.mind, first, call.now += 20);
	tc_mind_play_ended(call.mind, first, strlen(call.said), false, call.now += 2000);
	assert_int_not_equal(call.playing, first);
	assert_non_null(strstr(call.said, "minutes left"));
	end(&call);
}

/* The coach began to speak with the first packet: of the answer nobody heard more than a click. */
static void an_answer_cut_before_it_was_heard_is_said_again(void **state)
{
	struct call call;
	begin(&call, 1);
	assert_non_null(strstr(answer_to(&call, "anna", "how much time is left", 0.9f), "left"));
	uint32_t first = call.playing;
	tc_mind_play_started(call.mind, first, call.now += 20);
	tc_mind_speech_start(call.mind, "carl", call.now += 5);
	struct tc_mind_words words = words_of(&call, "let me see", 0.9f);
	tc_mind_partial(call.mind, "carl", &words, call.now += 220);
	tc_mind_play_ended(call.mind, first, 2, true, call.now += 20);
	tc_mind_speech_end(call.mind, "carl", call.now);
	tc_mind_tick(call.mind, call.now += 1000);
	assert_int_equal(call.playing, first);
	tc_mind_final(call.mind, "carl", &words, call.now);
	assert_int_not_equal(call.playing, first);
	assert_non_null(strstr(call.said, "minutes left"));
	end(&call);
}

/* It waits for up to 20 s. */
static void the_time_left_is_that_of_when_it_is_said(void **state)
{
	struct call call;
	begin(&call, 1);
	call.now = 89000; /* of 660000 */
	assert_string_equal(answer_to(&call, "carl", "orb how much time is left", 0.9f),
			    "We have about 10 minutes left.");
	uint32_t first = call.playing;
	tc_mind_speech_start(call.mind, "anna", call.now += 10); /* no packet went out */
	tc_mind_play_ended(call.mind, first, 0, true, call.now += 10);
	tc_mind_speech_end(call.mind, "anna", call.now += 18000);
	tc_mind_tick(call.mind, call.now += 1000);
	call.said[0] = '\0';
	tc_mind_discarded(call.mind, "anna", 0, call.now);
	assert_string_equal(call.said, "We have about 9 minutes left.");
	end(&call);
}

/* "Your" is the coach's, where there is one; to the orb alone it is the orb's. */
static void what_people_say_to_each_other_is_not_taken_for_the_orb(void **state)
{
	static const char *const cases[] = {
		"i think we should talk about your plans",
		"i feel you never listen to me",
		"you said that i could change my job",
	};
	for (uint32_t i = 0; i < 3 * COUNT(cases); i++) {
		struct call call;
		begin(&call, i);
		const char *said = answer_to(&call, "anna", cases[i % COUNT(cases)], 0.9f);
		assert_true(said[0]);
		assert_null(strstr(said, " my "));
		assert_null(strstr(said, " I "));
		end(&call);
	}
}

/* Two words and more of a client's get an answer, however badly they were heard and whatever was
 * said before. (Nods, "stop" and words that somebody spoke over are another matter.) */
static void a_client_is_never_met_by_silence(void **state)
{
	static const char *const said[] = {
		"some of the rain in",
		"and then the other thing",
		"i feel as",
		"so much time is",
		"yes i do",
		"no not really",
		"no thanks",
		"i feel sad at night",
		"tomatoes and",
		"the",
		"what the",
		"five five",
		"orb ago much",
		"hello orb",
		"the orb is listening",
		"thank you",
		"can you sing",
		"of of",
		"yes please",
		"good night",
		"i is tired",
		"ago much time is left",
		"i",
		"orange please",
	};
	static const float confidences[] = {0.05f, 0.4f, 0.5f, 0.6f, 0.7f, 0.95f};
	struct call call;
	begin(&call, 3);
	for (uint32_t i = 0; i < 2000; i++) {
		const char *text = said[i * 7 % COUNT(said)];
		float confidence = confidences[i * 5 / 3 % COUNT(confidences)];
		bool one = !strchr(text, ' ');
		call.now += i % 13 * 1000;
		if (!answer_to(&call, "anna", text, confidence)[0] && !one) {
			fail_msg("\"%s\", sure by %.2f, after %u others", text, confidence, i);
		}
		play_to_the_end(&call);
	}
	end(&call);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_coach_who_is_misheard_is_answered),
		cmocka_unit_test(to_talk_about_the_orb_is_no_call),
		cmocka_unit_test(what_was_not_caught_is_named),
		cmocka_unit_test(a_half_guess_is_asked_about_and_yes_means_it),
		cmocka_unit_test(a_doubtful_request_is_asked_about),
		cmocka_unit_test(who_was_asked_to_say_it_again_need_not_call_again),
		cmocka_unit_test(who_only_called_it_goes_on_without_its_name),
		cmocka_unit_test(a_muted_or_silent_orb_does_not_answer_its_name),
		cmocka_unit_test(a_call_by_name_is_not_forgotten_while_somebody_else_speaks),
		cmocka_unit_test(an_answer_cut_before_it_was_heard_is_said_again),
		cmocka_unit_test(the_time_left_is_that_of_when_it_is_said),
		cmocka_unit_test(what_people_say_to_each_other_is_not_taken_for_the_orb),
		cmocka_unit_test(a_client_is_never_met_by_silence),
	};
	return cmocka_run_group_tests_name("called", tests, NULL, NULL);
}
