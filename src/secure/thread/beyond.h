// SPDX-License-Identifier: MIT
// Objects that only wards know: those with guards around them begin inside what a heap gave, and
// those of no bytes may lie outside the reservation.
#ifndef BP_THREAD_BEYOND_H
#define BP_THREAD_BEYOND_H

#include "ward/table.h"

static inline bool bp_beyond_owns(const void *pointer)
{
    struct bp_paged entry;
    return bp_empty_owns(pointer) || bp_paged_find(pointer, &entry);
}

// Memory that only they keep goes back: bytes.
static inline size_t bp_beyond_trim(void)
{
    return bp_paged_trim();
}

#endif
