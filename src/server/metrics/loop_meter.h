/* server/metrics/loop_meter.h -- how late the event loop is: a timer that should come four times a
 * second.
 *
 * Thread: the loop's. In memory of its owner's, which outlives the loop's next turn after
 * tc_loop_meter_stop().
 */
#ifndef TC_SERVER_METRICS_LOOP_METER_H
#define TC_SERVER_METRICS_LOOP_METER_H

#include <stdint.h>
#include <uv.h>

#define TC_LOOP_METER_MS 250

struct tc_loop_meter {
	uv_timer_t timer;
	uint64_t due_ns;
	double lag_s;      /* smoothed over about two seconds */
	double lag_last_s; /* of the last timer */
	void (*observe)(void *user, double lag_s);
	void *user;
};

void tc_loop_meter_start(struct tc_loop_meter *meter, uv_loop_t *loop,
			 void (*observe)(void *user, double lag_s), void *user);
void tc_loop_meter_stop(struct tc_loop_meter *meter);

#endif
