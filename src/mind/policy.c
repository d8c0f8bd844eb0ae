// SPDX-License-Identifier: Apache-2.0
#include "mind/policy.h"

#include <string.h>

#include "mind/guess.h"

enum rule {
	NEVER,
	IF_CALLED,          /* by name */
	IF_CALLED_OR_ALONE, /* or with nobody else to talk to */
	ALWAYS,
};

static const enum rule rules[][2] = {
	/*                    coach               client */
	[TC_MIND_ACTIVE] = {IF_CALLED_OR_ALONE, ALWAYS},
	[TC_MIND_ON_CALL] = {IF_CALLED, IF_CALLED},
	[TC_MIND_SILENT] = {NEVER, NEVER},
};

#define CALLING "hey|hello|hi|dear"
/* `there` is what PocketSphinx makes of some voices' "hey". */
#define GREETING                                                                                \
	CALLING "|there|ah|oh|um|uh|hm|mm|okay|ok|thanks|please|so|and|well|yes|no|listen|now|" \
		"then"
/* Before the name these make it a thing that is talked about. `he` is what PocketSphinx makes of
 * "the" there. */
#define OF_IT                                                                                  \
	"the|an|a|this|that|our|my|your|he|his|her|their|of|to|with|about|by|from|every|each|" \
	"told|asked|called|like|which|what"
/* After the name: somebody is told what it did. */
#define TOLD_OF                                                                               \
	"was|said|says|told|tells|had|didn't|doesn't|isn't|wasn't|won't|hasn't|seems|seemed|" \
	"thinks|knows|listens|listened|speaks|spoke|answered|answers|asked|asks|hears|heard"
/* After the name: what it does, unless it is a request all the same ("orb is there time left"). */
#define MAY_TELL "is|has|will|does|did|and|who|which"
#define ASKED    "you|there|it|this|that|we|i|anybody|anyone|everybody|what|how"
/* Behind the name at the very start these ask of the orb, if somebody or something follows that
 * they ask about... */
#define ASKS_OF      "is|has|does|did|will|was|are|were|do|have"
#define ASKS_OF_SELF "didn't|doesn't|isn't|wasn't|won't|hasn't"
#define SUBJECTS                                                                             \
	"i|you|he|she|it|we|they|that|this|these|those|there|everything|anything|something|" \
	"everybody|everyone|anybody|anyone|somebody|someone|the|my|our|your|his|her|their|all"
/* ... and not what tells of it: what it is, how, or what it did. */
#define PREDICATE                                                                                 \
	"a|an|not|never|always|just|already|also|now|still|very|too|so|quite|only|here|often|"    \
	"again|back|on|off|in|out|at|for|with|like|about|to|as|no|right|wrong|good|great|nice|"   \
	"fine|ready|quiet|silent|slow|fast|broken|better|bad|well|funny|strange|helpful|sure|"    \
	"able|said|told|spoken|heard|been|done|gone|made|given|taken|got|begun|written|become|"   \
	"come|seen|known|found|lost|left|understood|tell|say|help|listen|answer|repeat|guide|do|" \
	"be|speak|hear|know|remember|give|ask|stop|show|make|let|join|take|talk|keep|understand|" \
	"think|want|need|seem|sound|work|go|have"
#define NO_NOUN "let's|yes|this|us|perhaps|always|guess|less|was|what's|how's|who's|minutes|as"
/* What PocketSphinx heard for "orb" at the beginning of a request, of four voices through Opus; no
 * request begins with these words. */
#define SOUNDS_LIKE_ORB "aren't|orange|org"
/* That one too; but "or" begins many a sentence to somebody else. Only the orb is asked for time.
 */
#define MAYBE_ORB    "or"
#define NOT_AFTER_IT "you|we|they|i|the|a|there|these|those|people|is|are|juice"

bool tc_policy_answers(enum tc_mind_mode mode, enum tc_mind_role role, bool alone, bool addressed)
{
	switch (rules[mode][role]) {
	case NEVER:
		return false;
	case IF_CALLED:
		return addressed;
	case IF_CALLED_OR_ALONE:
		return addressed || alone;
	case ALWAYS:
		return true;
	}
	return false;
}

/* The words behind i. */
static struct tc_words behind(const struct tc_words *words, int i)
{
	struct tc_words rest = *words; /* at[] points into words, which lives on */
	tc_words_cut(&rest, 0, i + 1);
	return rest;
}

static bool is_request(const struct tc_words *words)
{
	struct tc_guess guess = tc_guess_of(words);
	return tc_guess_is_service(guess.intent) && guess.confidence >= TC_GUESS_ACT;
}

static bool ends_on(const char *word, const char *end)
{
	size_t len = strlen(word), tail = strlen(end);
	return len > tail + 2 && strcmp(word + len - tail, end) == 0;
}

/* "is anna still here", "which exercises do you know"; not "is listening to us". */
static bool is_question(const struct tc_words *rest)
{
	if (rest->count < 2) {
		return false;
	}
	const char *verb = rest->at[0], *subject = rest->at[1];
	if (strcmp(verb, "who") == 0) {
		return true;
	}
	if (rest->count < 3) {
		return false;
	}
	if (strcmp(verb, "which") == 0) {
		return tc_words_find(rest, "^which * can|could|do|does|did|is|are|was|would|should",
				     NULL) == 0 &&
		       !tc_word_in(subject, ASKS_OF "|can|could|would|should");
	}
	if (tc_word_in(subject, SUBJECTS)) {
		return tc_word_in(verb, ASKS_OF "|" ASKS_OF_SELF);
	}
	return tc_word_in(verb, ASKS_OF) && !tc_word_in(subject, PREDICATE) &&
	       !ends_on(subject, "ing") && !ends_on(subject, "ed") && !ends_on(subject, "ly");
}

static bool tells_of_it(const struct tc_words *rest)
{
	const char *next = rest->at[0];
	size_t len = strlen(next);
	if (tc_word_in(next, MAY_TELL)) {
		return rest->count < 2 || !tc_word_in(rest->at[1], ASKED);
	}
	return len > 3 && next[len - 1] == 's' && !tc_word_in(next, NO_NOUN);
}

static bool is_called(const struct tc_words *words, int i)
{
	const char *before = i > 0 ? words->at[i - 1] : "";
	if (tc_word_in(before, OF_IT)) {
		return false;
	}
	struct tc_words rest = behind(words, i);
	bool ends = !rest.count || (rest.count == 1 && tc_word_in(rest.at[0], "please|thanks|now"));
	if (tc_word_in(before, CALLING) || ends) {
		return true;
	}
	if (i == 0 && is_question(&rest)) {
		return true;
	}
	if (tc_word_in(rest.at[0], TOLD_OF)) {
		return false;
	}
	if (is_request(&rest)) {
		return true;
	}
	return (i == 0 || tc_word_in(before, GREETING)) && !tells_of_it(&rest);
}

/* A name misheard is only believed where a request follows. */
static bool is_called_alike(const struct tc_words *words, int i)
{
	struct tc_words rest = behind(words, i);
	if (tc_word_in(words->at[i], MAYBE_ORB)) {
		return i == 0 && tc_intent_of(&rest) == TC_INTENT_TIME;
	}
	return (i == 0 || tc_word_in(words->at[i - 1], GREETING)) && rest.count &&
	       !tc_word_in(rest.at[0], NOT_AFTER_IT) && is_request(&rest);
}

bool tc_policy_addressed(const struct tc_words *words, const char *orb_name, int *from, int *to)
{
	bool is_orb = strcmp(orb_name, "orb") == 0;
	for (int i = 0; i < words->count; i++) {
		bool named = strcmp(words->at[i], orb_name) == 0;
		if (!(named && is_called(words, i)) &&
		    !(is_orb && tc_word_in(words->at[i], SOUNDS_LIKE_ORB "|" MAYBE_ORB) &&
		      is_called_alike(words, i))) {
			continue;
		}
		if (from) {
			*from = i - (i > 0 && tc_word_in(words->at[i - 1], GREETING));
			*to = i + 1;
		}
		return true;
	}
	return false;
}
