// SPDX-License-Identifier: MIT
// The table of paged objects: open addressing, linear probing, at most half full; an entry that
// goes lets later ones of its run move up (Knuth, 6.4, algorithm R).
#include "ward/table.h"

#include "base/bits.h"
#include "core/lock.h"
#include "os/os.h"

enum { TABLE_FIRST = 1024 };

static struct {
    struct bp_lock lock; // rank WARD_TABLE: guards all of this, and what waits (ward/paged.c)
    struct bp_paged *entries;
    size_t capacity, count;
} table = {.lock = BP_LOCK_INIT(BP_RANK_WARD_TABLE)};

struct bp_lock *bp_ward_table_lock(void)
{
    return &table.lock;
}

static size_t place_of(const void *object, size_t capacity)
{
    return ((size_t)object >> 12) * 0x9e3779b97f4a7c15u >> 20 & (capacity - 1);
}

// The object's entry, or the free one where it would stand.
static struct bp_paged *probe(struct bp_paged *entries, size_t capacity, const void *object)
{
    size_t at = place_of(object, capacity);
    while (entries[at].object && entries[at].object != object)
        at = (at + 1) & (capacity - 1);
    return &entries[at];
}

static struct bp_paged *find_locked(const void *object)
{
    struct bp_paged *it = table.capacity ? probe(table.entries, table.capacity, object) : NULL;
    return it && it->object ? it : NULL;
}

static bool grow_locked(void)
{
    size_t capacity = table.capacity ? 2 * table.capacity : TABLE_FIRST;
    size_t unit = sizeof(struct bp_paged);
    size_t page = bp_os_page_bytes();
    void *fresh;
    if (bp_os_map_guarded(bp_align_up(capacity * unit, page), &fresh))
        return false;
    for (size_t i = 0; i < table.capacity; i++) {
        if (table.entries[i].object)
            *probe(fresh, capacity, table.entries[i].object) = table.entries[i];
    }
    if (table.capacity)
        bp_os_unmap_guarded(table.entries, bp_align_up(table.capacity * unit, page));
    table.entries = fresh;
    table.capacity = capacity;
    return true;
}

bool bp_table_insert(struct bp_paged entry)
{
    bp_lock_take(&table.lock);
    bool done = 2 * table.count < table.capacity || grow_locked();
    if (done) {
        *probe(table.entries, table.capacity, entry.object) = entry;
        table.count++;
    }
    bp_lock_give(&table.lock);
    return done;
}

static void remove_locked(struct bp_paged *it)
{
    size_t mask = table.capacity - 1;
    size_t hole = (size_t)(it - table.entries);
    for (size_t at = (hole + 1) & mask; table.entries[at].object; at = (at + 1) & mask) {
        size_t wanted = place_of(table.entries[at].object, table.capacity);
        if (((at - wanted) & mask) >= ((at - hole) & mask)) {
            table.entries[hole] = table.entries[at];
            hole = at;
        }
    }
    table.entries[hole].object = NULL;
    table.count--;
}

bool bp_table_remove(const void *object, struct bp_paged *ret_entry)
{
    bp_lock_take(&table.lock);
    struct bp_paged *found = find_locked(object);
    if (found) {
        *ret_entry = *found;
        remove_locked(found);
    }
    bp_lock_give(&table.lock);
    return found != NULL;
}

void bp_table_change(const struct bp_paged *entry)
{
    bp_lock_take(&table.lock);
    struct bp_paged *found = find_locked(entry->object);
    if (found)
        *found = *entry;
    bp_lock_give(&table.lock);
}

bool bp_paged_find(const void *object, struct bp_paged *ret_entry)
{
    bp_lock_take(&table.lock);
    struct bp_paged *found = find_locked(object);
    if (found)
        *ret_entry = *found;
    bp_lock_give(&table.lock);
    return found != NULL;
}

bool bp_paged_mark(const void *object, enum bp_kind kind)
{
    bp_lock_take(&table.lock);
    struct bp_paged *found = find_locked(object);
    if (found)
        found->kind = kind;
    bp_lock_give(&table.lock);
    return found != NULL;
}
