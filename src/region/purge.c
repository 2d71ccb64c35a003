// SPDX-License-Identifier: MIT
#include "region/purge.h"

#include "core/counters.h"
#include "region/class_region.h"
#include "reserve/budget.h"
#include "reserve/chunks.h"
#include "reserve/reserve.h"
#include "reserve/stamp.h"

static bp_atomic_u32 purging; // a thread keeps the budget

// Pool 0 is the arena area, pool 1 + r class region r.
static uint32_t pool_oldest(unsigned pool)
{
    return pool == 0 ? bp_chunks_oldest_stamp() : bp_region_oldest_stamp(pool - 1);
}

static size_t purge_oldest(void)
{
    uint32_t oldest = BP_STAMP_NEVER;
    unsigned from = 0;
    for (unsigned pool = 0; pool <= bp_reservation.region_count; pool++) {
        uint32_t stamp = pool_oldest(pool);
        if (stamp != BP_STAMP_NEVER &&
            (oldest == BP_STAMP_NEVER || bp_stamp_older(stamp, oldest))) {
            oldest = stamp;
            from = pool;
        }
    }
    if (oldest == BP_STAMP_NEVER)
        return 0;
    return from == 0 ? bp_chunks_purge_oldest() : bp_region_purge_oldest(from - 1);
}

static size_t purge_down_to(size_t target_bytes)
{
    size_t released = 0;
    while (bp_load_relaxed(&bp_counters.dirty_bytes) > target_bytes) {
        size_t step = purge_oldest();
        if (!step)
            break;
        released += step;
    }
    return released;
}

void bp_purge_check(void)
{
    size_t dirty = bp_load_relaxed(&bp_counters.dirty_bytes);
    if (BP_LIKELY(dirty <= BP_BUDGET_FLOOR_BYTES))
        return;
    size_t budget = bp_budget_bytes();
    if (dirty <= budget)
        return;
    size_t released = 1;
    while (released && bp_load_relaxed(&bp_counters.dirty_bytes) > budget) {
        // pairs with the release below: one thread keeps the budget, the others go on
        if (!bp_cas_u32_acquire(&purging, 0, 1))
            return;
        released = purge_down_to(budget);
        // pairs with the acquire above; the loop looks again for who was turned away meanwhile
        bp_store_u32_release(&purging, 0);
    }
}

size_t bp_purge_all(void)
{
    return purge_down_to(0);
}

void bp_purge_after_fork(void)
{
    // pairs with nobody: the child has one thread
    bp_store_u32_release(&purging, 0);
}

size_t bp_purge_decommit(void)
{
    size_t total = bp_chunks_decommit();
    for (unsigned region = 0; region < bp_reservation.region_count; region++)
        total += bp_region_decommit(region);
    return total;
}
