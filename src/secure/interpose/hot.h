// SPDX-License-Identifier: MIT
// What stands first in the names that programs call: wards, in line. Forms of new and delete, and
// sizes that are passed, are held against what the ward knows.
#ifndef BP_INTERPOSE_HOT_H
#define BP_INTERPOSE_HOT_H

#include "ward/ward.h"

BP_HOT void *bp_hot_try_malloc(size_t n_bytes)
{
    return bp_ward_try_alloc(n_bytes);
}

BP_HOT bool bp_hot_try_free(void *object)
{
    return bp_ward_try_free(object);
}

BP_HOT void *bp_hot_try_calloc(size_t n_bytes)
{
    return bp_ward_try_alloc(n_bytes);
}

enum { BP_HOT_CLEARS = 0 }; // pools read zero

BP_HOT void *bp_hot_mark_new(void *object)
{
    return bp_ward_mark(object, BP_KIND_NEW);
}

BP_HOT void *bp_hot_mark_new_array(void *object)
{
    return bp_ward_mark(object, BP_KIND_NEW_ARRAY);
}

BP_HOT void bp_hot_expect_new(const void *object)
{
    bp_ward_expect_kind(object, BP_KIND_NEW);
}

BP_HOT void bp_hot_expect_new_array(const void *object)
{
    bp_ward_expect_kind(object, BP_KIND_NEW_ARRAY);
}

BP_HOT void bp_hot_expect_size(const void *object, size_t n_bytes)
{
    bp_ward_expect_size(object, n_bytes);
}

#endif
