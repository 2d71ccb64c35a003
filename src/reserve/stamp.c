// SPDX-License-Identifier: MIT
#include "reserve/stamp.h"

#include "base/atomics.h"

static bp_atomic_size ticks;

uint32_t bp_stamp_next(void)
{
    uint32_t stamp;
    do {
        stamp = (uint32_t)bp_add_relaxed(&ticks, 1);
    } while (stamp == BP_STAMP_NEVER);
    return stamp;
}
