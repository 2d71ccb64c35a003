// SPDX-License-Identifier: MIT
// calloc on the hot path: small objects are cleared in line. Only the interpose layer inlines it,
// into the names that programs call.
#ifndef BP_INTERPOSE_ZEROED_H
#define BP_INTERPOSE_ZEROED_H

#include "entry/entry.h"
#include "interpose/hot.h"

enum { BP_CALLOC_INLINE_MAX = 256 };

// Objects are whole 16-byte units: a short loop beats a call for small ones.
static inline void *bp_zeroed(void *object, size_t n_bytes)
{
    typedef long long unit __attribute__((vector_size(16), may_alias));
    unit *at = object;
    unit *end = at + (n_bytes + 15) / 16;
    for (; at < end; at++) {
        *at = (unit){0, 0};
        __asm__ volatile("" ::: "memory"); // or it becomes a call of memset
    }
    return object;
}

BP_HOT void *bp_hot_calloc(size_t count, size_t n_bytes)
{
    size_t total;
    if (BP_UNLIKELY(__builtin_mul_overflow(count, n_bytes, &total) || total > BP_CALLOC_INLINE_MAX))
        return bp_entry_calloc_slow(count, n_bytes);
    void *object = bp_hot_try_calloc(total);
    if (BP_UNLIKELY(!object))
        return bp_entry_calloc_slow(count, n_bytes);
    return BP_HOT_CLEARS ? bp_zeroed(object, total) : object;
}

#endif
