// SPDX-License-Identifier: MIT
// Shared arenas: any number of threads move one counter. An object is taken by one exchange, after
// the memory for it has been committed: committing twice does no harm, and a request that fails has
// taken nothing.
#include "api/arena.h"

#include "api/region.h"
#include "base/atomics.h"
#include "base/bits.h"
#include "base/check.h"
#include "os/os.h"

#include <errno.h>
#include <string.h>

// The checks build counts who is inside: a reset must find nobody.
static void enter(struct bump_arena *arena)
{
    if (BP_CHECKS)
        bp_poke_add_u32_relaxed(&arena->threads_inside, 1);
}

static void leave(struct bump_arena *arena)
{
    if (BP_CHECKS)
        bp_poke_add_u32_relaxed(&arena->threads_inside, (uint32_t)-1);
}

static void raise(size_t *cell, size_t value)
{
    size_t now = bp_peek_size_relaxed(cell);
    // pairs with calloc, which took its object by the exchange on shared_bytes after this one, and
    // with commit_shared
    while (now < value && !bp_cas_size_acq_rel(cell, now, value))
        now = bp_peek_size_relaxed(cell);
}

static void lower(size_t *cell, size_t value)
{
    size_t now = bp_peek_size_relaxed(cell);
    // pairs with nothing: it is read when the arena is shared no longer
    while (now > value && !bp_cas_size_acq_rel(cell, now, value))
        now = bp_peek_size_relaxed(cell);
}

// Each thread commits by a region of its own that starts where it saw the common one end; the
// common end then moves up.
static int commit_shared(struct bump_arena *arena, size_t end_bytes)
{
    // pairs with raise below: what is below it is accessible
    size_t known = bp_peek_size_acquire(&arena->shared_committed_bytes);
    struct bump_region mine = arena->region;
    if (end_bytes <= known)
        return 0;
    mine.committed_bytes = known;
    mine.flags |= BP_REGION_KEEP_PARTS;
    int code = bp_region_reach(&mine, end_bytes);
    if (!code)
        raise(&arena->shared_committed_bytes, mine.committed_bytes);
    return code;
}

// Where the next object would go; false if it does not fit.
static bool place(const struct bump_arena *arena, size_t used, size_t n_bytes, size_t align,
                  size_t *ret_start)
{
    size_t base = (size_t)arena->region.base, start;
    if (__builtin_add_overflow(base + used, align - 1, &start))
        return false;
    *ret_start = (start & -align) - base;
    return bp_region_in_range(*ret_start, n_bytes, arena->region.reserved_bytes);
}

void *bp_arena_shared_alloc(struct bump_arena *arena, size_t n_bytes, size_t align)
{
    size_t used, start;
    void *object = NULL;
    enter(arena);
    do {
        // pairs with the exchange below: dirt below the place is known
        used = bp_peek_size_acquire(&arena->shared_bytes);
        if (!place(arena, used, n_bytes, align, &start) || commit_shared(arena, start + n_bytes))
            goto out;
        // pairs with the load above
    } while (!bp_cas_size_acq_rel(&arena->shared_bytes, used, start + n_bytes));
    object = arena->region.base + start;
out:
    leave(arena);
    return object;
}

// High water and dirt are raised before the place falls, so that whoever takes the bytes next sees
// them.
static bool move_end(struct bump_arena *arena, size_t from, size_t to)
{
    if (to < from) {
        raise(&arena->high_water_bytes, from);
        lower(&arena->shared_low_bytes, to);
        raise((size_t *)(void *)&arena->dirty_end, (size_t)arena->region.base + from);
    } else if (to > arena->region.reserved_bytes || commit_shared(arena, to)) {
        return false;
    }
    // pairs with the load in bp_arena_shared_alloc
    return bp_cas_size_acq_rel(&arena->shared_bytes, from, to);
}

// Only the owner of the last object can move its end down, so whether it is last does not change
// under it but by others' allocations.
bool bp_arena_shared_resize(struct bump_arena *arena, char *object, size_t old_bytes,
                            size_t new_bytes)
{
    size_t start = (size_t)object - (size_t)arena->region.base;
    bool in_range = bp_region_in_range(start, old_bytes, arena->region.reserved_bytes);
    size_t end = start + old_bytes, new_end;
    bool shrinks_only = new_bytes && new_bytes <= old_bytes;
    if (!in_range || __builtin_add_overflow(start, new_bytes, &new_end))
        return false;
    enter(arena);
    bool last = bp_peek_size_relaxed(&arena->shared_bytes) == end && move_end(arena, end, new_end);
    leave(arena);
    return last || shrinks_only;
}

int bp_arena_shared_prepare(struct bump_arena *arena, size_t n_bytes)
{
    size_t used = bp_peek_size_relaxed(&arena->shared_bytes);
    if (!bp_region_in_range(used, n_bytes, arena->region.reserved_bytes))
        return -ERANGE;
    return commit_shared(arena, used + n_bytes);
}

// Nobody else is inside: the caller has the arena for itself.
void bp_arena_shared_fall(struct bump_arena *arena, size_t offset_bytes)
{
    size_t used = arena->shared_bytes;
    bp_assert(arena->threads_inside == 0);
    if (BP_CHECKS)
        memset(arena->region.base + offset_bytes, 0xdb, used - offset_bytes);
    if (used > (size_t)(arena->dirty_end - arena->region.base))
        arena->dirty_end = arena->region.base + used;
    arena->shared_bytes = offset_bytes;
}
