// SPDX-License-Identifier: Apache-2.0
#include "server/metrics/loop_meter.h"

/* Of each new value; eight values are two seconds. */
#define SMOOTH 0.125

static void on_timer(uv_timer_t *timer)
{
	struct tc_loop_meter *meter = timer->data;
	uint64_t now = uv_hrtime();
	/* libuv counts whole milliseconds: early by less than one is on time. */
	meter->lag_last_s = now > meter->due_ns ? (double)(now - meter->due_ns) / 1e9 : 0;
	meter->lag_s += SMOOTH * (meter->lag_last_s - meter->lag_s);
	meter->due_ns = now + TC_LOOP_METER_MS * 1000000ull;
	uv_timer_start(timer, on_timer, TC_LOOP_METER_MS, 0);
	meter->observe(meter->user, meter->lag_last_s);
}

void tc_loop_meter_start(struct tc_loop_meter *meter, uv_loop_t *loop,
			 void (*observe)(void *user, double lag_s), void *user)
{
	*meter = (struct tc_loop_meter){.observe = observe, .user = user};
	uv_timer_init(loop, &meter->timer);
	meter->timer.data = meter;
	uv_update_time(loop);
	meter->due_ns = uv_hrtime() + TC_LOOP_METER_MS * 1000000ull;
	uv_timer_start(&meter->timer, on_timer, TC_LOOP_METER_MS, 0);
}

void tc_loop_meter_stop(struct tc_loop_meter *meter)
{
	if (meter->observe && !uv_is_closing((uv_handle_t *)&meter->timer)) {
		uv_close((uv_handle_t *)&meter->timer, NULL);
	}
}
