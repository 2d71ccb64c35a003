// SPDX-License-Identifier: MIT
// Marks: a stack of those that live, in the arena itself once it is longer than the struct has room
// for.
#include "api/arena.h"

#include "api/region.h"
#include "base/attr.h"
#include "base/bits.h"
#include "base/check.h"

#include <errno.h>
#include <string.h>

// The older part of the stack: BUMP_ARENA_MARKS live marks, lower than any in the struct.
struct older {
    struct older *next;
    struct bump_arena_place mark[BUMP_ARENA_MARKS];
};

void bp_arena_end_marks(struct bump_arena *arena)
{
    arena->mark_count = 0;
    arena->older_marks = NULL;
}

// Makes room in the struct. The block lies below the mark that needs the room, so it goes when that
// mark does, and is not overwritten while one above it lives.
static bool spill(struct bump_arena *arena)
{
    struct older *block = bump_arena_alloc(arena, sizeof(*block), _Alignof(struct older));
    if (!block)
        return false;
    block->next = arena->older_marks;
    memcpy(block->mark, arena->mark, sizeof(block->mark));
    arena->older_marks = block;
    arena->mark_count = 0;
    return true;
}

static void unspill(struct bump_arena *arena)
{
    const struct older *block = arena->older_marks;
    memcpy(arena->mark, block->mark, sizeof(arena->mark));
    arena->older_marks = block->next;
    arena->mark_count = BUMP_ARENA_MARKS;
}

static void end_marks_above(struct bump_arena *arena, size_t offset_bytes)
{
    for (;;) {
        while (arena->mark_count && arena->mark[arena->mark_count - 1].offset_bytes > offset_bytes)
            arena->mark_count--;
        if (arena->mark_count || !arena->older_marks)
            return;
        unspill(arena);
    }
}

// How low threads that shared the arena have freed since the last mark: no mark is newer.
static void settle_shared(struct bump_arena *arena)
{
    if (bp_arena_is_shared(arena))
        end_marks_above(arena, arena->shared_low_bytes);
}

void bp_arena_note_fall(struct bump_arena *arena, size_t used_bytes, size_t offset_bytes)
{
    bp_assert(offset_bytes <= used_bytes);
    arena->high_water_bytes = bp_max(arena->high_water_bytes, used_bytes);
    end_marks_above(arena, offset_bytes);
}

// A mark where the last one is, with nothing freed in between, is the same mark.
BP_EXPORT struct bump_mark bump_arena_mark(struct bump_arena *arena)
{
    if (!bp_region_exists(&arena->region) && bump_arena_create(arena, 0, 0))
        return (struct bump_mark){.arena = NULL};
    settle_shared(arena);
    size_t used = bump_arena_used(arena);
    unsigned count = arena->mark_count;
    if (!count || arena->mark[count - 1].offset_bytes != used) {
        if (count == BUMP_ARENA_MARKS && !spill(arena))
            return (struct bump_mark){.arena = NULL};
        used = bump_arena_used(arena);
        count = arena->mark_count++;
        arena->mark[count] = (struct bump_arena_place){++arena->serial, used};
    }
    arena->shared_low_bytes = used;
    return (struct bump_mark){arena, used, arena->mark[arena->mark_count - 1].serial};
}

static bool is_among(const struct bump_arena_place *mark, unsigned count, uint64_t serial)
{
    while (count && mark[count - 1].serial > serial)
        count--;
    return count && mark[count - 1].serial == serial;
}

static bool is_live(const struct bump_arena *arena, uint64_t serial)
{
    if (is_among(arena->mark, arena->mark_count, serial))
        return true;
    for (const struct older *block = arena->older_marks; block; block = block->next) {
        if (block->mark[0].serial <= serial)
            return is_among(block->mark, BUMP_ARENA_MARKS, serial);
    }
    return false;
}

BP_EXPORT int bump_arena_rewind(struct bump_arena *arena, struct bump_mark mark)
{
    if (mark.arena != arena)
        return -EINVAL;
    settle_shared(arena);
    if (!is_live(arena, mark.serial))
        return -EINVAL;
    bp_arena_fall(arena, mark.offset_bytes);
    return 0;
}
