// SPDX-License-Identifier: Apache-2.0
#include "rtc/ice/ice_priv.h"

#include <errno.h>
#include <string.h>

static int selected_fd(struct tc_link *link, const NiceCandidate *local)
{
	if (local->type == NICE_CANDIDATE_TYPE_RELAYED ||
	    local->transport != NICE_CANDIDATE_TRANSPORT_UDP) {
		return -1;
	}
	GSocket *socket =
		nice_agent_get_selected_socket(link->agent, link->stream, TC_ICE_COMPONENT);
	int fd = socket ? g_socket_get_fd(socket) : -1;
	if (socket) {
		g_object_unref(socket); /* the agent keeps it as long as its stream */
	}
	return fd;
}

void tc_ice_direct_forget(struct tc_link *link)
{
	pthread_mutex_lock(&link->direct.lock);
	link->direct.fd = -1;
	pthread_mutex_unlock(&link->direct.lock);
}

void tc_ice_direct_find(struct tc_link *link)
{
	NiceCandidate *local, *remote;
	if (!nice_agent_get_selected_pair(link->agent, link->stream, TC_ICE_COMPONENT, &local,
					  &remote)) {
		return;
	}
	int fd = selected_fd(link, local);
	struct ice_direct *direct = &link->direct;
	pthread_mutex_lock(&direct->lock);
	direct->fd = fd;
	memset(&direct->to, 0, sizeof(direct->to));
	nice_address_copy_to_sockaddr(&remote->addr, (struct sockaddr *)&direct->to);
	direct->to_len = direct->to.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
							  : sizeof(struct sockaddr_in);
	pthread_mutex_unlock(&direct->lock);
}

int tc_ice_direct_send(struct ice_direct *direct, const uint8_t *data, size_t len)
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
