// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "target.h"

#include "bumprun.h"
#include "region/class_region.h"
#include "reserve/reserve.h"
#include "thread/heap.h"

#include <stdlib.h>
#include <string.h>

enum { TRIES = 6 };

static bool part_copy(const struct target *target, struct snapshot *snapshot, enum bp_part i)
{
    const struct bp_page_part *part = &target->page.part[i];
    if (!snapshot->part[i])
        snapshot->part[i] = allocate(part->n_bytes);
    snapshot->view.part[i] = snapshot->part[i];
    return target_read(target, (uintptr_t)part->address, snapshot->part[i], part->n_bytes);
}

// How much of a metadata area is worth a copy.
static size_t area_used(const struct snapshot *snapshot, unsigned area, bool with_chunk_map)
{
    const struct bp_hot *hot = snapshot->part[BP_PART_HOT];
    const size_t *committed = snapshot->part[BP_PART_META_COMMITTED];
    size_t frontier = hot->arena_units >> (BP_CHUNK_SHIFT - 4);
    size_t used = 0;
    if (area == BP_META_CHUNK_MAP)
        used = with_chunk_map ? frontier * sizeof(uint16_t) : 0;
    else if (area == BP_META_SPANS)
        used = frontier * BP_SPAN_RECORD_BYTES;
    else if (area == BP_META_HEAPS)
        used =
            (size_t) * (const uint32_t *)snapshot->part[BP_PART_HEAP_COUNT] * BP_HEAP_RECORD_BYTES;
    else if (area >= BP_META_SLOTS)
        used = committed[area];
    return used < committed[area] ? used : committed[area];
}

// At its start, and not committed.
static size_t area_unused(const struct snapshot *snapshot, unsigned area)
{
    return ((const size_t *)snapshot->part[BP_PART_META_SKIPPED])[area];
}

static bool area_copy(const struct target *target, struct snapshot *snapshot, unsigned area,
                      bool with_chunk_map)
{
    char *const *start = snapshot->part[BP_PART_META_START];
    size_t n_bytes = area_used(snapshot, area, with_chunk_map);
    size_t unused = area_unused(snapshot, area);
    if (n_bytes > snapshot->area_capacity[area]) {
        free(snapshot->area[area]);
        snapshot->area_capacity[area] = n_bytes + n_bytes / 2;
        snapshot->area[area] = allocate(snapshot->area_capacity[area]);
    }
    snapshot->area_bytes[area] = n_bytes;
    snapshot->view.meta_start[area] = snapshot->area[area];
    return n_bytes <= unused ||
           target_read(target, (uintptr_t)start[area] + unused,
                       (char *)snapshot->area[area] + unused, n_bytes - unused);
}

static bool copy(const struct target *target, struct snapshot *snapshot, bool with_chunk_map)
{
    for (unsigned i = 0; i < BP_PART_COUNT; i++) {
        if (!part_copy(target, snapshot, (enum bp_part)i))
            return false;
    }
    for (unsigned area = 0; area < BP_META_COUNT; area++) {
        if (!area_copy(target, snapshot, area, with_chunk_map))
            return false;
    }
    return true;
}

static uint64_t mixed(uint64_t sum, const void *bytes, size_t n_bytes)
{
    const uint64_t *words = bytes;
    for (size_t i = 0; i < n_bytes / sizeof(*words); i++)
        sum = (sum ^ words[i]) * 0x9e3779b97f4a7c15u;
    return sum;
}

// What any thread changes that allocates: its heap, or what its slow paths count.
static uint64_t digest_of(const struct target *target, const struct snapshot *snapshot)
{
    static const enum bp_part parts[] = {BP_PART_COUNTERS, BP_PART_TALLIES, BP_PART_HOT};
    uint64_t sum = mixed(0, snapshot->area[BP_META_HEAPS], snapshot->area_bytes[BP_META_HEAPS]);
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        sum = mixed(sum, snapshot->part[parts[i]], target->page.part[parts[i]].n_bytes);
    return sum;
}

// Copied again, the fast-changing parts must be what they were before the slow ones were read.
static bool is_settled(const struct target *target, struct snapshot *snapshot, uint64_t before)
{
    static const enum bp_part parts[] = {BP_PART_COUNTERS, BP_PART_TALLIES, BP_PART_HOT};
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!part_copy(target, snapshot, parts[i]))
            return false;
    }
    return area_copy(target, snapshot, BP_META_HEAPS, false) &&
           digest_of(target, snapshot) == before;
}

// A busy process changes between two reads: its arena may have grown past what was copied of the
// spans, so the frontier that is gathered from is that of the copy.
static void frontier_clamp(struct snapshot *snapshot)
{
    struct bp_hot *hot = snapshot->part[BP_PART_HOT];
    size_t chunks = snapshot->area_bytes[BP_META_SPANS] / BP_SPAN_RECORD_BYTES;
    size_t units = chunks << (BP_CHUNK_SHIFT - 4);
    if (hot->arena_units > units)
        hot->arena_units = units;
}

static void heaps_clamp(struct snapshot *snapshot)
{
    uint32_t *count = snapshot->part[BP_PART_HEAP_COUNT];
    size_t copied = snapshot->area_bytes[BP_META_HEAPS] / BP_HEAP_RECORD_BYTES;
    if (*count > copied)
        *count = (uint32_t)copied;
}

bool snapshot_take(const struct target *target, struct snapshot *snapshot, bool with_chunk_map)
{
    snapshot->moving = true;
    for (unsigned i = 0; i < TRIES && snapshot->moving; i++) {
        if (!copy(target, snapshot, with_chunk_map))
            return false;
        snapshot->moving = !is_settled(target, snapshot, digest_of(target, snapshot));
    }
    frontier_clamp(snapshot);
    heaps_clamp(snapshot);
    return true;
}

void snapshot_stats(const struct snapshot *snapshot, struct bp_stats *stats)
{
    bp_stats_gather_from(&snapshot->view, stats);
    stats->moving = snapshot->moving;
}

void snapshot_free(struct snapshot *snapshot)
{
    for (unsigned i = 0; i < BP_PART_COUNT; i++)
        free(snapshot->part[i]);
    for (unsigned i = 0; i < BP_META_COUNT; i++)
        free(snapshot->area[i]);
    memset(snapshot, 0, sizeof(*snapshot));
}
