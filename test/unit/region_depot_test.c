// SPDX-License-Identifier: MIT
// region: magazines change hands whole, overflow is sorted into spans, runs are parked.
#include "core/counters.h"
#include "fault_hook.h"
#include "region/depot.h"
#include "region/size_class.h"
#include "region/span.h"
#include "reserve/reserve.h"
#include "unit.h"

#include <pthread.h>

enum { CLASS = 16, THREADS = 4, ROUNDS = 3000 }; // 256 bytes

static size_t span_bytes(void)
{
    return bp_load_relaxed(&bp_counters.span_bytes);
}

static uint32_t magazine_of(unsigned class_index)
{
    return bp_class[class_index].magazine_capacity;
}

static void boot(void)
{
    bp_reserve_init(128 * BP_MIB);
    REQUIRE(bp_reservation.n_bytes && bp_class[CLASS].object_bytes == 256);
}

static uint32_t chain_length(const void *chain)
{
    uint32_t length = 0;
    for (; chain; chain = *(void *const *)chain)
        length++;
    return length;
}

// A magazine of objects that were never used before.
static struct bp_magazine fresh_magazine(unsigned class_index)
{
    struct bp_magazine magazine = {.head = NULL};
    uint32_t wanted = bp_class[class_index].magazine_capacity;
    while (magazine.count < wanted) {
        struct bp_run_bounds run = bp_depot_run_take(class_index, 0);
        REQUIRE(run.cursor != NULL);
        for (; run.cursor < run.end && magazine.count < wanted; magazine.count++) {
            *(void **)(void *)run.cursor = magazine.head;
            magazine.head = run.cursor;
            run.cursor += bp_class[class_index].object_bytes;
        }
        bp_depot_run_give(class_index, run.cursor, run.end);
    }
    return magazine;
}

static void empty_has_nothing(void)
{
    boot();
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        struct bp_magazine got = bp_depot_take(i, 0, 10);
        CHECK(!got.head && !got.count);
        CHECK_EQ(bp_depot_object_count(i), 0);
    }
    bp_depot_drain();
    CHECK_EQ(span_bytes(), 0);
}

// How many magazines a class keeps: 256 KiB, 16 at most.
static uint32_t capacity(unsigned class_index)
{
    uint32_t bytes = magazine_of(class_index) * bp_class[class_index].object_bytes;
    return (1 << 18) / bytes < 16 ? (1 << 18) / bytes : 16;
}

static void newest_magazine_first(void)
{
    struct bp_magazine given[16];
    uint32_t per = magazine_of(CLASS), count = capacity(CLASS);
    boot();
    REQUIRE(count > 1);
    for (uint32_t i = 0; i < count; i++) {
        given[i] = fresh_magazine(CLASS);
        CHECK_EQ(bp_depot_give(CLASS, given[i]), UINT32_MAX);
    }
    CHECK_EQ(bp_depot_object_count(CLASS), count * per);
    for (uint32_t i = count; i > 0; i--) {
        struct bp_magazine got = bp_depot_take(CLASS, 0, 1);
        CHECK_PTR(got.head, given[i - 1].head);
        CHECK_EQ(got.count, per);
        CHECK_EQ(chain_length(got.head), per);
    }
    CHECK_NULL(bp_depot_take(CLASS, 0, 1).head);
}

// Whoever asks gets his owner's newest first, whoever has been asked for something else meanwhile.
static void owners_come_first(void)
{
    boot();
    struct bp_magazine given[3];
    REQUIRE(capacity(CLASS) >= 3);
    for (unsigned i = 0; i < 3; i++) {
        given[i] = fresh_magazine(CLASS);
        given[i].owner = i % 2;
        bp_depot_give(CLASS, given[i]);
    }
    CHECK_PTR(bp_depot_take(CLASS, 1, 1).head, given[1].head);
    CHECK_PTR(bp_depot_take(CLASS, 1, 1).head, given[2].head);
    CHECK_PTR(bp_depot_take(CLASS, 0, 1).head, given[0].head);
    CHECK_NULL(bp_depot_take(CLASS, 0, 1).head);
}

// The newest wait in their spans, if something there is in use, and come as many as wanted.
static void check_sorted(unsigned class_index, bool all_in_use)
{
    struct bp_magazine sorted = bp_depot_take(class_index, 0, 3);
    CHECK_EQ(chain_length(sorted.head), sorted.count);
    CHECK_FMT(sorted.count == 3 || (!all_in_use && sorted.count < 3), "class %u: %u", class_index,
              sorted.count);
    bp_depot_sort(class_index, sorted.head);
}

// So many magazines more than the depot keeps.
static void check_overflow(unsigned class_index, uint32_t more)
{
    struct bp_magazine given[32];
    uint32_t keeps = capacity(class_index), per = magazine_of(class_index);
    for (uint32_t i = 0; i < keeps + more; i++)
        given[i] = fresh_magazine(class_index);
    for (uint32_t i = 0; i < keeps + more; i++)
        CHECK_EQ(bp_depot_give(class_index, given[i]), UINT32_MAX);
    CHECK_FMT(bp_depot_object_count(class_index) == keeps * per, "class %u keeps %u of %u",
              class_index, bp_depot_object_count(class_index), keeps * per);
    for (uint32_t i = keeps; i > 0; i--)
        CHECK_PTR(bp_depot_take(class_index, 0, per).head, given[i - 1].head);
    check_sorted(class_index, more == 1 && per < bp_class[class_index].span_objects);
    for (uint32_t i = 0; i < keeps; i++)
        bp_depot_sort(class_index, given[i].head);
}

static void overflow_is_sorted(void)
{
    boot();
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        check_overflow(i, 1);
        check_overflow(i, 5);
        CHECK_FMT(span_bytes() == 0, "class %u: %zu bytes of spans are left", i, span_bytes());
        CHECK_NULL(bp_depot_take(i, 0, 1).head);
    }
}

static void drain_sorts_everything(void)
{
    boot();
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        bp_depot_give(i, fresh_magazine(i));
        bp_depot_give(i, fresh_magazine(i));
    }
    CHECK(span_bytes() > 0);
    bp_depot_drain();
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        CHECK_EQ(bp_depot_object_count(i), 0);
    CHECK_EQ(span_bytes(), 0);
}

static void sorted_objects_are_gathered(void)
{
    boot();
    struct bp_magazine magazine = fresh_magazine(CLASS);
    void *held = magazine.head, *chain = *(void **)held;
    bp_depot_sort(CLASS, chain);
    CHECK_EQ(bp_depot_object_count(CLASS), 0);
    struct bp_magazine got = bp_depot_take(CLASS, 0, 10000);
    CHECK_EQ(got.count, magazine_of(CLASS) - 1);
    CHECK_EQ(chain_length(got.head), magazine_of(CLASS) - 1);
    bp_depot_sort(CLASS, got.head);
    *(void **)held = NULL;
    bp_depot_sort(CLASS, held);
    CHECK_EQ(span_bytes(), 0);
}

// Of a class with many spans, nearly empty, nothing is kept, so that the spans can go.
static void sparse_classes_keep_nothing(void)
{
    enum { BIG = 44, SPANS = 40 }; // 8 KiB
    static void *objects[SPANS * 16];
    uint32_t per_span = bp_class[BIG].span_objects, count = 0;
    boot();
    while (count < SPANS * per_span) {
        struct bp_magazine magazine = fresh_magazine(BIG);
        for (void *it = magazine.head; it && count < SPANS * per_span; it = *(void **)it)
            objects[count++] = it;
    }
    bool sparse = false;
    for (uint32_t i = 0; i < count && !sparse; i++) {
        if (i % per_span == 0)
            continue; // one object of each span stays in use
        *(void **)objects[i] = NULL;
        sparse = bp_depot_give(BIG, (struct bp_magazine){objects[i], 1, 0}) == BP_MAGAZINE_SPARSE;
        CHECK(sparse == (bp_depot_object_count(BIG) == 0));
    }
    CHECK(sparse);
}

static void parked_runs_go_on(void)
{
    boot();
    struct bp_run_bounds run = bp_depot_run_take(CLASS, 0), other = bp_depot_run_take(CLASS, 0);
    CHECK_EQ(run.end - run.cursor, 65536);
    CHECK(run.cursor != other.cursor);
    bp_depot_run_give(CLASS, run.cursor + 256 * 10, run.end);
    struct bp_run_bounds again = bp_depot_run_take(CLASS, 0);
    CHECK_PTR(again.cursor, run.cursor + 256 * 10);
    CHECK_PTR(again.end, run.end);
    bp_depot_run_give(CLASS, again.end, again.end);
    CHECK_EQ(span_bytes(), 2 * BP_CHUNK_BYTES);
    bp_depot_run_give(CLASS, other.cursor, other.end); // nothing of it is in use
    CHECK_EQ(span_bytes(), BP_CHUNK_BYTES);
}

static void none_without_memory(void)
{
    boot();
    fault_all(BP_OS_COMMIT);
    struct bp_run_bounds run = bp_depot_run_take(CLASS, 0);
    CHECK(!run.cursor && !run.end);
    fault_none();
    run = bp_depot_run_take(CLASS, 0);
    CHECK_NOT_NULL(run.cursor);
}

// --- threads: each object's second word says who has it ---

static const unsigned busy_classes[] = {1, CLASS, 52};

static void claim(void *chain, uint64_t from, uint64_t to)
{
    for (uint64_t *at = chain; at; at = *(uint64_t **)(void *)at) {
        uint64_t was = __atomic_exchange_n(&at[1], to, __ATOMIC_RELAXED);
        CHECK_FMT(was == from || was == 0, "an object of %d is had by %d", (int)from, (int)was);
    }
}

static struct bp_magazine obtain(unsigned class_index, struct prng *r)
{
    uint32_t most = bp_class[class_index].magazine_capacity;
    struct bp_magazine magazine = {.head = NULL};
    if (prng_below(r, 3))
        magazine = bp_depot_take(class_index, 0, (uint32_t)prng_range(r, 1, most));
    return magazine.head ? magazine : fresh_magazine(class_index);
}

static void *thread_body(void *number)
{
    uint64_t self = (uint64_t)(uintptr_t)number;
    struct prng r = {self};
    for (int i = 0; i < ROUNDS; i++) {
        unsigned class_index = busy_classes[prng_below(&r, 3)];
        struct bp_magazine magazine = obtain(class_index, &r);
        claim(magazine.head, 0, self);
        claim(magazine.head, self, 0);
        CHECK_EQ(chain_length(magazine.head), magazine.count);
        if (prng_below(&r, 3))
            bp_depot_give(class_index, magazine);
        else
            bp_depot_sort(class_index, magazine.head);
        if (prng_below(&r, 200) == 0)
            bp_depot_drain();
    }
    return NULL;
}

static void threads_do_not_share(void)
{
    pthread_t threads[THREADS];
    boot();
    for (uintptr_t i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, thread_body, (void *)(i + 1)) == 0);
    for (int i = 0; i < THREADS; i++)
        REQUIRE(pthread_join(threads[i], NULL) == 0);
    bp_depot_drain();
    CHECK_EQ(span_bytes(), 0);
}

UNIT_MAIN(UNIT_CASE(empty_has_nothing), UNIT_CASE(newest_magazine_first),
          UNIT_CASE(owners_come_first), UNIT_CASE(overflow_is_sorted),
          UNIT_CASE(drain_sorts_everything), UNIT_CASE(sorted_objects_are_gathered),
          UNIT_CASE(sparse_classes_keep_nothing), UNIT_CASE(parked_runs_go_on),
          UNIT_CASE(none_without_memory), UNIT_CASE(threads_do_not_share))
