// SPDX-License-Identifier: MIT
// Counted heaps: how a thread whose allocations are sampled, or guarded now and then, meets its
// sample points in the slow path alone. Invariants:
//  1. A counted heap's key table leads malloc to bins of an owner number that no chunk has, its
//     counted bins; free goes by the chunk map, to the other bins, as ever. The hot path is the
//     same to the instruction.
//  2. So nothing is pushed onto a counted bin: what it holds when it is filled is handed out, in
//     order, before the slow path comes again. It is filled from the own bin with at most as many
//     objects as go before the next sample (cold.until_sample), and these count as handed out.
//  3. When until_sample is 0 and the counted bin is empty, the next object of the class is a
//  sample,
//     or guarded, or both: cold.due. Each class has Poisson processes of its own; together they are
//     one (profile/poisson.h). They have no memory, so after each point of either both are drawn.
//  4. A counted bin's run is cut off the front of the class's run, so it can be put back there.
//  5. What a counted bin still holds when it is emptied is counted back. A heap that was called
//  away
//     keeps what its counted bins hold.
// The cost between samples: a malloc does not reuse what was freed last, but what was freed before
// the bin was filled.
#ifndef BP_THREAD_COUNTED_H
#define BP_THREAD_COUNTED_H

#include "base/bits.h"
#include "thread/heap.h"

enum bp_due { BP_DUE_SAMPLE = 1, BP_DUE_GUARD = 2 };

// Makes the heap follow whether a profile is being taken, and objects are guarded. Its owner alone,
// or nobody's heap.
void bp_counted_update(struct bp_heap *heap);
// What the next object of this class is, of enum bp_due. Asked once an object: it draws the next
// gap.
unsigned bp_counted_is_due(struct bp_heap *heap, unsigned class_index);
// The same for a large object, and for any of a thread without a heap (NULL).
unsigned bp_counted_is_due_bytes(struct bp_heap *heap, size_t n_bytes);
// An object of the class from the counted bin, filling it.
void *bp_counted_alloc(struct bp_heap *heap, unsigned class_index);
// An object of the class was handed out, but not by this heap.
void bp_counted_pass(struct bp_heap *heap, unsigned class_index);
// What the counted bin holds goes back to the class's run, and to the depot.
void bp_counted_return(struct bp_heap *heap, unsigned class_index);

// No chunk has this owner number, so free goes past its bins.
enum { BP_COUNTED_OWNER = BP_OWNER_COUNT };

static inline struct bp_bin *bp_counted_bin(struct bp_heap *heap, unsigned class_index)
{
    return bp_heap_bin(&heap->hot, bp_key(class_index, BP_COUNTED_OWNER));
}

// Objects that it holds; a guess for the heap of a running thread.
static inline size_t bp_counted_objects(const struct bp_heap *heap, unsigned class_index)
{
    const struct bp_bin *bin = &heap->hot.bin[BP_COUNTED_OWNER * BP_OWNER_BINS + class_index];
    size_t fresh_bytes = bp_sub_or_zero((size_t)bin->run.limit, (size_t)bin->run.cursor);
    return bp_sub_or_zero(heap->cold[class_index].filled, bin->room) +
           fresh_bytes / bp_class[class_index].object_bytes;
}

#endif
