// SPDX-License-Identifier: MIT
// The memory of a simulated process, in units of 64 KiB that are alike: no addresses, no sizes.
//  1. A unit is in use, dirty (free, holds pages), clean (free, was purged), or fresh (never used).
//  2. What is taken into use was the newest dirty first, then the newest clean, then fresh.
//  3. What is purged was dirty the longest.
//  4. So used + dirty + clean is the highest use there ever was.
#ifndef PURGE_SIM_MEMORY_H
#define PURGE_SIM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

enum { SIM_UNIT_SHIFT = 16 };

// Units that became dirty, or were purged, at the same time.
struct sim_piece {
    size_t units;
    uint32_t ms;
};

// Oldest first.
struct sim_pieces {
    struct sim_piece *items;
    size_t first, end, room;
    size_t units;
};

struct sim_memory {
    size_t used_units;
    struct sim_pieces dirty, clean;
};

void sim_memory_free(struct sim_memory *memory);
size_t sim_memory_held_bytes(const struct sim_memory *memory);
static inline size_t sim_bytes(size_t units)
{
    return units << SIM_UNIT_SHIFT;
}

// used -> dirty
void sim_memory_release(struct sim_memory *memory, size_t units, uint32_t ms);
// dirty -> used; returns how many, which may be fewer.
size_t sim_memory_take_dirty(struct sim_memory *memory, size_t units);
// clean -> used, of one piece: how many, and when they were purged; 0 units if nothing is clean.
struct sim_piece sim_memory_take_clean(struct sim_memory *memory, size_t units);
// fresh -> used
void sim_memory_take_fresh(struct sim_memory *memory, size_t units);
// dirty -> clean, the oldest piece or a part of it; returns how many.
size_t sim_memory_purge(struct sim_memory *memory, size_t units, uint32_t ms);
// The oldest dirty piece; 0 units if there is none.
struct sim_piece sim_memory_oldest(const struct sim_memory *memory);

#endif
