// SPDX-License-Identifier: Apache-2.0
#include "base/assert.h"

#include <stdlib.h>

#include "base/log.h"

TC_LOG_TOPIC("base.assert");

void tc_assert_failed(const char *expr, const char *file, int line)
{
	TC_ERROR(NULL, "%s:%d: assertion failed: %s", file, line, expr);
	abort();
}
