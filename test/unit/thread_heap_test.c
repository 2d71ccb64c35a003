// SPDX-License-Identifier: MIT
// thread: a heap's bins, spares and runs; its slow start; the hot path that works on them.
#include "fault_hook.h"
#include "thread_unit.h"

enum { CLASS = 16, MOST = 256, STEPS = 100000, OBJECTS = 4000 }; // 256 bytes

static struct prng rng = {60};

static uint32_t capacity; // of a magazine

static struct bp_heap *boot(void)
{
    thread_boot(256 * BP_MIB);
    capacity = bp_class[CLASS].magazine_capacity;
    REQUIRE(capacity >= 16 && capacity <= MOST);
    return thread_heap();
}

static void *alloc(struct bp_heap *heap)
{
    void *object = bp_heap_alloc(heap, CLASS);
    REQUIRE(object != NULL);
    return object;
}

static void threads_begin_with_nothing(void)
{
    thread_boot(256 * BP_MIB);
    CHECK_PTR(bp_heap_tls, &bp_heap_none);
    for (size_t n = 0; n <= BP_SMALL_MAX + 1; n++)
        CHECK_NULL(bp_heap_try_malloc(n));
    struct bp_heap *heap = bp_registry_borrow();
    void *object = bp_heap_alloc(heap, CLASS);
    CHECK_EQ(bp_heap_key_of(object), bp_key(CLASS, heap->owner));
    CHECK(!bp_heap_try_free(object));
    heap_free(heap, object);
    bp_registry_return(heap);
    CHECK(!bp_heap_try_free(NULL));
}

// Objects lie side by side, and nothing is touched before its user does.
static void fresh_objects_are_bumped(void)
{
    struct bp_heap *heap = boot();
    char *first = alloc(heap);
    for (int i = 1; i < 200; i++)
        CHECK_PTR(alloc(heap), first + 256 * i);
    CHECK(!unit_is_resident(first));
    heap_check(heap);
}

static void serves_every_class(void)
{
    struct bp_heap *heap = boot();
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        char *object = bp_heap_alloc(heap, i), *other = bp_heap_alloc(heap, i);
        REQUIRE(object && other);
        CHECK_EQ(bp_heap_key_of(object), bp_key(i, heap->owner));
        CHECK_EQ(other - object, bp_class[i].object_bytes);
        memset(object, 'a', bp_class[i].object_bytes);
        memset(other, 'b', bp_class[i].object_bytes);
        CHECK_EQ(object[bp_class[i].object_bytes - 1], 'a');
        heap_free(heap, object);
        CHECK_PTR(bp_heap_alloc(heap, i), object);
    }
    heap_check(heap);
}

// Limits double from 4 to the class's capacity, so that a thread of few objects keeps few.
static void starts_slowly(void)
{
    struct bp_heap *heap = boot();
    uint32_t limit = 0, expected = 4;
    for (uint32_t i = 0; i < 3 * capacity; i++) {
        alloc(heap);
        if (heap->cold[CLASS].limit != limit) {
            limit = heap->cold[CLASS].limit;
            CHECK_EQ(limit, bp_min(expected, capacity));
            expected *= 2;
        }
    }
    CHECK_EQ(limit, capacity);
    CHECK(bp_heap_own_bin(heap, CLASS)->run.limit <= heap->cold[CLASS].run_end);
    heap_check(heap);
}

static void frees_raise_the_limit_too(void)
{
    struct bp_heap *heap = boot(), *common = bp_registry_at(0);
    void *objects[MOST + 1];
    REQUIRE(common != heap);
    for (uint32_t i = 0; i <= capacity; i++)
        objects[i] = bp_heap_alloc(common, CLASS);
    for (uint32_t i = 0; i < capacity; i++) {
        bp_heap_free(heap, bp_key(CLASS, heap->owner), objects[i]);
        uint32_t limit = heap->cold[CLASS].limit;
        CHECK(limit >= 4 && limit < 2 * (i + 1) + 4);
        CHECK_NULL(bp_load_ptr_relaxed(&heap->cold[CLASS].spare));
    }
    CHECK_EQ(heap->cold[CLASS].limit, capacity);
    bp_heap_free(heap, bp_key(CLASS, heap->owner), objects[capacity]);
    CHECK_NOT_NULL(bp_load_ptr_relaxed(&heap->cold[CLASS].spare));
    heap_check(heap);
}

// Frees fill the bin, then the spare, then whole magazines go to the depot; and back.
static void magazines_turn(void)
{
    struct bp_heap *heap = boot();
    static void *objects[3 * MOST];
    uint32_t count = 3 * capacity; // a bin, a spare, and one for the depot
    for (uint32_t i = 0; i < count; i++)
        objects[i] = alloc(heap);
    while (bp_heap_own_bin(heap, CLASS)->run.cursor == bp_heap_own_bin(heap, CLASS)->run.limit)
        alloc(heap); // until the run is open
    for (uint32_t i = 0; i < count; i++) {
        heap_free(heap, objects[i]);
        uint32_t full = i / capacity; // magazines filled before this one
        CHECK_EQ(bp_load_ptr_relaxed(&heap->cold[CLASS].spare) != NULL, full > 0);
        CHECK_EQ(bp_depot_object_count(CLASS), full > 1 ? (full - 1) * capacity : 0);
        CHECK_EQ(bp_heap_own_bin(heap, CLASS)->room, capacity - 1 - i % capacity);
    }
    heap_check(heap);
    CHECK_PTR(bp_heap_own_bin(heap, CLASS)->run.limit, bp_heap_own_bin(heap, CLASS)->run.cursor);
    // The newest comes first; the bin, the spare, the depot.
    for (uint32_t i = 0; i < count; i++) {
        uint32_t magazine = 2 - i / capacity;
        CHECK_PTR(alloc(heap), objects[magazine * capacity + capacity - 1 - i % capacity]);
    }
    CHECK_EQ(bp_depot_object_count(CLASS), 0);
    heap_check(heap);
}

// A class with many spans, nearly empty, is kept by no one: its spans can go.
static void sparse_classes_are_not_kept(void)
{
    enum { BIG = 44, COUNT = 400 }; // 8 KiB
    static void *objects[COUNT];
    struct bp_heap *heap = boot();
    for (int i = 0; i < COUNT; i++)
        objects[i] = bp_heap_alloc(heap, BIG);
    for (int i = 0; i < COUNT; i++) {
        if (i % 25)
            heap_free(heap, objects[i]);
        heap_check_bin(heap, BIG);
    }
    CHECK(heap->cold[BIG].limit <= bp_class[BIG].magazine_capacity);
    size_t used_spans = COUNT / 25; // one runs, and a magazine's objects may hold four
    CHECK_FMT(span_bytes() <= (used_spans + 5) * BP_CHUNK_BYTES,
              "%zu bytes of spans for %zu objects", span_bytes(), used_spans);
    for (int i = 0; i < COUNT; i += 25)
        heap_free(heap, objects[i]);
    bp_heap_flush(heap);
    bp_depot_drain();
    CHECK_EQ(span_bytes(), 0);
}

static void flush_leaves_nothing(void)
{
    struct bp_heap *heap = boot();
    static void *objects[BP_CLASS_COUNT][40];
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        for (int j = 0; j < 40; j++)
            objects[i][j] = bp_heap_alloc(heap, i);
    }
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        for (int j = 0; j < 40; j++)
            heap_free(heap, objects[i][j]);
    }
    heap_check(heap);
    bp_heap_flush(heap);
    heap_check(heap);
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        CHECK(!bp_heap_own_bin(heap, i)->head && !bp_load_ptr_relaxed(&heap->cold[i].spare));
        CHECK(!heap->cold[i].run_end && !bp_heap_own_bin(heap, i)->run.cursor);
    }
    bp_depot_drain();
    CHECK_EQ(span_bytes(), 0);
    CHECK_NOT_NULL(alloc(heap));
    heap_check(heap);
}

// Slow paths for other classes until all bins are looked at again.
static void look(struct bp_heap *heap)
{
    enum { OTHER = 30, LOOK_VISITS = 64 };
    for (uint32_t age = heap->age; age == heap->age || heap->age % LOOK_VISITS;)
        REQUIRE(bp_heap_alloc(heap, OTHER) != NULL);
}

// A bin in use may be found as it was before: what was freed last is what is taken next.
static void bins_in_use_are_kept(void)
{
    struct bp_heap *heap = boot();
    void *some[2] = {alloc(heap), alloc(heap)};
    for (int i = 0; i < 30; i++) {
        heap_free(heap, some[i / 3 % 2]);
        heap_free(heap, some[1 - i / 3 % 2]); // on top for three looks
        look(heap);
        REQUIRE(bp_heap_own_bin(heap, CLASS)->head);
        CHECK_EQ(chain_length(bp_heap_own_bin(heap, CLASS)->head), 2);
        CHECK_PTR(alloc(heap), some[1 - i / 3 % 2]);
        CHECK_PTR(alloc(heap), some[i / 3 % 2]);
    }
}

static void idle_bins_are_emptied(void)
{
    struct bp_heap *heap = boot();
    heap_free(heap, alloc(heap));
    for (int i = 0; i < 4; i++)
        look(heap);
    CHECK_NULL(bp_heap_own_bin(heap, CLASS)->head);
    CHECK_NULL(heap->cold[CLASS].run_end);
    CHECK_EQ(heap->cold[CLASS].limit, 0);
    heap_check(heap);
}

static void flush_spares_leaves_the_bin(void)
{
    struct bp_heap *heap = boot();
    void *objects[MOST + 9];
    for (uint32_t i = 0; i < capacity + 9; i++)
        objects[i] = alloc(heap);
    for (uint32_t i = 0; i < capacity + 9; i++)
        heap_free(heap, objects[i]);
    bp_heap_flush_spares(heap);
    CHECK_NULL(bp_load_ptr_relaxed(&heap->cold[CLASS].spare));
    CHECK_EQ(chain_length(bp_heap_own_bin(heap, CLASS)->head), 9);
    heap_check(heap);
    for (uint32_t i = 9; i > 0; i--)
        CHECK_PTR(alloc(heap), objects[capacity + i - 1]);
    CHECK_NOT_NULL(alloc(heap)); // from the span, where the spare went
    heap_check(heap);
}

static void survives_failed_commits(void)
{
    struct bp_heap *heap = boot();
    fault_all(BP_OS_COMMIT);
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        CHECK_NULL(bp_heap_alloc(heap, i));
        CHECK_NULL(bp_heap_alloc(heap, i));
    }
    heap_check(heap);
    fault_none();
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        CHECK_NOT_NULL(bp_heap_alloc(heap, i));
    heap_check(heap);
}

// --- the hot path ---

static void hot_path_serves_what_is_there(void)
{
    struct bp_heap *heap = boot();
    char *object = alloc(heap), *next = bp_heap_try_malloc(256);
    CHECK_PTR(next, object + 256);
    CHECK(bp_heap_try_free(object) && bp_heap_try_free(next));
    CHECK_PTR(bp_heap_try_malloc(250), next);
    CHECK_PTR(bp_heap_try_malloc(241), object);
    CHECK_NULL(bp_heap_try_malloc(BP_SMALL_MAX + 1));
    CHECK_NULL(bp_heap_try_malloc(1024)); // no run yet
    heap_check(heap);
}

static void hot_path_leaves_the_rest(void)
{
    struct bp_heap *heap = boot();
    char *object = alloc(heap), on_stack[16];
    for (int i = 1; i < 16; i++) {
        CHECK(!bp_heap_try_free(object + i));
        CHECK_EQ(bp_heap_key_of(object + i), 0);
    }
    char *outside[] = {NULL,
                       on_stack,
                       bp_reservation.base,
                       bp_reservation.base + 16,
                       bp_reservation.base - 16,
                       bp_reservation.base + bp_reservation.n_bytes,
                       bp_reservation.base + bp_reservation.n_bytes - 16,
                       bp_chunk_address(bp_reservation.arena_begin + 20)};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        CHECK_FMT(!bp_heap_try_free(outside[i]), "pointer %zu", i);
        CHECK_FMT(bp_heap_key_of(outside[i]) == 0, "pointer %zu", i);
    }
    void *objects[8];
    for (int i = 0; i < 8; i++)
        objects[i] = alloc(heap);
    while (bp_heap_own_bin(heap, CLASS)->room)
        bp_heap_free(heap, bp_key(CLASS, heap->owner), alloc(bp_registry_at(0)));
    CHECK(!bp_heap_try_free(objects[0])); // the magazine is full
    heap_check(heap);
}

// --- at random ---

static struct {
    char *object;
    unsigned class_index;
    uint64_t id;
} shadow[OBJECTS];

static void fill(int at)
{
    size_t n = bp_class[shadow[at].class_index].object_bytes;
    pattern_fill(shadow[at].object, n < 128 ? n : 128, shadow[at].id);
}

static void check_filled(int at)
{
    size_t n = bp_class[shadow[at].class_index].object_bytes;
    n = n < 128 ? n : 128;
    CHECK_FMT(pattern_mismatch(shadow[at].object, n, shadow[at].id) == n,
              "an object of class %u was given twice", shadow[at].class_index);
}

static void release(struct bp_heap *heap, int at)
{
    check_filled(at);
    heap_free(heap, shadow[at].object);
    shadow[at].object = NULL;
}

static void step(struct bp_heap *heap)
{
    int at = (int)prng_below(&rng, OBJECTS);
    if (shadow[at].object) {
        release(heap, at);
        return;
    }
    shadow[at].class_index = (unsigned)prng_range(&rng, 1, prng_below(&rng, 9) ? 30 : 52);
    shadow[at].id = prng_next(&rng);
    shadow[at].object = bp_heap_alloc(heap, shadow[at].class_index);
    if (shadow[at].object)
        fill(at);
}

static void agrees_with_its_shadow(void)
{
    struct bp_heap *heaps[3] = {boot(), bp_registry_at(0), NULL};
    bp_heap_tls = (struct bp_heap_hot *)&bp_heap_none;
    heaps[2] = thread_heap();
    for (int i = 0; i < STEPS && !check_failures; i++) {
        fault_none();
        if (prng_below(&rng, 20) == 0)
            fault_some(BP_OS_COMMIT, 1, 3);
        step(heaps[prng_below(&rng, 3)]);
        if (i % 2000 == 0)
            heap_check(heaps[i / 2000 % 3]);
        if (i % 9000 == 0)
            bp_heap_flush(heaps[prng_below(&rng, 3)]);
    }
    for (int at = 0; at < OBJECTS; at++) {
        if (shadow[at].object)
            release(heaps[at % 3], at);
    }
    for (int i = 0; i < 3; i++)
        bp_heap_flush(heaps[i]);
    bp_depot_drain();
    CHECK_EQ(span_bytes(), 0);
}

UNIT_MAIN(UNIT_CASE(threads_begin_with_nothing), UNIT_CASE(fresh_objects_are_bumped),
          UNIT_CASE(serves_every_class), UNIT_CASE(starts_slowly),
          UNIT_CASE(frees_raise_the_limit_too), UNIT_CASE(magazines_turn),
          UNIT_CASE(sparse_classes_are_not_kept), UNIT_CASE(flush_leaves_nothing),
          UNIT_CASE(bins_in_use_are_kept), UNIT_CASE(idle_bins_are_emptied),
          UNIT_CASE(flush_spares_leaves_the_bin), UNIT_CASE(survives_failed_commits),
          UNIT_CASE(hot_path_serves_what_is_there), UNIT_CASE(hot_path_leaves_the_rest),
          UNIT_CASE(agrees_with_its_shadow))
