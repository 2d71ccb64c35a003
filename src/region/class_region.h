// SPDX-License-Identifier: MIT
// Class regions: each power of two from 2^16 to 2^38 owns an equal share of the reservation,
// cut into slots. Invariants:
//  1. A slot holds one object, at the slot's start; its state is out of line, free slots are not
//     written to.
//  2. USED: the object has usable_bytes, all committed. SAMPLED: so too, and the profile knows it;
//     the state alone tells free that it has to ask there. CACHED: a thread heap keeps it for
//     itself; only that thread, or who takes it from the heap's shared places, may touch the
//     record. DIRTY and CLEAN: in the region's pools. BUSY: being purged. FRESH: never used.
//     STABLE: used, and the object is not to move while the slot holds it.
//  3. Bytes from dirty_bytes on read zero. It covers usable_bytes in a used slot.
//  4. Small slots are committed whole, a window of many at a time; larger ones as they are used.
// Regions are numbered 0..22; region r has slots of 2^(16 + r) bytes.
#ifndef BP_REGION_CLASS_REGION_H
#define BP_REGION_CLASS_REGION_H

#include "base/bits.h"
#include "base/limits.h"
#include "reserve/meta.h"
#include "reserve/reserve.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_lock;

enum { BP_UNIT_REGION = 21 - BP_SLOT_MIN_SHIFT }; // slots as large as a huge page

enum bp_slot_state {
    BP_SLOT_FRESH,
    BP_SLOT_USED,
    BP_SLOT_CACHED,
    BP_SLOT_DIRTY,
    BP_SLOT_CLEAN,
    BP_SLOT_BUSY,
    BP_SLOT_STABLE,
    BP_SLOT_SAMPLED
};

// What slow paths did with a region's slots since the start; relaxed, statistics alone.
struct bp_region_counts {
    bp_atomic_size allocs, frees; // beside those that heaps count in their own caches
    bp_atomic_size fresh;         // slots that were cut fresh
    bp_atomic_size refills;       // commits of windows, or of single slots too large for them
    bp_atomic_size cleared_on_free, cleared_later, clear_failures; // slots
    bp_atomic_size fallbacks; // requests that found no slot here
};

struct bp_slot {
    size_t usable_bytes; // in the clean pool: bytes that the last purge released
    size_t dirty_bytes;
    size_t committed_bytes;
    uint32_t older, newer; // in the dirty pool; older alone in the clean pool; index + 1
    uint32_t stamp;        // when it became dirty; in the clean pool: when it was purged, or 0
    uint8_t state;
    bool huge : 1;  // huge pages were asked for
    bool lax : 1;   // committed whole without charge
    uint16_t moved; // pieces that were moved in: mappings that do not merge
};

// n_bytes > 0; the region whose slots hold them, may be >= region_count
static inline unsigned bp_region_for(size_t n_bytes)
{
    return bp_log2_floor((n_bytes - 1) | (BP_CHUNK_BYTES - 1)) + 1 - BP_SLOT_MIN_SHIFT;
}

static inline size_t bp_region_slot_bytes(unsigned region)
{
    return BP_CHUNK_BYTES << region;
}

// Any pointer: is it in a class region?
static inline bool bp_region_of(const void *pointer, unsigned *ret_region)
{
    size_t offset = (size_t)pointer - (size_t)bp_region_base(0);
    size_t region = offset >> bp_reservation.region_shift;
    *ret_region = (unsigned)region;
    return region < bp_reservation.region_count;
}

static inline struct bp_slot *bp_region_slot(unsigned region, const void *pointer)
{
    size_t offset = (size_t)((const char *)pointer - bp_region_base(region));
    struct bp_slot *slots = bp_meta_begin((enum bp_meta_area)(BP_META_SLOTS + region));
    return slots + (offset >> (BP_SLOT_MIN_SHIFT + region));
}

// The record of the slot that starts at pointer, or NULL; pointer is in the region.
static inline struct bp_slot *bp_region_find(unsigned region, const void *pointer)
{
    size_t offset = (size_t)((const char *)pointer - bp_region_base(region));
    size_t record = (offset >> (BP_SLOT_MIN_SHIFT + region)) * sizeof(struct bp_slot);
    bool starts = (offset & (bp_region_slot_bytes(region) - 1)) == 0;
    // A table that grows meanwhile cannot matter: the owner of the slot has seen its record.
    if (!starts || record >= bp_meta_committed[BP_META_SLOTS + region])
        return NULL;
    return (struct bp_slot *)(void *)(bp_meta_start[BP_META_SLOTS + region] + record);
}

// From the pools, or cut fresh; the slot is CACHED then, and the caller's. NULL if there is none.
void *bp_region_take_pooled(unsigned region);
void *bp_region_take_fresh(unsigned region);
// A CACHED slot becomes USED with so many bytes; false (nothing changed) if commit fails.
// *ret_dirty_bytes: how many of them, from the start, may not be zero.
bool bp_region_use(unsigned region, void *object, size_t n_bytes, size_t *ret_dirty_bytes);
// A CACHED slot is committed as a whole and without charge, where the system lets it: growth takes
// no call then. Its content may be lost.
void bp_region_commit_whole(unsigned region, void *object);
// A USED slot becomes STABLE.
void bp_region_fix(unsigned region, void *object);
// A CACHED slot holds no pages any more; false if the system refuses.
bool bp_region_clear(unsigned region, void *object);
// The pages of a USED slot are gone; it is freed next.
void bp_region_emptied(unsigned region, void *object);
// A CACHED slot goes to the pools.
void bp_region_give(unsigned region, void *object);
// A USED or STABLE slot in place: more or fewer usable bytes, within the slot.
bool bp_region_resize(unsigned region, void *object, size_t n_bytes);
// Brings the first n_bytes of one used slot to another: pages move as far as the system moves
// them, the rest is copied.
void bp_region_move(unsigned from_region, void *from, unsigned to_region, void *to, size_t n_bytes);

// Fills a used slot from dirty_bytes on with pages that dirty slots of any class hold: cheaper than
// faulting, and RSS does not rise. Whole 2 MiB units alone, whose page tables move as one.
// Returns where that ends.
size_t bp_region_stock(unsigned region, void *object, size_t dirty_bytes);
// What lies behind `from` in a used slot is about to be written, from there to its end.
void bp_region_ask_huge(unsigned region, void *object, size_t from);
// The same because the program says so.
void bp_region_want_huge(unsigned region, void *object);

uint32_t bp_region_oldest_stamp(unsigned region);
// Purges the oldest dirty slot and its dirty neighbours in one call, as many as are wanted or 2
// MiB, whichever is more. Returns the bytes released.
size_t bp_region_purge_oldest(unsigned region, size_t wanted_bytes);
// Returns the commit charge of the clean slots.
size_t bp_region_decommit(unsigned region);
// In the child: what a thread that is not there had in its hands is dirty again.
void bp_region_after_fork(unsigned region);
struct bp_lock *bp_region_lock(unsigned region);

// How windows grow (class_region.c, window_bytes): lgalloc's dampener, or SIZE_MAX for our own way.
extern bp_atomic_size bp_region_growth_dampener;
struct bp_region_counts *bp_region_counts(unsigned region);
// Asks the system about every slot that holds anything: what has memory behind it. An errno code.
int bp_region_resident(unsigned region, size_t *ret_bytes);

#endif
