// SPDX-License-Identifier: MIT
#include "api/stats.h"

#include "core/counters.h"
#include "core/lock.h"
#include "core/options.h"
#include "region/depot.h"
#include "region/size_class.h"
#include "region/span.h"
#include "reserve/budget.h"
#include "reserve/limit.h"
#include "reserve/reserve.h"
#include "thread/registry.h"

#include <string.h>

// What a heap keeps of a class: objects that are free, and fresh ones that are nobody's yet.
static void count_bin(struct bp_heap *heap, unsigned i, size_t *ret_free, size_t *ret_fresh)
{
    const struct bp_bin *bin = bp_heap_own_bin(heap, i);
    const struct bp_bin_cold *cold = &heap->cold[i];
    const struct bp_run *run = &bin->run;
    *ret_free += bp_sub_or_zero(cold->limit, bin->room);
    if (bp_load_ptr_relaxed(&cold->spare))
        *ret_free += cold->spare_count;
    const char *cursor = run->cursor;
    if (cold->run_end > cursor) // a running thread may be past what was read
        *ret_fresh += (size_t)(cold->run_end - cursor) / bp_class[i].object_bytes;
}

static void count_strays(const struct bp_heap *heap, unsigned i, size_t *ret_free)
{
    for (uint32_t seen = heap->stray_seen; seen; seen &= seen - 1) {
        unsigned owner = (unsigned)__builtin_ctz(seen);
        uint32_t room = heap->hot.bin[bp_key(i, owner) / BP_KEYS_PER_BIN].room;
        *ret_free += bp_sub_or_zero(heap->stray[owner][i].limit, room);
    }
}

static void count_heaps(unsigned i, size_t *ret_free, size_t *ret_fresh)
{
    for (uint32_t h = 0; h < bp_registry_count(); h++) {
        count_bin(bp_registry_at(h), i, ret_free, ret_fresh);
        count_strays(bp_registry_at(h), i, ret_free);
    }
}

// Spans of all classes by one walk over the arena area.
static void count_spans(struct bp_stats *stats)
{
    uint32_t end = (uint32_t)(bp_hot.arena_units >> (BP_CHUNK_SHIFT - 4));
    for (uint32_t chunk = bp_reservation.arena_begin; chunk < end; chunk++) {
        const struct bp_span *span = bp_span_at(chunk);
        if (span->first_chunk != chunk)
            continue;
        struct bp_class_stats *of = &stats->of_class[span->class_index];
        if (span->class_index) {
            size_t fresh = span->running ? 0 : span->fresh_count;
            of->used_objects += span->object_count - span->free_count - fresh;
            of->free_objects += span->free_count;
        } else {
            stats->slot_bytes += span->large_bytes;
            stats->span_bytes -= bp_min(stats->span_bytes, span->large_bytes);
        }
    }
}

static void settle_class(struct bp_stats *stats, unsigned i)
{
    struct bp_class_stats *of = &stats->of_class[i];
    size_t cached = bp_depot_object_count(i);
    size_t fresh = 0;
    count_heaps(i, &cached, &fresh);
    of->object_bytes = bp_class[i].object_bytes;
    of->used_objects = bp_sub_or_zero(of->used_objects, cached + fresh);
    of->free_objects += cached;
    stats->cached_bytes += cached * of->object_bytes;
    stats->used_bytes += of->used_objects * of->object_bytes;
    stats->free_bytes += of->free_objects * of->object_bytes;
}

static void gather_purge(struct bp_purge_stats *purge)
{
    *purge = (struct bp_purge_stats){
        .budget_bytes = bp_budget_bytes(),
        .regret_bytes = bp_budget_regret_bytes(),
        .limit_bytes = bp_limit_bytes(),
        .limit_failures = bp_load_relaxed(&bp_counters.limit_failures),
        .purges = bp_load_relaxed(&bp_counters.purges),
        .purged_bytes = bp_load_relaxed(&bp_counters.purged_bytes),
        .failures = bp_load_relaxed(&bp_counters.purge_failures),
        .torn_bytes = bp_load_relaxed(&bp_counters.torn_bytes),
        .faulted_again_bytes = bp_load_relaxed(&bp_counters.faulted_again_bytes),
        .regretted_bytes = bp_load_relaxed(&bp_counters.regretted_bytes),
    };
}

void bp_stats_gather(struct bp_stats *stats)
{
    memset(stats, 0, sizeof(*stats));
    stats->reserved_bytes = bp_reservation.n_bytes;
    stats->committed_bytes = bp_load_relaxed(&bp_counters.committed_bytes);
    stats->span_bytes = bp_load_relaxed(&bp_counters.span_bytes);
    stats->slot_bytes = bp_load_relaxed(&bp_counters.slot_bytes);
    stats->direct_bytes = bp_load_relaxed(&bp_counters.direct_bytes);
    stats->dirty_bytes = bp_load_relaxed(&bp_counters.dirty_bytes);
    stats->share_bytes = bp_load_relaxed(&bp_heap_share_bytes);
    gather_purge(&stats->purge);
    if (bp_reservation.n_bytes)
        count_spans(stats);
    for (unsigned i = 1; i < BP_CLASS_COUNT; i++)
        settle_class(stats, i);
    if (bp_options.nofree)
        stats->used_bytes = stats->span_bytes;
    stats->used_bytes += stats->slot_bytes + stats->direct_bytes;
    stats->free_bytes += stats->dirty_bytes;
    stats->trimmable_bytes = stats->dirty_bytes;
}
