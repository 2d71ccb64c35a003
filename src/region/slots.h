// SPDX-License-Identifier: MIT
// What class_region.c and slot_pages.c share of a class region, and statistics read. Slots are
// numbered from 1 here, so that 0 can end a list. Functions named _locked need the region's lock.
#ifndef BP_REGION_SLOTS_H
#define BP_REGION_SLOTS_H

#include "core/lock.h"
#include "region/class_region.h"

// A page table of the last level covers this much; slots of BP_UNIT_REGION are as large.
#define BP_SLOT_UNIT_BYTES (2 * BP_MIB)

struct bp_class_region {
    struct bp_lock lock;     // rank REGION: guards all of it, and records of pooled slots
    uint32_t frontier;       // slots that were ever used
    uint32_t window_end;     // slots below it were committed by windows, or are on their own
    uint32_t oldest, newest; // dirty pool; index + 1
    uint32_t clean;
    bool clean_committed; // the clean pool has slots that hold commit charge
    uint32_t busy;        // slots that a purge, a decommit or a move has in its hands
    uint32_t last_window; // slots in the window that was committed last
    struct bp_region_counts counts;
} BP_LINE_ALIGNED;

extern struct bp_class_region bp_class_regions[BP_REGION_COUNT];
struct bp_class_region *bp_slots_region(unsigned region);

static inline struct bp_slot *bp_slot_at(unsigned region, uint32_t number)
{
    struct bp_slot *slots = bp_meta_begin((enum bp_meta_area)(BP_META_SLOTS + region));
    return slots + (number - 1);
}

static inline char *bp_slot_object(unsigned region, uint32_t number)
{
    return bp_region_base(region) + (size_t)(number - 1) * bp_region_slot_bytes(region);
}

// The slot's pages were mapped afresh: in one piece, charged, without advice.
void bp_slot_mapped_afresh(struct bp_slot *slot);
// Out of the dirty pool, and into other hands until bp_slot_pool.
void bp_slot_detach_locked(struct bp_class_region *it, unsigned region, uint32_t number);
void bp_slot_busy_locked(struct bp_class_region *it, unsigned region, uint32_t number);
void bp_slot_dirty_locked(struct bp_class_region *it, unsigned region, uint32_t number);
void bp_slot_clean_locked(struct bp_class_region *it, unsigned region, uint32_t number);
// A slot of moved pieces, none of whose pages is left, is one mapping again. No lock held.
void bp_slot_renew(unsigned region, uint32_t number);
// A busy or cached slot goes to the pool that its dirty bytes call for.
void bp_slot_pool(unsigned region, uint32_t number);

#endif
