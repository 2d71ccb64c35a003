// SPDX-License-Identifier: MIT
#include "region/purge.h"

#include "core/counters.h"
#include "core/options.h"
#include "region/class_region.h"
#include "reserve/budget.h"
#include "reserve/chunks.h"
#include "reserve/limit.h"
#include "reserve/reserve.h"
#include "reserve/stamp.h"

static bp_atomic_u32 purging; // a thread keeps the budget

static size_t dirty_bytes(void)
{
    return bp_load_relaxed(&bp_counters.dirty_bytes);
}

// Pool 0 is the arena area, pool 1 + r class region r.
static uint32_t pool_oldest(unsigned pool)
{
    return pool == 0 ? bp_chunks_oldest_stamp() : bp_region_oldest_stamp(pool - 1);
}

// Purges from the pool, first_pool or a later one, that holds the oldest; nothing if that is not
// older than `before`.
static size_t purge_oldest_from(unsigned first_pool, size_t wanted_bytes, uint32_t before)
{
    uint32_t oldest = before;
    unsigned from = UINT32_MAX;
    for (unsigned pool = first_pool; pool <= bp_reservation.region_count; pool++) {
        uint32_t stamp = pool_oldest(pool);
        if (stamp != BP_STAMP_NEVER &&
            (oldest == BP_STAMP_NEVER || bp_stamp_older(stamp, oldest))) {
            oldest = stamp;
            from = pool;
        }
    }
    if (from == UINT32_MAX)
        return 0;
    return from == 0 ? bp_chunks_purge_oldest(wanted_bytes)
                     : bp_region_purge_oldest(from - 1, wanted_bytes);
}

static size_t purge_oldest(size_t wanted_bytes, uint32_t before)
{
    return purge_oldest_from(0, wanted_bytes, before);
}

size_t bp_purge_oldest_slots(size_t wanted_bytes)
{
    if (bp_options.purge == BP_PURGE_NEVER)
        return 0;
    return purge_oldest_from(1, wanted_bytes, BP_STAMP_NEVER);
}

size_t bp_purge_down_to(size_t target_bytes)
{
    size_t released = 0;
    while (bp_options.purge != BP_PURGE_NEVER && dirty_bytes() > target_bytes) {
        size_t step = purge_oldest(dirty_bytes() - target_bytes, BP_STAMP_NEVER);
        if (!step)
            break;
        released += step;
    }
    return released;
}

size_t bp_purge_older(uint32_t stamp)
{
    size_t released = 0;
    size_t step = bp_options.purge != BP_PURGE_NEVER ? purge_oldest(0, stamp) : 0;
    for (; step; step = purge_oldest(0, stamp))
        released += step;
    return released;
}

void bp_purge_check(void)
{
    if (BP_LIKELY(dirty_bytes() <= bp_budget_least_bytes()))
        return;
    size_t budget = bp_budget_bytes();
    size_t released = 1;
    while (released && dirty_bytes() > budget) {
        // pairs with the release below: one thread keeps the budget, the others go on
        if (!bp_cas_u32_acquire(&purging, 0, 1))
            return;
        released = bp_purge_down_to(budget);
        // pairs with the acquire above; the loop looks again for who was turned away meanwhile
        bp_store_u32_release(&purging, 0);
    }
}

bool bp_purge_make_room(size_t n_bytes)
{
    size_t excess = bp_limit_excess_bytes(n_bytes);
    if (!excess || excess == SIZE_MAX)
        return false;
    return bp_purge_down_to(bp_sub_or_zero(dirty_bytes(), excess)) != 0;
}

void bp_purge_after_fork(void)
{
    // pairs with nobody: the child has one thread
    bp_store_u32_release(&purging, 0);
}

size_t bp_purge_decommit(void)
{
    size_t total = 0;
    if (bp_options.purge == BP_PURGE_NEVER)
        return 0;
    total += bp_chunks_decommit();
    for (unsigned region = 0; region < bp_reservation.region_count; region++)
        total += bp_region_decommit(region);
    return total;
}
