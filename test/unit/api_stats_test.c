// SPDX-License-Identifier: MIT
// api: statistics are exact while nobody allocates; the public functions answer truthfully.
#include "api/stats.h"
#include "bumpalloc/bumpalloc.h"
#include "region/direct.h"
#include "thread/request.h"
#include "thread_unit.h"

#include <pthread.h>

enum { CLASS = 16, OBJECTS = 700 };

static struct bp_stats stats;

static void boot(size_t reserve_bytes)
{
    thread_boot(reserve_bytes);
    thread_heap();
}

static const struct bp_stats *gather(void)
{
    memset(&stats, 0xff, sizeof stats);
    bp_stats_gather(&stats);
    return &stats;
}

static void *alloc(size_t n_bytes)
{
    void *object = bp_request_alloc(n_bytes, 16, false);
    REQUIRE(object != NULL);
    return object;
}

static void release(void *object)
{
    REQUIRE(bp_request_free(object) == BP_DONE);
}

static void nothing_at_first(void)
{
    struct bp_stats zero;
    memset(&zero, 0, sizeof zero);
    gather();
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        CHECK_EQ(stats.of_class[i].object_bytes, bp_class[i].object_bytes);
        stats.of_class[i].object_bytes = 0;
    }
    // The rest is what may be kept, not what is.
    CHECK_EQ(stats.purge.budget_bytes, 8 * BP_MIB);
    CHECK_EQ(stats.purge.limit_bytes, SIZE_MAX);
    stats.purge = (struct bp_purge_stats){0};
    stats.share_bytes = 0;
    CHECK(memcmp(&stats, &zero, sizeof zero) == 0);
}

static void objects_are_counted_by_class(void)
{
    static void *objects[OBJECTS];
    boot(BP_TIB);
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        size_t bytes = bp_class[i].object_bytes;
        for (int j = 0; j < OBJECTS; j++) {
            objects[j] = alloc(bytes);
            if (j % 97 == 0)
                CHECK_EQ(gather()->of_class[i].used_objects, j + 1);
        }
        CHECK_EQ(gather()->used_bytes, OBJECTS * bytes);
        for (int j = 0; j < OBJECTS; j++) {
            release(objects[j]);
            if (j % 97 == 0)
                CHECK_EQ(gather()->of_class[i].used_objects, OBJECTS - j - 1);
        }
        CHECK_EQ(gather()->used_bytes, 0);
    }
}

// Without large objects the arena area and the records are all that is committed.
static void records_are_what_is_committed_of_them(void)
{
    boot(16 * BP_TIB);
    void *object = alloc(100);
    gather();
    CHECK(stats.meta_bytes != 0);
    CHECK_EQ(stats.arena_bytes + stats.meta_bytes, stats.committed_bytes);
    release(object);
}

// Used and free, with what was never used, make up the spans.
static void free_objects_are_counted_too(void)
{
    static void *objects[OBJECTS];
    boot(BP_TIB);
    for (int i = 0; i < OBJECTS; i++)
        objects[i] = alloc(250);
    CHECK_EQ(gather()->of_class[CLASS].free_objects, 0);
    for (int i = 0; i < OBJECTS / 2; i++) {
        release(objects[i]);
        CHECK_EQ(gather()->of_class[CLASS].free_objects, i + 1);
        CHECK_EQ(stats.free_bytes, stats.of_class[CLASS].free_objects * 256 + stats.dirty_bytes);
    }
    CHECK_EQ(stats.span_bytes, span_bytes());
    bp_request_trim();
    CHECK_EQ(gather()->of_class[CLASS].used_objects, OBJECTS - OBJECTS / 2);
    for (int i = OBJECTS / 2; i < OBJECTS; i++)
        release(objects[i]);
    bp_request_trim();
    CHECK_EQ(gather()->free_bytes, 0);
    CHECK_EQ(stats.span_bytes, 0);
}

static void *leave_free_objects(void *unused)
{
    static void *objects[OBJECTS];
    thread_heap();
    for (int i = 0; i < OBJECTS; i++)
        objects[i] = alloc(250);
    for (int i = 0; i < OBJECTS; i++)
        release(objects[i]);
    return unused;
}

// What waits in parked heaps, and on the common one, is free.
static void other_heaps_are_counted(void)
{
    pthread_t thread;
    boot(BP_TIB);
    void *mine = alloc(250);
    REQUIRE(pthread_create(&thread, NULL, leave_free_objects, NULL) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
    CHECK_EQ(gather()->of_class[CLASS].used_objects, 1);
    CHECK_EQ(stats.of_class[CLASS].free_objects, OBJECTS);
    bp_heap_tls = (struct bp_heap_hot *)&bp_heap_ended;
    void *late = alloc(250);
    CHECK_EQ(gather()->of_class[CLASS].used_objects, 2);
    release(late);
    release(mine);
    CHECK_EQ(gather()->of_class[CLASS].used_objects, 0);
}

static void large_objects_are_counted(void)
{
    boot(BP_TIB);
    void *cached = alloc(100000), *pooled = alloc(5 * BP_MIB + 1);
    CHECK_EQ(gather()->slot_bytes, 102400 + 5 * BP_MIB + 4096);
    CHECK_EQ(stats.used_bytes, stats.slot_bytes);
    release(pooled);
    CHECK_EQ(gather()->slot_bytes, 102400);
    CHECK_EQ(stats.dirty_bytes, 5 * BP_MIB + 4096);
    CHECK_EQ(stats.trimmable_bytes, stats.dirty_bytes);
    release(cached); // stays in the heap's cache, and so counts
    CHECK_EQ(gather()->slot_bytes, 102400);
    size_t trimmed = bp_request_trim();
    CHECK_EQ(gather()->slot_bytes + stats.dirty_bytes + stats.used_bytes, 0);
    CHECK_EQ(stats.purge.purged_bytes, trimmed);
    CHECK_EQ(trimmed, 102400 + 5 * BP_MIB + 4096);
}

static void direct_mappings_are_counted(void)
{
    boot(BP_TIB);
    void *direct = bp_direct_take(10000, 16);
    CHECK_EQ(gather()->direct_bytes, 12288);
    CHECK_EQ(stats.used_bytes, 12288);
    release(direct);
    CHECK_EQ(gather()->direct_bytes + stats.used_bytes, 0);
}

static void runs_of_chunks_count_as_large(void)
{
    boot(BP_GIB);
    void *object = alloc(100000), *small = alloc(250);
    CHECK_EQ(gather()->slot_bytes, 131072);
    CHECK_EQ(stats.span_bytes, BP_CHUNK_BYTES);
    CHECK_EQ(stats.used_bytes, 131072 + 256);
    release(object);
    CHECK_EQ(gather()->slot_bytes, 0);
    CHECK_EQ(stats.used_bytes, 256);
    release(small);
    CHECK_EQ(gather()->reserved_bytes, BP_GIB);
}

static void committed_is_what_can_be_written(void)
{
    boot(BP_TIB);
    void *object = alloc(100 * BP_MIB);
    size_t before = gather()->committed_bytes;
    CHECK_EQ(before, bp_load_relaxed(&bp_counters.committed_bytes));
    CHECK(before >= 100 * BP_MIB && before < 108 * BP_MIB);
    release(object);
    bp_request_trim();
    bp_purge_decommit();
    CHECK(gather()->committed_bytes <= before - 100 * BP_MIB);
}

static void public_functions(void)
{
    char on_stack;
    boot(BP_TIB);
    CHECK_STR(bump_version(), BUMP_VERSION);
    char *small = alloc(100), *large = alloc(100000), *direct = bp_direct_take(100, 16);
    CHECK(bump_owns(small) && bump_owns(small + 50) && bump_owns(large) && bump_owns(direct));
    CHECK(!bump_owns(NULL) && !bump_owns(&on_stack) && !bump_owns(&stats));
    memset(large, 'x', 100000);
    release(large);
    CHECK(bump_purge() >= 98304);
    CHECK_EQ(bump_purge(), 0);
    release(direct);
    CHECK(!bump_owns(direct));
}

UNIT_MAIN(UNIT_CASE(nothing_at_first), UNIT_CASE(objects_are_counted_by_class),
          UNIT_CASE(records_are_what_is_committed_of_them), UNIT_CASE(free_objects_are_counted_too),
          UNIT_CASE(other_heaps_are_counted), UNIT_CASE(large_objects_are_counted),
          UNIT_CASE(direct_mappings_are_counted), UNIT_CASE(runs_of_chunks_count_as_large),
          UNIT_CASE(committed_is_what_can_be_written), UNIT_CASE(public_functions))
