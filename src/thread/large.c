// SPDX-License-Identifier: MIT
#include "thread/large.h"

#include "core/counters.h"
#include "core/options.h"
#include "os/os.h"
#include "profile/profile.h"
#include "region/class_file.h"
#include "region/class_region.h"
#include "region/direct.h"
#include "region/overflow.h"
#include "region/span.h"
#include "thread/registry.h"

#include <string.h>

// How many slots stand in sight of others, over all heaps: a hint, so that nobody looks in vain.
static bp_atomic_size slots_in_sight[BP_CACHED_REGIONS] BP_LINE_ALIGNED;

// --- a heap's slots ---

static void *shared_take(bp_atomic_ptr *place)
{
    if (!bp_load_ptr_relaxed(place))
        return NULL;
    // pairs with the release in slot_put: the slot's record is visible
    return bp_exchange_ptr_acquire(place, NULL);
}

static void *cache_take_shared(struct bp_heap *heap, unsigned region)
{
    struct bp_slot_cache *cache = &heap->slots[region];
    void *slot = NULL;
    for (unsigned i = 0; i < BP_SHARED_SLOTS && !slot; i++)
        slot = shared_take(&cache->shared[i]);
    if (slot)
        bp_sub_relaxed(&slots_in_sight[region], 1);
    return slot;
}

static void *slot_steal(struct bp_heap *heap, unsigned region)
{
    uint32_t count = bp_load_relaxed(&slots_in_sight[region]) ? bp_registry_count() : 0;
    void *slot = NULL;
    for (uint32_t i = 0; i < count && !slot; i++) {
        struct bp_heap *other = bp_registry_at(i);
        if (other != heap)
            slot = cache_take_shared(other, region);
    }
    if (slot)
        bp_add_relaxed(&bp_counters.steals, 1);
    return slot;
}

static void others_add(struct bp_slot_cache *cache, size_t change)
{
    bp_store_relaxed(&cache->others, bp_load_relaxed(&cache->others) + change);
}

size_t bp_large_cache_allocs(const struct bp_slot_cache *cache)
{
    return bp_load_relaxed(&cache->frees) + bp_load_relaxed(&cache->others) - cache->own_count;
}

static void *cached_take(struct bp_heap *heap, unsigned region)
{
    struct bp_slot_cache *cache = &heap->slots[region];
    if (BP_LIKELY(cache->own_count)) {
        others_add(cache, (size_t)-1);
        return cache->own[--cache->own_count].object;
    }
    return cache_take_shared(heap, region);
}

static void *slot_take(struct bp_heap *heap, unsigned region)
{
    bool cached = region < BP_CACHED_REGIONS;
    void *slot = cached && heap ? cached_take(heap, region) : NULL;
    if (!slot)
        slot = bp_region_take_pooled(region);
    if (!slot && cached)
        slot = slot_steal(heap, region);
    return slot ? slot : bp_region_take_fresh(region);
}

static bool slot_share(struct bp_slot_cache *cache, unsigned region, void *slot)
{
    for (unsigned i = 0; i < bp_load_u32_relaxed(&cache->shared_limit); i++) {
        if (!bp_load_ptr_relaxed(&cache->shared[i])) {
            // pairs with the exchange in shared_take: the slot's record is visible
            bp_store_ptr_release(&cache->shared[i], slot);
            bp_add_relaxed(&slots_in_sight[region], 1);
            return true;
        }
    }
    return false;
}

// The first few slots are the heap's own; more stand in sight of others.
static bool cached_put(struct bp_heap *heap, unsigned region, void *slot)
{
    struct bp_slot_cache *cache = &heap->slots[region];
    if (BP_UNLIKELY(cache->own_count >= bp_load_u32_relaxed(&cache->own_limit)))
        return slot_share(cache, region, slot);
    cache->own[cache->own_count++] = (struct bp_own_slot){slot, bp_region_slot(region, slot)};
    others_add(cache, 1);
    return true;
}

static void slot_put(struct bp_heap *heap, unsigned region, void *slot, bool eagerly)
{
    if (heap && heap->slots_share_bytes != bp_load_relaxed(&bp_heap_share_bytes))
        bp_large_init(heap);
    if (heap && region < BP_CACHED_REGIONS && cached_put(heap, region, slot))
        return;
    if (eagerly)
        bp_region_clear(region, slot);
    bp_region_give(region, slot);
}

void bp_large_flush_shared(struct bp_heap *heap)
{
    for (unsigned region = 0; region < BP_CACHED_REGIONS; region++) {
        for (void *slot; (slot = cache_take_shared(heap, region));)
            bp_region_give(region, slot);
    }
}

static void own_reduce(struct bp_slot_cache *cache, unsigned region, uint32_t most)
{
    while (cache->own_count > most) {
        others_add(cache, (size_t)-1);
        bp_region_give(region, cache->own[--cache->own_count].object);
    }
}

void bp_large_age(struct bp_heap *heap)
{
    bp_large_init(heap);
    for (unsigned region = 0; region < BP_CACHED_REGIONS; region++) {
        struct bp_slot_cache *cache = &heap->slots[region];
        size_t frees = bp_load_relaxed(&cache->frees);
        bool idle = frees == cache->seen_frees && cache->own_count == cache->seen_count;
        own_reduce(cache, region, idle ? 0 : bp_load_u32_relaxed(&cache->own_limit));
        cache->seen_count = cache->own_count;
        cache->seen_frees = frees;
    }
}

bool bp_large_keeps_any(const struct bp_heap *heap)
{
    for (unsigned region = 0; region < BP_CACHED_REGIONS; region++) {
        if (heap->slots[region].own_count)
            return true;
    }
    return false;
}

void bp_large_flush(struct bp_heap *heap)
{
    bp_large_flush_shared(heap);
    for (unsigned region = 0; region < BP_CACHED_REGIONS; region++)
        own_reduce(&heap->slots[region], region, 0);
}

// The owner may be about to take its last slot, or to put one more.
static uint32_t own_seen(const struct bp_slot_cache *cache)
{
    return cache->own_count;
}

void bp_large_empty(struct bp_heap *heap)
{
    bp_large_flush_shared(heap);
    for (unsigned region = 0; region < BP_CACHED_REGIONS; region++) {
        struct bp_slot_cache *cache = &heap->slots[region];
        for (uint32_t i = 0; i + 1 < own_seen(cache); i++) {
            if (cache->own[i].object)
                bp_region_give(region, cache->own[i].object);
            cache->own[i].object = NULL;
        }
    }
}

void bp_large_settle(struct bp_heap *heap)
{
    for (unsigned region = 0; region < BP_CACHED_REGIONS; region++) {
        struct bp_slot_cache *cache = &heap->slots[region];
        uint32_t kept = 0;
        for (uint32_t i = 0; i < cache->own_count; i++) {
            if (cache->own[i].object)
                cache->own[kept++] = cache->own[i];
        }
        others_add(cache, kept - (size_t)cache->own_count);
        cache->own_count = kept;
    }
}

static void slot_salvage(unsigned region, void *slot)
{
    unsigned of;
    if (!slot || !bp_region_of(slot, &of) || of != region)
        return;
    struct bp_slot *record = bp_region_find(region, slot);
    if (record && record->state == BP_SLOT_CACHED)
        bp_region_give(region, slot);
}

void bp_large_salvage(struct bp_heap *heap)
{
    for (unsigned region = 0; region < BP_CACHED_REGIONS; region++) {
        struct bp_slot_cache *cache = &heap->slots[region];
        struct bp_region_counts *counts = bp_region_counts(region);
        bp_add_relaxed(&counts->allocs, bp_large_cache_allocs(cache));
        bp_add_relaxed(&counts->frees, bp_load_relaxed(&cache->frees));
        for (uint32_t i = 0; i < BP_OWN_SLOTS && i < cache->own_count; i++)
            slot_salvage(region, cache->own[i].object);
        for (unsigned i = 0; i < BP_SHARED_SLOTS; i++)
            slot_salvage(region, bp_load_ptr_relaxed(&cache->shared[i]));
    }
}

// --- alloc ---

// A used slot; *ret_dirty_bytes of it may not be zero.
static void *slot_obtain(struct bp_heap *heap, unsigned region, size_t n_bytes,
                         size_t *ret_dirty_bytes)
{
    void *slot = region < bp_reservation.region_count ? slot_take(heap, region) : NULL;
    if (slot && !bp_region_use(region, slot, n_bytes, ret_dirty_bytes)) {
        bp_region_give(region, slot);
        slot = NULL;
    }
    return slot;
}

// With pages that are at hand, then with huge ones. Not what calloc or realloc ask for: that is
// often written here and there alone.
static void slot_fill(unsigned region, void *slot, size_t dirty_bytes)
{
    if (region >= BP_CACHED_REGIONS)
        dirty_bytes = bp_region_stock(region, slot, dirty_bytes);
    bp_region_ask_huge(region, slot, dirty_bytes);
}

static void *slot_alloc(struct bp_heap *heap, unsigned region, size_t n_bytes, bool zero)
{
    size_t dirty_bytes = 0;
    void *slot = slot_obtain(heap, region, n_bytes, &dirty_bytes);
    if (slot && zero)
        memset(slot, 0, bp_min(dirty_bytes, n_bytes));
    else if (slot && BP_UNLIKELY(region >= BP_UNIT_REGION))
        slot_fill(region, slot, dirty_bytes);
    return slot;
}

static void *chunks_alloc(size_t n_bytes, size_t align, bool zero)
{
    bool is_zero;
    if (align > BP_CHUNK_BYTES || !bp_reservation.n_bytes)
        return NULL;
    void *object = bp_span_large_take(n_bytes, &is_zero);
    if (object && zero && !is_zero)
        memset(object, 0, n_bytes);
    return object;
}

void *bp_large_alloc(struct bp_heap *heap, size_t n_bytes, size_t align, bool zero)
{
    void *object = NULL;
    if (align <= BP_SLOT_ALIGN_MAX) {
        unsigned region = bp_region_for(bp_max(bp_max(n_bytes, align), 1));
        object = slot_alloc(heap, region, n_bytes, zero);
        if (!object)
            object = slot_alloc(heap, region + 1, n_bytes, zero);
    }
    if (!object)
        object = chunks_alloc(n_bytes, align, zero);
    return object ? object : bp_direct_take(n_bytes, align);
}

void *bp_large_alloc_slot(struct bp_heap *heap, size_t n_bytes, bool zero, bool huge)
{
    unsigned region = bp_region_for(n_bytes);
    void *object = slot_alloc(heap, region, n_bytes, zero);
    if (!object) {
        bp_add_relaxed(&bp_region_counts(bp_min(region, BP_REGION_COUNT - 1))->fallbacks, 1);
        object = slot_alloc(heap, ++region, n_bytes, zero);
    }
    if (object && huge)
        bp_region_want_huge(region, object);
    return object;
}

static void *slot_alloc_stable(struct bp_heap *heap, unsigned region, size_t n_bytes)
{
    size_t dirty_bytes;
    void *slot = slot_take(heap, region);
    if (!slot)
        return NULL;
    bp_region_commit_whole(region, slot);
    if (!bp_region_use(region, slot, n_bytes, &dirty_bytes)) {
        bp_region_give(region, slot);
        return NULL;
    }
    bp_region_fix(region, slot);
    return slot;
}

void *bp_large_alloc_stable(struct bp_heap *heap, size_t n_bytes, size_t max_bytes)
{
    void *object = NULL;
    unsigned region = bp_region_for(bp_max(max_bytes, 1));
    for (; region < bp_reservation.region_count && !object; region++)
        object = slot_alloc_stable(heap, region, n_bytes);
    return object ? object : bp_direct_take_stable(n_bytes, max_bytes);
}

// --- free ---

// What no slot's state speaks for (a stable object's, and what is in no slot), the profile is asked
// about whenever there is one.
static void sample_end(const void *pointer)
{
    struct bp_sample sample;
    bp_profile_forget(pointer, &sample);
}

static enum bp_verdict chunks_free(void *pointer)
{
    struct bp_span *span = bp_span_large_find(pointer);
    if (!span)
        return BP_INVALID;
    bp_span_large_give(span);
    return BP_DONE;
}

static enum bp_verdict slot_free(struct bp_heap *heap, unsigned region, void *pointer, bool eagerly)
{
    struct bp_slot *slot = bp_region_find(region, pointer);
    enum bp_verdict verdict = bp_large_verdict(slot);
    if (verdict == BP_DONE) {
        if (BP_UNLIKELY(slot->state != BP_SLOT_USED))
            sample_end(pointer);
        slot->state = BP_SLOT_CACHED;
        bp_add_relaxed(&bp_region_counts(region)->frees, 1);
        slot_put(heap, region, pointer, eagerly);
    }
    return verdict;
}

static enum bp_verdict outside_free(void *pointer)
{
    if (bp_overflow_give(pointer) || bp_direct_give(pointer))
        return BP_DONE;
    return bp_direct_holds(pointer) ? BP_INVALID : BP_FOREIGN;
}

static enum bp_verdict any_free(struct bp_heap *heap, void *pointer, bool eagerly)
{
    unsigned region;
    if (bp_files_owns(pointer))
        return bp_files_give(pointer, eagerly) ? BP_DONE : BP_INVALID;
    if (!bp_region_of(pointer, &region))
        sample_end(pointer);
    if (!bp_reserve_owns(pointer))
        return outside_free(pointer);
    if (!bp_region_of(pointer, &region))
        return chunks_free(pointer);
    return slot_free(heap, region, pointer, eagerly);
}

enum bp_verdict bp_large_free(struct bp_heap *heap, void *pointer)
{
    return any_free(heap, pointer, false);
}

enum bp_verdict bp_large_free_eagerly(struct bp_heap *heap, void *pointer)
{
    return any_free(heap, pointer, true);
}

// --- resize ---

// A slot for an object that has outgrown its own: wider if BUMPALLOC_STABLE_REALLOC asks for it.
static void *wider_obtain(struct bp_heap *heap, size_t n_bytes, size_t *ret_dirty_bytes)
{
    size_t max_bytes = bp_options_stable_max(n_bytes);
    unsigned region = bp_region_for(max_bytes ? max_bytes : n_bytes);
    void *object = slot_obtain(heap, region, n_bytes, ret_dirty_bytes);
    if (object && max_bytes)
        bp_region_fix(region, object);
    return object || !max_bytes
               ? object
               : slot_obtain(heap, bp_region_for(n_bytes), n_bytes, ret_dirty_bytes);
}

// Pages move from one slot to a larger one; what is too small to gain is left to copying.
static void *slot_outgrow(struct bp_heap *heap, unsigned region, void *pointer, size_t n_bytes)
{
    size_t usable = bp_region_slot(region, pointer)->usable_bytes;
    unsigned wider;
    size_t dirty_bytes;
    if (usable < BP_MIB)
        return NULL;
    void *target = wider_obtain(heap, n_bytes, &dirty_bytes);
    if (!target || !bp_region_of(target, &wider))
        return NULL;
    bp_region_move(region, pointer, wider, target, usable);
    bp_region_stock(wider, target, bp_max(dirty_bytes, usable));
    bp_large_free(heap, pointer);
    return target;
}

static void *slot_resize(struct bp_heap *heap, unsigned region, void *pointer, size_t n_bytes)
{
    bool stable = bp_region_slot(region, pointer)->state == BP_SLOT_STABLE;
    if (n_bytes <= BP_SMALL_MAX && !stable)
        return NULL;
    if (n_bytes > bp_region_slot_bytes(region))
        return slot_outgrow(heap, region, pointer, n_bytes);
    return bp_region_resize(region, pointer, n_bytes) ? pointer : NULL;
}

static void pages_bring(void *to, void *from, size_t n_bytes)
{
    if (bp_os_move(to, from, n_bytes, true))
        memcpy(to, from, n_bytes);
}

// A run of chunks that is outgrown becomes a direct mapping, which grows without copying. The
// mapping is first as large as the run, so that the moved pages are all of it, in one piece.
static void *chunks_outgrow(struct bp_span *span, void *pointer, size_t n_bytes)
{
    size_t usable = bp_span_large_bytes(span);
    void *target = usable >= BP_MIB ? bp_direct_take(usable, BP_OBJECT_ALIGN) : NULL;
    if (!target)
        return NULL;
    pages_bring(target, pointer, usable);
    void *resized = bp_direct_resize(target, n_bytes);
    if (resized) {
        bp_span_large_give(span);
    } else {
        pages_bring(pointer, target, usable);
        bp_direct_give(target);
    }
    return resized;
}

static void *chunks_resize(void *pointer, size_t n_bytes)
{
    struct bp_span *span = bp_span_large_find(pointer);
    if (n_bytes > bp_span_large_bytes(span))
        return chunks_outgrow(span, pointer, n_bytes);
    return n_bytes > bp_span_large_bytes(span) / 2 ? pointer : NULL;
}

void *bp_large_resize(struct bp_heap *heap, void *pointer, size_t n_bytes)
{
    unsigned region;
    if (bp_files_owns(pointer))
        return NULL;
    if (!bp_reserve_owns(pointer))
        return bp_direct_resize(pointer, n_bytes);
    if (bp_region_of(pointer, &region))
        return slot_resize(heap, region, pointer, n_bytes);
    return chunks_resize(pointer, n_bytes);
}
