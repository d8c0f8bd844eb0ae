/* base/clock.h -- time, passed in so that tests run an hour in a millisecond. Thread: any. RT-safe.
 */
#ifndef TC_BASE_CLOCK_H
#define TC_BASE_CLOCK_H

#include <stdint.h>

struct tc_clock {
	int64_t (*now_us)(void *user);  /* monotonic microseconds */
	int64_t (*wall_us)(void *user); /* microseconds since 1970 */
	void *user;
};

/* The machine's own; never NULL, lives for ever. */
const struct tc_clock *tc_clock_system(void);

static inline int64_t tc_clock_us(const struct tc_clock *clock)
{
	return clock->now_us(clock->user);
}
static inline int64_t tc_clock_ms(const struct tc_clock *clock)
{
	return clock->now_us(clock->user) / 1000;
}
static inline int64_t tc_clock_wall_ms(const struct tc_clock *clock)
{
	return clock->wall_us(clock->user) / 1000;
}

/* A clock a test moves by hand. */
struct tc_fake_clock {
	struct tc_clock clock;
	int64_t us;
};
void tc_fake_clock_init(struct tc_fake_clock *fake, int64_t start_us);
static inline void tc_fake_clock_advance_ms(struct tc_fake_clock *fake, int64_t ms)
{
	fake->us += ms * 1000;
}

#endif
