// SPDX-License-Identifier: MIT
// Requests above the small classes, in the order: the thread's own cached slots, the class
// region's pools, slots that other threads keep in sight, a fresh slot, the next larger region,
// a run of chunks, a direct mapping. Only the last two are there without class regions.
// Objects start at their slot, run or mapping; alignments up to the slot's size come for free.
#ifndef BP_THREAD_LARGE_H
#define BP_THREAD_LARGE_H

#include "thread/heap.h"

// What an address turned out to be.
enum bp_verdict { BP_DONE, BP_FOREIGN, BP_INVALID, BP_DOUBLE_FREE };

// n_bytes in a place that is aligned; zeroed if asked. NULL if nothing can hold it.
void *bp_large_alloc(struct bp_heap *heap, size_t n_bytes, size_t align, bool zero);
// heap may be NULL: then nothing is cached.
enum bp_verdict bp_large_free(struct bp_heap *heap, void *pointer);
// Usable bytes of a large object; *ret_verdict says why if it is 0.
size_t bp_large_usable(const void *pointer, enum bp_verdict *ret_verdict);
// More or fewer bytes without copying them: in place, or by moving pages. NULL: copy instead.
void *bp_large_resize(struct bp_heap *heap, void *pointer, size_t n_bytes);
// The heap's slots go to the pools: all of them, or those in sight of other threads.
void bp_large_flush(struct bp_heap *heap);
void bp_large_flush_shared(struct bp_heap *heap);

#endif
