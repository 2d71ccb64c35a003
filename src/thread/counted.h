// SPDX-License-Identifier: MIT
// Counted heaps: how a thread whose allocations are sampled, or guarded now and then, meets its
// sample points in the slow path alone. Invariants:
//  1. A counted heap's key table leads malloc to bins of an owner number that no chunk has, its
//     counted bins; free goes by the chunk map, to the other bins, as ever. The hot path is the
//     same to the instruction.
//  2. So nothing is pushed onto a counted bin: what it shows is handed out, in order, before the
//     slow path comes again, and counts as handed out at once. It is given whole chains, which
//     costs a few instructions and no lock: what free has gathered in the own bin if that is
//     enough, else what any heap would go on with.
//  3. It shows no more than goes before the next sample (cold.until_sample); the rest of the chain
//     is hidden, and shown after it. When until_sample is 0 and nothing is shown, the next object
//     of the class is a sample, or guarded, or both: cold.due. Each class has Poisson processes of
//     its own; together they are one (profile/poisson.h). They have no memory, so after each point
//     of either both are drawn.
//  4. A counted bin's run is cut off the front of the class's run, so it can be put back there.
//  5. What a counted bin still shows when it is emptied is counted back. A heap that was called
//     away keeps what its counted bins have.
// The cost between samples: a malloc does not reuse what was freed last, but what was freed before
// the chains changed places, and enough of a class is in use for that to be seldom.
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
// The short way, without a look at anything else: a small object, if the calling thread's counted
// heap has enough of them and it is no sample; else NULL.
void *bp_counted_exchange(size_t n_bytes);
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

static inline bool bp_counted_is(const struct bp_heap *heap)
{
    return bp_key_owner(heap->hot.key[1]) == BP_COUNTED_OWNER;
}

// Objects that malloc finds there; a guess for the heap of a running thread.
static inline uint32_t bp_counted_shown(const struct bp_heap *heap, unsigned class_index)
{
    const struct bp_bin *bin = &heap->hot.bin[BP_COUNTED_OWNER * BP_OWNER_BINS + class_index];
    size_t fresh_bytes = bp_sub_or_zero((size_t)bin->run.limit, (size_t)bin->run.cursor);
    return (uint32_t)(bp_sub_or_zero(heap->cold[class_index].shown, bin->room) +
                      fresh_bytes / bp_class[class_index].object_bytes);
}

// All that it has.
static inline size_t bp_counted_objects(const struct bp_heap *heap, unsigned class_index)
{
    return heap->cold[class_index].hidden_count + (size_t)bp_counted_shown(heap, class_index);
}

#endif
