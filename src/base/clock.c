// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <time.h>

static int64_t read_us(clockid_t id)
{
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t system_now(void *user)
{
	return read_us(CLOCK_MONOTONIC);
}

static int64_t system_wall(void *user)
{
	return read_us(CLOCK_REALTIME);
}

const struct tc_clock *tc_clock_system(void)
{
	static const struct tc_clock clock = {.now_us = system_now, .wall_us = system_wall};
	return &clock;
}

static int64_t fake_now(void *user)
{
	return ((struct tc_fake_clock *)user)->us;
}

void tc_fake_clock_init(struct tc_fake_clock *fake, int64_t start_us)
{
	fake->us = start_us;
	fake->clock = (struct tc_clock){.now_us = fake_now, .wall_us = fake_now, .user = fake};
}
