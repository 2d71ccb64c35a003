// SPDX-License-Identifier: MIT
// What the malloc family stands on in the secure library: every object is warded, and has as many
// bytes as were asked for.
#ifndef BP_ENTRY_BELOW_H
#define BP_ENTRY_BELOW_H

#include "thread/request.h"
#include "ward/table.h"
#include "ward/ward.h"

// Wards have no shorter way.
static inline void *bp_below_try_alloc(size_t n_bytes)
{
    (void)n_bytes;
    return NULL;
}

static inline bool bp_below_try_free(void *pointer)
{
    (void)pointer;
    return false;
}

static inline void *bp_below_try_resize(void *pointer, size_t n_bytes)
{
    (void)pointer, (void)n_bytes;
    return NULL;
}

static inline void *bp_below_alloc(size_t n_bytes, size_t align, bool zero)
{
    return bp_ward_alloc(n_bytes, align, zero);
}

static inline enum bp_verdict bp_below_free(void *pointer)
{
    return bp_ward_free(pointer);
}

static inline void *bp_below_resize(void *pointer, size_t n_bytes, enum bp_verdict *ret_verdict)
{
    return bp_ward_resize(pointer, n_bytes, ret_verdict);
}

static inline size_t bp_below_class_bytes(const void *pointer)
{
    return bp_empty_owns(pointer) ? 0 : bp_large_class_bytes(pointer);
}

static inline size_t bp_below_usable(const void *pointer, enum bp_verdict *ret_verdict)
{
    return bp_ward_usable(pointer, ret_verdict);
}

// What a request of n bytes can use: these, because a canary follows them.
static inline size_t bp_below_good(size_t n_bytes)
{
    return n_bytes;
}

#endif
