// SPDX-License-Identifier: Apache-2.0
#include "mind/reflect.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "mind/clause.h"
#include "mind/vocabulary.h"

#define MAX_UNSURE 6 /* words */

enum kind { GOOD, BAD, WISH, HARD, PEOPLE, PAST, TOPIC, OTHER, ASKED, KINDS };

static const char *const questions[KINDS][5] = {
	[GOOD] = {"What made that possible?", "What is the best part of it?",
		  "How could you have more of that?", "What does that say about you?",
		  "Who would you like to share it with?"},
	[BAD] = {"What do you notice in your body when that happens?", "When is it strongest?",
		 "What would make it a little lighter?", "When did that begin?",
		 "What do you need when it is like that?"},
	[WISH] = {"What would be a first small step?",
		  "How will you notice that you are getting there?",
		  "What makes it important to you right now?", "What has kept you from it so far?",
		  "Who could support you with that?"},
	[HARD] = {"What makes it so hard?", "What has helped before, even a little?",
		  "What would be the easiest part of it?", "What would change if it worked?",
		  "What have you tried so far?"},
	[PEOPLE] = {"How is that for you?", "What would you like to be different between you?",
		    "What do you think it looks like from their side?",
		    "What would you like to say to them?", "What do you need from them?"},
	[PAST] = {"How was that for you?", "What did you take away from it?",
		  "What would you do the same way again?", "What stayed with you afterwards?",
		  "What does it mean for today?"},
	[TOPIC] = {"What about it is on your mind?", "What matters most to you there?",
		   "Where would you like to begin with it?", "What comes up when you think of it?",
		   "What would you like to be different about it?"},
	[OTHER] = {"Tell me more about that.", "What is important about that for you?",
		   "What else belongs to it?", "How does that feel as you say it?",
		   "What would you like to look at first?"},
	[ASKED] = {"What would your own answer be?", "What have you thought of so far?",
		   "What would you tell a good friend who asked you that?",
		   "What makes that question important right now?",
		   "What would change if you knew?"},
};

/* %s: the person's words, turned round; the first letter is raised where it begins the sentence. */
static const char *const openers[] = {"%s.", "So %s.", "I hear that %s.", "It sounds like %s."};
static const char *const asked_openers[] = {"You are wondering %s.", "You would like to know %s.",
					    "You ask yourself %s."};

/* --- turning words round --- */

static bool follows_pronoun(const struct tc_words *words, int from, int i, const char *pronoun)
{
	if (i > from && strcmp(words->at[i - 1], pronoun) == 0) {
		return true;
	}
	return i > from + 1 && strcmp(words->at[i - 2], pronoun) == 0 &&
	       tc_word_in(words->at[i - 1], "really|just|also|always|never|still|often|not");
}

static const char *swapped(const struct tc_words *words, int from, int to, int i)
{
	static const char *const pairs[][2] = {
		{"i", "you"},         {"me", "you"},          {"my", "your"},
		{"mine", "yours"},    {"myself", "yourself"}, {"i'm", "you are"},
		{"i've", "you have"}, {"i'd", "you would"},   {"i'll", "you will"},
		{"we", "you"},        {"us", "you"},          {"our", "your"},
		{"we're", "you are"}, {"we've", "you have"},  {"ourselves", "yourselves"},
		{"your", "my"},       {"yours", "mine"},      {"yourself", "myself"},
		{"you're", "I am"},   {"you've", "I have"},
	};
	const char *word = words->at[i];
	const char *next = i + 1 < to ? words->at[i + 1] : "";
	bool after_i = follows_pronoun(words, from, i, "i");
	bool after_you = follows_pronoun(words, from, i, "you");
	if (strcmp(word, "am") == 0 && (after_i || strcmp(next, "i") == 0)) {
		return "are";
	}
	if (strcmp(word, "was") == 0 && (after_i || strcmp(next, "i") == 0)) {
		return "were";
	}
	if (strcmp(word, "are") == 0 && after_you) {
		return "am";
	}
	if (strcmp(word, "were") == 0 && after_you) {
		return "was";
	}
	if (strcmp(word, "you") == 0) {
		bool asked = i > from && tc_word_in(words->at[i - 1],
						    "would|could|can|do|did|will|should|have");
		return asked || tc_word_in(next, TC_VERB_AFTER_YOU) ? "I" : "me";
	}
	for (size_t p = 0; p < TC_COUNT(pairs); p++) {
		if (strcmp(word, pairs[p][0]) == 0) {
			return pairs[p][1];
		}
	}
	return word;
}

size_t tc_reflect_swap(const struct tc_words *words, int from, int to, char *out, size_t size)
{
	size_t len = 0;
	out[0] = '\0';
	for (int i = from; i < to; i++) {
		const char *word = swapped(words, from, to, i);
		size_t n = strlen(word);
		if (len + n + 2 > size) {
			break;
		}
		len += (size_t)snprintf(out + len, size - len, "%s%s", len ? " " : "", word);
	}
	return len;
}

/* --- the reply --- */

static enum kind kind_of(const struct tc_words *words, int from, int to)
{
	struct tc_words part = *words; /* shares nothing: at[] points into words, which lives on */
	memmove(part.at, part.at + from, (size_t)(to - from) * sizeof(part.at[0]));
	part.count = to - from;
	bool negated = tc_words_have(&part, "not|don't|didn't|never|can't|isn't|wasn't|no|hardly");
	if (tc_words_have(&part, TC_FEELING_BAD)) {
		return negated ? OTHER : BAD;
	}
	if (tc_words_have(&part, TC_FEELING_GOOD)) {
		return negated ? BAD : GOOD;
	}
	if (tc_words_have(&part, TC_HARD) || tc_words_find(&part, "don't|not know", NULL) >= 0 ||
	    tc_words_find(&part, "putting|put off", NULL) >= 0) {
		return HARD;
	}
	if (tc_words_have(&part, TC_WISH)) {
		return WISH;
	}
	if (tc_words_have(&part, TC_PEOPLE)) {
		return PEOPLE;
	}
	if (tc_words_have(&part, TC_PAST)) {
		return PAST;
	}
	return tc_words_have(&part, TC_SUBJECTS) && part.count > 2 ? OTHER : TOPIC;
}

static int choose(uint32_t pick, int count, int last)
{
	int choice = (int)(pick % (uint32_t)count);
	return choice == last ? (choice + 1) % count : choice;
}

/* "how do i X" -> "how to X", "why am i X" -> "why you are X", "what should i X" -> "what to X".
 * false: a question we cannot turn round. */
static bool indirect(const struct tc_words *words, char *out, size_t size)
{
	char rest[400];
	int at;
	if (tc_words_find(words, "^how|what|when|where|who do|can|could|should|would i|we", &at) ==
	    0) {
		tc_reflect_swap(words, at, words->count, rest, sizeof(rest));
		snprintf(out, size, "%s to %s", words->at[0], rest);
		return rest[0] != '\0';
	}
	if (tc_words_find(words, "^why|how|what|when do|does i|we", &at) == 0) {
		tc_reflect_swap(words, at, words->count, rest, sizeof(rest));
		snprintf(out, size, "%s you %s", words->at[0], rest);
		return rest[0] != '\0';
	}
	if (tc_words_find(words, "^why|how|what|when am|was|did|can't|can|have i|we", &at) == 0) {
		const char *verb = words->at[1];
		verb = strcmp(verb, "am") == 0 ? "are" : strcmp(verb, "was") == 0 ? "were" : verb;
		tc_reflect_swap(words, at, words->count, rest, sizeof(rest));
		snprintf(out, size, "%s you %s %s", words->at[0], verb, rest);
		return rest[0] != '\0';
	}
	return false;
}

static void raise(char *text)
{
	text[0] = (char)toupper((unsigned char)text[0]);
}

static void compose(char *out, size_t size, const char *opener, const char *said, bool unsure,
		    const char *question)
{
	char sentence[500];
	if (unsure) {
		snprintf(sentence, sizeof(sentence), "If I heard you right, %s.", said);
	} else if (strncmp(opener, "%s", 2) == 0) {
		snprintf(sentence, sizeof(sentence), "%s%s", said, opener + 2);
		raise(sentence);
	} else {
		const char *hole = strstr(opener, "%s");
		snprintf(sentence, sizeof(sentence), "%.*s%s%s", (int)(hole - opener), opener, said,
			 hole + 2);
	}
	snprintf(out, size, "%s %s", sentence, question);
}

/* A request we have no play for: name it, say what there is. */
static bool request(const struct tc_words *words, char *out, size_t size, const char *question)
{
	int at;
	char rest[400];
	if ((tc_words_find(words,
			   "^can|could|would|will you|we help|look|work|talk * with|about|at|on",
			   &at) == 0 ||
	     tc_words_find(words, "^help me|us with", &at) == 0) &&
	    at < words->count) {
		tc_reflect_swap(words, at, words->count, rest, sizeof(rest));
		snprintf(out, size, "Let's look at %s together. %s", rest, question);
		return true;
	}
	if (tc_words_find(words, "^would you like", NULL) == 0) {
		return false; /* an offer */
	}
	if (tc_words_find(words, "^tell|give|show|explain|sing|read|play|help me|us", NULL) == 0) {
		at = 0;
	} else if (tc_words_find(words, "^can|could|would|will you please", &at) != 0 &&
		   tc_words_find(words, "^can|could|would|will you", &at) != 0) {
		return false;
	}
	if (at == words->count) {
		return false;
	}
	tc_reflect_swap(words, at, words->count, rest, sizeof(rest));
	snprintf(out, size,
		 "You ask me to %s. I cannot do that, but I can listen, guide a breathing "
		 "exercise or tell you the time left.",
		 rest);
	return true;
}

static bool reflect_question(const struct tc_words *words, const struct tc_phrasing *used,
			     char *out, size_t size)
{
	char said[450];
	const char *ask = questions[ASKED][used->question];
	if (request(words, out, size, questions[TOPIC][used->question])) {
		return true;
	}
	if (indirect(words, said, sizeof(said))) {
		compose(out, size, asked_openers[used->opener], said, false, ask);
		return true;
	}
	tc_reflect_swap(words, 0, words->count, said, sizeof(said));
	snprintf(out, size, "You ask: %s? %s", said, ask);
	return true;
}

/* Of what did not come through whole, the word that matters most can still be said. */
static bool reflect_word(const struct tc_words *words, char *out, size_t size)
{
	static const char *const lists[] = {TC_FEELING_BAD, TC_FEELING_GOOD, TC_PEOPLE};
	for (size_t l = 0; l < TC_COUNT(lists); l++) {
		for (int i = words->count - 1; i >= 0; i--) {
			if (tc_word_in(words->at[i], lists[l])) {
				snprintf(out, size,
					 "I did not catch all of that, only the word %s. Could you "
					 "tell me more?",
					 words->at[i]);
				return true;
			}
		}
	}
	return false;
}

/* "let us set a goal" -> "you would like to set a goal" */
static bool proposal(const struct tc_words *words, char *out, size_t size)
{
	int at;
	if (tc_words_find(words, "^let us", &at) != 0 && tc_words_find(words, "^let's|lets", &at)) {
		return false;
	}
	size_t n = (size_t)snprintf(out, size, "you would like to ");
	return words->count - at >= 2 &&
	       tc_reflect_swap(words, at, words->count, out + n, size - n) > 0;
}

/* Doubtful words are given back only where they are short and plainly a sentence. */
static bool sure_enough(const struct tc_words *words, int from, int to, bool unsure)
{
	return !unsure || (to - from <= MAX_UNSURE && tc_word_in(words->at[from], TC_PRONOUNS));
}

bool tc_reflect(const struct tc_words *words, bool unsure, uint32_t pick,
		const struct tc_phrasing *last, struct tc_phrasing *used, char *out, size_t size)
{
	char said[450];
	int from, to;
	bool question = words->count > 2 && tc_words_find(words, "^" TC_ASKING, NULL) == 0;
	bool asks = question ||
		    tc_words_find(words, "^tell|give|show|explain|sing|read|play|help me|us",
				  NULL) == 0;
	tc_reflect_salient(words, &from, &to);
	enum kind kind = question ? ASKED : kind_of(words, from, to);
	int last_question = last->kind == (int)kind ? last->question : -1;
	used->kind = (int)kind;
	used->question = choose(pick / 7, TC_COUNT(questions[0]), last_question);
	used->opener =
		choose(pick, question ? TC_COUNT(asked_openers) : TC_COUNT(openers), last->opener);
	const char *ask = questions[kind][used->question];
	out[0] = '\0';
	if (asks) {
		return !unsure && tc_clause_closed(words, 0, words->count)
			       ? reflect_question(words, used, out, size)
			       : reflect_word(words, out, size);
	}
	if (!unsure && tc_clause_closed(words, 0, words->count) &&
	    proposal(words, said, sizeof(said))) {
		compose(out, size, openers[used->opener], said, false, ask);
		return true;
	}
	enum tc_clause clause = tc_clause_judge(words, from, to);
	if (clause == TC_CLAUSE_BROKEN || !sure_enough(words, from, to, unsure)) {
		return reflect_word(words, out, size);
	}
	tc_reflect_swap(words, from, to, said, sizeof(said));
	/* "I hear that your presentation." is no sentence: a topic is only named. */
	compose(out, size, clause == TC_CLAUSE_WHOLE ? openers[used->opener] : "%s.", said, unsure,
		ask);
	return true;
}
