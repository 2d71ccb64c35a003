// SPDX-License-Identifier: MIT
// region: the pages behind slots: they move, stock other slots, are purged and decommitted.
#include "paused_call.h"
#include "reserve/stamp.h"
#include "slot_unit.h"

// --- pages that move ---

static size_t moved_pieces(void)
{
    return bp_load_relaxed(&bp_counters.moved_pieces);
}

static void moves_pages(void)
{
    boot();
    char *from = used(5, BP_MIB + PAGE), *to = used(6, 3 * BP_MIB);
    pattern_fill(from, BP_MIB + PAGE, 7);
    fault_none();
    bp_region_move(5, from, 6, to, BP_MIB + PAGE);
    CHECK_EQ(fault_plan.seen[BP_OS_MOVE], 1);
    CHECK_EQ(pattern_mismatch(to, BP_MIB + PAGE, 7), BP_MIB + PAGE);
    CHECK_EQ(to[2 * BP_MIB], 'x');
    CHECK(bp_region_slot(6, to)->moved == 1 && !bp_region_slot(5, from)->moved);
    CHECK_EQ(moved_pieces(), 1);
    CHECK_EQ(bp_region_slot(5, from)->dirty_bytes, 0);
    CHECK_EQ(slot_bytes(), 3 * BP_MIB);
    CHECK_EQ(pattern_nonzero(from, 2 * BP_MIB), 2 * BP_MIB);
    memset(from, 'f', BP_MIB);
    give(5, from);
    CHECK_EQ(bp_region_slot(5, from)->state, BP_SLOT_CLEAN);
}

// The last page is copied when only some of it is wanted.
static void moves_odd_sizes(void)
{
    boot();
    char *from = used(5, BP_MIB + 3000), *to = used(6, 3 * BP_MIB);
    pattern_fill(from, BP_MIB + 3000, 7);
    bp_region_move(5, from, 6, to, BP_MIB + 3000);
    CHECK_EQ(pattern_mismatch(to, BP_MIB + 3000, 7), BP_MIB + 3000);
    CHECK_EQ(to[BP_MIB + 3000], 'x');
}

// What lies behind the moved pages stays dirty where it is.
static void moves_a_part(void)
{
    boot();
    char *from = used(5, 2 * BP_MIB), *to = used(6, 3 * BP_MIB);
    bp_region_move(5, from, 6, to, BP_MIB);
    CHECK_EQ(bp_region_slot(5, from)->dirty_bytes, 2 * BP_MIB);
    CHECK_EQ(slot_bytes(), 5 * BP_MIB);
    CHECK_EQ(from[BP_MIB], 'x');
}

static void check_copies(size_t n_bytes, unsigned calls)
{
    char *from = used(6, 4 * BP_MIB), *to = used(7, 5 * BP_MIB);
    pattern_fill(from, n_bytes, 7);
    bp_region_move(6, from, 7, to, n_bytes);
    CHECK_EQ(fault_plan.seen[BP_OS_MOVE], calls);
    CHECK_EQ(pattern_mismatch(to, n_bytes, 7), n_bytes);
    CHECK_EQ(pattern_mismatch(from, n_bytes, 7), n_bytes);
    CHECK_EQ(bp_region_slot(6, from)->dirty_bytes, 4 * BP_MIB);
    CHECK_EQ(bp_region_slot(7, to)->moved, 0);
}

// Small pieces, when the system refuses, and when too many pieces were moved already.
static void copies_what_cannot_move(void)
{
    boot();
    fault_none();
    check_copies(200000, 0);
    fault_all(BP_OS_MOVE);
    check_copies(2 * BP_MIB, 1);
    CHECK_EQ(moved_pieces(), 0);
    fault_none();
    bp_store_relaxed(&bp_counters.moved_pieces, 8192);
    check_copies(2 * BP_MIB, 0);
}

// A large slot is stocked with whole units that dirty slots of any class hold.
static void stocks_from_dirty_slots(void)
{
    boot();
    char *donors[2] = {used(6, 4 * BP_MIB), used(7, 6 * BP_MIB)}, *target;
    size_t dirty;
    give(6, donors[0]);
    give(7, donors[1]);
    REQUIRE(dirty_bytes() == 10 * BP_MIB);
    target = fresh(8);
    REQUIRE(bp_region_use(8, target, 9 * BP_MIB, &dirty));
    bp_region_stock(8, target, dirty);
    CHECK_EQ(target[0], 'x');
    CHECK_EQ(target[8 * BP_MIB - 1], 'x');
    CHECK_EQ(target[8 * BP_MIB], 0);
    CHECK_EQ(bp_region_slot(8, target)->moved, 2);
    CHECK_EQ(moved_pieces(), bp_region_slot(8, target)->moved);
    CHECK_EQ(dirty_bytes(), 2 * BP_MIB);
    CHECK_EQ(slot_bytes(), 9 * BP_MIB);
    memset(target, 't', 9 * BP_MIB);
}

static void stocks_nothing_in_vain(void)
{
    boot();
    char *donor = used(6, 4 * BP_MIB), *target = used(8, 9 * BP_MIB), *small = used(5, 2 * BP_MIB);
    fault_none();
    bp_region_stock(8, target, 9 * BP_MIB); // nobody has anything
    give(6, donor);
    bp_region_stock(8, target, 9 * BP_MIB); // needs nothing
    bp_region_stock(5, small, 0);           // too small
    CHECK_EQ(fault_plan.seen[BP_OS_MOVE], 0);
    fault_all(BP_OS_MOVE);
    bp_region_stock(8, target, 4 * BP_MIB);
    CHECK_EQ(fault_plan.seen[BP_OS_MOVE], 1);
    CHECK_EQ(dirty_bytes(), 4 * BP_MIB);
    CHECK_EQ(bp_region_slot(6, donor)->state, BP_SLOT_DIRTY);
    CHECK_EQ(target[4 * BP_MIB - 1], 'x');
    memset(target, 't', 9 * BP_MIB);
}

// A slot of moved pieces is purged alone, and is one mapping again.
static void purge_renews_moved_slots(void)
{
    boot();
    char *first = used(5, 2 * BP_MIB), *second = used(5, 2 * BP_MIB), *third = used(5, 2 * BP_MIB);
    bp_region_move(5, first, 5, second, 2 * BP_MIB);
    REQUIRE(bp_region_slot(5, second)->moved == 1);
    memset(first, 'x', 2 * BP_MIB);
    bp_region_slot(5, first)->dirty_bytes = 2 * BP_MIB;
    bp_add_relaxed(&bp_counters.slot_bytes, 2 * BP_MIB);
    give(5, second);
    give(5, first);
    give(5, third);
    CHECK_EQ(bp_region_purge_oldest(5, SIZE_MAX), 2 * BP_MIB);
    CHECK_EQ(bp_region_slot(5, second)->state, BP_SLOT_CLEAN);
    CHECK(!bp_region_slot(5, second)->moved && !moved_pieces());
    CHECK_EQ(first[0], 'x');
    CHECK_EQ(third[0], 'x');
    CHECK_EQ(pattern_nonzero(second, 2 * BP_MIB), 2 * BP_MIB);
}

// A slot whose pages all went elsewhere is clean, and not a patchwork of empty mappings, which
// would count until it is used and purged again, and keep others from moving.
static void emptied_slots_are_one_mapping_again(void)
{
    boot();
    char *first = used(5, 2 * BP_MIB), *second = used(6, 3 * BP_MIB), *third = used(7, 5 * BP_MIB);
    bp_region_move(5, first, 6, second, 2 * BP_MIB);
    bp_region_resize(6, second, 2 * BP_MIB + PAGE);
    bp_region_move(6, second, 7, third, 2 * BP_MIB + PAGE);
    if (bp_region_slot(6, second)->dirty_bytes) // pieces move together from Linux 6.17 on
        return;
    REQUIRE(moved_pieces() == 2 && bp_region_slot(6, second)->moved == 1);
    fault_all(BP_OS_PURGE);
    give(6, second);
    CHECK_EQ(bp_region_slot(6, second)->moved, 1);
    fault_none();
    REQUIRE(bp_region_take_pooled(6) == second);
    give(6, second);
    CHECK_EQ(bp_region_slot(6, second)->state, BP_SLOT_CLEAN);
    CHECK_EQ(bp_region_slot(6, second)->moved, 0);
    CHECK_EQ(moved_pieces(), 1);
    CHECK_EQ(pattern_nonzero(second, 3 * BP_MIB), 3 * BP_MIB);
    CHECK_EQ(third[0], 'x');
}

static void purge_merges_neighbours(void)
{
    char *objects[8];
    boot();
    for (int i = 0; i < 8; i++)
        objects[i] = used(1, 70000);
    give(1, objects[3]);
    give(1, objects[7]);
    give(1, objects[2]);
    give(1, objects[4]);
    fault_none();
    CHECK_EQ(bp_region_purge_oldest(1, SIZE_MAX), 3 * 18 * PAGE);
    CHECK_EQ(fault_plan.seen[BP_OS_PURGE], 1);
    CHECK_EQ(dirty_bytes(), 18 * PAGE);
    CHECK_EQ(bp_load_relaxed(&bp_counters.purged_bytes), 3 * 18 * PAGE);
    for (int i = 0; i < 8; i++) {
        bool purged = i >= 2 && i <= 4;
        CHECK_EQ(objects[i][69999], purged ? 0 : 'x');
        CHECK_EQ(bp_region_slot(1, objects[i])->state,
                 purged ? BP_SLOT_CLEAN : (i == 7 ? BP_SLOT_DIRTY : BP_SLOT_USED));
    }
    CHECK_EQ(bp_region_purge_oldest(1, SIZE_MAX), 18 * PAGE);
    CHECK_EQ(bp_region_purge_oldest(1, SIZE_MAX), 0);
    CHECK_EQ(bp_region_purge_oldest(0, SIZE_MAX), 0);
}

static void failed_purge_leaves_it_dirty(void)
{
    size_t dirty;
    boot();
    char *object = used(1, 70000);
    give(1, object);
    fault_all(BP_OS_PURGE);
    CHECK_EQ(bp_region_purge_oldest(1, SIZE_MAX), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.purge_failures), 1);
    CHECK_EQ(dirty_bytes(), 18 * PAGE);
    CHECK(bp_region_oldest_stamp(1) != BP_STAMP_NEVER);
    CHECK_PTR(bp_region_take_pooled(1), object);
    CHECK(bp_region_use(1, object, 70000, &dirty));
    CHECK_EQ(dirty, 18 * PAGE);
}

static void stamps_tell_the_oldest(void)
{
    boot();
    char *first = used(1, 70000), *second = used(1, 70000);
    CHECK_EQ(bp_region_oldest_stamp(1), BP_STAMP_NEVER);
    give(1, first);
    uint32_t between = bp_stamp_next();
    give(1, second);
    CHECK(bp_stamp_older(bp_region_oldest_stamp(1), between));
    REQUIRE(bp_region_take_pooled(1) == second);
    CHECK(bp_stamp_older(bp_region_oldest_stamp(1), between));
    give(1, second);
    CHECK_EQ(bp_region_purge_oldest(1, SIZE_MAX), 2 * 18 * PAGE);
    CHECK_EQ(bp_region_oldest_stamp(1), BP_STAMP_NEVER);
}

static void decommits_what_is_clean(void)
{
    size_t dirty;
    boot();
    char *object = used(5, 2 * BP_MIB), *other = used(5, 2 * BP_MIB), *big = used(10, 3 * BP_MIB);
    bp_region_move(5, other, 5, object, 2 * BP_MIB);
    CHECK_EQ(bp_region_decommit(5), 0);
    give(5, object);
    give(5, other);
    give(10, big);
    CHECK_EQ(bp_region_decommit(5), 2 * BP_MIB); // `other` lost its pages and is clean
    REQUIRE(bp_region_purge_oldest(5, SIZE_MAX) && bp_region_purge_oldest(10, SIZE_MAX));
    size_t committed = bp_load_relaxed(&bp_counters.committed_bytes);
    CHECK_EQ(bp_region_decommit(5), 2 * BP_MIB);
    CHECK_EQ(bp_region_decommit(10), 3 * BP_MIB);
    CHECK_EQ(bp_load_relaxed(&bp_counters.committed_bytes), committed - 5 * BP_MIB);
    CHECK_EQ(moved_pieces(), 0);
    CHECK(!unit_readable(object) && !unit_readable(big + 3 * BP_MIB - 1));
    CHECK_EQ(bp_region_decommit(5) + bp_region_decommit(10), 0);
    char *again = bp_region_take_pooled(5);
    CHECK(again == object || again == other);
    CHECK(bp_region_use(5, again, 100000, &dirty));
    CHECK_EQ(dirty, 0);
    memset(again, 'y', 100000);
}

static void failed_decommit_changes_nothing(void)
{
    size_t dirty;
    boot();
    char *object = used(5, 2 * BP_MIB);
    give(5, object);
    REQUIRE(bp_region_purge_oldest(5, SIZE_MAX));
    fault_all(BP_OS_DECOMMIT);
    CHECK_EQ(bp_region_decommit(5), 0);
    fault_none();
    CHECK_PTR(bp_region_take_pooled(5), object);
    CHECK(bp_region_use(5, object, 2 * BP_MIB, &dirty));
    CHECK_EQ(fault_plan.seen[BP_OS_COMMIT], 0);
    memset(object, 'y', 2 * BP_MIB);
}

// --- a thread that has slots in its hands while another forks is not there in the child ---

static void purge_oldest(void)
{
    bp_region_purge_oldest(1, SIZE_MAX);
}

static void decommit(void)
{
    bp_region_decommit(1);
}

static void check_child(void)
{
    size_t dirty;
    fault_none();
    CHECK_NULL(bp_region_take_pooled(1));
    bp_region_after_fork(1);
    for (int i = 0; i < 2; i++) {
        char *object = bp_region_take_pooled(1);
        REQUIRE(object && bp_region_use(1, object, 100000, &dirty));
        CHECK_EQ(pattern_nonzero(object + dirty, 100000 - bp_min(dirty, 100000)),
                 100000 - bp_min(dirty, 100000));
        memset(object, 'c', 100000);
    }
    CHECK_NULL(bp_region_take_pooled(1));
    CHECK_EQ(dirty_bytes(), 0);
    CHECK_EQ(slot_bytes(), 2 * 25 * PAGE);
}

static void fork_with_free_slots(enum bp_os_call call, void (*body)(void))
{
    boot();
    char *objects[2] = {used(1, 100000), used(1, 100000)};
    give(1, objects[0]);
    give(1, objects[1]);
    if (call == BP_OS_DECOMMIT)
        bp_region_purge_oldest(1, SIZE_MAX);
    pause_in(call, body);
    unit_expect_pass("check_child", check_child);
    pause_ends();
    CHECK_NOT_NULL(bp_region_take_pooled(1));
}

static void child_has_what_was_being_purged(void)
{
    fork_with_free_slots(BP_OS_PURGE, purge_oldest);
}

static void child_has_what_was_being_decommitted(void)
{
    fork_with_free_slots(BP_OS_DECOMMIT, decommit);
}

UNIT_MAIN(UNIT_CASE(moves_pages), UNIT_CASE(moves_a_part), UNIT_CASE(moves_odd_sizes),
          UNIT_CASE(copies_what_cannot_move), UNIT_CASE(stocks_from_dirty_slots),
          UNIT_CASE(stocks_nothing_in_vain), UNIT_CASE(purge_renews_moved_slots),
          UNIT_CASE(emptied_slots_are_one_mapping_again), UNIT_CASE(purge_merges_neighbours),
          UNIT_CASE(failed_purge_leaves_it_dirty), UNIT_CASE(stamps_tell_the_oldest),
          UNIT_CASE(decommits_what_is_clean), UNIT_CASE(failed_decommit_changes_nothing),
          UNIT_CASE(child_has_what_was_being_purged),
          UNIT_CASE(child_has_what_was_being_decommitted))
