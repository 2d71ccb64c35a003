// SPDX-License-Identifier: MIT
#include "region/class_region.h"

#include "base/check.h"
#include "core/counters.h"
#include "core/lock.h"
#include "os/os.h"
#include "reserve/budget.h"
#include "reserve/stamp.h"

#include <errno.h>
#include <string.h>

_Static_assert(sizeof(struct bp_slot) == BP_SLOT_RECORD_BYTES, "meta.h counts on it");

// Slots below this size are committed whole, many at a time.
#define WHOLE_SLOT_BYTES   (32 * BP_MIB)
#define WINDOW_FIRST_BYTES (2 * BP_MIB)
#define WINDOW_LAST_BYTES  (32 * BP_MIB)
#define TRIM_BYTES         BP_MIB         // a shorter tail is not worth a call
#define MOVE_MIN_BYTES     (256 * BP_KIB) // less is copied as fast
#define UNIT_BYTES         (2 * BP_MIB)   // what a page table of the last level covers

enum {
    UNIT_REGION = 21 - BP_SLOT_MIN_SHIFT, // its slots are a unit
    MOVED_MAX = 8192,      // pieces; each may cost two mappings of the 65,530 that Linux grants
    MERGED_SLOTS_MAX = 64, // neighbours purged in one call
};

struct class_region {
    struct bp_lock lock;     // rank REGION: guards all of it, and records of pooled slots
    uint32_t frontier;       // slots that were ever used
    uint32_t window_end;     // slots below it were committed by windows, or are on their own
    uint32_t oldest, newest; // dirty pool; index + 1
    uint32_t clean;
} BP_LINE_ALIGNED;

static struct class_region regions[BP_REGION_COUNT];

static struct class_region *region_at(unsigned region)
{
    if (BP_CHECKS)
        regions[region].lock.rank = BP_RANK_REGION;
    return &regions[region];
}

struct bp_lock *bp_region_lock(unsigned region)
{
    return &region_at(region)->lock;
}

static struct bp_slot *slot_at(unsigned region, uint32_t number)
{
    struct bp_slot *slots = bp_meta_begin((enum bp_meta_area)(BP_META_SLOTS + region));
    return slots + (number - 1);
}

static char *object_at(unsigned region, uint32_t number)
{
    return bp_region_base(region) + (size_t)(number - 1) * bp_region_slot_bytes(region);
}

static uint32_t number_of(unsigned region, const void *object)
{
    size_t offset = (size_t)((const char *)object - bp_region_base(region));
    return (uint32_t)(offset >> (BP_SLOT_MIN_SHIFT + region)) + 1;
}

// --- pools ---

static void dirty_insert_locked(struct class_region *it, unsigned region, uint32_t number)
{
    struct bp_slot *slot = slot_at(region, number);
    slot->state = BP_SLOT_DIRTY;
    slot->stamp = bp_stamp_next();
    slot->newer = 0;
    slot->older = it->newest;
    if (it->newest)
        slot_at(region, it->newest)->newer = number;
    else
        it->oldest = number;
    it->newest = number;
}

static void dirty_remove_locked(struct class_region *it, unsigned region, uint32_t number)
{
    struct bp_slot *slot = slot_at(region, number);
    if (slot->older)
        slot_at(region, slot->older)->newer = slot->newer;
    else
        it->oldest = slot->newer;
    if (slot->newer)
        slot_at(region, slot->newer)->older = slot->older;
    else
        it->newest = slot->older;
    bp_sub_relaxed(&bp_counters.dirty_bytes, slot->dirty_bytes);
}

static void clean_insert_locked(struct class_region *it, unsigned region, uint32_t number)
{
    struct bp_slot *slot = slot_at(region, number);
    slot->state = BP_SLOT_CLEAN;
    slot->older = it->clean;
    it->clean = number;
}

// A clean slot keeps the time of its purge as its stamp; what its next user has to fault in again
// is regretted, by bp_region_stock for slots that can be stocked.
static uint32_t pool_pop_locked(struct class_region *it, unsigned region)
{
    uint32_t number = it->newest;
    if (number) {
        dirty_remove_locked(it, region, number);
        slot_at(region, number)->stamp = 0;
        return number;
    }
    number = it->clean;
    if (number) {
        struct bp_slot *slot = slot_at(region, number);
        it->clean = slot->older;
        if (region <= UNIT_REGION)
            bp_budget_regret(slot->usable_bytes, slot->stamp);
    }
    return number;
}

void *bp_region_take_pooled(unsigned region)
{
    struct class_region *it = region_at(region);
    bp_lock_take(&it->lock);
    uint32_t number = pool_pop_locked(it, region);
    if (number) {
        slot_at(region, number)->state = BP_SLOT_CACHED;
        bp_add_relaxed(&bp_counters.slot_bytes, slot_at(region, number)->dirty_bytes);
    }
    bp_lock_give(&it->lock);
    return number ? object_at(region, number) : NULL;
}

static void pool_insert(unsigned region, uint32_t number)
{
    struct class_region *it = region_at(region);
    struct bp_slot *slot = slot_at(region, number);
    slot->stamp = 0;
    bp_add_relaxed(&bp_counters.dirty_bytes, slot->dirty_bytes);
    bp_lock_take(&it->lock);
    if (slot->dirty_bytes)
        dirty_insert_locked(it, region, number);
    else
        clean_insert_locked(it, region, number);
    bp_lock_give(&it->lock);
}

void bp_region_give(unsigned region, void *object)
{
    uint32_t number = number_of(region, object);
    struct bp_slot *slot = slot_at(region, number);
    bp_assert(slot->state == BP_SLOT_CACHED);
    bp_sub_relaxed(&bp_counters.slot_bytes, slot->dirty_bytes);
    pool_insert(region, number);
}

// --- fresh slots and commit ---

static size_t window_bytes(const struct class_region *it, unsigned region)
{
    size_t in_use = it->window_end * bp_region_slot_bytes(region);
    size_t n_bytes = in_use < 2 * WINDOW_LAST_BYTES ? WINDOW_FIRST_BYTES : WINDOW_LAST_BYTES;
    return bp_max(n_bytes, bp_region_slot_bytes(region));
}

// Commits a window of whole slots at the frontier if one is due; a failure is left to `use`.
static void window_commit_locked(struct class_region *it, unsigned region)
{
    size_t slot_bytes = bp_region_slot_bytes(region);
    size_t n_bytes = window_bytes(it, region);
    size_t left = ((size_t)1 << bp_reservation.region_shift) - it->frontier * slot_bytes;
    if (it->frontier < it->window_end || slot_bytes >= WHOLE_SLOT_BYTES)
        return;
    n_bytes = bp_min(n_bytes, left);
    if (bp_reserve_commit(object_at(region, it->frontier + 1), n_bytes))
        it->window_end = it->frontier + (uint32_t)(n_bytes / slot_bytes);
}

static uint32_t fresh_locked(struct class_region *it, unsigned region)
{
    size_t slot_count = (size_t)1 << (bp_reservation.region_shift - BP_SLOT_MIN_SHIFT - region);
    size_t records = (size_t)(it->frontier + 1) * sizeof(struct bp_slot);
    if (it->frontier >= slot_count ||
        !bp_meta_commit((enum bp_meta_area)(BP_META_SLOTS + region), records))
        return 0;
    window_commit_locked(it, region);
    uint32_t number = ++it->frontier;
    if (number <= it->window_end)
        slot_at(region, number)->committed_bytes = bp_region_slot_bytes(region);
    else
        it->window_end = number;
    return number;
}

void *bp_region_take_fresh(unsigned region)
{
    struct class_region *it = region_at(region);
    bp_lock_take(&it->lock);
    uint32_t number = fresh_locked(it, region);
    if (number)
        slot_at(region, number)->state = BP_SLOT_CACHED;
    bp_lock_give(&it->lock);
    return number ? object_at(region, number) : NULL;
}

// The caller owns the slot. Grows what is committed in steps, so that growth in place is cheap.
static bool slot_commit(unsigned region, struct bp_slot *slot, char *object, size_t n_bytes)
{
    size_t step = bp_align_up(n_bytes, bp_max(BP_CHUNK_BYTES, bp_os_page_bytes()));
    size_t until = bp_min(step, bp_region_slot_bytes(region));
    if (until <= slot->committed_bytes)
        return true;
    if (!bp_reserve_commit(object + slot->committed_bytes, until - slot->committed_bytes))
        return false;
    slot->committed_bytes = until;
    return true;
}

// slot_bytes counts what slots outside the pools may hold; it changes when a slot outgrows itself.
static void slot_fill(struct bp_slot *slot, size_t usable)
{
    slot->usable_bytes = usable;
    if (usable > slot->dirty_bytes) {
        bp_add_relaxed(&bp_counters.slot_bytes, usable - slot->dirty_bytes);
        slot->dirty_bytes = usable;
    }
}

bool bp_region_use(unsigned region, void *object, size_t n_bytes, size_t *ret_dirty_bytes)
{
    struct bp_slot *slot = bp_region_slot(region, object);
    size_t usable = bp_align_up(n_bytes, 4096);
    bp_assert(slot->state == BP_SLOT_CACHED);
    if (BP_UNLIKELY(usable > slot->committed_bytes) && !slot_commit(region, slot, object, n_bytes))
        return false;
    *ret_dirty_bytes = slot->dirty_bytes;
    slot_fill(slot, usable);
    slot->state = BP_SLOT_USED;
    return true;
}

bool bp_region_resize(unsigned region, void *object, size_t n_bytes)
{
    struct bp_slot *slot = bp_region_slot(region, object);
    size_t usable = bp_align_up(n_bytes, 4096);
    if (usable > bp_region_slot_bytes(region) || !slot_commit(region, slot, object, n_bytes))
        return false;
    slot_fill(slot, usable);
    return true;
}

void bp_region_trim(unsigned region, void *object)
{
    struct bp_slot *slot = bp_region_slot(region, object);
    size_t keep = bp_align_up(slot->usable_bytes, bp_os_page_bytes());
    size_t tail = bp_sub_or_zero(slot->dirty_bytes, keep);
    if (tail < TRIM_BYTES || bp_os_purge((char *)object + keep, tail))
        return;
    bp_sub_relaxed(&bp_counters.slot_bytes, tail);
    bp_add_relaxed(&bp_counters.purged_bytes, tail);
    slot->dirty_bytes = keep;
}

// --- moving pages ---

static bool may_move(void)
{
    return bp_load_relaxed(&bp_counters.moved_pieces) < MOVED_MAX;
}

static void moved_add(struct bp_slot *slot, uint16_t pieces)
{
    slot->moved = (uint16_t)(slot->moved + pieces);
    bp_add_relaxed(&bp_counters.moved_pieces, pieces);
}

static void moved_clear(struct bp_slot *slot)
{
    bp_sub_relaxed(&bp_counters.moved_pieces, slot->moved);
    slot->moved = 0;
}

// Pages that came here in pieces may not leave as one (EFAULT): halves are tried then. Returns
// how many bytes had to be copied.
static size_t pages_move(struct bp_slot *target, char *to, char *from, size_t n_bytes)
{
    bool may = n_bytes >= MOVE_MIN_BYTES && may_move();
    int code = may ? bp_os_move(to, from, n_bytes) : EINVAL;
    if (code == 0) {
        moved_add(target, 1);
        return 0;
    }
    if (code != EFAULT) {
        memcpy(to, from, n_bytes);
        return n_bytes;
    }
    size_t first = (size_t)1 << bp_log2_floor(n_bytes - 1);
    size_t copied = pages_move(target, to, from, first);
    return copied + pages_move(target, to + first, from + first, n_bytes - first);
}

void bp_region_move(unsigned from_region, void *from, unsigned to_region, void *to, size_t n_bytes)
{
    struct bp_slot *source = bp_region_slot(from_region, from);
    struct bp_slot *target = bp_region_slot(to_region, to);
    size_t tail = n_bytes & (bp_os_page_bytes() - 1);
    bp_assert(source->usable_bytes >= n_bytes && target->usable_bytes >= n_bytes);
    size_t copied = tail + pages_move(target, to, from, n_bytes - tail);
    memcpy((char *)to + n_bytes - tail, (char *)from + n_bytes - tail, tail);
    if (copied == 0 && source->dirty_bytes <= n_bytes) {
        bp_sub_relaxed(&bp_counters.slot_bytes, source->dirty_bytes);
        source->dirty_bytes = 0;
    }
}

// The oldest dirty slot that holds a unit or more, out of its pool; 0 if there is none.
static uint32_t donor_take(unsigned region)
{
    struct class_region *it = region_at(region);
    bp_lock_take(&it->lock);
    uint32_t number = it->oldest;
    if (number && slot_at(region, number)->dirty_bytes < UNIT_BYTES)
        number = 0;
    if (number) {
        dirty_remove_locked(it, region, number);
        slot_at(region, number)->state = BP_SLOT_BUSY;
    }
    bp_lock_give(&it->lock);
    return number;
}

// Moves the donor's last units to [at, until) of the target; returns where that ended.
static size_t donor_give(unsigned region, uint32_t number, struct bp_slot *target, char *object,
                         size_t at, size_t until)
{
    struct bp_slot *donor = slot_at(region, number);
    size_t end = bp_min(bp_align_up(donor->dirty_bytes, UNIT_BYTES), donor->committed_bytes);
    size_t n_bytes = bp_min(bp_align_down(end, UNIT_BYTES), until - at);
    size_t from = bp_align_down(end, UNIT_BYTES) - n_bytes;
    if (bp_os_move(object + at, object_at(region, number) + from, n_bytes))
        return until;
    moved_add(target, 1);
    donor->dirty_bytes = end > from + n_bytes ? donor->dirty_bytes : from;
    return at + n_bytes;
}

void bp_region_stock(unsigned region, void *object, size_t dirty_bytes)
{
    struct bp_slot *target = bp_region_slot(region, object);
    size_t at = bp_align_up(dirty_bytes, UNIT_BYTES);
    size_t until = bp_align_down(target->usable_bytes, UNIT_BYTES);
    unsigned donor = region > UNIT_REGION ? bp_reservation.region_count : 0;
    while (at < until && donor > UNIT_REGION && may_move()) {
        uint32_t number = donor_take(donor - 1);
        if (number) {
            at = donor_give(donor - 1, number, target, object, at, until);
            pool_insert(donor - 1, number);
        } else {
            donor--;
        }
    }
    if (region > UNIT_REGION)
        bp_budget_regret(bp_sub_or_zero(target->usable_bytes, at), target->stamp);
}

// --- giving back to the system ---

uint32_t bp_region_oldest_stamp(unsigned region)
{
    struct class_region *it = region_at(region);
    bp_lock_take(&it->lock);
    uint32_t stamp = it->oldest ? slot_at(region, it->oldest)->stamp : BP_STAMP_NEVER;
    bp_lock_give(&it->lock);
    return stamp;
}

static bool is_mergeable(struct class_region *it, unsigned region, uint32_t number)
{
    if (number < 1 || number > it->frontier)
        return false;
    const struct bp_slot *slot = slot_at(region, number);
    return slot->state == BP_SLOT_DIRTY && !slot->moved;
}

// Detaches the oldest dirty slot and dirty neighbours whose pages adjoin; returns how many.
static uint32_t detach_oldest_locked(struct class_region *it, unsigned region, uint32_t *ret_first)
{
    uint32_t first = it->oldest;
    if (!first)
        return 0;
    uint32_t end = first + 1;
    bool alone = slot_at(region, first)->moved;
    while (!alone && end - first < MERGED_SLOTS_MAX && is_mergeable(it, region, first - 1))
        first--;
    while (!alone && end - first < MERGED_SLOTS_MAX && is_mergeable(it, region, end))
        end++;
    for (uint32_t i = first; i < end; i++) {
        dirty_remove_locked(it, region, i);
        slot_at(region, i)->state = BP_SLOT_BUSY;
    }
    *ret_first = first;
    return end - first;
}

static size_t attach_purged(struct class_region *it, unsigned region, uint32_t first,
                            uint32_t count, bool failed)
{
    size_t released = 0;
    uint32_t now = bp_budget_purge_time();
    bp_lock_take(&it->lock);
    for (uint32_t i = first; i < first + count; i++) {
        struct bp_slot *slot = slot_at(region, i);
        if (failed) {
            bp_add_relaxed(&bp_counters.dirty_bytes, slot->dirty_bytes);
            dirty_insert_locked(it, region, i);
        } else {
            released += slot->dirty_bytes;
            slot->usable_bytes = slot->dirty_bytes;
            slot->dirty_bytes = 0;
            slot->stamp = now;
            clean_insert_locked(it, region, i);
        }
    }
    bp_lock_give(&it->lock);
    return released;
}

static int slots_purge(unsigned region, uint32_t first, uint32_t count)
{
    struct bp_slot *last = slot_at(region, first + count - 1);
    char *start = object_at(region, first);
    size_t until = (count - 1) * bp_region_slot_bytes(region) +
                   bp_align_up(last->dirty_bytes, bp_os_page_bytes());
    if (!last->moved)
        return bp_os_purge(start, until);
    int code = bp_os_renew(start, last->committed_bytes);
    if (!code)
        moved_clear(last);
    return code;
}

size_t bp_region_purge_oldest(unsigned region)
{
    struct class_region *it = region_at(region);
    uint32_t first = 0;
    bp_lock_take(&it->lock);
    uint32_t count = detach_oldest_locked(it, region, &first);
    bp_lock_give(&it->lock);
    if (!count)
        return 0;
    bool failed = slots_purge(region, first, count) != 0;
    size_t released = attach_purged(it, region, first, count, failed);
    bp_add_relaxed(&bp_counters.purged_bytes, released);
    bp_add_relaxed(&bp_counters.purge_failures, failed ? 1 : 0);
    return released;
}

static size_t slot_decommit(unsigned region, uint32_t number)
{
    struct bp_slot *slot = slot_at(region, number);
    size_t n_bytes = slot->committed_bytes;
    if (!n_bytes || !bp_reserve_decommit(object_at(region, number), n_bytes))
        return 0;
    slot->committed_bytes = 0;
    moved_clear(slot);
    return n_bytes;
}

// All clean slots leave the pool while they are worked on: no lock across the calls.
size_t bp_region_decommit(unsigned region)
{
    struct class_region *it = region_at(region);
    size_t total = 0;
    bp_lock_take(&it->lock);
    uint32_t list = it->clean;
    it->clean = 0;
    bp_lock_give(&it->lock);
    while (list) {
        uint32_t number = list;
        list = slot_at(region, number)->older;
        total += slot_decommit(region, number);
        bp_lock_take(&it->lock);
        clean_insert_locked(it, region, number);
        bp_lock_give(&it->lock);
    }
    return total;
}
