// SPDX-License-Identifier: MIT
// Requests above the small classes, in the order: the thread's own cached slots, the class
// region's pools, slots that other threads keep in sight, a fresh slot, the next larger region,
// a run of chunks, a direct mapping. Only the last two are there without class regions.
// Objects start at their slot, run or mapping; alignments up to the slot's size come for free.
#ifndef BP_THREAD_LARGE_H
#define BP_THREAD_LARGE_H

#include "region/class_region.h"
#include "thread/heap.h"

// What an address turned out to be.
enum bp_verdict { BP_DONE, BP_FOREIGN, BP_INVALID, BP_DOUBLE_FREE };

// The common case of bp_large_alloc, without a call: a slot of the heap's own that held as much
// before. NULL if there is none.
static inline void *bp_large_try_alloc(struct bp_heap *heap, size_t n_bytes)
{
    unsigned region = bp_region_for(n_bytes);
    if (BP_UNLIKELY(region >= BP_CACHED_REGIONS))
        return NULL;
    struct bp_slot_cache *cache = &heap->slots[region];
    if (BP_UNLIKELY(!cache->own_count))
        return NULL;
    struct bp_own_slot *top = &cache->own[cache->own_count - 1];
    size_t usable = bp_align_up(n_bytes, 4096);
    if (BP_UNLIKELY(usable > top->slot->dirty_bytes))
        return NULL;
    cache->own_count--;
    top->slot->usable_bytes = usable;
    top->slot->state = BP_SLOT_USED;
    return top->object;
}

// The common case of bp_large_free: room among the heap's own slots. False: nothing was done.
static inline bool bp_large_try_free(struct bp_heap *heap, void *object)
{
    unsigned region;
    if (!bp_region_of(object, &region) || region >= BP_CACHED_REGIONS)
        return false;
    struct bp_slot_cache *cache = &heap->slots[region];
    struct bp_slot *slot = bp_region_find(region, object);
    if (!slot || slot->state != BP_SLOT_USED || cache->own_count >= cache->own_limit)
        return false;
    slot->state = BP_SLOT_CACHED;
    cache->own[cache->own_count++] = (struct bp_own_slot){object, slot};
    return true;
}

// n_bytes in a place that is aligned; zeroed if asked. NULL if nothing can hold it. heap may be
// NULL here and below: then nothing is cached.
void *bp_large_alloc(struct bp_heap *heap, size_t n_bytes, size_t align, bool zero);
enum bp_verdict bp_large_free(struct bp_heap *heap, void *pointer);
// Usable bytes of a large object; *ret_verdict says why if it is 0.
size_t bp_large_usable(const void *pointer, enum bp_verdict *ret_verdict);
// Bytes of the slot that the pointer is in.
size_t bp_large_class_bytes(const void *pointer);
// More or fewer bytes without copying them: in place, or by moving pages. NULL: copy instead.
void *bp_large_resize(struct bp_heap *heap, void *pointer, size_t n_bytes);
// Sets up the heap's caches.
void bp_large_init(struct bp_heap *heap);
// Whether the heap keeps slots of its own.
bool bp_large_keeps_any(const struct bp_heap *heap);
// The heap's slots go to the pools: all of them, or those in sight of other threads.
void bp_large_flush(struct bp_heap *heap);
void bp_large_flush_shared(struct bp_heap *heap);
// The slots of a heap that was called away go to the pools, but for the last ones of its own;
// bp_large_settle is due before its owner goes on.
void bp_large_empty(struct bp_heap *heap);
void bp_large_settle(struct bp_heap *heap);
// In the child of a fork: the slots of a heap whose words are from different moments. What is
// cached by its record belongs to nobody else.
void bp_large_salvage(struct bp_heap *heap);

#endif
