// SPDX-License-Identifier: MIT
// Holes: what a span in use gives its pages back as. Invariants:
//  1. A hole is a page, or one object where objects are larger. A span has at most 16.
//  2. An object belongs to the hole that it starts in, so a hole's objects may reach into the next
//     one: what a run of holes has for itself are the whole pages from the first one's first
//     object to the first object behind them.
#ifndef BP_REGION_HOLE_H
#define BP_REGION_HOLE_H

#include "base/bits.h"
#include "os/os.h"
#include "region/size_class.h"

enum { BP_HOLES_MAX = 16 };

static inline uint32_t bp_hole_bytes(unsigned class_index)
{
    return (uint32_t)bp_max(bp_os_page_bytes(), bp_class[class_index].object_bytes);
}

static inline uint32_t bp_hole_count(unsigned class_index)
{
    return (uint32_t)BP_CHUNK_BYTES / bp_hole_bytes(class_index);
}

// The hole that an object of the class belongs to, by its offset from the span's start.
static inline uint32_t bp_hole_at(unsigned class_index, uint32_t offset)
{
    uint32_t page = (uint32_t)bp_os_page_bytes();
    return bp_class[class_index].object_bytes <= page
               ? offset >> bp_log2_floor(page)
               : (uint32_t)((uint64_t)offset * bp_class_inverse[class_index] >> 32);
}

// The first object that starts in the hole, or behind it.
static inline uint32_t bp_hole_begin(unsigned class_index, uint32_t hole)
{
    uint32_t bytes = bp_class[class_index].object_bytes;
    uint32_t index = (hole * bp_hole_bytes(class_index) + bytes - 1) / bytes;
    return (uint32_t)bp_min(index, bp_class[class_index].span_objects);
}

static inline uint32_t bp_hole_objects(unsigned class_index, uint32_t hole)
{
    return bp_hole_begin(class_index, hole + 1) - bp_hole_begin(class_index, hole);
}

#endif
