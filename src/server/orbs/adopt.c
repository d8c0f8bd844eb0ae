// SPDX-License-Identifier: Apache-2.0
/* From one server to the next: orbs are let go of, running, and taken up again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "proto/channel.h"
#include "server/orbs/priv.h"

TC_LOG_TOPIC("server.orbs");

#define TOKEN_MAX 2048

/* --- taking up --- */

void tc_orbs_expect(struct tc_orbs *orbs, const char *room, int64_t wait_ms)
{
	/* Programs of orb_command die with their server. */
	struct tc_orb *orb = orbs->foreign ? NULL : tc_orbs_need(orbs, room);
	if (orb && orb->state == TC_ORB_OFF) {
		tc_orb_hold_place(orb); /* the one that comes has one already */
		tc_orb_due_in(orb, TC_ORB_DUE_EXPECTED, wait_ms);
	}
}

void tc_orb_expected_in_vain(struct tc_orb *orb)
{
	if (orb->state != TC_ORB_OFF) {
		return;
	}
	struct tc_orbs *orbs = orb->all;
	tc_orb_release_place(orb);
	if (orb->human_count > 0) {
		tc_orb_start_or_wait(orb, "the one before did not come back");
	} else {
		tc_orb_forget(orb);
	}
	tc_orbs_serve_waiting(orbs);
}

static int check(const struct tc_orbs *orbs, const struct tc_channel_message *adopt)
{
	if (!tc_id_valid(adopt->room) || !tc_id_valid(adopt->session)) {
		return -EINVAL;
	}
	return orbs->closing || !orbs->config.enabled || orbs->foreign ? -EPERM : 0;
}

static int new_token(struct tc_orb *orb)
{
	const struct tc_orbs *all = orb->all;
	orb->new_token = calloc(1, TOKEN_MAX);
	if (!orb->new_token) {
		return -ENOMEM;
	}
	return all->events.token ? all->events.token(all->user, orb->room, orb->now.session,
						     orb->new_token, TOKEN_MAX)
				 : 0;
}

static void set_facts(struct tc_orb *orb, const struct tc_channel_message *adopt)
{
	struct tc_orb_facts *now = &orb->now;
	memcpy(now->session, adopt->session, sizeof(now->session));
	memcpy(now->coach, adopt->coach, sizeof(now->coach));
	memcpy(now->client, adopt->client, sizeof(now->client));
	now->test = adopt->test;
	if (!orb->next.session[0]) { /* nobody has joined yet */
		orb->next = *now;
	}
	orb->life = 1;
	orb->began_ms = tc_orb_now(orb) - adopt->elapsed_ms;
	orb->started_ms = tc_clock_wall_ms(tc_clock_system()) - adopt->elapsed_ms;
	tc_orb_forget_life(orb);
}

static int take(struct tc_orb *orb, int fd, int pid, const struct tc_channel_message *adopt)
{
	struct tc_orbs *all = orb->all;
	set_facts(orb, adopt);
	int err = new_token(orb);
	err = err ? err
		  : tc_child_adopt(&orb->child, all->config.loop, orb->tag, pid, fd,
				   &tc_orb_child_events, orb);
	if (err) {
		free(orb->new_token);
		orb->new_token = NULL;
		if (all->events.token_revoked) {
			all->events.token_revoked(all->user, orb->room, orb->now.session);
		}
		return err;
	}
	all->live++;
	all->open_handles++;
	return 0;
}

static void begin(struct tc_orb *orb)
{
	tc_orb_nothing_due(orb);
	if (orb->state == TC_ORB_FULL) {
		TAILQ_REMOVE(&orb->all->waiting, orb, in_waiting);
	}
	tc_orb_release_place(orb);
	tc_orb_set_state(orb, TC_ORB_SPAWNING, "taken over from the server before");
	(void)tc_cgroups_enter(orb->all->cgroups, tc_child_pid(orb->child));
	tc_orb_set_limits(orb);
	if (orb->human_count == 0) { /* they come back, or it ends */
		tc_orb_due_in(orb, TC_ORB_DUE_CLEANUP, orb->all->config.cleanup_grace_ms);
	}
	tc_child_poke(orb->child);
	tc_orb_tell_participants(orb);
}

/* Some bytes into an empty socket: they fit, or nobody is there to read them. */
static void refuse(int fd)
{
	struct tc_buf line;
	tc_buf_init(&line);
	tc_channel_put_shutdown(&line, "replaced");
	if (!line.err) {
		(void)send(fd, line.data, line.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	tc_buf_finish(&line);
	close(fd);
}

int tc_orbs_adopt(struct tc_orbs *orbs, int fd, int pid, const struct tc_channel_message *adopt)
{
	int err = check(orbs, adopt);
	struct tc_orb *orb = err ? NULL : tc_orbs_need(orbs, adopt->room);
	if (!err && !orb) {
		err = -ENOMEM;
	}
	bool elsewhere = orb && orb->next.session[0] && strcmp(orb->next.session, adopt->session);
	if (!err && (orb->child || elsewhere || !tc_orb_may_step(orb->state, TC_ORB_SPAWNING))) {
		err = -EEXIST;
	}
	err = err ? err : take(orb, fd, pid, adopt);
	if (err) {
		TC_INFO(adopt->room, "the orb process %d was not taken over: %s", pid,
			err == -EEXIST ? "the room has another" : tc_err_str(err));
		refuse(fd);
		if (orb && !orb->child && orb->state == TC_ORB_OFF && orb->human_count == 0) {
			tc_orb_forget(orb);
		}
		return err;
	}
	begin(orb);
	return 0;
}

/* --- letting go --- */

static void let_go(struct tc_orb *orb)
{
	struct tc_child *child = orb->child;
	TC_INFO(orb->tag, "orb process %d goes on without us", tc_child_pid(child));
	orb->child = NULL;
	tc_orb_nothing_due(orb);
	tc_child_let_go(child, tc_orbs_child_closed, orb->all);
	tc_orb_forget(orb);
}

void tc_orbs_hand_over(struct tc_orbs *orbs, void (*done)(void *user), void *user)
{
	tc_orbs_begin_close(orbs, done, user);
	for (struct tc_orb *orb = TAILQ_FIRST(&orbs->list), *next; orb; orb = next) {
		next = TAILQ_NEXT(orb, in_list);
		if (!orb->child) {
			tc_orb_forget(orb);
		} else if (orbs->foreign || !tc_orb_running(orb) || tc_child_pid(orb->child) == 0 ||
			   !tc_child_channel_open(orb->child)) {
			tc_orb_ask_to_end(orb, "server_shutdown", "server_shutdown");
		} else {
			let_go(orb);
		}
	}
	tc_orbs_end_close(orbs);
}
