// SPDX-License-Identifier: MIT
// malloc and free as the upper layers put them together: the hot path first, then the request.
#ifndef UNIT_HOT_CALLS_H
#define UNIT_HOT_CALLS_H

#include "thread/request.h"
#include "thread_unit.h"
#include "tsan_barrier.h"

static inline void *hot_malloc_slow(size_t n_bytes)
{
    struct bp_heap *heap = bp_registry_own();
    void *object = n_bytes > BP_SMALL_MAX && heap ? bp_large_try_alloc(heap, n_bytes) : NULL;
    if (object)
        return object;
    bp_registry_attach();
    return bp_request_alloc(n_bytes, BP_OBJECT_ALIGN, false);
}

static inline void *hot_malloc(size_t n_bytes)
{
    void *object = bp_heap_try_malloc(n_bytes);
    if (!object)
        object = hot_malloc_slow(n_bytes);
    tsan_barrier_note();
    return object;
}

static inline void hot_free_slow(void *object)
{
    struct bp_heap *heap = bp_registry_own();
    if (heap && bp_large_try_free(heap, object))
        return;
    bp_registry_attach();
    CHECK_EQ(bp_request_free(object), BP_DONE);
}

static inline void hot_free(void *object)
{
    if (!bp_heap_try_free(object))
        hot_free_slow(object);
    tsan_barrier_note();
}

// --- blocks of all kinds, each with its pattern ---

struct hot_block {
    char *start;
    size_t n_bytes;
    uint64_t seed;
};

static inline size_t hot_part(const struct hot_block *block)
{
    return block->n_bytes < 64 ? block->n_bytes : 64;
}

static inline void hot_block_free(struct hot_block *block)
{
    size_t part = hot_part(block);
    if (!block->start)
        return;
    if (pattern_mismatch(block->start, part, block->seed) != part)
        CHECK_FMT(false, "%zu bytes at %p changed", block->n_bytes, (void *)block->start);
    hot_free(block->start);
    block->start = NULL;
}

static inline void hot_block_alloc(struct hot_block *block, size_t n_bytes, uint64_t seed)
{
    *block = (struct hot_block){hot_malloc(n_bytes), n_bytes, seed};
    REQUIRE(block->start != NULL);
    pattern_fill(block->start, hot_part(block), seed);
}

#endif
