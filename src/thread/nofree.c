// SPDX-License-Identifier: MIT
#include "thread/nofree.h"

#include "reserve/chunks.h"
#include "thread/registry.h"

#include <string.h>

#define BLOCK_BYTES (4 * BP_CHUNK_BYTES) // of chunks a thread takes at least

size_t bp_nofree_usable(const void *object)
{
    return ((const size_t *)object)[-1];
}

static void usable_set(void *object, size_t usable)
{
    ((size_t *)object)[-1] = usable;
}

// The calling thread's heap needs no lock and no visit: nobody else touches its sequence.
static struct bp_heap *heap_borrow(void)
{
    struct bp_heap *heap = bp_registry_own();
    return heap ? heap : bp_registry_borrow();
}

static void heap_return(struct bp_heap *heap)
{
    if (heap != bp_registry_own())
        bp_registry_return(heap);
}

// Room for so many bytes at the cursor or elsewhere.
static bool refill(struct bp_heap *heap, size_t n_bytes)
{
    size_t wanted = bp_align_up(bp_max(n_bytes, BLOCK_BYTES), BP_CHUNK_BYTES);
    size_t count = wanted >> BP_CHUNK_SHIFT;
    bool zero;
    if (count > bp_reservation.arena_end)
        return false;
    uint32_t first = bp_chunks_take((uint32_t)count, &zero);
    char *start = bp_chunk_address(first);
    if (!first)
        return false;
    if (start != heap->sequence.limit)
        heap->sequence.cursor = heap->sequence_dirty_end = start;
    heap->sequence.limit = start + wanted;
    if (!zero)
        heap->sequence_dirty_end = heap->sequence.limit;
    return true;
}

static void *place(struct bp_heap *heap, size_t n_bytes, size_t align)
{
    void *object = bp_nofree_try(heap, n_bytes, align);
    if (object || !refill(heap, n_bytes + align + 2 * BP_OBJECT_ALIGN))
        return object;
    return bp_nofree_try(heap, n_bytes, align);
}

static void zero_dirty(struct bp_heap *heap, char *object, size_t n_bytes)
{
    if (object < heap->sequence_dirty_end)
        memset(object, 0, bp_min(n_bytes, (size_t)(heap->sequence_dirty_end - object)));
}

void *bp_nofree_alloc(size_t n_bytes, size_t align, bool zero)
{
    struct bp_heap *heap = heap_borrow();
    void *object = heap ? place(heap, n_bytes, align) : NULL;
    if (object && zero)
        zero_dirty(heap, object, n_bytes);
    heap_return(heap);
    return object;
}

static bool is_last(const struct bp_heap *heap, const char *object)
{
    return heap && object + bp_nofree_usable(object) == heap->sequence.cursor;
}

static void cursor_back(struct bp_heap *heap, char *to)
{
    if (heap->sequence.cursor > heap->sequence_dirty_end)
        heap->sequence_dirty_end = heap->sequence.cursor;
    heap->sequence.cursor = to;
}

void bp_nofree_free(void *object)
{
    struct bp_heap *heap = bp_registry_own();
    if (is_last(heap, object))
        cursor_back(heap, (char *)object - BP_NOFREE_HEADER_BYTES);
}

// The last object, in place: what follows it is free up to the limit, which may move.
static bool last_resize(struct bp_heap *heap, char *object, size_t n_bytes)
{
    size_t usable = bp_align_up(n_bytes + BP_NOFREE_HEADER_BYTES, 16) - BP_NOFREE_HEADER_BYTES;
    if (usable > (size_t)(heap->sequence.limit - object) &&
        (!refill(heap, usable) || !is_last(heap, object)))
        return false;
    if (usable < bp_nofree_usable(object))
        cursor_back(heap, object + usable);
    heap->sequence.cursor = object + usable;
    usable_set(object, usable);
    return true;
}

void *bp_nofree_resize(void *object, size_t n_bytes)
{
    struct bp_heap *heap = bp_registry_own();
    size_t usable = bp_nofree_usable(object);
    if (is_last(heap, object) && last_resize(heap, object, n_bytes))
        return object;
    if (n_bytes <= usable)
        return object;
    void *resized = bp_nofree_alloc(n_bytes, BP_OBJECT_ALIGN, false);
    return resized ? memcpy(resized, object, usable) : NULL;
}
