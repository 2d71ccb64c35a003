// SPDX-License-Identifier: MIT
// thread: the sequence of BUMPALLOC_NOFREE when the system refuses, and without a heap.
#include "fault_hook.h"
#include "thread/nofree.h"
#include "thread/request.h"
#include "thread_unit.h"

enum { PAGE = 4096 };

static void boot(void)
{
    thread_boot(BP_TIB);
    bp_options.nofree = 1;
}

static char *alloc(size_t n_bytes)
{
    char *object = bp_request_alloc(n_bytes, 16, false);
    REQUIRE(object != NULL);
    CHECK(bp_nofree_owns(object));
    memset(object, 'x', bp_nofree_usable(object));
    return object;
}

static void refused_memory_costs_nothing(void)
{
    boot();
    thread_heap();
    char *before = alloc(100);
    size_t used = span_bytes();
    fault_all(BP_OS_COMMIT);
    CHECK_NULL(bp_request_alloc(100 * BP_MIB, 16, false));
    enum bp_verdict verdict;
    CHECK_NULL(bp_request_resize(before, 100 * BP_MIB, &verdict));
    CHECK_EQ(verdict, BP_DONE);
    CHECK_EQ(bp_nofree_usable(before), 104);
    CHECK_EQ(span_bytes(), used);
    fault_none();
    CHECK_PTR(alloc(10), before + 112);
}

static void blocks_adjoin(void)
{
    boot();
    char *first = alloc(BP_CHUNK_BYTES), *last = first;
    for (int i = 1; i < 100; i++)
        last = alloc(BP_CHUNK_BYTES);
    CHECK_EQ(last - first, 99 * (ptrdiff_t)(BP_CHUNK_BYTES + 16));
}

// After its thread's end or before its beginning: the common heap's sequence.
static void a_thread_without_heap_is_served(void)
{
    boot();
    char *object = alloc(100), *next = alloc(100);
    CHECK_EQ(next - object, 112);
    CHECK_EQ(bp_request_free(next), BP_DONE); // not even the last: the sequence is not its own
    CHECK(alloc(100) != next);
    enum bp_verdict verdict;
    char *moved = bp_request_resize(object, 500, &verdict);
    REQUIRE(moved != NULL);
    CHECK(moved[99] == 'x' && bp_request_usable(moved, &verdict) >= 500);
}

static void a_trim_leaves_it_alone(void)
{
    boot();
    thread_heap();
    char *object = alloc(100);
    bp_request_trim();
    CHECK_EQ(object[99], 'x');
    CHECK_EQ(alloc(100) - object, 112);
}

UNIT_MAIN(UNIT_CASE(refused_memory_costs_nothing), UNIT_CASE(blocks_adjoin),
          UNIT_CASE(a_thread_without_heap_is_served), UNIT_CASE(a_trim_leaves_it_alone))
