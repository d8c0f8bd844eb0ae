// SPDX-License-Identifier: Apache-2.0
#include "probe/pace.h"

void tc_pace_start(struct tc_pace *pace, int64_t now_us)
{
	*pace = (struct tc_pace){.epoch_us = now_us};
}

int tc_pace_due(struct tc_pace *pace, int64_t now_us, int64_t *first)
{
	int64_t late_us = now_us - pace->epoch_us - pace->next * TC_PACE_US;
	*first = pace->next;
	if (late_us < 0) {
		return 0;
	}
	int64_t count = late_us / TC_PACE_US + 1;
	pace->late += late_us >= TC_PACE_US;
	pace->worst_us = late_us > pace->worst_us ? late_us : pace->worst_us;
	pace->next += count;
	if (count > TC_PACE_CATCH_UP) {
		pace->left_out += (uint64_t)(count - TC_PACE_CATCH_UP);
		*first = pace->next - TC_PACE_CATCH_UP;
		return TC_PACE_CATCH_UP;
	}
	return (int)count;
}

int64_t tc_pace_wait_ms(const struct tc_pace *pace, int64_t now_us)
{
	int64_t wait_us = pace->epoch_us + pace->next * TC_PACE_US - now_us;
	return wait_us > 1000 ? (wait_us + 999) / 1000 : 1;
}
