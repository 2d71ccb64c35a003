// SPDX-License-Identifier: MIT
// thread: stable objects when the system refuses, and background clearing by hand.
#include "core/options.h"
#include "fault_hook.h"
#include "region/direct.h"
#include "thread/clearer.h"
#include "thread/request.h"
#include "thread_unit.h"

enum { PAGE = 4096 };

static size_t usable(const void *object)
{
    enum bp_verdict verdict;
    return bp_large_usable(object, &verdict);
}

static char *stable(size_t n_bytes, size_t max_bytes)
{
    thread_boot(16 * BP_TIB);
    thread_heap();
    char *object = bp_request_alloc_stable(n_bytes, max_bytes);
    REQUIRE(object != NULL);
    return object;
}

// Where every byte is charged (overcommit_memory=2), what is used is committed, in growing steps.
static void is_committed_as_it_grows_if_need_be(void)
{
    thread_boot(16 * BP_TIB);
    thread_heap();
    bp_meta_commit(BP_META_SLOTS + 14, BP_SLOT_RECORD_BYTES);
    fault_some(BP_OS_COMMIT, 1, 1); // of the whole slot of 1 GiB
    char *object = bp_request_alloc_stable(100, BP_GIB);
    REQUIRE(object != NULL);
    struct bp_slot *slot = bp_region_slot(14, object);
    CHECK(!slot->lax && slot->committed_bytes == BP_CHUNK_BYTES);
    fault_none();
    for (size_t n = PAGE; n < 64 * BP_MIB; n += n / 8 + PAGE) {
        CHECK(bp_request_resize_stable(object, n));
        object[n - 1] = 'x';
    }
    CHECK_FMT(fault_plan.seen[BP_OS_COMMIT] < 20, "%u steps", fault_plan.seen[BP_OS_COMMIT]);
    fault_all(BP_OS_COMMIT);
    size_t before = usable(object);
    CHECK(!bp_request_resize_stable(object, 512 * BP_MIB));
    CHECK_EQ(usable(object), before);
    CHECK_EQ(slot->state, BP_SLOT_STABLE);
    fault_none();
    CHECK(bp_request_resize_stable(object, 512 * BP_MIB));
    CHECK_EQ(bp_request_free(object), BP_DONE);
}

static void growth_takes_no_call(void)
{
    char *object = stable(100, BP_GIB);
    fault_none();
    for (size_t n = PAGE; n < 60 * BP_MIB; n += 100 * PAGE) {
        CHECK(bp_request_resize_stable(object, n));
        object[n - 1] = 'x';
    }
    CHECK_EQ(fault_plan.seen[BP_OS_COMMIT] + fault_plan.seen[BP_OS_MAP], 0);
    CHECK_EQ(bp_request_free(object), BP_DONE);
}

// A leap that no memory could hold is refused, although nothing is charged.
static void impossible_leaps_are_refused(void)
{
    char *object = stable(100, 256 * BP_GIB);
    CHECK(!bp_request_resize_stable(object, 256 * BP_GIB));
    CHECK_EQ(usable(object), PAGE);
    CHECK_EQ(bp_request_free(object), BP_DONE);
}

static void slots_become_ordinary_again(void)
{
    char *object = stable(3 * BP_MIB, 4 * BP_MIB);
    memset(object, 'x', 3 * BP_MIB);
    CHECK_EQ(bp_request_free(object), BP_DONE);
    char *ordinary = bp_request_alloc(4 * BP_MIB, 16, true);
    CHECK_PTR(ordinary, object);
    CHECK_EQ(bp_large_stable_max(ordinary), 0);
    CHECK_EQ(pattern_nonzero(ordinary, 4 * BP_MIB), 4 * BP_MIB);
    memset(ordinary, 'x', 4 * BP_MIB);
    CHECK_EQ(bp_request_free(ordinary), BP_DONE);
    flush_all();
    CHECK(bp_purge_decommit() >= 4 * BP_MIB);
    object = bp_request_alloc_stable(1, 4 * BP_MIB);
    CHECK(bp_request_resize_stable(object, 4 * BP_MIB));
    memset(object, 'x', 4 * BP_MIB);
    CHECK_EQ(bp_request_free(object), BP_DONE);
    flush_all();
    CHECK_EQ(slot_bytes(), 0);
}

static void direct_ones_are_refused_whole(void)
{
    fault_all(BP_OS_MAP);
    CHECK_NULL(bp_direct_take_stable(PAGE, BP_GIB));
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), 0);
    fault_none();
    char *object = bp_direct_take_stable(PAGE, BP_GIB);
    REQUIRE(object != NULL);
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), PAGE);
    CHECK_PTR(bp_direct_resize(object, 10 * BP_MIB), object);
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), 10 * BP_MIB);
    fault_all(BP_OS_PURGE);
    CHECK_PTR(bp_direct_resize(object, PAGE), object); // still held, so still charged
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), 10 * BP_MIB);
    fault_none();
    CHECK_PTR(bp_direct_resize(object, PAGE - 1), object);
    CHECK_NULL(bp_direct_resize(object, BP_GIB + 1));
    CHECK(bp_direct_give(object));
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), 0);
}

static void a_tick_clears_of_each_class(void)
{
    char *objects[2][8];
    thread_boot(16 * BP_TIB);
    thread_heap();
    for (int i = 0; i < 16; i++) {
        objects[i / 8][i % 8] = bp_request_alloc(4 * BP_MIB << i / 8, 16, false);
        memset(objects[i / 8][i % 8], 'x', 4 * BP_MIB << i / 8);
    }
    bp_options.purge_floor_bytes = BP_GIB;
    for (int i = 0; i < 16; i++)
        CHECK_EQ(bp_request_free(objects[i / 8][i % 8]), BP_DONE);
    size_t dirty = bp_load_relaxed(&bp_counters.dirty_bytes);
    CHECK_EQ(dirty, 8 * 12 * BP_MIB);
    CHECK_EQ(bp_clearer_tick(0), 0);
    CHECK_EQ(bp_clearer_tick(1), 12 * BP_MIB); // a slot each
    CHECK_EQ(bp_clearer_tick(8 * BP_MIB), 16 * BP_MIB);
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), dirty - 28 * BP_MIB);
    bp_options.purge = BP_PURGE_NEVER;
    CHECK_EQ(bp_clearer_tick(SIZE_MAX), 0);
}

UNIT_MAIN(UNIT_CASE(is_committed_as_it_grows_if_need_be), UNIT_CASE(growth_takes_no_call),
          UNIT_CASE(impossible_leaps_are_refused), UNIT_CASE(slots_become_ordinary_again),
          UNIT_CASE(direct_ones_are_refused_whole), UNIT_CASE(a_tick_clears_of_each_class))
