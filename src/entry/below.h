// SPDX-License-Identifier: MIT
// What the malloc family stands on: a request of any size, and what a pointer is. The secure
// library has another header of this name (src/secure), where every object is warded.
#ifndef BP_ENTRY_BELOW_H
#define BP_ENTRY_BELOW_H

#include "os/os.h"
#include "thread/request.h"

static inline void *bp_below_alloc(size_t n_bytes, size_t align, bool zero)
{
    return bp_request_alloc(n_bytes, align, zero);
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
