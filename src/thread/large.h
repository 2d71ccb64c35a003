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

// A count that one thread alone adds to: no locked instruction.
static inline void bp_large_tally(bp_atomic_size *count)
{
    bp_store_relaxed(count, bp_load_relaxed(count) + 1);
}

// How many objects the cache has handed out by bp_large_try_alloc.
size_t bp_large_cache_allocs(const struct bp_slot_cache *cache);

// The common case of bp_large_alloc, without a call: a slot of the heap's own that held as much
// before. NULL if there is none.
static inline void *bp_large_try_alloc(struct bp_heap *heap, size_t n_bytes)
{
    unsigned region = bp_region_for(n_bytes);
    if (BP_UNLIKELY(region >= BP_CACHED_REGIONS || heap->counted))
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
    // Without class regions this is more than enough for any pointer but NULL, which has no slot.
    size_t offset = (size_t)object - (size_t)bp_reservation.regions;
    unsigned region = (unsigned)bp_min(offset >> bp_reservation.region_shift, BP_CACHED_REGIONS);
    if (region >= BP_CACHED_REGIONS)
        return false;
    struct bp_slot_cache *cache = &heap->slots[region];
    struct bp_slot *slot = bp_region_find(region, object);
    if (!slot || slot->state != BP_SLOT_USED ||
        cache->own_count >= bp_load_u32_relaxed(&cache->own_limit))
        return false;
    slot->state = BP_SLOT_CACHED;
    bp_large_tally(&cache->frees);
    cache->own[cache->own_count++] = (struct bp_own_slot){object, slot};
    return true;
}

// n_bytes in a place that is aligned; zeroed if asked. NULL if nothing can hold it. heap may be
// NULL here and below: then nothing is cached.
void *bp_large_alloc(struct bp_heap *heap, size_t n_bytes, size_t align, bool zero);
// A slot of a class region or nothing; huge pages if asked.
void *bp_large_alloc_slot(struct bp_heap *heap, size_t n_bytes, bool zero, bool huge);
enum bp_verdict bp_large_free(struct bp_heap *heap, void *pointer);
// As bp_large_free, but a slot that the heap has no room for holds no pages any more.
enum bp_verdict bp_large_free_eagerly(struct bp_heap *heap, void *pointer);
// n_bytes that can grow to max_bytes without moving: in a slot of that size or a larger one, or in
// a mapping of its own. No smaller resize, and none by bp_large_resize within the slot, moves it.
void *bp_large_alloc_stable(struct bp_heap *heap, size_t n_bytes, size_t max_bytes);
// How many bytes a stable object can grow to where it is; 0 if the pointer is none.
size_t bp_large_stable_max(const void *pointer);
// Usable bytes of a large object; *ret_verdict says why if it is 0.
size_t bp_large_usable(const void *pointer, enum bp_verdict *ret_verdict);
// Bytes of the slot that the pointer is in.
size_t bp_large_class_bytes(const void *pointer);
// More or fewer bytes without copying them: in place, or by moving pages. NULL: copy instead.
void *bp_large_resize(struct bp_heap *heap, void *pointer, size_t n_bytes);
// May the object of this slot be freed? NULL: no slot.
enum bp_verdict bp_large_verdict(const struct bp_slot *slot);
// The object was sampled, or is not any more: its free will ask the profile, or need not. A stable
// object's state stays as it is, and its free asks always.
void bp_large_mark(void *pointer, bool sampled);
// Sets up the heap's caches.
void bp_large_init(struct bp_heap *heap);
// How many bytes of each class a heap may keep, as far as its places go; SIZE_MAX: as it comes.
void bp_large_set_buffer(size_t n_bytes);
size_t bp_large_buffer(void);
// Now and then, from the heap's slow paths: own slots of a size that nobody asks for any more, and
// what is beyond a share that has become smaller, go to the pools.
void bp_large_age(struct bp_heap *heap);
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
