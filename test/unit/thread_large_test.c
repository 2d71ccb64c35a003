// SPDX-License-Identifier: MIT
// thread: where large requests are served from, in which order, and how they grow.
#include "fault_hook.h"
#include "region/direct.h"
#include "thread_unit.h"

#include <pthread.h>

enum { PAGE = 4096 };
static const size_t n_of[BP_CACHED_REGIONS] = {60000,  120000,     250000,
                                               500000, BP_MIB - 1, 2 * BP_MIB - 1};
static const unsigned own_most[BP_CACHED_REGIONS] = {8, 8, 8, 4, 2, 1};
static const unsigned shared_most[BP_CACHED_REGIONS] = {4, 4, 4, 2, 1, 0};

static struct bp_heap *boot(void)
{
    thread_boot(BP_TIB);
    return thread_heap();
}

static char *alloc(struct bp_heap *heap, size_t n_bytes)
{
    char *object = bp_large_alloc(heap, n_bytes, 16, false);
    REQUIRE(object != NULL);
    return object;
}

static void release(struct bp_heap *heap, void *object)
{
    CHECK_EQ(bp_large_free(heap, object), BP_DONE);
}

static unsigned region_of(const void *object)
{
    unsigned region;
    REQUIRE(bp_region_of(object, &region));
    return region;
}

static size_t usable(const void *object)
{
    enum bp_verdict verdict;
    size_t n_bytes = bp_large_usable(object, &verdict);
    CHECK_EQ(verdict, BP_DONE);
    return n_bytes;
}

static void objects_start_their_slots(void)
{
    struct bp_heap *heap = boot();
    for (size_t n = BP_SMALL_MAX + 1; n < BP_GIB; n = n * 3 + 1) {
        char *object = alloc(heap, n);
        CHECK_EQ(region_of(object), bp_region_for(n));
        CHECK_ALIGNED(object, bp_region_slot_bytes(region_of(object)));
        CHECK_EQ(usable(object), bp_align_up(n, PAGE));
        object[0] = object[n - 1] = 'x';
        release(heap, object);
    }
}

static void aligns(void)
{
    struct bp_heap *heap = boot();
    for (size_t align = 16; align <= 16 * BP_GIB; align *= 4) {
        char *object = bp_large_alloc(heap, 50000, align, false);
        char *empty = bp_large_alloc(heap, 0, align, false);
        CHECK_ALIGNED(object, align);
        CHECK_ALIGNED(empty, align);
        CHECK(object != empty);
        object[49999] = 'x';
        release(heap, object);
        release(heap, empty);
    }
}

static void zeroes(void)
{
    struct bp_heap *heap = boot();
    for (unsigned region = 0; region < 8; region++) {
        size_t n = (size_t)50000 << region;
        char *object = alloc(heap, n);
        memset(object, 'x', n);
        release(heap, object);
        object = bp_large_alloc(heap, n - 1000, 16, true);
        CHECK_EQ(pattern_nonzero(object, n - 1000), n - 1000);
        release(heap, object);
    }
}

// --- caches ---

static void check_cache_order(struct bp_heap *heap, unsigned region)
{
    void *objects[16];
    unsigned most = own_most[region] + shared_most[region];
    for (unsigned i = 0; i < most + 1; i++)
        objects[i] = alloc(heap, n_of[region]);
    for (unsigned i = 0; i < most + 1; i++)
        release(heap, objects[i]);
    CHECK_EQ(heap->slots[region].own_count, own_most[region]);
    CHECK_EQ(bp_region_slot(region, objects[most])->state, BP_SLOT_DIRTY);
    for (unsigned i = 0; i < most; i++)
        CHECK_EQ(bp_region_slot(region, objects[i])->state, BP_SLOT_CACHED);
    heap_check(heap);
    // Its own, the newest first; then those in sight; then the pool.
    for (unsigned i = own_most[region]; i > 0; i--)
        CHECK_PTR(alloc(heap, n_of[region]), objects[i - 1]);
    for (unsigned i = 0; i < shared_most[region]; i++)
        CHECK_PTR(alloc(heap, n_of[region]), objects[own_most[region] + i]);
    CHECK_PTR(alloc(heap, n_of[region]), objects[most]);
    for (unsigned i = 0; i < most + 1; i++)
        release(heap, objects[i]);
}

static void heaps_keep_a_few_slots(void)
{
    struct bp_heap *heap = boot();
    for (unsigned region = 0; region < BP_CACHED_REGIONS; region++)
        check_cache_order(heap, region);
    bp_large_flush(heap);
    for (unsigned region = 0; region < BP_CACHED_REGIONS; region++)
        CHECK_EQ(heap->slots[region].own_count, 0);
    CHECK_EQ(slot_bytes(), 0);
}

static void larger_slots_are_pooled(void)
{
    struct bp_heap *heap = boot();
    char *object = alloc(heap, 3 * BP_MIB);
    release(heap, object);
    CHECK_EQ(bp_region_slot(6, object)->state, BP_SLOT_DIRTY);
    CHECK_PTR(alloc(heap, 3 * BP_MIB), object);
}

static void without_a_heap_nothing_is_kept(void)
{
    struct bp_heap *heap = boot();
    char *object = alloc(heap, n_of[1]);
    release(NULL, object);
    CHECK_EQ(bp_region_slot(1, object)->state, BP_SLOT_DIRTY);
}

// The inline forms do what the long ones do, or nothing.
static void hits_need_no_call(void)
{
    struct bp_heap *heap = boot();
    CHECK_NULL(bp_large_try_alloc(heap, n_of[1]));
    char *object = alloc(heap, n_of[1]), *small = bp_heap_alloc(heap, 3);
    CHECK(bp_large_try_free(heap, object));
    CHECK(!bp_large_try_free(heap, object)); // twice
    CHECK(!bp_large_try_free(heap, object + PAGE) && !bp_large_try_free(heap, small));
    CHECK(!bp_large_try_free(heap, NULL) && !bp_large_try_free(heap, &heap));
    CHECK(!bp_large_try_free(heap, object + bp_region_slot_bytes(1)));
    CHECK_NULL(bp_large_try_alloc(heap, n_of[1] + 2 * PAGE)); // more than it held before
    CHECK_NULL(bp_large_try_alloc(heap, 3 * BP_MIB));
    CHECK_NULL(bp_large_try_alloc(heap, SIZE_MAX));
    CHECK_PTR(bp_large_try_alloc(heap, n_of[1] - 2 * PAGE), object);
    CHECK_EQ(usable(object), bp_align_up(n_of[1] - 2 * PAGE, PAGE));
    heap_check(heap);
    void *others[BP_OWN_SLOTS + 1];
    for (int i = 0; i <= BP_OWN_SLOTS; i++)
        others[i] = alloc(heap, n_of[1]);
    for (int i = 0; i <= BP_OWN_SLOTS; i++)
        CHECK_EQ(bp_large_try_free(heap, others[i]), i < BP_OWN_SLOTS);
}

enum { ALL_SLOTS = BP_OWN_SLOTS + BP_SHARED_SLOTS };

static void leave_slots(struct bp_heap *heap, void **objects)
{
    for (int i = 0; i < ALL_SLOTS; i++)
        objects[i] = alloc(heap, n_of[0]);
    for (int i = 0; i < ALL_SLOTS; i++)
        release(heap, objects[i]);
}

// Other threads' slots that are in sight, before fresh address space.
static void takes_from_others_before_fresh(void)
{
    void *objects[ALL_SLOTS];
    leave_slots(boot(), objects);
    bp_heap_tls = (struct bp_heap_hot *)&bp_heap_none; // as another thread
    struct bp_heap *heap = thread_heap();
    for (int i = 0; i < BP_SHARED_SLOTS; i++)
        CHECK_PTR(alloc(heap, n_of[0]), objects[BP_OWN_SLOTS + i]);
    char *fresh = alloc(heap, n_of[0]);
    for (int i = 0; i < ALL_SLOTS; i++)
        CHECK(fresh != objects[i]);
}

// What nobody asked for between two looks goes to the pools; what is in use stays.
static void idle_slots_leave(void)
{
    struct bp_heap *heap = boot();
    char *idle = alloc(heap, n_of[0]), *busy = alloc(heap, n_of[1]);
    release(heap, idle);
    for (int i = 0; i < 3; i++) {
        CHECK(bp_large_try_free(heap, busy));
        bp_large_age(heap);
        CHECK_EQ(heap->slots[0].own_count, i == 0);
        CHECK_EQ(heap->slots[1].own_count, 1);
        CHECK_PTR(bp_large_try_alloc(heap, n_of[1]), busy);
    }
    CHECK_EQ(bp_region_slot(0, idle)->state, BP_SLOT_DIRTY);
    CHECK_EQ(bp_large_cache_allocs(&heap->slots[1]), 3);
    heap_check(heap);
}

// Each heap keeps less when there are many.
static void a_smaller_share_lets_slots_go(void)
{
    void *objects[ALL_SLOTS];
    struct bp_heap *heap = boot();
    size_t share = bp_load_relaxed(&bp_heap_share_bytes);
    leave_slots(heap, objects);
    bp_store_relaxed(&bp_heap_share_bytes, 8 * bp_region_slot_bytes(0));
    bp_large_age(heap);
    CHECK_EQ(heap->slots[0].own_count, 2);
    heap_check(heap);
    bp_store_relaxed(&bp_heap_share_bytes, share);
}

// --- ways out ---

static void next_larger_region_helps(void)
{
    thread_boot(64 * BP_GIB); // one slot of 2 GiB, two of 1 GiB
    struct bp_heap *heap = thread_heap();
    CHECK_EQ(region_of(alloc(heap, 600 * BP_MIB)), 14);
    CHECK_EQ(region_of(alloc(heap, 600 * BP_MIB)), 14);
    CHECK_EQ(region_of(alloc(heap, 600 * BP_MIB)), 15);
    char *run = alloc(heap, 600 * BP_MIB), *larger = alloc(heap, 3 * BP_GIB); // of chunks
    CHECK(bp_chunk_of(run) < bp_reservation.arena_end);
    CHECK(bp_chunk_of(larger) < bp_reservation.arena_end);
    CHECK_EQ(usable(run), 600 * BP_MIB);
    CHECK_EQ(usable(larger), 3 * BP_GIB);
    release(heap, run);
    release(heap, larger);
}

static void without_regions_runs_of_chunks_serve(void)
{
    thread_boot(BP_GIB);
    struct bp_heap *heap = thread_heap();
    char *object = alloc(heap, 100000), *other = bp_large_alloc(heap, 100000, 65536, true);
    CHECK_EQ(usable(object), 131072);
    CHECK_ALIGNED(other, 65536);
    memset(object, 'x', 131072);
    release(heap, object);
    CHECK_PTR(bp_large_alloc(heap, 100000, 16, true), object);
    CHECK_EQ(pattern_nonzero(object, 100000), 100000);
    CHECK_PTR(bp_large_resize(heap, object, 131072), object);
    CHECK_PTR(bp_large_resize(heap, object, 70000), object);
    CHECK_NULL(bp_large_resize(heap, object, 65536));
    CHECK_NULL(bp_large_resize(heap, object, 131073));
    char *aligned = bp_large_alloc(heap, 100, 131072, false);
    CHECK_ALIGNED(aligned, 131072);
    CHECK(!bp_reserve_owns(aligned));
    CHECK(!bp_reserve_owns(alloc(heap, 2 * BP_GIB)));
}

static void nothing_is_lost_when_nothing_helps(void)
{
    struct bp_heap *heap = boot();
    for (unsigned region = 0; region < 8; region++) // records there are: slots are cut in vain
        REQUIRE(bp_meta_commit((enum bp_meta_area)(BP_META_SLOTS + region), 1));
    fault_all(BP_OS_COMMIT);
    fault_plan.fail_from[BP_OS_MAP] = 1;
    fault_plan.fail_count[BP_OS_MAP] = ~0u;
    for (unsigned region = 0; region < BP_REGION_COUNT; region++)
        CHECK_NULL(bp_large_alloc(heap, (size_t)50000 << region, 16, false));
    CHECK_NULL(bp_large_alloc(heap, SIZE_MAX / 2, 16, false));
    fault_none();
    CHECK_EQ(slot_bytes(), 0);
    for (unsigned region = 0; region < 8; region++)
        CHECK_PTR(alloc(heap, (size_t)50000 << region), bp_region_base(region));
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), 0);
}

// --- crimes ---

static void crimes_are_told_apart(void)
{
    enum bp_verdict verdict;
    struct bp_heap *heap = boot();
    char *object = alloc(heap, 100000), on_stack;
    CHECK_EQ(bp_large_free(heap, object + PAGE), BP_INVALID);
    CHECK_EQ(bp_large_free(heap, object + bp_region_slot_bytes(1)), BP_INVALID); // fresh
    CHECK_EQ(bp_large_free(heap, bp_reservation.base + 64), BP_INVALID);
    CHECK_EQ(bp_large_free(heap, &on_stack), BP_FOREIGN);
    CHECK_EQ(bp_large_usable(&on_stack, &verdict), 0);
    CHECK_EQ(verdict, BP_FOREIGN);
    CHECK_EQ(bp_large_usable(object + 16, &verdict), 0);
    CHECK_EQ(verdict, BP_INVALID);
    release(heap, object);
    CHECK_EQ(bp_large_free(heap, object), BP_DOUBLE_FREE);
    CHECK_EQ(bp_large_usable(object, &verdict), 0);
    CHECK_EQ(verdict, BP_DOUBLE_FREE);
    bp_large_flush(heap);
    CHECK_EQ(bp_large_free(heap, object), BP_DOUBLE_FREE);
    bp_purge_down_to(0);
    CHECK_EQ(bp_large_free(heap, object), BP_DOUBLE_FREE);
    char *direct = bp_direct_take(100, 16);
    release(heap, direct);
    CHECK_EQ(bp_large_free(heap, direct), BP_FOREIGN);
}

// --- growth ---

static void grows_in_place_within_the_slot(void)
{
    struct bp_heap *heap = boot();
    char *object = alloc(heap, 70000);
    pattern_fill(object, 70000, 3);
    CHECK_PTR(bp_large_resize(heap, object, 131072), object);
    CHECK_EQ(usable(object), 131072);
    CHECK_EQ(pattern_mismatch(object, 70000, 3), 70000);
    CHECK_PTR(bp_large_resize(heap, object, 40000), object);
    CHECK_EQ(usable(object), 40960);
    CHECK_NULL(bp_large_resize(heap, object, BP_SMALL_MAX)); // better off small
    CHECK_NULL(bp_large_resize(heap, object, 131073));       // too small to gain by moving
}

static char *grow(struct bp_heap *heap, char *object, size_t n_bytes, size_t old_bytes)
{
    char *grown = bp_large_resize(heap, object, n_bytes);
    REQUIRE(grown != NULL);
    CHECK_EQ(pattern_mismatch(grown, old_bytes, 4), old_bytes);
    CHECK_EQ(usable(grown), bp_align_up(n_bytes, PAGE));
    pattern_fill(grown, n_bytes, 4);
    return grown;
}

// From 1 MiB on pages move; what moved once moves again.
static void outgrows_by_moving_pages(void)
{
    struct bp_heap *heap = boot();
    size_t n_bytes = BP_MIB;
    char *object = alloc(heap, n_bytes);
    pattern_fill(object, n_bytes, 4);
    fault_none();
    for (int i = 0; i < 4; i++, n_bytes *= 2)
        object = grow(heap, object, 2 * n_bytes, n_bytes);
    CHECK_EQ(fault_plan.seen[BP_OS_MOVE], 4);
    CHECK_EQ(region_of(object), 8);
    release(heap, object);
    CHECK(slot_bytes() <= BP_MIB); // old slots have no pages left
}

// Without moving, pages are copied; without memory, the old object stays.
static void outgrows_by_copying(void)
{
    struct bp_heap *heap = boot();
    char *object = alloc(heap, 2 * BP_MIB);
    pattern_fill(object, 2 * BP_MIB, 4);
    fault_all(BP_OS_MOVE);
    object = grow(heap, object, 3 * BP_MIB, 2 * BP_MIB);
    object = grow(heap, object, 5 * BP_MIB, 3 * BP_MIB);
    fault_all(BP_OS_COMMIT);
    CHECK_NULL(bp_large_resize(heap, object, 100 * BP_MIB));
    CHECK_EQ(pattern_mismatch(object, 5 * BP_MIB, 4), 5 * BP_MIB);
    CHECK_EQ(usable(object), 5 * BP_MIB);
}

// A run of chunks becomes a direct mapping, which grows without copying.
static void runs_are_outgrown_by_moving_pages(void)
{
    thread_boot(BP_GIB);
    struct bp_heap *heap = thread_heap();
    char *run = alloc(heap, 2 * BP_MIB);
    pattern_fill(run, 2 * BP_MIB, 4);
    fault_none();
    char *grown = bp_large_resize(heap, run, 5 * BP_MIB + 1);
    REQUIRE(grown && !bp_reserve_owns(grown));
    CHECK_EQ(fault_plan.seen[BP_OS_MOVE], 1);
    CHECK_EQ(usable(grown), 5 * BP_MIB + PAGE);
    CHECK_EQ(pattern_mismatch(grown, 2 * BP_MIB, 4), 2 * BP_MIB);
    CHECK_EQ(span_bytes(), 0);
    CHECK_PTR(alloc(heap, 2 * BP_MIB), run);
    release(heap, grown);
}

// Whichever call fails, the run and what it holds are there again.
static void runs_survive_failed_growth(void)
{
    thread_boot(BP_GIB);
    struct bp_heap *heap = thread_heap();
    char *run = alloc(heap, 2 * BP_MIB);
    pattern_fill(run, 2 * BP_MIB, 4);
    for (int i = 0; i < 3; i++) {
        fault_some(BP_OS_MAP, i ? 2 : 1, 1); // the table; the mapping; making it larger
        CHECK_NULL(bp_large_resize(heap, run, 5 * BP_MIB));
        CHECK_EQ(pattern_mismatch(run, 2 * BP_MIB, 4), 2 * BP_MIB);
        CHECK_EQ(usable(run), 2 * BP_MIB);
        CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), 0);
    }
    fault_all(BP_OS_MOVE);
    char *grown = bp_large_resize(heap, run, 5 * BP_MIB);
    CHECK_EQ(pattern_mismatch(grown, 2 * BP_MIB, 4), 2 * BP_MIB);
    release(heap, grown);
}

static void direct_mappings_are_remapped(void)
{
    struct bp_heap *heap = boot();
    char *object = bp_direct_take(100000, 16);
    pattern_fill(object, 100000, 4);
    object = bp_large_resize(heap, object, 300000);
    REQUIRE(object != NULL);
    CHECK_EQ(pattern_mismatch(object, 100000, 4), 100000);
    CHECK_EQ(usable(object), bp_align_up(300000, PAGE));
    release(heap, object);
}

UNIT_MAIN(UNIT_CASE(objects_start_their_slots), UNIT_CASE(aligns), UNIT_CASE(zeroes),
          UNIT_CASE(heaps_keep_a_few_slots), UNIT_CASE(larger_slots_are_pooled),
          UNIT_CASE(without_a_heap_nothing_is_kept), UNIT_CASE(hits_need_no_call),
          UNIT_CASE(takes_from_others_before_fresh), UNIT_CASE(idle_slots_leave),
          UNIT_CASE(a_smaller_share_lets_slots_go), UNIT_CASE(next_larger_region_helps),
          UNIT_CASE(without_regions_runs_of_chunks_serve),
          UNIT_CASE(nothing_is_lost_when_nothing_helps), UNIT_CASE(crimes_are_told_apart),
          UNIT_CASE(grows_in_place_within_the_slot), UNIT_CASE(outgrows_by_moving_pages),
          UNIT_CASE(outgrows_by_copying), UNIT_CASE(runs_are_outgrown_by_moving_pages),
          UNIT_CASE(runs_survive_failed_growth), UNIT_CASE(direct_mappings_are_remapped))
