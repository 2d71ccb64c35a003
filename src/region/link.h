// SPDX-License-Identifier: MIT
// How free objects of a class are chained: by their first words, which hold the next one's address.
// The secure library has another header of this name (src/secure), which writes no plain address.
#ifndef BP_REGION_LINK_H
#define BP_REGION_LINK_H

#include "base/atomics.h"
#include "base/attr.h"

BP_HOT void *bp_link_next(const void *object)
{
    return *(void *const *)object;
}

// While the object's owner may be using it already.
BP_HOT void *bp_link_peek(void *object)
{
    return bp_peek_acquire((void **)object); // pairs with what its caller says
}

BP_HOT void bp_link_set(void *object, void *next)
{
    *(void **)object = next;
}

// A second chain through some objects of the first (region/chain.h).
enum { BP_LINK_NOTES = 1 };

BP_HOT void *bp_link_noted(const void *object)
{
    return ((void *const *)object)[1];
}

BP_HOT void bp_link_note(void *object, void *noted)
{
    ((void **)object)[1] = noted;
}

#endif
