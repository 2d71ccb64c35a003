// SPDX-License-Identifier: MIT
// region: the budget is kept by whoever exceeds it, oldest memory first, whatever pool it is in.
#include "core/counters.h"
#include "fault_hook.h"
#include "paused_call.h"
#include "region/class_region.h"
#include "region/purge.h"
#include "reserve/chunks.h"
#include "unit.h"

#define FLOOR (8 * BP_MIB)
enum { REGION = 4 }; // slots of 1 MiB

static size_t dirty_bytes(void)
{
    return bp_load_relaxed(&bp_counters.dirty_bytes);
}

static size_t purged_bytes(void)
{
    return bp_load_relaxed(&bp_counters.purged_bytes);
}

static char *slot(void)
{
    size_t dirty;
    char *object = bp_region_take_fresh(REGION);
    REQUIRE(object && bp_region_use(REGION, object, BP_MIB, &dirty));
    memset(object, 'x', BP_MIB);
    return object;
}

static void slot_give(char *object)
{
    bp_region_slot(REGION, object)->state = BP_SLOT_CACHED;
    bp_region_give(REGION, object);
}

static uint32_t chunks(void)
{
    bool zero;
    uint32_t first = bp_chunks_take(16, &zero); // 1 MiB
    REQUIRE(first != 0);
    memset(bp_chunk_address(first), 'x', BP_MIB);
    return first;
}

static void within_the_budget_nothing_happens(void)
{
    char *slots[8];
    bp_reserve_init(BP_TIB);
    for (int i = 0; i < 8; i++)
        slots[i] = slot();
    fault_none();
    for (int i = 0; i < 8; i++)
        slot_give(slots[i]);
    bp_purge_check();
    CHECK_EQ(dirty_bytes(), FLOOR);
    CHECK_EQ(fault_plan.seen[BP_OS_PURGE], 0);
}

// Slots that do not adjoin, so that each goes alone.
static void oldest_goes_first(void)
{
    char *slots[20];
    uint32_t area;
    bp_reserve_init(BP_TIB);
    for (int i = 0; i < 20; i++)
        slots[i] = slot();
    area = chunks();
    slot_give(slots[18]);
    bp_chunks_give(area, 16);
    for (int i = 0; i < 14; i += 2)
        slot_give(slots[i]);
    REQUIRE(dirty_bytes() == 9 * BP_MIB);
    bp_purge_check();
    CHECK_EQ(dirty_bytes(), FLOOR);
    CHECK_EQ(slots[18][0], 0); // the oldest
    CHECK_EQ(*bp_chunk_address(area), 'x');
    slot_give(slots[14]);
    bp_purge_check();
    CHECK_EQ(*bp_chunk_address(area), 0); // the next, in another pool
    CHECK_EQ(slots[0][0], 'x');
    slot_give(slots[16]);
    bp_purge_check();
    CHECK_EQ(slots[0][0], 0);
    CHECK_EQ(slots[2][0], 'x');
    CHECK_EQ(dirty_bytes(), FLOOR);
    CHECK_EQ(purged_bytes(), 3 * BP_MIB);
}

// Twelve percent of what is in use may be dirty.
static void budget_grows_with_use(void)
{
    char *slots[180];
    bp_reserve_init(BP_TIB);
    for (int i = 0; i < 180; i++) {
        size_t dirty;
        slots[i] = bp_region_take_fresh(REGION);
        REQUIRE(bp_region_use(REGION, slots[i], BP_MIB, &dirty));
    }
    for (int i = 0; i < 19; i++)
        slot_give(slots[i]);
    bp_purge_check();
    CHECK_EQ(dirty_bytes(), 19 * BP_MIB);
    slot_give(slots[19]);
    bp_purge_check();
    CHECK(dirty_bytes() < 19 * BP_MIB);
}

static void a_burst_ends_in_the_budget(void)
{
    static char *slots[128];
    bp_reserve_init(BP_TIB);
    for (int i = 0; i < 128; i++) {
        size_t dirty;
        slots[i] = bp_region_take_fresh(REGION);
        REQUIRE(bp_region_use(REGION, slots[i], BP_MIB, &dirty));
    }
    for (int i = 0; i < 128; i++) {
        slot_give(slots[i]);
        bp_purge_check();
    }
    CHECK(dirty_bytes() <= FLOOR);
    CHECK_EQ(purged_bytes() + dirty_bytes(), 128 * BP_MIB);
}

static void all_means_all(void)
{
    bp_reserve_init(BP_TIB);
    CHECK_EQ(bp_purge_down_to(0), 0);
    char *object = slot();
    uint32_t area = chunks();
    slot_give(object);
    bp_chunks_give(area, 16);
    CHECK_EQ(bp_purge_down_to(0), 2 * BP_MIB);
    CHECK_EQ(dirty_bytes(), 0);
    CHECK_EQ(bp_purge_down_to(0), 0);
}

// Ends, although nothing can be purged.
static void failure_is_no_loop(void)
{
    bp_reserve_init(BP_TIB);
    char *object = slot();
    for (int i = 0; i < 9; i++)
        slot_give(slot());
    slot_give(object);
    size_t before = dirty_bytes();
    REQUIRE(before > FLOOR);
    fault_all(BP_OS_PURGE);
    bp_purge_check();
    CHECK_EQ(bp_purge_down_to(0), 0);
    CHECK_EQ(fault_plan.seen[BP_OS_PURGE], 2);
    CHECK_EQ(dirty_bytes(), before);
    fault_none();
    bp_purge_check();
    CHECK(dirty_bytes() <= FLOOR);
}

static void decommit_returns_the_charge(void)
{
    bp_reserve_init(BP_TIB);
    char *object = slot();
    uint32_t area = chunks();
    size_t committed = bp_load_relaxed(&bp_counters.committed_bytes);
    CHECK_EQ(bp_purge_decommit(), BP_MIB); // the window's rest; the other slot is fresh
    slot_give(object);
    bp_chunks_give(area, 16);
    bp_purge_down_to(0);
    CHECK_EQ(bp_purge_decommit(), 2 * BP_MIB);
    CHECK_EQ(bp_load_relaxed(&bp_counters.committed_bytes), committed - 3 * BP_MIB);
    CHECK_EQ(bp_purge_decommit(), 0);
}

static void without_a_reservation(void)
{
    bp_purge_check();
    CHECK_EQ(bp_purge_down_to(0), 0);
    CHECK_EQ(bp_purge_decommit(), 0);
}

// --- a thread that purges while another forks is not there in the child ---

static void check_child(void)
{
    fault_none();
    for (int i = 0; i < 9; i++)
        slot_give(slot());
    bp_purge_check();
    CHECK_EQ(fault_plan.seen[BP_OS_PURGE], 0); // somebody else keeps the budget
    bp_purge_after_fork();
    bp_purge_check();
    CHECK(fault_plan.seen[BP_OS_PURGE] > 0);
    CHECK(dirty_bytes() <= FLOOR);
}

static void child_keeps_the_budget_itself(void)
{
    char *slots[18];
    bp_reserve_init(BP_TIB);
    for (int i = 0; i < 18; i++)
        slots[i] = slot();
    for (int i = 0; i < 18; i += 2)
        slot_give(slots[i]);
    pause_in(BP_OS_PURGE, bp_purge_check);
    unit_expect_pass("check_child", check_child);
    pause_ends();
    CHECK(dirty_bytes() <= FLOOR);
}

UNIT_MAIN(UNIT_CASE(within_the_budget_nothing_happens), UNIT_CASE(oldest_goes_first),
          UNIT_CASE(budget_grows_with_use), UNIT_CASE(a_burst_ends_in_the_budget),
          UNIT_CASE(all_means_all), UNIT_CASE(failure_is_no_loop),
          UNIT_CASE(decommit_returns_the_charge), UNIT_CASE(without_a_reservation),
          UNIT_CASE(child_keeps_the_budget_itself))
