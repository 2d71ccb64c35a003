// SPDX-License-Identifier: MIT
// What the malloc family stands on in the secure library: every object is warded, and has as many
// bytes as were asked for.
#ifndef BP_ENTRY_BELOW_H
#define BP_ENTRY_BELOW_H

#include "thread/request.h"
#include "ward/ward.h"

static inline void *bp_below_alloc(size_t n_bytes, size_t align, bool zero)
{
    return bp_ward_alloc(n_bytes, align, zero);
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
