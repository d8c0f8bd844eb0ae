// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "proto/channel.h"
#include "server/orbs/priv.h"

TC_LOG_TOPIC("server.orbs");

#define TOKEN_MAX 2048
/* A process that SIGKILL did not end (stuck in the kernel) is killed and reported again. */
#define KILL_AGAIN_MS 5000
/* Messages handed on: an orb that floods must not reach the disk with it. */
#define MESSAGE_BURST 2000
#define MESSAGE_RATE  200

bool tc_orb_running(const struct tc_orb *orb)
{
	return orb->child && orb->rung == TC_ORB_RUNG_NONE;
}

/* --- what the orb says --- */

static void seen_alive(struct tc_orb *orb)
{
	const struct tc_orbs_config *config = &orb->all->config;
	orb->last_sign_ms = tc_orb_now(orb);
	if (!tc_orb_running(orb)) {
		return;
	}
	if (orb->state == TC_ORB_UNRESPONSIVE) {
		tc_orb_set_state(orb, orb->was_ready ? TC_ORB_READY : TC_ORB_SPAWNING,
				 "heartbeats are back");
	}
	int64_t first = config->unresponsive_after_ms;
	if (config->kill_after_ms > 0 && (first <= 0 || config->kill_after_ms < first)) {
		first = config->kill_after_ms;
	}
	if (first > 0) {
		tc_orb_due_in(orb, TC_ORB_DUE_HEALTH, first);
	}
}

static void on_ready(struct tc_orb *orb)
{
	orb->was_ready = true;
	if (tc_orb_running(orb) && orb->state == TC_ORB_SPAWNING) {
		tc_orb_set_state(orb, TC_ORB_READY, "in the room");
	}
	seen_alive(orb);
}

static void on_heartbeat(struct tc_orb *orb, const struct tc_channel_metrics *metrics)
{
	orb->cpu_percent = isnan(metrics->cpu_percent) ? 0 : metrics->cpu_percent;
	orb->memory_mb = isnan(metrics->memory_mb) ? 0 : metrics->memory_mb;
	orb->latency_ms = isnan(metrics->latency_ms) ? 0 : metrics->latency_ms;
	seen_alive(orb);
}

static bool may_hand_on(struct tc_orb *orb)
{
	int64_t now = tc_orb_now(orb);
	double tokens =
		orb->message_tokens + (double)(now - orb->message_filled_ms) * MESSAGE_RATE / 1000;
	orb->message_tokens = tokens < MESSAGE_BURST ? tokens : MESSAGE_BURST;
	orb->message_filled_ms = now;
	if (orb->message_tokens < 1) {
		orb->messages_lost++;
		return false;
	}
	orb->message_tokens--;
	return true;
}

void tc_orb_active(struct tc_orb *orb)
{
	int64_t active_ms = orb->all->config.active_cleanup_ms;
	if (active_ms > 0 && orb->human_count > 0 && tc_orb_running(orb)) {
		tc_orb_due_in(orb, TC_ORB_DUE_CLEANUP, active_ms);
	}
}

static void hand_on(struct tc_orb *orb, const struct tc_channel_message *message)
{
	const struct tc_orbs *all = orb->all;
	if (message->type == TC_CHANNEL_UTTERANCE) {
		tc_orb_active(orb);
	}
	if (all->events.message && may_hand_on(orb)) {
		all->events.message(all->user, orb->room, tc_channel_type_str(message->type),
				    message->json.at, message->json.len);
	}
}

static void on_message(void *user, struct tc_json object)
{
	struct tc_orb *orb = user;
	struct tc_channel_message message;
	const char *field = NULL;
	if (tc_channel_parse(&message, object, &field)) {
		TC_WARN(orb->tag, "a channel message was dropped: bad %s", field);
		return;
	}
	if (message.room[0] && strcmp(message.room, orb->room) != 0) {
		TC_WARN(orb->tag, "a channel message was dropped: it is about another room");
		return;
	}
	switch (message.type) {
	case TC_CHANNEL_ORB_READY:
		on_ready(orb);
		break;
	case TC_CHANNEL_ORB_HEARTBEAT:
		on_heartbeat(orb, &message.metrics);
		break;
	case TC_CHANNEL_ORB_ERROR:
		TC_WARN(orb->tag, "orb error%s: %s", message.fatal ? " (fatal)" : "",
			message.error);
		break;
	case TC_CHANNEL_SESSION_SUMMARY:
	case TC_CHANNEL_UTTERANCE:
		hand_on(orb, &message);
		break;
	case TC_CHANNEL_OTHER:
	case TC_CHANNEL_SHUTDOWN_GRACEFUL:
	case TC_CHANNEL_UPDATE_PARTICIPANTS:
	case TC_CHANNEL_RESTORE:
	case TC_CHANNEL_PING:
	case TC_CHANNEL_PONG:
	case TC_CHANNEL_STORED:
	case TC_CHANNEL_SHED:
	case TC_CHANNEL_ADOPT:
	case TC_CHANNEL_ADOPTED:
		TC_DEBUG(orb->tag, "a channel message we have no use for");
		break;
	}
}

/* --- what it is told --- */

static void on_next_line(void *user, struct tc_buf *out)
{
	struct tc_orb *orb = user;
	if (orb->tell_shutdown) {
		orb->tell_shutdown = orb->tell_participants = false;
		tc_channel_put_shutdown(out, orb->end_reason);
	} else if (orb->tell_participants) {
		const char *ids[TC_ORB_MAX_HUMANS];
		for (int i = 0; i < orb->human_count; i++) {
			ids[i] = orb->humans[i];
		}
		orb->tell_participants = false;
		tc_channel_put_participants(out, ids, (size_t)orb->human_count);
	}
}

void tc_orb_tell_participants(struct tc_orb *orb)
{
	if (tc_orb_running(orb)) {
		orb->tell_participants = true;
		tc_child_poke(orb->child);
	}
}

/* --- the end --- */

static void term(struct tc_orb *orb)
{
	orb->rung = TC_ORB_RUNG_TERM;
	TC_WARN(orb->tag, "did not end when asked: SIGTERM to %d", tc_child_pid(orb->child));
	tc_child_signal(orb->child, SIGTERM);
	tc_orb_due_in(orb, TC_ORB_DUE_LADDER, orb->all->config.term_grace_ms);
}

static void kill_now(struct tc_orb *orb)
{
	orb->rung = TC_ORB_RUNG_KILL;
	TC_WARN(orb->tag, "SIGKILL to %d", tc_child_pid(orb->child));
	tc_child_kill(orb->child);
	tc_orb_due_in(orb, TC_ORB_DUE_LADDER, KILL_AGAIN_MS);
}

void tc_orb_next_rung(struct tc_orb *orb)
{
	switch (orb->rung) {
	case TC_ORB_RUNG_NONE:
		break;
	case TC_ORB_RUNG_ASKED:
		term(orb);
		break;
	case TC_ORB_RUNG_TERM:
	case TC_ORB_RUNG_KILL:
		kill_now(orb);
		break;
	}
}

static void begin_end(struct tc_orb *orb, const char *reason, const char *why)
{
	snprintf(orb->end_reason, sizeof(orb->end_reason), "%s", reason);
	tc_orb_nothing_due(orb);
	orb->rung = TC_ORB_RUNG_ASKED;
	tc_orb_set_state(orb, TC_ORB_DRAINING, why);
}

void tc_orb_ask_to_end(struct tc_orb *orb, const char *reason)
{
	if (!tc_orb_running(orb)) {
		return;
	}
	begin_end(orb, reason, reason);
	orb->tell_shutdown = true;
	tc_child_poke(orb->child);
	/* Whom the channel does not reach is asked by signal, at once. */
	tc_orb_due_in(orb, TC_ORB_DUE_LADDER,
		      tc_child_channel_open(orb->child) ? orb->all->config.kill_grace_ms : 0);
}

void tc_orb_kill_hung(struct tc_orb *orb)
{
	if (!tc_orb_running(orb)) {
		return;
	}
	char why[96];
	snprintf(why, sizeof(why), "no heartbeat for %" PRId64 " ms: killed",
		 tc_orb_now(orb) - orb->last_sign_ms);
	/* A main loop that does not beat does not hear a request either. */
	orb->killed_as_hung = true;
	begin_end(orb, "unresponsive", why);
	kill_now(orb);
}

static const char *exit_word(int status)
{
	switch (status) {
	case 64:
		return "bad usage";
	case 69:
		return "the server could not be reached";
	case 70:
		return "a defect";
	case 127:
		return "program not found";
	default:
		return NULL;
	}
}

static void describe_exit(struct tc_child_exit how, char *out, size_t size)
{
	const char *word = how.signaled ? sigabbrev_np(how.status) : exit_word(how.status);
	if (how.signaled) {
		snprintf(out, size, "ended by SIG%s", word ? word : "?");
	} else if (word) {
		snprintf(out, size, "exited with %d: %s", how.status, word);
	} else {
		snprintf(out, size, "exited with %d", how.status);
	}
}

static enum tc_orb_end class_of(const struct tc_orb *orb, struct tc_child_exit how)
{
	bool clean = !how.signaled && how.status == 0;
	bool asked = orb->rung != TC_ORB_RUNG_NONE;
	if (orb->killed_as_hung) {
		return TC_ORB_END_HUNG;
	}
	if (orb->rung > TC_ORB_RUNG_ASKED) {
		return TC_ORB_END_FORCED;
	}
	if (clean && (asked || orb->was_ready)) {
		return asked ? TC_ORB_END_ASKED : TC_ORB_END_ITSELF;
	}
	return how.signaled ? TC_ORB_END_CRASH : TC_ORB_END_ERROR;
}

static void on_exited(void *user, struct tc_child_exit how)
{
	struct tc_orb *orb = user;
	char text[128];
	describe_exit(how, text, sizeof(text));
	bool clean = !how.signaled && how.status == 0;
	orb->all->counts.ended[class_of(orb, how)]++;
	if (orb->messages_lost) {
		TC_WARN(orb->tag, "%" PRIu64 " messages beyond the limit were dropped",
			orb->messages_lost);
	}
	if (orb->killed_as_hung) {
		tc_orb_set_state(orb, TC_ORB_FAILED, "it no longer answered and was stopped");
	} else if (orb->rung != TC_ORB_RUNG_NONE) {
		char why[256];
		snprintf(why, sizeof(why), "%s%s%s", orb->end_reason, clean ? "" : ", ",
			 clean ? "" : text);
		tc_orb_set_state(orb, TC_ORB_GONE, why);
	} else if (clean && orb->was_ready) {
		tc_orb_set_state(orb, TC_ORB_GONE, "it ended by itself");
	} else {
		tc_orb_set_state(orb, TC_ORB_FAILED,
				 clean ? "it ended before it was in the room" : text);
	}
	tc_orbs_reaped(orb);
}

/* --- the beginning --- */

static void add_arguments(struct tc_strings *argv, const struct tc_orb *orb, const char *token)
{
	const struct tc_orbs *all = orb->all;
	for (size_t i = 0; i < all->command.count; i++) {
		tc_strings_addf(argv, "%s", all->command.list[i]);
	}
	tc_strings_addf(argv, "--room=%s", orb->room);
	tc_strings_addf(argv, "--session=%s", orb->now.session);
	tc_strings_addf(argv, "--coach=%s", orb->now.coach);
	tc_strings_addf(argv, "--client=%s", orb->now.client);
	if (all->foreign && token[0]) {
		/* It puts "/ws-simple/ROOM" behind what it is given: so its upgrade is proven. */
		tc_strings_addf(argv, "--cpu-host=%s/orb/%s", all->host_port, token);
	} else {
		tc_strings_addf(argv, "--cpu-host=%s", all->host_port);
	}
	tc_strings_addf(argv, "--max-lifetime=%" PRId64, all->config.max_lifetime_ms);
	tc_strings_addf(argv, "--idle-timeout=%" PRId64, all->config.idle_timeout_ms);
	if (orb->now.test) {
		tc_strings_addf(argv, "--test-mode");
	}
}

static int spawn(struct tc_orb *orb, char *why, size_t why_size)
{
	static const struct tc_child_events events = {on_message, on_next_line, on_exited};
	const struct tc_orbs *all = orb->all;
	char token[TOKEN_MAX] = "";
	int err = all->events.token ? all->events.token(all->user, orb->room, orb->now.session,
							token, sizeof(token))
				    : 0;
	if (err) {
		snprintf(why, why_size, "no token: %s", tc_err_str(err));
		return err;
	}
	struct tc_strings argv = {0}, own = {0}, env = {0};
	add_arguments(&argv, orb, token);
	for (size_t i = 0; i < all->env.count; i++) {
		tc_strings_addf(&own, "%s", all->env.list[i]);
	}
	tc_strings_addf(&own, "ORB_TOKEN=%s", token);
	tc_strings_addf(&own, "ORB_SESSION_ENDS=%lld", (long long)orb->now.ends_ms);
	tc_orb_environment(&env, environ, &own);
	err = argv.err ? argv.err : own.err ? own.err : env.err;
	if (err) {
		snprintf(why, why_size, "%s", tc_err_str(err));
	} else {
		err = tc_child_spawn(&orb->child,
				     &(struct tc_child_config){.loop = all->config.loop,
							       .argv = argv.list,
							       .envp = env.list,
							       .work_dir = all->work_dir,
							       .tag = orb->tag,
							       .nest = all->nest},
				     &events, orb, why, why_size);
	}
	tc_strings_finish(&argv);
	tc_strings_finish(&own);
	tc_strings_finish(&env);
	explicit_bzero(token, sizeof(token));
	return err;
}

static void set_limits(struct tc_orb *orb)
{
	const struct tc_orbs_config *config = &orb->all->config;
	int64_t life = config->max_lifetime_ms;
	if (orb->now.test && config->test_timeout_ms > 0 &&
	    (life <= 0 || config->test_timeout_ms < life)) {
		life = config->test_timeout_ms;
	}
	if (life > 0) {
		tc_orb_due_in(orb, TC_ORB_DUE_LIFETIME, life);
	}
	if (config->active_cleanup_ms > 0) {
		tc_orb_due_in(orb, TC_ORB_DUE_CLEANUP, config->active_cleanup_ms);
	}
	seen_alive(orb);
}

void tc_orb_start(struct tc_orb *orb, const char *why)
{
	struct tc_orbs *all = orb->all;
	char problem[256];
	orb->life = strcmp(orb->now.session, orb->next.session) == 0 ? orb->life + 1 : 1;
	orb->now = orb->next;
	orb->was_ready = orb->again = orb->killed_as_hung = orb->tell_shutdown = false;
	orb->rung = TC_ORB_RUNG_NONE;
	orb->cpu_percent = orb->memory_mb = orb->latency_ms = 0;
	orb->message_tokens = MESSAGE_BURST;
	orb->message_filled_ms = tc_orb_now(orb);
	orb->messages_lost = 0;
	tc_orb_set_state(orb, TC_ORB_SPAWNING, why);
	if (spawn(orb, problem, sizeof(problem))) {
		TC_ERROR(orb->tag, "%s", problem);
		all->counts.not_spawned++;
		if (all->events.token_revoked) {
			all->events.token_revoked(all->user, orb->room, orb->now.session);
		}
		tc_orb_set_state(orb, TC_ORB_FAILED, problem);
		return;
	}
	all->live++;
	all->counts.spawned++;
	all->open_handles++; /* the child, until tc_child_close() is done */
	orb->started_ms = tc_clock_wall_ms(tc_clock_system());
	TC_INFO(orb->tag, "orb process %d started, %d of %d", tc_child_pid(orb->child), all->live,
		all->config.max_orbs);
	set_limits(orb);
	tc_orb_tell_participants(orb);
}
