// SPDX-License-Identifier: MIT
#include "core/options.h"
#include "core/report.h"
#include "entry/below.h"
#include "entry/entry.h"
#include "guard/guard.h"

#include <errno.h>

void bp_entry_die_invalid(const void *pointer, const char *function)
{
    if (bp_guard_owns(pointer))
        bp_guard_die_invalid(pointer, function);
    bp_die_invalid(pointer, function);
}

static void *or_enomem(void *pointer)
{
    if (BP_UNLIKELY(!pointer))
        errno = ENOMEM;
    return pointer;
}

void *bp_entry_malloc_slow(size_t n_bytes)
{
    void *object = bp_below_try_alloc(n_bytes);
    if (object)
        return object;
    bp_entry_enter();
    return or_enomem(bp_below_alloc(n_bytes, BP_OBJECT_ALIGN, false));
}

void *bp_entry_calloc_slow(size_t count, size_t n_bytes)
{
    size_t total;
    bp_entry_enter();
    if (__builtin_mul_overflow(count, n_bytes, &total))
        return or_enomem(NULL);
    return or_enomem(bp_below_alloc(total, BP_OBJECT_ALIGN, true));
}

void bp_entry_free_slow(void *pointer)
{
    if (!pointer || bp_below_try_free(pointer))
        return;
    bp_entry_enter();
    switch (bp_below_free(pointer)) {
    case BP_DONE:
        return;
    case BP_FOREIGN:
        bp_entry_foreign_free(pointer);
        return;
    case BP_DOUBLE_FREE:
        bp_die_double_free(pointer, bp_below_class_bytes(pointer));
    case BP_INVALID:
        bp_entry_die_invalid(pointer, "free");
    }
}

static void *resize(void *pointer, size_t n_bytes)
{
    enum bp_verdict verdict;
    bp_entry_enter();
    void *resized = bp_below_resize(pointer, n_bytes, &verdict);
    if (resized)
        return resized;
    if (verdict == BP_FOREIGN)
        return bp_entry_foreign_realloc(pointer, n_bytes);
    if (verdict != BP_DONE)
        bp_entry_die_invalid(pointer, "realloc");
    return or_enomem(NULL);
}

void *bp_entry_realloc(void *pointer, size_t n_bytes)
{
    void *resized = bp_below_try_resize(pointer, n_bytes);
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
