// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/manager.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "server/orbs/nest.h"
#include "server/orbs/priv.h"

TC_LOG_TOPIC("server.orbs");

#define TERM_GRACE_MS 5000

int64_t tc_orb_now(const struct tc_orb *orb)
{
	return (int64_t)uv_now(orb->all->config.loop);
}

/* --- the books --- */

static struct tc_orb_bucket *bucket_of(struct tc_orbs *orbs, const char *room)
{
	return &orbs->buckets[tc_hash_text(TC_HASH_START, room) % TC_ORB_BUCKETS];
}

struct tc_orb *tc_orbs_find(struct tc_orbs *orbs, const char *room)
{
	struct tc_orb *orb;
	LIST_FOREACH(orb, bucket_of(orbs, room), in_bucket)
	{
		if (strcmp(orb->room, room) == 0) {
			return orb;
		}
	}
	return NULL;
}

static struct tc_orb *add(struct tc_orbs *orbs, const char *room)
{
	struct tc_orb *orb = calloc(1, sizeof(*orb));
	if (!orb) {
		return NULL;
	}
	orb->all = orbs;
	snprintf(orb->room, sizeof(orb->room), "%s", room);
	snprintf(orb->tag, sizeof(orb->tag), "room %s", room);
	tc_buf_init(&orb->tell);
	uv_timer_init(orbs->config.loop, &orb->timer);
	orb->timer.data = orb;
	orbs->open_handles++;
	LIST_INSERT_HEAD(bucket_of(orbs, room), orb, in_bucket);
	TAILQ_INSERT_TAIL(&orbs->list, orb, in_list);
	return orb;
}

struct tc_orb *tc_orbs_need(struct tc_orbs *orbs, const char *room)
{
	struct tc_orb *orb = tc_orbs_find(orbs, room);
	return orb ? orb : add(orbs, room);
}

static void on_orb_closed(uv_handle_t *handle)
{
	struct tc_orb *orb = handle->data;
	struct tc_orbs *orbs = orb->all;
	free(orb->new_token);
	tc_buf_finish(&orb->tell);
	free(orb);
	tc_orbs_handle_closed(orbs);
}

void tc_orb_forget(struct tc_orb *orb)
{
	TC_ASSERT(!orb->child);
	tc_orb_health_end(orb);
	if (orb->state == TC_ORB_FULL) {
		TAILQ_REMOVE(&orb->all->waiting, orb, in_waiting);
	}
	tc_orb_release_place(orb);
	if (tc_orb_may_step(orb->state, TC_ORB_OFF)) {
		tc_orb_set_state(orb, TC_ORB_OFF, "nobody is in the room");
	}
	LIST_REMOVE(orb, in_bucket);
	TAILQ_REMOVE(&orb->all->list, orb, in_list);
	uv_close((uv_handle_t *)&orb->timer, on_orb_closed);
}

/* --- capacity --- */

/* *why is set when there is none. */
static bool has_place(const struct tc_orbs *orbs, const char **why)
{
	if (orbs->live + orbs->held >= orbs->config.max_orbs) {
		*why = NULL;
		return false;
	}
	return tc_measure_has_headroom(orbs->measure, why);
}

void tc_orb_start_or_wait(struct tc_orb *orb, const char *why)
{
	struct tc_orbs *orbs = orb->all;
	const char *lacks;
	if (has_place(orbs, &lacks)) {
		tc_orb_start(orb, why);
		return;
	}
	char full[96];
	if (lacks) {
		snprintf(full, sizeof(full), "%s", lacks);
	} else {
		snprintf(full, sizeof(full), "all %d places are taken", orbs->config.max_orbs);
	}
	TAILQ_INSERT_TAIL(&orbs->waiting, orb, in_waiting);
	tc_orb_set_state(orb, TC_ORB_FULL, full);
}

/* An orb alone would hold the place for nobody, and others wait. */
static bool is_attended(const struct tc_orb *orb)
{
	const struct tc_orbs *orbs = orb->all;
	return !orbs->events.attended || orbs->events.attended(orbs->user, orb->room);
}

void tc_orbs_serve_waiting(struct tc_orbs *orbs)
{
	const char *lacks;
	for (struct tc_orb *orb = TAILQ_FIRST(&orbs->waiting), *next; orb; orb = next) {
		next = TAILQ_NEXT(orb, in_waiting);
		if (!is_attended(orb)) {
			continue;
		}
		if (orbs->closing || !has_place(orbs, &lacks)) {
			break;
		}
		TAILQ_REMOVE(&orbs->waiting, orb, in_waiting);
		tc_orb_start(orb, "a place is free");
	}
}

void tc_orbs_child_closed(void *user)
{
	tc_orbs_handle_closed(user);
}

void tc_orbs_reaped(struct tc_orb *orb)
{
	struct tc_orbs *orbs = orb->all;
	tc_child_close(orb->child, tc_orbs_child_closed, orbs);
	orb->child = NULL;
	orb->started_ms = 0;
	tc_orb_nothing_due(orb);
	orbs->live--;
	if (orbs->events.token_revoked) {
		orbs->events.token_revoked(orbs->user, orb->room, orb->now.session);
	}
	bool wanted = !orbs->closing && orb->human_count > 0;
	if (wanted && orb->state == TC_ORB_RESTARTING) {
		tc_orb_restart_soon(orb);
	}
	tc_orbs_serve_waiting(orbs); /* they have waited longer than this room's next life */
	if (!wanted) {
		tc_orb_forget(orb);
	} else if (orb->again) {
		tc_orb_start_or_wait(orb, "somebody joined while it was ending");
	}
}

/* --- for those who watch --- */

struct tc_orbs_counts tc_orbs_counts(const struct tc_orbs *orbs)
{
	return orbs->counts;
}

size_t tc_orbs_list(const struct tc_orbs *orbs, struct tc_orb_info *out, size_t max)
{
	const struct tc_orb *orb;
	size_t count = 0;
	TAILQ_FOREACH(orb, &orbs->list, in_list)
	{
		if (count == max) {
			break;
		}
		struct tc_orb_info *info = &out[count++];
		*info = (struct tc_orb_info){
			.pid = orb->child ? tc_child_pid(orb->child) : 0,
			.life = orb->life,
			.state = orb->state,
			.started_ms = orb->started_ms,
			.cpu_percent = orb->cpu_percent,
			.memory_mb = orb->memory_mb,
			.latency_ms = orb->latency_ms,
		};
		memcpy(info->room, orb->room, sizeof(info->room));
		memcpy(info->session, orb->now.session, sizeof(info->session));
	}
	return count;
}

/* --- beginning and end --- */

static void free_memory(struct tc_orbs *orbs)
{
	tc_cgroups_destroy(orbs->cgroups);
	tc_strings_finish(&orbs->command);
	tc_strings_finish(&orbs->env);
	free(orbs->work_dir);
	free(orbs->host_port);
	free(orbs);
}

static int set_program(struct tc_orbs *orbs, const struct tc_orbs_config *config)
{
	int err =
		config->orb_command ? tc_orb_split_command(&orbs->command, config->orb_command) : 0;
	if (err) {
		return err;
	}
	orbs->foreign = orbs->command.count > 0;
	if (!orbs->foreign && config->aiorb_path) {
		tc_strings_addf(&orbs->command, "%s", config->aiorb_path);
	}
	return orbs->command.err                             ? orbs->command.err
	       : orbs->command.count == 0 && config->enabled ? -EINVAL
							     : 0;
}

static int set_environment(struct tc_orbs *orbs, const struct tc_orbs_config *config)
{
	struct tc_strings *env = &orbs->env;
	tc_strings_addf(env, "NODE_CHANNEL_FD=3");
	tc_strings_addf(env, "NODE_CHANNEL_SERIALIZATION_MODE=json");
	tc_strings_addf(env, "CPU_SERVER_HOST=%s", orbs->host_port);
	if (config->websocket_url) {
		tc_strings_addf(env, "CPU_WEBSOCKET_URL=%s", config->websocket_url);
	} else {
		tc_strings_addf(env, "CPU_WEBSOCKET_URL=ws://%s", orbs->host_port);
	}
	if (config->log_level) {
		tc_strings_addf(env, "ORB_LOG_LEVEL=%s", config->log_level);
	}
	if (config->heartbeat_ms > 0) {
		tc_strings_addf(env, "ORB_HEALTH_CHECK_INTERVAL=%lld",
				(long long)config->heartbeat_ms);
	}
	if (orbs->foreign) {
		tc_strings_addf(env, "NODE_ENV=production"); /* as the guide's manager does */
	}
	if (config->manager_socket && !orbs->foreign) {
		tc_strings_addf(env, "ORB_MANAGER_SOCKET=%s", config->manager_socket);
	}
	if (config->spool_dir && !orbs->foreign) {
		tc_strings_addf(env, "ORB_SPOOL_DIR=%s", config->spool_dir);
	}
	for (size_t i = 0; config->env && config->env[i]; i++) {
		tc_strings_addf(env, "%s", config->env[i]);
	}
	return env->err;
}

static int set_strings(struct tc_orbs *orbs, const struct tc_orbs_config *config)
{
	const char *host_port = config->host_port ? config->host_port : "127.0.0.1:3000";
	orbs->host_port = strdup(host_port);
	orbs->work_dir = config->work_dir ? strdup(config->work_dir) : NULL;
	if (!orbs->host_port || (config->work_dir && !orbs->work_dir)) {
		return -ENOMEM;
	}
	int err = set_program(orbs, config);
	return err ? err : set_environment(orbs, config);
}

/* Without it orbs still come, later and larger. */
static void start_nest(struct tc_orbs *orbs)
{
	struct tc_strings env = {0};
	tc_orb_environment(&env, environ, &orbs->env);
	struct tc_nest_config config = {.loop = orbs->config.loop,
					.program = orbs->command.list[0],
					.envp = env.list,
					.spares = orbs->config.spares,
					.needs = orbs->events.needs,
					.user = orbs->user};
	int err = env.err ? env.err : tc_nest_create(&orbs->nest, &config);
	if (err) {
		TC_WARN(NULL, "no nest, orbs are executed: %s", tc_err_str(err));
	}
	tc_strings_finish(&env);
}

static void start_cgroups(struct tc_orbs *orbs)
{
	const struct tc_cgroup_config config = {.memory_mb = orbs->config.max_memory_mb,
						.cpu_percent = orbs->config.max_cpu_percent};
	char why[256];
	if (tc_cgroups_create(&orbs->cgroups, &config, why, sizeof(why)) == 0) {
		TC_INFO(NULL, "each orb gets a control group");
	} else {
		TC_DEBUG(NULL, "limits are kept by sampling: %s", why);
	}
}

int tc_orbs_create(struct tc_orbs **out, const struct tc_orbs_config *config,
		   const struct tc_orbs_events *events, void *user)
{
	struct tc_orbs *orbs = calloc(1, sizeof(*orbs));
	if (!orbs) {
		return -ENOMEM;
	}
	int err = set_strings(orbs, config);
	if (err) {
		free_memory(orbs);
		return err;
	}
	orbs->config = *config;
	/* The caller's strings end with this call: nobody may reach them by accident. */
	orbs->config.orb_command = orbs->config.aiorb_path = orbs->config.work_dir = NULL;
	orbs->config.host_port = orbs->config.websocket_url = orbs->config.log_level = NULL;
	orbs->config.manager_socket = orbs->config.spool_dir = NULL;
	orbs->config.env = NULL;
	if (orbs->config.term_grace_ms <= 0) {
		orbs->config.term_grace_ms = TERM_GRACE_MS;
	}
	if (orbs->config.restart_limit > TC_ORB_RESTARTS_MAX) {
		orbs->config.restart_limit = TC_ORB_RESTARTS_MAX;
	}
	orbs->events = *events;
	orbs->user = user;
	TAILQ_INIT(&orbs->list);
	TAILQ_INIT(&orbs->waiting);
	uv_timer_init(config->loop, &orbs->closer);
	orbs->closer.data = orbs;
	orbs->open_handles = 1;
	if (orbs->config.cgroups && orbs->config.enabled) {
		start_cgroups(orbs); /* first: what is started before is not in ours */
	}
	if (orbs->config.nest && orbs->config.enabled && !orbs->foreign) {
		start_nest(orbs);
	}
	err = tc_measure_create(&orbs->measure, orbs);
	if (err) {
		TC_WARN(NULL, "orbs are not measured: %s", tc_err_str(err));
	}
	*out = orbs;
	return 0;
}

void tc_orbs_handle_closed(struct tc_orbs *orbs)
{
	if (--orbs->open_handles > 0) {
		return;
	}
	void (*done)(void *user) = orbs->done;
	void *user = orbs->done_user;
	free_memory(orbs);
	if (done) {
		done(user);
	}
}

static void on_closer_closed(uv_handle_t *handle)
{
	tc_orbs_handle_closed(handle->data);
}

static void on_nest_closed(void *user)
{
	tc_orbs_handle_closed(user);
}

static void close_nest(struct tc_orbs *orbs)
{
	if (orbs->nest) {
		orbs->open_handles++;
		tc_nest_close(orbs->nest, on_nest_closed, orbs);
		orbs->nest = NULL;
	}
}

void tc_orbs_begin_close(struct tc_orbs *orbs, void (*done)(void *user), void *user)
{
	orbs->closing = true;
	orbs->done = done;
	orbs->done_user = user;
}

void tc_orbs_end_close(struct tc_orbs *orbs)
{
	close_nest(orbs);
	tc_measure_close(orbs->measure);
	orbs->measure = NULL;
	uv_close((uv_handle_t *)&orbs->closer, on_closer_closed);
}

void tc_orbs_close(struct tc_orbs *orbs, void (*done)(void *user), void *user)
{
	if (!orbs || orbs->closing) {
		return;
	}
	tc_orbs_begin_close(orbs, done, user);
	for (struct tc_orb *orb = TAILQ_FIRST(&orbs->list), *next; orb; orb = next) {
		next = TAILQ_NEXT(orb, in_list);
		if (orb->child) {
			tc_orb_ask_to_end(orb, "server_shutdown", "server_shutdown");
		} else {
			tc_orb_forget(orb);
		}
	}
	tc_orbs_end_close(orbs);
}

void tc_orbs_kill_all(struct tc_orbs *orbs)
{
	struct tc_orb *orb;
	TAILQ_FOREACH(orb, &orbs->list, in_list)
	{
		if (orb->child) {
			tc_orb_ask_to_end(orb, "server_shutdown", "server_shutdown");
			tc_child_kill(orb->child);
		}
	}
}
