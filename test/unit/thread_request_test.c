// SPDX-License-Identifier: MIT
// thread: any request from any thread, and the way out when memory is short.
#include "fault_hook.h"
#include "thread/request.h"
#include "thread_unit.h"

enum { BLOCKS = 600, STEPS = 20000, PAGE = 4096 };

static struct prng rng = {80};

static void boot(size_t reserve_bytes)
{
    thread_boot(reserve_bytes);
    thread_heap();
}

static size_t usable(const void *object)
{
    enum bp_verdict verdict;
    size_t n_bytes = bp_request_usable(object, &verdict);
    CHECK_EQ(verdict, BP_DONE);
    return n_bytes;
}

static void release(void *object)
{
    CHECK_EQ(bp_request_free(object), BP_DONE);
}

static void check_request(size_t n_bytes, size_t align)
{
    char *object = bp_request_alloc(n_bytes, align, true);
    REQUIRE(object != NULL);
    CHECK_ALIGNED(object, align);
    CHECK_FMT(usable(object) >= n_bytes && usable(object), "%zu of %zu", usable(object), n_bytes);
    CHECK_FMT(pattern_nonzero(object, n_bytes) == n_bytes, "%zu bytes at %zu", n_bytes, align);
    memset(object, 'x', n_bytes);
    release(object);
}

static void every_size_and_alignment(void)
{
    boot(BP_TIB);
    for (size_t n = 0; n < 8 * BP_MIB; n += n < 40000 ? 37 : n / 3)
        check_request(n, 16);
    for (size_t align = 16; align <= BP_GIB; align *= 2) {
        for (size_t n = 0; n < 2 * BP_MIB; n = n * 5 + 1)
            check_request(n, align);
    }
}

static void without_class_regions(void)
{
    boot(BP_GIB);
    for (size_t n = 0; n < 8 * BP_MIB; n += n < 40000 ? 197 : n / 3)
        check_request(n, 16);
    for (size_t align = 16; align <= 2 * BP_MIB; align *= 2)
        check_request(align / 3, align);
}

static void without_a_reservation(void)
{
    for (size_t n = 0; n < 8 * BP_MIB; n = n * 2 + 1)
        check_request(n, 16);
    for (size_t align = 16; align <= BP_GIB; align *= 4)
        check_request(100, align);
    char *object = bp_request_alloc(100, 16, false), *grown;
    enum bp_verdict verdict;
    pattern_fill(object, 100, 1);
    grown = bp_request_resize(object, 100000, &verdict);
    CHECK_EQ(pattern_mismatch(grown, 100, 1), 100);
    release(grown);
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), 0);
    CHECK_EQ(bp_request_trim(), 0);
}

static void too_much_is_none(void)
{
    enum bp_verdict verdict;
    boot(BP_TIB);
    char *object = bp_request_alloc(100, 16, false);
    CHECK_NULL(bp_request_alloc(SIZE_MAX, 16, false));
    CHECK_NULL(bp_request_alloc(PTRDIFF_MAX, 16, false));
    CHECK_NULL(bp_request_alloc((size_t)PTRDIFF_MAX + 1, 16, true));
    CHECK_NULL(bp_request_alloc(1, (size_t)1 << 63, false));
    CHECK_NULL(bp_request_resize(object, SIZE_MAX, &verdict));
    CHECK_EQ(verdict, BP_DONE);
    CHECK_EQ(usable(object), 112);
}

// --- resize ---

static void small_objects_stay_while_they_fit(void)
{
    enum bp_verdict verdict;
    boot(BP_TIB);
    char *object = bp_request_alloc(1000, 16, false);
    CHECK_EQ(usable(object), 1024);
    CHECK_PTR(bp_request_resize(object, 1024, &verdict), object);
    CHECK_PTR(bp_request_resize(object, 512, &verdict), object);
    char *smaller = bp_request_resize(object, 511, &verdict);
    CHECK(smaller != object);
    CHECK_EQ(usable(smaller), 512);
    object = bp_request_alloc(1, 16, false);
    CHECK_PTR(bp_request_resize(object, 1, &verdict), object);
    CHECK_EQ(verdict, BP_DONE);
}

static void crimes_are_told_apart(void)
{
    enum bp_verdict verdict;
    char on_stack;
    boot(BP_TIB);
    char *small = bp_request_alloc(100, 16, false), *large = bp_request_alloc(100000, 16, false);
    CHECK_NULL(bp_request_resize(&on_stack, 10, &verdict));
    CHECK_EQ(verdict, BP_FOREIGN);
    CHECK_NULL(bp_request_resize(small + 1, 10, &verdict));
    CHECK_EQ(verdict, BP_INVALID);
    CHECK_NULL(bp_request_resize(large + 16, 10, &verdict));
    CHECK_EQ(verdict, BP_INVALID);
    CHECK_EQ(bp_request_free(small + 8), BP_INVALID);
    CHECK_EQ(bp_request_free(&on_stack), BP_FOREIGN);
    release(large);
    CHECK_EQ(bp_request_free(large), BP_DOUBLE_FREE);
    CHECK_NULL(bp_request_resize(large, 10, &verdict));
    CHECK_EQ(verdict, BP_DOUBLE_FREE);
}

// --- at random ---

static struct {
    char *start;
    size_t n_bytes;
    uint64_t id;
} blocks[BLOCKS];

static void check_block(int at)
{
    size_t part = bp_min(blocks[at].n_bytes, 200);
    CHECK_FMT(pattern_mismatch(blocks[at].start, part, blocks[at].id) == part, "%zu bytes are lost",
              blocks[at].n_bytes);
}

static void fill_block(int at)
{
    pattern_fill(blocks[at].start, bp_min(blocks[at].n_bytes, 200), blocks[at].id);
}

static void resize_block(int at)
{
    enum bp_verdict verdict;
    size_t n_bytes = prng_size(&rng, 3 * BP_MIB) + 1;
    char *resized = bp_request_resize(blocks[at].start, n_bytes, &verdict);
    CHECK_EQ(verdict, BP_DONE);
    if (!resized) {
        check_block(at);
        return;
    }
    blocks[at].start = resized;
    blocks[at].n_bytes = bp_min(blocks[at].n_bytes, n_bytes);
    check_block(at);
    blocks[at].n_bytes = n_bytes;
    fill_block(at);
}

static void step(void)
{
    int at = (int)prng_below(&rng, BLOCKS);
    fault_none();
    if (prng_below(&rng, 10) == 0)
        fault_some((enum bp_os_call)prng_below(&rng, BP_OS_CALL_COUNT), 1, 2);
    if (blocks[at].start && prng_below(&rng, 2)) {
        resize_block(at);
    } else if (blocks[at].start) {
        check_block(at);
        release(blocks[at].start);
        blocks[at].start = NULL;
    } else {
        blocks[at].n_bytes = prng_size(&rng, 3 * BP_MIB) + 1;
        blocks[at].id = prng_next(&rng);
        blocks[at].start = bp_request_alloc(blocks[at].n_bytes, 16, false);
        if (blocks[at].start)
            fill_block(at);
    }
}

static void run_steps(void)
{
    for (int i = 0; i < STEPS && !check_failures; i++) {
        step();
        if (i % 1000 == 0)
            heap_check(bp_registry_own());
        if (i % 3000 == 0)
            bp_request_trim();
    }
    fault_none();
    for (int at = 0; at < BLOCKS; at++) {
        if (blocks[at].start)
            release(blocks[at].start);
    }
    bp_request_trim();
    CHECK_EQ(span_bytes(), 0);
    CHECK_EQ(slot_bytes(), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.direct_bytes), 0);
    CHECK_EQ(bp_load_relaxed(&bp_counters.dirty_bytes), 0);
}

static void agrees_with_its_shadow(void)
{
    boot(BP_TIB);
    run_steps();
}

static void agrees_without_class_regions(void)
{
    boot(BP_GIB);
    run_steps();
}

// --- trim, and when memory is short ---

static void trim_gives_everything_back(void)
{
    static void *objects[2000];
    boot(BP_TIB);
    for (int i = 0; i < 2000; i++) {
        objects[i] = bp_request_alloc((size_t)i * 50 + 1, 16, false);
        memset(objects[i], 'x', (size_t)i * 50 + 1);
    }
    size_t used = span_bytes() + slot_bytes();
    for (int i = 0; i < 2000; i++)
        release(objects[i]);
    size_t purged = bp_load_relaxed(&bp_counters.purged_bytes);
    size_t trimmed = bp_request_trim();
    CHECK_EQ(bp_load_relaxed(&bp_counters.purged_bytes), purged + trimmed);
    CHECK(purged + trimmed >= used - used / 8);
    CHECK_EQ(span_bytes() + slot_bytes(), 0);
    CHECK_EQ(bp_request_trim(), 0);
}

#define CEILING (64 * BP_MIB)

// A system that grants so much and no more: commits above it fail, and so do mappings.
static int ceiling_hook(enum bp_os_call call)
{
    bool above = bp_load_relaxed(&bp_counters.committed_bytes) > CEILING;
    return call == BP_OS_MAP || (call == BP_OS_COMMIT && above) ? ENOMEM : 0;
}

static size_t fill_up(size_t n_bytes, void **ret_last)
{
    void **object;
    size_t count = 0;
    for (; (object = bp_request_alloc(n_bytes, 16, false)); count++) {
        *object = *ret_last;
        *ret_last = object;
    }
    return count * n_bytes;
}

static void empty_out(void *last)
{
    while (last) {
        void *next = *(void **)last;
        release(last);
        last = next;
    }
}

// What was freed as one size serves every other before a request fails.
static void serve_all(const size_t *sizes, size_t count)
{
    boot(BP_TIB);
    bp_os_fault_hook = ceiling_hook;
    for (size_t i = 0; i < count; i++) {
        void *last = NULL;
        size_t got = fill_up(sizes[i], &last);
        CHECK_FMT(got >= CEILING / 2, "%zu bytes in objects of %zu", got, sizes[i]);
        empty_out(last);
    }
}

static void memory_of_small_objects_serves_all(void)
{
    static const size_t sizes[] = {50, 20000, 100000, 8 * BP_MIB, 1000, 3 * BP_MIB, 16};
    serve_all(sizes, sizeof sizes / sizeof sizes[0]);
}

static void memory_of_large_objects_serves_all(void)
{
    static const size_t sizes[] = {8 * BP_MIB, 1000, 3 * BP_MIB, 100000, 50, 30 * BP_MIB};
    serve_all(sizes, sizeof sizes / sizeof sizes[0]);
}

UNIT_MAIN(UNIT_CASE(every_size_and_alignment), UNIT_CASE(without_class_regions),
          UNIT_CASE(without_a_reservation), UNIT_CASE(too_much_is_none),
          UNIT_CASE(small_objects_stay_while_they_fit), UNIT_CASE(crimes_are_told_apart),
          UNIT_CASE(agrees_with_its_shadow), UNIT_CASE(agrees_without_class_regions),
          UNIT_CASE(trim_gives_everything_back), UNIT_CASE(memory_of_small_objects_serves_all),
          UNIT_CASE(memory_of_large_objects_serves_all))
