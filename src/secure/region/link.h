// SPDX-License-Identifier: MIT
// How free objects of a class are chained: by their first words, which hold the next one's address
// mixed with a secret and with the object's own address. Invariants:
//  1. A word that was not written here decodes to an address that is none of ours, but for one
//     chance in millions: the process ends where it is read.
//  2. No object's link is another's: copying one does not forge one.
#ifndef BP_REGION_LINK_H
#define BP_REGION_LINK_H

#include "base/atomics.h"
#include "base/attr.h"
#include "core/report.h"
#include "core/seal.h"
#include "reserve/reserve.h"

BP_HOT uint64_t bp_link_mask(const void *object)
{
    uint64_t address = (uint64_t)(size_t)object;
    return bp_secrets.link ^ (address << 20 | address >> 44);
}

// The object's link was overwritten.
BP_COLD BP_NORETURN void bp_link_die(const void *object);

// NULL, or where an object of the arena area may begin.
BP_HOT bool bp_link_is_honest(size_t next)
{
    size_t offset = next - (size_t)bp_hot.base;
    return !next || (offset >> 4 | offset << 60) < bp_hot.arena_units;
}

BP_HOT void *bp_link_next(const void *object)
{
    size_t next = *(const uint64_t *)object ^ bp_link_mask(object);
    if (BP_UNLIKELY(!bp_link_is_honest(next)))
        bp_link_die(object);
    return (void *)next;
}

// While the object's owner may be using it already: then what is read means nothing.
BP_HOT void *bp_link_peek(void *object)
{
    size_t raw = (size_t)bp_peek_acquire((void **)object); // pairs with what its caller says
    size_t next = raw ^ bp_link_mask(object);
    return bp_link_is_honest(next) ? (void *)next : NULL;
}

BP_HOT void bp_link_set(void *object, void *next)
{
    *(uint64_t *)object = (uint64_t)(size_t)next ^ bp_link_mask(object);
}

// What is behind the link stays zero.
enum { BP_LINK_NOTES = 0 };

BP_HOT void *bp_link_noted(const void *object)
{
    (void)object;
    return NULL;
}

BP_HOT void bp_link_note(void *object, void *noted)
{
    (void)object;
    (void)noted;
}

#endif
