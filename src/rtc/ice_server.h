/* rtc/ice_server.h -- the address of a STUN or TURN server, since libnice 0.1.21 takes no names.
 *
 * Private to rtc/ice/. Thread: the loop's.
 */
#ifndef TC_RTC_ICE_SERVER_H
#define TC_RTC_ICE_SERVER_H

#include <stdbool.h>

#include "rtc/loop.h"

struct tc_ice_server;

/* "host:port", "1.2.3.4:port" or "[v6]:port". A name is looked up in the background. -EINVAL,
 * -ENOMEM. */
int tc_ice_server_create(struct tc_ice_server **out, struct tc_loop *loop, const char *host_port);
void tc_ice_server_destroy(struct tc_ice_server *server); /* NULL-safe */
/* False while (or if) there is no address; NULL-safe. *address is borrowed. */
bool tc_ice_server_address(const struct tc_ice_server *server, const char **address, int *port);

#endif
