// SPDX-License-Identifier: MIT
// Chains of free objects, held against what they must be. The hot path pushes and pops without a
// look; here, where whole magazines change hands, a caller's crimes come to light:
//  1. An object that was freed twice makes its chain a ring, or joins two chains: the count is off.
//  2. A pointer into the middle of an object does not lie at a multiple of the class's bytes.
//  3. A link that was overwritten after free leads elsewhere, or nowhere.
// All three end the process with one line (core/report.h). Each step is checked before it is made,
// so that no link leads out of the spans of the class.
//  4. Each step waits for the cache, and so do four: a chain whose growth was noted is walked in
//     four stretches abreast. When it was one, two and three stretches long, its head was noted; a
//     noted object's second word leads to the one before. Notes are hints: a chain that does not
//     agree with them is walked like any other.
#ifndef BP_REGION_CHAIN_H
#define BP_REGION_CHAIN_H

#include "region/link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The chain must have exactly so many objects of the class.
void bp_chain_expect(unsigned class_index, const void *chain, uint32_t count);
// The same for a chain of any length that a magazine may have; returns it.
uint32_t bp_chain_count(unsigned class_index, const void *chain);

enum { BP_CHAIN_STRETCHES = 4 };
// Does the chain have exactly so many objects, as far as the object tells that was noted last, or
// NULL? True is certain; false means nothing.
bool bp_chain_agrees(unsigned class_index, const void *chain, uint32_t count, const void *noted);

// How many objects an honest chain has.
static inline uint32_t bp_chain_length(const void *chain)
{
    uint32_t count = 0;
    for (; chain; chain = bp_link_next(chain))
        count++;
    return count;
}

#endif
