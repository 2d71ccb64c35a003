// SPDX-License-Identifier: MIT
// Objects that only what stands on the heaps knows: none. The secure library has another header of
// this name (src/secure), where wards know theirs.
#ifndef BP_THREAD_BEYOND_H
#define BP_THREAD_BEYOND_H

#include <stdbool.h>
#include <stddef.h>

static inline bool bp_beyond_owns(const void *pointer)
{
    (void)pointer;
    return false;
}

static inline size_t bp_beyond_trim(void)
{
    return 0;
}

#endif
