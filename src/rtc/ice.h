/* rtc/ice.h -- the real link: one ICE component over libnice (RFC 8445; trickle, RFC 8838).
 *
 * Nobody else knows libnice. Thread: as rtc/link.h says; only send() is for any thread.
 */
#ifndef TC_RTC_ICE_H
#define TC_RTC_ICE_H

#include <stdbool.h>

#include "rtc/link.h"
#include "rtc/loop.h"

struct tc_ice_factory; /* what the links of a process share: where to listen, whom to ask */

struct tc_ice_config {            /* zero: default */
	struct tc_loop *loop;     /* borrowed, outlives us */
	const char *bind_address; /* only this local address; NULL: every interface's */
	bool loopback;            /* 127.0.0.1 too; also used when there is nothing else */
	int port_min, port_max;   /* UDP; 0: any */
	/* "host:port" ("[v6]:port"); names are looked up in the background. NULL: none. */
	const char *stun_server, *turn_server;
	const char *turn_user, *turn_password;
	bool relay_only; /* no address of ours is told, all goes through the TURN server */
};

/* Copies what it needs. -EINVAL for an address or port that is none, -ENOMEM. */
int tc_ice_factory_create(struct tc_ice_factory **out, const struct tc_ice_config *config);
/* NULL-safe. Lives on until its last link has gone. */
void tc_ice_factory_destroy(struct tc_ice_factory *factory);

/* The factory argument of create() is a struct tc_ice_factory *. */
extern const struct tc_link_ops tc_ice_link;

#endif
