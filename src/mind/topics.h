/* mind/topics.h -- what a session was about: word stems, weighted. Wraps libstemmer (Snowball). */
#ifndef TC_MIND_TOPICS_H
#define TC_MIND_TOPICS_H

#include "mind/memory.h"

#define TC_TOPICS_MAX 6
#define TC_TOPIC_SIZE 32

struct tc_topics {
	char at[TC_TOPICS_MAX][TC_TOPIC_SIZE]; /* the commonest form of each, best first */
	int count;
};

/* -ENOMEM */
int tc_topics_find(const struct tc_memory *memory, struct tc_topics *out);

#endif
