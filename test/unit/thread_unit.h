// SPDX-License-Identifier: MIT
// What the tests of the thread layer share: boot, and the invariants of a heap.
#ifndef THREAD_UNIT_H
#define THREAD_UNIT_H

#include "core/counters.h"
#include "os/os.h"
#include "region/class_region.h"
#include "region/depot.h"
#include "region/purge.h"
#include "thread/large.h"
#include "thread/registry.h"
#include "unit.h"

// ThreadSanitizer leaves no more than that in one piece, and wine pays for each page.
#if defined(__SANITIZE_THREAD__) || defined(_WIN32)
enum { BOOT_GIB_MAX = 64 };
#else
enum { BOOT_GIB_MAX = 1 << 20 };
#endif

static inline void thread_boot(size_t reserve_bytes)
{
    reserve_bytes = bp_min(reserve_bytes, BOOT_GIB_MAX * BP_GIB);
    bp_reserve_init(reserve_bytes);
    REQUIRE(bp_reservation.n_bytes == reserve_bytes);
    REQUIRE(bp_registry_init());
    REQUIRE(bp_os_thread_exit_register(bp_registry_thread_ended) == 0);
}

// The calling thread's heap, attached if need be.
static inline struct bp_heap *thread_heap(void)
{
    bp_registry_attach();
    REQUIRE(bp_registry_own() != NULL);
    return bp_registry_own();
}

static inline uint32_t chain_length(const void *chain)
{
    uint32_t length = 0;
    for (; chain; chain = *(void *const *)chain)
        length++;
    return length;
}

// As the slow path does it, whose the object may be.
static inline void heap_free(struct bp_heap *heap, void *object)
{
    bp_heap_free(heap, bp_heap_key_of(object), object);
}

static inline void heap_check_stray(struct bp_heap *heap, unsigned owner, unsigned i)
{
    const struct bp_bin *bin = bp_heap_bin(&heap->hot, bp_key(i, owner));
    uint32_t limit = heap->stray[owner][i].limit;
    CHECK_FMT(chain_length(bin->head) == limit - bin->room, "owner %u, class %u: %u in %u - %u",
              owner, i, chain_length(bin->head), limit, bin->room);
    CHECK_FMT(!limit || heap->stray_seen >> owner & 1, "owner %u unseen", owner);
    for (const void *it = bin->head; it; it = *(void *const *)it)
        CHECK_EQ(bp_key_class(bp_heap_key_of(it)), i);
}

static inline void heap_check_bin(struct bp_heap *heap, unsigned i)
{
    const struct bp_bin *bin = bp_heap_own_bin(heap, i);
    const struct bp_run *run = &bin->run;
    const struct bp_bin_cold *cold = &heap->cold[i];
    void *spare = bp_load_ptr_relaxed(&cold->spare);
    CHECK_FMT(chain_length(bin->head) == cold->limit - bin->room, "class %u: %u in %u - %u", i,
              chain_length(bin->head), cold->limit, bin->room);
    CHECK_FMT(cold->limit <= bp_class[i].magazine_capacity, "class %u: limit %u", i, cold->limit);
    CHECK_FMT(!spare || chain_length(spare) == cold->spare_count, "class %u: spare", i);
    CHECK_FMT(run->cursor <= run->limit && run->limit <= cold->run_end, "class %u: run", i);
    for (const void *it = bin->head; it; it = *(void *const *)it)
        CHECK_FMT(bp_key_class(bp_heap_key_of(it)) == i, "class %u has an object of key %zu", i,
                  bp_heap_key_of(it));
    for (unsigned owner = 0; owner < BP_OWNER_COUNT; owner++) {
        if (owner != heap->owner)
            heap_check_stray(heap, owner, i);
    }
}

static inline void heap_check_slots(const struct bp_heap *heap, unsigned region)
{
    const struct bp_slot_cache *cache = &heap->slots[region];
    CHECK(cache->own_count <= cache->own_limit && cache->own_limit <= BP_OWN_SLOTS);
    for (uint32_t i = 0; i < cache->own_count; i++) {
        CHECK_PTR(cache->own[i].slot, bp_region_find(region, cache->own[i].object));
        CHECK_EQ(cache->own[i].slot->state, BP_SLOT_CACHED);
    }
    for (int i = 0; i < BP_SHARED_SLOTS; i++) {
        void *object = bp_load_ptr_relaxed(&cache->shared[i]);
        CHECK(!object || bp_region_find(region, object)->state == BP_SLOT_CACHED);
    }
}

// The invariants of heap.h; the heap is at rest.
static inline void heap_check(struct bp_heap *heap)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        heap_check_bin(heap, i);
    CHECK(!heap->hot.bin[0].head && !heap->hot.bin[0].room);
    for (unsigned region = 0; bp_reservation.region_count && region < BP_CACHED_REGIONS; region++)
        heap_check_slots(heap, region);
}

static inline size_t span_bytes(void)
{
    return bp_load_relaxed(&bp_counters.span_bytes);
}

static inline size_t slot_bytes(void)
{
    return bp_load_relaxed(&bp_counters.slot_bytes);
}

// Everything that is free goes back; what is left in the counters is in use.
static inline void flush_all(void)
{
    bp_registry_flush();
    bp_depot_drain();
    bp_purge_down_to(0);
}

#endif
