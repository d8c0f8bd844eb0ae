// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "server/orbs/nest.h"
#include "server/orbs/priv.h"

TC_LOG_TOPIC("server.orbs");

#define TOKEN_MAX 2048
/* What an orb takes for its --max-lifetime at least. */
#define LEAST_LIFE_MS 1000
/* A session this young has no memory, whatever the server was busy with. */
#define NEW_SESSION_MS 500

bool tc_orb_running(const struct tc_orb *orb)
{
	return orb->child && orb->rung == TC_ORB_RUNG_NONE;
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
	const char *word = how.unknown    ? NULL
			   : how.signaled ? sigabbrev_np(how.status)
					  : exit_word(how.status);
	if (how.unknown) {
		snprintf(out, size, "ended");
	} else if (how.signaled) {
		snprintf(out, size, "ended by SIG%s", word ? word : "?");
	} else if (word) {
		snprintf(out, size, "exited with %d: %s", how.status, word);
	} else {
		snprintf(out, size, "exited with %d", how.status);
	}
}

/* Its own words say more than a number. */
static const char *own_words(const struct tc_orb *orb, struct tc_child_exit how, const char *text)
{
	return orb->own_error[0] && !how.signaled && how.status != 0 ? orb->own_error : text;
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

/* It was asked to end, or killed; what comes of it was decided then. */
static void ended_as_wanted(struct tc_orb *orb, bool clean, const char *text)
{
	char why[sizeof(orb->end_why) + 130];
	snprintf(why, sizeof(why), "%s%s%s", orb->end_why, clean ? "" : ", ", clean ? "" : text);
	if (orb->state == TC_ORB_RESTARTING) {
		TC_INFO(orb->tag, "%s", why);
	} else if (orb->killed_as_hung || orb->fails) {
		tc_orb_set_state(orb, TC_ORB_FAILED, orb->end_why);
	} else {
		tc_orb_set_state(orb, TC_ORB_GONE, why);
	}
}

/* What a further try would not change. */
static bool hopeless(struct tc_child_exit how)
{
	return !how.signaled && (how.status == 64 || how.status == 127);
}

static void ended_unasked(struct tc_orb *orb, struct tc_child_exit how, const char *text)
{
	bool clean = !how.signaled && how.status == 0;
	if (clean && orb->was_ready) {
		tc_orb_set_state(orb, TC_ORB_GONE,
				 orb->own_reason[0] ? orb->own_reason : "it ended by itself");
	} else if (hopeless(how)) {
		tc_orb_set_state(orb, TC_ORB_FAILED, text);
	} else {
		tc_orb_died(orb, clean ? "it ended before it was in the room" : text);
	}
}

/* Of one that was not our child nobody tells us: a summary is what comes before a graceful end. */
static struct tc_child_exit guess(const struct tc_orb *orb)
{
	bool graceful = orb->own_reason[0] || orb->rung != TC_ORB_RUNG_NONE;
	return (struct tc_child_exit){.unknown = true, .signaled = !graceful};
}

/* What the system lacks now it may have in a moment; a program that is not there stays so. */
static void could_not_start(struct tc_orb *orb, int err, const char *problem)
{
	bool passing = err == -EAGAIN || err == -ENOMEM || err == -EMFILE || err == -ENFILE;
	TC_ERROR(orb->tag, "%s", problem);
	orb->all->counts.not_spawned++;
	if (passing) {
		tc_orb_died(orb, problem);
	} else {
		tc_orb_set_state(orb, TC_ORB_FAILED, problem);
	}
}

static void never_was(struct tc_orb *orb, int err)
{
	char problem[128];
	if (orb->rung != TC_ORB_RUNG_NONE) {
		ended_as_wanted(orb, true, "");
		return;
	}
	snprintf(problem, sizeof(problem), "cannot start %s: %s", orb->all->command.list[0],
		 tc_err_str(err));
	could_not_start(orb, err, problem);
}

static void process_ended(struct tc_orb *orb, struct tc_child_exit how)
{
	char text[128];
	how = how.unknown ? guess(orb) : how;
	describe_exit(how, text, sizeof(text));
	int pid = tc_child_pid(orb->child);
	if (how.signaled && tc_cgroups_out_of_memory(orb->all->cgroups, pid) > 0) {
		snprintf(text, sizeof(text), "killed by the kernel: it took more than %.0f MB",
			 orb->all->config.max_memory_mb);
	}
	tc_cgroups_leave(orb->all->cgroups, pid);
	if (orb->health.doomed) { /* it did not even live to be killed */
		tc_orb_kill_doomed(orb);
	}
	orb->all->counts.ended[class_of(orb, how)]++;
	if (orb->messages_lost) {
		TC_WARN(orb->tag, "%" PRIu64 " messages beyond the limit were dropped",
			orb->messages_lost);
	}
	if (orb->rung != TC_ORB_RUNG_NONE) {
		ended_as_wanted(orb, !how.signaled && how.status == 0, text);
	} else {
		ended_unasked(orb, how, own_words(orb, how, text));
	}
}

static void on_exited(void *user, struct tc_child_exit how)
{
	struct tc_orb *orb = user;
	if (how.never) {
		never_was(orb, how.err);
	} else {
		process_ended(orb, how);
	}
	tc_orb_health_end(orb);
	tc_orbs_reaped(orb);
}

static void on_started(void *user)
{
	struct tc_orb *orb = user;
	struct tc_orbs *all = orb->all;
	int pid = tc_child_pid(orb->child);
	all->counts.spawned++;
	orb->started_ms = tc_clock_wall_ms(tc_clock_system());
	(void)tc_cgroups_enter(all->cgroups, pid);
	TC_INFO(orb->tag, "orb process %d started, %d of %d", pid, all->live, all->config.max_orbs);
}

const struct tc_child_events tc_orb_child_events = {
	.message = tc_orb_hear,
	.next_line = tc_orb_next_line,
	.exited = on_exited,
	.started = on_started,
};

/* --- the beginning --- */

/* For its own timer. Restarts do not make a session's orb live longer. */
static int64_t lifetime_left(const struct tc_orb *orb)
{
	int64_t whole = orb->all->config.max_lifetime_ms;
	int64_t left = orb->began_ms + whole - tc_orb_now(orb);
	return whole <= 0 ? whole : left > LEAST_LIFE_MS ? left : LEAST_LIFE_MS;
}

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
	tc_strings_addf(argv, "--max-lifetime=%" PRId64, lifetime_left(orb));
	tc_strings_addf(argv, "--idle-timeout=%" PRId64, all->config.idle_timeout_ms);
	if (orb->now.test) {
		tc_strings_addf(argv, "--test-mode");
	}
}

/* It must know from its first moment that a memory comes: it would greet otherwise. The first
 * orb of a session begins with it. */
static bool recalls(const struct tc_orb *orb)
{
	return orb->all->events.recall && (orb->life > 1 || tc_orb_elapsed(orb) > NEW_SESSION_MS);
}

/* A spare has loaded all it needs, whatever became of the files since. */
static int check_needs(const struct tc_orbs *all, char *why, size_t why_size)
{
	bool has_all = !all->events.needs || tc_nest_info(all->nest).spares > 0;
	return has_all ? 0 : all->events.needs(all->user, why, why_size);
}

static int spawn(struct tc_orb *orb, char *why, size_t why_size)
{
	const struct tc_orbs *all = orb->all;
	char token[TOKEN_MAX] = "";
	int err = check_needs(all, why, why_size);
	if (err) {
		return err;
	}
	err = all->events.token ? all->events.token(all->user, orb->room, orb->now.session, token,
						    sizeof(token))
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
	tc_strings_addf(&own, "ORB_SESSION_BEGAN=%lld", (long long)orb->now.began_ms);
	tc_strings_addf(&own, "ORB_RESTORE=%d", recalls(orb));
	if (all->events.environment) {
		all->events.environment(all->user, orb->now.session, &own);
	}
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
							       .nest = all->nest,
							       .leashed = all->foreign},
				     &tc_orb_child_events, orb, why, why_size);
	}
	tc_strings_finish(&argv);
	tc_strings_finish(&own);
	tc_strings_finish(&env);
	explicit_bzero(token, sizeof(token));
	if (err && all->events.token_revoked) {
		all->events.token_revoked(all->user, orb->room, orb->now.session);
	}
	return err;
}

void tc_orb_set_limits(struct tc_orb *orb)
{
	const struct tc_orbs_config *config = &orb->all->config;
	int64_t life = config->max_lifetime_ms;
	if (orb->now.test && config->test_timeout_ms > 0 &&
	    (life <= 0 || config->test_timeout_ms < life)) {
		life = config->test_timeout_ms;
	}
	if (life > 0) {
		tc_orb_due_in(orb, TC_ORB_DUE_LIFETIME, orb->began_ms + life - tc_orb_now(orb));
	}
	if (config->active_cleanup_ms > 0) {
		tc_orb_due_in(orb, TC_ORB_DUE_CLEANUP, config->active_cleanup_ms);
	}
	if (config->ready_timeout_ms > 0) {
		tc_orb_due_in(orb, TC_ORB_DUE_READY, config->ready_timeout_ms);
	}
	tc_orb_health_begin(orb);
}

void tc_orb_forget_life(struct tc_orb *orb)
{
	tc_buf_reset(&orb->tell);
	orb->was_ready = orb->again = orb->killed_as_hung = orb->fails = false;
	orb->tell_shutdown = false;
	orb->own_reason[0] = '\0';
	orb->own_error[0] = '\0';
	orb->rung = TC_ORB_RUNG_NONE;
	orb->cpu_percent = orb->memory_mb = orb->latency_ms = 0;
	orb->message_tokens = TC_ORB_MESSAGE_BURST;
	orb->message_filled_ms = tc_orb_now(orb);
	orb->messages_lost = 0;
}

static void reset_life(struct tc_orb *orb)
{
	bool same = strcmp(orb->now.session, orb->next.session) == 0;
	orb->life = same ? orb->life + 1 : 1;
	if (!same || orb->state != TC_ORB_RESTARTING) {
		orb->began_ms = tc_orb_now(orb);
	}
	if (!same) {
		orb->mode[0] = '\0';
		orb->muted = false;
	}
	orb->now = orb->next;
	tc_orb_forget_life(orb);
}

void tc_orb_start(struct tc_orb *orb, const char *why)
{
	struct tc_orbs *all = orb->all;
	char problem[256];
	reset_life(orb);
	tc_orb_set_state(orb, TC_ORB_SPAWNING, why);
	int err = spawn(orb, problem, sizeof(problem));
	if (err) {
		could_not_start(orb, err, problem);
		if (orb->state == TC_ORB_RESTARTING) {
			tc_orb_restart_soon(orb);
		}
		return;
	}
	all->live++;
	all->open_handles++; /* the child, until tc_child_close() is done */
	if (tc_child_pid(orb->child)) {
		on_started(orb);
	}
	tc_orb_set_limits(orb);
	tc_orb_tell_participants(orb);
	if (recalls(orb) &&
	    !all->events.recall(all->user, orb->room, orb->now.session, orb->life)) {
		tc_orb_tell_memory(orb, NULL, 0); /* it waits for one */
	}
}
