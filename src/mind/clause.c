// SPDX-License-Identifier: Apache-2.0
#include "mind/clause.h"

#include <string.h>

#include "mind/vocabulary.h"

#define MAX_CLAUSE 14
#define MAX_TOPIC  5
#define FILLERS                                                                               \
	"well|so|um|uh|and|but|yeah|yes|okay|ok|like|actually|oh|hm|mm|no|then|because|wait|" \
	"please|listen|hey|sorry"
/* At these a recognizer's last word may have been swallowed; what stands before is whole. */
#define LOOSE_END                                                                                  \
	"the|a|an|to|of|my|your|and|with|in|at|for|that|but|because|so|or|i|um|uh|is|was|then|if|" \
	"when|about|from|like"
/* No clause of a person's ends on these. */
#define OPEN_END                                                                                 \
	"the|a|an|to|of|my|your|our|his|their|its|and|or|but|with|at|for|from|by|than|as|if|"    \
	"because|so|"                                                                            \
	"when|while|until|unless|into|i|i'm|i've|i'd|i'll|we|we're|he|she|they|it's|that's|is|"  \
	"are|am|was|"                                                                            \
	"were|be|been|very|really|quite|rather|every|some|any|um|uh|then|who|which|whose|can|"   \
	"could|"                                                                                 \
	"will|would|should|might|must|may|don't|didn't|doesn't|can't|cannot|couldn't|won't|not|" \
	"feel|"                                                                                  \
	"feels|feeling|seem|seems|want|wants|wanted|had|have|has|get|gets|make|makes|just|also|" \
	"what|"                                                                                  \
	"why|how|where|like|about"
#define ARTICLES "the|a|an|my|your|our|his|their|its|every"
#define LINKS    "of|with|for|at|from|by|than|as|into"
/* Words that cannot follow an article. */
#define NEVER_NAMED                                                                                \
	"the|a|an|my|your|our|me|him|us|of|to|for|with|at|from|by|is|are|was|were|am|be|been|and|" \
	"or|but|i|"                                                                                \
	"i'm|he|"                                                                                  \
	"she|they|we|that's|it's"
/* Words that cannot follow a preposition. */
#define NEVER_LINKED "of|is|are|was|am|be|been|and|or|but|i|i'm|he|she|they|that's|it's"
#define ADVERBS                                                                              \
	"really|just|also|always|never|still|often|not|sometimes|usually|only|even|already|" \
	"actually|"                                                                          \
	"probably|now|finally|almost|suddenly"
#define AUXILIARIES                                                                               \
	"is|are|am|was|were|be|been|has|have|had|do|does|did|can|could|will|would|should|might|"  \
	"must|may|"                                                                               \
	"don't|didn't|doesn't|can't|cannot|couldn't|won't|isn't|wasn't|aren't|weren't|haven't|"   \
	"hasn't|"                                                                                 \
	"feel|feels|felt|make|makes|made|seem|seems|want|wants|need|needs|keep|keeps|know|knows|" \
	"said|"                                                                                   \
	"says|told|think|thinks|thought|went|got|gets|came|took|look|looks|listen|listens|help|"  \
	"helps"
/* No verb, right behind the person who does something. */
#define NO_VERB                                                                                    \
	"the|a|an|my|your|our|his|her|their|of|to|for|with|at|from|by|in|on|off|and|or|but|i|i'm|" \
	"me|we|he|"                                                                                \
	"she|they|us|him|them|you|it|what|why|how|who|which|if|than|as|very|so|too|there|this|"    \
	"these|those|"                                                                             \
	"one|two|three|four|five|six|seven|eight|nine|ten|because|when|then|or|yes|no|well|oh|"    \
	"that's|it's|even|been|being"
/* What neither begins a sentence about something nor names it. */
#define NO_START                                                                                   \
	AUXILIARIES                                                                                \
	"|of|to|for|with|at|from|by|in|on|off|and|or|but|if|unless|than|as|me|us|him|them|now|"    \
	"then|much|"                                                                               \
	"many|so|very|too|least|oh|ah|our|one|two|three|four|five|six|seven|eight|nine|ten|"       \
	"thirty|go|put|"                                                                           \
	"get|give|take|let|whose|which|who|when|where|while|because|not|until|up|down|out|no|yes|" \
	"well|okay|ok|mr|hi|more|most|that"

bool tc_clause_closed(const struct tc_words *words, int from, int to)
{
	if (to <= from || tc_word_in(words->at[to - 1], OPEN_END)) {
		return false;
	}
	for (int i = from; i + 1 < to; i++) {
		const char *word = words->at[i], *next = words->at[i + 1];
		bool again = strcmp(word, next) == 0 && !tc_word_in(word, "very|really|so|no|had");
		if (again || (tc_word_in(word, ARTICLES) && tc_word_in(next, NEVER_NAMED)) ||
		    (tc_word_in(word, LINKS) && tc_word_in(next, NEVER_LINKED))) {
			return false;
		}
	}
	return true;
}

/* "i" is "am", "he" is "is". */
static bool agree(const char *subject, const char *verb)
{
	if (tc_word_in(verb, NO_VERB) || strstr(verb, "'s")) {
		return false;
	}
	if (strcmp(subject, "i") == 0) {
		return !tc_word_in(verb, "is|are|were|has|does|doesn't|be");
	}
	if (strcmp(subject, "you") == 0) {
		return tc_word_in(verb, TC_VERB_AFTER_YOU);
	}
	if (tc_word_in(subject, "we|they")) {
		return !tc_word_in(verb, "is|am|was|has|does|doesn't|be");
	}
	return strcmp(subject, "there") == 0 ? !tc_word_in(verb, "am|be")
					     : !tc_word_in(verb, "am|are|have|do|don't|be");
}

/* A person, or what stands for one, then what they do. */
static bool person_does(const struct tc_words *words, int from, int to)
{
	const char *subject = words->at[from];
	int verb = from + 1;
	if (strchr(subject, '\'')) { /* "i'm", "they've": the verb is in it */
		return to - from >= 2 && !tc_word_in(words->at[verb], "the|of|is|are|am|was|i");
	}
	while (verb < to && tc_word_in(words->at[verb], ADVERBS)) {
		verb++;
	}
	return verb < to && agree(subject, words->at[verb]);
}

/* The first word from `from` on that may be a verb; -1: none before the last. */
static int verb_at(const struct tc_words *words, int from, int to)
{
	for (int i = from; i < to; i++) {
		if (tc_word_in(words->at[i], AUXILIARIES)) {
			return i;
		}
	}
	return -1;
}

enum tc_clause tc_clause_judge(const struct tc_words *words, int from, int to)
{
	if (!tc_clause_closed(words, from, to)) {
		return TC_CLAUSE_BROKEN;
	}
	const char *first = words->at[from];
	if (tc_word_in(first, TC_PRONOUNS)) {
		return person_does(words, from, to) ? TC_CLAUSE_WHOLE : TC_CLAUSE_BROKEN;
	}
	if (tc_word_in(first, TC_DETERMINERS)) {
		int verb = verb_at(words, from + 2, to);
		if (to - from < 2) {
			return TC_CLAUSE_BROKEN;
		}
		/* "the garden needs water": verbs are too many to know, an s will do. */
		bool third = to - from >= 4 && strlen(words->at[from + 2]) > 3 &&
			     strchr("sd", words->at[from + 2][strlen(words->at[from + 2]) - 1]);
		return verb > 0 || third        ? TC_CLAUSE_WHOLE
		       : to - from <= MAX_TOPIC ? TC_CLAUSE_TOPIC
						: TC_CLAUSE_BROKEN;
	}
	if (tc_word_in(first, NO_START)) {
		return TC_CLAUSE_BROKEN;
	}
	if (verb_at(words, from + 1, to) > 0) {
		return to - from >= 3 ? TC_CLAUSE_WHOLE : TC_CLAUSE_BROKEN;
	}
	return to - from < MAX_TOPIC ? TC_CLAUSE_TOPIC : TC_CLAUSE_BROKEN;
}

static int score(const struct tc_words *words, int from, int to)
{
	int points = 0;
	for (int i = from; i < to; i++) {
		const char *word = words->at[i];
		points +=
			3 * (tc_word_in(word, TC_FEELING_BAD) || tc_word_in(word, TC_FEELING_GOOD));
		points += 2 * tc_word_in(word, TC_WISH);
		points += 2 * tc_word_in(word, TC_HARD);
		points += tc_word_in(word, TC_PEOPLE);
		points += tc_word_in(word, "i|i'm|i've|my");
	}
	int count = to - from;
	return points + (count >= 3) + (count >= 4);
}

/* How many words of a long clause are left, up to a joint; all if there is none. */
static int cut_long(const struct tc_words *words, int from)
{
	for (int i = MAX_CLAUSE; i >= 3; i--) {
		if (tc_word_in(words->at[from + i],
			       "and|but|because|so|when|if|while|before|after|which|who|how|what|"
			       "that|then|or|where|with|about|to|until")) {
			return i;
		}
	}
	return MAX_CLAUSE;
}

static void trim_clause(const struct tc_words *words, int *from, int *to)
{
	while (*to - *from > 2 && tc_word_in(words->at[*from], FILLERS)) {
		(*from)++;
	}
	if (*to - *from > 4 && tc_word_in(words->at[*from], "i|you") &&
	    tc_word_in(words->at[*from + 1], "think|guess|mean|know|suppose|believe") &&
	    tc_word_in(words->at[*from + 2], TC_SUBJECTS)) {
		*from += 2;
	}
	if (*to - *from > MAX_CLAUSE) {
		*to = *from + cut_long(words, *from);
	}
	while (*to - *from > 1 && tc_word_in(words->at[*to - 1], LOOSE_END)) {
		(*to)--;
	}
}

void tc_reflect_salient(const struct tc_words *words, int *from, int *to)
{
	int best = -1, start = 0;
	*from = 0;
	*to = words->count;
	for (int i = 1; i <= words->count; i++) {
		bool joint = i < words->count - 1 && i - start >= 3 &&
			     tc_word_in(words->at[i], "and|but|because|so|then") &&
			     (tc_word_in(words->at[i + 1], TC_SUBJECTS) ||
			      tc_word_in(words->at[i + 1], "then|now|so"));
		if (i < words->count && !joint) {
			continue;
		}
		int points = score(words, start, i);
		if (points >= best) { /* of equals the later: it is what they ended on */
			best = points;
			*from = start;
			*to = i;
		}
		start = i;
	}
	trim_clause(words, from, to);
}
