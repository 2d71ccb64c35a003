// SPDX-License-Identifier: MIT
// Arenas: creation, allocation, the last object, segments.
#include "api/arena.h"

#include "api/region.h"
#include "base/atomics.h"
#include "base/attr.h"
#include "base/bits.h"
#include "base/check.h"
#include "os/os.h"

#include <errno.h>
#include <string.h>

enum {
    KNOWN_FLAGS =
        BUMP_ARENA_SHARED | BUMP_ARENA_CHAIN | BUMP_ARENA_STRICT | BUMP_ARENA_LAX | BUMP_ARENA_HUGE,
    SEGMENT_HEADER_BYTES = 256,
    POISON = 0xdb,
};

_Static_assert(sizeof(struct bp_segment) <= SEGMENT_HEADER_BYTES, "the header has room");

static unsigned region_flags(unsigned flags)
{
    return (flags & BUMP_ARENA_STRICT ? BUMP_REGION_STRICT : 0u) |
           (flags & BUMP_ARENA_LAX ? BUMP_REGION_LAX : 0u) |
           (flags & BUMP_ARENA_HUGE ? BUMP_REGION_HUGE : 0u);
}

static void show_limit(struct bump_arena *arena)
{
    arena->limit = arena->region.base + arena->region.committed_bytes;
}

static void enter_segment(struct bump_arena *arena, size_t header_bytes)
{
    arena->first = arena->region.base + header_bytes;
    arena->dirty_end = arena->first;
    if (bp_arena_is_shared(arena))
        return;
    arena->cursor = arena->first;
    show_limit(arena);
}

// No mark of an arena that was here before is one of the new arena's.
static uint64_t first_serial(void)
{
    static bp_atomic_size arenas;
    return (uint64_t)bp_add_relaxed(&arenas, 1) << 40;
}

BP_EXPORT int bump_arena_create(struct bump_arena *arena, size_t max_bytes, unsigned flags)
{
    struct bump_region region = {.base = NULL};
    bool both = (flags & BUMP_ARENA_SHARED) && (flags & BUMP_ARENA_CHAIN);
    if (!arena || flags & ~(unsigned)KNOWN_FLAGS || both)
        return -EINVAL;
    if (bp_region_exists(&arena->region))
        return -EBUSY;
    max_bytes = max_bytes ? max_bytes : BUMP_ARENA_DEFAULT_BYTES;
    int code = bump_region_create(&region, max_bytes, BUMP_PROT_READ_WRITE, region_flags(flags));
    if (code)
        return code;
    struct bump_arena_learning chosen = arena->learning; // may be set before
    bool is_chosen = chosen.contract | chosen.expand | chosen.expand_fast | chosen.patience_uses;
    *arena = (struct bump_arena){
        .region = region,
        .flags = flags,
        .segment_bytes = region.reserved_bytes,
        .serial = first_serial(),
        .learning = is_chosen ? chosen : (struct bump_arena_learning){1, 64, 1024, 0},
    };
    enter_segment(arena, 0);
    return 0;
}

// Back to the segment before, at its end.
static void leave_segment(struct bump_arena *arena)
{
    struct bp_segment before;
    memcpy(&before, arena->region.base, sizeof(before));
    bump_region_destroy(&arena->region);
    arena->region = before.region;
    arena->first = before.first;
    arena->cursor = before.cursor;
    arena->dirty_end = before.dirty_end; // the fall that follows adds what is below the cursor
    arena->earlier = before.earlier;
    arena->earlier_bytes = before.earlier_bytes;
    show_limit(arena);
}

BP_EXPORT void bump_arena_destroy(struct bump_arena *arena)
{
    if (!arena)
        return;
    while (arena->earlier)
        leave_segment(arena);
    bump_region_destroy(&arena->region);
    *arena = (struct bump_arena){.cursor = NULL};
}

// Commits the present segment up to an address in it.
static int commit_to(struct bump_arena *arena, size_t end)
{
    int code = bp_region_reach(&arena->region, end - (size_t)arena->region.base);
    show_limit(arena);
    return code;
}

// Where an object of n_bytes would start in the present segment, and whether it ends there too.
static bool place(const struct bump_arena *arena, size_t n_bytes, size_t align, size_t *ret_start)
{
    size_t end = (size_t)arena->region.base + arena->region.reserved_bytes;
    size_t start = 0;
    if (__builtin_add_overflow((size_t)arena->cursor, align - 1, &start))
        return false;
    *ret_start = start & -align;
    return *ret_start <= end && n_bytes <= end - *ret_start;
}

// A further reservation, as large as the first or as the object needs. The state so far goes into
// its first bytes.
static bool chain(struct bump_arena *arena, size_t n_bytes, size_t align)
{
    struct bump_region region = {.base = NULL};
    size_t need = 0;
    if (__builtin_add_overflow(n_bytes, align, &need) ||
        __builtin_add_overflow(need, (size_t)SEGMENT_HEADER_BYTES, &need))
        return false;
    size_t n_segment = bp_max(arena->segment_bytes, need);
    if (bump_region_create(&region, n_segment, BUMP_PROT_READ_WRITE, region_flags(arena->flags)))
        return false;
    if (bp_region_reach(&region, need)) {
        bump_region_destroy(&region);
        return false;
    }
    struct bp_segment before = {arena->region,    arena->first,   arena->cursor,
                                arena->dirty_end, arena->earlier, arena->earlier_bytes};
    memcpy(region.base, &before, sizeof(before));
    arena->earlier_bytes += (size_t)(arena->cursor - arena->first);
    arena->earlier = region.base;
    arena->region = region;
    enter_segment(arena, SEGMENT_HEADER_BYTES);
    return true;
}

void *bp_arena_extend(struct bump_arena *arena, size_t n_bytes, size_t align)
{
    size_t start;
    if (!place(arena, n_bytes, align, &start)) {
        if (!(arena->flags & BUMP_ARENA_CHAIN) || !chain(arena, n_bytes, align))
            return NULL;
        if (!place(arena, n_bytes, align, &start))
            return NULL;
    }
    if (commit_to(arena, start + n_bytes))
        return NULL;
    arena->cursor = (char *)start + n_bytes;
    return (void *)start;
}

BP_EXPORT void *bump_arena_alloc_slow(struct bump_arena *arena, size_t n_bytes, size_t align)
{
    if (!bp_is_power_of_two(align) || n_bytes > PTRDIFF_MAX)
        return NULL;
    if (!bp_region_exists(&arena->region) && bump_arena_create(arena, 0, 0))
        return NULL;
    n_bytes = bp_max(n_bytes, 1);
    return bp_arena_is_shared(arena) ? bp_arena_shared_alloc(arena, n_bytes, align)
                                     : bp_arena_extend(arena, n_bytes, align);
}

// Pages that nobody has written to since they were committed are zero already.
BP_EXPORT void *bump_arena_calloc(struct bump_arena *arena, size_t count, size_t n_bytes,
                                  size_t align)
{
    size_t total;
    if (__builtin_mul_overflow(count, n_bytes, &total))
        return NULL;
    char *object = bump_arena_alloc(arena, total, align);
    if (!object)
        return NULL;
    size_t dirty_end = bp_peek_size_relaxed((const size_t *)(const void *)&arena->dirty_end);
    size_t stale = bp_min(total, bp_sub_or_zero(dirty_end, (size_t)object));
    return stale ? memset(object, 0, stale) : object;
}

static void poison(char *from, const char *to)
{
    if (BP_CHECKS && to > from)
        memset(from, POISON, (size_t)(to - from));
}

void bp_arena_fall(struct bump_arena *arena, size_t offset_bytes)
{
    bp_arena_note_fall(arena, bump_arena_used(arena), offset_bytes);
    if (bp_arena_is_shared(arena)) {
        bp_arena_shared_fall(arena, offset_bytes);
        return;
    }
    while (arena->earlier && offset_bytes <= arena->earlier_bytes)
        leave_segment(arena);
    char *to = arena->first + (offset_bytes - arena->earlier_bytes);
    poison(to, arena->cursor);
    if (arena->cursor > arena->dirty_end)
        arena->dirty_end = arena->cursor;
    arena->cursor = to;
}

static bool is_last(const struct bump_arena *arena, const char *object, size_t n_bytes)
{
    return object >= arena->first && object <= arena->cursor &&
           (size_t)(arena->cursor - object) == n_bytes;
}

static bool grow_last(struct bump_arena *arena, char *object, size_t new_bytes)
{
    size_t end = (size_t)arena->region.base + arena->region.reserved_bytes;
    if (new_bytes > end - (size_t)object || commit_to(arena, (size_t)object + new_bytes))
        return false;
    arena->cursor = object + new_bytes;
    return true;
}

BP_EXPORT bool bump_arena_resize(struct bump_arena *arena, void *object, size_t old_bytes,
                                 size_t new_bytes)
{
    char *start = object;
    old_bytes = bp_max(old_bytes, 1);
    new_bytes = bp_max(new_bytes, 1);
    if (bp_arena_is_shared(arena))
        return bp_arena_shared_resize(arena, start, old_bytes, new_bytes);
    if (!is_last(arena, start, old_bytes))
        return new_bytes <= old_bytes;
    if (new_bytes > old_bytes)
        return grow_last(arena, start, new_bytes);
    bp_arena_fall(arena, bump_arena_used(arena) - (old_bytes - new_bytes));
    return true;
}

BP_EXPORT bool bump_arena_free_last(struct bump_arena *arena, void *object, size_t n_bytes)
{
    n_bytes = bp_max(n_bytes, 1);
    if (bp_arena_is_shared(arena))
        return bp_arena_shared_resize(arena, object, n_bytes, 0);
    if (!is_last(arena, object, n_bytes))
        return false;
    bp_arena_fall(arena, bump_arena_used(arena) - n_bytes);
    return true;
}

BP_EXPORT int bump_arena_prepare(struct bump_arena *arena, size_t n_bytes)
{
    size_t start;
    int code = bp_region_exists(&arena->region) ? 0 : bump_arena_create(arena, 0, 0);
    if (code)
        return code;
    if (bp_arena_is_shared(arena))
        return bp_arena_shared_prepare(arena, n_bytes);
    if (!place(arena, n_bytes, 1, &start))
        return -ERANGE;
    return commit_to(arena, start + n_bytes);
}
