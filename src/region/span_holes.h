// SPDX-License-Identifier: MIT
// A span's free objects: a chain for each hole (region/hole.h), so that a hole of which all are
// free is known without a look, and leaves without one. Invariants:
//  1. A hole's chain has `count` objects, from `head` to `tail`, which stand for offsets from the
//     span's start in units of 16 bytes and mean something while there are any.
//  2. `stocked` has a bit for each hole with a chain; `ripe` for each of which all are chained, and
//     for some that lack one: a hint, which is read without the lock too.
//  3. A punched hole has no chain, and nothing is written to it.
//  4. A link that was overwritten after free is told where a chain is cut, not followed: an offset
//     would make any address one of the span's.
// Counts over the whole span are span.c's. Functions need the depot lock of the class.
#ifndef BP_REGION_SPAN_HOLES_H
#define BP_REGION_SPAN_HOLES_H

#include "region/span.h"

void bp_holes_put(struct bp_span *span, void *object);
// Takes up to `wanted` objects, puts them in front of the chain, and returns how many.
uint32_t bp_holes_take(struct bp_span *span, uint32_t wanted, void **chain);
// The holes of which every object is chained.
uint32_t bp_holes_free(struct bp_span *span);
// Their objects are chained no longer.
void bp_holes_drop(struct bp_span *span, uint32_t holes);
// All of its objects are chained, from the first to the last.
void bp_holes_fill(struct bp_span *span, uint32_t hole);
uint32_t bp_holes_objects(unsigned class_index, uint32_t holes);

#endif
