// SPDX-License-Identifier: MIT
// The malloc family over wards.
#include "core/options.h"
#include "core/report.h"
#include "entry/below.h"
#include "entry/entry.h"
#include "ward/table.h"

#include <errno.h>

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
    attach_if_new();
    return or_enomem(bp_ward_alloc(n_bytes, BP_OBJECT_ALIGN, false));
}

void *bp_entry_calloc_slow(size_t count, size_t n_bytes)
{
    size_t total;
    attach_if_new();
    if (__builtin_mul_overflow(count, n_bytes, &total))
        return or_enomem(NULL);
    return or_enomem(bp_ward_alloc(total, BP_OBJECT_ALIGN, true));
}

void bp_entry_free_slow(void *pointer)
{
    if (!pointer)
        return;
    attach_if_new();
    switch (bp_ward_free(pointer)) {
    case BP_DONE:
        return;
    case BP_FOREIGN:
        bp_entry_foreign_free(pointer);
        return;
    case BP_DOUBLE_FREE:
        bp_die_double_free(pointer, bp_empty_owns(pointer) ? 0 : bp_large_class_bytes(pointer));
    case BP_INVALID:
        bp_die_invalid(pointer, "free");
    }
}

static void *resize(void *pointer, size_t n_bytes)
{
    enum bp_verdict verdict;
    attach_if_new();
    void *resized = bp_ward_resize(pointer, n_bytes, &verdict);
    if (resized)
        return resized;
    if (verdict == BP_FOREIGN)
        return bp_entry_foreign_realloc(pointer, n_bytes);
    if (verdict != BP_DONE)
        bp_die_invalid(pointer, "realloc");
    return or_enomem(NULL);
}

void *bp_entry_realloc(void *pointer, size_t n_bytes)
{
    if (!pointer)
        return bp_entry_malloc_slow(n_bytes);
    if (n_bytes)
        return resize(pointer, n_bytes);
    if (bp_options.realloc_zero_allocates)
        return resize(pointer, 1);
    bp_entry_free_slow(pointer);
    return NULL;
}
