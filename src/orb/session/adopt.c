// SPDX-License-Identifier: Apache-2.0
/* The server is gone and the call is not: the orb talks on with its peers, and looks for the
 * manager that takes it up again. */
#include "orb/session/session_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"

TC_LOG_TOPIC("orb.adopt");

static void end_alone(struct tc_session *s)
{
	tc_session_end(s, "server_shutdown", TC_EXIT_OK);
}

void tc_adopt_lost(struct tc_session *s)
{
	const struct tc_orb_args *args = s->args;
	if (s->state >= TC_SESSION_ENDING) {
		tc_end_channel_lost(s);
		return;
	}
	if (!args->manager_socket || args->adopt_window == 0) {
		TC_WARN(s->tag, "the manager is gone");
		end_alone(s);
		return;
	}
	TC_WARN(s->tag, "the manager is gone; looking for another for %lld ms",
		(long long)args->adopt_window);
	/* The next server does not know our token: it gives us another. */
	tc_uplink_hold(s->uplink);
	int err = tc_manager_link_offer(s->manager, args->manager_socket, args->adopt_window);
	if (err) {
		TC_ERROR(s->tag, "%s: %s", args->manager_socket, tc_err_str(err));
		end_alone(s);
	}
}

void tc_adopt_introduce(struct tc_session *s, struct tc_buf *out)
{
	const char *ids[TC_PEOPLE_MAX];
	struct tc_channel_adopt adopt = {
		.room = s->args->room,
		.session = s->args->session,
		.coach = s->args->coach,
		.client = s->args->client,
		.test = s->args->test_mode,
		.pid = getpid(),
		.elapsed_ms = tc_session_ms(s, tc_session_now(s)),
		.participants = ids,
	};
	for (size_t i = 0; i < TC_PEOPLE_MAX; i++) {
		if (s->people[i].present) {
			ids[adopt.count++] = s->people[i].id;
		}
	}
	tc_channel_put_adopt(out, &adopt);
}

void tc_adopt_taken(struct tc_session *s, const struct tc_channel_message *message)
{
	char *token = message->token.len ? tc_json_strdup(message->token) : NULL;
	TC_INFO(s->tag, "taken up by another manager");
	tc_keep_tell_again(s);
	if (tc_uplink_resume(s->uplink, token) != 0) {
		TC_ERROR(s->tag, "no memory for a token");
		end_alone(s);
	}
	free(token);
	tc_report_heartbeat(s);
}

void tc_adopt_given_up(struct tc_session *s)
{
	TC_WARN(s->tag, "no manager came");
	end_alone(s);
}
