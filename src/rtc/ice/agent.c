// SPDX-License-Identifier: Apache-2.0
#include "rtc/ice/ice_priv.h"

#include <errno.h>
#include <string.h>

#include <nice/interfaces.h>

#include "base/log.h"

TC_LOG_TOPIC("rtc.ice");

/* RFC 8445 section 14.2 allows 5 ms between checks; libnice's 20 ms costs a call 17 ms. */
#define PACING_MS 5

static void on_pair(NiceAgent *agent, guint stream, guint component, NiceCandidate *local,
		    NiceCandidate *remote, gpointer user)
{
	struct tc_link *link = user;
	if (!link->closed) {
		tc_ice_direct_find(link);
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
		tc_ice_direct_find(link);
		atomic_store(&link->connected, true);
		if (!link->found) {
			link->found = true;
			link->events.state(link->user, TC_LINK_CONNECTED);
		}
		break;
	case NICE_COMPONENT_STATE_CONNECTING:
		link->events.state(link->user, TC_LINK_CHECKING);
		break;
	case NICE_COMPONENT_STATE_FAILED:
		/* `connected` stays: after a restart it is the new checks that failed, and the old
		 * pair carries packets as long as it does. */
		link->found = false;
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
int tc_ice_agent_add_addresses(struct tc_link *link)
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

void tc_ice_agent_use_servers(struct tc_link *link)
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
		nice_agent_set_relay_info(link->agent, link->stream, TC_ICE_COMPONENT, address,
					  (guint)port, user, password, NICE_RELAY_TYPE_TURN_UDP);
		link->relayed = true;
	}
}

/* UPnP is on unless told otherwise: a thread and a megabyte for nothing here. ICE-TCP likewise.
 * Consent freshness stays off: libnice 0.1.21 turns a component READY again after it failed, but
 * refuses every send from then on. peer.c watches what is authenticated instead (RFC 7675). */
void tc_ice_agent_create(struct tc_link *link, bool controlling)
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
		nice_agent_set_port_range(link->agent, link->stream, TC_ICE_COMPONENT,
					  (guint)link->factory->port_min,
					  (guint)link->factory->port_max);
	}
	g_signal_connect(link->agent, "component-state-changed", G_CALLBACK(on_state), link);
	g_signal_connect(link->agent, "new-selected-pair-full", G_CALLBACK(on_pair), link);
	g_signal_connect(link->agent, "new-candidate-full", G_CALLBACK(on_candidate), link);
	g_signal_connect(link->agent, "candidate-gathering-done", G_CALLBACK(on_gathered), link);
	nice_agent_attach_recv(link->agent, link->stream, TC_ICE_COMPONENT, context, on_packet,
			       link);
}
