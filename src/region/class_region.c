// SPDX-License-Identifier: MIT
#include "region/class_region.h"

#include "base/check.h"
#include "core/counters.h"
#include "os/os.h"
#include "region/slots.h"
#include "reserve/budget.h"
#include "reserve/limit.h"
#include "reserve/stamp.h"

_Static_assert(sizeof(struct bp_slot) == BP_SLOT_RECORD_BYTES, "meta.h counts on it");

#define TRIM_BYTES BP_MIB // a shorter tail is not worth a call

#define LEAP_BYTES        (64 * BP_MIB)
#define STABLE_TRIM_BYTES (64 * BP_KIB) // of a stable object, at least; and a third of what it had

struct bp_class_region bp_class_regions[BP_REGION_COUNT];
bp_atomic_size bp_region_growth_dampener = SIZE_MAX;

struct bp_region_counts *bp_region_counts(unsigned region)
{
    return &bp_class_regions[region].counts;
}

struct bp_class_region *bp_slots_region(unsigned region)
{
    if (BP_CHECKS)
        bp_store_u32_relaxed(&bp_class_regions[region].lock.rank, BP_RANK_REGION);
    return &bp_class_regions[region];
}

struct bp_lock *bp_region_lock(unsigned region)
{
    return &bp_slots_region(region)->lock;
}

static uint32_t number_of(unsigned region, const void *object)
{
    size_t offset = (size_t)((const char *)object - bp_region_base(region));
    return (uint32_t)(offset >> (BP_SLOT_MIN_SHIFT + region)) + 1;
}

// --- pools ---

void bp_slot_dirty_locked(struct bp_class_region *it, unsigned region, uint32_t number)
{
    struct bp_slot *slot = bp_slot_at(region, number);
    slot->state = BP_SLOT_DIRTY;
    slot->stamp = bp_stamp_next();
    bp_add_relaxed(&bp_counters.dirty_bytes, slot->dirty_bytes);
    slot->newer = 0;
    slot->older = it->newest;
    if (it->newest)
        bp_slot_at(region, it->newest)->newer = number;
    else
        it->oldest = number;
    it->newest = number;
}

void bp_slot_busy_locked(struct bp_class_region *it, unsigned region, uint32_t number)
{
    bp_slot_at(region, number)->state = BP_SLOT_BUSY;
    it->busy++;
}

static void dirty_remove_locked(struct bp_class_region *it, unsigned region, uint32_t number)
{
    struct bp_slot *slot = bp_slot_at(region, number);
    if (slot->older)
        bp_slot_at(region, slot->older)->newer = slot->newer;
    else
        it->oldest = slot->newer;
    if (slot->newer)
        bp_slot_at(region, slot->newer)->older = slot->older;
    else
        it->newest = slot->older;
    bp_sub_relaxed(&bp_counters.dirty_bytes, slot->dirty_bytes);
}

void bp_slot_detach_locked(struct bp_class_region *it, unsigned region, uint32_t number)
{
    dirty_remove_locked(it, region, number);
    bp_slot_busy_locked(it, region, number);
}

void bp_slot_clean_locked(struct bp_class_region *it, unsigned region, uint32_t number)
{
    struct bp_slot *slot = bp_slot_at(region, number);
    slot->state = BP_SLOT_CLEAN;
    slot->older = it->clean;
    it->clean = number;
    it->clean_committed |= slot->committed_bytes != 0;
}

// A clean slot keeps the time of its purge as its stamp; what its next user has to fault in again
// is regretted, by bp_region_stock for slots that can be stocked.
static uint32_t pool_pop_locked(struct bp_class_region *it, unsigned region)
{
    uint32_t number = it->newest;
    if (number) {
        dirty_remove_locked(it, region, number);
        bp_slot_at(region, number)->stamp = 0;
        return number;
    }
    number = it->clean;
    if (number)
        it->clean = bp_slot_at(region, number)->older;
    return number;
}

void *bp_region_take_pooled(unsigned region)
{
    struct bp_class_region *it = bp_slots_region(region);
    struct bp_regret regret = {0, 0};
    bp_lock_take(&it->lock);
    uint32_t number = pool_pop_locked(it, region);
    if (number) {
        struct bp_slot *slot = bp_slot_at(region, number);
        slot->state = BP_SLOT_CACHED;
        bp_add_relaxed(&bp_counters.slot_bytes, slot->dirty_bytes);
        bp_limit_note_peak();
        if (region <= BP_UNIT_REGION)
            regret = (struct bp_regret){slot->usable_bytes, slot->stamp};
    }
    bp_lock_give(&it->lock);
    bp_budget_regret(regret);
    return number ? bp_slot_object(region, number) : NULL;
}

void bp_slot_pool(unsigned region, uint32_t number)
{
    struct bp_class_region *it = bp_slots_region(region);
    struct bp_slot *slot = bp_slot_at(region, number);
    if (BP_UNLIKELY(slot->moved && !slot->dirty_bytes))
        bp_slot_renew(region, number);
    bp_add_relaxed(&bp_counters.returns, 1);
    bp_lock_take(&it->lock);
    slot->stamp = 0;
    if (slot->state == BP_SLOT_BUSY)
        it->busy--;
    else
        bp_sub_relaxed(&bp_counters.slot_bytes, slot->dirty_bytes);
    if (slot->dirty_bytes)
        bp_slot_dirty_locked(it, region, number);
    else
        bp_slot_clean_locked(it, region, number);
    bp_lock_give(&it->lock);
}

void bp_region_give(unsigned region, void *object)
{
    uint32_t number = number_of(region, object);
    bp_assert(bp_slot_at(region, number)->state == BP_SLOT_CACHED);
    bp_slot_pool(region, number);
}

// --- fresh slots and commit ---

// Slots below this size are committed whole, many at a time.
static size_t whole_slot_bytes(void)
{
    return bp_os_charges_commit() ? 256 * BP_KIB : 32 * BP_MIB;
}

// lgalloc's growth: the first window is as long as ours get, each other one is longer than the last
// by as much, or by a 1/(dampener + 1)'th.
static size_t damped_window_bytes(const struct bp_class_region *it, unsigned region,
                                  size_t dampener)
{
    size_t slot_bytes = bp_region_slot_bytes(region);
    size_t first = bp_max(bp_reserve_window_bytes(SIZE_MAX) / slot_bytes, 1);
    size_t last = it->last_window;
    return (last + bp_max(first, last / (dampener + 1))) * slot_bytes;
}

static size_t window_bytes(const struct bp_class_region *it, unsigned region)
{
    size_t dampener = bp_load_relaxed(&bp_region_growth_dampener);
    if (dampener != SIZE_MAX)
        return damped_window_bytes(it, region, dampener);
    size_t in_use = it->window_end * bp_region_slot_bytes(region);
    return bp_max(bp_reserve_window_bytes(in_use), bp_region_slot_bytes(region));
}

// Commits a window of whole slots at the frontier if one is due; a failure is left to `use`.
static void window_commit_locked(struct bp_class_region *it, unsigned region)
{
    size_t slot_bytes = bp_region_slot_bytes(region);
    size_t n_bytes = window_bytes(it, region);
    size_t left = ((size_t)1 << bp_reservation.region_shift) - it->frontier * slot_bytes;
    if (it->frontier < it->window_end || slot_bytes >= whole_slot_bytes())
        return;
    n_bytes = bp_min(n_bytes, left);
    if (bp_reserve_commit(bp_slot_object(region, it->frontier + 1), n_bytes)) {
        it->last_window = (uint32_t)(n_bytes / slot_bytes);
        it->window_end = it->frontier + it->last_window;
        bp_add_relaxed(&it->counts.refills, 1);
    }
}

static uint32_t fresh_locked(struct bp_class_region *it, unsigned region)
{
    size_t slot_count = ((size_t)1 << bp_reservation.region_shift) >> (BP_SLOT_MIN_SHIFT + region);
    size_t records = (size_t)(it->frontier + 1) * sizeof(struct bp_slot);
    if (it->frontier >= slot_count ||
        !bp_meta_commit((enum bp_meta_area)(BP_META_SLOTS + region), records))
        return 0;
    window_commit_locked(it, region);
    uint32_t number = ++it->frontier;
    bp_add_relaxed(&it->counts.fresh, 1);
    if (number <= it->window_end) {
        bp_slot_at(region, number)->committed_bytes = bp_region_slot_bytes(region);
    } else {
        it->window_end = number;
        bp_add_relaxed(&it->counts.refills, 1);
    }
    return number;
}

void *bp_region_take_fresh(unsigned region)
{
    struct bp_class_region *it = bp_slots_region(region);
    bp_lock_take(&it->lock);
    uint32_t number = fresh_locked(it, region);
    if (number)
        bp_slot_at(region, number)->state = BP_SLOT_CACHED;
    bp_lock_give(&it->lock);
    return number ? bp_slot_object(region, number) : NULL;
}

static bool commit_until(unsigned region, struct bp_slot *slot, char *object, size_t n_bytes)
{
    size_t step = bp_align_up(n_bytes, bp_max(BP_CHUNK_BYTES, bp_os_page_bytes()));
    size_t until = bp_min(step, bp_region_slot_bytes(region));
    if (!bp_reserve_commit(object + slot->committed_bytes, until - slot->committed_bytes))
        return false;
    slot->committed_bytes = until;
    return true;
}

// What is not charged would not be refused either: leaps are tried on a mapping that is.
static bool lax_fits(const struct bp_slot *slot, size_t n_bytes)
{
    size_t leap = bp_sub_or_zero(bp_align_up(n_bytes, BP_CHUNK_BYTES), slot->dirty_bytes);
    return leap < LEAP_BYTES || !bp_os_commit_try(leap);
}

// The caller owns the slot. Grows what is committed in steps, so that growth in place is cheap:
// larger ones for what is made to grow.
static bool slot_commit(unsigned region, struct bp_slot *slot, char *object, size_t n_bytes)
{
    size_t generous = slot->committed_bytes + slot->committed_bytes / 2;
    if (n_bytes <= slot->committed_bytes)
        return !slot->lax || lax_fits(slot, n_bytes);
    if (slot->state == BP_SLOT_STABLE && generous > n_bytes &&
        commit_until(region, slot, object, generous))
        return true;
    return commit_until(region, slot, object, n_bytes);
}

// Charged as a whole, slots would add up to mappings larger than all memory, which fork cannot
// copy. A fresh mapping takes what the slot held with it, so a slot with dirty pages is done once
// at most.
void bp_region_commit_whole(unsigned region, void *object)
{
    struct bp_slot *slot = bp_region_slot(region, object);
    size_t slot_bytes = bp_region_slot_bytes(region);
    bp_assert(slot->state == BP_SLOT_CACHED);
    if (slot->lax)
        return;
    bool done = !bp_os_commit_lax(object, slot_bytes);
    bp_sub_relaxed(&bp_counters.committed_bytes, slot->committed_bytes);
    bp_sub_relaxed(&bp_counters.slot_bytes, slot->dirty_bytes);
    slot->committed_bytes = done ? slot_bytes : 0;
    slot->dirty_bytes = 0;
    bp_add_relaxed(&bp_counters.committed_bytes, slot->committed_bytes);
    bp_slot_mapped_afresh(slot);
    slot->lax = done;
}

void bp_region_fix(unsigned region, void *object)
{
    struct bp_slot *slot = bp_region_slot(region, object);
    bp_assert(slot->state == BP_SLOT_USED);
    slot->state = BP_SLOT_STABLE;
}

// slot_bytes counts what slots outside the pools may hold; it changes when a slot outgrows itself.
static bool slot_fill(struct bp_slot *slot, size_t usable)
{
    size_t fresh_bytes = bp_sub_or_zero(usable, slot->dirty_bytes);
    if (fresh_bytes) {
        if (!bp_limit_charge(&bp_counters.slot_bytes, fresh_bytes))
            return false;
        bp_add_relaxed(&bp_counters.fresh_slot_bytes, fresh_bytes);
        slot->dirty_bytes = usable;
    }
    slot->usable_bytes = usable;
    return true;
}

void bp_region_emptied(unsigned region, void *object)
{
    struct bp_slot *slot = bp_region_slot(region, object);
    bp_assert(slot->state == BP_SLOT_USED);
    bp_sub_relaxed(&bp_counters.slot_bytes, slot->dirty_bytes);
    slot->dirty_bytes = 0;
}

bool bp_region_use(unsigned region, void *object, size_t n_bytes, size_t *ret_dirty_bytes)
{
    struct bp_slot *slot = bp_region_slot(region, object);
    size_t usable = bp_align_up(n_bytes, 4096);
    bp_assert(slot->state == BP_SLOT_CACHED);
    if (BP_UNLIKELY(usable > slot->committed_bytes || slot->lax) &&
        !slot_commit(region, slot, object, n_bytes))
        return false;
    *ret_dirty_bytes = slot->dirty_bytes;
    if (!slot_fill(slot, usable))
        return false;
    slot->state = BP_SLOT_USED;
    bp_add_relaxed(&bp_region_counts(region)->allocs, 1);
    return true;
}

// Where commit is charged, all that is committed behind `keep` goes.
static bool tail_purge(struct bp_slot *slot, char *start, size_t keep, size_t dirty_bytes)
{
    if (!bp_os_charges_commit())
        return bp_reserve_purge(start, bp_align_up(dirty_bytes, bp_os_page_bytes()), dirty_bytes);
    size_t n_bytes = slot->committed_bytes - keep;
    if (!bp_reserve_release(start, n_bytes, n_bytes, dirty_bytes))
        return false;
    slot->committed_bytes = keep;
    return true;
}

// Purges what a slot still holds behind its usable bytes, if that is worth a call.
static void slot_trim(struct bp_slot *slot, void *object)
{
    size_t page = bp_os_page_bytes();
    size_t keep = bp_align_up(slot->usable_bytes, page);
    size_t tail = bp_sub_or_zero(slot->dirty_bytes, keep);
    size_t torn = bp_min(bp_align_up(keep, BP_SLOT_UNIT_BYTES) - keep, tail);
    size_t least = slot->state == BP_SLOT_STABLE ? bp_max(STABLE_TRIM_BYTES, keep / 2) : TRIM_BYTES;
    if (tail < least || !tail_purge(slot, (char *)object + keep, keep, tail))
        return;
    bp_sub_relaxed(&bp_counters.slot_bytes, tail);
    bp_add_relaxed(&bp_counters.torn_bytes, torn);
    slot->dirty_bytes = keep;
}

bool bp_region_resize(unsigned region, void *object, size_t n_bytes)
{
    struct bp_slot *slot = bp_region_slot(region, object);
    size_t usable = bp_align_up(n_bytes, 4096);
    if (usable > bp_region_slot_bytes(region) || !slot_commit(region, slot, object, n_bytes))
        return false;
    bool shrinks = usable < slot->usable_bytes;
    if (!slot_fill(slot, usable))
        return false;
    if (shrinks)
        slot_trim(slot, object);
    return true;
}
