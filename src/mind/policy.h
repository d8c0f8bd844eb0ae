/* mind/policy.h -- who is answered: one table of mode and role. Pure. */
#ifndef TC_MIND_POLICY_H
#define TC_MIND_POLICY_H

#include <stdbool.h>

#include "mind/mind.h"
#include "mind/words.h"

/* Everybody is always heard and transcribed; this is only about answers. `alone`: no other human is
 * in the room. `addressed`: the orb was called by its name. */
bool tc_policy_answers(enum tc_mind_mode mode, enum tc_mind_role role, bool alone, bool addressed);
/* Is the orb spoken to by name? Then *from..*to (may be NULL) are the words of the calling, "hey
 * orb", which are not part of what is asked. "The orb said" is not a call; a name misheard is one
 * where a request follows. */
bool tc_policy_addressed(const struct tc_words *words, const char *orb_name, int *from, int *to);

#endif
