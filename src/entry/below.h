// SPDX-License-Identifier: MIT
// What the malloc family stands on: a request of any size, and what a pointer is. The secure
// library has another header of this name (src/secure), where every object is warded.
#ifndef BP_ENTRY_BELOW_H
#define BP_ENTRY_BELOW_H

#include "core/options.h"
#include "entry/entry.h"
#include "os/os.h"
#include "profile/profile.h"
#include "thread/counted.h"
#include "thread/nofree.h"
#include "thread/registry.h"
#include "thread/request.h"

#include <string.h>

// What needs no more than the thread's own heap. NULL: the long way.
static inline void *bp_below_try_alloc(size_t n_bytes)
{
    struct bp_heap *heap = bp_registry_own();
    void *object = NULL;
    if (n_bytes > BP_SMALL_MAX)
        return heap ? bp_large_try_alloc(heap, n_bytes) : NULL;
    if (heap && bp_counted_is(heap))
        object = bp_options.count ? NULL : bp_counted_exchange(n_bytes);
    else if (bp_nofree_is_on() && heap)
        object = bp_nofree_try(heap, n_bytes, BP_OBJECT_ALIGN);
    return object;
}

static inline bool bp_below_try_free(void *pointer)
{
    struct bp_heap *heap = bp_registry_own();
    if (heap && bp_large_try_free(heap, pointer))
        return true;
    if (!bp_nofree_owns(pointer) || bp_load_u32_relaxed(&bp_profile_used))
        return false;
    bp_nofree_free(pointer);
    return true;
}

// The common case: a small object that stays, or moves from one bin to another. NULL: neither.
static inline void *bp_below_try_resize(void *pointer, size_t n_bytes)
{
    size_t key = bp_heap_key_of(pointer);
    if (!key || !n_bytes || BP_UNLIKELY(!bp_span_has(bp_key_class(key), pointer)))
        return NULL;
    if (bp_class_keeps(bp_key_class(key), n_bytes))
        return pointer;
    void *resized = bp_heap_try_malloc(n_bytes);
    if (!resized)
        return NULL;
    memcpy(resized, pointer, bp_min(bp_class[bp_key_class(key)].object_bytes, n_bytes));
    if (BP_UNLIKELY(!bp_heap_try_free(pointer)))
        bp_entry_free_slow(pointer);
    return resized;
}

static inline void *bp_below_alloc(size_t n_bytes, size_t align, bool zero)
{
    return bp_request_alloc(n_bytes, align, zero);
}

static inline enum bp_verdict bp_below_free(void *pointer)
{
    return bp_request_free(pointer);
}

static inline void *bp_below_resize(void *pointer, size_t n_bytes, enum bp_verdict *ret_verdict)
{
    return bp_request_resize(pointer, n_bytes, ret_verdict);
}

// Of an object that was freed twice.
static inline size_t bp_below_class_bytes(const void *pointer)
{
    return bp_large_class_bytes(pointer);
}

static inline size_t bp_below_usable(const void *pointer, enum bp_verdict *ret_verdict)
{
    return bp_request_usable(pointer, ret_verdict);
}

// What a request of n bytes can use.
static inline size_t bp_below_good(size_t n_bytes)
{
    if (n_bytes <= BP_SMALL_MAX)
        return bp_class[bp_class_for(n_bytes)].object_bytes;
    bool chunks = bp_reservation.n_bytes && !bp_reservation.region_count;
    size_t granule = chunks ? BP_CHUNK_BYTES : bp_os_page_bytes();
    size_t whole = bp_align_up(bp_max(n_bytes, 1), granule);
    return whole < n_bytes ? n_bytes : whole;
}

#endif
