// SPDX-License-Identifier: Apache-2.0
/* A session that had an orb before us: what was said in it comes from the manager. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "orb/session/session_priv.h"

TC_LOG_TOPIC("orb.restore");

/* Then people are greeted as if nothing had been: better than silence. */
#define EXPECT_MS 5000

static void stop_waiting(struct tc_session *s)
{
	tc_timer_cancel(s->restore_timer);
	s->restore_timer = NULL;
}

static void on_expected(void *user)
{
	struct tc_session *s = user;
	TC_WARN(s->tag, "no memory of the session came");
	stop_waiting(s);
	tc_mind_go(s->mind, tc_session_now(s));
	tc_session_plan(s);
}

int tc_restore_expect(struct tc_session *s)
{
	if (!s->args->restore) {
		return 0;
	}
	s->restore_timer = tc_loop_timer(s->loop, EXPECT_MS, false, on_expected, s);
	return s->restore_timer ? 0 : -ENOMEM;
}

static struct tc_mind_said said_of(const struct tc_session *s, const struct tc_channel_utterance *u)
{
	bool client = strcmp(u->user_id, s->args->client) == 0;
	return (struct tc_mind_said){
		.user_id = u->user_id,
		.text = u->text,
		.start_ms = u->start_ms,
		.end_ms = u->end_ms,
		.orb = strcmp(u->user_id, s->args->user_id) == 0,
		.role = client ? TC_MIND_CLIENT : TC_MIND_COACH,
	};
}

/* One at a time: a memory may be megabytes, and the line it came in is still there. */
static size_t take_utterances(struct tc_session *s, struct tc_json list)
{
	struct tc_json_iter it = tc_json_iter(list);
	int64_t now = tc_session_now(s);
	size_t count = 0;
	while (tc_json_next(&it)) {
		struct tc_channel_utterance utterance;
		int err = tc_channel_utterance_parse(&utterance, it.value);
		if (err) {
			TC_WARN(s->tag, "an utterance was not restored: %s", tc_err_str(err));
			continue;
		}
		struct tc_mind_said said = said_of(s, &utterance);
		if (tc_mind_restore(s->mind, &said, 1, now) == 0) {
			count++;
		}
		tc_channel_utterance_finish(&utterance);
	}
	return count;
}

static void take_wishes(struct tc_session *s, const struct tc_channel_message *message)
{
	int64_t now = tc_session_now(s);
	enum tc_mind_mode mode;
	if (tc_mind_mode_parse(message->status, &mode) == 0) {
		tc_mind_set_mode(s->mind, mode, now);
	}
	if (message->muted) {
		tc_mind_set_muted(s->mind, true, now);
		tc_report_status(s);
	}
}

void tc_restore_take(struct tc_session *s, const struct tc_channel_message *message)
{
	if (s->state >= TC_SESSION_ENDING) {
		return;
	}
	stop_waiting(s);
	if (!s->args->session_began && message->elapsed_ms > 0) {
		s->session_ms = tc_session_now(s) - message->elapsed_ms;
		tc_mind_set_began(s->mind, s->session_ms);
	}
	take_wishes(s, message);
	size_t count = message->utterances.len ? take_utterances(s, message->utterances) : 0;
	tc_mind_go(s->mind, tc_session_now(s));
	tc_session_plan(s);
	TC_INFO(s->tag, "%zu utterances restored, %lld ms into the session", count,
		(long long)tc_session_ms(s, tc_session_now(s)));
}
