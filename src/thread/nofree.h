// SPDX-License-Identifier: MIT
// BUMPALLOC_NOFREE=1: malloc as a pure bump allocator, for programs that end soon. Invariants:
//  1. Each heap has one sequence of chunks through which it bumps, whatever the size: an object
//     lies behind 8 bytes that hold its usable bytes, a multiple of 16 less 8.
//  2. Nothing is freed but the last object of the calling thread's sequence, which also grows in
//     place. What it gives back may not be zero: up to sequence_dirty_end.
//  3. A sequence that runs out goes on in the next chunks, which adjoin unless other threads took
//     those. Chunks never come back. No chunk has a class, so every free leaves the hot path, and
//     no bin is ever filled, so every malloc does.
// What serves other calls (class regions, direct mappings) works as always.
#ifndef BP_THREAD_NOFREE_H
#define BP_THREAD_NOFREE_H

#include "core/options.h"
#include "region/class_region.h"
#include "thread/heap.h"

enum { BP_NOFREE_HEADER_BYTES = sizeof(size_t) };

static inline bool bp_nofree_is_on(void)
{
    return BP_UNLIKELY(bp_options.nofree);
}

// Is the address in a sequence (of any thread's), if the mode is on?
static inline bool bp_nofree_owns(const void *pointer)
{
    unsigned region;
    return bp_nofree_is_on() && bp_reserve_owns(pointer) && !bp_region_of(pointer, &region);
}

// Without a refill; NULL if the sequence does not reach.
static inline void *bp_nofree_try(struct bp_heap *heap, size_t n_bytes, size_t align)
{
    char *object =
        (char *)bp_align_up((size_t)heap->sequence.cursor + BP_NOFREE_HEADER_BYTES, align);
    size_t usable = bp_align_up(n_bytes + BP_NOFREE_HEADER_BYTES, 16) - BP_NOFREE_HEADER_BYTES;
    size_t room = (size_t)heap->sequence.limit - (size_t)object;
    if (BP_UNLIKELY(object > heap->sequence.limit || usable > room))
        return NULL;
    ((size_t *)(void *)object)[-1] = usable;
    heap->sequence.cursor = object + usable;
    return object;
}

// align: a power of two, at least 16; n_bytes + align <= BP_REQUEST_MAX. NULL if chunks ran out.
void *bp_nofree_alloc(size_t n_bytes, size_t align, bool zero);
// The object is its thread's last, and gives its bytes back, or nothing happens.
void bp_nofree_free(void *object);
size_t bp_nofree_usable(const void *object);
// NULL: chunks ran out, and the object is untouched.
void *bp_nofree_resize(void *object, size_t n_bytes);

#endif
