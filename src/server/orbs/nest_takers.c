// SPDX-License-Identifier: Apache-2.0
/* Who wants an orb gets a spare: at once, or when one was forked for him. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/pass.h"
#include "server/orbs/child.h"
#include "server/orbs/nest_priv.h"

TC_LOG_TOPIC("server.orbs.nest");

static int64_t now_of(const struct tc_nest *nest)
{
	return (int64_t)uv_now(nest->config.loop);
}

static void forget_order(struct tc_buf *order)
{
	if (order->data) {
		explicit_bzero(order->data, order->len); /* a token is in it */
	}
	tc_buf_finish(order);
}

static int write_order(struct tc_buf *order, const struct tc_child_config *config)
{
	tc_buf_init(order);
	tc_nest_order_put(order, config->argv, config->envp, config->work_dir);
	int err = order->err ? order->err : order->len > TC_NEST_ORDER_MAX ? -EMSGSIZE : 0;
	if (err) {
		forget_order(order);
	}
	return err;
}

/* One that died just now, unknown to us, is passed over. */
static int give(struct tc_nest *nest, const struct tc_buf *order, const int theirs[3], pid_t *pid,
		int *pidfd)
{
	struct tc_spare *spare;
	int err = -EAGAIN;
	while ((spare = tc_nest_find_ready(nest))) {
		err = tc_pass_send(spare->sock, order->data, order->len, theirs, 3);
		if (!err) {
			tc_spare_hand_over(spare, pid, pidfd);
			tc_nest_on_taken(nest);
			return 0;
		}
		if (err != -EPIPE && err != -ECONNRESET) {
			return err;
		}
		tc_nest_drop(nest, spare);
		err = -EAGAIN;
	}
	return err;
}

int tc_nest_take(struct tc_nest *nest, const struct tc_child_config *config, const int theirs[3],
		 pid_t *pid, int *pidfd)
{
	struct tc_buf order;
	int err = nest ? write_order(&order, config) : -EAGAIN;
	if (err) {
		return err;
	}
	err = give(nest, &order, theirs, pid, pidfd);
	forget_order(&order);
	return err;
}

/* --- waiting --- */

static void on_take_timer(uv_timer_t *timer);

static void arm(struct tc_nest *nest)
{
	const struct tc_nest_taker *first = TAILQ_FIRST(&nest->takers);
	if (first) {
		int64_t left = first->until_ms - now_of(nest);
		uv_timer_start(&nest->take_timer, on_take_timer, left > 0 ? (uint64_t)left : 0, 0);
	} else {
		uv_timer_stop(&nest->take_timer);
	}
}

static void unqueue(struct tc_nest_taker *taker)
{
	TAILQ_REMOVE(&taker->nest->takers, taker, in_queue);
	taker->nest->taker_count--;
	arm(taker->nest);
}

static void free_taker(struct tc_nest_taker *taker)
{
	forget_order(&taker->order);
	free(taker);
}

static void note_missed(struct tc_nest *nest, const char *tag, int err)
{
	nest->info.missed++;
	TC_INFO(tag, "no spare (%s): executed instead", tc_err_str(err));
}

/* The order is read where it is: it is not needed any more. */
static void send_away(struct tc_nest_taker *taker, int why)
{
	struct tc_nest_order order;
	unqueue(taker);
	note_missed(taker->nest, taker->tag, why);
	int err = tc_nest_order_take(&order, (char *)taker->order.data, taker->order.len);
	taker->taken(taker->user, why, 0, -1, err ? NULL : &order);
	if (!err) {
		tc_nest_order_finish(&order);
	}
	free_taker(taker);
}

static void on_take_timer(uv_timer_t *timer)
{
	struct tc_nest *nest = timer->data;
	struct tc_nest_taker *taker;
	while ((taker = TAILQ_FIRST(&nest->takers)) && taker->until_ms <= now_of(nest)) {
		send_away(taker, -ETIMEDOUT);
	}
}

void tc_nest_serve(struct tc_nest *nest)
{
	struct tc_nest_taker *taker;
	pid_t pid;
	int pidfd;
	while ((taker = TAILQ_FIRST(&nest->takers))) {
		int err = give(nest, &taker->order, taker->theirs, &pid, &pidfd);
		if (err == -EAGAIN) {
			return;
		}
		if (err) {
			send_away(taker, err);
			continue;
		}
		unqueue(taker);
		nest->info.waited++;
		taker->taken(taker->user, 0, pid, pidfd, NULL);
		free_taker(taker);
	}
}

void tc_nest_dismiss(struct tc_nest *nest)
{
	while (!TAILQ_EMPTY(&nest->takers)) {
		send_away(TAILQ_FIRST(&nest->takers), -EAGAIN);
	}
}

static bool can_come(const struct tc_nest *nest)
{
	return !nest->closing &&
	       (nest->state == TC_NEST_UP || nest->state == TC_NEST_LOADING || nest->want_again);
}

int tc_nest_wait(struct tc_nest_taker **out, struct tc_nest *nest,
		 const struct tc_child_config *config, const int theirs[3], tc_nest_taken_fn taken,
		 void *user)
{
	if (!nest) {
		return -EAGAIN;
	}
	struct tc_nest_taker *taker = calloc(1, sizeof(*taker));
	int err = !taker ? -ENOMEM : can_come(nest) ? write_order(&taker->order, config) : -EAGAIN;
	if (err) {
		free(taker);
		note_missed(nest, config->tag, err);
		return err;
	}
	taker->nest = nest;
	snprintf(taker->tag, sizeof(taker->tag), "%s", config->tag);
	memcpy(taker->theirs, theirs, sizeof(taker->theirs));
	taker->until_ms = now_of(nest) + nest->config.take_ms;
	taker->taken = taken;
	taker->user = user;
	TAILQ_INSERT_TAIL(&nest->takers, taker, in_queue);
	nest->taker_count++;
	arm(nest);
	tc_nest_ask(nest);
	*out = taker;
	return 0;
}

void tc_nest_leave(struct tc_nest_taker *taker)
{
	unqueue(taker);
	free_taker(taker);
}

/* --- life --- */

void tc_nest_takers_init(struct tc_nest *nest)
{
	TAILQ_INIT(&nest->takers);
	uv_timer_init(nest->config.loop, &nest->take_timer);
	nest->take_timer.data = nest;
	nest->open_handles++;
}

static void on_timer_closed(uv_handle_t *handle)
{
	tc_nest_handle_closed(handle->data);
}

void tc_nest_takers_close(struct tc_nest *nest)
{
	uv_close((uv_handle_t *)&nest->take_timer, on_timer_closed);
}
