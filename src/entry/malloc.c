// SPDX-License-Identifier: MIT
#include "core/options.h"
#include "core/report.h"
#include "entry/entry.h"
#include "profile/profile.h"
#include "thread/nofree.h"
#include "thread/registry.h"
#include "thread/request.h"

#include <errno.h>
#include <string.h>

static inline void attach_if_new(void)
{
    if (BP_UNLIKELY(bp_heap_tls == &bp_heap_none))
        bp_entry_attach();
}

static void *or_enomem(void *pointer)
{
    if (BP_UNLIKELY(!pointer))
        errno = ENOMEM;
    return pointer;
}

void *bp_entry_malloc_slow(size_t n_bytes)
{
    struct bp_heap *heap = bp_registry_own();
    void *object;
    if (n_bytes > BP_SMALL_MAX && heap && (object = bp_large_try_alloc(heap, n_bytes)))
        return object;
    if (bp_nofree_is_on() && heap && !heap->sample_mean_bytes && n_bytes <= BP_SMALL_MAX &&
        (object = bp_nofree_try(heap, n_bytes, BP_OBJECT_ALIGN)))
        return object;
    attach_if_new();
    return or_enomem(bp_request_alloc(n_bytes, BP_OBJECT_ALIGN, false));
}

void *bp_entry_calloc_slow(size_t count, size_t n_bytes)
{
    size_t total;
    attach_if_new();
    if (__builtin_mul_overflow(count, n_bytes, &total))
        return or_enomem(NULL);
    return or_enomem(bp_request_alloc(total, BP_OBJECT_ALIGN, true));
}

void bp_entry_free_slow(void *pointer)
{
    struct bp_heap *heap = pointer ? bp_registry_own() : NULL;
    if (!pointer || (heap && bp_large_try_free(heap, pointer)))
        return;
    if (bp_nofree_owns(pointer) && !bp_load_u32_relaxed(&bp_profile_used)) {
        bp_nofree_free(pointer);
        return;
    }
    attach_if_new();
    switch (bp_request_free(pointer)) {
    case BP_DONE:
        return;
    case BP_FOREIGN:
        bp_entry_foreign_free(pointer);
        return;
    case BP_DOUBLE_FREE:
        bp_die_double_free(pointer, bp_large_class_bytes(pointer));
    case BP_INVALID:
        bp_die_invalid(pointer, "free");
    }
}

static void *resize(void *pointer, size_t n_bytes)
{
    enum bp_verdict verdict;
    attach_if_new();
    void *resized = bp_request_resize(pointer, n_bytes, &verdict);
    if (resized)
        return resized;
    if (verdict == BP_FOREIGN)
        return bp_entry_foreign_realloc(pointer, n_bytes);
    if (verdict != BP_DONE)
        bp_die_invalid(pointer, "realloc");
    return or_enomem(NULL);
}

// The common case: a small object that stays, or moves from one bin to another. NULL: neither.
static void *small_resize(void *pointer, size_t n_bytes)
{
    size_t key = bp_heap_key_of(pointer);
    if (!key || !n_bytes)
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

void *bp_entry_realloc(void *pointer, size_t n_bytes)
{
    void *resized = small_resize(pointer, n_bytes);
    if (resized)
        return resized;
    if (!pointer)
        return bp_entry_malloc_slow(n_bytes);
    if (n_bytes)
        return resize(pointer, n_bytes);
    if (bp_options.realloc_zero_allocates)
        return resize(pointer, 1);
    bp_entry_free_slow(pointer);
    return NULL;
}
