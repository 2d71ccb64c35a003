// SPDX-License-Identifier: MIT
// region: small objects in direct mappings, when there is no other place for them.
#include "core/counters.h"
#include "fault_hook.h"
#include "region/direct.h"
#include "region/overflow.h"
#include "region/size_class.h"
#include "unit.h"

#include <pthread.h>

enum { CLASS = 16, OBJECTS = 3000, STEPS = 30000, THREADS = 4 }; // 256 bytes

static struct prng rng = {90};

static size_t direct_bytes(void)
{
    return bp_load_relaxed(&bp_counters.direct_bytes);
}

static char *take(unsigned class_index)
{
    char *object = bp_overflow_take(class_index);
    REQUIRE(object != NULL);
    return object;
}

static void check_class(unsigned class_index)
{
    size_t bytes = bp_class[class_index].object_bytes;
    uint32_t count = bp_class[class_index].span_objects;
    char *first = take(class_index);
    CHECK_ALIGNED(first, BP_CHUNK_BYTES);
    CHECK_EQ(direct_bytes(), BP_CHUNK_BYTES);
    for (uint32_t i = 1; i < count; i++) {
        char *object = take(class_index);
        CHECK_PTR(object, first + i * bytes);
        object[bytes - 1] = 'x';
    }
    CHECK_EQ(direct_bytes(), BP_CHUNK_BYTES);
    char *next = take(class_index);
    CHECK_EQ(direct_bytes(), 2 * BP_CHUNK_BYTES);
    CHECK(bp_overflow_give(next));
    CHECK_EQ(direct_bytes(), BP_CHUNK_BYTES);
    for (uint32_t i = 0; i < count; i++)
        CHECK(bp_overflow_give(first + i * bytes));
    CHECK_EQ(direct_bytes(), 0);
}

static void fills_one_span_after_the_other(void)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        check_class(i);
}

static void knows_its_objects(void)
{
    char *object = take(CLASS), *other = take(CLASS), on_stack, *mapping = bp_direct_take(100, 16);
    CHECK_EQ(bp_overflow_class_of(object), CLASS);
    CHECK_EQ(bp_overflow_class_of(other), CLASS);
    CHECK_EQ(bp_overflow_class_of(object + 16), 0);
    CHECK_EQ(bp_overflow_class_of(NULL), 0);
    CHECK_EQ(bp_overflow_class_of(&on_stack), 0);
    CHECK_EQ(bp_overflow_class_of(mapping), 0);
    CHECK(!bp_overflow_give(&on_stack) && !bp_overflow_give(object + 16));
    CHECK(!bp_overflow_give(mapping) && !bp_overflow_give(NULL));
    // The span is no direct mapping to others.
    CHECK_EQ(bp_direct_usable(object), 0);
    CHECK(!bp_direct_give(object));
    CHECK(bp_overflow_give(other) && bp_overflow_give(object));
    CHECK(!bp_overflow_give(object));
    CHECK_EQ(bp_overflow_class_of(object), 0);
    CHECK(bp_direct_give(mapping));
}

static void freed_objects_come_first(void)
{
    uint32_t count = bp_class[CLASS].span_objects;
    char *first = take(CLASS);
    for (uint32_t i = 1; i < 2 * count; i++)
        take(CLASS); // the last ones in a span of their own
    CHECK_EQ(direct_bytes(), 2 * BP_CHUNK_BYTES);
    CHECK(bp_overflow_give(first + 256 * 7) && bp_overflow_give(first + 256 * 3));
    CHECK_PTR(take(CLASS), first + 256 * 3);
    CHECK_PTR(take(CLASS), first + 256 * 7);
    CHECK_EQ(direct_bytes(), 2 * BP_CHUNK_BYTES);
}

static void failed_maps_change_nothing(void)
{
    for (unsigned nth = 1; nth <= 2; nth++) { // the table, the span
        fault_some(BP_OS_MAP, nth, 1);
        CHECK_NULL(bp_overflow_take(CLASS));
        CHECK_EQ(direct_bytes(), 0);
    }
    fault_none();
    char *object = take(CLASS);
    fault_all(BP_OS_MAP);
    CHECK_PTR(bp_overflow_take(CLASS), object + 256);
    CHECK_NULL(bp_overflow_take(CLASS + 1));
}

// --- at random ---

static struct object {
    char *start;
    unsigned class_index;
    uint64_t id;
} shadow[OBJECTS];

static void toggle(struct object *it, struct prng *r)
{
    if (it->start) {
        CHECK_FMT(pattern_mismatch(it->start, 16, it->id) == 16, "class %u", it->class_index);
        CHECK_EQ(bp_overflow_class_of(it->start), it->class_index);
        CHECK(bp_overflow_give(it->start));
        it->start = NULL;
        return;
    }
    it->class_index = (unsigned)prng_range(r, 1, 40);
    it->id = prng_next(r);
    it->start = bp_overflow_take(it->class_index);
    if (it->start)
        pattern_fill(it->start, 16, it->id);
}

static void free_all(struct object *from, int count)
{
    for (int i = 0; i < count; i++) {
        if (from[i].start)
            toggle(&from[i], &rng);
    }
}

static void agrees_with_its_shadow(void)
{
    for (int i = 0; i < STEPS && !check_failures; i++) {
        fault_none();
        if (prng_below(&rng, 10) == 0)
            fault_some(BP_OS_MAP, 1, 1);
        toggle(&shadow[prng_below(&rng, OBJECTS)], &rng);
    }
    free_all(shadow, OBJECTS);
    CHECK_EQ(direct_bytes(), 0);
}

static void *thread_body(void *number)
{
    struct prng r = {(uint64_t)(uintptr_t)number};
    struct object *mine = shadow + (uintptr_t)number * 300;
    for (int i = 0; i < STEPS / 10; i++)
        toggle(&mine[prng_below(&r, 300)], &r);
    free_all(mine, 300);
    return NULL;
}

static void threads_share_spans(void)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_body, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    CHECK_EQ(direct_bytes(), 0);
}

UNIT_MAIN(UNIT_CASE(fills_one_span_after_the_other), UNIT_CASE(knows_its_objects),
          UNIT_CASE(freed_objects_come_first), UNIT_CASE(failed_maps_change_nothing),
          UNIT_CASE(agrees_with_its_shadow), UNIT_CASE(threads_share_spans))
