// SPDX-License-Identifier: Apache-2.0
#include "mock/link.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/clock.h"

#define REORDER_MS 15

struct flying {
	struct flying *next;
	int64_t due_us;
	int to;
	size_t len;
	uint8_t data[];
};

struct tc_mock_net {
	struct tc_loop *loop;
	struct tc_timer *pump;
	pthread_mutex_t lock; /* all below */
	struct tc_mock_net_config config;
	struct flying *flying; /* by due_us */
	struct tc_link *ends[2];
	struct tc_mock_net_stats stats;
	uint32_t random;
};

struct tc_link {
	struct tc_mock_net *net;
	struct tc_link_events events;
	void *user;
	int end, generation;
	char ufrag[32], pwd[64], remote_ufrag[300];
	bool up, told;
};

static int64_t now_us(void)
{
	return tc_clock_us(tc_clock_system());
}

static bool chance(struct tc_mock_net *net, int percent)
{
	net->random = net->random * 1664525u + 1013904223u;
	return (int)((net->random >> 8) % 100) < percent;
}

static void launch(struct tc_mock_net *net, int to, const void *data, size_t len, int64_t due_us)
{
	struct flying *item = malloc(sizeof(*item) + len);
	TC_ASSERT(item);
	item->due_us = due_us;
	item->to = to;
	item->len = len;
	memcpy(item->data, data, len);
	struct flying **at = &net->flying;
	while (*at && (*at)->due_us <= due_us) {
		at = &(*at)->next;
	}
	item->next = *at;
	*at = item;
}

static struct flying *take_due(struct tc_mock_net *net)
{
	pthread_mutex_lock(&net->lock);
	struct flying *item = net->flying;
	if (item && item->due_us <= now_us()) {
		net->flying = item->next;
	} else {
		item = NULL;
	}
	pthread_mutex_unlock(&net->lock);
	return item;
}

/* Joined when each end knows the other's present name, as ICE checks would find. */
static void join(struct tc_mock_net *net)
{
	struct tc_link *a = net->ends[0], *b = net->ends[1];
	if (!a || !b || (a->told && b->told) || strcmp(a->remote_ufrag, b->ufrag) != 0 ||
	    strcmp(b->remote_ufrag, a->ufrag) != 0) {
		return;
	}
	for (int i = 0; i < 2; i++) {
		struct tc_link *link = net->ends[i];
		if (link && !link->told) {
			link->told = true;
			pthread_mutex_lock(&net->lock);
			link->up = true;
			pthread_mutex_unlock(&net->lock);
			link->events.state(link->user, TC_LINK_CONNECTED);
		}
	}
}

static void on_pump(void *user)
{
	struct tc_mock_net *net = user;
	struct flying *item;
	join(net);
	while ((item = take_due(net))) {
		struct tc_link *link = net->ends[item->to];
		if (link) {
			net->stats.delivered++;
			link->events.packet(link->user, item->data, item->len);
		}
		free(item);
	}
}

struct tc_mock_net *tc_mock_net_create(struct tc_loop *loop,
				       const struct tc_mock_net_config *config)
{
	struct tc_mock_net *net = calloc(1, sizeof(*net));
	TC_ASSERT(net);
	net->loop = loop;
	net->config = *config;
	net->random = config->seed + 1;
	pthread_mutex_init(&net->lock, NULL);
	net->pump = tc_loop_timer(loop, 1, true, on_pump, net);
	return net;
}

void tc_mock_net_destroy(struct tc_mock_net *net)
{
	while (net->flying) {
		struct flying *item = net->flying;
		net->flying = item->next;
		free(item);
	}
	tc_timer_cancel(net->pump);
	pthread_mutex_destroy(&net->lock);
	free(net);
}

void tc_mock_net_set_loss(struct tc_mock_net *net, int percent)
{
	pthread_mutex_lock(&net->lock);
	net->config.loss_percent = percent;
	pthread_mutex_unlock(&net->lock);
}

void tc_mock_net_inject(struct tc_mock_net *net, int to_end, const void *data, size_t len)
{
	pthread_mutex_lock(&net->lock);
	launch(net, to_end, data, len, now_us());
	pthread_mutex_unlock(&net->lock);
}

void tc_mock_net_stats(struct tc_mock_net *net, struct tc_mock_net_stats *out)
{
	pthread_mutex_lock(&net->lock);
	*out = net->stats;
	pthread_mutex_unlock(&net->lock);
}

static void name_link(struct tc_link *link)
{
	link->generation++;
	snprintf(link->ufrag, sizeof(link->ufrag), "mock%d%d", link->end, link->generation);
	snprintf(link->pwd, sizeof(link->pwd), "password0of0the0mock0link0%d%d", link->end,
		 link->generation);
}

static int mock_create(struct tc_link **out, void *factory, bool controlling,
		       const struct tc_link_events *events, void *user)
{
	struct tc_mock_net *net = factory;
	struct tc_link *link = calloc(1, sizeof(*link));
	TC_ASSERT(link);
	link->net = net;
	link->events = *events;
	link->user = user;
	link->end = controlling ? 0 : 1;
	name_link(link);
	pthread_mutex_lock(&net->lock);
	net->ends[link->end] = link;
	pthread_mutex_unlock(&net->lock);
	*out = link;
	return 0;
}

static void mock_close(struct tc_link *link)
{
	struct tc_mock_net *net = link->net;
	pthread_mutex_lock(&net->lock);
	if (net->ends[link->end] == link) {
		net->ends[link->end] = NULL;
	}
	link->up = false;
	pthread_mutex_unlock(&net->lock);
	TC_ASSERT(tc_loop_post(net->loop, free, link) == 0);
}

static void mock_local(struct tc_link *link, const char **ufrag, const char **pwd)
{
	*ufrag = link->ufrag;
	*pwd = link->pwd;
}

static int mock_set_remote(struct tc_link *link, const char *ufrag, const char *pwd)
{
	snprintf(link->remote_ufrag, sizeof(link->remote_ufrag), "%s", ufrag);
	return 0;
}

static int mock_add_candidate(struct tc_link *link, const char *line)
{
	link->net->stats.candidates[link->end]++;
	return 0;
}

static int mock_gather(struct tc_link *link)
{
	return 0;
}

static void mock_write_candidates(struct tc_link *link, void *tc_buf)
{
	tc_buf_putf(tc_buf, "a=candidate:1 1 udp 2130706431 192.0.2.%d 9 typ host\r\n",
		    link->end + 1);
}

static int mock_restart(struct tc_link *link)
{
	name_link(link);
	link->told = false;
	link->net->stats.restarts[link->end]++;
	return 0;
}

static int mock_send(struct tc_link *link, const uint8_t *data, size_t len)
{
	struct tc_mock_net *net = link->net;
	pthread_mutex_lock(&net->lock);
	bool up = link->up;
	if (up && chance(net, net->config.loss_percent)) {
		net->stats.lost++;
	} else if (up) {
		int ms = net->config.delay_ms;
		ms += chance(net, net->config.reorder_percent) ? REORDER_MS : 0;
		launch(net, 1 - link->end, data, len, now_us() + ms * 1000LL);
	}
	pthread_mutex_unlock(&net->lock);
	return up ? 0 : -ENOTCONN;
}

const struct tc_link_ops tc_mock_link = {
	.create = mock_create,
	.close = mock_close,
	.local = mock_local,
	.set_remote = mock_set_remote,
	.add_candidate = mock_add_candidate,
	.gather = mock_gather,
	.write_candidates = mock_write_candidates,
	.restart = mock_restart,
	.send = mock_send,
};
