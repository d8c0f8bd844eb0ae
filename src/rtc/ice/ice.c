// SPDX-License-Identifier: Apache-2.0
#include "rtc/ice/ice_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/lock.h"

/* A remote side that trickles more than this is no browser. */
#define MAX_REMOTE_CANDIDATES 64

static void read_credentials(struct tc_link *link)
{
	g_free(link->ufrag);
	g_free(link->pwd);
	nice_agent_get_local_credentials(link->agent, link->stream, &link->ufrag, &link->pwd);
}

static void free_link(void *user)
{
	struct tc_link *link = user;
	g_object_unref(link->agent);
	g_free(link->ufrag);
	g_free(link->pwd);
	free(link->remote_ufrag);
	pthread_mutex_destroy(&link->direct.lock);
	tc_ice_factory_unref(link->factory);
	free(link);
}

static int ice_create(struct tc_link **out, void *factory, bool controlling,
		      const struct tc_link_events *events, void *user)
{
	struct tc_link *link = calloc(1, sizeof(*link));
	if (!link) {
		return -ENOMEM;
	}
	link->factory = factory;
	TC_ASSERT_HOME(link->factory);
	link->factory->refs++;
	link->events = *events;
	link->user = user;
	atomic_init(&link->connected, false);
	tc_lock_init(&link->direct.lock);
	link->direct.fd = -1;
	tc_ice_agent_create(link, controlling);
	int err = tc_ice_agent_add_addresses(link);
	if (err) {
		free_link(link);
		return err;
	}
	tc_ice_agent_use_servers(link);
	read_credentials(link);
	*out = link;
	return 0;
}

static void on_agent_closed(GObject *agent, GAsyncResult *result, gpointer user)
{
	free_link(user);
}

/* A TURN allocation is given back first, which takes a round trip. */
static void dismantle(void *user)
{
	struct tc_link *link = user;
	if (!link->relayed) {
		nice_agent_remove_stream(link->agent, link->stream);
		free_link(link);
		return;
	}
	GMainContext *context = tc_loop_native(link->factory->loop);
	g_main_context_push_thread_default(context);
	nice_agent_close_async(link->agent, on_agent_closed, link);
	g_main_context_pop_thread_default(context);
}

/* May be called from inside one of libnice's callbacks: the agent goes on a later turn. */
static void ice_close(struct tc_link *link)
{
	if (!link || link->closed) {
		return;
	}
	link->closed = true;
	atomic_store(&link->connected, false);
	tc_ice_direct_forget(link);
	g_signal_handlers_disconnect_by_data(link->agent, link);
	GMainContext *context = tc_loop_native(link->factory->loop);
	nice_agent_attach_recv(link->agent, link->stream, TC_ICE_COMPONENT, context, NULL, NULL);
	if (tc_loop_post(link->factory->loop, dismantle, link)) {
		dismantle(link);
	}
}

static void ice_local(struct tc_link *link, const char **ufrag, const char **pwd)
{
	*ufrag = link->ufrag;
	*pwd = link->pwd;
}

static int ice_set_remote(struct tc_link *link, const char *ufrag, const char *pwd)
{
	char *copy = strdup(ufrag);
	if (!copy) {
		return -ENOMEM;
	}
	if (!nice_agent_set_remote_credentials(link->agent, link->stream, ufrag, pwd)) {
		free(copy);
		return -EINVAL;
	}
	free(link->remote_ufrag);
	link->remote_ufrag = copy;
	return 0;
}

/* A candidate trickled before an ICE restart may arrive after it; browsers name its ufrag. */
static bool of_another_generation(const struct tc_link *link, const char *line)
{
	const char *at = strstr(line, " ufrag ");
	if (!at || !link->remote_ufrag) {
		return false;
	}
	at += strlen(" ufrag ");
	size_t len = strcspn(at, " \r\n");
	return len != strlen(link->remote_ufrag) || strncmp(at, link->remote_ufrag, len) != 0;
}

/* The end of candidates is not passed on: libnice would then give up on a browser that names only
 * .local candidates, before that browser's own checks make it peer-reflexive. peer.c has the clock
 * that ends a vain attempt. */
static int ice_add_candidate(struct tc_link *link, const char *line)
{
	if (!line || !*line || link->remote_count >= MAX_REMOTE_CANDIDATES ||
	    of_another_generation(link, line)) {
		return 0;
	}
	char text[512];
	int len = snprintf(text, sizeof(text), "%s%s", strncmp(line, "a=", 2) ? "a=" : "", line);
	if (len >= (int)sizeof(text)) {
		return 0;
	}
	NiceCandidate *candidate =
		nice_agent_parse_remote_candidate_sdp(link->agent, link->stream, text);
	if (!candidate) {
		return 0;
	}
	if (candidate->component_id == TC_ICE_COMPONENT &&
	    candidate->transport == NICE_CANDIDATE_TRANSPORT_UDP) {
		GSList only = {.data = candidate};
		link->remote_count++;
		nice_agent_set_remote_candidates(link->agent, link->stream, TC_ICE_COMPONENT,
						 &only);
	}
	nice_candidate_free(candidate);
	return 0;
}

static int ice_gather(struct tc_link *link)
{
	if (link->started) {
		return 0;
	}
	link->gathering_now = true;
	unsigned mark = tc_loop_mark(link->factory->loop);
	bool ok = nice_agent_gather_candidates(link->agent, link->stream);
	tc_loop_spare_wakeups(link->factory->loop, mark); /* of the sockets' sources */
	link->gathering_now = false;
	link->started = ok;
	return ok ? 0 : -EADDRNOTAVAIL;
}

static void ice_write_candidates(struct tc_link *link, void *tc_buf)
{
	GSList *list = nice_agent_get_local_candidates(link->agent, link->stream, TC_ICE_COMPONENT);
	for (GSList *at = list; at; at = at->next) {
		gchar *line = nice_agent_generate_local_candidate_sdp(link->agent, at->data);
		tc_buf_puts(tc_buf, line);
		tc_buf_puts(tc_buf, "\r\n");
		g_free(line);
	}
	g_slist_free_full(list, (GDestroyNotify)nice_candidate_free);
}

static int ice_restart(struct tc_link *link)
{
	/* `connected` stays: the old pair carries packets until a new one is found. */
	if (!nice_agent_restart(link->agent)) {
		return -ESHUTDOWN;
	}
	link->remote_count = 0;
	read_credentials(link);
	return 0;
}

static int ice_send(struct tc_link *link, const uint8_t *data, size_t len)
{
	if (!atomic_load(&link->connected)) {
		return -ENOTCONN;
	}
	int sent = tc_ice_direct_send(&link->direct, data, len);
	if (sent != 0) {
		return sent < 0 ? sent : 0;
	}
	sent = nice_agent_send(link->agent, link->stream, TC_ICE_COMPONENT, (guint)len,
			       (const gchar *)data);
	return sent < 0 ? -EAGAIN : 0;
}

const struct tc_link_ops tc_ice_link = {
	.create = ice_create,
	.close = ice_close,
	.local = ice_local,
	.set_remote = ice_set_remote,
	.add_candidate = ice_add_candidate,
	.gather = ice_gather,
	.write_candidates = ice_write_candidates,
	.restart = ice_restart,
	.send = ice_send,
};
