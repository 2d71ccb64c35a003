// SPDX-License-Identifier: MIT
// Arenas, shared between the files that make them up. Invariants of struct bump_arena:
//  1. first <= cursor <= limit = region.base + committed; limit is a multiple of the page size.
//     A shared arena has cursor = limit = NULL and counts in shared_bytes instead.
//  2. used = earlier_bytes + (cursor - first): what all former segments hold, and the present
//     one's. A place in the arena is such a number; it is what marks remember.
//  3. Bytes of the present segment from max(cursor, dirty_end) on read zero.
//  4. A mark lives until the place falls below it. Live marks are a stack of rising serials and
//     rising offsets: the newest in mark[0 .. mark_count), the older ones in blocks of the arena's
//     own memory, each below the marks that came after it. Serials are never used twice.
//  5. The first bytes of every segment but the first hold a struct bp_segment: the state of the one
//     before it.
#ifndef BP_API_ARENA_H
#define BP_API_ARENA_H

#include "bumpalloc/arena.h"

struct bp_segment {
    struct bump_region region;
    char *first, *cursor, *dirty_end;
    void *earlier;
    size_t earlier_bytes;
};

static inline bool bp_arena_is_shared(const struct bump_arena *arena)
{
    return arena->flags & BUMP_ARENA_SHARED;
}

// One thread's arena: allocates where the cursor does not reach.
void *bp_arena_extend(struct bump_arena *arena, size_t n_bytes, size_t align);
// Lowers the cursor to a place not above what is in use; keeps high water, dirt and marks true.
void bp_arena_fall(struct bump_arena *arena, size_t offset_bytes);
// Before the place falls from used_bytes to offset_bytes.
void bp_arena_note_fall(struct bump_arena *arena, size_t used_bytes, size_t offset_bytes);
// All marks end; before what they lie in is dropped.
void bp_arena_end_marks(struct bump_arena *arena);

// The same for a shared arena, without locks.
void *bp_arena_shared_alloc(struct bump_arena *arena, size_t n_bytes, size_t align);
bool bp_arena_shared_resize(struct bump_arena *arena, char *object, size_t old_bytes,
                            size_t new_bytes);
int bp_arena_shared_prepare(struct bump_arena *arena, size_t n_bytes);
void bp_arena_shared_fall(struct bump_arena *arena, size_t offset_bytes);

#endif
