// SPDX-License-Identifier: MIT
// What happens to the pages behind slots: they move, are purged, are decommitted. No lock is held
// meanwhile; the slots are busy, or the caller's own.
#include "base/check.h"
#include "core/counters.h"
#include "core/options.h"
#include "os/os.h"
#include "region/slots.h"
#include "reserve/budget.h"
#include "reserve/huge.h"
#include "reserve/stamp.h"
#include "reserve/strict.h"

#include <string.h>

#define MOVE_MIN_BYTES (256 * BP_KIB) // less is copied as fast
enum {
    MOVED_MAX = 88,        // pieces; each may cost two mappings, and a process is to hold tens
    MERGED_SLOTS_MAX = 64, // neighbours purged in one call
};

// --- huge pages ---

// The part that is asked for is a mapping of its own, so there is a bound to how many slots ask.
void bp_region_ask_huge(unsigned region, void *object, size_t from)
{
    struct bp_slot *slot = bp_region_slot(region, object);
    bool may = slot->huge || bp_load_relaxed(&bp_counters.huge_slots) < BP_HUGE_SLOTS_MAX;
    if (!may || !bp_huge_object(object, from, slot->usable_bytes))
        return;
    bp_add_relaxed(&bp_counters.huge_slots, !slot->huge);
    slot->huge = true;
}

void bp_region_want_huge(unsigned region, void *object)
{
    struct bp_slot *slot = bp_region_slot(region, object);
    size_t n_bytes = bp_min(bp_align_up(slot->usable_bytes, BP_SLOT_UNIT_BYTES),
                            bp_align_down(slot->committed_bytes, BP_SLOT_UNIT_BYTES));
    if (!n_bytes || bp_options.purge == BP_PURGE_NEVER || bp_options.thp == BP_THP_NEVER)
        return;
    bp_os_huge(object, n_bytes, true);
    bp_add_relaxed(&bp_counters.huge_slots, !slot->huge);
    slot->huge = true;
}

// --- moving pages ---

static bool may_move(void)
{
    return bp_os_can_move() && bp_load_relaxed(&bp_counters.moved_pieces) < MOVED_MAX;
}

static void moved_add(struct bp_slot *slot, uint16_t pieces)
{
    slot->moved = (uint16_t)(slot->moved + pieces);
    bp_add_relaxed(&bp_counters.moved_pieces, pieces);
}

void bp_slot_mapped_afresh(struct bp_slot *slot)
{
    slot->lax = false;
    bp_sub_relaxed(&bp_counters.huge_slots, slot->huge);
    slot->huge = false;
    bp_sub_relaxed(&bp_counters.moved_pieces, slot->moved);
    slot->moved = 0;
}

void bp_slot_renew(unsigned region, uint32_t number)
{
    struct bp_slot *slot = bp_slot_at(region, number);
    if (!bp_os_renew(bp_slot_object(region, number), slot->committed_bytes))
        bp_slot_mapped_afresh(slot);
}

// Returns how many bytes had to be copied.
static size_t pages_move(struct bp_slot *target, char *to, char *from, size_t n_bytes,
                         bool one_piece)
{
    bool may = n_bytes >= MOVE_MIN_BYTES && may_move();
    if (may && !bp_os_move(to, from, n_bytes, one_piece)) {
        moved_add(target, 1);
        return 0;
    }
    memcpy(to, from, n_bytes);
    return n_bytes;
}

void bp_region_move(unsigned from_region, void *from, unsigned to_region, void *to, size_t n_bytes)
{
    struct bp_slot *source = bp_region_slot(from_region, from);
    struct bp_slot *target = bp_region_slot(to_region, to);
    size_t tail = n_bytes & (bp_os_page_bytes() - 1);
    bp_assert(source->usable_bytes >= n_bytes && target->usable_bytes >= n_bytes);
    size_t copied = tail + pages_move(target, to, from, n_bytes - tail, !source->moved);
    memcpy((char *)to + n_bytes - tail, (char *)from + n_bytes - tail, tail);
    if (copied == 0 && source->dirty_bytes <= n_bytes) {
        bp_sub_relaxed(&bp_counters.slot_bytes, source->dirty_bytes);
        source->dirty_bytes = 0;
    }
}

// The oldest dirty slot that holds a unit or more, out of its pool; 0 if there is none.
static uint32_t donor_take(unsigned region)
{
    struct bp_class_region *it = bp_slots_region(region);
    bp_lock_take(&it->lock);
    uint32_t number = it->oldest;
    if (number && bp_slot_at(region, number)->dirty_bytes < BP_SLOT_UNIT_BYTES)
        number = 0;
    if (number) {
        bp_slot_detach_locked(it, region, number);
    }
    bp_lock_give(&it->lock);
    return number;
}

// Moves the donor's last units to [at, until) of the target; returns where that ended.
static size_t donor_give(unsigned region, uint32_t number, struct bp_slot *target, char *object,
                         size_t at, size_t until)
{
    struct bp_slot *donor = bp_slot_at(region, number);
    size_t end =
        bp_min(bp_align_up(donor->dirty_bytes, BP_SLOT_UNIT_BYTES), donor->committed_bytes);
    size_t n_bytes = bp_min(bp_align_down(end, BP_SLOT_UNIT_BYTES), until - at);
    size_t from = bp_align_down(end, BP_SLOT_UNIT_BYTES) - n_bytes;
    if (bp_os_move(object + at, bp_slot_object(region, number) + from, n_bytes, !donor->moved))
        return until;
    moved_add(target, 1);
    donor->dirty_bytes = end > from + n_bytes ? donor->dirty_bytes : from;
    return at + n_bytes;
}

size_t bp_region_stock(unsigned region, void *object, size_t dirty_bytes)
{
    struct bp_slot *target = bp_region_slot(region, object);
    size_t at = bp_align_up(dirty_bytes, BP_SLOT_UNIT_BYTES);
    size_t until = bp_align_down(target->usable_bytes, BP_SLOT_UNIT_BYTES);
    bool wanted = region > BP_UNIT_REGION && bp_options.purge != BP_PURGE_NEVER;
    unsigned donor = wanted ? bp_reservation.region_count : 0;
    while (at < until && donor > BP_UNIT_REGION && may_move()) {
        uint32_t number = donor_take(donor - 1);
        if (number) {
            at = donor_give(donor - 1, number, target, object, at, until);
            bp_slot_pool(donor - 1, number);
        } else {
            donor--;
        }
    }
    if (region > BP_UNIT_REGION)
        bp_budget_regret(
            (struct bp_regret){bp_sub_or_zero(target->usable_bytes, at), target->stamp});
    return at;
}

// --- giving back to the system ---

uint32_t bp_region_oldest_stamp(unsigned region)
{
    struct bp_class_region *it = bp_slots_region(region);
    bp_lock_take(&it->lock);
    uint32_t stamp = it->oldest ? bp_slot_at(region, it->oldest)->stamp : BP_STAMP_NEVER;
    bp_lock_give(&it->lock);
    return stamp;
}

static bool is_mergeable(struct bp_class_region *it, unsigned region, uint32_t number)
{
    if (number < 1 || number > it->frontier)
        return false;
    const struct bp_slot *slot = bp_slot_at(region, number);
    return slot->state == BP_SLOT_DIRTY && !slot->moved;
}

// Detaches the oldest dirty slot and dirty neighbours whose pages adjoin, at most so many; returns
// how many.
static uint32_t detach_oldest_locked(struct bp_class_region *it, unsigned region, uint32_t most,
                                     uint32_t *ret_first)
{
    uint32_t first = it->oldest;
    if (!first)
        return 0;
    uint32_t end = first + 1;
    if (bp_slot_at(region, first)->moved)
        most = 1;
    while (end - first < most && is_mergeable(it, region, first - 1))
        first--;
    while (end - first < most && is_mergeable(it, region, end))
        end++;
    for (uint32_t i = first; i < end; i++) {
        bp_slot_detach_locked(it, region, i);
    }
    *ret_first = first;
    return end - first;
}

// Of what was purged in [first, end): how much lies in units that hold other slots' pages.
static size_t torn_bytes_locked(struct bp_class_region *it, unsigned region, uint32_t first,
                                uint32_t end)
{
    uint32_t per_unit = (uint32_t)(BP_SLOT_UNIT_BYTES >> (BP_SLOT_MIN_SHIFT + region));
    size_t torn = 0;
    for (uint32_t i = first; per_unit > 1 && i < end; i++) {
        uint32_t unit = (i - 1) & ~(per_unit - 1);
        bool held = false;
        for (uint32_t j = unit + 1; j <= unit + per_unit && j <= it->frontier; j++)
            held |= (j < first || j >= end) && bp_slot_at(region, j)->dirty_bytes;
        torn += held ? bp_slot_at(region, i)->usable_bytes : 0;
    }
    return torn;
}

static size_t attach_purged(struct bp_class_region *it, unsigned region, uint32_t first,
                            uint32_t count, bool failed)
{
    size_t released = 0;
    uint32_t now = bp_budget_purge_time();
    bp_lock_take(&it->lock);
    for (uint32_t i = first; i < first + count; i++) {
        struct bp_slot *slot = bp_slot_at(region, i);
        if (failed) {
            bp_slot_dirty_locked(it, region, i);
        } else {
            released += slot->dirty_bytes;
            slot->usable_bytes = slot->dirty_bytes;
            slot->dirty_bytes = 0;
            slot->stamp = now;
            bp_slot_clean_locked(it, region, i);
        }
    }
    it->busy -= count;
    bp_add_relaxed(failed ? &it->counts.clear_failures : &it->counts.cleared_later, count);
    if (!failed)
        bp_add_relaxed(&bp_counters.torn_bytes,
                       torn_bytes_locked(it, region, first, first + count));
    bp_lock_give(&it->lock);
    return released;
}

// Where commit is charged: all that the slots have goes.
static bool slots_release(unsigned region, uint32_t first, uint32_t count, size_t dirty_bytes)
{
    size_t committed_bytes = 0;
    size_t last_bytes = bp_slot_at(region, first + count - 1)->committed_bytes;
    size_t n_bytes = (count - 1) * bp_region_slot_bytes(region) + last_bytes;
    for (uint32_t i = first; i < first + count; i++)
        committed_bytes += bp_slot_at(region, i)->committed_bytes;
    if (!bp_reserve_release(bp_slot_object(region, first), n_bytes, committed_bytes, dirty_bytes))
        return false;
    for (uint32_t i = first; i < first + count; i++)
        bp_slot_at(region, i)->committed_bytes = 0;
    return true;
}

static bool slots_purge(unsigned region, uint32_t first, uint32_t count)
{
    struct bp_slot *last = bp_slot_at(region, first + count - 1);
    char *start = bp_slot_object(region, first);
    // A huge page reaches beyond the dirty bytes.
    size_t granule = last->huge ? BP_SLOT_UNIT_BYTES : bp_os_page_bytes();
    size_t until = (count - 1) * bp_region_slot_bytes(region) +
                   bp_min(bp_align_up(last->dirty_bytes, granule), last->committed_bytes);
    size_t dirty_bytes = 0;
    for (uint32_t i = first; i < first + count; i++)
        dirty_bytes += bp_slot_at(region, i)->dirty_bytes;
    if (bp_os_charges_commit())
        return slots_release(region, first, count, dirty_bytes);
    if (!last->moved)
        return bp_reserve_purge(start, until, dirty_bytes);
    bool failed = bp_os_renew(start, last->committed_bytes) != 0;
    bp_reserve_note_purge(failed, dirty_bytes);
    if (!failed)
        bp_slot_mapped_afresh(last);
    return !failed;
}

size_t bp_region_purge_oldest(unsigned region, size_t wanted_bytes)
{
    struct bp_class_region *it = bp_slots_region(region);
    uint32_t first = 0;
    size_t most = bp_max(wanted_bytes, BP_SLOT_UNIT_BYTES) / bp_region_slot_bytes(region);
    bp_lock_take(&it->lock);
    uint32_t count = detach_oldest_locked(
        it, region, (uint32_t)bp_min(bp_max(most, 1), MERGED_SLOTS_MAX), &first);
    bp_lock_give(&it->lock);
    if (!count)
        return 0;
    bool failed = !slots_purge(region, first, count);
    return attach_purged(it, region, first, count, failed);
}

bool bp_region_clear(unsigned region, void *object)
{
    struct bp_slot *slot = bp_region_slot(region, object);
    struct bp_region_counts *counts = bp_region_counts(region);
    size_t offset = (size_t)((const char *)object - bp_region_base(region));
    uint32_t number = (uint32_t)(offset >> (BP_SLOT_MIN_SHIFT + region)) + 1;
    bp_assert(slot->state == BP_SLOT_CACHED);
    bool cleared = slot->dirty_bytes && slots_purge(region, number, 1);
    if (cleared) {
        bp_sub_relaxed(&bp_counters.slot_bytes, slot->dirty_bytes);
        slot->dirty_bytes = 0;
        bp_add_relaxed(&counts->cleared_on_free, 1);
    } else if (slot->dirty_bytes) {
        bp_add_relaxed(&counts->clear_failures, 1);
    }
    return cleared;
}

static size_t slot_decommit(unsigned region, uint32_t number)
{
    struct bp_slot *slot = bp_slot_at(region, number);
    size_t n_bytes = slot->committed_bytes;
    if (!n_bytes || !bp_reserve_decommit(bp_slot_object(region, number), n_bytes))
        return 0;
    slot->committed_bytes = 0;
    bp_slot_mapped_afresh(slot);
    return n_bytes;
}

// Clean slots that hold commit charge leave the pool, busy, while they are worked on: no lock
// across the calls.
static uint32_t clean_detach(struct bp_class_region *it, unsigned region)
{
    uint32_t detached = 0, kept = 0, next;
    bp_lock_take(&it->lock);
    for (uint32_t number = it->clean_committed ? it->clean : 0; number; number = next) {
        struct bp_slot *slot = bp_slot_at(region, number);
        uint32_t *list = slot->committed_bytes ? &detached : &kept;
        next = slot->older;
        slot->older = *list;
        *list = number;
        if (slot->committed_bytes)
            bp_slot_busy_locked(it, region, number);
    }
    if (it->clean_committed)
        it->clean = kept;
    it->clean_committed = false;
    bp_lock_give(&it->lock);
    return detached;
}

size_t bp_region_decommit(unsigned region)
{
    uint32_t list = clean_detach(bp_slots_region(region), region);
    size_t total = 0;
    while (list) {
        uint32_t number = list;
        list = bp_slot_at(region, number)->older;
        total += slot_decommit(region, number);
        bp_slot_pool(region, number);
    }
    return total;
}

// In the child: what a thread that is not there had in its hands is dirty again.
void bp_region_after_fork(unsigned region)
{
    struct bp_class_region *it = bp_slots_region(region);
    for (uint32_t i = 1; it->busy && i <= it->frontier; i++) {
        struct bp_slot *slot = bp_slot_at(region, i);
        if (slot->state != BP_SLOT_BUSY)
            continue;
        if (!slot->dirty_bytes)
            slot->committed_bytes = 0; // perhaps; to commit it again does no harm
        bp_slot_pool(region, i);
    }
}
