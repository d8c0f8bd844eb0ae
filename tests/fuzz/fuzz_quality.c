// SPDX-License-Identifier: Apache-2.0
/* What a page reports: whatever is taken is within its range; whatever is not names a field. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "server/admin/quality.h"

static void within(double value, double most)
{
	if (!isnan(value) && !(value >= 0 && value <= most)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tc_link_report links[TC_QUALITY_MAX_CONNECTIONS];
	const char *field = NULL;
	int count = tc_quality_parse((const char *)data, size, links, &field);
	if (count < 0 ? !field : count > TC_QUALITY_MAX_CONNECTIONS) {
		abort();
	}
	for (int i = 0; i < count; i++) {
		within(links[i].loss, 1);
		within(links[i].concealed, 1);
		within(links[i].rtt_ms, 60000);
		within(links[i].connect_ms, 600000);
		if (links[i].id[0] == '\0' || strlen(links[i].id) > 32) {
			abort();
		}
	}
	return 0;
}
