/* base/pulse.h -- since when a thread has been at its present piece of work, for whoever watches
 * it.
 *
 * The thread begins one piece after the other and rests while it waits for work, or for others; so
 * a pulse that is long busy belongs to a thread that hangs in one thing. RT-safe. NULL: nobody
 * watches. Threads: begin and rest from the one that works, busy from any.
 */
#ifndef TC_BASE_PULSE_H
#define TC_BASE_PULSE_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/clock.h"

struct tc_pulse {
	_Atomic int64_t since_us; /* monotonic; 0: it rests */
};

static inline void tc_pulse_begin(struct tc_pulse *pulse)
{
	if (pulse) {
		atomic_store_explicit(&pulse->since_us, tc_clock_us(tc_clock_system()),
				      memory_order_relaxed);
	}
}

static inline void tc_pulse_rest(struct tc_pulse *pulse)
{
	if (pulse) {
		atomic_store_explicit(&pulse->since_us, 0, memory_order_relaxed);
	}
}

static inline int64_t tc_pulse_busy_ms(struct tc_pulse *pulse)
{
	int64_t since = atomic_load_explicit(&pulse->since_us, memory_order_relaxed);
	int64_t busy = since ? tc_clock_us(tc_clock_system()) - since : 0;
	return busy > 0 ? busy / 1000 : 0;
}

#endif
