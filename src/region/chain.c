// SPDX-License-Identifier: MIT
#include "region/chain.h"

#include "base/attr.h"
#include "core/report.h"
#include "region/link.h"
#include "region/size_class.h"
#include "reserve/reserve.h"

#include <stdbool.h>

static bool is_in_span(unsigned class_index, const void *pointer)
{
    size_t offset = (size_t)pointer - (size_t)bp_reservation.base;
    return offset < bp_hot.arena_units << 4 &&
           bp_key_class(bp_chunk_map()[offset >> BP_CHUNK_SHIFT]) == class_index;
}

static bool is_object(unsigned class_index, const void *pointer)
{
    return is_in_span(class_index, pointer) && bp_class_starts(class_index, pointer);
}

// How many honest steps the chain has, at most `most`; *ret_rest: where it goes on.
static uint32_t walk(unsigned class_index, const void *chain, uint32_t most, const void **ret_rest)
{
    uint32_t count = 0;
    while (count < most && chain && BP_LIKELY(is_object(class_index, chain))) {
        chain = bp_link_next(chain);
        count++;
    }
    *ret_rest = chain;
    return count;
}

// The object at which a ring is entered, NULL if there is no ring: it was pushed twice (Floyd's
// tortoise and hare, from Knuth, 3.1, exercise 6).
static const void *ring_entry(unsigned class_index, const void *chain)
{
    const void *slow = chain, *fast = chain;
    do {
        for (int i = 0; i < 2; i++) {
            if (!fast || !is_object(class_index, fast))
                return NULL;
            fast = bp_link_next(fast);
        }
        slow = bp_link_next(slow);
    } while (slow != fast);
    for (slow = chain; slow != fast; slow = bp_link_next(slow))
        fast = bp_link_next(fast);
    return slow;
}

BP_COLD static BP_NORETURN void chain_die(unsigned class_index, const void *chain, const void *rest)
{
    size_t bytes = bp_class[class_index].object_bytes;
    const void *twice = ring_entry(class_index, chain);
    if (twice)
        bp_die_double_free(twice, bytes);
    if (rest && !((size_t)rest % BP_OBJECT_ALIGN) && is_in_span(class_index, rest) &&
        !is_object(class_index, rest))
        bp_die_invalid(rest, "free");
    bp_die_corrupt(bytes);
}

void bp_chain_expect(unsigned class_index, const void *chain, uint32_t count)
{
    const void *rest;
    if (BP_UNLIKELY(walk(class_index, chain, count, &rest) != count || rest))
        chain_die(class_index, chain, rest);
}

uint32_t bp_chain_count(unsigned class_index, const void *chain)
{
    const void *rest;
    uint32_t count = walk(class_index, chain, bp_class[class_index].magazine_capacity, &rest);
    if (BP_UNLIKELY(rest))
        chain_die(class_index, chain, rest);
    return count;
}
