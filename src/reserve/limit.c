// SPDX-License-Identifier: MIT
#include "reserve/limit.h"

#include "base/attr.h"
#include "base/bits.h"
#include "core/counters.h"

static size_t hard_limit_bytes BP_LINE_ALIGNED = SIZE_MAX; // read often, and never written
size_t bp_limit_soft_bytes = SIZE_MAX;

void bp_limit_init(size_t hard_bytes, size_t group_bytes)
{
    hard_limit_bytes = hard_bytes ? hard_bytes : SIZE_MAX;
    bp_limit_soft_bytes = bp_min(hard_limit_bytes, group_bytes);
}

bool bp_limit_is_set(void)
{
    return bp_limit_soft_bytes != SIZE_MAX;
}

size_t bp_limit_bytes(void)
{
    return bp_limit_soft_bytes;
}

static size_t used_bytes(void)
{
    return bp_load_relaxed(&bp_counters.span_bytes) + bp_load_relaxed(&bp_counters.slot_bytes) +
           bp_load_relaxed(&bp_counters.direct_bytes);
}

void bp_limit_note_peak(void)
{
    bp_max_relaxed(&bp_counters.peak_used_bytes, used_bytes());
}

bool bp_limit_charge(bp_atomic_size *counter, size_t n_bytes)
{
    bp_add_relaxed(counter, n_bytes);
    bool fits = hard_limit_bytes == SIZE_MAX;
    if (BP_UNLIKELY(!fits)) {
        // pairs with itself: of two that charge at once, at least one sees the other's charge
        bp_fence_full();
        fits = used_bytes() + bp_load_relaxed(&bp_counters.dirty_bytes) <= hard_limit_bytes;
    }
    if (BP_LIKELY(fits)) {
        bp_limit_note_peak();
        return true;
    }
    bp_sub_relaxed(counter, n_bytes);
    bp_add_relaxed(&bp_counters.limit_failures, 1);
    return false;
}

size_t bp_limit_excess_bytes(size_t n_bytes)
{
    size_t used = used_bytes();
    if (hard_limit_bytes == SIZE_MAX)
        return 0;
    if (used > hard_limit_bytes || n_bytes > hard_limit_bytes - used)
        return SIZE_MAX;
    return bp_sub_or_zero(bp_load_relaxed(&bp_counters.dirty_bytes),
                          hard_limit_bytes - used - n_bytes);
}

size_t bp_limit_room_bytes(void)
{
    return bp_limit_is_set() ? bp_sub_or_zero(bp_limit_soft_bytes, used_bytes()) : SIZE_MAX;
}
