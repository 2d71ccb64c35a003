// SPDX-License-Identifier: MIT
// How many large slots a heap keeps for itself and in sight of others.
#include "base/bits.h"
#include "core/options.h"
#include "thread/large.h"
#include "thread/registry.h"

static bp_atomic_size buffer_bytes = SIZE_MAX; // what the program wants instead

// The heap's own places first.
static void limits_by_buffer(struct bp_heap *heap, size_t buffer)
{
    for (unsigned region = 0; region < BP_CACHED_REGIONS; region++) {
        size_t slots = buffer / bp_region_slot_bytes(region);
        size_t own = bp_options.count ? 0 : bp_min(slots, BP_OWN_SLOTS);
        size_t shared = bp_min(slots - own, BP_SHARED_SLOTS);
        bp_store_u32_relaxed(&heap->slots[region].own_limit, (uint32_t)own);
        bp_store_u32_relaxed(&heap->slots[region].shared_limit, (uint32_t)shared);
    }
}

// Of each region a quarter of the share for the heap itself, half as much in sight of others. A
// working set of random sizes has some slots of every region free at any time; what its cache has
// no place for costs locks, twice (64 objects of up to 1.1 MiB: 0.7 of the time with a single
// slot).
static void limits_by_share(struct bp_heap *heap, size_t share)
{
    for (unsigned region = 0; region < BP_CACHED_REGIONS; region++) {
        size_t own = bp_min(share / 4 / bp_region_slot_bytes(region), BP_OWN_SLOTS);
        struct bp_slot_cache *cache = &heap->slots[region];
        bp_store_u32_relaxed(&cache->shared_limit, (uint32_t)own / 2);
        if (bp_options.count) // the shortcut of own slots counts nothing
            own = 0;
        bp_store_u32_relaxed(&cache->own_limit, (uint32_t)own);
    }
}

static void limits_set(struct bp_heap *heap, size_t share)
{
    size_t buffer = bp_load_relaxed(&buffer_bytes);
    if (buffer == SIZE_MAX)
        limits_by_share(heap, share);
    else
        limits_by_buffer(heap, buffer);
}

void bp_large_init(struct bp_heap *heap)
{
    heap->slots_share_bytes = bp_load_relaxed(&bp_heap_share_bytes);
    limits_set(heap, heap->slots_share_bytes);
}

void bp_large_set_buffer(size_t n_bytes)
{
    bp_store_relaxed(&buffer_bytes, n_bytes);
    for (uint32_t i = 0; i < bp_registry_count(); i++)
        limits_set(bp_registry_at(i), bp_load_relaxed(&bp_heap_share_bytes));
}

size_t bp_large_buffer(void)
{
    return bp_load_relaxed(&buffer_bytes);
}
