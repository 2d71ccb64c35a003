// SPDX-License-Identifier: MIT
#include "region/depot.h"

#include "base/attr.h"
#include "base/check.h"
#include "core/lock.h"
#include "region/size_class.h"
#include "region/span.h"
#include "reserve/reserve.h"

enum { DEPOT_SLOTS = 16, DEPOT_BYTES = 1 << 18 };

struct depot {
    struct bp_lock lock; // rank DEPOT: guards all of it, and the records of the class's spans
    bool used;           // since bp_depot_drain_idle looked last
    uint32_t count, top; // magazines are ring[top - count .. top), modulo DEPOT_SLOTS
    struct bp_magazine ring[DEPOT_SLOTS];
    struct bp_span_lists lists;
    bp_atomic_u32 stock; // not 0 if there is something to take; read without the lock as a hint
} BP_LINE_ALIGNED;

// Zero is a free lock; ranks are set where they are looked at, in the checks build.
static struct depot depots[BP_CLASS_COUNT];

static struct depot *depot_of(unsigned class_index)
{
    if (BP_CHECKS)
        depots[class_index].lock.rank = BP_RANK_DEPOT;
    return &depots[class_index];
}

static void stock_update(struct depot *depot)
{
    bp_store_u32_relaxed(&depot->stock, depot->count || bp_span_has_free(&depot->lists));
}

static void depot_give_lock(struct depot *depot)
{
    depot->used = true;
    stock_update(depot);
    bp_lock_give(&depot->lock);
}

struct bp_lock *bp_depot_lock(unsigned class_index)
{
    return &depot_of(class_index)->lock;
}

static uint32_t ring_capacity(unsigned class_index)
{
    uint32_t bytes = bp_class[class_index].object_bytes * bp_class[class_index].magazine_capacity;
    uint32_t fits = DEPOT_BYTES / bytes;
    return fits < DEPOT_SLOTS ? fits : DEPOT_SLOTS;
}

static struct bp_magazine ring_pop(struct depot *depot)
{
    depot->count--;
    return depot->ring[--depot->top % DEPOT_SLOTS];
}

static void ring_push(struct depot *depot, struct bp_magazine magazine)
{
    depot->ring[depot->top++ % DEPOT_SLOTS] = magazine;
    depot->count++;
}

static struct bp_magazine ring_pop_oldest(struct depot *depot)
{
    return depot->ring[(depot->top - depot->count--) % DEPOT_SLOTS];
}

static void sort_locked(struct depot *depot, void *chain)
{
    while (chain) {
        void *next = *(void **)chain;
        __builtin_prefetch(next);
        bp_span_put_locked(&depot->lists, chain);
        chain = next;
    }
}

struct bp_magazine bp_depot_take(unsigned class_index, uint32_t wanted)
{
    struct depot *depot = depot_of(class_index);
    struct bp_magazine got = {NULL, 0};
    if (!bp_load_u32_relaxed(&depot->stock))
        return got;
    bp_lock_take(&depot->lock);
    if (depot->count)
        got = ring_pop(depot);
    else
        got.count = bp_span_gather_locked(&depot->lists, wanted, &got.head);
    depot_give_lock(depot);
    return got;
}

static void ring_drain_locked(struct depot *depot, uint32_t keep)
{
    while (depot->count > keep)
        sort_locked(depot, ring_pop_oldest(depot).head);
}

uint32_t bp_depot_give(unsigned class_index, struct bp_magazine magazine)
{
    struct depot *depot = depot_of(class_index);
    bp_lock_take(&depot->lock);
    uint32_t most = bp_span_magazine_most(&depot->lists, class_index);
    ring_drain_locked(depot, ring_capacity(class_index) - 1);
    ring_push(depot, magazine);
    if (most == BP_MAGAZINE_SPARSE)
        ring_drain_locked(depot, 0);
    depot_give_lock(depot);
    return most;
}

void bp_depot_sort(unsigned class_index, void *chain)
{
    struct depot *depot = depot_of(class_index);
    if (!chain)
        return;
    bp_lock_take(&depot->lock);
    sort_locked(depot, chain);
    depot_give_lock(depot);
}

void bp_depot_drain(void)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        struct depot *depot = depot_of(i);
        bp_lock_take(&depot->lock);
        ring_drain_locked(depot, 0);
        depot_give_lock(depot);
    }
}

void bp_depot_drain_idle(void)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        struct depot *depot = depot_of(i);
        bp_lock_take(&depot->lock);
        if (!depot->used)
            ring_drain_locked(depot, 0);
        depot->used = false;
        stock_update(depot);
        bp_lock_give(&depot->lock);
    }
}

uint32_t bp_depot_object_count(unsigned class_index)
{
    struct depot *depot = depot_of(class_index);
    uint32_t objects = 0;
    bp_lock_take(&depot->lock);
    for (uint32_t i = 1; i <= depot->count; i++)
        objects += depot->ring[(depot->top - i) % DEPOT_SLOTS].count;
    depot_give_lock(depot);
    return objects;
}

static void span_count(struct depot *depot)
{
    bp_lock_take(&depot->lock);
    depot->lists.span_count++;
    bp_lock_give(&depot->lock);
}

struct bp_run_bounds bp_depot_run_take(unsigned class_index)
{
    struct depot *depot = depot_of(class_index);
    bp_lock_take(&depot->lock);
    struct bp_span *span = bp_span_parked_locked(&depot->lists);
    depot_give_lock(depot);
    if (span)
        return (struct bp_run_bounds){bp_span_cursor(span), bp_span_end(span)};
    span = bp_span_create(class_index);
    if (!span)
        return (struct bp_run_bounds){NULL, NULL};
    span_count(depot);
    return (struct bp_run_bounds){bp_span_cursor(span), bp_span_end(span)};
}

void bp_depot_run_give(unsigned class_index, const char *cursor, const char *end)
{
    struct depot *depot = depot_of(class_index);
    uint32_t last_chunk = bp_chunk_of(end - 1);
    struct bp_span *span = bp_span_at(bp_span_at(last_chunk)->first_chunk);
    bp_lock_take(&depot->lock);
    bp_span_stop_locked(&depot->lists, span, cursor);
    depot_give_lock(depot);
}
