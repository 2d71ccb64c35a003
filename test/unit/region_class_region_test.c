// SPDX-License-Identifier: MIT
// region: slots, their pools, commit, and growth in place.
#include "slot_unit.h"

static void requests_find_their_region(void)
{
    for (unsigned region = 0; region < BP_REGION_COUNT; region++) {
        size_t n = bp_region_slot_bytes(region);
        CHECK_EQ(n, (size_t)65536 << region);
        CHECK_EQ(bp_region_for(n), region);
        CHECK_EQ(bp_region_for(n + 1), region + 1);
        CHECK_EQ(bp_region_for(n / 2 + 1), region);
    }
    CHECK_EQ(bp_region_for(BP_SMALL_MAX + 1), 0);
    CHECK(bp_region_for(SIZE_MAX) >= BP_REGION_COUNT);
}

static void addresses_find_their_slot(void)
{
    unsigned found;
    boot();
    for (unsigned region = 0; region < BP_REGION_COUNT; region++) {
        char *base = bp_region_base(region);
        size_t share = (size_t)1 << bp_reservation.region_shift;
        CHECK(bp_region_of(base, &found) && found == region);
        CHECK(bp_region_of(base + share - 1, &found) && found == region);
        CHECK_NULL(bp_region_find(region, base));
        char *object = fresh(region);
        CHECK_PTR(object, base);
        CHECK_PTR(bp_region_find(region, object), bp_region_slot(region, object));
        CHECK_NULL(bp_region_find(region, object + 1));
        CHECK_NULL(bp_region_find(region, object + bp_region_slot_bytes(region) / 2));
        CHECK_NULL(bp_region_find(region, base + share - bp_region_slot_bytes(region) + 16));
    }
    CHECK(!bp_region_of(bp_region_base(0) - 1, &found));
    CHECK(!bp_region_of(bp_reservation.base + bp_reservation.n_bytes, &found));
    CHECK(!bp_region_of(NULL, &found) && !bp_region_of(&found, &found));
    struct bp_slot *next = bp_region_find(0, bp_region_base(0) + 65536);
    CHECK(!next || next->state == BP_SLOT_FRESH);
}

static void fresh_slots_are_adjacent_and_aligned(void)
{
    boot();
    for (unsigned region = 0; region < BP_REGION_COUNT; region++) {
        size_t n = bp_region_slot_bytes(region);
        for (size_t i = 0; i < 4 && (i + 1) * n <= (size_t)1 << bp_reservation.region_shift; i++) {
            char *object = fresh(region);
            CHECK_PTR(object, bp_region_base(region) + i * n);
            CHECK_ALIGNED(object, bp_min(n, BP_SLOT_ALIGN_MAX));
        }
    }
    CHECK_EQ(slot_bytes(), 0);
}

// Small slots share commits; the window grows with the region.
static void windows_are_committed(void)
{
    boot();
    REQUIRE(bp_meta_commit(BP_META_SLOTS, 64 * BP_KIB));
    fault_none();
    for (int i = 0; i < 32; i++)
        used(0, 50000);
    CHECK_EQ(fault_plan.seen[BP_OS_COMMIT], 1);
    CHECK(!unit_readable(bp_region_base(0) + 2 * BP_MIB));
    for (int i = 32; i < 1024; i++)
        fresh(0);
    unsigned calls = fault_plan.seen[BP_OS_COMMIT];
    CHECK_EQ(calls, 32);
    for (int i = 0; i < 512; i++)
        fresh(0);
    CHECK_EQ(fault_plan.seen[BP_OS_COMMIT], calls + 1);
    CHECK(unit_writable(bp_region_base(0) + 96 * BP_MIB - 1));
    CHECK(!unit_readable(bp_region_base(0) + 96 * BP_MIB));
}

// Slots of 32 MiB and more are committed as they are used, and so cost what they hold.
static void large_slots_are_committed_in_part(void)
{
    enum { REGION = 10 }; // 64 MiB
    boot();
    char *object = used(REGION, 40 * BP_MIB + 1);
    struct bp_slot *slot = bp_region_slot(REGION, object);
    CHECK_EQ(slot->usable_bytes, 40 * BP_MIB + PAGE);
    CHECK_EQ(slot->committed_bytes, 40 * BP_MIB + BP_CHUNK_BYTES);
    CHECK(unit_writable(object + 40 * BP_MIB + BP_CHUNK_BYTES - 1));
    CHECK(!unit_readable(object + 40 * BP_MIB + BP_CHUNK_BYTES));
}

static void use_tells_what_may_not_be_zero(void)
{
    size_t dirty = 1;
    boot();
    char *object = fresh(3);
    CHECK(bp_region_use(3, object, 300000, &dirty));
    CHECK_EQ(dirty, 0);
    CHECK_EQ(bp_region_slot(3, object)->state, BP_SLOT_USED);
    CHECK_EQ(bp_region_slot(3, object)->usable_bytes, 74 * PAGE);
    CHECK_EQ(slot_bytes(), 74 * PAGE);
    memset(object, 'x', 74 * PAGE);
    give(3, object);
    CHECK_EQ(slot_bytes(), 0);
    CHECK_EQ(dirty_bytes(), 74 * PAGE);
    CHECK_PTR(bp_region_take_pooled(3), object);
    CHECK_EQ(dirty_bytes(), 0);
    CHECK(bp_region_use(3, object, 100, &dirty));
    CHECK_EQ(dirty, 74 * PAGE);
    CHECK_EQ(slot_bytes(), 74 * PAGE);
    CHECK_EQ(pattern_nonzero(object + dirty, 524288 - dirty), 524288 - dirty);
}

static void pools_give_dirty_before_clean_newest_first(void)
{
    boot();
    char *clean = fresh(2), *old = used(2, 200000), *young = used(2, 200000);
    bp_region_give(2, clean);
    give(2, old);
    give(2, young);
    CHECK_EQ(bp_region_slot(2, clean)->state, BP_SLOT_CLEAN);
    CHECK_EQ(bp_region_slot(2, old)->state, BP_SLOT_DIRTY);
    CHECK_PTR(bp_region_take_pooled(2), young);
    CHECK_PTR(bp_region_take_pooled(2), old);
    CHECK_PTR(bp_region_take_pooled(2), clean);
    CHECK_NULL(bp_region_take_pooled(2));
    CHECK_NULL(bp_region_take_pooled(3));
}

static void resizes_in_place(void)
{
    boot();
    char *object = used(10, 100000);
    struct bp_slot *slot = bp_region_slot(10, object);
    CHECK(bp_region_resize(10, object, 30 * BP_MIB));
    CHECK_EQ(slot->usable_bytes, 30 * BP_MIB);
    CHECK_EQ(pattern_nonzero(object + 100000, 29 * BP_MIB), 29 * BP_MIB);
    memset(object, 'y', 30 * BP_MIB);
    CHECK(bp_region_resize(10, object, 64 * BP_MIB));
    CHECK(unit_writable(object + 64 * BP_MIB - 1));
    CHECK(!bp_region_resize(10, object, 64 * BP_MIB + 1));
    CHECK_EQ(slot->usable_bytes, 64 * BP_MIB);
    CHECK(bp_region_resize(10, object, 50000));
    CHECK_EQ(slot->usable_bytes, 13 * PAGE);
    CHECK_EQ(object[49999], 'y');
}

static void failed_resize_changes_nothing(void)
{
    boot();
    char *object = used(10, 100000);
    struct bp_slot before = *bp_region_slot(10, object);
    fault_all(BP_OS_COMMIT);
    CHECK(!bp_region_resize(10, object, 30 * BP_MIB));
    CHECK(memcmp(&before, bp_region_slot(10, object), sizeof before) == 0);
    CHECK_EQ(slot_bytes(), before.dirty_bytes);
    CHECK_EQ(object[99999], 'x');
}

// What a slot that shrinks still holds is purged if that is worth a call.
static void trims_long_tails_only(void)
{
    boot();
    char *object = used(7, 8 * BP_MIB);
    struct bp_slot *slot = bp_region_slot(7, object);
    REQUIRE(bp_region_resize(7, object, 7 * BP_MIB + PAGE));
    CHECK_EQ(slot->dirty_bytes, 8 * BP_MIB);
    fault_all(BP_OS_PURGE);
    REQUIRE(bp_region_resize(7, object, 5 * BP_MIB + PAGE));
    CHECK_EQ(slot->dirty_bytes, 8 * BP_MIB);
    CHECK_EQ(object[8 * BP_MIB - 1], 'x');
    fault_none();
    REQUIRE(bp_region_resize(7, object, 5 * BP_MIB + 1));
    CHECK_EQ(slot->dirty_bytes, 8 * BP_MIB); // not smaller than it was
    REQUIRE(bp_region_resize(7, object, 5 * BP_MIB));
    CHECK_EQ(slot->dirty_bytes, 5 * BP_MIB);
    CHECK_EQ(slot_bytes(), 5 * BP_MIB);
    CHECK_EQ(bp_load_relaxed(&bp_counters.purged_bytes), 3 * BP_MIB);
    CHECK_EQ(object[5 * BP_MIB - 1], 'x');
    CHECK_EQ(pattern_nonzero(object + 5 * BP_MIB, BP_MIB), BP_MIB);
}

// use: a fresh slot whose window could not be committed tries by itself, then gives up.
static void survives_failed_commits(void)
{
    size_t dirty;
    boot();
    REQUIRE(bp_meta_commit(BP_META_SLOTS + 1, 64 * BP_KIB));
    fault_some(BP_OS_COMMIT, 1, 2);
    char *object = fresh(1);
    CHECK(!bp_region_use(1, object, 100000, &dirty));
    CHECK_EQ(bp_region_slot(1, object)->state, BP_SLOT_CACHED);
    CHECK_EQ(slot_bytes(), 0);
    bp_region_give(1, object);
    CHECK_PTR(bp_region_take_pooled(1), object);
    CHECK(bp_region_use(1, object, 100000, &dirty));
    memset(object, 'x', 100000);
    CHECK_EQ(bp_region_slot(1, object)->committed_bytes, 2 * BP_CHUNK_BYTES);
    char *next = used(1, 100000);
    CHECK_EQ(fault_plan.seen[BP_OS_COMMIT], 4); // the window is tried again
    CHECK_PTR(next, object + 2 * BP_CHUNK_BYTES);
}

static void none_without_records(void)
{
    boot();
    fault_all(BP_OS_COMMIT);
    CHECK_NULL(bp_region_take_fresh(4));
    fault_none();
    CHECK_PTR(bp_region_take_fresh(4), bp_region_base(4));
}

// With shares of 2 GiB there is one slot of 2 GiB and none of 4.
static void ends_with_its_share(void)
{
    bp_reserve_init(64 * BP_GIB);
    REQUIRE(bp_reservation.region_shift == 31);
    for (int i = 0; i < 2; i++)
        CHECK_NOT_NULL(bp_region_take_fresh(14));
    CHECK_NULL(bp_region_take_fresh(14));
    CHECK_NOT_NULL(bp_region_take_fresh(15));
    CHECK_NULL(bp_region_take_fresh(15));
    for (unsigned region = 16; region < BP_REGION_COUNT; region++) {
        CHECK_NULL(bp_region_take_fresh(region));
        CHECK_NULL(bp_region_take_pooled(region));
        CHECK_NULL(bp_region_find(region, bp_region_base(region)));
    }
}

UNIT_MAIN(UNIT_CASE(requests_find_their_region), UNIT_CASE(addresses_find_their_slot),
          UNIT_CASE(fresh_slots_are_adjacent_and_aligned), UNIT_CASE(windows_are_committed),
          UNIT_CASE(large_slots_are_committed_in_part), UNIT_CASE(use_tells_what_may_not_be_zero),
          UNIT_CASE(pools_give_dirty_before_clean_newest_first), UNIT_CASE(resizes_in_place),
          UNIT_CASE(failed_resize_changes_nothing), UNIT_CASE(trims_long_tails_only),
          UNIT_CASE(survives_failed_commits), UNIT_CASE(none_without_records),
          UNIT_CASE(ends_with_its_share))
