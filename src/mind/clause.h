/* mind/clause.h -- is this a sentence? Recognizers return fragments ("so i feel as"), and to give
 * those back would show that nobody listened. Pure.
 */
#ifndef TC_MIND_CLAUSE_H
#define TC_MIND_CLAUSE_H

#include <stdbool.h>

#include "mind/words.h"

enum tc_clause {
	TC_CLAUSE_WHOLE,  /* "i feel tired", "my boss is angry": can be given back in a sentence */
	TC_CLAUSE_TOPIC,  /* "my presentation": can be named */
	TC_CLAUSE_BROKEN, /* "i feel as", "much time is" */
};

enum tc_clause tc_clause_judge(const struct tc_words *words, int from, int to);
/* It does not end in the middle, and no two neighbours are impossible ("a the", "of of"). */
bool tc_clause_closed(const struct tc_words *words, int from, int to);
/* The clause that carries most: feelings, wishes, the person as its subject. */
void tc_reflect_salient(const struct tc_words *words, int *from, int *to);

#endif
