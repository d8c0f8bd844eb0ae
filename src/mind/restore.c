// SPDX-License-Identifier: Apache-2.0
/* A mind for a session that is not new: what an earlier life of the orb, which died, has left. */
#include <stdio.h>
#include <string.h>

#include "mind/mind_priv.h"

void tc_mind_knows(struct tc_mind *mind, const char *user_id)
{
	struct tc_mind_person *p = tc_mind_find(mind, user_id);
	if (p && mind->introduced) {
		p->greeted = true;
	}
}

void tc_mind_set_began(struct tc_mind *mind, int64_t began_ms)
{
	mind->began_ms = began_ms;
}

/* The orb's own words, as far as they tell what it would say differently now. */
static void remember_own(struct tc_mind *mind, const struct tc_mind_said *said)
{
	size_t len = strlen(said->text);
	mind->introduced = true;
	mind->replies++; /* so that it does not begin with the same phrases again */
	snprintf(mind->last_said, sizeof(mind->last_said), "%s", said->text);
	mind->asked = len > 0 && said->text[len - 1] == '?';
	mind->asked_at = mind->began_ms + said->end_ms;
}

int tc_mind_restore(struct tc_mind *mind, const struct tc_mind_said *said, size_t count,
		    int64_t now)
{
	int err = 0;
	tc_mind_at(mind, now);
	for (size_t i = 0; i < count; i++) {
		int failed = tc_memory_add_said(&mind->memory, &said[i], mind->began_ms);
		err = err ? err : failed;
		if (said[i].orb) {
			remember_own(mind, &said[i]);
		}
	}
	return err;
}

void tc_mind_go(struct tc_mind *mind, int64_t now)
{
	tc_mind_at(mind, now);
	for (int i = 0; i < TC_MIND_PEOPLE; i++) {
		if (mind->people[i].present) {
			tc_mind_knows(mind, mind->people[i].user_id);
		}
	}
	/* Who waited for the greeting did not wait for us to think of it. */
	if (mind->held && mind->greet_at != INT64_MAX) {
		mind->greet_since = mind->now;
	}
	mind->held = false;
}
