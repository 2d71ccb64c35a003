// SPDX-License-Identifier: MIT
#include "region/direct.h"

#include "base/bits.h"
#include "base/limits.h"
#include "core/counters.h"
#include "core/lock.h"
#include "core/options.h"
#include "os/os.h"
#include "reserve/limit.h"
#include "reserve/reserve.h"

#include <string.h>

enum { REMEMBERED = 32 };

struct freed {
    size_t address, n_bytes;
};

static struct {
    struct bp_lock lock; // rank DIRECT: guards the table, and what is remembered
    struct bp_direct_entry *entries;
    size_t capacity; // a power of two, at most half full
    size_t count;
    struct freed freed[REMEMBERED]; // what left the table last
    unsigned freed_at;
} table = {.lock = BP_LOCK_INIT(BP_RANK_DIRECT)};

struct bp_lock *bp_direct_lock(void)
{
    return &table.lock;
}

static size_t home_of(size_t address, size_t capacity)
{
    return (address >> 12) * 0x9e3779b97f4a7c15u >> 20 & (capacity - 1);
}

// The entry of the address, or the empty one where it belongs.
static struct bp_direct_entry *entry_find(struct bp_direct_entry *entries, size_t capacity,
                                          size_t address)
{
    size_t at = home_of(address, capacity);
    while (entries[at].address && entries[at].address != address)
        at = (at + 1) & (capacity - 1);
    return &entries[at];
}

struct bp_direct_entry *bp_direct_lookup_locked(const void *pointer)
{
    if (!table.capacity || !pointer)
        return NULL;
    struct bp_direct_entry *entry = entry_find(table.entries, table.capacity, (size_t)pointer);
    return entry->address ? entry : NULL;
}

const struct bp_direct_entry *bp_direct_at_locked(size_t index)
{
    return index < table.capacity ? &table.entries[index] : NULL;
}

static bool is_within(const struct bp_direct_entry *entry, size_t address)
{
    return entry->address && address - entry->address < entry->n_bytes;
}

bool bp_direct_holds(const void *pointer)
{
    bool found = false;
    bp_lock_take(&table.lock);
    for (size_t i = 0; table.count && i < table.capacity && !found; i++)
        found = is_within(&table.entries[i], (size_t)pointer);
    bp_lock_give(&table.lock);
    return found;
}

size_t bp_direct_freed_bytes(const void *pointer)
{
    size_t n_bytes = 0;
    bp_lock_take(&table.lock);
    for (unsigned i = 0; i < REMEMBERED && !bp_direct_lookup_locked(pointer); i++) {
        if (table.freed[i].address == (size_t)pointer)
            n_bytes = table.freed[i].n_bytes;
    }
    bp_lock_give(&table.lock);
    return n_bytes;
}

static void remember_locked(const struct bp_direct_entry *entry)
{
    table.freed[table.freed_at] = (struct freed){entry->address, entry->n_bytes};
    table.freed_at = (table.freed_at + 1) % REMEMBERED;
}

// Closes the gap that a removal leaves in a probe sequence (Knuth, algorithm 6.4R).
static void remove_locked(struct bp_direct_entry *entry)
{
    size_t mask = table.capacity - 1;
    size_t gap = (size_t)(entry - table.entries);
    for (size_t at = (gap + 1) & mask; table.entries[at].address; at = (at + 1) & mask) {
        size_t home = home_of(table.entries[at].address, table.capacity);
        if (((at - home) & mask) >= ((at - gap) & mask)) {
            table.entries[gap] = table.entries[at];
            gap = at;
        }
    }
    table.entries[gap].address = 0;
    bp_store_relaxed(&bp_counters.direct_count, --table.count);
}

static size_t table_bytes(size_t capacity)
{
    return bp_align_up(capacity * sizeof(struct bp_direct_entry), bp_os_page_bytes());
}

static size_t capacity_wanted(void)
{
    bp_lock_take(&table.lock);
    size_t wanted = 2 * (table.count + 1) > table.capacity ? bp_max(2 * table.capacity, 256) : 0;
    bp_lock_give(&table.lock);
    return wanted;
}

// Swaps in a table of the given capacity unless another thread was faster.
static struct bp_direct_entry *table_swap_locked(struct bp_direct_entry *larger, size_t capacity)
{
    struct bp_direct_entry *old = table.entries;
    if (capacity <= table.capacity)
        return larger;
    for (size_t i = 0; i < table.capacity; i++) {
        if (old[i].address)
            *entry_find(larger, capacity, old[i].address) = old[i];
    }
    table.entries = larger;
    table.capacity = capacity;
    return old;
}

// Makes room for one more entry; maps and unmaps outside the lock.
static bool table_make_room(void)
{
    for (size_t capacity = capacity_wanted(); capacity; capacity = capacity_wanted()) {
        void *larger;
        if (bp_os_map_guarded(table_bytes(capacity), &larger))
            return false;
        bp_lock_take(&table.lock);
        size_t old_capacity = table.capacity;
        struct bp_direct_entry *spare = table_swap_locked(larger, capacity);
        bp_lock_give(&table.lock);
        if (spare)
            bp_os_unmap_guarded(spare, table_bytes(spare == larger ? capacity : old_capacity));
    }
    return true;
}

// false if the table has filled up since room was made: one entry stays empty always.
static bool insert(void *address, size_t n_bytes, size_t stable_bytes)
{
    bp_lock_take(&table.lock);
    bool fits = table.count + 1 < table.capacity;
    if (fits) {
        struct bp_direct_entry *entry = entry_find(table.entries, table.capacity, (size_t)address);
        *entry = (struct bp_direct_entry){
            .address = (size_t)address,
            .n_bytes = n_bytes,
            .stable_bytes = stable_bytes,
            .held_bytes = stable_bytes ? stable_bytes : n_bytes,
        };
        bp_store_relaxed(&bp_counters.direct_count, ++table.count);
    }
    bp_lock_give(&table.lock);
    return fits;
}

// Large pages that a system has for whole mappings alone are asked for where all are wanted.
// Where all that is committed is charged, what is used is committed, and no more.
static int stable_make(size_t whole, size_t used, void **ret_address)
{
    if (!bp_os_charges_commit())
        return bp_os_map_lax(whole, ret_address);
    int code = bp_os_reserve(whole, bp_os_page_bytes(), ret_address);
    if (!code && (code = bp_os_commit(*ret_address, used)))
        bp_os_unmap(*ret_address, whole);
    return code;
}

static int mapping_make(size_t whole, size_t align, size_t stable_bytes, void **ret_address)
{
    if (stable_bytes)
        return stable_make(whole, stable_bytes, ret_address);
    if (bp_options.thp == BP_THP_ALWAYS && !bp_os_map_huge(whole, align, ret_address))
        return 0;
    return bp_os_map(whole, align, ret_address);
}

static void *mapping_create(size_t whole, size_t align, size_t stable_bytes)
{
    void *address;
    if (!table_make_room() || mapping_make(whole, align, stable_bytes, &address))
        return NULL;
    while (!insert(address, whole, stable_bytes)) {
        if (!table_make_room()) {
            bp_os_unmap(address, whole);
            return NULL;
        }
    }
    return address;
}

void *bp_direct_take(size_t n_bytes, size_t align)
{
    size_t page = bp_os_page_bytes();
    size_t whole = bp_align_up(bp_max(n_bytes, 1), page);
    if (whole < n_bytes || !bp_limit_charge(&bp_counters.direct_bytes, whole))
        return NULL;
    void *address = mapping_create(whole, bp_max(align, page), 0);
    if (!address)
        bp_sub_relaxed(&bp_counters.direct_bytes, whole);
    return address;
}

void *bp_direct_take_stable(size_t n_bytes, size_t max_bytes)
{
    size_t page = bp_os_page_bytes();
    size_t whole = bp_align_up(bp_max(max_bytes, 1), page);
    size_t used = bp_align_up(bp_max(n_bytes, 1), page);
    if (whole < max_bytes || used > whole || !bp_limit_charge(&bp_counters.direct_bytes, used))
        return NULL;
    void *address = mapping_create(whole, page, used);
    if (!address)
        bp_sub_relaxed(&bp_counters.direct_bytes, used);
    return address;
}

// Of a mapping that is one object; NULL if it is none of ours.
static struct bp_direct_entry *object_locked(const void *pointer)
{
    struct bp_direct_entry *entry = bp_direct_lookup_locked(pointer);
    return entry && !entry->class_index ? entry : NULL;
}

static size_t usable_of(const struct bp_direct_entry *entry)
{
    return entry->stable_bytes ? entry->stable_bytes : entry->n_bytes;
}

// Takes the entry of a mapping out of the table; its size, or 0. *ret_held: what was charged.
static size_t withdraw(const void *pointer, size_t *ret_held)
{
    size_t n_bytes = 0;
    *ret_held = 0;
    bp_lock_take(&table.lock);
    struct bp_direct_entry *entry = object_locked(pointer);
    if (entry) {
        n_bytes = entry->n_bytes;
        *ret_held = entry->held_bytes;
        remember_locked(entry);
        remove_locked(entry);
    }
    bp_lock_give(&table.lock);
    return n_bytes;
}

bool bp_direct_give(void *pointer)
{
    size_t held;
    size_t n_bytes = withdraw(pointer, &held);
    bp_sub_relaxed(&bp_counters.direct_bytes, held);
    if (n_bytes)
        bp_os_unmap(pointer, n_bytes);
    return n_bytes != 0;
}

size_t bp_direct_usable(const void *pointer)
{
    bp_lock_take(&table.lock);
    const struct bp_direct_entry *entry = object_locked(pointer);
    size_t n_bytes = entry ? usable_of(entry) : 0;
    bp_lock_give(&table.lock);
    return n_bytes;
}

size_t bp_direct_stable_max(const void *pointer)
{
    bp_lock_take(&table.lock);
    const struct bp_direct_entry *entry = object_locked(pointer);
    size_t n_bytes = entry && entry->stable_bytes ? entry->n_bytes : 0;
    bp_lock_give(&table.lock);
    return n_bytes;
}

static void stable_note(const void *pointer, size_t used, size_t held)
{
    bp_lock_take(&table.lock);
    struct bp_direct_entry *entry = object_locked(pointer);
    entry->stable_bytes = used;
    entry->held_bytes = held;
    bp_lock_give(&table.lock);
}

static size_t held_bytes(const void *pointer)
{
    bp_lock_take(&table.lock);
    size_t held = object_locked(pointer)->held_bytes;
    bp_lock_give(&table.lock);
    return held;
}

// The books of what is committed in the reservation know nothing of these.
static bool surplus_give(char *from, size_t n_bytes)
{
    if (!bp_os_charges_commit())
        return bp_reserve_purge(from, n_bytes, n_bytes);
    return bp_options.purge != BP_PURGE_NEVER && !bp_os_decommit(from, n_bytes);
}

static bool more_take(char *from, size_t n_bytes)
{
    if (!bp_limit_charge(&bp_counters.direct_bytes, n_bytes))
        return false;
    if (!n_bytes || !bp_os_charges_commit() || !bp_os_commit(from, n_bytes))
        return true;
    bp_sub_relaxed(&bp_counters.direct_bytes, n_bytes);
    return false;
}

// Nobody else resizes the object: only the lookups need the lock.
static void *stable_resize(char *pointer, size_t used)
{
    size_t held = held_bytes(pointer);
    size_t surplus = bp_sub_or_zero(held, used);
    if (!more_take(pointer + held, bp_sub_or_zero(used, held)))
        return NULL;
    held = bp_max(held, used);
    if (surplus >= bp_max(64 * BP_KIB, used / 2) && surplus_give(pointer + used, surplus)) {
        bp_sub_relaxed(&bp_counters.direct_bytes, surplus);
        held = used;
    }
    stable_note(pointer, used, held);
    return pointer;
}

void *bp_direct_resize(void *pointer, size_t n_bytes)
{
    size_t whole = bp_align_up(bp_max(n_bytes, 1), bp_os_page_bytes());
    size_t old_bytes = bp_direct_usable(pointer);
    size_t max_bytes = bp_direct_stable_max(pointer);
    void *moved = pointer;
    if (whole == old_bytes)
        return pointer;
    if (!old_bytes || whole < n_bytes)
        return NULL;
    if (max_bytes)
        return whole <= max_bytes ? stable_resize(pointer, whole) : NULL;
    if (!table_make_room() ||
        !bp_limit_charge(&bp_counters.direct_bytes, bp_sub_or_zero(whole, old_bytes)))
        return NULL;
    size_t held;
    withdraw(pointer, &held);
    bool failed = bp_os_remap(pointer, old_bytes, whole, &moved) != 0;
    // Our own entry has just left, so room is short only while others race for it.
    while (!insert(moved, failed ? old_bytes : whole, 0))
        table_make_room();
    size_t spared = bp_sub_or_zero(bp_max(whole, old_bytes), failed ? old_bytes : whole);
    bp_sub_relaxed(&bp_counters.direct_bytes, spared);
    return failed ? NULL : moved;
}
