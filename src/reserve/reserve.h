// SPDX-License-Identifier: MIT
// The reservation: one giant mapping, made once. Invariants:
//  1. [base, base + n_bytes) is ours for ever; below 2^47; nothing else is mapped in it.
//  2. From low to high: metadata, arena area, class regions. The part below the class regions is
//     counted in chunks from base; chunk 0 is metadata, so 0 can mean "none".
//  3. A reservation of less than BP_RESERVE_REGIONS_MIN has no class regions: the arena area is
//     all of it, and large requests take runs of chunks there.
//  4. The chunk map stands at base itself: 2 bytes a chunk. It is committed for all
//     chunks below the frontier, and bp_hot.arena_units is the frontier in 16-byte units.
//  5. Without a reservation everything here is 0 and every address is foreign to it.
#ifndef BP_RESERVE_RESERVE_H
#define BP_RESERVE_RESERVE_H

#include "base/atomics.h"
#include "base/attr.h"
#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BP_RESERVE_REGIONS_MIN (64 * BP_GIB)

// What every free() reads; alone on its cache line.
struct bp_hot {
    char *base;
    // Written under the chunks lock, read plainly by the hot path, where an atomic load would
    // cost an instruction: whoever got a pointer has seen a frontier that covers it.
    size_t arena_units;
} BP_LINE_ALIGNED;

struct bp_reservation {
    char *base;
    size_t n_bytes;
    uint32_t arena_begin; // first chunk that is not metadata
    uint32_t arena_end;   // chunks below the class regions
    unsigned region_count;
    unsigned region_shift; // log2 of a class region's share
    char *regions;         // where the first one begins
};

extern BP_HIDDEN struct bp_hot bp_hot;
extern BP_HIDDEN struct bp_reservation bp_reservation;

// Makes the largest reservation that the system grants, down to none; cannot fail.
void bp_reserve_init(size_t wanted_bytes);

// Commit and decommit with the books kept: dump flag, counters. False changes nothing.
bool bp_reserve_commit(void *addr, size_t n_bytes);
bool bp_reserve_decommit(void *addr, size_t n_bytes);
// Purges a committed range that holds so many dirty bytes, and counts it. Where commit is charged
// it is decommitted too. False: the memory is as it was.
bool bp_reserve_purge(void *addr, size_t n_bytes, size_t dirty_bytes);
// The same for what may read anything after it, unless *ret_zero, and then needs bp_os_reuse.
bool bp_reserve_discard(void *addr, size_t n_bytes, bool *ret_zero);
// So for a part of what stays in use: its charge stays with it (bp_os_charges_commit).
bool bp_reserve_punch(void *addr, size_t n_bytes);
// Purges by decommit, where commit is charged: of the range so many bytes are committed.
bool bp_reserve_release(void *addr, size_t n_bytes, size_t committed_bytes, size_t dirty_bytes);
// By how much what is committed grows at a time, when so much is in use.
size_t bp_reserve_window_bytes(size_t in_use_bytes);
// Counts what was purged in another way.
void bp_reserve_note_purge(bool failed, size_t dirty_bytes);

// Is the address inside the reservation?
static inline bool bp_reserve_owns(const void *pointer)
{
    return (size_t)pointer - (size_t)bp_reservation.base < bp_reservation.n_bytes;
}

static inline char *bp_chunk_address(uint32_t chunk)
{
    return bp_reservation.base + ((size_t)chunk << BP_CHUNK_SHIFT);
}

// pointer is inside the reservation, below the class regions
static inline uint32_t bp_chunk_of(const void *pointer)
{
    return (uint32_t)((size_t)((const char *)pointer - bp_reservation.base) >> BP_CHUNK_SHIFT);
}

static inline uint16_t *bp_chunk_map(void)
{
    return (uint16_t *)(void *)bp_reservation.base;
}

static inline char *bp_region_base(unsigned region)
{
    return bp_reservation.regions + ((size_t)region << bp_reservation.region_shift);
}

#endif
