// SPDX-License-Identifier: MIT
#include "thread/counted.h"

#include "base/bits.h"
#include "guard/guard.h"
#include "os/os.h"
#include "profile/poisson.h"
#include "profile/profile.h"
#include "region/depot.h"
#include "region/link.h"
#include "thread/window.h"

#include <string.h>

// --- sample points ---

static uint64_t *random_of(struct bp_heap *heap)
{
    if (!heap->random)
        heap->random = (uint64_t)heap ^ bp_os_now_ns();
    return &heap->random;
}

// Objects before the next one that is guarded. exp(-1 / (n - 1/2)) is 1 - 1/n, to the third order.
static uint32_t guard_gap(uint64_t *random, size_t every)
{
    return every == 1 ? 0 : bp_poisson_gap_objects(random, 2 * every - 1, 2);
}

static void gap_draw(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    uint32_t sample = UINT32_MAX, guard = UINT32_MAX;
    if (heap->sample_mean_bytes)
        sample = bp_poisson_gap_objects(random_of(heap), heap->sample_mean_bytes,
                                        bp_class[class_index].object_bytes);
    if (heap->guard_every)
        guard = guard_gap(random_of(heap), heap->guard_every);
    cold->until_sample = sample < guard ? sample : guard;
    cold->due = (sample <= guard ? BP_DUE_SAMPLE : 0) | (guard <= sample ? BP_DUE_GUARD : 0);
}

static bool is_empty(struct bp_heap *heap, unsigned class_index)
{
    const struct bp_bin *bin = bp_counted_bin(heap, class_index);
    return !bin->head && bin->run.cursor == bin->run.limit;
}

unsigned bp_counted_is_due(struct bp_heap *heap, unsigned class_index)
{
    bp_counted_update(heap);
    if (BP_LIKELY(!heap->counted))
        return heap->guard_every && bp_window_is_due(heap, class_index) ? BP_DUE_GUARD : 0;
    if (heap->cold[class_index].until_sample || !is_empty(heap, class_index))
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
    bool guard = every && !guard_gap(&random, every);
    return (sample ? BP_DUE_SAMPLE : 0) | (guard ? BP_DUE_GUARD : 0);
}

static bool is_due_large_guard(struct bp_heap *heap)
{
    if (!heap->guard_every || heap->until_guard--)
        return false;
    heap->until_guard = guard_gap(random_of(heap), heap->guard_every);
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

// Moves the class's chain over, or as much of it as may be handed out.
static uint32_t chain_move(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin *from = bp_heap_own_bin(heap, class_index);
    struct bp_bin *to = bp_counted_bin(heap, class_index);
    uint32_t most = heap->cold[class_index].until_sample;
    uint32_t count = heap->cold[class_index].limit - from->room;
    if (!count || !most)
        return 0;
    to->head = from->head;
    from->head = NULL;
    if (count > most) {
        void *last = to->head;
        for (uint32_t i = 1; i < most; i++)
            last = bp_link_next(last);
        from->head = bp_link_next(last);
        bp_link_set(last, NULL);
        count = most;
    }
    from->room += count;
    return count;
}

// Moves up to `most` fresh objects over, as the front of the run.
static uint32_t run_move(struct bp_heap *heap, unsigned class_index, uint32_t most)
{
    struct bp_run *from = &bp_heap_own_bin(heap, class_index)->run;
    struct bp_run *to = &bp_counted_bin(heap, class_index)->run;
    size_t n_bytes = bp_class[class_index].object_bytes;
    size_t left = (size_t)(heap->cold[class_index].run_end - from->cursor) / n_bytes;
    uint32_t count = (uint32_t)bp_min(left, most);
    if (!count)
        return 0;
    to->cursor = from->cursor;
    to->limit = from->cursor = from->cursor + count * n_bytes;
    if (from->limit < from->cursor)
        from->limit = from->cursor;
    return count;
}

// So many objects are worth a slow path; where fewer are free, fresh ones make it up.
static uint32_t batch_of(const struct bp_bin_cold *cold, unsigned class_index)
{
    enum { BATCH_BYTES = 16384, BATCH_MIN = 4 };
    size_t batch = bp_max(BATCH_BYTES / bp_class[class_index].object_bytes, BATCH_MIN);
    return (uint32_t)bp_min(batch, cold->limit);
}

// Have the class's own bin and run so many objects?
static bool has(struct bp_heap *heap, unsigned class_index, uint32_t count)
{
    const struct bp_bin_cold *cold = &heap->cold[class_index];
    const struct bp_bin *bin = bp_heap_own_bin(heap, class_index);
    uint32_t in_bin = cold->limit - bin->room;
    size_t fresh_bytes = (size_t)(cold->run_end - bin->run.cursor);
    return in_bin >= count ||
           fresh_bytes >= (count - in_bin) * (size_t)bp_class[class_index].object_bytes;
}

static void fill(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    struct bp_bin *bin = bp_counted_bin(heap, class_index);
    uint32_t batch = batch_of(cold, class_index);
    if (!has(heap, class_index, batch / 2))
        bp_heap_restock(heap, class_index, batch);
    uint32_t moved = chain_move(heap, class_index);
    bin->object_bytes = bp_class[class_index].object_bytes;
    bin->room = 0; // malloc adds one for each that it takes
    cold->filled = moved;
    cold->until_sample -= moved;
    if (moved < batch)
        cold->until_sample -=
            run_move(heap, class_index, (uint32_t)bp_min(batch - moved, cold->until_sample));
}

void *bp_counted_alloc(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin_cold *cold = &heap->cold[class_index];
    void *object = bp_heap_try_alloc(&heap->hot, bp_key(class_index, BP_COUNTED_OWNER));
    if (object)
        return object;
    object = bp_heap_alloc_uncounted(heap, class_index);
    // Asked for without bp_counted_is_due, it may be one too many: then the sample comes after it.
    if (object && cold->until_sample) {
        cold->until_sample--;
        fill(heap, class_index);
    }
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

void bp_counted_return(struct bp_heap *heap, unsigned class_index)
{
    struct bp_bin *bin = bp_counted_bin(heap, class_index);
    struct bp_run *run = &bp_counted_bin(heap, class_index)->run;
    struct bp_run *own = &bp_heap_own_bin(heap, class_index)->run;
    size_t count = bp_counted_objects(heap, class_index);
    if (!count)
        return;
    heap->cold[class_index].until_sample += (uint32_t)count;
    if (run->cursor < run->limit)
        own->cursor = own->limit = run->cursor;
    *run = (struct bp_run){NULL, NULL};
    void *chain = bin->head;
    bin->head = NULL;
    heap->cold[class_index].filled = bin->room = 0;
    bp_depot_sort(class_index, chain);
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
    heap->until_guard = guard_every ? guard_gap(random_of(heap), guard_every) : 0;
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
