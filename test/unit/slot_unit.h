// SPDX-License-Identifier: MIT
// What the tests of class regions share: boot, and slots in all states.
#ifndef SLOT_UNIT_H
#define SLOT_UNIT_H

#include "core/counters.h"
#include "fault_hook.h"
#include "region/class_region.h"
#include "unit.h"

enum { PAGE = 4096 };

static inline size_t slot_bytes(void)
{
    return bp_load_relaxed(&bp_counters.slot_bytes);
}

static inline size_t dirty_bytes(void)
{
    return bp_load_relaxed(&bp_counters.dirty_bytes);
}

static inline void boot(void)
{
    bp_reserve_init(16 * BP_TIB);
    REQUIRE(bp_reservation.region_count == BP_REGION_COUNT);
}

static inline char *fresh(unsigned region)
{
    char *object = bp_region_take_fresh(region);
    REQUIRE(object != NULL);
    CHECK_EQ(bp_region_slot(region, object)->state, BP_SLOT_CACHED);
    return object;
}

// A used slot, all bytes 'x'.
static inline char *used(unsigned region, size_t n_bytes)
{
    size_t dirty;
    char *object = fresh(region);
    REQUIRE(bp_region_use(region, object, n_bytes, &dirty));
    memset(object, 'x', n_bytes);
    return object;
}

static inline void give(unsigned region, char *object)
{
    bp_region_slot(region, object)->state = BP_SLOT_CACHED;
    bp_region_give(region, object);
}

#endif
