// SPDX-License-Identifier: Apache-2.0
#include "orb/nest/spare.h"

void tc_spare_warm(const struct tc_orb_args *args)
{
}
