// SPDX-License-Identifier: Apache-2.0
/* The way to the server: its name is looked up beside the loop in each round, since it may have
 * moved; then each address is tried, since a name like localhost has one that nobody listens on. */
#include "uplink/uplink_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libwebsockets.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"

TC_LOG_TOPIC("uplink");

int64_t tc_uplink_backoff(int64_t *backoff_ms, uint8_t noise)
{
	int64_t delay = *backoff_ms * (192 + noise / 2) / 256;
	*backoff_ms = *backoff_ms * 2 < TC_UPLINK_BACKOFF_MAX_MS ? *backoff_ms * 2
								 : TC_UPLINK_BACKOFF_MAX_MS;
	return delay;
}

bool tc_uplink_final_code(unsigned code)
{
	return code == 4000 || code == 4403 || code == 4409;
}

static void forget_addresses(struct tc_uplink *up)
{
	for (size_t i = 0; i < up->address_count; i++) {
		free(up->addresses[i]);
	}
	up->address_count = up->address_at = 0;
}

static void add_address(struct tc_uplink *up, const char *address)
{
	char *copy = up->address_count < TC_UPLINK_ADDRESSES ? strdup(address) : NULL;
	if (copy) {
		up->addresses[up->address_count++] = copy;
	}
}

static void try_address(struct tc_uplink *up)
{
	tc_uplink_set_state(up, UPLINK_CONNECTING, up->addresses[up->address_at]);
	struct lws_client_connect_info info = {
		.context = up->lws,
		.address = up->addresses[up->address_at++],
		.host = up->url.host, /* what the certificate must be for, too */
		.port = up->url.port,
		.path = up->url.path,
		.local_protocol_name = "tricall",
		.pwsi = &up->wsi,
		.ssl_connection = up->url.tls ? LCCSCF_USE_SSL : 0,
		.opaque_user_data = up,
	};
	up->refusal[0] = '\0';
	/* lws tells some failures by callback, some by NULL only. */
	if (!lws_client_connect_via_info(&info) && up->state == UPLINK_CONNECTING) {
		tc_uplink_lost(up, "no connection");
	}
}

static void on_resolved(void *user, const char *const *addresses, size_t count, const char *error)
{
	struct tc_uplink *up = user;
	up->resolve = NULL;
	for (size_t i = 0; i < count; i++) {
		add_address(up, addresses[i]);
	}
	if (up->address_count) {
		try_address(up);
	} else {
		tc_uplink_lost(up, error ? error : "out of memory");
	}
}

void tc_uplink_connect(void *arg)
{
	struct tc_uplink *up = arg;
	tc_timer_cancel(up->retry);
	up->retry = NULL;
	if (up->address_at < up->address_count) {
		try_address(up);
		return;
	}
	forget_addresses(up);
	tc_uplink_set_state(up, UPLINK_RESOLVING, up->url.host);
	if (tc_resolve_is_address(up->url.host)) {
		add_address(up, up->url.host);
		on_resolved(up, NULL, 0, NULL);
	} else if (tc_resolve_start(&up->resolve, up->loop, up->url.host, on_resolved, up) != 0) {
		tc_uplink_lost(up, "out of memory");
	}
}

void tc_uplink_stop_connecting(struct tc_uplink *up)
{
	tc_timer_cancel(up->retry);
	up->retry = NULL;
	tc_resolve_cancel(up->resolve);
	up->resolve = NULL;
	forget_addresses(up);
}

void tc_uplink_hold(struct tc_uplink *up)
{
	up->held = true;
	if (up->state == UPLINK_DOWN || up->state == UPLINK_RESOLVING) {
		tc_uplink_stop_connecting(up);
		tc_uplink_set_state(up, UPLINK_DOWN, "held");
	}
}

int tc_uplink_resume(struct tc_uplink *up, const char *token)
{
	char *copy = token ? strdup(token) : NULL;
	if (token && !copy) {
		return -ENOMEM;
	}
	if (copy) {
		free(up->token);
		up->token = copy;
	}
	up->held = false;
	up->backoff_ms = TC_UPLINK_BACKOFF_MS;
	if (up->state == UPLINK_DOWN) {
		tc_uplink_stop_connecting(up);
		up->retry = tc_loop_timer(up->loop, 0, false, tc_uplink_connect, up);
	}
	return 0;
}

/* Not from inside of lws's callback: the next address is tried on a turn of its own. */
static void schedule(struct tc_uplink *up, bool next_address)
{
	int64_t delay = 0;
	if (!next_address) {
		uint8_t noise;
		tc_random_bytes(&noise, 1);
		delay = tc_uplink_backoff(&up->backoff_ms, noise);
	}
	tc_timer_cancel(up->retry);
	up->retry = tc_loop_timer(up->loop, delay, false, tc_uplink_connect, up);
}

static void give_up(struct tc_uplink *up, const char *why, bool unreachable)
{
	tc_uplink_set_state(up, UPLINK_CLOSED, why);
	up->events.failed(up->user, why, unreachable);
}

/* A server that takes connections and says nothing is not reached either. */
void tc_uplink_first_tries_over(void *user)
{
	struct tc_uplink *up = user;
	tc_timer_cancel(up->first_timer);
	up->first_timer = NULL;
	if (up->was_joined || up->held || up->state == UPLINK_LEAVING ||
	    up->state == UPLINK_CLOSED) {
		return;
	}
	tc_uplink_stop_connecting(up);
	give_up(up, up->problem[0] ? up->problem : "no answer", true);
}

void tc_uplink_lost(struct tc_uplink *up, const char *why)
{
	up->wsi = NULL;
	up->inbox.len = 0;
	if (up->join_waits) { /* the next socket begins with one of its own */
		tc_uplink_outbox_drop_first(&up->outbox);
		up->join_waits = false;
	}
	if (up->state == UPLINK_LEAVING) {
		tc_uplink_finish_leave(up);
		return;
	}
	if (up->state == UPLINK_CLOSED || up->state == UPLINK_DOWN) {
		return;
	}
	snprintf(up->problem, sizeof(up->problem), "%s", why);
	bool next_address = up->state == UPLINK_CONNECTING && up->address_at < up->address_count;
	tc_uplink_set_state(up, UPLINK_DOWN, why);
	int64_t tried_ms = tc_clock_ms(tc_clock_system()) - up->began_ms;
	if (up->held) {
		tc_uplink_stop_connecting(up);
	} else if (up->refusal[0]) {
		give_up(up, up->refusal, false);
	} else if (!up->was_joined && tried_ms > up->first_tries_ms) {
		give_up(up, why, true);
	} else {
		if (up->was_joined && !next_address) {
			TC_INFO(up->room, "signaling lost (%s); trying again", why);
		}
		if (!next_address) {
			up->address_at = up->address_count;
		}
		schedule(up, next_address);
	}
}
