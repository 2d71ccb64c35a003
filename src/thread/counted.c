// SPDX-License-Identifier: MIT
#include "thread/counted.h"

#include "base/bits.h"
#include "core/report.h"
#include "guard/guard.h"
#include "os/os.h"
#include "profile/poisson.h"
#include "profile/profile.h"
#include "region/depot.h"
#include "region/link.h"
#include "thread/outside.h"
#include "thread/registry.h"
#include "thread/window.h"

#include <string.h>

// --- sample points ---

static uint64_t *random_of(struct bp_heap *heap)
{
    if (!heap->random)
        heap->random = (uint64_t)heap ^ bp_os_now_ns();
    return &heap->random;
}

static void gap_draw(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    uint32_t sample = UINT32_MAX, guard = UINT32_MAX;
    if (heap->sample_mean_bytes)
        sample = bp_poisson_gap_objects(random_of(heap), heap->sample_mean_bytes,
                                        bp_class[class_index].object_bytes);
    if (heap->guard_every)
        guard = bp_poisson_gap_one_in(random_of(heap), heap->guard_every);
    cold->until_sample = sample < guard ? sample : guard;
    cold->due = (sample <= guard ? BP_DUE_SAMPLE : 0) | (guard <= sample ? BP_DUE_GUARD : 0);
}

static bool is_empty(const struct bp_bin *bin)
{
    return !bin->head && bin->run.cursor == bin->run.limit;
}

unsigned bp_counted_is_due(struct bp_heap *heap, unsigned class_index)
{
    bp_counted_update(heap);
    if (BP_LIKELY(!heap->counted))
        return heap->guard_every && bp_window_is_due(heap, class_index) ? BP_DUE_GUARD : 0;
    if (heap->cold[class_index].until_sample || !is_empty(bp_counted_bin(heap, class_index)))
        return 0;
    unsigned due = heap->cold[class_index].due;
    gap_draw(heap, class_index);
    return due;
}

// Threads without a heap share one process.
static unsigned is_due_common(size_t n_bytes)
{
    static bp_atomic_size sequence;
    uint64_t random = bp_add_relaxed(&sequence, 1) ^ bp_os_now_ns() << 20;
    size_t mean = bp_profile_mean(), every = bp_load_relaxed(&bp_guard_every);
    bool sample = mean && bp_poisson_gap(&random, mean) < n_bytes;
    bool guard = every && !bp_poisson_gap_one_in(&random, every);
    return (sample ? BP_DUE_SAMPLE : 0) | (guard ? BP_DUE_GUARD : 0);
}

static bool is_due_large_guard(struct bp_heap *heap)
{
    if (!heap->guard_every || heap->until_guard--)
        return false;
    heap->until_guard = bp_poisson_gap_one_in(random_of(heap), heap->guard_every);
    return true;
}

static bool is_due_large_sample(struct bp_heap *heap, size_t n_bytes)
{
    if (!heap->sample_mean_bytes)
        return false;
    if (n_bytes <= heap->until_sample_bytes) {
        heap->until_sample_bytes -= n_bytes;
        return false;
    }
    heap->until_sample_bytes = bp_poisson_gap(random_of(heap), heap->sample_mean_bytes);
    return true;
}

unsigned bp_counted_is_due_bytes(struct bp_heap *heap, size_t n_bytes)
{
    if (!heap)
        return is_due_common(n_bytes);
    bp_counted_update(heap);
    return (is_due_large_sample(heap, n_bytes) ? BP_DUE_SAMPLE : 0) |
           (is_due_large_guard(heap) ? BP_DUE_GUARD : 0);
}

// --- counted bins ---

// Fewer objects are not worth a slow path; then more of them are brought into use.
static uint32_t enough(unsigned class_index)
{
    enum { SHARE = 64, LEAST = 4 };
    return (uint32_t)bp_max(bp_class[class_index].magazine_capacity / SHARE, LEAST);
}

static uint32_t freed_count(const struct bp_bin_cold *cold, const struct bp_bin *own)
{
    return cold->limit - own->room;
}

static void show(struct bp_bin_cold *cold, struct bp_bin *bin, void *chain, uint32_t count)
{
    bin->head = chain;
    bin->room = 0; // malloc adds one for each that it takes
    cold->shown = count;
    cold->until_sample -= (uint32_t)bp_min(cold->until_sample, count);
    cold->visited = true;
}

// Takes over what free has gathered, to show it or to hide it.
static void *freed_take(const struct bp_bin_cold *cold, struct bp_bin *own)
{
    void *chain = own->head;
    own->head = NULL;
    own->room = cold->limit;
    return chain;
}

// Cuts the chain after so many objects; returns the rest.
static void *chain_cut(void *chain, uint32_t count)
{
    while (--count)
        chain = bp_link_next(chain);
    void *rest = bp_link_next(chain);
    bp_link_set(chain, NULL);
    return rest;
}

static void show_hidden(struct bp_bin_cold *cold, struct bp_bin *bin, uint32_t most)
{
    void *chain = cold->hidden;
    uint32_t count = (uint32_t)bp_min(cold->hidden_count, most);
    cold->hidden = count < cold->hidden_count ? chain_cut(chain, count) : NULL;
    cold->hidden_count -= count;
    show(cold, bin, chain, count);
}

// The front of the run's open part: little, so that what goes round stays small, and warm.
static void show_run(struct bp_bin_cold *cold, struct bp_bin *bin, struct bp_run *own,
                     uint32_t most)
{
    enum { RUN_MOST = 32 };
    uint32_t open = (uint32_t)(own->limit - own->cursor) / bin->object_bytes;
    uint32_t count = (uint32_t)bp_min(bp_min(open, RUN_MOST), most);
    show(cold, bin, NULL, count);
    cold->shown = 0; // of a chain
    bin->run.cursor = own->cursor;
    bin->run.limit = own->cursor = own->limit = own->cursor + (size_t)count * bin->object_bytes;
}

// Finds a chain to go on with, and hides it; false: the open part of the run, if that.
static bool find(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    struct bp_bin *own = bp_heap_own_bin(heap, class_index);
    struct bp_magazine found = {.head = NULL};
    if (freed_count(cold, own) < enough(class_index))
        found = bp_heap_next_magazine(heap, class_index);
    if (!found.head && freed_count(cold, own) < enough(class_index) &&
        bp_heap_open_run(heap, class_index))
        return false;
    if (!found.head) {
        found.count = freed_count(cold, own);
        found.head = freed_take(cold, own);
    }
    cold->hidden = found.head;
    cold->hidden_count = found.count;
    return found.head != NULL;
}

// The long way: to the next sample, from wherever there is something.
static void fill(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    struct bp_bin *bin = bp_counted_bin(heap, class_index);
    // Asked for without bp_counted_is_due, it may be one too many: then the sample comes after it.
    uint32_t most = (uint32_t)bp_max(cold->until_sample, 1);
    if (BP_UNLIKELY(bin->room != cold->shown)) // as in heap.c
        bp_die_corrupt(bp_class[class_index].object_bytes);
    bin->object_bytes = bp_class[class_index].object_bytes;
    if (cold->hidden || find(heap, class_index))
        show_hidden(cold, bin, most);
    else
        show_run(cold, bin, &bp_heap_own_bin(heap, class_index)->run, most);
}

void *bp_counted_alloc(struct bp_heap *heap, unsigned class_index)
{
    size_t key = bp_key(class_index, BP_COUNTED_OWNER);
    void *object = bp_heap_try_alloc(&heap->hot, key);
    if (object)
        return object;
    fill(heap, class_index);
    return bp_heap_try_alloc(&heap->hot, key);
}

// What free has gathered and what is shown change places, if it is enough and no sample is near.
static void *exchange(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    struct bp_bin *bin = bp_counted_bin(heap, class_index);
    struct bp_bin *own = bp_heap_own_bin(heap, class_index);
    uint32_t count = freed_count(cold, own);
    if (count < enough(class_index) || count > cold->until_sample || cold->hidden ||
        bin->room != cold->shown || !is_empty(bin))
        return NULL;
    void *first = freed_take(cold, own);
    show(cold, bin, bp_link_next(first), count);
    bin->room = 1;
    return first;
}

void *bp_counted_exchange(size_t n_bytes)
{
    struct bp_heap *heap = bp_registry_enter();
    size_t key = heap ? heap->hot.key[(n_bytes + 15) >> 4] : 0;
    bool counted = bp_key_owner(key) == BP_COUNTED_OWNER;
    void *object = counted ? exchange(heap, bp_key_class(key)) : NULL;
    bp_registry_leave(heap);
    bp_outside_poll();
    return object;
}

void *bp_heap_alloc(struct bp_heap *heap, unsigned class_index)
{
    if (BP_UNLIKELY(heap->counted || heap->window_class == class_index))
        return bp_counted_alloc(heap, class_index);
    return bp_heap_alloc_uncounted(heap, class_index);
}

void bp_counted_pass(struct bp_heap *heap, unsigned class_index)
{
    if (heap->cold[class_index].until_sample)
        heap->cold[class_index].until_sample--;
}

static void chain_give(const struct bp_heap *heap, unsigned class_index, void *chain, size_t count)
{
    if (count)
        bp_depot_give(class_index, (struct bp_magazine){chain, (uint32_t)count, heap->owner});
}

void bp_counted_return(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    struct bp_bin *bin = bp_counted_bin(heap, class_index);
    struct bp_run *own = &bp_heap_own_bin(heap, class_index)->run;
    cold->until_sample += bp_counted_shown(heap, class_index);
    if (bin->run.cursor < bin->run.limit)
        own->cursor = own->limit = bin->run.cursor;
    chain_give(heap, class_index, bin->head, cold->shown - bin->room);
    chain_give(heap, class_index, cold->hidden, cold->hidden_count);
    bin->head = cold->hidden = NULL;
    cold->shown = cold->hidden_count = bin->room = 0;
    bin->run = (struct bp_run){NULL, NULL};
}

// --- on and off ---

static void keys_set(struct bp_heap *heap, bool counted)
{
    bp_class_fill_keys(heap->hot.key, counted ? BP_COUNTED_OWNER : heap->owner);
}

static void counted_begin(struct bp_heap *heap, size_t mean_bytes, size_t guard_every)
{
    heap->sample_mean_bytes = mean_bytes;
    heap->guard_every = guard_every;
    heap->counted = mean_bytes || guard_every < BP_GUARD_SELDOM;
    heap->until_sample_bytes = mean_bytes ? bp_poisson_gap(random_of(heap), mean_bytes) : 0;
    heap->until_guard = guard_every ? bp_poisson_gap_one_in(random_of(heap), guard_every) : 0;
    heap->until_window = guard_every ? (int64_t)bp_poisson_gap(random_of(heap), guard_every) : 0;
    for (unsigned i = 1; i < BP_CLASS_COUNT && heap->counted; i++)
        gap_draw(heap, i);
    keys_set(heap, heap->counted);
}

static void counted_end(struct bp_heap *heap)
{
    bp_window_close(heap);
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        bp_counted_return(heap, i);
    heap->counted = false;
    heap->sample_mean_bytes = heap->guard_every = 0;
    keys_set(heap, false);
}

void bp_counted_update(struct bp_heap *heap)
{
    size_t mean = bp_profile_mean(), every = bp_load_relaxed(&bp_guard_every);
    if (BP_LIKELY(mean == heap->sample_mean_bytes && every == heap->guard_every))
        return;
    if (heap->sample_mean_bytes || heap->guard_every)
        counted_end(heap);
    if (mean || every)
        counted_begin(heap, mean, every);
}
