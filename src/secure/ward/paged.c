// SPDX-License-Identifier: MIT
// Paged objects: where they come from, how they wait, and where they go.
#include "base/atomics.h"
#include "base/bits.h"
#include "base/limits.h"
#include "core/lock.h"
#include "core/options.h"
#include "core/report.h"
#include "os/os.h"
#include "os/os_guard.h"
#include "region/class_region.h"
#include "thread/request.h"
#include "ward/pages.h"
#include "ward/table.h"
#include "ward/ward.h"

enum {
    WAITING_COUNT = 32,
    OPEN_MAX = 128 << 10, // larger ones cannot be touched once they are freed
    KEPT_MAX = 1 << 20,   // larger ones lose their pages
    KEPT_ALL = 8 << 20,   // pages that stay, of all freed objects together
    KEPT_REGIONS = 6,     // slots of 64 KiB to 2 MiB
    KEPT_EACH = 8,
};

// Freed objects; under bp_ward_table_lock(), but for the count of bytes.
static struct {
    struct bp_paged waiting[WAITING_COUNT];
    unsigned at;
    struct {
        struct bp_paged places[KEPT_EACH]; // that waited long enough
        unsigned count;
    } kept[KEPT_REGIONS];
    bp_atomic_size kept_bytes;
} freed;

static size_t body_bytes(size_t n_bytes)
{
    return bp_align_up(n_bytes, bp_os_page_bytes());
}

// More than a small object has: the place is a slot, a run of chunks or a mapping.
static size_t wanted_bytes(size_t lead, size_t n_bytes)
{
    return bp_max(lead + body_bytes(n_bytes) + bp_os_page_bytes(), BP_SMALL_MAX + 1);
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

// --- guards ---

// What cannot be guarded, because of the limit of mappings, is used without; the next object there
// tries again.
static void guard_ensure(char *at, bool *guarded)
{
    *guarded = *guarded || !bp_os_guard_install(at, bp_os_page_bytes());
}

// False: the system will not, and nobody may be given the page.
static bool guard_end(char *at, bool *guarded)
{
    *guarded = *guarded && bp_os_guard_remove(at, bp_os_page_bytes());
    return !*guarded;
}

static void guards_ensure(struct bp_paged *it)
{
    guard_ensure(it->object - bp_os_page_bytes(), &it->front);
    guard_ensure(it->object + body_bytes(it->n_bytes), &it->rear);
}

static bool guards_end(struct bp_paged *it)
{
    return guard_end(it->object - bp_os_page_bytes(), &it->front) &&
           guard_end(it->object + body_bytes(it->n_bytes), &it->rear);
}

// Back to the class regions; what keeps a guard is lost.
static void place_give(struct bp_paged *it)
{
    if (guards_end(it))
        bp_request_free(it->begin);
}

// The place becomes one of n bytes, in the slot that it has: the guard behind it moves. False:
// it is as it was, perhaps without that guard.
static bool place_refit(struct bp_paged *it, size_t n_bytes)
{
    unsigned region;
    size_t lead = (size_t)(it->object - it->begin);
    bool moves = body_bytes(n_bytes) != body_bytes(it->n_bytes);
    if (moves && !guard_end(it->object + body_bytes(it->n_bytes), &it->rear))
        return false;
    bool fits = !moves || (bp_region_of(it->begin, &region) &&
                           bp_region_resize(region, it->begin, wanted_bytes(lead, n_bytes)));
    it->n_bytes = fits ? n_bytes : it->n_bytes;
    guards_ensure(it);
    return fits;
}

// --- freed objects ---

static bool kept_charge(const struct bp_paged *it)
{
    unsigned region;
    size_t body = body_bytes(it->n_bytes);
    if (body > KEPT_MAX || (size_t)(it->object - it->begin) != bp_os_page_bytes() ||
        !bp_region_of(it->begin, &region) || region >= KEPT_REGIONS)
        return false;
    if (bp_add_relaxed(&freed.kept_bytes, body) + body <= KEPT_ALL)
        return true;
    bp_sub_relaxed(&freed.kept_bytes, body);
    return false;
}

static void kept_uncharge(const struct bp_paged *it)
{
    if (it->kept)
        bp_sub_relaxed(&freed.kept_bytes, body_bytes(it->n_bytes));
}

// Can be touched again, and nobody did meanwhile. False: the system will not, and it is lost.
static bool uncover(const struct bp_paged *it)
{
    size_t body = body_bytes(it->n_bytes);
    if (it->covered)
        return !bp_os_uncover(it->object, body);
    if (!bp_pages_are_zero(it->object, body))
        bp_ward_die_written(it->object, it->n_bytes);
    return true;
}

static void release(struct bp_paged *it)
{
    unsigned region;
    kept_uncharge(it);
    if (!uncover(it) || !guards_end(it))
        return;
    if (it->dropped && bp_region_of(it->begin, &region))
        bp_region_emptied(region, it->begin);
    bp_request_free(it->begin);
}

static bool kept_put(const struct bp_paged *it)
{
    unsigned region;
    if (!it->kept || !bp_region_of(it->begin, &region))
        return false;
    bp_lock_take(bp_ward_table_lock());
    bool room = freed.kept[region].count < KEPT_EACH;
    if (room)
        freed.kept[region].places[freed.kept[region].count++] = *it;
    bp_lock_give(bp_ward_table_lock());
    return room;
}

// One whose guards stand right, if there is one.
static struct bp_paged kept_choose_locked(unsigned region, size_t body)
{
    struct bp_paged *places = freed.kept[region].places;
    unsigned last = --freed.kept[region].count;
    unsigned at = last;
    for (unsigned i = 0; i <= last; i++)
        at = body_bytes(places[i].n_bytes) == body ? i : at;
    struct bp_paged chosen = places[at];
    places[at] = places[last];
    return chosen;
}

static bool kept_take(unsigned region, size_t body, struct bp_paged *ret_place)
{
    bool found = false;
    if (region >= KEPT_REGIONS)
        return false;
    bp_lock_take(bp_ward_table_lock());
    if (freed.kept[region].count) {
        *ret_place = kept_choose_locked(region, body);
        found = true;
    }
    bp_lock_give(bp_ward_table_lock());
    return found;
}

// It waits in the place of the one that has waited longest. An object of NULL: none comes.
static struct bp_paged wait_exchange(struct bp_paged it)
{
    bp_lock_take(bp_ward_table_lock());
    struct bp_paged oldest = freed.waiting[freed.at];
    freed.waiting[freed.at] = it;
    freed.at = (freed.at + 1) % WAITING_COUNT;
    bp_lock_give(bp_ward_table_lock());
    return oldest;
}

void bp_paged_flush(void)
{
    struct bp_paged it;
    for (unsigned i = 0; i < WAITING_COUNT; i++) {
        it = wait_exchange((struct bp_paged){.object = NULL});
        if (it.object)
            release(&it);
    }
    for (unsigned region = 0; region < KEPT_REGIONS; region++) {
        while (kept_take(region, 0, &it))
            release(&it);
    }
}

// The pages go, the addresses still wait. Bytes that were given back.
static size_t waiting_drop(struct bp_paged *it)
{
    size_t body = body_bytes(it->n_bytes);
    if (!it->kept || bp_options.purge == BP_PURGE_NEVER)
        return 0;
    if (!it->covered && !bp_pages_are_zero(it->object, body))
        bp_ward_die_written(it->object, it->n_bytes);
    if (bp_os_purge(it->object, body))
        return 0;
    kept_uncharge(it);
    it->kept = false;
    it->dropped = true;
    return body;
}

// Each takes the place of the next, so their order stays.
size_t bp_paged_trim(void)
{
    struct bp_paged it = {.object = NULL};
    size_t released = 0;
    for (unsigned i = 0; i <= WAITING_COUNT; i++) {
        it = wait_exchange(it);
        released += it.object ? waiting_drop(&it) : 0;
    }
    if (it.object) // others came meanwhile
        release(&it);
    for (unsigned region = 0; region < KEPT_REGIONS; region++) {
        while (kept_take(region, 0, &it))
            release(&it);
    }
    return released;
}

static bool is_waiting(const void *object)
{
    bool found = false;
    bp_lock_take(bp_ward_table_lock());
    for (unsigned i = 0; i < WAITING_COUNT; i++)
        found |= freed.waiting[i].object == object;
    for (unsigned i = 0; i < KEPT_REGIONS * KEPT_EACH; i++) {
        unsigned region = i / KEPT_EACH, at = i % KEPT_EACH;
        found |= at < freed.kept[region].count && freed.kept[region].places[at].object == object;
    }
    bp_lock_give(bp_ward_table_lock());
    return found;
}

// --- alloc and free ---

static void *requested(size_t n_bytes, size_t align, bool zero)
{
    void *begin = bp_request_alloc(n_bytes, align, zero);
    if (begin)
        return begin;
    bp_paged_flush();
    return bp_request_alloc(n_bytes, align, zero);
}

static bool place_fresh(size_t n_bytes, size_t align, bool zero, struct bp_paged *ret_place)
{
    size_t lead = bp_max(align, bp_os_page_bytes());
    char *begin = requested(wanted_bytes(lead, n_bytes), lead, zero);
    if (!begin)
        return false;
    *ret_place = (struct bp_paged){.object = begin + lead, .begin = begin, .n_bytes = n_bytes};
    guards_ensure(ret_place);
    return true;
}

// One that waited, which reads zero as far as it went then.
static bool place_again(size_t n_bytes, size_t align, bool zero, struct bp_paged *ret_place)
{
    size_t page = bp_os_page_bytes(), body = body_bytes(n_bytes);
    if (align > page || !kept_take(bp_region_for(wanted_bytes(page, n_bytes)), body, ret_place))
        return false;
    size_t was = body_bytes(ret_place->n_bytes);
    kept_uncharge(ret_place);
    if (!uncover(ret_place))
        return false;
    ret_place->kept = ret_place->covered = false;
    if (!place_refit(ret_place, n_bytes)) {
        place_give(ret_place);
        return false;
    }
    if (zero && body > was)
        bp_pages_clear(ret_place->object + was, body - was);
    return true;
}

void *bp_paged_alloc(size_t n_bytes, size_t align, bool zero)
{
    struct bp_paged it;
    size_t page = bp_os_page_bytes();
    size_t lead = bp_max(align, page);
    if (n_bytes > BP_REQUEST_MAX - 4 * page || lead > BP_REQUEST_MAX - 4 * page - n_bytes)
        return NULL;
    if (!place_again(n_bytes, align, zero, &it) && !place_fresh(n_bytes, align, zero, &it))
        return NULL;
    it.kind = BP_KIND_MALLOC;
    if (!bp_table_insert(it)) {
        place_give(&it);
        return NULL;
    }
    slack_fill(&it);
    return it.object;
}

static void retire(struct bp_paged *it)
{
    size_t body = body_bytes(it->n_bytes);
    it->kept = kept_charge(it);
    if (it->kept)
        bp_pages_clear(it->object, body);
    else
        it->dropped = bp_pages_drop(it->object, body);
    it->covered = (!it->kept || body > OPEN_MAX) && !bp_os_cover(it->object, body);
}

enum bp_verdict bp_paged_free(void *object)
{
    struct bp_paged it;
    if (!bp_table_remove(object, &it))
        return is_waiting(object) ? BP_DOUBLE_FREE : BP_INVALID;
    slack_verify(&it);
    retire(&it);
    it = wait_exchange(it);
    if (it.object && !kept_put(&it))
        release(&it);
    return BP_DONE;
}

// --- resize ---

// The slot holds it, and it is not so much smaller that it should move.
static bool may_stay(const struct bp_paged *it, size_t n_bytes)
{
    unsigned region;
    size_t body = body_bytes(n_bytes), was = body_bytes(it->n_bytes);
    if (body == was)
        return true;
    return n_bytes > BP_WARD_SMALL_MAX && n_bytes <= BP_REQUEST_MAX && body >= was / 2 &&
           bp_region_of(it->begin, &region) &&
           wanted_bytes((size_t)(it->object - it->begin), n_bytes) <= bp_region_slot_bytes(region);
}

bool bp_paged_resize(void *object, size_t n_bytes)
{
    struct bp_paged it;
    if (!bp_paged_find(object, &it) || !may_stay(&it, n_bytes))
        return false;
    struct bp_paged old = it;
    slack_verify(&it);
    if (!place_refit(&it, n_bytes)) {
        bp_table_change(&it);
        return false;
    }
    size_t end = body_bytes(n_bytes) + bp_os_page_bytes();
    if (body_bytes(old.n_bytes) > end)
        bp_pages_drop(it.object + end, body_bytes(old.n_bytes) - end);
    if (n_bytes > old.n_bytes) // the canary was nobody's to know
        memset(it.object + old.n_bytes, 0, slack_of(&old));
    bp_table_change(&it);
    slack_fill(&it);
    return true;
}
