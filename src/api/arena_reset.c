// SPDX-License-Identifier: MIT
// Resets and the estimate, and what is asked of an arena.
#include "api/arena.h"

#include "api/region.h"
#include "base/atomics.h"
#include "base/attr.h"
#include "base/bits.h"

#include <errno.h>

enum { RATE_ONE = 1024 };

BP_EXPORT size_t bump_arena_used(const struct bump_arena *arena)
{
    if (bp_arena_is_shared(arena))
        return bp_peek_size_relaxed(&arena->shared_bytes);
    return arena->earlier_bytes + (size_t)(arena->cursor - arena->first);
}

BP_EXPORT size_t bump_arena_high_water(const struct bump_arena *arena)
{
    return bp_max(bp_peek_size_relaxed(&arena->high_water_bytes), bump_arena_used(arena));
}

// rate 1024ths of the distance, at least 1: coarser where the product might not fit.
static size_t step(size_t distance, size_t rate)
{
    size_t scaled = distance >> 20 ? distance / RATE_ONE * rate : distance * rate / RATE_ONE;
    return bp_max(scaled, 1);
}

static size_t raised(const struct bump_arena *arena, size_t used)
{
    size_t estimate = arena->estimate_bytes, previous = arena->previous_bytes;
    size_t kept = bp_align_up(estimate + BP_REGION_STEP_BYTES, BP_REGION_STEP_BYTES);
    size_t average = used / 2 + previous / 2;
    if (used > kept && previous > kept)
        return estimate + step(bp_max(used, previous) - estimate, arena->learning.expand_fast);
    if (average > estimate)
        return estimate + step(average - estimate, arena->learning.expand);
    return estimate;
}

// The estimate after a round that used so much, as Zig-TempAllocator has it.
static size_t learned(const struct bump_arena *arena, size_t used)
{
    size_t estimate = arena->estimate_bytes;
    if (!estimate)
        return used;
    if (used > estimate)
        return raised(arena, used);
    return used < estimate ? estimate - step(estimate - used, arena->learning.contract) : estimate;
}

static void empty(struct bump_arena *arena)
{
    bp_arena_end_marks(arena);
    bp_arena_fall(arena, 0);
    arena->high_water_bytes = 0;
}

// Committing was counted aside while threads shared the arena.
static size_t release_above(struct bump_arena *arena, size_t keep_bytes)
{
    struct bump_region *region = &arena->region;
    if (bp_arena_is_shared(arena))
        region->committed_bytes = arena->shared_committed_bytes;
    size_t before = region->committed_bytes;
    char *base = region->base;
    bp_region_release(region, bp_min(keep_bytes, region->reserved_bytes));
    if (bp_arena_is_shared(arena))
        arena->shared_committed_bytes = region->committed_bytes;
    else
        arena->limit = base + region->committed_bytes;
    if (arena->dirty_end > base + region->committed_bytes)
        arena->dirty_end = base + region->committed_bytes;
    return before - region->committed_bytes;
}

BP_EXPORT size_t bump_arena_reset(struct bump_arena *arena)
{
    if (!bp_region_exists(&arena->region))
        return 0;
    size_t used = bump_arena_high_water(arena);
    empty(arena);
    arena->estimate_bytes = learned(arena, used);
    arena->previous_bytes = used;
    size_t keep = bp_align_up(arena->estimate_bytes + BP_REGION_STEP_BYTES, BP_REGION_STEP_BYTES);
    if (bump_arena_committed(arena) <= keep) {
        arena->surplus_resets = 0;
        return 0;
    }
    if (arena->surplus_resets++ < arena->learning.patience_uses)
        return 0;
    return release_above(arena, keep);
}

BP_EXPORT void bump_arena_reset_keep(struct bump_arena *arena)
{
    if (bp_region_exists(&arena->region))
        empty(arena);
}

BP_EXPORT size_t bump_arena_reset_hard(struct bump_arena *arena)
{
    if (!bp_region_exists(&arena->region))
        return 0;
    empty(arena);
    arena->estimate_bytes = arena->previous_bytes = 0;
    arena->surplus_resets = 0;
    return release_above(arena, 0);
}

BP_EXPORT size_t bump_arena_trim(struct bump_arena *arena, size_t keep_bytes)
{
    if (!bp_region_exists(&arena->region))
        return 0;
    size_t present = bp_arena_is_shared(arena) ? arena->shared_bytes
                                               : (size_t)(arena->cursor - arena->region.base);
    return release_above(arena, bp_max(present, keep_bytes));
}

BP_EXPORT int bump_arena_set_learning(struct bump_arena *arena,
                                      const struct bump_arena_learning *learning)
{
    if (!arena || !learning || learning->contract > RATE_ONE || learning->expand > RATE_ONE ||
        learning->expand_fast > RATE_ONE)
        return -EINVAL;
    arena->learning = *learning;
    return 0;
}

BP_EXPORT size_t bump_arena_estimate(const struct bump_arena *arena)
{
    return arena->estimate_bytes;
}

// Calls for every reservation of the arena, the present one first, until the answer is true.
static bool any_region(const struct bump_arena *arena,
                       bool (*fn)(const struct bump_region *, void *), void *argument)
{
    const struct bump_region *region = &arena->region;
    const struct bp_segment *header = arena->earlier;
    if (!bp_region_exists(region))
        return false;
    while (!fn(region, argument)) {
        if (!header)
            return false;
        region = &header->region;
        header = header->earlier;
    }
    return true;
}

struct span {
    size_t address, n_bytes;
};

static bool holds(const struct bump_region *region, void *argument)
{
    const struct span *span = argument;
    return span->address >= (size_t)region->base &&
           bp_region_in_range(span->address - (size_t)region->base, span->n_bytes,
                              region->reserved_bytes);
}

BP_EXPORT bool bump_arena_owns(const struct bump_arena *arena, const void *address, size_t n_bytes)
{
    struct span span = {(size_t)address, n_bytes};
    return any_region(arena, holds, &span);
}

static bool add_committed(const struct bump_region *region, void *argument)
{
    *(size_t *)argument += region->committed_bytes;
    return false;
}

static bool add_reserved(const struct bump_region *region, void *argument)
{
    *(size_t *)argument += region->reserved_bytes;
    return false;
}

BP_EXPORT size_t bump_arena_committed(const struct bump_arena *arena)
{
    size_t total = 0;
    if (bp_arena_is_shared(arena))
        return bp_peek_size_relaxed(&arena->shared_committed_bytes);
    any_region(arena, add_committed, &total);
    return total;
}

BP_EXPORT size_t bump_arena_reserved(const struct bump_arena *arena)
{
    size_t total = 0;
    any_region(arena, add_reserved, &total);
    return total;
}

BP_EXPORT size_t bump_arena_available(const struct bump_arena *arena)
{
    if (bp_arena_is_shared(arena))
        return arena->region.reserved_bytes - bp_peek_size_relaxed(&arena->shared_bytes);
    size_t present = (size_t)(arena->cursor - arena->region.base);
    return arena->region.reserved_bytes - present;
}
