// SPDX-License-Identifier: Apache-2.0
/* What is done without when the orb uses more than it may: the picture's rate first, for nobody
 * misses a word by it; then what the recognizer looks at.
 */
#include "orb/session/session_priv.h"

#include "base/log.h"

TC_LOG_TOPIC("orb.shed");

static int pictures(enum tc_shed level)
{
	switch (level) {
	case TC_SHED_NOTHING:
		return 0;
	case TC_SHED_PICTURE:
		return 10;
	case TC_SHED_RECOGNIZER:
		return 5;
	}
	return 0;
}

void tc_shed_apply(struct tc_session *s)
{
	if (s->painter) {
		tc_painter_set_limit(s->painter, pictures(s->shed));
	}
	if (s->hearing) {
		tc_hearing_set_effort(s->hearing, s->shed >= TC_SHED_RECOGNIZER);
	}
}

void tc_shed_set(struct tc_session *s, int64_t level)
{
	enum tc_shed next = level <= 0   ? TC_SHED_NOTHING
			    : level == 1 ? TC_SHED_PICTURE
					 : TC_SHED_RECOGNIZER;
	if (next != s->shed) {
		TC_INFO(s->tag, "shedding: level %d -> %d", (int)s->shed, (int)next);
		s->shed = next;
		tc_shed_apply(s);
	}
}
