// SPDX-License-Identifier: Apache-2.0
#include "mind/topics.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libstemmer.h>

#include "base/assert.h"
#include "mind/vocabulary.h"
#include "mind/words.h"

#define STEMS       2048 /* different ones; a long session has about a thousand */
#define MIN_LETTERS 4
#define ENOUGH      2.0f /* weight of what was said once by the client, surely */
/* Confidence of an utterance: what was hardly understood has no words to count, and a word of those
 * below SURELY is one that was said only if it came in two of them. */
#define HARDLY 0.5f
#define SURELY 0.65f

/* Common in every conversation, so of none in particular. */
static const char stop_words[] =
	"about|actually|after|again|already|also|always|another|anything|around|asked|away|back|"
	"because|been|before|being|came|cannot|come|comes|could|couldn't|didn't|does|doesn't|"
	"doing|don't|done|down|each|even|ever|every|everything|exercise|feel|feeling|feels|felt|"
	"find|first|from|gave|getting|give|goes|going|gone|have|haven't|hear|heard|hello|help|"
	"here|into|isn't|just|keep|keeps|kind|know|last|left|less|like|little|look|made|make|"
	"makes|many|maybe|mean|minute|minutes|more|most|much|must|need|never|next|nothing|okay|"
	"only|other|over|please|quite|repeat|really|right|said|same|says|should|since|some|"
	"something|"
	"sometimes|soon|still|stop|such|sure|take|talk|tell|than|thank|thanks|that|that's|their|"
	"them|then|there|these|they|thing|things|think|this|those|though|thought|through|time|"
	"today|told|tomorrow|tried|trying|turn|under|until|upon|very|want|wanted|wants|wasn't|"
	"well|went|were|what|when|where|which|while|will|with|without|would|yeah|year|yesterday|"
	"else|wait|your|yours|yourself|good|great|better|lets|let's|much|week|night|morning|"
	"forward";

/* Pairs Snowball keeps apart. */
static const char *const synonyms[][2] = {
	{"anxieti", "anxious"},
	{"stressful", "stress"},
	{"sleepless", "sleep"},
	{"worri", "worry"},
};

struct topic {
	char stem[TC_TOPIC_SIZE];
	char form[TC_TOPIC_SIZE]; /* the first form heard; a shorter one replaces it */
	float weight;
	bool sure;
	size_t from; /* the utterance that it came in first */
};

struct counter {
	struct sb_stemmer *stemmer; /* owned */
	struct topic *topics;       /* owned, STEMS */
	int count;
};

static const char *stem_of(struct counter *counter, const char *word)
{
	const sb_symbol *stem =
		sb_stemmer_stem(counter->stemmer, (const sb_symbol *)word, (int)strlen(word));
	const char *text = stem ? (const char *)stem : word;
	for (size_t i = 0; i < TC_COUNT(synonyms); i++) {
		if (strcmp(text, synonyms[i][0]) == 0) {
			return synonyms[i][1];
		}
	}
	return text;
}

static void count_word(struct counter *counter, const char *word, const struct tc_utterance *u,
		       size_t index)
{
	if (strlen(word) < MIN_LETTERS || strlen(word) >= TC_TOPIC_SIZE ||
	    tc_word_in(word, stop_words)) {
		return;
	}
	const char *stem = stem_of(counter, word);
	int i = 0;
	while (i < counter->count && strcmp(counter->topics[i].stem, stem) != 0) {
		i++;
	}
	if (i == STEMS) {
		return;
	}
	struct topic *topic = &counter->topics[i];
	if (i == counter->count) {
		counter->count++;
		snprintf(topic->stem, sizeof(topic->stem), "%s", stem);
		topic->from = index;
	}
	topic->sure = topic->sure || u->confidence >= SURELY || topic->from != index;
	if (!topic->form[0] || strlen(word) < strlen(topic->form)) {
		snprintf(topic->form, sizeof(topic->form), "%s", word);
	}
	bool feeling = tc_word_in(word, TC_FEELING_BAD) || tc_word_in(word, TC_FEELING_GOOD);
	/* The session is about the client. */
	topic->weight += u->confidence * (u->client ? 2.0f : 1.0f) * (feeling ? 1.5f : 1.0f);
}

static int by_weight(const void *a, const void *b)
{
	const struct topic *x = a, *y = b;
	return x->weight < y->weight ? 1 : x->weight > y->weight ? -1 : strcmp(x->stem, y->stem);
}

int tc_topics_find(const struct tc_memory *memory, struct tc_topics *out)
{
	struct counter counter = {.stemmer = sb_stemmer_new("english", NULL),
				  .topics = calloc(STEMS, sizeof(struct topic))};
	int err = counter.stemmer && counter.topics ? 0 : -ENOMEM;
	out->count = 0;
	for (size_t i = 0; !err && i < memory->count; i++) {
		const struct tc_utterance *u = &memory->at[i];
		struct tc_words words;
		if (u->orb || u->confidence < HARDLY) {
			continue; /* the orb only gave back what they said */
		}
		tc_words_split(&words, u->text);
		for (int w = 0; w < words.count; w++) {
			count_word(&counter, words.at[w], u, i);
		}
	}
	if (!err) {
		qsort(counter.topics, (size_t)counter.count, sizeof(struct topic), by_weight);
	}
	for (int i = 0; !err && i < counter.count && out->count < TC_TOPICS_MAX; i++) {
		const struct topic *topic = &counter.topics[i];
		if (topic->sure && (topic->weight >= ENOUGH || out->count < 3)) {
			memcpy(out->at[out->count++], topic->form, TC_TOPIC_SIZE);
		}
	}
	if (counter.stemmer) {
		sb_stemmer_delete(counter.stemmer);
	}
	free(counter.topics);
	return err;
}
