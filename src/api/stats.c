// SPDX-License-Identifier: MIT
#include "api/stats.h"

#include "api/view.h"
#include "core/counters.h"
#include "core/options.h"
#include "os/os.h"
#include "region/class_file.h"
#include "region/class_region.h"
#include "region/depot.h"
#include "region/hole.h"
#include "region/slots.h"
#include "region/span.h"
#include "reserve/budget.h"
#include "reserve/reserve.h"
#include "thread/counted.h"
#include "thread/large.h"

#include <string.h>

static const struct bp_reservation *reservation_of(const struct bp_view *view)
{
    return view->part[BP_PART_RESERVATION];
}

static const struct bp_counters *counters_of(const struct bp_view *view)
{
    return view->part[BP_PART_COUNTERS];
}

static const struct bp_tally *tallies_of(const struct bp_view *view)
{
    return view->part[BP_PART_TALLIES];
}

static uint32_t frontier_of(const struct bp_view *view)
{
    const struct bp_hot *hot = view->part[BP_PART_HOT];
    return (uint32_t)(hot->arena_units >> (BP_CHUNK_SHIFT - 4));
}

static const size_t *committed_of(const struct bp_view *view)
{
    return view->part[BP_PART_META_COMMITTED];
}

static const size_t *skipped_of(const struct bp_view *view)
{
    return view->part[BP_PART_META_SKIPPED];
}

// --- heaps ---

static const struct bp_bin *bin_of(const struct bp_heap *heap, unsigned i, unsigned owner)
{
    return &heap->hot.bin[bp_key(i, owner) / BP_KEYS_PER_BIN];
}

// What a heap keeps of a class: objects that are free, and fresh ones that are nobody's yet.
static void count_bin(const struct bp_heap *heap, unsigned i, size_t *ret_free, size_t *ret_fresh)
{
    const struct bp_bin *bin = bin_of(heap, i, heap->owner % BP_OWNER_COUNT);
    const struct bp_bin_cold *cold = &heap->cold[i];
    const struct bp_run *run = &bin->run;
    *ret_free += bp_sub_or_zero(cold->limit, bin->room);
    if (bp_load_ptr_relaxed(&cold->spare))
        *ret_free += cold->spare_count;
    const char *cursor = run->cursor;
    *ret_free += bp_counted_objects(heap, i);
    if (cold->run_end > cursor) // a running thread may be past what was read
        *ret_fresh += (size_t)(cold->run_end - cursor) / bp_class[i].object_bytes;
}

static void count_strays(const struct bp_heap *heap, unsigned i, size_t *ret_free)
{
    for (unsigned owner = 0; owner < BP_OWNER_COUNT; owner++) {
        if (heap->stray_seen >> owner & 1)
            *ret_free += bp_sub_or_zero(heap->stray[owner][i].limit, bin_of(heap, i, owner)->room);
    }
}

static uint32_t heap_count(const struct bp_view *view)
{
    // pairs with the release in registry.c: the records are set up
    return bp_load_u32_acquire(view->part[BP_PART_HEAP_COUNT]);
}

static const struct bp_heap *heap_at(const struct bp_view *view, uint32_t index)
{
    const char *records = view->meta_start[BP_META_HEAPS];
    return (const struct bp_heap *)(const void *)(records + (size_t)index * BP_HEAP_RECORD_BYTES);
}

static void count_heaps(const struct bp_view *view, unsigned i, size_t *ret_free, size_t *ret_fresh)
{
    for (uint32_t h = 0; h < heap_count(view); h++) {
        count_bin(heap_at(view, h), i, ret_free, ret_fresh);
        count_strays(heap_at(view, h), i, ret_free);
    }
}

static size_t live_heaps(const struct bp_view *view)
{
    size_t count = 0;
    for (uint32_t h = 0; h < heap_count(view); h++)
        count += heap_at(view, h)->state == BP_HEAP_LIVE;
    return count;
}

// --- spans ---

static size_t punched_bytes(const struct bp_span *span)
{
    size_t page = bp_os_page_bytes(), bytes = bp_class[span->class_index].object_bytes, sum = 0;
    uint32_t all = span->punched;
    for (uint32_t at = 0, end; all >> at; at = end + 1) {
        for (end = at; end < BP_HOLES_MAX && all >> end & 1; end++)
            ;
        size_t from = bp_align_up(bp_hole_begin(span->class_index, at) * bytes, page);
        size_t until = bp_align_down(bp_hole_begin(span->class_index, end) * bytes, page);
        sum += bp_sub_or_zero(until, from);
    }
    return sum;
}

static void count_span(struct bp_stats *stats, const struct bp_span *span)
{
    unsigned class_index = span->class_index;
    if (class_index >= BP_CLASS_COUNT)
        return; // a copy of a record that was being written
    struct bp_class_stats *of = &stats->of_class[class_index];
    if (!class_index) {
        stats->run_bytes += bp_span_large_bytes(span);
        return;
    }
    size_t fresh = span->running ? 0 : span->fresh_count;
    of->spans++;
    of->used_objects += bp_sub_or_zero(span->object_count, span->free_count + fresh);
    of->free_objects += span->free_count;
    of->clean_bytes += punched_bytes(span);
    stats->fresh_bytes += fresh * bp_class[class_index].object_bytes;
}

// Spans of all classes by one walk over the arena area.
static void count_spans(const struct bp_view *view, struct bp_stats *stats)
{
    const struct bp_span *spans = (const void *)view->meta_start[BP_META_SPANS];
    for (uint32_t chunk = reservation_of(view)->arena_begin; chunk < frontier_of(view); chunk++) {
        if (spans[chunk].first_chunk == chunk)
            count_span(stats, &spans[chunk]);
    }
}

static void settle_class(const struct bp_view *view, struct bp_stats *stats, unsigned i)
{
    struct bp_class_stats *of = &stats->of_class[i];
    const struct bp_tally *tally = &tallies_of(view)[i];
    size_t cached = bp_load_relaxed(&tally->stocked_objects);
    size_t fresh = 0;
    count_heaps(view, i, &cached, &fresh);
    of->object_bytes = bp_class[i].object_bytes;
    of->used_objects = bp_sub_or_zero(of->used_objects, cached + fresh);
    of->free_objects += cached;
    of->cached_objects = cached;
    stats->fresh_bytes += fresh * of->object_bytes;
    stats->cached_bytes += cached * of->object_bytes;
    stats->used_objects += of->used_objects;
    stats->used_bytes += of->used_objects * of->object_bytes;
    stats->free_bytes += of->free_objects * of->object_bytes;
    stats->clean_bytes += of->clean_bytes;
}

static void copy_tally(struct bp_class_stats *of, const struct bp_tally *tally)
{
    of->peak_spans = bp_load_relaxed(&tally->peak_spans);
    of->refills = bp_load_relaxed(&tally->refills);
    of->refilled_objects = bp_load_relaxed(&tally->refilled_objects);
    of->flushes = bp_load_relaxed(&tally->flushes);
    of->flushed_objects = bp_load_relaxed(&tally->flushed_objects);
    of->sorted_objects = bp_load_relaxed(&tally->sorted_objects);
    of->runs = bp_load_relaxed(&tally->runs);
    of->allocations = bp_load_relaxed(&tally->allocations);
    of->frees = bp_load_relaxed(&tally->frees);
    of->peak_objects = bp_load_relaxed(&tally->peak_objects);
}

// --- slots ---

static void count_slot(struct bp_region_stats *of, const struct bp_slot *slot)
{
    of->committed_bytes += slot->committed_bytes;
    switch (slot->state) {
    case BP_SLOT_USED:
    case BP_SLOT_STABLE:
    case BP_SLOT_SAMPLED:
        of->used_slots++;
        of->used_bytes += slot->usable_bytes;
        return;
    case BP_SLOT_CACHED:
        of->cached_slots++;
        of->cached_bytes += slot->dirty_bytes;
        return;
    case BP_SLOT_DIRTY:
    case BP_SLOT_BUSY:
        of->dirty_slots++;
        of->dirty_bytes += slot->dirty_bytes;
        return;
    case BP_SLOT_CLEAN:
        of->clean_slots++;
        return;
    default:
        return;
    }
}

// Slow paths count by region, fast ones by heap.
static void count_slot_calls(const struct bp_view *view, unsigned region,
                             struct bp_region_stats *of)
{
    const struct bp_class_region *it = view->part[BP_PART_REGIONS];
    const struct bp_region_counts *counts = &it[region].counts;
    of->allocations = bp_load_relaxed(&counts->allocs);
    of->frees = bp_load_relaxed(&counts->frees);
    for (uint32_t h = 0; region < BP_CACHED_REGIONS && h < heap_count(view); h++) {
        const struct bp_slot_cache *cache = &heap_at(view, h)->slots[region];
        of->allocations += bp_large_cache_allocs(cache);
        of->frees += bp_load_relaxed(&cache->frees);
    }
}

static void copy_counts(struct bp_region_stats *of, const struct bp_class_region *it)
{
    of->cut_bytes = it->frontier * of->slot_bytes;
    of->window_bytes = it->window_end * of->slot_bytes;
    of->fresh = bp_load_relaxed(&it->counts.fresh);
    of->refills = bp_load_relaxed(&it->counts.refills);
    of->cleared_on_free = bp_load_relaxed(&it->counts.cleared_on_free);
    of->cleared_later = bp_load_relaxed(&it->counts.cleared_later);
    of->clear_failures = bp_load_relaxed(&it->counts.clear_failures);
    of->fallbacks = bp_load_relaxed(&it->counts.fallbacks);
}

static void count_region(const struct bp_view *view, struct bp_stats *stats, unsigned region)
{
    enum bp_meta_area area = (enum bp_meta_area)(BP_META_SLOTS + region);
    const struct bp_slot *slots = (const void *)view->meta_start[area];
    struct bp_region_stats *of = &stats->of_region[region];
    size_t count = committed_of(view)[area] / sizeof(*slots);
    of->slot_bytes = bp_region_slot_bytes(region);
    for (size_t i = 0; i < count; i++)
        count_slot(of, &slots[i]);
    copy_counts(of, (const struct bp_class_region *)view->part[BP_PART_REGIONS] + region);
    count_slot_calls(view, region, of);
    stats->used_bytes += of->used_bytes;
    stats->cached_bytes += of->cached_bytes;
    stats->free_bytes += of->cached_bytes;
}

// --- totals ---

// Asking does not wear the regret off: a copy of the budget's state is asked.
static size_t budget_now(const struct bp_view *view)
{
    const struct bp_options *options = view->part[BP_PART_OPTIONS];
    const struct bp_budget *state = view->part[BP_PART_BUDGET];
    const struct bp_counters *counters = counters_of(view);
    size_t limit = *(const size_t *)view->part[BP_PART_LIMIT];
    size_t used = bp_load_relaxed(&counters->span_bytes) + bp_load_relaxed(&counters->slot_bytes);
    if (options->purge != BP_PURGE_AUTO)
        return options->purge == BP_PURGE_NOW ? 0 : SIZE_MAX;
    struct bp_budget_policy policy = bp_budget_policy_of(options);
    struct bp_budget budget = {.regret_bytes = bp_load_relaxed(&state->regret_bytes),
                               .peak_bytes = bp_load_relaxed(&state->peak_bytes),
                               .worn_at_ms = bp_load_relaxed(&state->worn_at_ms)};
    size_t bytes = bp_budget_at(&policy, &budget, bp_budget_use_of(counters), bp_os_now_ms());
    size_t held = used + bp_load_relaxed(&counters->direct_bytes);
    return limit == SIZE_MAX ? bytes : bp_min(bytes, bp_sub_or_zero(limit, held) / 2);
}

static void gather_purge(const struct bp_view *view, struct bp_purge_stats *purge)
{
    const struct bp_counters *counters = counters_of(view);
    const struct bp_budget *state = view->part[BP_PART_BUDGET];
    *purge = (struct bp_purge_stats){
        .budget_bytes = budget_now(view),
        .regret_bytes = bp_load_relaxed(&state->regret_bytes),
        .limit_bytes = *(const size_t *)view->part[BP_PART_LIMIT],
        .limit_failures = bp_load_relaxed(&counters->limit_failures),
        .purges = bp_load_relaxed(&counters->purges),
        .purged_bytes = bp_load_relaxed(&counters->purged_bytes),
        .failures = bp_load_relaxed(&counters->purge_failures),
        .torn_bytes = bp_load_relaxed(&counters->torn_bytes),
        .faulted_again_bytes = bp_load_relaxed(&counters->faulted_again_bytes),
        .regretted_bytes = bp_load_relaxed(&counters->regretted_bytes),
        .punched_bytes = bp_load_relaxed(&counters->punched_bytes),
    };
}

static void gather_counters(const struct bp_view *view, struct bp_stats *stats)
{
    const struct bp_counters *counters = counters_of(view);
    stats->committed_bytes = bp_load_relaxed(&counters->committed_bytes);
    stats->span_bytes = bp_load_relaxed(&counters->span_bytes);
    stats->slot_bytes = bp_load_relaxed(&counters->slot_bytes);
    stats->direct_bytes = bp_load_relaxed(&counters->direct_bytes);
    stats->direct_count = bp_load_relaxed(&counters->direct_count);
    stats->dirty_bytes = bp_load_relaxed(&counters->dirty_bytes);
    stats->peak_used_bytes = bp_load_relaxed(&counters->peak_used_bytes);
    stats->steals = bp_load_relaxed(&counters->steals);
    stats->recalls = bp_load_relaxed(&counters->recalls);
    stats->moved_pieces = bp_load_relaxed(&counters->moved_pieces);
    stats->guarded_objects = bp_load_relaxed(&counters->guarded_objects);
    stats->guarded_bytes = bp_load_relaxed(&counters->guarded_bytes);
    stats->guards = bp_load_relaxed(&counters->guards);
    stats->guards_refused = bp_load_relaxed(&counters->guards_refused);
    stats->commit_failures = bp_load_relaxed(&counters->commit_failures);
    stats->share_bytes = bp_load_relaxed(view->part[BP_PART_HEAP_SHARE]);
}

static void gather_reservation(const struct bp_view *view, struct bp_stats *stats)
{
    const struct bp_reservation *reservation = reservation_of(view);
    stats->reserved_bytes = reservation->n_bytes;
    if (!reservation->n_bytes)
        return;
    stats->arena_bytes = bp_sub_or_zero(frontier_of(view), reservation->arena_begin)
                         << BP_CHUNK_SHIFT;
    for (unsigned i = 0; i < BP_META_COUNT; i++)
        stats->meta_bytes += committed_of(view)[i] - skipped_of(view)[i];
    stats->heaps = live_heaps(view);
    count_spans(view, stats);
    for (unsigned region = 0; region < reservation->region_count; region++)
        count_region(view, stats, region);
}

// Calls are counted by class; [0] has the large ones.
static void gather_calls(const struct bp_view *view, struct bp_stats *stats)
{
    for (unsigned i = 0; i < BP_CLASS_COUNT; i++) {
        copy_tally(&stats->of_class[i], &tallies_of(view)[i]);
        stats->allocations += stats->of_class[i].allocations;
        stats->frees += stats->of_class[i].frees;
    }
}

void bp_stats_gather_from(const struct bp_view *view, struct bp_stats *stats)
{
    memset(stats, 0, sizeof(*stats));
    gather_counters(view, stats);
    gather_purge(view, &stats->purge);
    gather_reservation(view, stats);
    gather_calls(view, stats);
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        settle_class(view, stats, i);
    // The chunks of large objects are counted with those of spans.
    stats->slot_bytes += stats->run_bytes;
    stats->span_bytes = bp_sub_or_zero(stats->span_bytes, stats->run_bytes);
    stats->used_bytes += stats->run_bytes + stats->direct_bytes + stats->guarded_bytes;
    stats->free_bytes += stats->dirty_bytes;
    stats->trimmable_bytes = stats->dirty_bytes;
}

static void count_file(struct bp_file_stats *of, unsigned region)
{
    struct bp_file_census it;
    bp_files_census(region, &it);
    if (!it.allocs)
        return; // there is no file
    *of = (struct bp_file_stats){
        .slot_bytes = bp_region_slot_bytes(region),
        .used_slots = it.used_slots,
        .used_bytes = it.used_bytes,
        .dirty_slots = it.dirty_slots,
        .clean_slots = it.clean_slots,
        .file_bytes = it.file_bytes,
        .allocated_bytes = it.allocated_bytes,
        .allocations = it.allocs,
        .frees = it.frees,
        .cleared_on_free = it.cleared_on_free,
        .cleared_later = it.cleared_later,
        .clear_failures = it.clear_failures,
    };
}

void bp_stats_gather(struct bp_stats *stats)
{
    struct bp_view view = bp_view_own();
    bp_stats_gather_from(&view, stats);
    for (unsigned region = 0; region < BP_REGION_COUNT; region++)
        count_file(&stats->of_file[region], region);
    if (bp_options.nofree) // objects are not told apart
        stats->used_bytes = stats->span_bytes + stats->slot_bytes + stats->direct_bytes;
}

// --- at rest ---

static size_t mixed(size_t sum, const size_t *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15u;
    return sum;
}

// Without what time alone changes.
static size_t digest_of(const struct bp_stats *stats)
{
    size_t sum = 0;
    size_t head = offsetof(struct bp_stats, purge) / sizeof(size_t);
    size_t purges = offsetof(struct bp_stats, purge.purges) / sizeof(size_t);
    size_t rest = offsetof(struct bp_stats, of_class) / sizeof(size_t);
    sum = mixed(sum, (const size_t *)(const void *)stats, head);
    sum = mixed(sum, (const size_t *)(const void *)stats + purges, 2);
    return mixed(sum, (const size_t *)(const void *)stats + rest,
                 sizeof(*stats) / sizeof(size_t) - rest);
}

void bp_stats_gather_settled(struct bp_stats *stats)
{
    enum { TRIES = 4 };
    bp_stats_gather(stats);
    size_t before = digest_of(stats);
    for (unsigned i = 0; i < TRIES; i++) {
        bp_stats_gather(stats);
        size_t now = digest_of(stats);
        if (now == before)
            return;
        before = now;
    }
    stats->moving = 1;
}
