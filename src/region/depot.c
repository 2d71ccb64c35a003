// SPDX-License-Identifier: MIT
#include "region/depot.h"

#include "base/attr.h"
#include "base/bits.h"
#include "base/check.h"
#include "core/counters.h"
#include "core/lock.h"
#include "core/options.h"
#include "os/os.h"
#include "region/chain.h"
#include "region/hole.h"
#include "region/link.h"
#include "region/size_class.h"
#include "region/span.h"
#include "reserve/budget.h"
#include "reserve/reserve.h"

#include <string.h>

enum {
    DEPOT_BYTES = 1 << 18,
    SWEEP_CHUNKS = 16,
};

enum depot_use { DEPOT_DRAINED, DEPOT_IDLE, DEPOT_USED };

// Zero is a free lock; ranks are set where they are looked at, in the checks build.
struct bp_depot bp_depots[BP_CLASS_COUNT];
struct bp_tally bp_tallies[BP_CLASS_COUNT];

static struct bp_depot *depot_of(unsigned class_index)
{
    if (BP_CHECKS)
        bp_store_u32_relaxed(&bp_depots[class_index].lock.rank, BP_RANK_DEPOT);
    return &bp_depots[class_index];
}

// Under the depot's lock, so no locked instruction is needed.
static void tally(bp_atomic_size *cell, size_t change)
{
    bp_store_relaxed(cell, bp_load_relaxed(cell) + change);
}

static struct bp_tally *tally_of(const struct bp_depot *depot)
{
    return &bp_tallies[depot - bp_depots];
}

// Low classes come first. What is read there before it is written to would be faulted twice.
void bp_depot_init(void)
{
    bp_store_u32_relaxed(&bp_depots[1].stock, 0);
    bp_store_relaxed(&bp_tallies[BP_CLASS_COUNT / 2].runs, 0);
}

static void stock_update(struct bp_depot *depot)
{
    bp_store_u32_relaxed(&depot->stock, depot->count || bp_span_has_free(&depot->lists));
}

static void note(bp_atomic_size *sum, uint32_t *noted, uint32_t now, size_t bytes)
{
    if (now != *noted)
        bp_add_relaxed(sum, ((size_t)now - *noted) * bytes);
    *noted = now;
}

// What the class's spans have free is added up over all classes, once for each visit.
static void free_bytes_note(struct bp_depot *depot)
{
    const struct bp_span_lists *lists = &depot->lists;
    size_t bytes = bp_class[depot - bp_depots].object_bytes;
    note(&bp_counters.span_free_bytes, &depot->noted_free, lists->free_objects, bytes);
    note(&bp_counters.span_marked_bytes, &depot->noted_marked, lists->marked_objects, bytes);
}

static void depot_give_lock(struct bp_depot *depot) BP_PROVE(release_capability(&depot->lock));

static void depot_give_lock(struct bp_depot *depot)
{
    bp_store_u32_relaxed(&depot->used, DEPOT_USED);
    free_bytes_note(depot);
    stock_update(depot);
    bp_lock_give(&depot->lock);
}

struct bp_lock *bp_depot_lock(unsigned class_index)
{
    return &depot_of(class_index)->lock;
}

static uint32_t stack_capacity(unsigned class_index)
{
    uint32_t bytes = bp_class[class_index].object_bytes * bp_class[class_index].magazine_capacity;
    uint32_t fits = DEPOT_BYTES / bytes;
    return fits < BP_DEPOT_SLOTS ? fits : BP_DEPOT_SLOTS;
}

static void sort_locked(struct bp_depot *depot, void *chain)
{
    size_t count = 0;
    for (; chain; count++) {
        void *next = bp_link_next(chain);
        __builtin_prefetch(next);
        bp_span_put_locked(&depot->lists, chain);
        chain = next;
    }
    tally(&tally_of(depot)->sorted_objects, count);
}

static void stack_push_locked(struct bp_depot *depot, struct bp_magazine magazine)
{
    depot->stack[depot->count++] = magazine;
    tally(&tally_of(depot)->stocked_objects, magazine.count);
}

// --- pages behind free objects ---

static bool may_punch(unsigned class_index)
{
    return bp_options.purge != BP_PURGE_NEVER && class_index;
}

// Gives back the whole pages within runs of holes that are not all given back already.
static size_t holes_purge(const struct bp_span *span, uint32_t all, uint32_t fresh)
{
    size_t bytes = bp_class[span->class_index].object_bytes;
    size_t page = bp_os_page_bytes();
    char *start = bp_chunk_address(span->first_chunk);
    size_t released = 0;
    for (uint32_t at = 0, end; all >> at; at = end + 1) {
        for (end = at; all >> end & 1; end++)
            ;
        size_t from = bp_align_up(bp_hole_begin(span->class_index, at) * bytes, page);
        size_t until = bp_align_down(bp_hole_begin(span->class_index, end) * bytes, page);
        bool any = fresh >> at & ((1u << (end - at)) - 1);
        if (any && from < until && bp_reserve_punch(start + from, until - from))
            released += until - from;
    }
    return released;
}

// Of whatever life of the chunk.
static unsigned class_hint(uint32_t chunk)
{
    return bp_span_at(chunk)->class_index;
}

// While the lock is not held the holes' objects are nobody's, as if in a magazine: so the span
// stays.
static size_t span_punch(uint32_t chunk, bool always)
{
    struct bp_span *span = bp_span_at(chunk);
    unsigned class_index = class_hint(chunk);
    uint32_t holes = 0, fresh = 0;
    if (!bp_span_looks_worth(chunk) || !may_punch(class_index))
        return 0;
    struct bp_depot *depot = depot_of(class_index);
    bp_lock_take(&depot->lock);
    // What was read without the lock may be of another life of the chunk.
    if (bp_span_serves_locked(chunk, class_index) &&
        (always || bp_span_magazine_most(&depot->lists, class_index) != UINT32_MAX))
        fresh = bp_span_worth_locked(span, always);
    if (fresh)
        holes = bp_span_withdraw_locked(&depot->lists, span, fresh);
    depot_give_lock(depot);
    if (!holes)
        return 0;
    size_t released = holes_purge(span, holes, fresh);
    bp_add_relaxed(&bp_counters.punched_bytes, released);
    bp_lock_take(&depot->lock);
    bp_span_mark_locked(&depot->lists, span, holes);
    depot->punch_time = bp_budget_purge_time();
    depot_give_lock(depot);
    return released;
}

size_t bp_depot_punch_all(void)
{
    uint32_t end = (uint32_t)(bp_hot.arena_units >> (BP_CHUNK_SHIFT - 4));
    size_t released = 0;
    for (uint32_t chunk = bp_reservation.arena_begin; chunk < end; chunk++)
        released += span_punch(chunk, true);
    return released;
}

static bool is_over_budget(void)
{
    size_t free_bytes = bp_budget_use_of(&bp_counters).free_bytes;
    return free_bytes > bp_budget_least_bytes() && free_bytes > bp_budget_bytes();
}

// A few spans in turn: what was freed before its class became sparse is not on anybody's way.
static void sweep(void)
{
    static bp_atomic_size cursor;
    size_t begin = bp_reservation.arena_begin;
    size_t count = (bp_hot.arena_units >> (BP_CHUNK_SHIFT - 4)) - begin;
    size_t at = bp_add_relaxed(&cursor, SWEEP_CHUNKS);
    bool over = true;
    for (size_t i = 0; i < SWEEP_CHUNKS && over; i++) {
        if (span_punch((uint32_t)(begin + (at + i) % count), false))
            over = is_over_budget();
    }
}

// The spans of a chain's first objects, which are on their way there.
static void punch_note_locked(struct bp_depot *depot, void *chain)
{
    uint32_t count = 0;
    for (; chain && count < BP_PUNCH_SPANS_MAX; chain = bp_link_next(chain))
        depot->wanted[count++] = bp_chunk_of(chain);
    bp_store_u32_relaxed(&depot->wanted_count, count);
}

void bp_depot_punch_wanted(unsigned class_index)
{
    struct bp_depot *depot = depot_of(class_index);
    uint32_t wanted[BP_PUNCH_SPANS_MAX];
    // A hint: looked at again under the lock, and who misses it now comes by again.
    if (BP_LIKELY(!bp_load_u32_relaxed(&depot->wanted_count)))
        return;
    bp_lock_take(&depot->lock);
    uint32_t count = bp_load_u32_relaxed(&depot->wanted_count);
    memcpy(wanted, depot->wanted, sizeof(wanted));
    bp_store_u32_relaxed(&depot->wanted_count, 0);
    depot_give_lock(depot);
    bool over = count && is_over_budget();
    for (uint32_t i = 0; i < count && over; i++) {
        if (span_punch(wanted[i], false))
            over = is_over_budget();
    }
    if (over)
        sweep();
}

static struct bp_magazine stack_take_locked(struct bp_depot *depot, unsigned owner)
{
    uint32_t at = depot->count - 1;
    for (uint32_t i = depot->count; i-- > 0;) {
        if (depot->stack[i].owner == owner) {
            at = i;
            break;
        }
    }
    struct bp_magazine got = depot->stack[at];
    tally(&tally_of(depot)->stocked_objects, -(size_t)got.count);
    for (depot->count--; at < depot->count; at++)
        depot->stack[at] = depot->stack[at + 1];
    return got;
}

struct bp_magazine bp_depot_take(unsigned class_index, unsigned owner, uint32_t wanted)
{
    struct bp_depot *depot = depot_of(class_index);
    struct bp_magazine got = {NULL, 0, owner};
    // A hint: who misses what was just given goes on to a run. Chains are read under the lock.
    if (!bp_load_u32_relaxed(&depot->stock))
        return got;
    bp_lock_take(&depot->lock);
    if (depot->count)
        got = stack_take_locked(depot, owner);
    else
        got.count = bp_span_gather_locked(&depot->lists, owner, wanted, &got.head);
    tally(&tally_of(depot)->refills, got.count != 0);
    tally(&tally_of(depot)->refilled_objects, got.count);
    struct bp_regret regret = {(size_t)depot->lists.faulted_objects *
                                   bp_class[class_index].object_bytes,
                               depot->punch_time};
    depot->lists.faulted_objects = 0;
    depot_give_lock(depot);
    bp_budget_regret(regret);
    return got;
}

static void drain_locked(struct bp_depot *depot)
{
    while (depot->count)
        sort_locked(depot, stack_take_locked(depot, depot->stack[depot->count - 1].owner).head);
}

uint32_t bp_depot_give_noted(unsigned class_index, struct bp_magazine magazine, const void *noted)
{
    struct bp_depot *depot = depot_of(class_index);
    if (BP_LIKELY(bp_options.check) &&
        !bp_chain_agrees(class_index, magazine.head, magazine.count, noted))
        bp_chain_expect(class_index, magazine.head, magazine.count);
    bp_lock_take(&depot->lock);
    uint32_t most = bp_span_magazine_most(&depot->lists, class_index);
    tally(&tally_of(depot)->flushes, 1);
    tally(&tally_of(depot)->flushed_objects, magazine.count);
    if (most != UINT32_MAX && may_punch(class_index))
        punch_note_locked(depot, magazine.head);
    if (depot->count < stack_capacity(class_index))
        stack_push_locked(depot, magazine);
    else
        sort_locked(depot, magazine.head);
    if (most == BP_MAGAZINE_SPARSE)
        drain_locked(depot);
    depot_give_lock(depot);
    return most;
}

uint32_t bp_depot_give(unsigned class_index, struct bp_magazine magazine)
{
    return bp_depot_give_noted(class_index, magazine, NULL);
}

// The chain is the caller's: counted without the lock. Its links came with it, by the exchange or
// the barrier that made it the caller's.
void bp_depot_sort(unsigned class_index, void *chain)
{
    struct bp_depot *depot = depot_of(class_index);
    if (!bp_chain_count(class_index, chain))
        return;
    bp_lock_take(&depot->lock);
    sort_locked(depot, chain);
    depot_give_lock(depot);
}

void bp_depot_drain(void)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        struct bp_depot *depot = depot_of(i);
        bp_lock_take(&depot->lock);
        drain_locked(depot);
        depot_give_lock(depot);
    }
}

void bp_depot_drain_idle(void)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        struct bp_depot *depot = depot_of(i);
        if (bp_load_u32_relaxed(&depot->used) == DEPOT_DRAINED)
            continue; // whoever comes now will be seen the next time
        bp_lock_take(&depot->lock);
        uint32_t used = bp_load_u32_relaxed(&depot->used);
        if (used == DEPOT_IDLE)
            drain_locked(depot);
        bp_store_u32_relaxed(&depot->used, used == DEPOT_USED ? DEPOT_IDLE : DEPOT_DRAINED);
        free_bytes_note(depot);
        stock_update(depot);
        bp_lock_give(&depot->lock);
    }
}

static void span_count(struct bp_depot *depot)
{
    bp_lock_take(&depot->lock);
    depot->lists.span_count++;
    tally(&tally_of(depot)->runs, 1);
    bp_max_relaxed(&tally_of(depot)->peak_spans, depot->lists.span_count);
    bp_lock_give(&depot->lock);
}

struct bp_run_bounds bp_depot_run_take(unsigned class_index, unsigned owner)
{
    struct bp_depot *depot = depot_of(class_index);
    bp_lock_take(&depot->lock);
    struct bp_span *span = bp_span_parked_locked(&depot->lists, owner);
    tally(&tally_of(depot)->runs, span != NULL);
    depot_give_lock(depot);
    if (!span) {
        span = bp_span_create(class_index, owner);
        if (!span)
            return (struct bp_run_bounds){NULL, NULL};
        span_count(depot);
    }
    bp_add_relaxed(&bp_counters.run_bytes, BP_CHUNK_BYTES);
    return (struct bp_run_bounds){bp_span_cursor(span), bp_span_end(span)};
}

void bp_depot_run_give(unsigned class_index, const char *cursor, const char *end)
{
    struct bp_depot *depot = depot_of(class_index);
    struct bp_span *span = bp_span_at(bp_chunk_of(end - 1));
    bp_lock_take(&depot->lock);
    bp_span_stop_locked(&depot->lists, span, cursor);
    depot_give_lock(depot);
    bp_sub_relaxed(&bp_counters.run_bytes, BP_CHUNK_BYTES);
}
