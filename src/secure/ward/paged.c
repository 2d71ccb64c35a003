// SPDX-License-Identifier: MIT
// Paged objects and their table: open addressing, linear probing, at most half full; an entry that
// goes lets later ones of its run move up (Knuth, 6.4, algorithm R).
#include "base/bits.h"
#include "core/lock.h"
#include "core/report.h"
#include "os/os.h"
#include "os/os_guard.h"
#include "thread/request.h"
#include "ward/table.h"
#include "ward/ward.h"

enum {
    TABLE_FIRST = 1024,
    WAITING_COUNT = 32,
    CLEARED_MAX = 128 << 10, // larger ones lose their pages when they are freed
};

static struct {
    struct bp_lock lock; // rank WARD_TABLE: guards all of this
    struct bp_paged *entries;
    size_t capacity, count;
    struct bp_paged waiting[WAITING_COUNT]; // freed
    unsigned at;
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

static bool insert(struct bp_paged entry)
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

static size_t body_bytes(size_t n_bytes)
{
    return bp_align_up(n_bytes, bp_os_page_bytes());
}

// --- the end of the last page ---

static size_t slack_of(const struct bp_paged *it)
{
    return bp_min(body_bytes(it->n_bytes) - it->n_bytes, sizeof(uint64_t));
}

static void slack_fill(const struct bp_paged *it)
{
    memcpy(it->object + it->n_bytes, &bp_secrets.canary, slack_of(it));
}

static void slack_verify(const struct bp_paged *it)
{
    if (memcmp(it->object + it->n_bytes, &bp_secrets.canary, slack_of(it)) != 0)
        bp_ward_die_overflow(it->object, it->n_bytes);
}

// --- freed objects that wait ---

static bool is_cleared(const struct bp_paged *it)
{
    return it->n_bytes <= CLEARED_MAX;
}

static void leave(struct bp_paged it)
{
    size_t page = bp_os_page_bytes();
    size_t body = body_bytes(it.n_bytes);
    if (!it.object)
        return;
    if (is_cleared(&it)) {
        if (!bp_is_zero(it.object, it.object + body))
            bp_ward_die_written(it.object, it.n_bytes);
        bp_os_guard_remove(it.object - page, page, 1);
        bp_os_guard_remove(it.object + body, page, 1);
    } else {
        bp_os_guard_remove(it.object - page, body + 2 * page, 3);
    }
    bp_request_free(it.begin);
}

static void wait(struct bp_paged it)
{
    bp_lock_take(&table.lock);
    struct bp_paged oldest = table.waiting[table.at];
    table.waiting[table.at] = it;
    table.at = (table.at + 1) % WAITING_COUNT;
    bp_lock_give(&table.lock);
    leave(oldest);
}

static void waiting_leave(void)
{
    for (unsigned i = 0; i < WAITING_COUNT; i++)
        wait((struct bp_paged){.object = NULL});
}

static bool is_waiting(const void *object)
{
    bool found = false;
    bp_lock_take(&table.lock);
    for (unsigned i = 0; i < WAITING_COUNT; i++)
        found |= table.waiting[i].object == object;
    bp_lock_give(&table.lock);
    return found;
}

// --- alloc and free ---

static void *requested(size_t n_bytes, size_t align, bool zero)
{
    void *begin = bp_request_alloc(n_bytes, align, zero);
    if (begin)
        return begin;
    waiting_leave();
    return bp_request_alloc(n_bytes, align, zero);
}

void *bp_paged_alloc(size_t n_bytes, size_t align, bool zero)
{
    size_t page = bp_os_page_bytes();
    size_t lead = bp_max(align, page);
    if (n_bytes > BP_REQUEST_MAX - 4 * page || lead > BP_REQUEST_MAX - 4 * page - n_bytes)
        return NULL;
    // More than a small object has: the place is a slot, a run of chunks or a mapping.
    size_t wanted = bp_max(lead + body_bytes(n_bytes) + page, BP_SMALL_MAX + 1);
    char *begin = requested(wanted, lead, zero);
    if (!begin)
        return NULL;
    struct bp_paged it = {begin + lead, begin, n_bytes, BP_KIND_MALLOC};
    if (!insert(it)) {
        bp_request_free(begin);
        return NULL;
    }
    // What cannot be guarded, because of the limit of mappings, is used without.
    bp_os_guard_install(it.object - page, page);
    bp_os_guard_install(it.object + body_bytes(n_bytes), page);
    slack_fill(&it);
    return it.object;
}

enum bp_verdict bp_paged_free(void *object)
{
    bp_lock_take(&table.lock);
    struct bp_paged *found = find_locked(object);
    struct bp_paged it = found ? *found : (struct bp_paged){.object = NULL};
    if (found)
        remove_locked(found);
    bp_lock_give(&table.lock);
    if (!it.object)
        return is_waiting(object) ? BP_DOUBLE_FREE : BP_INVALID;
    slack_verify(&it);
    if (is_cleared(&it))
        memset(it.object, 0, body_bytes(it.n_bytes));
    else
        bp_os_guard_install(it.object, body_bytes(it.n_bytes));
    wait(it);
    return BP_DONE;
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

bool bp_paged_resize(void *object, size_t n_bytes)
{
    struct bp_paged it;
    if (!bp_paged_find(object, &it) || body_bytes(n_bytes) != body_bytes(it.n_bytes))
        return false;
    slack_verify(&it);
    bp_lock_take(&table.lock);
    struct bp_paged *found = find_locked(object);
    if (found)
        found->n_bytes = it.n_bytes = n_bytes;
    bp_lock_give(&table.lock);
    slack_fill(&it);
    return found != NULL;
}
