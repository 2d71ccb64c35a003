// SPDX-License-Identifier: MIT
// The bins of a heap for objects whose chunk has another owner number. Invariants:
//  1. Objects only come in; all of a bin's leave together, to the depot or to malloc. A few are
//     neighbours of what others use, and are not handed out here.
//  2. goal is how many objects make a magazine; heap.h's capacity_bytes counts it. limit grows to
//     it in stretches, and room == limit - length of the chain.
//  3. Where one stretch ends and the next begins is noted (region/chain.h). A bin whose objects
//     leave, or change otherwise, forgets what was noted.
#ifndef BP_THREAD_STRAYS_H
#define BP_THREAD_STRAYS_H

#include "thread/heap.h"

// The bin has no room. False: it is a magazine, or new, and bp_strays_turn is due.
bool bp_strays_go_on(struct bp_heap *heap, unsigned owner, unsigned class_index);
// What it has goes to the depot, where threads of its owner look first.
void bp_strays_turn(struct bp_heap *heap, unsigned owner, unsigned class_index);
// Strays in bulk are memory that has moved here: as good as the heap's own. head NULL if they are
// few.
struct bp_magazine bp_strays_take(struct bp_heap *heap, unsigned class_index);

// Of all bins: those that nobody used since this was called last go to the depot's spans; all do;
// all go to the depot as magazines.
void bp_strays_age(struct bp_heap *heap);
void bp_strays_flush(struct bp_heap *heap);
void bp_strays_give(struct bp_heap *heap);
// Makes room agree with the chains again.
void bp_strays_settle(struct bp_heap *heap);

// Objects of the class in all of them.
size_t bp_strays_kept(struct bp_heap *heap, unsigned class_index);

#endif
