// SPDX-License-Identifier: MIT
// How much memory the process may hold. Invariants:
//  1. Held is what is in use (chunks of spans, slots outside the pools, direct mappings) and what
//     is dirty. Metadata is not counted: it is under one percent, and never given back.
//  2. The hard limit is the user's: whoever takes memory into use charges it first, and is
//     refused what would exceed it. Threads that charge at once may all be refused, never all
//     admitted.
//  3. The soft limit is the hard one, or the control group's if that is lower. Nothing is refused
//     because of it, but the budget of dirty bytes shrinks as it nears.
#ifndef BP_RESERVE_LIMIT_H
#define BP_RESERVE_LIMIT_H

#include "base/atomics.h"
#include "base/attr.h"

extern BP_HIDDEN size_t bp_limit_soft_bytes; // SIZE_MAX: none

// hard_bytes 0: none; group_bytes SIZE_MAX: none
void bp_limit_init(size_t hard_bytes, size_t group_bytes);
bool bp_limit_is_set(void);
size_t bp_limit_bytes(void); // the soft one; SIZE_MAX: none
// Adds to the counter what is taken into use; false, and nothing added, if the limit forbids it.
bool bp_limit_charge(bp_atomic_size *counter, size_t n_bytes);
// More memory is in use: has there ever been so much? Statistics alone ask.
void bp_limit_note_peak(void);
// How much must be purged for n_bytes more to fit; SIZE_MAX if they never will.
size_t bp_limit_excess_bytes(size_t n_bytes);
// How much more may be in use before the soft limit is reached; SIZE_MAX without one.
size_t bp_limit_room_bytes(void);

#endif
