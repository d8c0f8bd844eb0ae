// SPDX-License-Identifier: Apache-2.0
// What a recognizer makes of people's words: fragments, doubtful words, half wishes.
#include "mind/clause.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "mind/intent.h"
#include "mind/reflect.h"
#include "mind/words.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void a_fragment_is_told_from_a_sentence(void **state)
{
	static const struct {
		const char *text;
		enum tc_clause clause;
	} cases[] = {
		{"i feel as", TC_CLAUSE_BROKEN},
		{"i feel", TC_CLAUSE_BROKEN},
		{"i have", TC_CLAUSE_BROKEN},
		{"i the same", TC_CLAUSE_BROKEN},
		{"i is tired", TC_CLAUSE_BROKEN},
		{"i five off", TC_CLAUSE_BROKEN},
		{"i wife's", TC_CLAUSE_BROKEN},
		{"i feel worried after the me", TC_CLAUSE_BROKEN},
		{"i'm", TC_CLAUSE_BROKEN},
		{"i have a the half of the thief", TC_CLAUSE_BROKEN},
		{"i live life with of of deaths which lives", TC_CLAUSE_BROKEN},
		{"i feel happy with my my", TC_CLAUSE_BROKEN},
		{"much time is", TC_CLAUSE_BROKEN},
		{"much time", TC_CLAUSE_BROKEN},
		{"feel time", TC_CLAUSE_BROKEN},
		{"if life", TC_CLAUSE_BROKEN},
		{"our", TC_CLAUSE_BROKEN},
		{"five five", TC_CLAUSE_BROKEN},
		{"the", TC_CLAUSE_BROKEN},
		{"he by even a been made amiable himself", TC_CLAUSE_BROKEN},
		{"unless to be rather cold hearted", TC_CLAUSE_BROKEN},
		{"thirty three four or six ninety two", TC_CLAUSE_BROKEN},
		{"i feel tired", TC_CLAUSE_WHOLE},
		{"i'm tired", TC_CLAUSE_WHOLE},
		{"i really am trying", TC_CLAUSE_WHOLE},
		{"i feel as if nobody listens", TC_CLAUSE_WHOLE},
		{"i do not know what to do about my son", TC_CLAUSE_WHOLE},
		{"i want to exercise more", TC_CLAUSE_WHOLE},
		{"there are days like that", TC_CLAUSE_WHOLE},
		{"my team does not listen to me", TC_CLAUSE_WHOLE},
		{"the garden needs water", TC_CLAUSE_WHOLE},
		{"meetings make me anxious", TC_CLAUSE_WHOLE},
		{"nobody listens to you", TC_CLAUSE_WHOLE},
		{"my presentation", TC_CLAUSE_TOPIC},
		{"the meeting with my boss", TC_CLAUSE_TOPIC},
		{"tomatoes", TC_CLAUSE_TOPIC},
		{"ten of clubs", TC_CLAUSE_BROKEN},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tc_words words;
		tc_words_split(&words, cases[i].text);
		enum tc_clause clause = tc_clause_judge(&words, 0, words.count);
		if (clause != cases[i].clause) {
			fail_msg("\"%s\": %d", cases[i].text, (int)clause);
		}
	}
}

static void doubtful_words_are_given_back_only_where_they_are_a_short_sentence(void **state)
{
	static const struct {
		const char *text;
		bool unsure;
		const char *reply; /* what it must begin with; "": none */
	} cases[] = {
		{"so i feel as", false, ""},
		{"so much time is", false, ""},
		{"what the", false, ""},
		{"i feel sad at night", true, "If I heard you right, you feel sad at night."},
		{"i am afraid of my five month", true,
		 "I did not catch all of that, only the word afraid."},
		{"i love to civilian life for the food gave", true, ""},
		{"full feel off", true, ""},
		{"would you say to my mind", true, ""},
		{"now night feel grateful", false,
		 "I did not catch all of that, only the word grateful."},
		{"help me with my goals", false, "Let's look at your goals together."},
		{"would you like to try time management", false, "You ask: would I like to try"},
		{"tell me a story", false, "You ask me to tell you a story."},
		{"my presentation", true, ""},
	};
	struct tc_phrasing none = {-1, -1, -1};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tc_words words;
		struct tc_phrasing used;
		char out[600];
		tc_words_split(&words, cases[i].text);
		bool some = tc_reflect(&words, cases[i].unsure, 1, &none, &used, out, sizeof(out));
		bool right = strncmp(out, cases[i].reply, strlen(cases[i].reply)) == 0;
		if (!right || some != (cases[i].reply[0] != '\0') || some != (out[0] != '\0')) {
			fail_msg("\"%s\": %s", cases[i].text, out);
		}
	}
}

/* What PocketSphinx made of voices, some of them noisy or cut (flite's and pocketsphinx-testdata).
 */
static void what_a_recognizer_makes_of_a_sentence_is_no_other_wish(void **state)
{
	static const struct {
		const char *heard;
		enum tc_intent intent;
	} cases[] = {
		{"how much time do we have away", TC_INTENT_TIME},
		{"how much time is", TC_INTENT_TIME},
		{"so much time is", TC_INTENT_TIME},
		{"much time is left", TC_INTENT_TIME},
		{"how many minutes do we have", TC_INTENT_TIME},
		{"so much fun is life", TC_INTENT_NONE},
		{"so much time is wasted in meetings", TC_INTENT_NONE},
		{"i have so much time", TC_INTENT_NONE},
		{"i have no time and my husband left", TC_INTENT_NONE},
		{"that was the first time he left", TC_INTENT_NONE},
		{"how much time do i spend on that", TC_INTENT_NONE},
		{"can we do a breathing exercise", TC_INTENT_BREATHE},
		{"let us talk about a breathing exercise", TC_INTENT_BREATHE},
		{"i did a breathing exercise yesterday", TC_INTENT_NONE},
		{"i do not like breathing", TC_INTENT_NONE},
		{"i cannot go on", TC_INTENT_NONE},
		{"i keep going to the wrong meetings", TC_INTENT_NONE},
		{"can you go on", TC_INTENT_CONTINUE},
		{"okay carry on", TC_INTENT_CONTINUE},
		{"i will continue", TC_INTENT_NONE},
		{"i always repeat that mistake", TC_INTENT_NONE},
		{"i say it again and again", TC_INTENT_NONE},
		{"could you say that again", TC_INTENT_REPEAT},
		{"i help people", TC_INTENT_NONE},
		{"nobody can help", TC_INTENT_NONE},
		{"help me with my go", TC_INTENT_NONE},
		{"what do you do when you are sad", TC_INTENT_NONE},
		{"my boss never says thank you", TC_INTENT_NONE},
		{"thank you", TC_INTENT_THANKS},
		{"okay thank you so much", TC_INTENT_THANKS},
		{"i said goodbye to her", TC_INTENT_NONE},
		{"i see you", TC_INTENT_NONE},
		{"good night", TC_INTENT_GOODBYE},
		{"enough sleep for me", TC_INTENT_NONE},
		{"he told me to stop it", TC_INTENT_NONE},
		{"yes i feel sad", TC_INTENT_NONE},
		{"yes i do", TC_INTENT_YES},
		{"no i am sad", TC_INTENT_NONE},
		{"no i don't", TC_INTENT_NO},
		{"go somewhere and do something", TC_INTENT_NONE},
		{"he was not until exposed young man", TC_INTENT_NONE},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct tc_words words;
		tc_words_split(&words, cases[i].heard);
		enum tc_intent intent = tc_intent_of(&words);
		if (intent != cases[i].intent) {
			fail_msg("\"%s\": %s", cases[i].heard, tc_intent_str(intent));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fragment_is_told_from_a_sentence),
		cmocka_unit_test(
			doubtful_words_are_given_back_only_where_they_are_a_short_sentence),
		cmocka_unit_test(what_a_recognizer_makes_of_a_sentence_is_no_other_wish),
	};
	return cmocka_run_group_tests_name("heard", tests, NULL, NULL);
}
