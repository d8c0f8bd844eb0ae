/* rtc/ice/ice_priv.h -- what the files of ICE share.
 *
 * ice.c the link, as peers see it · factory.c what links share · agent.c libnice set up, and what
 * it tells · direct.c media past libnice's lock.
 */
#ifndef TC_RTC_ICE_PRIV_H
#define TC_RTC_ICE_PRIV_H

#include "rtc/ice.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include <nice/agent.h>

#include "base/assert.h"
#include "rtc/ice_server.h"

#define TC_ICE_COMPONENT 1 /* rtcp-mux: RTP and RTCP share the only component */

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
struct ice_direct {
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
	struct ice_direct direct;
	bool closed, gathering_now, started, relayed;
	bool found; /* a path, and nothing has failed since */
	int remote_count;
};

/* factory.c */
void tc_ice_factory_unref(struct tc_ice_factory *factory);

/* agent.c */
void tc_ice_agent_create(struct tc_link *link, bool controlling);
int tc_ice_agent_add_addresses(struct tc_link *link); /* -EADDRNOTAVAIL */
void tc_ice_agent_use_servers(struct tc_link *link);

/* direct.c */
void tc_ice_direct_find(struct tc_link *link); /* after another pair was selected */
void tc_ice_direct_forget(struct tc_link *link);
/* 1: sent; 0: there is no direct way; -EAGAIN. Any thread. */
int tc_ice_direct_send(struct ice_direct *direct, const uint8_t *data, size_t len);

#endif
