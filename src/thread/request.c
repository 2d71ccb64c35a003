// SPDX-License-Identifier: MIT
#include "thread/request.h"

#include "core/counters.h"
#include "region/depot.h"
#include "region/direct.h"
#include "region/purge.h"
#include "thread/registry.h"

#include <string.h>

static void *small_alloc(struct bp_heap *heap, size_t n_bytes, size_t align, bool zero)
{
    unsigned class_index =
        align <= BP_OBJECT_ALIGN ? bp_class_for(n_bytes) : bp_class_for_aligned(n_bytes, align);
    void *object = class_index ? bp_heap_alloc(heap, class_index) : NULL;
    return object && zero ? memset(object, 0, n_bytes) : object;
}

static void *any_alloc(struct bp_heap *heap, size_t n_bytes, size_t align, bool zero)
{
    void *object = NULL;
    if (heap && n_bytes <= BP_SMALL_MAX && align <= BP_SMALL_MAX)
        object = small_alloc(heap, n_bytes, align, zero);
    return object ? object : bp_large_alloc(heap, n_bytes, align, zero);
}

static void *heap_alloc(size_t n_bytes, size_t align, bool zero)
{
    struct bp_heap *heap = bp_registry_borrow();
    void *object = any_alloc(heap, n_bytes, align, zero);
    bp_registry_return(heap);
    return object;
}

// Gives up every cache and the commit charge of all that is free. Pointless for what is larger
// than all that we hold.
static bool relieve(size_t n_bytes)
{
    if (n_bytes > bp_load_relaxed(&bp_counters.committed_bytes))
        return false;
    bp_request_trim();
    bp_purge_decommit();
    return true;
}

void *bp_request_alloc(size_t n_bytes, size_t align, bool zero)
{
    if (n_bytes > BP_REQUEST_MAX - align)
        return NULL;
    void *object = heap_alloc(n_bytes, align, zero);
    if (!object && relieve(n_bytes))
        object = heap_alloc(n_bytes, align, zero);
    return object;
}

enum bp_verdict bp_request_free(void *pointer)
{
    enum bp_verdict verdict = BP_DONE;
    size_t key = bp_heap_key_of(pointer);
    struct bp_heap *heap = bp_registry_borrow();
    if (key)
        bp_heap_free(heap, (unsigned)(key / 2), pointer);
    else
        verdict = bp_large_free(heap, pointer);
    bp_registry_return(heap);
    bp_purge_check();
    return verdict;
}

size_t bp_request_usable(const void *pointer, enum bp_verdict *ret_verdict)
{
    size_t key = bp_heap_key_of(pointer);
    *ret_verdict = BP_DONE;
    return key ? bp_class[key / 2].object_bytes : bp_large_usable(pointer, ret_verdict);
}

// A small object stays where it is while its class is right, or at least half of it is used.
static bool fits_in_place(size_t key, size_t usable, size_t n_bytes)
{
    if (!key || n_bytes > usable)
        return false;
    return 2 * n_bytes >= usable || bp_class_for(n_bytes) == key / 2;
}

static void *large_resize(void *pointer, size_t n_bytes)
{
    struct bp_heap *heap = bp_registry_borrow();
    void *resized = bp_large_resize(heap, pointer, n_bytes);
    bp_registry_return(heap);
    bp_purge_check();
    return resized;
}

void *bp_request_resize(void *pointer, size_t n_bytes, enum bp_verdict *ret_verdict)
{
    size_t key = bp_heap_key_of(pointer);
    size_t usable = bp_request_usable(pointer, ret_verdict);
    if (*ret_verdict != BP_DONE || n_bytes > BP_REQUEST_MAX)
        return NULL;
    if (fits_in_place(key, usable, n_bytes))
        return pointer;
    void *resized = key ? NULL : large_resize(pointer, n_bytes);
    if (resized)
        return resized;
    resized = bp_request_alloc(n_bytes, BP_OBJECT_ALIGN, false);
    if (!resized)
        return NULL;
    memcpy(resized, pointer, bp_min(usable, n_bytes));
    bp_request_free(pointer);
    return resized;
}

size_t bp_request_trim(void)
{
    bp_registry_flush();
    bp_depot_drain();
    return bp_purge_all();
}
