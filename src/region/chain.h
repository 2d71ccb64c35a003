// SPDX-License-Identifier: MIT
// Chains of free objects, held against what they must be. The hot path pushes and pops without a
// look; here, where whole magazines change hands, a caller's crimes come to light:
//  1. An object that was freed twice makes its chain a ring, or joins two chains: the count is off.
//  2. A pointer into the middle of an object does not lie at a multiple of the class's bytes.
//  3. A link that was overwritten after free leads elsewhere, or nowhere.
// All three end the process with one line (core/report.h). Each step is checked before it is made,
// so that no link leads out of the spans of the class.
#ifndef BP_REGION_CHAIN_H
#define BP_REGION_CHAIN_H

#include <stddef.h>
#include <stdint.h>

// The chain must have exactly so many objects of the class.
void bp_chain_expect(unsigned class_index, const void *chain, uint32_t count);
// The same for a chain of any length that a magazine may have; returns it.
uint32_t bp_chain_count(unsigned class_index, const void *chain);

#endif
