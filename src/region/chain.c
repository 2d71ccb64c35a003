// SPDX-License-Identifier: MIT
#include "region/chain.h"

#include "base/attr.h"
#include "core/report.h"
#include "region/link.h"
#include "region/size_class.h"
#include "region/span.h"
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
    return is_in_span(class_index, pointer) && bp_span_has(class_index, pointer);
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

// Where the stretches begin, the newest first; false if what was noted are no objects.
static bool stretches_find(unsigned class_index, const void *chain, const void *noted,
                           const void *ret_begin[BP_CHAIN_STRETCHES])
{
    ret_begin[0] = chain;
    for (int i = 1; i < BP_CHAIN_STRETCHES; i++, noted = bp_link_noted(noted)) {
        if (!noted || !is_object(class_index, noted))
            return false;
        ret_begin[i] = noted;
    }
    return true;
}

// One step in each.
static inline bool stretches_step(unsigned class_index, const void *at[BP_CHAIN_STRETCHES])
{
    bool good = true;
#pragma GCC unroll 4
    for (int i = 0; i < BP_CHAIN_STRETCHES; i++)
        good = good && is_object(class_index, at[i]);
    if (BP_UNLIKELY(!good))
        return false;
#pragma GCC unroll 4
    for (int i = 0; i < BP_CHAIN_STRETCHES; i++)
        at[i] = bp_link_next(at[i]);
    return true;
}

bool bp_chain_agrees(unsigned class_index, const void *chain, uint32_t count, const void *noted)
{
    const void *at[BP_CHAIN_STRETCHES], *begin[BP_CHAIN_STRETCHES + 1] = {NULL};
    if (!noted || count % BP_CHAIN_STRETCHES || !stretches_find(class_index, chain, noted, begin))
        return false;
    for (int i = 0; i < BP_CHAIN_STRETCHES; i++)
        at[i] = begin[i];
    for (uint32_t i = 0; i < count / BP_CHAIN_STRETCHES; i++) {
        if (BP_UNLIKELY(!stretches_step(class_index, at)))
            return false;
    }
    bool good = true;
    for (int i = 0; i < BP_CHAIN_STRETCHES; i++)
        good = good && at[i] == begin[i + 1];
    return good;
}

uint32_t bp_chain_count(unsigned class_index, const void *chain)
{
    const void *rest;
    uint32_t count = walk(class_index, chain, bp_class[class_index].magazine_capacity, &rest);
    if (BP_UNLIKELY(rest))
        chain_die(class_index, chain, rest);
    return count;
}
