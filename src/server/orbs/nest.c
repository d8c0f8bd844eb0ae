// SPDX-License-Identifier: Apache-2.0
#include "server/orbs/nest.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "server/orbs/child.h"
#include "server/orbs/nest_priv.h"

TC_LOG_TOPIC("server.orbs.nest");

#define BACK_OFF_MAX_MS 60000
/* What ps shows of an orb is written over the arguments of the nest: so much room they have. */
#define TITLE_ROOM 1000

static int64_t now_of(const struct tc_nest *nest)
{
	return (int64_t)uv_now(nest->config.loop);
}

static const char *state_str(enum tc_nest_state state)
{
	static const char *const names[] = {"down", "loading", "up", "ending", "closed"};
	return names[state];
}

static void set_state(struct tc_nest *nest, enum tc_nest_state next, const char *why)
{
#define TO(state) (1u << TC_NEST_##state)
	static const unsigned steps[] = {
		[TC_NEST_DOWN] = TO(LOADING) | TO(CLOSED),
		[TC_NEST_LOADING] = TO(UP) | TO(ENDING) | TO(DOWN),
		[TC_NEST_UP] = TO(ENDING) | TO(DOWN),
		[TC_NEST_ENDING] = TO(DOWN),
		[TC_NEST_CLOSED] = 0,
	};
#undef TO
	TC_ASSERT(steps[nest->state] >> next & 1);
	TC_INFO("nest", "%s -> %s (%s)", state_str(nest->state), state_str(next), why);
	nest->state = next;
}

/* Returns the wait, and makes the next one longer. */
static int64_t back_off(const struct tc_nest *nest, int64_t *wait_ms)
{
	int64_t wait = *wait_ms;
	int64_t next = wait ? wait * 2 : nest->config.back_off_ms;
	*wait_ms = next < BACK_OFF_MAX_MS ? next : BACK_OFF_MAX_MS;
	return wait;
}

/* --- the process --- */

static void on_timer(uv_timer_t *timer);

/* It would only die of it, again and again. Said once, for as long as it is so. */
static bool lacks_needs(struct tc_nest *nest)
{
	char why[256] = "";
	bool lacks =
		nest->config.needs && nest->config.needs(nest->config.user, why, sizeof(why)) != 0;
	if (lacks && !nest->lacks) {
		TC_INFO("nest", "not started: %s", why);
	}
	if (lacks != nest->lacks) {
		nest->wait_ms = nest->config.back_off_ms;
	}
	nest->lacks = lacks;
	return lacks;
}

static void start(struct tc_nest *nest, const char *why)
{
	char problem[256];
	nest->want_again = false;
	nest->asked = 0;
	nest->pinged = nest->ponged = 0;
	if (lacks_needs(nest)) {
		uv_timer_start(&nest->timer, on_timer, (uint64_t)back_off(nest, &nest->wait_ms), 0);
		return;
	}
	if (stat(nest->argv.list[0], &nest->program) < 0) {
		nest->program = (struct stat){0};
	}
	if (tc_nest_process_start(nest, problem, sizeof(problem)) != 0) {
		TC_ERROR("nest", "%s", problem);
		uv_timer_start(&nest->timer, on_timer, (uint64_t)back_off(nest, &nest->wait_ms), 0);
		return;
	}
	nest->info.starts++;
	nest->started_ms = now_of(nest);
	set_state(nest, TC_NEST_LOADING, why);
	uv_timer_start(&nest->timer, on_timer, (uint64_t)nest->config.load_ms, 0);
}

/* Lets go of it. It ends by itself, or at once where it does not listen. */
static void end(struct tc_nest *nest, bool at_once, const char *why)
{
	set_state(nest, TC_NEST_ENDING, why);
	tc_nest_process_end(nest->process, at_once);
	uv_timer_start(&nest->timer, on_timer, (uint64_t)nest->config.ping_ms, 0);
	if (!nest->want_again) {
		tc_nest_dismiss(nest);
	}
}

static void drop_stopped(struct tc_nest *nest);

static void ping(struct tc_nest *nest)
{
	drop_stopped(nest);
	if (nest->ponged != nest->pinged) {
		TC_WARN("nest", "process %d does not answer", nest->process->pid);
		end(nest, true, "hung");
		return;
	}
	tc_nest_process_tell(nest->process, TC_NEST_PING, ++nest->pinged);
	uv_timer_start(&nest->timer, on_timer, (uint64_t)nest->config.ping_ms, 0);
}

static void on_timer(uv_timer_t *timer)
{
	struct tc_nest *nest = timer->data;
	switch (nest->state) {
	case TC_NEST_DOWN:
		start(nest, "started again");
		break;
	case TC_NEST_LOADING:
		end(nest, true, "the engines are not loaded in time");
		break;
	case TC_NEST_UP:
		ping(nest);
		break;
	case TC_NEST_ENDING:
		tc_nest_process_end(nest->process, true);
		uv_timer_start(&nest->timer, on_timer, (uint64_t)nest->config.ping_ms, 0);
		break;
	case TC_NEST_CLOSED:
		break;
	}
}

static void close_handles(struct tc_nest *nest);

void tc_nest_on_process_end(struct tc_nest *nest, const char *how)
{
	bool early = now_of(nest) - nest->started_ms < nest->config.proven_ms;
	bool ours = nest->state == TC_NEST_ENDING;
	nest->process = NULL;
	nest->info.pid = 0;
	set_state(nest, TC_NEST_DOWN, how);
	uv_timer_stop(&nest->timer);
	if (nest->closing) {
		close_handles(nest);
	} else if (nest->want_again) {
		start(nest, "replaced");
	} else {
		if (!early) {
			nest->wait_ms = nest->config.back_off_ms;
		}
		int64_t wait = back_off(nest, &nest->wait_ms);
		TC_LOG(ours ? TC_LOG_INFO : TC_LOG_WARN, "nest",
		       "%s; orbs go on, the next is started in %" PRId64 " ms", how, wait);
		uv_timer_start(&nest->timer, on_timer, (uint64_t)wait, 0);
	}
	if (nest->state == TC_NEST_DOWN) {
		tc_nest_dismiss(nest);
	}
}

/* --- the spares --- */

static bool program_changed(const struct tc_nest *nest)
{
	struct stat now;
	const struct stat *was = &nest->program;
	return stat(nest->argv.list[0], &now) == 0 &&
	       (now.st_ino != was->st_ino || now.st_dev != was->st_dev ||
		now.st_size != was->st_size || now.st_mtim.tv_sec != was->st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != was->st_mtim.tv_nsec);
}

static void condemn_spares(struct tc_nest *nest)
{
	struct tc_spare *spare;
	TAILQ_FOREACH(spare, &nest->spares, in_nest)
	{
		tc_spare_condemn(spare);
	}
	nest->info.spare = nest->info.spares = 0;
}

/* Asked for and not ready yet. */
static int count_coming(const struct tc_nest *nest)
{
	const struct tc_spare *spare;
	int count = nest->asked;
	TAILQ_FOREACH(spare, &nest->spares, in_nest)
	{
		count += !spare->ready && !spare->condemned;
	}
	return count;
}

static void note_spares(struct tc_nest *nest)
{
	const struct tc_spare *spare;
	nest->info.spare = nest->info.spares = 0;
	TAILQ_FOREACH(spare, &nest->spares, in_nest)
	{
		if (spare->ready) {
			nest->info.spare = nest->info.spares++ ? nest->info.spare : spare->pid;
		}
	}
}

static void on_spare_timer(uv_timer_t *timer);

/* The next spare is asked for after this. */
static void pause_for(struct tc_nest *nest, int64_t ms)
{
	nest->pausing = true;
	uv_timer_start(&nest->spare_timer, on_spare_timer, (uint64_t)ms, 0);
}

/* A fork may fail (no memory, no descriptor): then nothing comes. */
static void watch_coming(struct tc_nest *nest)
{
	if (nest->pausing) {
		return;
	}
	if (count_coming(nest) > 0) {
		uv_timer_start(&nest->spare_timer, on_spare_timer, (uint64_t)nest->config.warm_ms,
			       0);
	} else {
		uv_timer_stop(&nest->spare_timer);
	}
}

/* A stopped one (SIGSTOP, a debugger) is alive and would take an order it does not follow. */
static void drop_stopped(struct tc_nest *nest)
{
	struct tc_spare *spare;
	bool dropped = false;
	TAILQ_FOREACH(spare, &nest->spares, in_nest)
	{
		if (spare->ready && tc_spare_stopped(spare)) {
			TC_WARN("nest", "spare %d is stopped; another is made", spare->pid);
			tc_spare_condemn(spare);
			dropped = true;
		}
	}
	note_spares(nest);
	if (dropped && count_coming(nest) == 0) {
		pause_for(nest, 0);
	}
}

struct tc_spare *tc_nest_find_ready(struct tc_nest *nest)
{
	struct tc_spare *spare;
	drop_stopped(nest);
	TAILQ_FOREACH(spare, &nest->spares, in_nest)
	{
		if (spare->ready && tc_spare_alive(spare)) {
			return spare;
		}
	}
	return NULL;
}

void tc_nest_drop(struct tc_nest *nest, struct tc_spare *spare)
{
	tc_spare_condemn(spare);
	note_spares(nest);
}

static void replace(struct tc_nest *nest, const char *why)
{
	nest->wait_ms = nest->config.back_off_ms;
	nest->spare_wait_ms = 0;
	nest->want_again = true;
	condemn_spares(nest);
	if (nest->state == TC_NEST_DOWN) {
		uv_timer_stop(&nest->timer);
		start(nest, why);
	} else if (nest->state != TC_NEST_ENDING) {
		end(nest, nest->state == TC_NEST_LOADING, why);
	}
}

/* Those that nobody waits for are made one after the other. */
static int count_wanted(const struct tc_nest *nest)
{
	return nest->taker_count > 0 ? nest->taker_count : nest->info.spares < nest->config.spares;
}

void tc_nest_ask(struct tc_nest *nest)
{
	int coming = count_coming(nest), wanted = count_wanted(nest);
	if (nest->state != TC_NEST_UP || nest->closing || nest->pausing || coming >= wanted) {
		return;
	}
	if (program_changed(nest)) {
		replace(nest, "there is another aiorb now");
		return;
	}
	for (; coming < wanted; coming++) {
		nest->asked++;
		tc_nest_process_tell(nest->process, TC_NEST_FORK, 0);
	}
	watch_coming(nest);
}

static bool condemn_late(struct tc_nest *nest)
{
	struct tc_spare *spare;
	bool any = false;
	TAILQ_FOREACH(spare, &nest->spares, in_nest)
	{
		if (!spare->ready && !spare->condemned) {
			TC_WARN("nest", "spare %d does not get ready", spare->pid);
			tc_spare_condemn(spare);
			any = true;
		}
	}
	return any;
}

static void on_spare_timer(uv_timer_t *timer)
{
	struct tc_nest *nest = timer->data;
	bool was_pausing = nest->pausing;
	nest->pausing = false;
	if (!was_pausing) {
		nest->asked = 0;
		if (condemn_late(nest)) {
			pause_for(nest, back_off(nest, &nest->spare_wait_ms));
		}
	}
	tc_nest_ask(nest);
	watch_coming(nest);
}

void tc_nest_on_hello(struct tc_nest *nest)
{
	char why[64];
	if (nest->state != TC_NEST_LOADING) {
		return;
	}
	snprintf(why, sizeof(why), "engines loaded in %" PRId64 " ms",
		 now_of(nest) - nest->started_ms);
	set_state(nest, TC_NEST_UP, why);
	nest->info.pid = nest->process->pid;
	uv_timer_start(&nest->timer, on_timer, (uint64_t)nest->config.ping_ms, 0);
	nest->pausing = false;
	tc_nest_ask(nest);
}

void tc_nest_on_spare(struct tc_nest *nest, pid_t pid, int sock)
{
	nest->asked -= nest->asked > 0;
	if (nest->state != TC_NEST_UP || nest->closing) {
		close(sock); /* it ends; its group is reaped when the nest is */
		return;
	}
	int err = tc_spare_create(nest, pid, sock);
	if (err) {
		TC_ERROR("nest", "spare %d: %s", pid, tc_err_str(err));
		pause_for(nest, back_off(nest, &nest->spare_wait_ms));
		return;
	}
	watch_coming(nest);
}

void tc_nest_on_spare_ready(struct tc_nest *nest, struct tc_spare *spare)
{
	note_spares(nest);
	TC_DEBUG("nest", "spare %d is ready, %d in all", spare->pid, nest->info.spares);
	watch_coming(nest);
	tc_nest_serve(nest);
	tc_nest_ask(nest);
}

void tc_nest_on_spare_end(struct tc_nest *nest, struct tc_spare *spare, const char *how)
{
	note_spares(nest);
	if (nest->closing || nest->state != TC_NEST_UP || spare->condemned) {
		return;
	}
	/* The first is made up for at once; the next only if none was of use meanwhile. */
	int64_t wait = back_off(nest, &nest->spare_wait_ms);
	TC_WARN("nest", "spare %d %s; another in %" PRId64 " ms", spare->pid, how, wait);
	pause_for(nest, wait);
}

/* The next is made on a turn of its own: whoever waits has his first. */
void tc_nest_on_taken(struct tc_nest *nest)
{
	note_spares(nest);
	nest->info.taken++;
	nest->spare_wait_ms = 0;
	if (count_coming(nest) == 0) {
		pause_for(nest, 0);
	}
}

/* --- life --- */

static int copy_strings(struct tc_nest *nest, const struct tc_nest_config *config)
{
	tc_strings_addf(&nest->argv, "%s", config->program);
	tc_strings_addf(&nest->argv, "--nest");
	tc_strings_addf(&nest->argv, "%*s", TITLE_ROOM, "");
	for (char *const *at = config->envp; *at; at++) {
		tc_strings_addn(&nest->env, *at, strlen(*at));
	}
	return nest->argv.err ? nest->argv.err : nest->env.err;
}

static void free_nest(struct tc_nest *nest)
{
	tc_strings_finish(&nest->argv);
	tc_strings_finish(&nest->env);
	free(nest);
}

static int64_t or_default(int64_t value, int64_t fallback)
{
	return value > 0 ? value : fallback;
}

static void set_defaults(struct tc_nest_config *config)
{
	config->load_ms = or_default(config->load_ms, 60000);
	config->ping_ms = or_default(config->ping_ms, 5000);
	config->warm_ms = or_default(config->warm_ms, 10000);
	config->take_ms = or_default(config->take_ms, 2000);
	config->back_off_ms = or_default(config->back_off_ms, 500);
	config->proven_ms = or_default(config->proven_ms, 60000);
	config->spares = config->spares > 0 ? config->spares : 1;
	config->program = NULL;
	config->envp = NULL;
}

int tc_nest_create(struct tc_nest **out, const struct tc_nest_config *config)
{
	struct tc_nest *nest = calloc(1, sizeof(*nest));
	int err = nest ? copy_strings(nest, config) : -ENOMEM;
	/* What the nest forks becomes our child, so that we learn how it ended. */
	if (!err && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
		err = -errno;
	}
	if (err) {
		if (nest) {
			free_nest(nest);
		}
		return err;
	}
	nest->config = *config;
	set_defaults(&nest->config);
	nest->wait_ms = nest->config.back_off_ms;
	TAILQ_INIT(&nest->spares);
	uv_timer_init(config->loop, &nest->timer);
	uv_timer_init(config->loop, &nest->spare_timer);
	nest->timer.data = nest->spare_timer.data = nest;
	nest->open_handles = 2;
	tc_nest_takers_init(nest);
	*out = nest;
	start(nest, "started");
	return 0;
}

int tc_nest_renew(struct tc_nest *nest, char *const *envp)
{
	struct tc_strings env = {0};
	bool same = true;
	for (size_t i = 0; envp[i]; i++) {
		tc_strings_addn(&env, envp[i], strlen(envp[i]));
		same = same && i < nest->env.count && strcmp(envp[i], nest->env.list[i]) == 0;
	}
	if (env.err || (same && env.count == nest->env.count)) {
		int err = env.err;
		tc_strings_finish(&env);
		return err;
	}
	tc_strings_finish(&nest->env);
	nest->env = env;
	replace(nest, "its settings changed");
	return 0;
}

void tc_nest_handle_closed(struct tc_nest *nest)
{
	if (--nest->open_handles > 0) {
		return;
	}
	void (*done)(void *user) = nest->done;
	void *user = nest->done_user;
	free_nest(nest);
	if (done) {
		done(user);
	}
}

static void on_timer_closed(uv_handle_t *handle)
{
	tc_nest_handle_closed(handle->data);
}

static void close_handles(struct tc_nest *nest)
{
	set_state(nest, TC_NEST_CLOSED, "closed");
	uv_close((uv_handle_t *)&nest->timer, on_timer_closed);
	uv_close((uv_handle_t *)&nest->spare_timer, on_timer_closed);
	tc_nest_takers_close(nest);
}

void tc_nest_close(struct tc_nest *nest, void (*done)(void *user), void *user)
{
	if (!nest || nest->closing) {
		return;
	}
	nest->closing = true;
	nest->done = done;
	nest->done_user = user;
	nest->want_again = false;
	uv_timer_stop(&nest->spare_timer);
	condemn_spares(nest);
	if (nest->state == TC_NEST_DOWN) {
		close_handles(nest);
	} else if (nest->state != TC_NEST_ENDING) {
		end(nest, true, "closing");
	}
}

struct tc_nest_info tc_nest_info(const struct tc_nest *nest)
{
	return nest ? nest->info : (struct tc_nest_info){0};
}
