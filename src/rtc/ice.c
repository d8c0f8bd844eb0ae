// SPDX-License-Identifier: Apache-2.0
#include "rtc/ice.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <nice/agent.h>
#include <nice/interfaces.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/lock.h"
#include "base/log.h"
#include "rtc/ice_server.h"

TC_LOG_TOPIC("rtc.ice");

#define COMPONENT 1 /* rtcp-mux: RTP and RTCP share the only component */
/* RFC 8445 section 14.2 allows 5 ms between checks; libnice's 20 ms costs a call 17 ms. */
#define PACING_MS 5
/* A remote side that trickles more than this is no browser. */
#define MAX_REMOTE_CANDIDATES 64

struct tc_ice_factory {
	struct tc_loop *loop; /* borrowed */
	struct tc_home home;
	char *bind_address; /* owned */
	bool loopback, relay_only;
	int port_min, port_max;
	struct tc_ice_server *stun, *turn; /* owned */
	char *turn_user, *turn_password;   /* owned */
	int refs;
};

/* libnice sends under its agent's lock, and who waits for that lock waits for a loop that anybody
 * may preempt: at load 40 a sound packet was seen 41 ms late there. A pair without a relay is a
 * socket and an address, so media goes out by itself. Under a lock of its own. */
struct direct {
	pthread_mutex_t lock;
	int fd; /* libnice's; -1: through libnice */
	struct sockaddr_storage to;
	socklen_t to_len;
};

struct tc_link {
	struct tc_ice_factory *factory; /* counted */
	struct tc_link_events events;
	void *user;
	NiceAgent *agent; /* owned */
	guint stream;
	char *ufrag, *pwd; /* owned by GLib */
	char *remote_ufrag;
	atomic_bool connected; /* read by send() on any thread */
	struct direct direct;
	bool closed, gathering_now, started, relayed;
	int remote_count;
};

static void factory_unref(struct tc_ice_factory *factory)
{
	if (--factory->refs > 0) {
		return;
	}
	tc_ice_server_destroy(factory->stun);
	tc_ice_server_destroy(factory->turn);
	free(factory->bind_address);
	free(factory->turn_user);
	free(factory->turn_password);
	free(factory);
}

static int copy_str(char **out, const char *text)
{
	*out = text ? strdup(text) : NULL;
	return text && !*out ? -ENOMEM : 0;
}

static int check_config(const struct tc_ice_config *config)
{
	NiceAddress address;
	nice_address_init(&address);
	if (config->bind_address && !nice_address_set_from_string(&address, config->bind_address)) {
		return -EINVAL;
	}
	bool ports = config->port_min >= 0 && config->port_min <= config->port_max &&
		     config->port_max <= 65535;
	return config->loop && ports ? 0 : -EINVAL;
}

int tc_ice_factory_create(struct tc_ice_factory **out, const struct tc_ice_config *config)
{
	int err = check_config(config);
	if (err) {
		return err;
	}
	struct tc_ice_factory *factory = calloc(1, sizeof(*factory));
	if (!factory) {
		return -ENOMEM;
	}
	tc_home_init(&factory->home);
	factory->refs = 1;
	factory->loop = config->loop;
	factory->loopback = config->loopback;
	factory->relay_only = config->relay_only;
	factory->port_min = config->port_min;
	factory->port_max = config->port_max;
	err = copy_str(&factory->bind_address, config->bind_address);
	err = err ? err : copy_str(&factory->turn_user, config->turn_user);
	err = err ? err : copy_str(&factory->turn_password, config->turn_password);
	if (!err && config->stun_server) {
		err = tc_ice_server_create(&factory->stun, config->loop, config->stun_server);
	}
	if (!err && config->turn_server) {
		err = tc_ice_server_create(&factory->turn, config->loop, config->turn_server);
	}
	if (err) {
		factory_unref(factory);
		return err;
	}
	*out = factory;
	return 0;
}

void tc_ice_factory_destroy(struct tc_ice_factory *factory)
{
	if (factory) {
		factory_unref(factory);
	}
}

static int selected_fd(struct tc_link *link, const NiceCandidate *local)
{
	if (local->type == NICE_CANDIDATE_TYPE_RELAYED ||
	    local->transport != NICE_CANDIDATE_TRANSPORT_UDP) {
		return -1;
	}
	GSocket *socket = nice_agent_get_selected_socket(link->agent, link->stream, COMPONENT);
	int fd = socket ? g_socket_get_fd(socket) : -1;
	if (socket) {
		g_object_unref(socket); /* the agent keeps it as long as its stream */
	}
	return fd;
}

static void forget_direct(struct tc_link *link)
{
	pthread_mutex_lock(&link->direct.lock);
	link->direct.fd = -1;
	pthread_mutex_unlock(&link->direct.lock);
}

static void find_direct(struct tc_link *link)
{
	NiceCandidate *local, *remote;
	if (!nice_agent_get_selected_pair(link->agent, link->stream, COMPONENT, &local, &remote)) {
		return;
	}
	int fd = selected_fd(link, local);
	struct direct *direct = &link->direct;
	pthread_mutex_lock(&direct->lock);
	direct->fd = fd;
	memset(&direct->to, 0, sizeof(direct->to));
	nice_address_copy_to_sockaddr(&remote->addr, (struct sockaddr *)&direct->to);
	direct->to_len = direct->to.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							  : sizeof(struct sockaddr_in);
	pthread_mutex_unlock(&direct->lock);
}

static void on_pair(NiceAgent *agent, guint stream, guint component, NiceCandidate *local,
		    NiceCandidate *remote, gpointer user)
{
	struct tc_link *link = user;
	if (!link->closed) {
		find_direct(link);
	}
}

static void on_state(NiceAgent *agent, guint stream, guint component, guint now, gpointer user)
{
	struct tc_link *link = user;
	TC_DEBUG(NULL, "component %s", nice_component_state_to_string(now));
	if (link->closed) {
		return;
	}
	switch ((NiceComponentState)now) {
	case NICE_COMPONENT_STATE_CONNECTED:
	case NICE_COMPONENT_STATE_READY:
		find_direct(link);
		if (!atomic_exchange(&link->connected, true)) {
			link->events.state(link->user, TC_LINK_CONNECTED);
		}
		break;
	case NICE_COMPONENT_STATE_CONNECTING:
		link->events.state(link->user, TC_LINK_CHECKING);
		break;
	case NICE_COMPONENT_STATE_FAILED:
		atomic_store(&link->connected, false);
		link->events.state(link->user, TC_LINK_FAILED);
		break;
	case NICE_COMPONENT_STATE_DISCONNECTED:
	case NICE_COMPONENT_STATE_GATHERING:
	case NICE_COMPONENT_STATE_LAST:
		break;
	}
}

static void on_candidate(NiceAgent *agent, NiceCandidate *candidate, gpointer user)
{
	struct tc_link *link = user;
	if (link->closed || link->gathering_now) {
		return; /* those known when gather() returns go into the description */
	}
	gchar *line = nice_agent_generate_local_candidate_sdp(agent, candidate);
	link->events.candidate(link->user, line + strlen("a="));
	g_free(line);
}

static void on_gathered(NiceAgent *agent, guint stream, gpointer user)
{
	struct tc_link *link = user;
	if (!link->closed && !link->gathering_now) {
		link->events.candidate(link->user, NULL);
	}
}

static void on_packet(NiceAgent *agent, guint stream, guint component, guint len, gchar *data,
		      gpointer user)
{
	struct tc_link *link = user;
	if (!link->closed) {
		link->events.packet(link->user, (const uint8_t *)data, len);
	}
}

static bool add_address(NiceAgent *agent, const char *text)
{
	NiceAddress address;
	nice_address_init(&address);
	return nice_address_set_from_string(&address, text) &&
	       nice_agent_add_local_address(agent, &address);
}

static int add_interfaces(NiceAgent *agent, bool loopback)
{
	int count = 0;
	GList *ips = nice_interfaces_get_local_ips(loopback);
	for (GList *ip = ips; ip; ip = ip->next) {
		/* Link-local addresses need a scope that candidates cannot carry; 127.0.0.1 does
		 * all that ::1 would, and each address costs checks. */
		bool usable = strncmp(ip->data, "fe80:", 5) != 0 && strcmp(ip->data, "::1") != 0;
		count += usable && add_address(agent, ip->data);
	}
	g_list_free_full(ips, g_free);
	return count;
}

/* libnice never gathers loopback by itself, so the addresses are always given. A machine without
 * a network still has calls with itself. */
static int add_addresses(struct tc_link *link)
{
	const struct tc_ice_factory *factory = link->factory;
	if (factory->bind_address) {
		return add_address(link->agent, factory->bind_address) ? 0 : -EADDRNOTAVAIL;
	}
	int count = add_interfaces(link->agent, factory->loopback);
	if (!count && !factory->loopback) {
		count = add_interfaces(link->agent, true);
	}
	return count ? 0 : -EADDRNOTAVAIL;
}

static void use_servers(struct tc_link *link)
{
	const struct tc_ice_factory *factory = link->factory;
	const char *address;
	int port;
	if (tc_ice_server_address(factory->stun, &address, &port)) {
		g_object_set(link->agent, "stun-server", address, "stun-server-port", (guint)port,
			     NULL);
	}
	if (tc_ice_server_address(factory->turn, &address, &port)) {
		const char *user = factory->turn_user ? factory->turn_user : "";
		const char *password = factory->turn_password ? factory->turn_password : "";
		nice_agent_set_relay_info(link->agent, link->stream, COMPONENT, address,
					  (guint)port, user, password, NICE_RELAY_TYPE_TURN_UDP);
		link->relayed = true;
	}
}

static void read_credentials(struct tc_link *link)
{
	g_free(link->ufrag);
	g_free(link->pwd);
	nice_agent_get_local_credentials(link->agent, link->stream, &link->ufrag, &link->pwd);
}

/* UPnP is on unless told otherwise: a thread and a megabyte for nothing here. ICE-TCP likewise.
 * Consent freshness stays off: libnice 0.1.21 turns a component READY again after it failed, but
 * refuses every send from then on. peer.c watches what is authenticated instead (RFC 7675). */
static void make_agent(struct tc_link *link, bool controlling)
{
	GMainContext *context = tc_loop_native(link->factory->loop);
	link->agent = nice_agent_new_full(context, NICE_COMPATIBILITY_RFC5245,
					  NICE_AGENT_OPTION_ICE_TRICKLE);
	g_object_set(link->agent, "controlling-mode", controlling, "ice-tcp", FALSE, "upnp", FALSE,
		     "stun-pacing-timer", (guint)PACING_MS, NULL);
	if (link->factory->relay_only) {
		g_object_set(link->agent, "force-relay", TRUE, NULL);
	}
	link->stream = nice_agent_add_stream(link->agent, 1);
	if (link->factory->port_max) {
		nice_agent_set_port_range(link->agent, link->stream, COMPONENT,
					  (guint)link->factory->port_min,
					  (guint)link->factory->port_max);
	}
	g_signal_connect(link->agent, "component-state-changed", G_CALLBACK(on_state), link);
	g_signal_connect(link->agent, "new-selected-pair-full", G_CALLBACK(on_pair), link);
	g_signal_connect(link->agent, "new-candidate-full", G_CALLBACK(on_candidate), link);
	g_signal_connect(link->agent, "candidate-gathering-done", G_CALLBACK(on_gathered), link);
	nice_agent_attach_recv(link->agent, link->stream, COMPONENT, context, on_packet, link);
}

static void free_link(void *user)
{
	struct tc_link *link = user;
	g_object_unref(link->agent);
	g_free(link->ufrag);
	g_free(link->pwd);
	free(link->remote_ufrag);
	pthread_mutex_destroy(&link->direct.lock);
	factory_unref(link->factory);
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
	make_agent(link, controlling);
	int err = add_addresses(link);
	if (err) {
		free_link(link);
		return err;
	}
	use_servers(link);
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
	forget_direct(link);
	g_signal_handlers_disconnect_by_data(link->agent, link);
	GMainContext *context = tc_loop_native(link->factory->loop);
	nice_agent_attach_recv(link->agent, link->stream, COMPONENT, context, NULL, NULL);
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
	if (candidate->component_id == COMPONENT &&
	    candidate->transport == NICE_CANDIDATE_TRANSPORT_UDP) {
		GSList only = {.data = candidate};
		link->remote_count++;
		nice_agent_set_remote_candidates(link->agent, link->stream, COMPONENT, &only);
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
	GSList *list = nice_agent_get_local_candidates(link->agent, link->stream, COMPONENT);
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

/* 1: sent; 0: there is no direct way; -EAGAIN. */
static int send_direct(struct direct *direct, const uint8_t *data, size_t len)
{
	int result = 0;
	pthread_mutex_lock(&direct->lock);
	if (direct->fd >= 0) {
		ssize_t n = sendto(direct->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL,
				   (const struct sockaddr *)&direct->to, direct->to_len);
		result = n < 0 ? -EAGAIN : 1;
	}
	pthread_mutex_unlock(&direct->lock);
	return result;
}

static int ice_send(struct tc_link *link, const uint8_t *data, size_t len)
{
	if (!atomic_load(&link->connected)) {
		return -ENOTCONN;
	}
	int sent = send_direct(&link->direct, data, len);
	if (sent != 0) {
		return sent < 0 ? sent : 0;
	}
	sent = nice_agent_send(link->agent, link->stream, COMPONENT, (guint)len,
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
