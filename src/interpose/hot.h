// SPDX-License-Identifier: MIT
// What stands first in the names that programs call. The secure library has another header of this
// name (src/secure), which wards every object and holds sizes and forms of delete against it.
#ifndef BP_INTERPOSE_HOT_H
#define BP_INTERPOSE_HOT_H

#include "thread/heap_hot.h"

BP_HOT void *bp_hot_try_malloc(size_t n_bytes)
{
    return bp_heap_try_malloc(n_bytes);
}

BP_HOT bool bp_hot_try_free(void *object)
{
    return bp_heap_try_free(object);
}

// calloc's: the object may read anything.
BP_HOT void *bp_hot_try_calloc(size_t n_bytes)
{
    struct bp_heap_hot *heap = bp_heap_tls;
    return bp_heap_try_alloc(heap, heap->key[(n_bytes + 15) >> 4]);
}

enum { BP_HOT_CLEARS = 1 }; // what calloc got from here has to be cleared

// An object came from new or new[] ...
BP_HOT void *bp_hot_mark_new(void *object)
{
    return object;
}

BP_HOT void *bp_hot_mark_new_array(void *object)
{
    return object;
}

// ... and is to go by delete or delete[], or by a function that names its size. Neither is trusted
// or needed here: the address knows better.
BP_HOT void bp_hot_expect_new(const void *object)
{
    (void)object;
}

BP_HOT void bp_hot_expect_new_array(const void *object)
{
    (void)object;
}

BP_HOT void bp_hot_expect_size(const void *object, size_t n_bytes)
{
    (void)object;
    (void)n_bytes;
}

#endif
