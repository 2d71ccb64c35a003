// SPDX-License-Identifier: MIT
#include "thread/heap.h"

#include "base/check.h"
#include "core/counters.h"
#include "core/report.h"
#include "region/chain.h"
#include "region/depot.h"
#include "region/span.h"
#include "thread/counted.h"
#include "thread/large.h"
#include "thread/registry.h"
#include "thread/strays.h"

enum {
    LOOK_VISITS = 64, // about 4 MiB of traffic
    AGE_VISITS = 128,
    IDLE_LOOKS = 3, // a small working set is often found as it was once, and twice
};

// Every size finds bin 0, which has nothing.
const struct bp_heap_zeros bp_heap_zeros;

bp_atomic_size bp_heap_share_bytes BP_LINE_ALIGNED = SIZE_MAX; // read often, written rarely

// The hot path never writes to a constant heap: it has no head, room or run.
BP_THREAD_LOCAL struct bp_heap_hot *bp_heap_cell = (struct bp_heap_hot *)&bp_heap_none;

static uint32_t limit_grown(const struct bp_bin_cold *cold)
{
    uint32_t grown = cold->limit ? 2 * cold->limit : BP_LIMIT_FIRST;
    return grown < cold->most ? grown : cold->most;
}

// A magazine in hand and a spare.
static size_t capacity_of(unsigned class_index, uint32_t limit)
{
    return (size_t)limit * 2 * bp_class[class_index].object_bytes;
}

static void limit_set(struct bp_heap *heap, unsigned class_index, uint32_t limit)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    bp_heap_own_bin(heap, class_index)->room += limit - cold->limit;
    heap->capacity_bytes += capacity_of(class_index, limit);
    heap->capacity_bytes -= capacity_of(class_index, cold->limit);
    cold->limit = limit;
}

static void limit_raise(struct bp_heap *heap, unsigned class_index, uint32_t limit)
{
    if (limit > heap->cold[class_index].limit)
        limit_set(heap, class_index, limit);
}

// Any thread may; the count is of use to the owner alone.
static struct bp_magazine spare_take(struct bp_bin_cold *cold)
{
    // pairs with the exchange in bin_turn: the chain is complete
    void *head = bp_exchange_ptr_acquire(&cold->spare, NULL);
    return (struct bp_magazine){.head = head, .count = head ? cold->spare_count : 0};
}

static void spare_flush(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    if (bp_load_ptr_relaxed(&cold->spare))
        bp_depot_sort(class_index, spare_take(cold).head);
}

static void bin_flush(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin *bin = bp_heap_own_bin(heap, class_index);
    void *chain = bin->head;
    bin->head = NULL;
    bin->room = heap->cold[class_index].limit;
    bp_depot_sort(class_index, chain);
}

// The next class in turn that has more than its part of the share gives up half of it.
static bool capacity_take(struct bp_heap *heap, unsigned class_index, size_t part)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        unsigned donor = heap->donor = heap->donor % (BP_CLASS_COUNT - 1) + 1;
        struct bp_bin_cold *cold = &heap->cold[donor];
        if (donor == class_index || cold->limit <= BP_LIMIT_FIRST ||
            capacity_of(donor, cold->limit) <= part)
            continue;
        bp_depot_sort(donor, spare_take(cold).head);
        bin_flush(heap, donor);
        limit_set(heap, donor, cold->limit / 2);
        return true;
    }
    return false;
}

// Slow start: the limit doubles, as far as the heap's share goes; beyond it only at the cost of
// classes that have more than an equal part, so that they do not take from each other for ever.
static void limit_grow(struct bp_heap *heap, unsigned class_index)
{
    uint32_t grown = limit_grown(&heap->cold[class_index]);
    size_t share = bp_load_relaxed(&bp_heap_share_bytes);
    size_t more =
        capacity_of(class_index, grown) - capacity_of(class_index, heap->cold[class_index].limit);
    size_t part = share / BP_CLASS_COUNT;
    bool fits = heap->capacity_bytes + more <= share;
    while (!fits && capacity_of(class_index, grown) <= part &&
           capacity_take(heap, class_index, part))
        fits = heap->capacity_bytes + more <= share;
    limit_raise(heap, class_index, fits ? grown : (uint32_t)bp_min(grown, BP_LIMIT_FIRST));
}

static void run_end(struct bp_heap *heap, unsigned class_index)
{
    struct bp_run *run = &bp_heap_own_bin(heap, class_index)->run;
    struct bp_bin_cold *cold = &heap->cold[class_index];
    bp_counted_return(heap, class_index);
    if (cold->run_end)
        bp_depot_run_give(class_index, run->cursor, cold->run_end);
    run->cursor = run->limit = cold->run_end = NULL;
}

// --- age ---

static void bin_age(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin *bin = bp_heap_own_bin(heap, class_index);
    struct bp_bin_cold *cold = &heap->cold[class_index];
    struct bp_run *run = &bp_heap_own_bin(heap, class_index)->run;
    bool idle = !cold->visited && bin->head == cold->seen_head && run->cursor == cold->seen_cursor;
    cold->idle_looks = idle ? (uint8_t)(cold->idle_looks + 1) : 0;
    if (cold->idle_looks >= IDLE_LOOKS && cold->limit) {
        spare_flush(heap, class_index);
        bin_flush(heap, class_index);
        run_end(heap, class_index);
        limit_set(heap, class_index, 0);
    }
    cold->visited = false;
    cold->seen_head = bin->head;
    cold->seen_cursor = run->cursor;
}

// A slow path for this class; now and then the others are looked at.
static void visit(struct bp_heap *heap, unsigned class_index)
{
    heap->cold[class_index].visited = true;
    if (BP_LIKELY(++heap->age % LOOK_VISITS))
        return;
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        bin_age(heap, i);
    if (heap->age % AGE_VISITS)
        return;
    bp_strays_age(heap);
    bp_large_age(heap);
    bp_registry_age();
}

// --- alloc ---

// The bin is empty: its next chain is this magazine.
static void *bin_load(struct bp_heap *heap, unsigned class_index, struct bp_magazine magazine)
{
    struct bp_bin *bin = bp_heap_own_bin(heap, class_index);
    bp_assert(!bin->head && bin->room == heap->cold[class_index].limit);
    limit_raise(heap, class_index, magazine.count);
    bin->head = magazine.head;
    bin->room -= magazine.count;
    return bp_heap_try_alloc(&heap->hot, bp_key(class_index, heap->owner));
}

// The run has something left, or there is none to be had.
static bool run_ensure(struct bp_heap *heap, unsigned class_index)
{
    struct bp_run *run = &bp_heap_own_bin(heap, class_index)->run;
    struct bp_bin_cold *cold = &heap->cold[class_index];
    if (run->cursor == cold->run_end) {
        run_end(heap, class_index);
        struct bp_run_bounds bounds = bp_depot_run_take(class_index, heap->owner);
        run->cursor = run->limit = bounds.cursor;
        cold->run_end = bounds.end;
    }
    return run->cursor != NULL;
}

// As many objects as a magazine holds, so that the depot is asked in between.
bool bp_heap_open_run(struct bp_heap *heap, unsigned class_index)
{
    struct bp_run *run = &bp_heap_own_bin(heap, class_index)->run;
    struct bp_bin_cold *cold = &heap->cold[class_index];
    size_t window = (size_t)cold->limit * bp_class[class_index].object_bytes;
    if (!run_ensure(heap, class_index))
        return false;
    run->limit = run->cursor + bp_min(window, (size_t)(cold->run_end - run->cursor));
    bp_span_note_limit(bp_span_at(bp_chunk_of(run->cursor)), run->limit);
    return true;
}

struct bp_magazine bp_heap_next_magazine(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    struct bp_magazine magazine = {.head = NULL};
    visit(heap, class_index);
    if (bp_load_ptr_relaxed(&cold->spare))
        magazine = spare_take(cold);
    if (!magazine.head && heap->stray_seen)
        magazine = bp_strays_take(heap, class_index);
    if (magazine.head)
        return magazine;
    cold->most = bp_class[class_index].magazine_capacity;
    limit_grow(heap, class_index);
    return bp_depot_take(class_index, heap->owner, cold->limit);
}

static void *alloc_slow(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin *bin = bp_heap_own_bin(heap, class_index);
    // An empty bin has room for all that it may hold, or more was pushed or popped than was there.
    if (BP_UNLIKELY(bin->room != heap->cold[class_index].limit))
        bp_die_corrupt(bp_class[class_index].object_bytes);
    bin->object_bytes = bp_class[class_index].object_bytes;
    struct bp_magazine magazine = bp_heap_next_magazine(heap, class_index);
    if (magazine.head)
        return bin_load(heap, class_index, magazine);
    return bp_heap_open_run(heap, class_index) ? bp_heap_try_run(bin) : NULL;
}

void *bp_heap_alloc_uncounted(struct bp_heap *heap, unsigned class_index)
{
    void *object = bp_heap_try_alloc(&heap->hot, bp_key(class_index, heap->owner));
    return object ? object : alloc_slow(heap, class_index);
}

// --- free ---

static void spares_flush_all(unsigned class_index)
{
    for (uint32_t i = 0; i < bp_registry_count(); i++)
        spare_flush(bp_registry_at(i), class_index);
}

// The class's spans are emptying, and so is the bin: keep less. Of a sparse class no spare is kept
// at all, not even by threads that do not come here any more.
static void bin_shrink(struct bp_heap *heap, unsigned class_index, uint32_t most)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    if (most == BP_MAGAZINE_SPARSE && cold->limit > most)
        spares_flush_all(class_index);
    else if (most == BP_MAGAZINE_SPARSE)
        spare_flush(heap, class_index);
    if (cold->limit > most)
        limit_set(heap, class_index, (uint32_t)bp_max(cold->limit / 2, most));
    cold->most = cold->limit;
}

// The magazine is full: it becomes the spare, and a spare that waited goes to the depot.
static void bin_turn(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin *bin = bp_heap_own_bin(heap, class_index);
    struct bp_bin_cold *cold = &heap->cold[class_index];
    struct bp_run *run = &bin->run;
    struct bp_magazine old = {NULL, cold->spare_count, heap->owner};
    // pairs with itself in other threads, and with spare_take: chains change hands complete
    old.head = bp_exchange_ptr_acq_rel(&cold->spare, bin->head);
    cold->spare_count = cold->limit;
    bin->head = NULL;
    bin->room = cold->limit;
    run->limit = run->cursor;
    uint32_t most = old.head ? bp_depot_give(class_index, old) : UINT32_MAX;
    if (most < cold->most)
        bin_shrink(heap, class_index, most);
}

// Slow start has an end, and then the magazine is full.
static void own_full(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    if (!cold->most)
        cold->most = bp_class[class_index].magazine_capacity;
    if (cold->limit < cold->most)
        limit_grow(heap, class_index);
    if (bp_heap_own_bin(heap, class_index)->room == 0)
        bin_turn(heap, class_index);
}

static void bin_full(struct bp_heap *heap, unsigned owner, unsigned class_index)
{
    if (owner != heap->owner && bp_strays_go_on(heap, owner, class_index))
        return;
    bp_add_relaxed(&bp_counters.returns, 1);
    visit(heap, class_index);
    if (owner == heap->owner)
        own_full(heap, class_index);
    else
        bp_strays_turn(heap, owner, class_index);
}

void bp_heap_free(struct bp_heap *heap, size_t key, void *object)
{
    struct bp_bin *bin = bp_heap_bin(&heap->hot, key);
    unsigned class_index = bp_key_class(key), owner = bp_key_owner(key);
    if (BP_UNLIKELY(bin->head == object))
        bp_die_double_free(object, bp_class[class_index].object_bytes);
    if (bin->room == 0)
        bin_full(heap, owner, class_index);
    bp_link_set(object, bin->head);
    bin->head = object;
    bin->room--;
}

// --- flush ---

void bp_heap_flush_spares(struct bp_heap *heap)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        spare_flush(heap, i);
}

void bp_heap_flush(struct bp_heap *heap)
{
    bp_heap_flush_spares(heap);
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        run_end(heap, i);
        bin_flush(heap, i);
    }
    bp_strays_flush(heap);
}

size_t bp_heap_kept_bytes(struct bp_heap *heap)
{
    size_t n_bytes = 0;
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        const struct bp_bin_cold *cold = &heap->cold[i];
        size_t count = cold->limit - bp_heap_own_bin(heap, i)->room;
        count += bp_load_ptr_relaxed(&cold->spare) ? cold->spare_count : 0;
        n_bytes += (count + bp_strays_kept(heap, i)) * bp_class[i].object_bytes;
    }
    return n_bytes;
}

static void magazine_give(unsigned class_index, struct bp_magazine magazine)
{
    if (magazine.head)
        bp_depot_give(class_index, magazine);
}

void bp_heap_hand_over(struct bp_heap *heap)
{
    bp_strays_give(heap);
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        struct bp_bin *bin = bp_heap_own_bin(heap, i);
        struct bp_bin_cold *cold = &heap->cold[i];
        if (!cold->limit)
            continue;
        run_end(heap, i);
        if (bp_load_ptr_relaxed(&cold->spare))
            magazine_give(i, spare_take(cold));
        magazine_give(i, (struct bp_magazine){bin->head, cold->limit - bin->room, heap->owner});
        bin->head = NULL;
        bin->room = cold->limit;
        limit_set(heap, i, 0);
    }
}

// --- a heap that was called away ---

void bp_heap_settle(struct bp_heap *heap)
{
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++) {
        struct bp_bin *bin = bp_heap_own_bin(heap, i);
        uint32_t count = bp_chain_length(bin->head);
        limit_raise(heap, i, count);
        bin->room = heap->cold[i].limit - count;
    }
    bp_strays_settle(heap);
}
