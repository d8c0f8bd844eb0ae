/* speech/clause.h -- an answer's text cut into what is spoken in one breath. Pure. */
#ifndef TC_SPEECH_CLAUSE_H
#define TC_SPEECH_CLAUSE_H

#include <stddef.h>

struct tc_clause {
	size_t len;   /* bytes of the text it covers, blanks after it included; 0: no more text */
	int pause_ms; /* a "[pause N]" marker: silence only; else -1 */
	int gap_ms;   /* silence that belongs after it when more follows, by its punctuation */
};

#define TC_CLAUSE_MAX_PAUSE_MS 60000

struct tc_clause tc_clause_next(const char *text);

#endif
