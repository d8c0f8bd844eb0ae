/* mock/link.h -- a network of two ends in memory, which loses, delays and reorders on purpose.
 *
 * Stands in for rtc/ice.c: pass &tc_mock_link as tc_peer_config.link and the net as link_factory.
 * The end that offers is end 0. What is lost follows from the seed alone. Thread: the loop's; send
 * from any.
 */
#ifndef TC_TEST_MOCK_LINK_H
#define TC_TEST_MOCK_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "rtc/link.h"
#include "rtc/loop.h"

struct tc_mock_net;

struct tc_mock_net_config { /* zero: a perfect wire */
	int loss_percent;
	int reorder_percent; /* these take 15 ms longer */
	int delay_ms;
	uint32_t seed;
};

struct tc_mock_net *tc_mock_net_create(struct tc_loop *loop,
				       const struct tc_mock_net_config *config);
void tc_mock_net_destroy(struct tc_mock_net *net); /* after its links were closed and freed */
void tc_mock_net_set_loss(struct tc_mock_net *net, int percent);
/* Delivers a datagram nobody sent. */
void tc_mock_net_inject(struct tc_mock_net *net, int to_end, const void *data, size_t len);

struct tc_mock_net_stats {
	int delivered, lost;
	int candidates[2]; /* given to that end */
	int restarts[2];
};
void tc_mock_net_stats(struct tc_mock_net *net, struct tc_mock_net_stats *out);

extern const struct tc_link_ops tc_mock_link;

#endif
